/* seal.c - see seal.h. libsodium does the work. */
#include "seal.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "edges/config.h"

#define KEY_BYTES crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define ID_BYTES 8

struct key {
	unsigned char bytes[KEY_BYTES];
	char id[2 * ID_BYTES + 1];
};

static struct {
	struct key keys[SEAL_KEYS_MAX];
	const char *ids[SEAL_KEYS_MAX];
	size_t n;
} ring;

/* From its SHA-256: nothing to choose, and the same in every process. */
static void name_key(struct key *k)
{
	unsigned char sum[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(sum, k->bytes, sizeof(k->bytes));
	sodium_bin2hex(k->id, sizeof(k->id), sum, ID_BYTES);
}

static bool take_key(struct str line)
{
	struct key *k = &ring.keys[ring.n];
	size_t n = 0;

	if (sodium_base642bin(k->bytes, sizeof(k->bytes), line.p, line.n, NULL, &n, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
		n != sizeof(k->bytes))
		return false;
	name_key(k);
	ring.ids[ring.n++] = k->id;
	return true;
}

err_t seal_open_keys(struct ctx *c)
{
	struct str rest = str_of(config_text("seal_keys")), line;

	if (sodium_init() < 0)
		return fail_bug(c, "libsodium does not start");
	ring.n = 0;
	while (str_next(&rest, '\n', &line)) {
		line = str_trim(line);
		if (line.n == 0)
			continue;
		if (ring.n == SEAL_KEYS_MAX || !take_key(line))
			return fail(c, &ERR_INVALID, "the file of seal_keys holds at most %d keys, each a line of 32 bytes in base64url", SEAL_KEYS_MAX);
	}
	return ring.n > 0 ? OK : fail(c, &ERR_INVALID, "the file of seal_keys holds no key");
}

const char *const *seal_key_ids(size_t *n_r)
{
	*n_r = ring.n;
	return ring.ids;
}

static const char *binding(struct ctx *c, const char *kind, const char *id)
{
	return arena_printf(c->arena, "%s of %s", kind, id);
}

struct sealed seal(struct ctx *c, const char *kind, const char *id, struct str secret)
{
	const char *bound = binding(c, kind, id);
	unsigned char *out = arena_alloc(c->arena, NONCE_BYTES + secret.n + TAG_BYTES);

	if (ring.n == 0)
		abort(); /* a programmer forgot seal_open_keys */
	randombytes_buf(out, NONCE_BYTES);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE_BYTES, NULL, (const unsigned char *)secret.p, secret.n,
		(const unsigned char *)bound, strlen(bound), NULL, out, ring.keys[0].bytes);
	return (struct sealed){{(const char *)out, NONCE_BYTES + secret.n + TAG_BYTES}, ring.ids[0]};
}

static const struct key *key_named(const char *id)
{
	for (size_t i = 0; i < ring.n; i++) {
		if (strcmp(ring.keys[i].id, id) == 0)
			return &ring.keys[i];
	}
	return NULL;
}

bool unseal(struct ctx *c, const char *kind, const char *id, const struct sealed *s, struct str *secret_r)
{
	const struct key *k = s->by != NULL ? key_named(s->by) : NULL;
	const unsigned char *in = (const unsigned char *)s->bytes.p;
	const char *bound = binding(c, kind, id);
	unsigned char *out;
	bool good;

	if (s->by == NULL) {
		*secret_r = s->bytes;
		return true;
	}
	if (k == NULL || s->bytes.n < NONCE_BYTES + TAG_BYTES) {
		log_bug(c, "a sealed secret can't be opened: its key is not in the file", LS("kind", kind), LS("id", id), LS("key", s->by));
		return false;
	}
	out = arena_alloc(c->arena, s->bytes.n - NONCE_BYTES - TAG_BYTES + 1);
	good = crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, in + NONCE_BYTES, s->bytes.n - NONCE_BYTES,
		       (const unsigned char *)bound, strlen(bound), in, k->bytes) == 0;
	if (!good)
		log_bug(c, "a sealed secret can't be opened: it was changed, or is another row's", LS("kind", kind), LS("id", id));
	else
		*secret_r = (struct str){(const char *)out, s->bytes.n - NONCE_BYTES - TAG_BYTES};
	return good;
}
