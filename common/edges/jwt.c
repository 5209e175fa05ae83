/*
 * jwt.c - ES256 tokens. libjwt does the signature; everything it leaves open is done
 * here, before and after it: length, exact algorithm, known key, types of claims, time.
 *
 * Who a claim's subject is, and whether the session still stands, is decided in app/auth.
 */
#include "edges/jwt.h"
#include "data/clock.h"
#include "data/json.h"

#include <jwt.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#define ALGORITHM "ES256"
#define COORDINATE_BYTES 32
#define SIGNATURE_BYTES (2 * COORDINATE_BYTES)
#define ROLES_MAX 32

/* ------------------------------------------------------------------ signing */

static void release_jwt(void *jwt)
{
	jwt_free(jwt);
}

static json_t *payload_of(struct arena *a, const struct jwt_claims *claims)
{
	json_t *o = json_new_object(a), *roles = json_new_array(a);
	json_set_text(o, "iss", claims->issuer);
	json_set_text(o, "aud", JWT_AUDIENCE);
	json_set_text(o, "sub", claims->subject);
	json_set_text(o, "sid", claims->session);
	json_set_int(o, "sv", claims->session_version);
	json_set_int(o, "iat", claims->issued_at);
	json_set_int(o, "exp", claims->expires_at);
	json_set_text(o, "jti", claims->token_id);
	for (size_t i = 0; claims->roles && claims->roles[i]; i++)
		json_add_text(roles, claims->roles[i]);
	json_set(o, "roles", roles);
	return o;
}

err_t jwt_sign_es256(
	struct ctx *c, const struct jwt_key *private_key, const struct jwt_claims *claims, const char **token_r)
{
	jwt_t *jwt = NULL;
	if (jwt_new(&jwt) != 0)
		return fail_bug(c, "could not make a token");
	arena_defer(c->arena, release_jwt, jwt);

	const unsigned char *pem = (const unsigned char *)private_key->pem;
	const char *payload = json_render(c->arena, payload_of(c->arena, claims)).p;
	if (jwt_set_alg(jwt, JWT_ALG_ES256, pem, (int)strlen(private_key->pem)) != 0 ||
		jwt_add_header(jwt, "kid", private_key->kid) != 0 || jwt_add_grants_json(jwt, payload) != 0)
		return fail_bug(c, "could not fill a token");
	char *token = jwt_encode_str(jwt);
	if (!token)
		return fail_bug(c, "could not sign a token with key %s", private_key->kid);
	*token_r = arena_strdup(c->arena, token);
	free(token);
	return OK;
}

/* ------------------------------------------------------------------ verification */

struct check {
	struct arena *a;
	const struct jwt_key *keys;
	const char *issuer;
	struct str part[3]; /* header, payload, signature, still encoded */
	const char *why;
};

static bool refuse(struct check *k, const char *why)
{
	k->why = why;
	return false;
}

/* Exactly three parts of unpadded base64url. */
static bool split(struct check *k, struct str token)
{
	struct str rest = token;
	for (size_t i = 0; i < 3; i++)
		if (!str_next(&rest, '.', &k->part[i]) || k->part[i].n == 0)
			return refuse(k, "not three parts");
	if (rest.p)
		return refuse(k, "not three parts");
	for (size_t i = 0; i < token.n; i++) {
		char ch = token.p[i];
		bool good = (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') ||
			    ch == '-' || ch == '_' || ch == '.';
		if (!good)
			return refuse(k, "not base64url");
	}
	return true;
}

/* One object without repeated members, or NULL. */
static json_t *decode_object(struct check *k, struct str part)
{
	struct str text;
	if (!base64url_decode(k->a, part, &text))
		return NULL;
	json_t *value = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
	if (!value)
		return NULL;
	value = json_own(k->a, value);
	return json_is_object(value) ? value : NULL;
}

static const char *text_member(const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);
	const char *s = json_is_string(v) ? json_string_value(v) : NULL;
	return s && s[0] ? s : NULL;
}

/* The header by our own reading: libjwt compares alg without case and takes any type of key for it. */
static bool check_header(struct check *k, const struct jwt_key **key_r)
{
	const json_t *header = decode_object(k, k->part[0]);
	if (!header)
		return refuse(k, "bad header");
	const char *alg = text_member(header, "alg"), *kid = text_member(header, "kid");
	if (!alg || strcmp(alg, ALGORITHM) != 0)
		return refuse(k, "algorithm");
	const json_t *typ = json_object_get(header, "typ");
	if (typ && (!json_is_string(typ) || strcmp(json_string_value(typ), "JWT") != 0))
		return refuse(k, "type");
	if (json_object_get(header, "crit"))
		return refuse(k, "critical extension");
	/* No key, and no place to fetch one from, is taken from the token itself; nor anything else we did not write. */
	if (json_object_size(header) != (size_t)(typ ? 3 : 2))
		return refuse(k, kid ? "header" : "unknown key");
	for (const struct jwt_key *key = k->keys; kid && key->kid; key++) {
		if (strcmp(key->kid, kid) == 0 && key->pem && key->pem[0]) {
			*key_r = key;
			return true;
		}
	}
	return refuse(k, "unknown key");
}

/* 64 bytes r‖s of RFC 7518 §3.4 in their one spelling, then libjwt with the key we chose. */
static bool check_signature(struct check *k, struct str token, const struct jwt_key *key)
{
	struct str raw;
	if (!base64url_decode(k->a, k->part[2], &raw) || raw.n != SIGNATURE_BYTES)
		return refuse(k, "bad signature");

	jwt_t *jwt = NULL;
	const char *text = str_dup(k->a, token);
	if (jwt_decode(&jwt, text, (const unsigned char *)key->pem, (int)strlen(key->pem)) != 0 || !jwt)
		return refuse(k, "bad signature");
	arena_defer(k->a, release_jwt, jwt);
	if (jwt_get_alg(jwt) != JWT_ALG_ES256)
		return refuse(k, "algorithm");
	return true;
}

static bool time_member(const json_t *payload, const char *key, int64_t *secs_r)
{
	const json_t *v = json_object_get(payload, key);
	if (!json_is_integer(v) || json_integer_value(v) <= 0 || json_integer_value(v) > INT64_C(253402300799))
		return false;
	*secs_r = json_integer_value(v);
	return true;
}

static bool check_times(struct check *k, const json_t *payload, struct jwt_claims *claims)
{
	int64_t now = clock_now_us() / US_PER_SEC, not_before = 0;

	if (!time_member(payload, "exp", &claims->expires_at) || !time_member(payload, "iat", &claims->issued_at))
		return refuse(k, "time claim missing");
	if (json_object_get(payload, "nbf") && !time_member(payload, "nbf", &not_before))
		return refuse(k, "bad not-before");
	if (claims->expires_at + JWT_LEEWAY_SECS <= now)
		return refuse(k, "expired");
	if (claims->issued_at - JWT_LEEWAY_SECS > now || not_before - JWT_LEEWAY_SECS > now)
		return refuse(k, "not valid yet");
	if (claims->expires_at <= claims->issued_at)
		return refuse(k, "expires before it begins");
	if (claims->expires_at - claims->issued_at > JWT_LIFE_MAX_SECS)
		return refuse(k, "lives too long");
	return true;
}

static bool is_for_us(const json_t *audience)
{
	if (json_is_string(audience))
		return strcmp(json_string_value(audience), JWT_AUDIENCE) == 0;
	for (size_t i = 0; i < json_array_size(audience); i++) {
		const json_t *one = json_array_get(audience, i);
		if (json_is_string(one) && strcmp(json_string_value(one), JWT_AUDIENCE) == 0)
			return true;
	}
	return false;
}

static bool check_roles(struct check *k, const json_t *roles, struct jwt_claims *claims)
{
	size_t n = json_array_size(roles);
	if ((roles && !json_is_array(roles)) || n > ROLES_MAX)
		return refuse(k, "bad roles");
	const char **list = arena_array_of(k->a, n + 1, const char *);
	for (size_t i = 0; i < n; i++) {
		const json_t *role = json_array_get(roles, i);
		if (!json_is_string(role))
			return refuse(k, "bad roles");
		list[i] = arena_strdup(k->a, json_string_value(role));
	}
	claims->roles = list;
	return true;
}

static bool check_claims(struct check *k, struct jwt_claims *claims)
{
	const json_t *payload = decode_object(k, k->part[1]);
	if (!payload)
		return refuse(k, "bad payload");
	claims->issuer = text_member(payload, "iss");
	claims->subject = text_member(payload, "sub");
	claims->session = text_member(payload, "sid");
	claims->token_id = text_member(payload, "jti");
	const json_t *version = json_object_get(payload, "sv");

	if (!claims->issuer || strcmp(claims->issuer, k->issuer) != 0)
		return refuse(k, "issuer");
	if (!is_for_us(json_object_get(payload, "aud")))
		return refuse(k, "audience");
	if (!claims->subject || !claims->session || !claims->token_id || !json_is_integer(version) ||
		json_integer_value(version) < 0)
		return refuse(k, "claim missing");
	claims->session_version = json_integer_value(version);
	return check_times(k, payload, claims) && check_roles(k, json_object_get(payload, "roles"), claims);
}

bool jwt_verify_es256(struct ctx *c, struct str token, const struct jwt_key *keys, const char *issuer,
	struct jwt_claims *claims_r, const char **why_r)
{
	struct check k = {.a = c->arena, .keys = keys, .issuer = issuer};
	struct jwt_claims claims = {0};
	const struct jwt_key *key = NULL;

	bool good = token.n > 0 && token.n <= JWT_MAX_BYTES ? true : refuse(&k, "length");
	good = good && split(&k, token) && check_header(&k, &key) && check_signature(&k, token, key) &&
	       check_claims(&k, &claims);
	if (why_r)
		*why_r = k.why;
	if (good)
		*claims_r = claims;
	return good;
}

/* ------------------------------------------------------------------ keys */

static void release_key(void *key)
{
	EVP_PKEY_free(key);
}

static void release_bio(void *bio)
{
	BIO_free(bio);
}

static BIO *new_bio(struct ctx *c, const char *pem)
{
	BIO *bio = pem ? BIO_new_mem_buf(pem, -1) : BIO_new(BIO_s_mem());
	if (bio)
		arena_defer(c->arena, release_bio, bio);
	return bio;
}

static const char *bio_text(struct ctx *c, BIO *bio)
{
	char *bytes = NULL;
	long n = BIO_get_mem_data(bio, &bytes);
	return n > 0 ? arena_strndup(c->arena, bytes, (size_t)n) : "";
}

err_t jwt_new_key(struct ctx *c, const char **private_pem_r, const char **public_pem_r)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	if (!key)
		return fail_bug(c, "could not make a key pair");
	arena_defer(c->arena, release_key, key);

	BIO *private_pem = new_bio(c, NULL), *public_pem = new_bio(c, NULL);
	if (!private_pem || !public_pem || PEM_write_bio_PrivateKey(private_pem, key, NULL, NULL, 0, NULL, NULL) != 1 ||
		PEM_write_bio_PUBKEY(public_pem, key) != 1)
		return fail_bug(c, "could not write a key pair");
	*private_pem_r = bio_text(c, private_pem);
	*public_pem_r = bio_text(c, public_pem);
	return OK;
}

/* A coordinate of the public point, padded to the curve's length as RFC 7518 §6.2.1.2 wants. */
static const char *coordinate(struct ctx *c, const EVP_PKEY *key, const char *name)
{
	BIGNUM *n = NULL;
	unsigned char bytes[COORDINATE_BYTES];
	bool good =
		EVP_PKEY_get_bn_param(key, name, &n) == 1 && BN_bn2binpad(n, bytes, sizeof(bytes)) == COORDINATE_BYTES;
	BN_free(n);
	return good ? base64url(c->arena, bytes, sizeof(bytes)) : NULL;
}

err_t jwt_public_jwk(struct ctx *c, const struct jwt_key *public_key, struct json_t **jwk_r)
{
	BIO *bio = new_bio(c, public_key->pem);
	EVP_PKEY *key = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
	if (!key)
		return fail_bug(c, "key %s is no public key", public_key->kid);
	arena_defer(c->arena, release_key, key);

	const char *x = coordinate(c, key, OSSL_PKEY_PARAM_EC_PUB_X), *y = coordinate(c, key, OSSL_PKEY_PARAM_EC_PUB_Y);
	if (!EVP_PKEY_is_a(key, "EC") || EVP_PKEY_get_bits(key) != 256 || !x || !y)
		return fail_bug(c, "key %s is not of curve P-256", public_key->kid);
	json_t *jwk = json_new_object(c->arena);
	json_set_text(jwk, "kty", "EC");
	json_set_text(jwk, "crv", "P-256");
	json_set_text(jwk, "x", x);
	json_set_text(jwk, "y", y);
	json_set_text(jwk, "kid", public_key->kid);
	json_set_text(jwk, "use", "sig");
	json_set_text(jwk, "alg", ALGORITHM);
	*jwk_r = jwk;
	return OK;
}
