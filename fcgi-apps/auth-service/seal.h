/*
 * seal.h - secrets that the database keeps and cannot read: XChaCha20-Poly1305, with keys
 * from the file that seal_keys names. Each is bound to what it is and whose, so that a
 * sealed secret moved to another row does not open there.
 *
 * The first key of the file seals; those after it only open what they sealed before. So a
 * key is changed by putting a new one in front; what the old ones sealed is sealed again in
 * rounds (reseal.c), and --reseal says when they may go.
 */
#ifndef ES_SEAL_H
#define ES_SEAL_H

#include "base/ctx.h"
#include "base/str.h"

#define SEAL_KEYS_MAX 8

struct sealed {
	struct str bytes; /* nonce, ciphertext, tag */
	const char *by;   /* the key's id; NULL: bytes is the secret itself, of before there were keys */
};

/* Reads the file's keys. */
err_t seal_open_keys(struct ctx *c) MUST_CHECK;
/* Their ids, the one that seals first. */
const char *const *seal_key_ids(size_t *n_r);

/* kind and id: what it is, and whose: "totp" and the account, "signing_key" and its kid. */
struct sealed seal(struct ctx *c, const char *kind, const char *id, struct str secret);
/* False, and logged: by a key that is not in the file, or of another row, or damaged. */
bool unseal(struct ctx *c, const char *kind, const char *id, const struct sealed *s, struct str *secret_r) MUST_CHECK;

/* ------------------------------------------------------------------ reseal.c */

/* Timer: some of what the first key did not seal. */
err_t reseal_some(struct ctx *c) MUST_CHECK;
/* --reseal: all of it, and what can't be opened any more. */
err_t command_reseal(struct ctx *c, int argc, char **argv) MUST_CHECK;

#endif
