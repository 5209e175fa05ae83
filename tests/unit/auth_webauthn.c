/* What a device signed, checked: one that does as it should, and each way in which it may not. */
#include "testing.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

#include "authenticator.h"
#include "webauthn.h"

#define ORIGIN "https://shop.example"

static const struct webauthn_site SITE = {.origin = ORIGIN, .rp_id = "shop.example"};

static EVP_PKEY *rsa;
static const char *client_create = "{\"type\":\"webauthn.create\",\"challenge\":\"abc\",\"origin\":\"" ORIGIN "\",\"crossOrigin\":false}";
static const char *client_get = "{\"type\":\"webauthn.get\",\"challenge\":\"abc\",\"origin\":\"" ORIGIN "\"}";

static struct device_data good_data(unsigned char flags)
{
	struct device_data b = {.n = 0};

	device_head(&b, "shop.example", flags, 0);
	device_credential(&b);
	device_cose(&b);
	return b;
}

static const char *check_new(struct ctx *c, const char *client, struct str object, struct webauthn_passkey *p)
{
	const struct webauthn_signed s = {.client_data = str_of(client), .authenticator_data = object};

	return webauthn_check_new(c, &SITE, &s, p);
}

static struct webauthn_passkey known(struct ctx *c, uint32_t count)
{
	struct device_data data = good_data(0x45);
	struct webauthn_passkey p = {.sign_count = 0};

	assert_null(check_new(c, client_create, device_attestation(&data), &p));
	p.sign_count = count;
	return p;
}

static const char *sign_in(struct ctx *c, const char *client, unsigned char flags, unsigned char count, struct webauthn_passkey *p)
{
	struct device_data data = {.n = 0};

	device_head(&data, "shop.example", flags, count);
	const struct webauthn_signed s = {
		.client_data = str_of(client), .authenticator_data = device_bytes(&data), .signature = device_sign(c, device_key(), &data, client)};
	return webauthn_check_sign_in(c, &SITE, &s, p);
}

/* ------------------------------------------------------------------ */

static void a_new_passkey(void **state)
{
	struct ctx *c = test_ctx();
	struct device_data data = good_data(0x5d);
	struct webauthn_passkey p;

	(void)state;
	assert_null(check_new(c, client_create, device_attestation(&data), &p));
	assert_int_equal(p.credential_id.n, DEVICE_ID_BYTES);
	assert_int_equal(p.credential_id.p[31], 31);
	assert_true(p.backed_up);
	assert_string_equal(webauthn_challenge(c, str_of(client_create)), "abc");
	/* extensions are read over */
	data = good_data(0xc5);
	device_hex(&data, "a16b6372656450726f7465637402");
	assert_null(check_new(c, client_create, device_attestation(&data), &p));
	assert_false(p.backed_up);
}

static void client_data_of_something_else(void **state)
{
	static const char *const BAD[] = {
		"", "[]", "null", "{", "{}",
		"{\"type\":\"webauthn.get\",\"challenge\":\"abc\",\"origin\":\"" ORIGIN "\"}",
		"{\"type\":\"webauthn.create\",\"challenge\":\"abc\",\"origin\":\"https://shop.example.evil\"}",
		"{\"type\":\"webauthn.create\",\"challenge\":\"abc\",\"origin\":\"http://shop.example\"}",
		"{\"type\":\"webauthn.create\",\"challenge\":\"abc\",\"origin\":\"" ORIGIN "\",\"crossOrigin\":true}",
		"{\"type\":\"webauthn.create\",\"type\":\"webauthn.create\",\"origin\":\"" ORIGIN "\"}",
	};
	struct ctx *c = test_ctx();
	struct device_data data = good_data(0x45);
	struct webauthn_passkey p;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(BAD); i++)
		assert_non_null(check_new(c, BAD[i], device_attestation(&data), &p));
	assert_null(webauthn_challenge(c, STR("{\"challenge\":7}")));
	assert_null(webauthn_challenge(c, STR("nonsense")));
}

static void flags_and_sites(void **state)
{
	static const unsigned char BAD[] = {0x00, 0x44 /* not touched */, 0x41 /* not verified */, 0x05 /* no passkey */, 0x55 /* backed up, and can't be */};
	struct ctx *c = test_ctx();
	struct device_data data;
	struct webauthn_passkey p;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
		data = good_data(BAD[i]);
		assert_non_null(check_new(c, client_create, device_attestation(&data), &p));
	}
	data.n = 0;
	device_head(&data, "other.example", 0x45, 0);
	device_credential(&data);
	device_cose(&data);
	assert_non_null(check_new(c, client_create, device_attestation(&data), &p));
}

/* Cut anywhere, or with something behind: refused, and nothing is read that is not there. */
static void data_that_are_not_whole(void **state)
{
	struct ctx *c = test_ctx();
	struct device_data data = good_data(0x45), cut;
	struct str whole = device_attestation(&data);
	struct webauthn_passkey p;

	(void)state;
	for (size_t n = 0; n < whole.n; n++)
		assert_non_null(check_new(c, client_create, (struct str){whole.p, n}, &p));
	for (size_t n = 0; n < data.n; n++) {
		cut = data;
		cut.n = n;
		assert_non_null(check_new(c, client_create, device_attestation(&cut), &p));
	}
	device_hex(&data, "00");
	assert_non_null(check_new(c, client_create, device_attestation(&data), &p));
	data = good_data(0xc5); /* extensions are announced, and are not there */
	assert_non_null(check_new(c, client_create, device_attestation(&data), &p));
}

static void keys_nobody_asked_for(void **state)
{
	static const char *const BAD[] = {
		"a0", "80", "f6", "a50102032820012158", "a401010327200621",
		/* Ed25519, ES256 on another curve, ES256 as an RSA key */
		"a4010103272006215820000000000000000000000000000000000000000000000000000000000000000000",
		"a501020326200221582000000000000000000000000000000000000000000000000000000000000000002258200000000000000000000000000000000000000000000000000000000000000000",
		"a301030326200143010001",
		/* no point of the curve; a short coordinate; x twice */
		"a501020326200121582001010101010101010101010101010101010101010101010101010101010101012258200101010101010101010101010101010101010101010101010101010101010101",
		"a5010203262001214101224101",
		/* RSA that a child could break */
		"a401030339010020430100012143010001",
	};
	struct ctx *c = test_ctx();
	struct webauthn_passkey p;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
		struct device_data data = {.n = 0};
		device_head(&data, "shop.example", 0x45, 0);
		device_credential(&data);
		device_hex(&data, BAD[i]);
		assert_non_null(check_new(c, client_create, device_attestation(&data), &p));
	}
}

static void signing_in(void **state)
{
	struct ctx *c = test_ctx();
	struct webauthn_passkey p = known(c, 0);

	(void)state;
	assert_null(sign_in(c, client_get, 0x05, 0, &p)); /* a device that does not count */
	assert_null(sign_in(c, client_get, 0x05, 0, &p));
	assert_null(sign_in(c, client_get, 0x1d, 7, &p));
	assert_int_equal(p.sign_count, 7);
	assert_true(p.backed_up);
	assert_non_null(sign_in(c, client_get, 0x05, 7, &p)); /* the same count, a lower one, none any more */
	assert_non_null(sign_in(c, client_get, 0x05, 6, &p));
	assert_non_null(sign_in(c, client_get, 0x05, 0, &p));
	assert_null(sign_in(c, client_get, 0x05, 8, &p));
	assert_non_null(sign_in(c, client_create, 0x05, 9, &p));
	assert_non_null(sign_in(c, client_get, 0x04, 9, &p));
	assert_non_null(sign_in(c, client_get, 0x01, 9, &p));
	assert_int_equal(p.sign_count, 8);
}

static void signatures(void **state)
{
	struct ctx *c = test_ctx();
	struct webauthn_passkey p = known(c, 0);
	struct device_data data = {.n = 0};

	(void)state;
	device_head(&data, "shop.example", 0x05, 1);
	struct str good = device_sign(c, device_key(), &data, client_get);
	struct webauthn_signed s = {.client_data = str_of(client_get), .authenticator_data = device_bytes(&data), .signature = good};
	char *bad = arena_alloc(c->arena, good.n);
	for (size_t i = 0; i < good.n; i++) {
		memcpy(bad, good.p, good.n);
		bad[i] = (char)(bad[i] ^ 1);
		s.signature = (struct str){bad, good.n};
		assert_non_null(webauthn_check_sign_in(c, &SITE, &s, &p));
	}
	for (size_t n = 0; n < good.n; n++) {
		s.signature = (struct str){good.p, n};
		assert_non_null(webauthn_check_sign_in(c, &SITE, &s, &p));
	}
	s.signature = device_sign(c, rsa, &data, client_get);
	assert_non_null(webauthn_check_sign_in(c, &SITE, &s, &p));
	s.signature = good;
	s.client_data = STR("{\"type\":\"webauthn.get\",\"challenge\":\"abd\",\"origin\":\"" ORIGIN "\"}");
	assert_non_null(webauthn_check_sign_in(c, &SITE, &s, &p));
	s.client_data = str_of(client_get);
	assert_null(webauthn_check_sign_in(c, &SITE, &s, &p));
}

/* RS256: {1: 3, 3: -257, -1: n, -2: e} */
static void devices_that_know_rsa_only(void **state)
{
	struct ctx *c = test_ctx();
	struct webauthn_passkey p = {.sign_count = 0};
	struct device_data data = {.n = 0};
	unsigned char modulus[256];
	BIGNUM *n = NULL;

	(void)state;
	assert_int_equal(EVP_PKEY_get_bn_param(rsa, OSSL_PKEY_PARAM_RSA_N, &n), 1);
	assert_int_equal(BN_bn2binpad(n, modulus, sizeof(modulus)), sizeof(modulus));
	BN_free(n);
	device_head(&data, "shop.example", 0x45, 0);
	device_credential(&data);
	device_hex(&data, "a401030339010020590100");
	device_put(&data, modulus, sizeof(modulus));
	device_hex(&data, "2143010001");
	assert_null(check_new(c, client_create, device_attestation(&data), &p));
	data.n = 0;
	device_head(&data, "shop.example", 0x05, 1);
	struct webauthn_signed s = {
		.client_data = str_of(client_get), .authenticator_data = device_bytes(&data), .signature = device_sign(c, rsa, &data, client_get)};
	assert_null(webauthn_check_sign_in(c, &SITE, &s, &p));
	data.p[36] = 2;
	assert_non_null(webauthn_check_sign_in(c, &SITE, &s, &p));
}

static void whose_site(void **state)
{
	struct ctx *c = test_ctx();

	(void)state;
	assert_string_equal(webauthn_rp_id(c->arena, "http://localhost:8080"), "localhost");
	assert_string_equal(webauthn_rp_id(c->arena, "https://shop.example"), "shop.example");
}

static int start(void **state)
{
	(void)state;
	rsa = EVP_RSA_gen(2048);
	return rsa != NULL ? 0 : 1;
}

static int stop(void **state)
{
	(void)state;
	EVP_PKEY_free(rsa);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_passkey),
		cmocka_unit_test(client_data_of_something_else),
		cmocka_unit_test(flags_and_sites),
		cmocka_unit_test(data_that_are_not_whole),
		cmocka_unit_test(keys_nobody_asked_for),
		cmocka_unit_test(signing_in),
		cmocka_unit_test(signatures),
		cmocka_unit_test(devices_that_know_rsa_only),
		cmocka_unit_test(whose_site),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
