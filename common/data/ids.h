/*
 * ids.h - identifiers: UUIDv7 for rows, UUIDv4 for ids that act as a key, tokens.
 *
 * Layer: data. Standards: RFC 9562 (UUID), RFC 4648 (base64url).
 */
#ifndef ES_IDS_H
#define ES_IDS_H

#include "base/ctx.h"
#include "base/str.h"

/* Canonical lower-case text; "" when unset. */
struct uuid {
	char s[37];
};

struct uuid uuid_v7(void); /* ordered by the clock's millisecond, monotonic within the process */
struct uuid uuid_v4(void); /* 122 random bits: a guest's key */
/* Canonical form in either case; false otherwise. */
bool uuid_parse(struct str s, struct uuid *id_r) MUST_CHECK;
bool uuid_is_set(const struct uuid *id);
/* First eight digits and "…": what may be logged of a secret id. */
char *uuid_short(struct arena *a, const struct uuid *id) MUST_CHECK;

/* Random bytes as base64url; 32 bytes make 43 characters. */
char *token_new(struct arena *a, size_t bytes) MUST_CHECK;
/* SHA-256 as 64 hex digits: what is stored of a token. */
char *token_hash(struct arena *a, struct str token) MUST_CHECK;
/* BLAKE2b-256 (RFC 7693), a fraction of SHA-256's cost: by what a process recognises a token. Stored nowhere. */
struct digest {
	unsigned char bytes[32];
};
struct digest token_digest(struct str token) MUST_CHECK;
/* Short human order number, "E" and eight of 23456789ABCDEFGHJKMNPQRSTVWXYZ; random, the caller relies on a unique constraint. */
char *order_number_new(struct arena *a) MUST_CHECK;
/* "Blue Mug, Ø 9 cm" → "blue-mug-o-9-cm": NFKD, ASCII letters and digits, dashes; at most 80; "item" when nothing is left. */
char *slug_of(struct arena *a, const char *text) MUST_CHECK;
void random_bytes(void *p, size_t n);
uint32_t random_below(uint32_t bound);

#endif
