/* Access tokens: the attacks of RFC 8725, each claim in turn, and Wycheproof's ES256 vectors where they are. */
#include "data/clock.h"
#include "data/json.h"
#include "edges/jwt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jwt.h>
#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "shared.h"

#define ISSUER "https://shop.example"
#define NOW INT64_C(1790000000)

struct fixture {
	struct arena *a;
	struct ctx c;
	struct jwt_key private_key, keys[3];
	const char *why, *der; /* der: the last signature of sign_raw, as DER */
};

static const char *const ROLES[] = {"customer", "support", NULL};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	f->a = arena_new(4 << 20);
	ctx_init(&f->c, f->a, NULL);
	clock_freeze_us(NOW * US_PER_SEC);
	const char *other_private = NULL;
	assert_ptr_equal(jwt_new_key(&f->c, &other_private, &f->keys[0].pem), OK);
	assert_ptr_equal(jwt_new_key(&f->c, &f->private_key.pem, &f->keys[1].pem), OK);
	f->keys[0].kid = "old";
	f->keys[1].kid = f->private_key.kid = "new";
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	clock_freeze_us(0);
	arena_free(f->a);
	free(f);
	return 0;
}

static struct jwt_claims good_claims(void)
{
	return (struct jwt_claims){.issuer = ISSUER,
		.subject = "u1",
		.session = "s1",
		.session_version = 3,
		.issued_at = NOW,
		.expires_at = NOW + 600,
		.token_id = "j1",
		.roles = ROLES};
}

static const char *sign(struct fixture *f, const struct jwt_claims *claims)
{
	const char *token = NULL;
	assert_ptr_equal(jwt_sign_es256(&f->c, &f->private_key, claims, &token), OK);
	return arena_strdup(f->a, token);
}

static bool verify(struct fixture *f, const char *token, struct jwt_claims *claims_r)
{
	return jwt_verify_es256(&f->c, str_of(token), f->keys, ISSUER, claims_r, &f->why);
}

static void assert_refused(struct fixture *f, const char *token, const char *why)
{
	struct jwt_claims claims;
	assert_false(verify(f, token, &claims));
	assert_string_equal(f->why, why);
}

/* A token with any payload, rightly signed. */
static const char *sign_payload(struct fixture *f, const char *payload)
{
	jwt_t *jwt = NULL;
	assert_int_equal(jwt_new(&jwt), 0);
	assert_int_equal(jwt_set_alg(jwt, JWT_ALG_ES256, (const unsigned char *)f->private_key.pem,
				 (int)strlen(f->private_key.pem)),
		0);
	assert_int_equal(jwt_add_header(jwt, "kid", "new"), 0);
	assert_int_equal(jwt_add_grants_json(jwt, payload), 0);
	char *text = jwt_encode_str(jwt);
	const char *token = arena_strdup(f->a, text);
	free(text);
	jwt_free(jwt);
	return token;
}

static const char *with_header(struct fixture *f, const char *token, const char *header)
{
	return arena_printf(f->a, "%s%s", base64url(f->a, header, strlen(header)), strchr(token, '.'));
}

static void good_token_round_trip(void **state)
{
	struct fixture *f = *state;
	struct jwt_claims in = good_claims(), out;
	assert_true(verify(f, sign(f, &in), &out));
	assert_string_equal(out.subject, "u1");
	assert_string_equal(out.session, "s1");
	assert_int_equal(out.session_version, 3);
	assert_int_equal(out.expires_at, NOW + 600);
	assert_string_equal(out.token_id, "j1");
	assert_string_equal(out.roles[1], "support");
	assert_null(out.roles[2]);
}

static void times(void **state)
{
	struct fixture *f = *state;
	struct jwt_claims claims = good_claims(), out;
	const char *token = sign(f, &claims);
	clock_freeze_us((NOW + 600 + JWT_LEEWAY_SECS - 1) * US_PER_SEC);
	assert_true(verify(f, token, &out));
	clock_freeze_us((NOW + 600 + JWT_LEEWAY_SECS) * US_PER_SEC);
	assert_refused(f, token, "expired");
	clock_freeze_us((NOW - JWT_LEEWAY_SECS - 1) * US_PER_SEC);
	assert_refused(f, token, "not valid yet");
	clock_freeze_us(NOW * US_PER_SEC);
	claims.expires_at = claims.issued_at;
	assert_refused(f, sign(f, &claims), "expires before it begins");
}

/* The claims one by one: gone, or of another type. */
static void each_claim_is_required_and_typed(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *key, *value, *why;
	} CASES[] = {
		{"iss", NULL, "issuer"},
		{"iss", "\"https://evil.example\"", "issuer"},
		{"iss", "7", "issuer"},
		{"aud", NULL, "audience"},
		{"aud", "\"other\"", "audience"},
		{"aud", "[\"other\",1]", "audience"},
		{"aud", "{}", "audience"},
		{"sub", NULL, "claim missing"},
		{"sub", "\"\"", "claim missing"},
		{"sub", "1", "claim missing"},
		{"sid", NULL, "claim missing"},
		{"jti", NULL, "claim missing"},
		{"jti", "[]", "claim missing"},
		{"sv", NULL, "claim missing"},
		{"sv", "\"3\"", "claim missing"},
		{"sv", "3.0", "claim missing"},
		{"sv", "-1", "claim missing"},
		{"exp", NULL, "time claim missing"},
		{"exp", "\"1790000600\"", "time claim missing"},
		{"exp", "1790000600.5", "time claim missing"},
		{"exp", "9223372036854775807", "time claim missing"},
		{"iat", NULL, "time claim missing"},
		{"nbf", "true", "bad not-before"},
		{"nbf", "1790000300", "not valid yet"},
		{"roles", "\"admin\"", "bad roles"},
		{"roles", "[1]", "bad roles"},
	};
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		json_t *o = json_own(f->a,
			json_pack("{ss ss ss ss si sI sI ss}", "iss", ISSUER, "aud", JWT_AUDIENCE, "sub", "u1", "sid",
				"s1", "sv", 3, "iat", (json_int_t)NOW, "exp", (json_int_t)NOW + 600, "jti", "j1"));
		json_object_del(o, CASES[i].key);
		if (CASES[i].value)
			json_object_set_new(o, CASES[i].key, json_loads(CASES[i].value, JSON_DECODE_ANY, NULL));
		assert_refused(f, sign_payload(f, json_render(f->a, o).p), CASES[i].why);
	}
	struct jwt_claims out;
	assert_true(verify(f,
		sign_payload(f,
			"{\"iss\":\"" ISSUER "\",\"aud\":[\"x\",\"ecostore\"],\"sub\":\"u\",\"sid\":\"s\",\"sv\":0,"
					     "\"iat\":1790000000,\"nbf\":1790000000,\"exp\":1790000600,\"jti\":\"j\"}"),
		&out));
}

static void algorithm_none(void **state)
{
	struct fixture *f = *state;
	struct jwt_claims claims = good_claims();
	const char *token = sign(f, &claims);
	const char *none = with_header(f, token, "{\"alg\":\"none\",\"kid\":\"new\"}");
	assert_refused(f, none, "algorithm");
	char *stripped = arena_strdup(f->a, none);
	strrchr(stripped, '.')[1] = '\0';
	assert_refused(f, stripped, "not three parts");
	assert_refused(f, with_header(f, token, "{\"alg\":\"es256\",\"kid\":\"new\"}"), "algorithm");
	assert_refused(f, with_header(f, token, "{\"alg\":\"ES384\",\"kid\":\"new\"}"), "algorithm");
	assert_refused(f, with_header(f, token, "{\"kid\":\"new\"}"), "algorithm");
}

/* The classic: our public key as the secret of an HMAC. */
static void hmac_with_public_key(void **state)
{
	struct fixture *f = *state;
	jwt_t *jwt = NULL;
	assert_int_equal(jwt_new(&jwt), 0);
	assert_int_equal(
		jwt_set_alg(jwt, JWT_ALG_HS256, (const unsigned char *)f->keys[1].pem, (int)strlen(f->keys[1].pem)), 0);
	jwt_add_header(jwt, "kid", "new");
	jwt_add_grant(jwt, "sub", "admin");
	char *text = jwt_encode_str(jwt);
	assert_refused(f, text, "algorithm");
	assert_refused(f, with_header(f, text, "{\"alg\":\"ES256\",\"kid\":\"new\"}"), "bad signature");
	free(text);
	jwt_free(jwt);
}

static void keys(void **state)
{
	struct fixture *f = *state;
	struct jwt_claims claims = good_claims(), out;
	const char *token = sign(f, &claims);
	assert_refused(f, with_header(f, token, "{\"alg\":\"ES256\",\"kid\":\"old\"}"), "bad signature");
	assert_refused(f, with_header(f, token, "{\"alg\":\"ES256\",\"kid\":\"none\"}"), "unknown key");
	assert_refused(f, with_header(f, token, "{\"alg\":\"ES256\"}"), "unknown key");
	assert_refused(f, with_header(f, token, "{\"alg\":\"ES256\",\"kid\":\"new\",\"crit\":[\"b64\"]}"),
		"critical extension");
	assert_refused(
		f, with_header(f, token, "{\"alg\":\"ES256\",\"kid\":\"new\",\"typ\":\"secevent+jwt\"}"), "type");
	assert_refused(f, with_header(f, token, "{\"alg\":\"none\",\"alg\":\"ES256\",\"kid\":\"new\"}"), "bad header");
	f->keys[1].pem = NULL;
	assert_false(verify(f, token, &out));
	assert_string_equal(f->why, "unknown key");
}

static void broken_tokens(void **state)
{
	struct fixture *f = *state;
	struct jwt_claims claims = good_claims();
	const char *token = sign(f, &claims);
	assert_refused(f, "", "length");
	assert_refused(f, "a.b", "not three parts");
	assert_refused(f, arena_printf(f->a, "%s.x", token), "not three parts");
	assert_refused(f, arena_printf(f->a, "%s=", token), "not base64url");
	assert_refused(f, arena_printf(f->a, " %s", token), "not base64url");
	assert_refused(f, arena_printf(f->a, "%sA", token), "bad signature");
	assert_refused(f, "e30.e30.e30", "algorithm");
	assert_refused(f, "W10.e30.e30", "bad header");
	char *longer = arena_alloc(f->a, JWT_MAX_BYTES + 2);
	memset(longer, 'a', JWT_MAX_BYTES + 1);
	assert_refused(f, longer, "length");
	char *changed = arena_strdup(f->a, token);
	char *payload = strchr(changed, '.') + 5;
	*payload = *payload == 'A' ? 'B' : 'A';
	assert_refused(f, changed, "bad signature");
}

static void public_key_as_jwk(void **state)
{
	struct fixture *f = *state;
	json_t *jwk = NULL;
	assert_ptr_equal(jwt_public_jwk(&f->c, &f->keys[1], &jwk), OK);
	assert_string_equal(json_text(jwk, "kty", ""), "EC");
	assert_string_equal(json_text(jwk, "crv", ""), "P-256");
	assert_string_equal(json_text(jwk, "kid", ""), "new");
	assert_int_equal(strlen(json_text(jwk, "x", "")), 43);
	assert_int_equal(strlen(json_text(jwk, "y", "")), 43);
	assert_null(json_object_get(jwk, "d"));
	const struct jwt_key bad = {"x", "no key"};
	assert_ptr_equal(jwt_public_jwk(&f->c, &bad, &jwk), &ERR_INTERNAL);
}

/* ------------------------------------------------------------------ RFC 8725's list, and what else was ever tried */

/* Signed with our own key, so that nothing but the header stands in the way. */
static const char *sign_raw(struct fixture *f, const char *header, const char *payload)
{
	const char *input = arena_printf(f->a, "%s.%s", base64url(f->a, header, strlen(header)),
		base64url(f->a, payload, strlen(payload)));
	BIO *bio = BIO_new_mem_buf(f->private_key.pem, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned char der[80], raw[64];
	size_t n = sizeof(der);

	assert_int_equal(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestSign(md, der, &n, (const unsigned char *)input, strlen(input)), 1);
	const unsigned char *p = der;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)n);
	BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, 32);
	BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + 32, 32);
	f->der = base64url(f->a, der, n);
	ECDSA_SIG_free(sig);
	EVP_MD_CTX_free(md);
	EVP_PKEY_free(key);
	BIO_free(bio);
	return arena_printf(f->a, "%s.%s", input, base64url(f->a, raw, sizeof(raw)));
}

#define CLAIMS                                                                                                         \
	"\"iss\":\"" ISSUER "\",\"aud\":\"ecostore\",\"sub\":\"u\",\"sid\":\"s\",\"sv\":0,\"iat\":1790000000,"               \
	"\"exp\":1790000600,\"jti\":\"j\""
#define HEADER "{\"alg\":\"ES256\",\"kid\":\"new\"}"

static void headers_that_are_not_ours(void **state)
{
	static const struct {
		const char *header, *why;
	} CASES[] = {
		{"{\"alg\":\"none\",\"kid\":\"new\"}", "algorithm"},
		{"{\"alg\":\"None\",\"kid\":\"new\"}", "algorithm"},
		{"{\"alg\":\"nOnE\",\"kid\":\"new\"}", "algorithm"},
		{"{\"alg\":\"\",\"kid\":\"new\"}", "algorithm"},
		{"{\"alg\":null,\"kid\":\"new\"}", "algorithm"},
		{"{\"alg\":[\"ES256\"],\"kid\":\"new\"}", "algorithm"},
		{"{\"alg\":\"HS256\",\"kid\":\"new\"}", "algorithm"},
		{"{\"alg\":\"RS256\",\"kid\":\"new\"}", "algorithm"},
		{"{\"alg\":\"PS256\",\"kid\":\"new\"}", "algorithm"},
		{"{\"alg\":\"ES256K\",\"kid\":\"new\"}", "algorithm"},
		{"{\"alg\":\"EdDSA\",\"kid\":\"new\"}", "algorithm"},
		{"{\"alg\":\"ES256 \",\"kid\":\"new\"}", "algorithm"},
		{"{\"Alg\":\"ES256\",\"kid\":\"new\"}", "algorithm"},
		{"{\"alg\":\"ES256\\u0000\",\"kid\":\"new\"}", "bad header"},
		{"{\"alg\":\"ES256\",\"kid\":\"new\\u0000\"}", "bad header"},
		{"{\"alg\":\"ES256\",\"kid\":\"NEW\"}", "unknown key"},
		{"{\"alg\":\"ES256\",\"kid\":\"\"}", "unknown key"},
		{"{\"alg\":\"ES256\",\"kid\":null}", "unknown key"},
		{"{\"alg\":\"ES256\",\"kid\":[\"new\"]}", "unknown key"},
		{"{\"alg\":\"ES256\",\"kid\":1}", "unknown key"},
		{"{\"alg\":\"ES256\",\"kid\":\"../../../dev/null\"}", "unknown key"},
		{"{\"alg\":\"ES256\",\"kid\":\"new' or '1'='1\"}", "unknown key"},
		{"{\"alg\":\"ES256\",\"kid\":\"none\"}", "unknown key"},
		{"{\"alg\":\"ES256\",\"kid\":\"new\",\"kid\":\"new\"}", "bad header"},
		{"{\"alg\":\"HS256\",\"alg\":\"ES256\",\"kid\":\"new\"}", "bad header"},
		{"{\"alg\":\"ES256\",\"kid\":\"new\",\"crit\":[\"exp\"]}", "critical extension"},
		{"{\"alg\":\"ES256\",\"kid\":\"new\",\"crit\":[]}", "critical extension"},
		{"{\"alg\":\"ES256\",\"kid\":\"new\",\"b64\":false}", "header"},
		{"{\"alg\":\"ES256\",\"kid\":\"new\",\"zip\":\"DEF\"}", "header"},
		{"{\"alg\":\"ES256\",\"kid\":\"new\",\"jku\":\"https://evil.example/jwks.json\"}", "header"},
		{"{\"alg\":\"ES256\",\"kid\":\"new\",\"x5u\":\"https://evil.example/cert\"}", "header"},
		{"{\"alg\":\"ES256\",\"kid\":\"new\",\"x5c\":[\"MII\"]}", "header"},
		{"{\"alg\":\"ES256\",\"kid\":\"new\",\"jwk\":{\"kty\":\"EC\"}}", "header"},
		{"{\"alg\":\"ES256\",\"kid\":\"new\",\"cty\":\"JWT\"}", "header"},
		{"{\"alg\":\"ES256\",\"kid\":\"new\",\"typ\":\"jwt\"}", "type"},
		{"{\"alg\":\"ES256\",\"kid\":\"new\",\"typ\":\"dpop+jwt\"}", "type"},
		{"{\"alg\":\"ES256\",\"kid\":\"new\",\"typ\":[\"JWT\"]}", "type"},
		{"[\"ES256\"]", "bad header"},
		{"\"ES256\"", "bad header"},
		{"{\"alg\":\"ES256\",\"kid\":\"new\"}{}", "bad header"},
		{"{\"alg\":\"ES256\",\"kid\":\"new\"", "bad header"},
		{"\xff{\"alg\":\"ES256\",\"kid\":\"new\"}", "bad header"},
	};
	struct fixture *f = *state;
	struct jwt_claims out;

	for (size_t i = 0; i < ARRAY_LEN(CASES); i++)
		assert_refused(f, sign_raw(f, CASES[i].header, "{" CLAIMS "}"), CASES[i].why);
	assert_true(verify(f, sign_raw(f, HEADER, "{" CLAIMS "}"), &out));
	assert_true(verify(f, sign_raw(f, "{\"typ\":\"JWT\",\"alg\":\"ES256\",\"kid\":\"new\"}", "{" CLAIMS "}"), &out));
}

static void payloads_that_are_not_ours(void **state)
{
	static const struct {
		const char *payload, *why;
	} CASES[] = {
		{"{" CLAIMS ",\"sub\":\"admin\"}", "bad payload"},
		{"{" CLAIMS ",\"x\":{\"y\":1,\"y\":2}}", "bad payload"},
		{"{" CLAIMS "} ", NULL}, /* white space is JSON */
		{"[{" CLAIMS "}]", "bad payload"},
		{"{" CLAIMS ",\"nbf\":1790000061}", "not valid yet"},
		{"{" CLAIMS ",\"nbf\":-1}", "bad not-before"},
		{"{" CLAIMS ",\"nbf\":\"0\"}", "bad not-before"},
		{"{" CLAIMS ",\"nbf\":1.5}", "bad not-before"},
	};
	static const struct {
		const char *exp, *iat, *why;
	} TIMES[] = {
		{"-1", "1790000000", "time claim missing"},
		{"0", "1790000000", "time claim missing"},
		{"1790000600.0", "1790000000", "time claim missing"},
		{"1e12", "1790000000", "time claim missing"},
		{"null", "1790000000", "time claim missing"},
		{"true", "1790000000", "time claim missing"},
		{"[1790000600]", "1790000000", "time claim missing"},
		{"99999999999999", "1790000000", "time claim missing"},
		{"1790000600", "1790000061", "not valid yet"},
		{"1790000600", "-1790000000", "time claim missing"},
		{"1790000600", "1790000000.5", "time claim missing"},
		{"1789999940", "1789999340", "expired"},
		{"1790004000", "1790000000", "lives too long"},
		{"1790000600", "1", "lives too long"},
	};
	struct fixture *f = *state;
	struct jwt_claims out;

	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		if (CASES[i].why != NULL)
			assert_refused(f, sign_raw(f, HEADER, CASES[i].payload), CASES[i].why);
		else
			assert_true(verify(f, sign_raw(f, HEADER, CASES[i].payload), &out));
	}
	for (size_t i = 0; i < ARRAY_LEN(TIMES); i++)
		assert_refused(f,
			sign_raw(f, HEADER,
				arena_printf(f->a,
					"{\"iss\":\"" ISSUER "\",\"aud\":\"ecostore\",\"sub\":\"u\",\"sid\":\"s\",\"sv\":0,"
					"\"jti\":\"j\",\"exp\":%s,\"iat\":%s}", TIMES[i].exp, TIMES[i].iat)),
			TIMES[i].why);
}

/* r and s of the curve's order n, n-1, 0 and 1; other lengths; DER; the same bytes in another spelling. */
static void signatures_that_are_not_ours(void **state)
{
	static const char N[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
	struct fixture *f = *state;
	const char *good = sign_raw(f, HEADER, "{" CLAIMS "}"), *values[4];
	size_t input = (size_t)(strrchr(good, '.') - good) + 1;
	struct jwt_claims out;
	unsigned char raw[64];

	values[0] = arena_printf(f->a, "%064d", 0);
	values[1] = arena_printf(f->a, "%064d", 1);
	values[2] = arena_printf(f->a, "%.63s0", N);
	values[3] = N;
	for (size_t i = 0; i < 16; i++) {
		for (size_t j = 0; j < 64; j++) {
			const char *half = values[j < 32 ? i / 4 : i % 4] + j % 32 * 2;
			raw[j] = (unsigned char)strtoul((const char[]){half[0], half[1], '\0'}, NULL, 16);
		}
		assert_refused(f, arena_printf(f->a, "%.*s%s", (int)input, good, base64url(f->a, raw, 64)), "bad signature");
	}
	assert_refused(f, arena_printf(f->a, "%.*s%s", (int)input, good, f->der), "bad signature");
	assert_refused(f, arena_printf(f->a, "%sAA", good), "bad signature");
	assert_refused(f, arena_printf(f->a, "%.*s", (int)strlen(good) - 2, good), "bad signature");
	assert_refused(f, arena_printf(f->a, "%.*s", (int)input, good), "not three parts");
	/* the last character holds four bits that mean nothing */
	static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	char *other = arena_strdup(f->a, good), *last = other + strlen(other) - 1;
	size_t at = (size_t)(strchr(DIGITS, *last) - DIGITS);
	for (size_t i = 1; i < 16; i++) {
		*last = DIGITS[at + i];
		assert_refused(f, other, "bad signature");
	}
	assert_true(verify(f, good, &out));
}

static void what_surrounds_a_token(void **state)
{
	static const char *const FORMS[] = {"%s\n", "%s ", "\t%s", "%s.", ".%s", "%s..", "\"%s\"", "%s%%00", "Bearer %s", "%s==",
		"%s.e30.e30", "{\"token\":\"%s\"}"};
	struct fixture *f = *state;
	const char *good = sign_raw(f, HEADER, "{" CLAIMS "}");
	struct jwt_claims out;

	for (size_t i = 0; i < ARRAY_LEN(FORMS); i++) {
		const char *mark = strstr(FORMS[i], "%s");
		char *token = arena_printf(f->a, "%.*s%s%s", (int)(mark - FORMS[i]), FORMS[i], good, mark + 2);
		assert_false(verify(f, token, &out));
	}
	/* a NUL, and another token behind it */
	char *two = arena_printf(f->a, "%s.%s", good, good);
	two[strlen(good)] = '\0';
	assert_false(jwt_verify_es256(&f->c, (struct str){two, strlen(good) * 2 + 1}, f->keys, ISSUER, &out, NULL));
}

/* ------------------------------------------------------------------ Wycheproof */

static json_t *vectors(struct fixture *f, const char *name)
{
	struct str text;

	if (!shared_read(f->a, arena_printf(f->a, "suites/wycheproof/testvectors_v1/%s.json", name), &text)) {
		print_message("Wycheproof's vectors are not on this machine\n");
		skip();
	}
	json_t *all = json_loadb(text.p, text.n, 0, NULL);
	assert_non_null(all);
	return json_own(f->a, all);
}

static struct str bytes_of(struct fixture *f, const json_t *jwk, const char *member)
{
	struct str bytes;

	assert_true(base64url_decode(f->a, str_of(json_text(jwk, member, "")), &bytes));
	assert_int_equal(bytes.n, 32);
	return bytes;
}

/* A private JWK of P-256 as our key pair: then what the vectors sign is signed by a key we trust. */
static EVP_PKEY *key_of(struct fixture *f, const json_t *jwk)
{
	struct str x = bytes_of(f, jwk, "x"), y = bytes_of(f, jwk, "y"), d = bytes_of(f, jwk, "d");
	unsigned char point[65] = {4}; /* uncompressed */
	BIGNUM *secret = BN_bin2bn((const unsigned char *)d.p, 32, NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *making = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;

	memcpy(point + 1, x.p, 32);
	memcpy(point + 33, y.p, 32);
	OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
	OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point));
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, secret);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	assert_int_equal(EVP_PKEY_fromdata_init(making), 1);
	assert_int_equal(EVP_PKEY_fromdata(making, &key, EVP_PKEY_KEYPAIR, params), 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(making);
	BN_free(secret);
	return key;
}

static void trust(struct fixture *f, const json_t *jwk)
{
	EVP_PKEY *key = key_of(f, jwk);
	BIO *secret = BIO_new(BIO_s_mem()), *open = BIO_new(BIO_s_mem());
	char *bytes;
	long n;

	assert_int_equal(PEM_write_bio_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(PEM_write_bio_PUBKEY(open, key), 1);
	n = BIO_get_mem_data(secret, &bytes);
	f->private_key.pem = arena_strndup(f->a, bytes, (size_t)n);
	n = BIO_get_mem_data(open, &bytes);
	f->keys[1].pem = arena_strndup(f->a, bytes, (size_t)n);
	f->private_key.kid = f->keys[1].kid = json_text(jwk, "kid", "");
	BIO_free(secret);
	BIO_free(open);
	EVP_PKEY_free(key);
}

/* Wycheproof signs "foo" and such, never claims: no vector may pass, and none may crash, not even under its own key. */
static size_t refuse_all(struct fixture *f, const json_t *group)
{
	const json_t *tests = json_object_get(group, "tests"), *jwk = json_object_get(group, "private");
	bool ours = strcmp(json_text(jwk, "crv", ""), "P-256") == 0 && json_text(jwk, "d", NULL) != NULL;
	struct jwt_claims claims = good_claims(), out;

	if (ours) {
		trust(f, jwk);
		assert_true(verify(f, sign(f, &claims), &out));
	}
	for (size_t t = 0; t < json_array_size(tests); t++) {
		const json_t *test = json_array_get(tests, t);
		const char *token = json_text(test, "jws", json_text(test, "jwe", ""));
		const struct jwt_key named[] = {{ours ? f->keys[1].kid : "kid-rsa-sign", f->keys[1].pem}, {"kid-aes-sign", f->keys[1].pem},
			{"kid-ec-sign", f->keys[1].pem}, {NULL, NULL}};
		assert_false(jwt_verify_es256(&f->c, str_of(token), named, ISSUER, &out, NULL));
	}
	return json_array_size(tests);
}

static void wycheproof(void **state)
{
	static const char *const FILES[] = {"json_web_signature_test", "json_web_crypto_test"};
	struct fixture *f = *state;
	size_t tried = 0;

	for (size_t i = 0; i < ARRAY_LEN(FILES); i++) {
		const json_t *groups = json_object_get(vectors(f, FILES[i]), "testGroups");
		for (size_t g = 0; g < json_array_size(groups); g++)
			tried += refuse_all(f, json_array_get(groups, g));
	}
	assert_true(tried > 400);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(good_token_round_trip),
		TEST(times),
		TEST(each_claim_is_required_and_typed),
		TEST(algorithm_none),
		TEST(hmac_with_public_key),
		TEST(keys),
		TEST(broken_tokens),
		TEST(public_key_as_jwk),
		TEST(headers_that_are_not_ours),
		TEST(payloads_that_are_not_ours),
		TEST(signatures_that_are_not_ours),
		TEST(what_surrounds_a_token),
		TEST(wycheproof),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
