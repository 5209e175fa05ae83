/*
 * ids.c - identifiers and randomness; the only file that asks libsodium for either.
 *
 * Layer: data.
 */
#include "data/ids.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "data/clock.h"

#define SLUG_MAX 80
#define ORDER_NUMBER_DIGITS 8

void random_bytes(void *p, size_t n)
{
	/* Safe to call again; without it the generator isn't set up. */
	if (sodium_init() < 0)
		abort();
	randombytes_buf(p, n);
}

uint32_t random_below(uint32_t bound)
{
	if (sodium_init() < 0)
		abort();
	return randombytes_uniform(bound);
}

static struct uuid uuid_text(const unsigned char b[16])
{
	static const char DIGITS[] = "0123456789abcdef";
	struct uuid id = {{0}};
	size_t n = 0;
	for (size_t i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			id.s[n++] = '-';
		id.s[n++] = DIGITS[b[i] >> 4];
		id.s[n++] = DIGITS[b[i] & 15];
	}
	return id;
}

struct uuid uuid_v4(void)
{
	unsigned char b[16];
	random_bytes(b, sizeof(b));
	b[6] = (unsigned char)(0x40 | (b[6] & 0x0F));
	b[8] = (unsigned char)(0x80 | (b[8] & 0x3F));
	return uuid_text(b);
}

struct uuid uuid_v7(void)
{
	/* The 12 bits behind the milliseconds count within one of them (RFC 9562, 6.2, method 1). */
	static uint64_t last_ms;
	static uint32_t counter;

	unsigned char b[16];
	random_bytes(b, sizeof(b));
	uint64_t ms = (uint64_t)(clock_now_us() / 1000);
	if (ms > last_ms) {
		last_ms = ms;
		/* The highest bit is left free, so that there is room to count up. */
		counter = (uint32_t)(b[6] & 7) << 8 | b[7];
	} else if (++counter > 0xFFF) {
		last_ms++;
		counter = 0;
	}
	for (int i = 0; i < 6; i++)
		b[i] = (unsigned char)(last_ms >> (40 - 8 * i));
	b[6] = (unsigned char)(0x70 | counter >> 8);
	b[7] = (unsigned char)counter;
	b[8] = (unsigned char)(0x80 | (b[8] & 0x3F));
	return uuid_text(b);
}

bool uuid_parse(struct str s, struct uuid *id_r)
{
	struct uuid id = {{0}};
	if (s.n != sizeof(id.s) - 1)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char ch = s.p[i];
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (ch >= 'A' && ch <= 'F')
			ch = (char)(ch - 'A' + 'a');
		bool digit = (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'f');
		if (dash ? ch != '-' : !digit)
			return false;
		id.s[i] = ch;
	}
	*id_r = id;
	return true;
}

bool uuid_is_set(const struct uuid *id)
{
	return id->s[0] != '\0';
}

char *uuid_short(struct arena *a, const struct uuid *id)
{
	return arena_printf(a, "%.8s…", id->s);
}

char *token_new(struct arena *a, size_t bytes)
{
	unsigned char *p = arena_alloc(a, bytes);
	random_bytes(p, bytes);
	char *token = base64url(a, p, bytes);
	sodium_memzero(p, bytes);
	return token;
}

char *token_hash(struct arena *a, struct str token)
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	crypto_hash_sha256(digest, (const unsigned char *)token.p, token.n);
	return hex(a, digest, sizeof(digest));
}

struct digest token_digest(struct str token)
{
	struct digest d;
	crypto_generichash(d.bytes, sizeof(d.bytes), (const unsigned char *)token.p, token.n, NULL, 0);
	return d;
}

char *order_number_new(struct arena *a)
{
	/* No letter that is taken for a digit, or for another letter, when read aloud. */
	static const char DIGITS[] = "23456789ABCDEFGHJKMNPQRSTVWXYZ";
	char *number = arena_alloc(a, ORDER_NUMBER_DIGITS + 2);
	number[0] = 'E';
	for (size_t i = 1; i <= ORDER_NUMBER_DIGITS; i++)
		number[i] = DIGITS[random_below(sizeof(DIGITS) - 1)];
	return number;
}

/* Latin letters that Unicode doesn't decompose; after case folding only the small ones come up. */
static const char *ascii_for(utf8proc_int32_t ch)
{
	static const struct {
		utf8proc_int32_t letter;
		const char *ascii;
	} LETTERS[] = {
		{0x00F8, "o"},
		{0x0142, "l"},
		{0x0111, "d"},
		{0x00F0, "d"},
		{0x00E6, "ae"},
		{0x0153, "oe"},
		{0x00FE, "th"},
		{0x0127, "h"},
		{0x0131, "i"},
		{0x0167, "t"},
		{0x014B, "n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(LETTERS); i++)
		if (LETTERS[i].letter == ch)
			return LETTERS[i].ascii;
	return NULL;
}

static void slug_put(struct buf *slug, utf8proc_int32_t ch)
{
	const char *ascii = ascii_for(ch);
	if (ascii != NULL)
		buf_puts(slug, ascii);
	else if ((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9'))
		buf_putc(slug, (char)ch);
	else if (slug->len > 0 && slug->p[slug->len - 1] != '-')
		buf_putc(slug, '-');
}

char *slug_of(struct arena *a, const char *text)
{
	utf8proc_uint8_t *folded = NULL;
	utf8proc_option_t how = UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_STRIPMARK | UTF8PROC_CASEFOLD;
	utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)strlen(text), &folded, how);
	struct buf slug;
	buf_init(&slug, a, SLUG_MAX);
	for (utf8proc_ssize_t i = 0; i < n && buf_ok(&slug);) {
		utf8proc_int32_t ch;
		i += utf8proc_iterate(folded + i, n - i, &ch);
		/* An apostrophe joins: "men's" is "mens". */
		if (ch != '\'' && ch != 0x2019)
			slug_put(&slug, ch);
	}
	free(folded);
	while (slug.len > 0 && slug.p[slug.len - 1] == '-')
		slug.p[--slug.len] = '\0';
	return slug.len == 0 ? arena_strdup(a, "item") : slug.p;
}
