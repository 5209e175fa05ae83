/* webhook.c - see webhook.h. What an event means is its receiver's; here is only who sent it, and when. */
#include "edges/webhook.h"
#include "data/clock.h"

#include <sodium.h>
#include <string.h>

#define MAC_BYTES crypto_auth_hmacsha256_BYTES
#define MAC_TEXT_BYTES sodium_base64_ENCODED_LEN(MAC_BYTES, sodium_base64_VARIANT_ORIGINAL)
#define ID_MAX 200

static void hash_text(crypto_auth_hmacsha256_state *mac, const char *text)
{
	crypto_auth_hmacsha256_update(mac, (const unsigned char *)text, strlen(text));
}

const char *webhook_sign(struct arena *a, const char *secret, const struct webhook *w)
{
	crypto_auth_hmacsha256_state mac;
	unsigned char bytes[MAC_BYTES];
	char text[MAC_TEXT_BYTES];

	crypto_auth_hmacsha256_init(&mac, (const unsigned char *)secret, strlen(secret));
	hash_text(&mac, w->id);
	hash_text(&mac, ".");
	hash_text(&mac, w->timestamp);
	hash_text(&mac, ".");
	crypto_auth_hmacsha256_update(&mac, (const unsigned char *)(w->body.n ? w->body.p : ""), w->body.n);
	crypto_auth_hmacsha256_final(&mac, bytes);
	sodium_memzero(&mac, sizeof(mac));
	sodium_bin2base64(text, sizeof(text), bytes, sizeof(bytes), sodium_base64_VARIANT_ORIGINAL);
	return arena_printf(a, "v1,%s", text);
}

bool webhook_verify(struct arena *a, const char *secret, const struct webhook *w, int64_t now_us)
{
	int64_t sent;

	if (!w->id || !w->timestamp || !w->signature || strlen(w->id) > ID_MAX ||
		!str_int64(str_of(w->timestamp), &sent))
		return false;
	int64_t now = now_us / US_PER_SEC;
	if (sent < now - WEBHOOK_TOLERANCE_SECS || sent > now + WEBHOOK_TOLERANCE_SECS)
		return false;

	struct str wanted = str_of(webhook_sign(a, secret, w)), rest = str_of(w->signature), one;
	bool good = false;
	while (str_next(&rest, ' ', &one))
		good |= str_same_secret(one, wanted);
	return good;
}
