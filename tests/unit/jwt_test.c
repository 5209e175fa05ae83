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

#define ISSUER "https://shop.example"
#define NOW INT64_C(1790000000)

struct fixture {
	struct arena *a;
	struct ctx c;
	struct jwt_key private_key, keys[3];
	const char *why;
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

static json_t *vectors(void)
{
	static const char PATH[] = "shared/data/suites/wycheproof/testvectors_v1/json_web_signature_test.json";
	char path[256];
	for (int up = 1; up <= 2; up++) {
		snprintf(path, sizeof(path), "%s%s", up == 1 ? "../" : "../../", PATH);
		json_t *all = json_load_file(path, 0, NULL);
		if (all)
			return all;
	}
	return NULL;
}

/* Wycheproof signs "foo" and such, never claims: no vector may pass, and none may crash. */
static void wycheproof(void **state)
{
	struct fixture *f = *state;
	json_t *all = vectors();
	if (!all) {
		print_message("Wycheproof's vectors are not on this machine\n");
		skip();
	}
	all = json_own(f->a, all);
	size_t tried = 0;
	const json_t *groups = json_object_get(all, "testGroups");
	for (size_t g = 0; g < json_array_size(groups); g++) {
		const json_t *tests = json_object_get(json_array_get(groups, g), "tests");
		for (size_t t = 0; t < json_array_size(tests); t++, tried++) {
			struct jwt_claims out;
			const char *token = json_text(json_array_get(tests, t), "jws", "");
			const struct jwt_key named[] = {
				{"kid-ec-sign", f->keys[1].pem}, {"kid-rsa-sign", f->keys[1].pem}, {NULL, NULL}};
			assert_false(jwt_verify_es256(&f->c, str_of(token), named, ISSUER, &out, NULL));
		}
	}
	assert_true(tried > 300);
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
		TEST(wycheproof),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
