/* Passkeys at the API and in the pages' forms: added, listed, used, removed; and everything that must not work. */
#include "testing.h"
#include "http.h"
#include "settings.h"
#include "shop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authenticator.h"
#include "factors.h"
#include "passkeys.h"
#include "store_access.h"
#include "store_account.h"
#include "store_attempt.h"
#include "store_factor.h"
#include "store_passkey.h"
#include "store_proof.h"
#include "store_session.h"

#define HTML "HTTP_ACCEPT", "text/html"
#define VERIFIED 0x05
#define BODY_MAX 8192

static const struct db_stmt *const *const STATEMENTS[] = {ACCOUNT_STATEMENTS, SESSION_STATEMENTS, ATTEMPT_STATEMENTS,
	PROOF_STATEMENTS, ACCESS_STATEMENTS, FACTOR_STATEMENTS, PASSKEY_STATEMENTS, NULL};
static const struct db_constraint *const CONSTRAINTS[] = {ACCOUNT_CONSTRAINTS, NULL};

static char client_data[500], body[BODY_MAX];
static unsigned char counter;

static int clean(void **state)
{
	(void)state;
	test_sql("truncate auth.account, auth.attempt, auth.audit_entry, auth.passkey_challenge, bus.outbox cascade");
	shop_person(1, "{customer,admin}");
	shop_person(2, "{customer}");
	counter = 0;
	return 0;
}

static int64_t count(const char *what)
{
	char sql[400];

	snprintf(sql, sizeof(sql), "select count(*) from %s", what);
	return test_sql_int(sql);
}

static void assert_code(struct request *rq, int status, const char *code)
{
	assert_status(rq, status);
	assert_string_equal(test_code(rq), code);
}

static const char *b64(struct str s)
{
	return base64url(test_ctx_of(NULL)->arena, s.p, s.n);
}

/* What the browser is to have signed: its client data, for the challenge in an answer. */
static void take_challenge(struct request *rq, const char *type)
{
	assert_status(rq, 200);
	snprintf(client_data, sizeof(client_data), "{\"type\":\"%s\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":false}", type,
		json_text(json_object_get(test_json(rq), "public_key"), "challenge", ""), test_app()->public_url);
}

static struct device_data site_data(unsigned char flags)
{
	struct device_data d = {.n = 0};

	device_head(&d, "localhost", flags, counter);
	return d;
}

static void ask_to_add(void)
{
	take_challenge(test_http("POST", "/api/v1/me/passkeys/options", NULL, SHOP_AS(2), NULL), "webauthn.create");
}

static const char *new_passkey(const char *name)
{
	struct device_data d = site_data(0x40 | VERIFIED);

	device_credential(&d);
	device_cose(&d);
	snprintf(body, sizeof(body), "{\"name\":\"%s\",\"client_data_json\":\"%s\",\"attestation_object\":\"%s\"}", name,
		b64(str_of(client_data)), b64(device_attestation(&d)));
	return body;
}

static void add(void)
{
	ask_to_add();
	assert_status(test_http("POST", "/api/v1/me/passkeys", new_passkey("Laptop"), SHOP_AS(2), NULL), 201);
}

static void ask_to_sign_in(void)
{
	take_challenge(test_http("POST", "/api/v1/auth/passkey/options", NULL, NULL), "webauthn.get");
}

static const char *id_of_device(void)
{
	struct device_data d = {.n = 0};

	device_credential(&d);
	return b64((struct str){(const char *)d.p + 18, DEVICE_ID_BYTES});
}

static void sign(unsigned char flags, const char **data_r, const char **signature_r)
{
	struct device_data d = site_data(flags);

	*data_r = b64(device_bytes(&d));
	*signature_r = b64(device_sign(test_ctx_of(NULL), device_key(), &d, client_data));
}

static const char *signed_in_json(unsigned char flags)
{
	const char *data, *signature;

	sign(flags, &data, &signature);
	snprintf(body, sizeof(body), "{\"id\":\"%s\",\"client_data_json\":\"%s\",\"authenticator_data\":\"%s\",\"signature\":\"%s\"}",
		id_of_device(), b64(str_of(client_data)), data, signature);
	return body;
}

static const char *signed_in_form(void)
{
	const char *data, *signature;

	sign(VERIFIED, &data, &signature);
	snprintf(body, sizeof(body),
		"id=%s&client_data_json=%s&authenticator_data=%s&signature=%s&user_handle=&next=/account/orders", id_of_device(),
		b64(str_of(client_data)), data, signature);
	return body;
}

static struct request *login(unsigned char flags)
{
	return test_http("POST", "/api/v1/auth/passkey", signed_in_json(flags), NULL);
}

/* ------------------------------------------------------------------ */

static void a_passkey_is_added_listed_and_removed(void **state)
{
	char path[100];

	(void)state;
	assert_status(test_http("POST", "/api/v1/me/passkeys/options", NULL, NULL), 401);
	assert_status(test_http("GET", "/api/v1/me/passkeys", NULL, NULL), 401);
	add();
	struct request *rq = test_http("GET", "/api/v1/me/passkeys", NULL, SHOP_AS(2), NULL);
	json_t *one = json_array_get(json_object_get(test_json(rq), "data"), 0);
	assert_string_equal(json_text(one, "name", ""), "Laptop");
	snprintf(path, sizeof(path), "/api/v1/me/passkeys/%s", json_text(one, "id", ""));
	/* the device is told which it has */
	rq = test_http("POST", "/api/v1/me/passkeys/options", NULL, SHOP_AS(2), NULL);
	json_t *known = json_object_get(json_object_get(test_json(rq), "public_key"), "excludeCredentials");
	assert_int_equal(json_array_size(known), 1);
	assert_int_equal(count("auth.audit_entry where action = 'account.passkey_add'"), 1);
	assert_int_equal(count("auth.letter where kind = 'factor_changed'"), 1);
	/* another's is not there */
	assert_status(test_http("DELETE", path, NULL, SHOP_AS(1), NULL), 404);
	assert_status(test_http("DELETE", path, NULL, NULL), 401);
	assert_status(test_http("DELETE", path, NULL, SHOP_AS(2), NULL), 204);
	assert_status(test_http("DELETE", path, NULL, SHOP_AS(2), NULL), 404);
	assert_int_equal(count("auth.passkey"), 0);
}

static void it_signs_in(void **state)
{
	char bearer[2000];

	(void)state;
	add();
	counter = 1;
	ask_to_sign_in();
	struct request *rq = login(VERIFIED);
	assert_status(rq, 200);
	assert_string_equal(test_header(rq, "Cache-Control"), "no-store");
	snprintf(bearer, sizeof(bearer), "Bearer %s", json_text(test_json(rq), "access_token", ""));
	rq = test_http("GET", "/api/v1/me", NULL, "HTTP_AUTHORIZATION", bearer, NULL);
	assert_string_equal(json_text(test_json(rq), "email", ""), "person2@example.com");
	assert_int_equal(count("auth.passkey where sign_count = 1 and last_used_at is not null"), 1);
}

static void a_challenge_works_once(void **state)
{
	(void)state;
	add();
	assert_code(test_http("POST", "/api/v1/me/passkeys", new_passkey("Again"), SHOP_AS(2), NULL), 422, "invalid_passkey_data");
	ask_to_sign_in();
	assert_status(login(VERIFIED), 200);
	assert_code(login(VERIFIED), 401, "invalid_passkey");
	/* also when it was tried with something wrong */
	ask_to_sign_in();
	assert_code(login(0x01), 401, "invalid_passkey");
	assert_code(login(VERIFIED), 401, "invalid_passkey");
	ask_to_sign_in();
	test_sql("update auth.passkey_challenge set expires_at = now()");
	assert_code(login(VERIFIED), 401, "invalid_passkey");
	test_sql("select auth.purge_challenges()");
	assert_int_equal(count("auth.passkey_challenge"), 0);
}

/* One challenge is for one purpose, and one account. */
static void challenges_keep_to_their_purpose(void **state)
{
	(void)state;
	ask_to_add();
	assert_status(test_http("POST", "/api/v1/me/passkeys", new_passkey("Mine now"), SHOP_AS(1), NULL), 422);
	take_challenge(test_http("POST", "/api/v1/auth/passkey/options", NULL, NULL), "webauthn.create");
	assert_status(test_http("POST", "/api/v1/me/passkeys", new_passkey("x"), SHOP_AS(2), NULL), 422);
	add();
	take_challenge(test_http("POST", "/api/v1/me/passkeys/options", NULL, SHOP_AS(2), NULL), "webauthn.get");
	assert_code(login(VERIFIED), 401, "invalid_passkey");
	assert_int_equal(count("auth.passkey"), 1);
}

static void its_sessions_end_with_it(void **state)
{
	char bearer[2000], path[120];
	struct request *rq;

	(void)state;
	add();
	ask_to_sign_in();
	rq = login(VERIFIED);
	assert_status(rq, 200);
	snprintf(bearer, sizeof(bearer), "Bearer %s", json_text(test_json(rq), "access_token", ""));
	assert_status(test_http("GET", "/api/v1/me", NULL, "HTTP_AUTHORIZATION", bearer, NULL), 200);
	assert_int_equal(count("auth.session s join auth.passkey p on p.id = s.passkey_id where s.shown = 'passkey'"), 1);
	snprintf(path, sizeof(path), "/api/v1/me/passkeys/%s", test_sql_text("select id::text from auth.passkey"));
	assert_status(test_http("DELETE", path, NULL, SHOP_AS(2), NULL), 204);
	assert_status(test_http("GET", "/api/v1/me", NULL, "HTTP_AUTHORIZATION", bearer, NULL), 401);
	assert_status(test_http("GET", "/api/v1/me/passkeys", NULL, SHOP_AS(2), NULL), 200);
}

static void a_copy_is_noticed(void **state)
{
	(void)state;
	add();
	counter = 5;
	ask_to_sign_in();
	assert_status(login(VERIFIED), 200);
	ask_to_sign_in();
	assert_code(login(VERIFIED), 401, "invalid_passkey");
	counter = 6;
	ask_to_sign_in();
	assert_status(login(VERIFIED), 200);
}

static void one_device_has_one_account(void **state)
{
	(void)state;
	add();
	ask_to_add();
	assert_code(test_http("POST", "/api/v1/me/passkeys", new_passkey("Twice"), SHOP_AS(2), NULL), 409, "passkey_taken");
	take_challenge(test_http("POST", "/api/v1/me/passkeys/options", NULL, SHOP_AS(1), NULL), "webauthn.create");
	assert_code(test_http("POST", "/api/v1/me/passkeys", new_passkey("Taken"), SHOP_AS(1), NULL), 409, "passkey_taken");
}

static void a_session_of_long_ago_adds_none(void **state)
{
	(void)state;
	ask_to_add();
	test_sql("update auth.session set created_at = now() - interval '16 minutes'");
	assert_code(test_http("POST", "/api/v1/me/passkeys/options", NULL, SHOP_AS(2), NULL), 403, "reauthentication_required");
	assert_code(test_http("POST", "/api/v1/me/passkeys", new_passkey("x"), SHOP_AS(2), NULL), 403, "reauthentication_required");
	assert_code(test_http("DELETE", "/api/v1/me/passkeys/00000000-0000-4000-8000-000000000000", NULL, SHOP_AS(2), NULL), 403, "reauthentication_required");
}

static void bad_input_is_refused(void **state)
{
	static const char *const LOGINS[] = {
		"{}",
		"{\"id\":\"AA\",\"client_data_json\":\"AA\",\"authenticator_data\":\"AA\"}",
		"{\"id\":1,\"client_data_json\":\"AA\",\"authenticator_data\":\"AA\",\"signature\":\"AA\"}",
		"{\"id\":\"AA\",\"client_data_json\":\"AA\",\"authenticator_data\":\"AA\",\"signature\":\"AA\",\"surprise\":1}",
	};
	static const char *const SIGNED[] = {
		"{\"id\":\"AA\",\"client_data_json\":\"AA\",\"authenticator_data\":\"AA\",\"signature\":\"AA\"}",
		"{\"id\":\"!!\",\"client_data_json\":\"!!\",\"authenticator_data\":\"!!\",\"signature\":\"!!\"}",
		"{\"id\":\"AA\",\"client_data_json\":\"bnVsbA\",\"authenticator_data\":\"AA\",\"signature\":\"AA\"}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(LOGINS); i++)
		assert_status(test_http("POST", "/api/v1/auth/passkey", LOGINS[i], NULL), 422);
	for (size_t i = 0; i < ARRAY_LEN(SIGNED); i++)
		assert_code(test_http("POST", "/api/v1/auth/passkey", SIGNED[i], NULL), 401, "invalid_passkey");
	assert_status(test_http("POST", "/api/v1/me/passkeys", "{\"name\":\"\"}", SHOP_AS(2), NULL), 422);
	assert_code(test_http("POST", "/api/v1/me/passkeys",
		"{\"name\":\"x\",\"client_data_json\":\"AA\",\"attestation_object\":\"AA\"}", SHOP_AS(2), NULL), 422, "invalid_passkey_data");
	ask_to_sign_in(); /* a device nobody added */
	assert_code(login(VERIFIED), 401, "invalid_passkey");
}

static void who_is_blocked_stays_out(void **state)
{
	(void)state;
	add();
	test_sql("update auth.account set state = 'blocked'");
	ask_to_sign_in();
	assert_code(login(VERIFIED), 401, "invalid_passkey");
}

static void load_config(const char *staff)
{
	setenv("ES_STAFF_SECOND_FACTOR", staff, 1);
	test_auth_settings();
	setenv("ES_ATTEMPTS_PER_ADDRESS", "0", 1);
	test_config(test_ctx(), AUTH_CONFIG);
}

/* Having the device and being its owner are two factors: staff needs no third. */
static void staff_gets_in_with_it(void **state)
{
	char bearer[2000];

	(void)state;
	add();
	test_sql("update auth.account set roles = '{customer,admin}' where email like 'person2%'");
	load_config("true");
	ask_to_sign_in();
	struct request *rq = login(VERIFIED);
	snprintf(bearer, sizeof(bearer), "Bearer %s", json_text(test_json(rq), "access_token", ""));
	assert_status(test_http("GET", "/api/v1/users", NULL, "HTTP_AUTHORIZATION", bearer, NULL), 200);
	load_config("false");
	/* and whoever lost it is helped like whoever lost the phone */
	assert_status(test_http("DELETE", "/api/v1/users/01900000-0000-7000-8000-000000000002/factors", NULL, SHOP_AS(1), NULL), 204);
	assert_int_equal(count("auth.passkey"), 0);
}

static void forms_of_the_pages(void **state)
{
	char fields[BODY_MAX], path[100];

	(void)state;
	ask_to_add();
	struct device_data d = site_data(0x40 | VERIFIED);
	device_credential(&d);
	device_cose(&d);
	snprintf(fields, sizeof(fields), "csrf=" SHOP_CSRF "&name=Phone&client_data_json=%s&attestation_object=%s", b64(str_of(client_data)),
		b64(device_attestation(&d)));
	assert_status(test_http("POST", "/account/factors/passkeys", fields, HTML, NULL), 303);
	assert_int_equal(count("auth.passkey"), 0);
	assert_status(test_http("POST", "/account/factors/passkeys", fields + strlen("csrf=" SHOP_CSRF "&"), "HTTP_COOKIE", "es_session=" SHOP_TIMES_43("2"), HTML, NULL), 403);
	assert_status(test_http("POST", "/account/factors/passkeys", "csrf=" SHOP_CSRF "&name=Phone", SHOP_AS(2), HTML, NULL), 422);
	assert_status(test_http("POST", "/account/factors/passkeys", fields, SHOP_AS(2), HTML, NULL), 303);
	assert_non_null(strstr(test_http("GET", "/account/factors", NULL, SHOP_AS(2), HTML, NULL)->res.body.p, "Phone"));
	ask_to_sign_in();
	struct request *rq = test_http("POST", "/login/passkey", signed_in_form(), HTML, NULL);
	assert_status(rq, 303);
	assert_string_equal(test_header(rq, "Location"), "/account/orders");
	assert_non_null(test_cookie(rq, "es_session"));
	rq = test_http("POST", "/login/passkey", signed_in_form(), HTML, NULL);
	assert_status(rq, 401);
	assert_non_null(strstr(rq->res.body.p, "This passkey is not known here"));
	assert_status(test_http("POST", "/login/passkey", "id=", HTML, NULL), 422);
	assert_status(test_http("POST", "/login/passkey", signed_in_form(), "HTTP_SEC_FETCH_SITE", "cross-site", HTML, NULL), 403);
	snprintf(path, sizeof(path), "/account/factors/passkeys/%s/delete", test_sql_text("select id::text from auth.passkey"));
	assert_status(test_http("POST", path, "csrf=" SHOP_CSRF, SHOP_AS(1), HTML, NULL), 404);
	assert_status(test_http("POST", path, "csrf=" SHOP_CSRF, SHOP_AS(2), HTML, NULL), 303);
	assert_int_equal(count("auth.passkey"), 0);
}

/* ------------------------------------------------------------------ */

static int start(void **state)
{
	(void)state;
	struct db *db = test_db_open("es_auth", test_statements(STATEMENTS), CONSTRAINTS);
	load_config("false");
	test_http_open(AUTH_ROUTES, db);
	assert_ok(test_ctx(), auth_init(test_ctx()));
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_http_close();
	test_db_close();
	return 0;
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, clean)
	const struct CMUnitTest tests[] = {
		TEST(a_passkey_is_added_listed_and_removed),
		TEST(it_signs_in),
		TEST(a_challenge_works_once),
		TEST(challenges_keep_to_their_purpose),
		TEST(its_sessions_end_with_it),
		TEST(a_copy_is_noticed),
		TEST(one_device_has_one_account),
		TEST(a_session_of_long_ago_adds_none),
		TEST(bad_input_is_refused),
		TEST(who_is_blocked_stays_out),
		TEST(staff_gets_in_with_it),
		TEST(forms_of_the_pages),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
