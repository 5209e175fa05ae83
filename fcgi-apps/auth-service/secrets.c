/*
 * secrets.c - passwords: Argon2id by libsodium, at the configured cost. Hashing takes tens
 * of milliseconds and megabytes by design; single-threaded workers bound how many at once.
 */
#include "account.h"

#include <sodium.h>
#include <string.h>

#define NEW_PASSWORD_LENGTH 20

_Static_assert(PASSWORD_HASH_MAX >= crypto_pwhash_STRBYTES, "a hash must fit");

static unsigned long long passes(void)
{
	return (unsigned long long)config_int("argon2_passes");
}

static size_t memory_bytes(void)
{
	return (size_t)config_int("argon2_kib") * 1024;
}

err_t secret_hash(struct ctx *c, const char *password, char hash_r[static PASSWORD_HASH_MAX])
{
	if (sodium_init() < 0 || crypto_pwhash_str_alg(hash_r, password, strlen(password), passes(), memory_bytes(),
					 crypto_pwhash_ALG_ARGON2ID13) != 0)
		return fail_bug(c, "could not hash a password: out of memory");
	return OK;
}

/* Of a password nobody knows, at today's cost. */
static char hash_of_nobody[PASSWORD_HASH_MAX];

err_t secret_prepare(struct ctx *c)
{
	return secret_hash(c, token_new(c->arena, SECRET_BYTES), hash_of_nobody);
}

bool secret_verify(const char *password, const char *hash, bool *stale_r)
{
	const char *against = hash != NULL ? hash : hash_of_nobody;
	bool good = sodium_init() >= 0 && crypto_pwhash_str_verify(against, password, strlen(password)) == 0;

	*stale_r = hash != NULL && good && crypto_pwhash_str_needs_rehash(hash, passes(), memory_bytes()) != 0;
	return hash != NULL && good;
}

const char *secret_new_password(struct arena *a)
{
	static const char ALPHABET[] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
	char *s = arena_alloc(a, NEW_PASSWORD_LENGTH + 1);

	for (size_t i = 0; i < NEW_PASSWORD_LENGTH; i++)
		s[i] = ALPHABET[random_below(sizeof(ALPHABET) - 1)];
	return s;
}
