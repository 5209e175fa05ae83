/* webauthn.c - see webauthn.h. libcbor reads CBOR, OpenSSL checks signatures. */
#include "webauthn.h"

#include <cbor.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <string.h>

#include "data/json.h"

#define FLAG_PRESENT 0x01
#define FLAG_VERIFIED 0x04
#define FLAG_MAY_BACK_UP 0x08
#define FLAG_BACKED_UP 0x10
#define FLAG_CREDENTIAL 0x40
#define FLAG_EXTENSIONS 0x80
#define HEAD_BYTES 37 /* hash of the site, flags, count */
#define AAGUID_BYTES 16
#define COORDINATE_BYTES 32
#define COSE_EC2 2
#define COSE_RSA 3
#define COSE_P256 1
#define RSA_BYTES_MIN 256
#define RSA_BYTES_MAX 512
#define RSA_EXPONENT_MAX 8

/* ------------------------------------------------------------------ client data */

const char *webauthn_rp_id(struct arena *a, const char *public_url)
{
	const char *host = strstr(public_url, "://");

	host = host != NULL ? host + 3 : public_url;
	return arena_strndup(a, host, strcspn(host, ":/"));
}

static json_t *client_object(struct ctx *c, struct str client_data)
{
	json_t *o = NULL;

	if (json_parse(c, client_data, &o) != OK) {
		ctx_clear_failure(c);
		return NULL;
	}
	return json_is_object(o) ? o : NULL;
}

const char *webauthn_challenge(struct ctx *c, struct str client_data)
{
	return json_text(client_object(c, client_data), "challenge", NULL);
}

static const char *check_client(struct ctx *c, const struct webauthn_site *site, struct str client_data, const char *type)
{
	const json_t *o = client_object(c, client_data);

	if (strcmp(json_text(o, "type", ""), type) != 0)
		return "what was signed is for something else";
	if (strcmp(json_text(o, "origin", ""), site->origin) != 0)
		return "what was signed is for another site";
	if (json_bool(o, "crossOrigin", false))
		return "another site asked for it in a frame";
	return NULL;
}

/* ------------------------------------------------------------------ authenticator data */

struct auth_data {
	unsigned flags;
	uint32_t count;
	struct str rest; /* after the head */
};

static const char *read_head(const struct webauthn_site *site, struct str data, struct auth_data *d_r)
{
	const unsigned char *p = (const unsigned char *)data.p;
	unsigned char site_hash[SHA256_DIGEST_LENGTH];

	if (data.n < HEAD_BYTES)
		return "the authenticator's data are too short";
	SHA256((const unsigned char *)site->rp_id, strlen(site->rp_id), site_hash);
	if (memcmp(p, site_hash, sizeof(site_hash)) != 0)
		return "the passkey is another site's";
	d_r->flags = p[32];
	d_r->count = (uint32_t)p[33] << 24 | (uint32_t)p[34] << 16 | (uint32_t)p[35] << 8 | p[36];
	d_r->rest = (struct str){data.p + HEAD_BYTES, data.n - HEAD_BYTES};
	if ((d_r->flags & FLAG_PRESENT) == 0)
		return "nobody touched the device";
	if ((d_r->flags & FLAG_VERIFIED) == 0)
		return "the device did not verify its owner";
	if ((d_r->flags & FLAG_BACKED_UP) != 0 && (d_r->flags & FLAG_MAY_BACK_UP) == 0)
		return "a passkey that can't be backed up says that it is";
	return NULL;
}

/* ------------------------------------------------------------------ CBOR */

static void release_item(void *item)
{
	cbor_item_t *i = item;

	cbor_decref(&i);
}

/* One item at the beginning of data; *used_r: how long it is. NULL: none, or none that is whole. */
static cbor_item_t *read_item(struct ctx *c, struct str data, size_t *used_r)
{
	struct cbor_load_result result;
	cbor_item_t *item = cbor_load((const unsigned char *)data.p, data.n, &result);

	if (item == NULL)
		return NULL;
	arena_defer(c->arena, release_item, item);
	*used_r = result.read;
	return item;
}

static bool is_text(cbor_item_t *item, const char *text)
{
	return cbor_isa_string(item) && cbor_string_is_definite(item) && cbor_string_length(item) == strlen(text) &&
	       memcmp(cbor_string_handle(item), text, strlen(text)) == 0;
}

static bool is_number(cbor_item_t *item, int64_t number)
{
	if (number >= 0)
		return cbor_isa_uint(item) && cbor_get_int(item) == (uint64_t)number;
	return cbor_isa_negint(item) && cbor_get_int(item) == (uint64_t)(-1 - number);
}

/* The member of a map by its text, or (text NULL) its number; NULL when it is not there, or there twice. */
static cbor_item_t *member(cbor_item_t *map, const char *text, int64_t number)
{
	cbor_item_t *found = NULL;
	struct cbor_pair *pairs;

	if (!cbor_isa_map(map))
		return NULL;
	pairs = cbor_map_handle(map);
	for (size_t i = 0; i < cbor_map_size(map); i++) {
		if (text != NULL ? !is_text(pairs[i].key, text) : !is_number(pairs[i].key, number))
			continue;
		if (found != NULL)
			return NULL;
		found = pairs[i].value;
	}
	return found;
}

static bool bytes_of(cbor_item_t *item, struct str *bytes_r)
{
	if (item == NULL || !cbor_isa_bytestring(item) || !cbor_bytestring_is_definite(item))
		return false;
	*bytes_r = (struct str){(const char *)cbor_bytestring_handle(item), cbor_bytestring_length(item)};
	return true;
}

/* ------------------------------------------------------------------ keys */

static void release_key(void *key)
{
	EVP_PKEY_free(key);
}

static void release_params(void *params)
{
	OSSL_PARAM_free(params);
}

/* NULL: these numbers are no key. */
static EVP_PKEY *key_of(struct ctx *c, const char *type, OSSL_PARAM *params)
{
	EVP_PKEY_CTX *making = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	if (making == NULL || EVP_PKEY_fromdata_init(making) <= 0 ||
		EVP_PKEY_fromdata(making, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		key = NULL;
	EVP_PKEY_CTX_free(making);
	if (key != NULL)
		arena_defer(c->arena, release_key, key);
	return key;
}

/* EC2 on P-256: x and y. OpenSSL takes no point beside the curve. */
static EVP_PKEY *read_ec(struct ctx *c, cbor_item_t *cose)
{
	unsigned char point[1 + 2 * COORDINATE_BYTES] = {POINT_CONVERSION_UNCOMPRESSED};
	char group[] = "P-256";
	cbor_item_t *curve = member(cose, NULL, -1);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
		OSSL_PARAM_construct_end(),
	};
	struct str x, y;

	if (curve == NULL || !is_number(curve, COSE_P256) || !bytes_of(member(cose, NULL, -2), &x) ||
		!bytes_of(member(cose, NULL, -3), &y) || x.n != COORDINATE_BYTES || y.n != COORDINATE_BYTES)
		return NULL;
	memcpy(point + 1, x.p, COORDINATE_BYTES);
	memcpy(point + 1 + COORDINATE_BYTES, y.p, COORDINATE_BYTES);
	return key_of(c, "EC", params);
}

/* RSA: the modulus and its exponent, each the shortest bytes that hold it. */
static EVP_PKEY *read_rsa(struct ctx *c, cbor_item_t *cose)
{
	OSSL_PARAM_BLD *building;
	OSSL_PARAM *params = NULL;
	struct str n, e;

	if (!bytes_of(member(cose, NULL, -1), &n) || !bytes_of(member(cose, NULL, -2), &e) || n.n < RSA_BYTES_MIN ||
		n.n > RSA_BYTES_MAX || e.n == 0 || e.n > RSA_EXPONENT_MAX)
		return NULL;
	BIGNUM *modulus = BN_bin2bn((const unsigned char *)n.p, (int)n.n, NULL);
	BIGNUM *exponent = BN_bin2bn((const unsigned char *)e.p, (int)e.n, NULL);
	building = OSSL_PARAM_BLD_new();
	if (building != NULL && modulus != NULL && exponent != NULL &&
		OSSL_PARAM_BLD_push_BN(building, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
		OSSL_PARAM_BLD_push_BN(building, OSSL_PKEY_PARAM_RSA_E, exponent) == 1)
		params = OSSL_PARAM_BLD_to_param(building);
	OSSL_PARAM_BLD_free(building);
	if (params != NULL)
		arena_defer(c->arena, release_params, params);
	EVP_PKEY *key = params != NULL ? key_of(c, "RSA", params) : NULL;
	BN_free(modulus);
	BN_free(exponent);
	return key;
}

static const struct {
	int64_t algorithm, type;
	EVP_PKEY *(*read)(struct ctx *c, cbor_item_t *cose);
} KEY_KINDS[] = {
	{WEBAUTHN_ES256, COSE_EC2, read_ec},
	{WEBAUTHN_RS256, COSE_RSA, read_rsa},
};

static bool to_der(struct ctx *c, EVP_PKEY *key, struct str *der_r)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(key, &der);

	if (n <= 0)
		return false;
	char *copy = arena_alloc(c->arena, (size_t)n);
	memcpy(copy, der, (size_t)n);
	OPENSSL_free(der);
	*der_r = (struct str){copy, (size_t)n};
	return true;
}

static const char *read_key(struct ctx *c, cbor_item_t *cose, struct str *der_r)
{
	cbor_item_t *type = member(cose, NULL, 1), *algorithm = member(cose, NULL, 3);
	EVP_PKEY *key = NULL;

	for (size_t i = 0; type != NULL && algorithm != NULL && i < ARRAY_LEN(KEY_KINDS); i++) {
		if (is_number(type, KEY_KINDS[i].type) && is_number(algorithm, KEY_KINDS[i].algorithm))
			key = KEY_KINDS[i].read(c, cose);
	}
	return key != NULL && to_der(c, key, der_r) ? NULL : "the passkey's key is none that was asked for";
}

/* ------------------------------------------------------------------ a new passkey */

/* What follows the head: who made the device, the credential's id, its key; extensions, should there be any; nothing else. */
static const char *read_credential(struct ctx *c, const struct auth_data *d, struct webauthn_passkey *passkey_r)
{
	const unsigned char *p = (const unsigned char *)d->rest.p;
	struct str rest = d->rest;
	cbor_item_t *cose;
	const char *fault;
	size_t used, n;

	if ((d->flags & FLAG_CREDENTIAL) == 0 || rest.n < AAGUID_BYTES + 2)
		return "there is no passkey in the authenticator's data";
	n = (size_t)p[AAGUID_BYTES] << 8 | p[AAGUID_BYTES + 1];
	rest = (struct str){rest.p + AAGUID_BYTES + 2, rest.n - AAGUID_BYTES - 2};
	if (n < WEBAUTHN_CREDENTIAL_MIN || n > WEBAUTHN_CREDENTIAL_MAX || n > rest.n)
		return "the passkey's id is malformed";
	passkey_r->credential_id = (struct str){rest.p, n};
	rest = (struct str){rest.p + n, rest.n - n};
	cose = read_item(c, rest, &used);
	if (cose == NULL)
		return "the passkey's key is malformed";
	fault = read_key(c, cose, &passkey_r->public_key);
	if (fault != NULL)
		return fault;
	rest = (struct str){rest.p + used, rest.n - used};
	if ((d->flags & FLAG_EXTENSIONS) != 0) {
		cbor_item_t *extensions = read_item(c, rest, &used);
		if (extensions == NULL || !cbor_isa_map(extensions))
			return "the authenticator's extensions are malformed";
		rest.n -= used;
	}
	return rest.n == 0 ? NULL : "something follows the authenticator's data";
}

/* No attestation was asked for: a statement that comes along nevertheless says nothing that anybody here relies on. */
const char *webauthn_check_new(
	struct ctx *c, const struct webauthn_site *site, const struct webauthn_signed *s, struct webauthn_passkey *passkey_r)
{
	const char *fault = check_client(c, site, s->client_data, "webauthn.create");
	struct auth_data d = {.flags = 0};
	cbor_item_t *attestation;
	struct str data;
	size_t used;

	if (fault != NULL)
		return fault;
	attestation = read_item(c, s->authenticator_data, &used);
	if (attestation == NULL || used != s->authenticator_data.n || !bytes_of(member(attestation, "authData", 0), &data))
		return "the attestation is malformed";
	fault = read_head(site, data, &d);
	if (fault == NULL)
		fault = read_credential(c, &d, passkey_r);
	passkey_r->sign_count = d.count;
	passkey_r->backed_up = (d.flags & FLAG_BACKED_UP) != 0;
	return fault;
}

/* ------------------------------------------------------------------ signing in */

static EVP_PKEY *stored_key(struct ctx *c, struct str der)
{
	const unsigned char *p = (const unsigned char *)der.p;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)der.n);

	if (key != NULL)
		arena_defer(c->arena, release_key, key);
	return key;
}

static bool signature_good(struct ctx *c, const struct webauthn_signed *s, struct str public_key)
{
	size_t n = s->authenticator_data.n;
	unsigned char *message = arena_alloc(c->arena, n + SHA256_DIGEST_LENGTH);
	EVP_PKEY *key = stored_key(c, public_key);
	EVP_MD_CTX *checking = EVP_MD_CTX_new();
	bool good;

	memcpy(message, s->authenticator_data.p, n);
	SHA256((const unsigned char *)s->client_data.p, s->client_data.n, message + n);
	good = key != NULL && checking != NULL && EVP_DigestVerifyInit(checking, NULL, EVP_sha256(), NULL, key) == 1 &&
	       EVP_DigestVerify(checking, (const unsigned char *)s->signature.p, s->signature.n, message,
		       n + SHA256_DIGEST_LENGTH) == 1;
	EVP_MD_CTX_free(checking);
	return good;
}

/* A device that counts never counts the same twice: whoever does has its copy. */
const char *webauthn_check_sign_in(
	struct ctx *c, const struct webauthn_site *site, const struct webauthn_signed *s, struct webauthn_passkey *known)
{
	const char *fault = check_client(c, site, s->client_data, "webauthn.get");
	struct auth_data d = {.flags = 0};

	if (fault == NULL)
		fault = read_head(site, s->authenticator_data, &d);
	if (fault != NULL)
		return fault;
	if ((d.flags & FLAG_EXTENSIONS) == 0 && d.rest.n != 0)
		return "something follows the authenticator's data";
	if (!signature_good(c, s, known->public_key))
		return "the signature is not the passkey's";
	if ((d.count != 0 || known->sign_count != 0) && d.count <= known->sign_count)
		return "the passkey was copied: its count did not grow";
	known->sign_count = d.count;
	known->backed_up = (d.flags & FLAG_BACKED_UP) != 0;
	return NULL;
}
