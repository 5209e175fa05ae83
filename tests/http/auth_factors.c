/* The second factor: switched on, asked for, used up, lost and taken away; at the API and on pages. */
#include "testing.h"
#include "http.h"
#include "settings.h"
#include "shop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "data/clock.h"
#include "factors.h"
#include "store_access.h"
#include "store_account.h"
#include "store_attempt.h"
#include "store_factor.h"
#include "store_proof.h"
#include "store_session.h"

#define MARA "mara@example.com"
#define PASSWORD "correct horse battery"
#define AUTH "HTTP_AUTHORIZATION", bearer
#define HTML "HTTP_ACCEPT", "text/html"
#define START_US (INT64_C(1800000000) * US_PER_SEC)

static const struct db_stmt *const *const STATEMENTS[] = {ACCOUNT_STATEMENTS, SESSION_STATEMENTS, ATTEMPT_STATEMENTS,
	PROOF_STATEMENTS, ACCESS_STATEMENTS, FACTOR_STATEMENTS, NULL};
static const struct db_constraint *const CONSTRAINTS[] = {ACCOUNT_CONSTRAINTS, NULL};

static char bearer[2000], codes[RECOVERY_CODES][RECOVERY_CODE_TEXT_MAX];

static int64_t count(const char *what)
{
	char sql[400];

	snprintf(sql, sizeof(sql), "select count(*) from %s", what);
	return test_sql_int(sql);
}

/* What the app shows so many periods from now. */
static const char *code_in(int periods)
{
	static char code[TOTP_CODE_MAX];
	struct factor_state state;
	struct uuid account;

	assert_true(uuid_parse(str_of(test_sql_text("select account_id::text from auth.totp")), &account));
	assert_ok(test_ctx(), factor_open(test_ctx(), &account, &state));
	assert_true(totp_code(state.secret,
		(uint64_t)(clock_now_us() / US_PER_SEC / TOTP_PERIOD_SECS + periods), TOTP_DIGITS, code));
	return code;
}

/* The next period: a new code. */
static void pass_time(void)
{
	clock_freeze_us(clock_now_us() + TOTP_PERIOD_SECS * US_PER_SEC);
}

static struct request *login_with(const char *code)
{
	char body[300];

	if (code != NULL)
		snprintf(body, sizeof(body), "{\"email\":\"" MARA "\",\"password\":\"" PASSWORD "\",\"totp\":\"%s\"}", code);
	else
		snprintf(body, sizeof(body), "{\"email\":\"" MARA "\",\"password\":\"" PASSWORD "\"}");
	return test_http("POST", "/api/v1/auth/login", body, NULL);
}

static void sign_in(const char *code)
{
	struct request *rq = login_with(code);

	assert_status(rq, 200);
	snprintf(bearer, sizeof(bearer), "Bearer %s", json_text(test_json(rq), "access_token", ""));
}

static struct request *send_code(const char *method, const char *path, const char *code)
{
	char body[100];

	snprintf(body, sizeof(body), "{\"code\":\"%s\"}", code);
	return test_http(method, path, body, AUTH, NULL);
}

static void keep_codes(struct request *rq)
{
	json_t *list = json_object_get(test_json(rq), "recovery_codes");

	assert_int_equal(json_array_size(list), RECOVERY_CODES);
	for (size_t i = 0; i < RECOVERY_CODES; i++)
		snprintf(codes[i], sizeof(codes[i]), "%s", json_string_value(json_array_get(list, i)));
}

static void switch_on(void)
{
	assert_status(test_http("POST", "/api/v1/me/totp", NULL, AUTH, NULL), 201);
	struct request *rq = send_code("POST", "/api/v1/me/totp/confirm", code_in(0));
	assert_status(rq, 200);
	keep_codes(rq);
}

static int clean(void **state)
{
	(void)state;
	clock_freeze_us(clock_now_us() < START_US ? START_US : clock_now_us() + 10 * TOTP_PERIOD_SECS * US_PER_SEC);
	test_sql("truncate auth.account, auth.attempt, auth.audit_entry, bus.outbox cascade");
	assert_status(test_http("POST", "/api/v1/auth/register",
		"{\"email\":\"" MARA "\",\"password\":\"" PASSWORD "\",\"name\":\"Mara\"}", NULL), 201);
	sign_in(NULL);
	return 0;
}

static void assert_code(struct request *rq, int status, const char *code)
{
	assert_status(rq, status);
	assert_string_equal(test_code(rq), code);
}

static bool says(const struct request *rq, const char *words)
{
	return memmem(rq->res.body.p, rq->res.body.n, words, strlen(words)) != NULL;
}

/* ------------------------------------------------------------------ */

static void it_is_on_when_a_code_was_shown(void **state)
{
	(void)state;
	assert_status(test_http("POST", "/api/v1/me/totp", NULL, NULL), 401);
	assert_code(send_code("POST", "/api/v1/me/totp/confirm", "000000"), 409, "totp_disabled");
	struct request *rq = test_http("POST", "/api/v1/me/totp", NULL, AUTH, NULL);
	assert_status(rq, 201);
	assert_int_equal(strlen(json_text(test_json(rq), "secret", "")), 32);
	assert_non_null(strstr(json_text(test_json(rq), "uri", ""), "mara%40example.com"));
	assert_int_equal(strncmp(json_text(test_json(rq), "qr_svg", ""), "<svg", 4), 0);
	assert_string_equal(test_header(rq, "Cache-Control"), "no-store");
	assert_status(login_with(NULL), 200); /* not yet */
	assert_code(send_code("POST", "/api/v1/me/totp/confirm", code_in(5)), 422, "wrong_code");
	rq = send_code("POST", "/api/v1/me/totp/confirm", code_in(0));
	assert_status(rq, 200);
	keep_codes(rq);
	assert_code(test_http("POST", "/api/v1/me/totp", NULL, AUTH, NULL), 409, "totp_enabled");
	rq = test_http("GET", "/api/v1/me/totp", NULL, AUTH, NULL);
	assert_true(json_bool(test_json(rq), "enabled", false));
	assert_int_equal(json_int(test_json(rq), "recovery_codes_left", 0), RECOVERY_CODES);
	assert_int_equal(count("auth.audit_entry where action = 'account.totp_enable'"), 1);
	assert_int_equal(count("auth.letter where kind = 'factor_changed'"), 1);
	shop_sql("do $$ begin assert not exists (select from auth.recovery_code r where r::text like '%%%s%%'); end $$", codes[0]);
}

static void a_session_of_long_ago_switches_nothing_on(void **state)
{
	(void)state;
	test_sql("update auth.session set created_at = now() - interval '16 minutes'");
	assert_code(test_http("POST", "/api/v1/me/totp", NULL, AUTH, NULL), 403, "reauthentication_required");
	assert_int_equal(test_sql_int("select count(*) from auth.totp"), 0);
}

static void it_is_asked_for_after_the_password(void **state)
{
	(void)state;
	switch_on();
	assert_code(login_with(NULL), 401, "totp_required");
	assert_code(test_http("POST", "/api/v1/auth/login", "{\"email\":\"" MARA "\",\"password\":\"not this one\",\"totp\":\"123456\"}", NULL), 401,
		"invalid_credentials");
	pass_time();
	assert_code(login_with("000000"), 401, "invalid_totp");
	sign_in(code_in(0));
}

static void a_code_works_once(void **state)
{
	char code[TOTP_CODE_MAX];

	(void)state;
	switch_on();
	assert_code(login_with(code_in(0)), 401, "invalid_totp"); /* the one that switched it on */
	pass_time();
	snprintf(code, sizeof(code), "%s", code_in(0));
	assert_status(login_with(code), 200);
	assert_code(login_with(code), 401, "invalid_totp");
	assert_int_equal(count("auth.letter where kind = 'code_reused'"), 1); /* an hour: of the first one */
	assert_code(login_with(code_in(-1)), 401, "invalid_totp"); /* nor one before it */
	assert_int_equal(count("auth.audit_entry where action = 'sign_in.refuse' and after->>'reason' = 'code again'"), 2);
	assert_int_equal(count("auth.audit_entry where action = 'sign_in.refuse' and after->>'reason' = 'code'"), 1);
	assert_status(login_with(code_in(1)), 200);
}

static void guesses_are_throttled(void **state)
{
	struct request *rq = NULL;

	(void)state;
	switch_on();
	pass_time();
	for (int i = 0; i < 6; i++)
		assert_status(login_with("000000"), 401);
	rq = login_with(code_in(0));
	assert_status(rq, 429);
	assert_non_null(test_header(rq, "Retry-After"));
}

static void a_recovery_code_works_once(void **state)
{
	(void)state;
	switch_on();
	for (char *p = codes[0]; *p != '\0'; p++)
		*p = *p == '-' ? ' ' : *p;
	sign_in(codes[0]);
	assert_code(login_with(codes[0]), 401, "invalid_totp");
	struct request *rq = test_http("GET", "/api/v1/me/totp", NULL, AUTH, NULL);
	assert_int_equal(json_int(test_json(rq), "recovery_codes_left", 0), RECOVERY_CODES - 1);
	assert_int_equal(count("auth.audit_entry where action = 'account.recovery_code_used'"), 1);
	pass_time();
	rq = send_code("POST", "/api/v1/me/totp/recovery-codes", code_in(0));
	assert_status(rq, 200);
	char old[RECOVERY_CODE_TEXT_MAX];
	memcpy(old, codes[1], sizeof(old));
	keep_codes(rq);
	assert_code(login_with(old), 401, "invalid_totp");
	sign_in(codes[1]);
}

static void it_is_switched_off_with_a_code(void **state)
{
	(void)state;
	assert_code(send_code("DELETE", "/api/v1/me/totp", "000000"), 409, "totp_disabled");
	switch_on();
	pass_time();
	assert_code(send_code("DELETE", "/api/v1/me/totp", "000000"), 422, "wrong_code");
	assert_status(test_http("DELETE", "/api/v1/me/totp", NULL, AUTH, NULL), 422);
	assert_status(send_code("DELETE", "/api/v1/me/totp", code_in(0)), 204);
	assert_status(login_with(NULL), 200);
	assert_int_equal(count("auth.totp") + count("auth.recovery_code"), 0);
	assert_int_equal(count("auth.letter where kind = 'factor_changed'"), 2);
}

/* Who has the phone that was lost, and got in with it, is out as soon as its owner says so; who got in otherwise stays. */
static void sessions_end_with_what_opened_them(void **state)
{
	char owner[2000], other[2000];

	(void)state;
	snprintf(other, sizeof(other), "%s", bearer);
	sign_in(NULL);
	snprintf(owner, sizeof(owner), "%s", bearer);
	switch_on();
	pass_time();
	sign_in(code_in(0)); /* with the phone */
	assert_status(test_http("GET", "/api/v1/me", NULL, AUTH, NULL), 200);
	pass_time();
	char body[100];
	snprintf(body, sizeof(body), "{\"code\":\"%s\"}", code_in(0));
	assert_status(test_http("DELETE", "/api/v1/me/totp", body, "HTTP_AUTHORIZATION", owner, NULL), 204);
	assert_status(test_http("GET", "/api/v1/me", NULL, AUTH, NULL), 401);
	assert_status(test_http("GET", "/api/v1/me", NULL, "HTTP_AUTHORIZATION", owner, NULL), 200);
	assert_status(test_http("GET", "/api/v1/me", NULL, "HTTP_AUTHORIZATION", other, NULL), 200);
}

/* ------------------------------------------------------------------ staff */

static void staff_help_whoever_lost_both(void **state)
{
	char path[100];

	(void)state;
	switch_on();
	snprintf(path, sizeof(path), "/api/v1/users/%s/factors", test_sql_text("select id::text from auth.account"));
	shop_person(1, "{customer,admin}");
	shop_person(2, "{customer,support}");
	assert_status(test_http("DELETE", path, NULL, NULL), 401);
	assert_status(test_http("DELETE", path, NULL, SHOP_AS(2), NULL), 403);
	assert_status(test_http("DELETE", path, NULL, SHOP_AS(1), NULL), 204);
	assert_status(test_http("GET", "/api/v1/me", NULL, AUTH, NULL), 401); /* whoever is in is out */
	assert_status(login_with(NULL), 200);
	assert_int_equal(count("auth.audit_entry where action = 'account.factors_remove'"), 1);
	assert_int_equal(count("auth.letter where kind = 'factor_changed'"), 2);
	assert_code(test_http("DELETE", "/api/v1/users/01900000-0000-7000-8000-000000000001/factors", NULL, SHOP_AS(1), NULL), 409, "own_account");
}

static void load_config(const char *staff)
{
	setenv("ES_STAFF_SECOND_FACTOR", staff, 1);
	test_auth_settings();
	setenv("ES_ATTEMPTS_PER_ADDRESS", "0", 1);
	test_config(test_ctx(), AUTH_CONFIG);
}

static void staff_needs_one_when_the_shop_says_so(void **state)
{
	(void)state;
	test_sql("update auth.account set roles = '{customer,admin}'");
	assert_status(test_http("GET", "/api/v1/users", NULL, AUTH, NULL), 200);
	load_config("true");
	sign_in(NULL);
	assert_status(test_http("GET", "/api/v1/users", NULL, AUTH, NULL), 403);
	assert_status(test_http("GET", "/api/v1/me", NULL, AUTH, NULL), 200);
	switch_on();
	assert_status(test_http("GET", "/api/v1/users", NULL, AUTH, NULL), 200);
	pass_time();
	sign_in(code_in(0));
	assert_status(test_http("GET", "/api/v1/users", NULL, AUTH, NULL), 200);
	pass_time();
	assert_status(send_code("DELETE", "/api/v1/me/totp", code_in(0)), 204);
	assert_status(test_http("GET", "/api/v1/users", NULL, AUTH, NULL), 403);
	load_config("false");
}

/* ------------------------------------------------------------------ pages */

static char cookies[600], csrf[80];

static struct request *form(const char *path, const char *fields)
{
	char body[600];

	snprintf(body, sizeof(body), "csrf=%s&%s", csrf, fields);
	return test_http("POST", path, body, "HTTP_COOKIE", cookies, HTML, NULL);
}

static struct request *page(const char *path)
{
	return test_http("GET", path, NULL, "HTTP_COOKIE", cookies, HTML, NULL);
}

static void keep_session(struct request *rq)
{
	assert_status(rq, 303);
	snprintf(csrf, sizeof(csrf), "%s", test_cookie(rq, "es_csrf"));
	snprintf(cookies, sizeof(cookies), "es_session=%s; es_csrf=%s", test_cookie(rq, "es_session"), csrf);
}

static void the_page_asks_in_a_second_step(void **state)
{
	char fields[100];

	(void)state;
	switch_on();
	pass_time();
	cookies[0] = csrf[0] = '\0';
	struct request *rq = test_http("GET", "/login/code", NULL, HTML, NULL);
	assert_string_equal(test_header(rq, "Location"), "/login");
	rq = test_http("POST", "/login", "email=" MARA "&password=correct+horse+battery&next=/account/orders", HTML, NULL);
	assert_status(rq, 303);
	assert_string_equal(test_header(rq, "Location"), "/login/code");
	assert_null(test_cookie(rq, "es_session"));
	snprintf(cookies, sizeof(cookies), "es_factor=%s", test_cookie(rq, "es_factor"));
	assert_true(says(page("/login/code"), "Your password is right"));
	rq = form("/login/code", "code=");
	assert_status(rq, 422);
	rq = form("/login/code", "code=000000");
	assert_status(rq, 401);
	assert_true(says(rq, "This code is not valid"));
	snprintf(fields, sizeof(fields), "code=%s", code_in(0));
	rq = form("/login/code", fields);
	assert_string_equal(test_header(rq, "Location"), "/account/orders");
	assert_string_equal(test_cookie(rq, "es_factor"), "");
	/* neither the code nor the step works again */
	pass_time();
	snprintf(fields, sizeof(fields), "code=%s", code_in(0));
	struct request *again = form("/login/code", fields);
	assert_string_equal(test_header(again, "Location"), "/login");
	keep_session(rq);
	assert_status(page("/account/factors"), 200);
}

static void the_step_runs_out(void **state)
{
	(void)state;
	switch_on();
	struct request *rq = test_http("POST", "/login", "email=" MARA "&password=correct+horse+battery", HTML, NULL);
	snprintf(cookies, sizeof(cookies), "es_factor=%s", test_cookie(rq, "es_factor"));
	test_sql("update auth.sign_in_challenge set expires_at = now()");
	pass_time();
	char fields[100];
	snprintf(fields, sizeof(fields), "code=%s", code_in(0));
	rq = form("/login/code", fields);
	assert_status(rq, 303);
	assert_null(test_cookie(rq, "es_session"));
	test_sql("select auth.purge_challenges()");
	assert_int_equal(count("auth.sign_in_challenge"), 0);
}

static void the_pages_of_the_account(void **state)
{
	char fields[100];

	(void)state;
	assert_status(test_http("GET", "/account/factors", NULL, HTML, NULL), 303);
	keep_session(test_http("POST", "/login", "email=" MARA "&password=correct+horse+battery", HTML, NULL));
	assert_true(says(page("/account/security"), "/account/factors"));
	assert_true(says(page("/account/factors"), "Switched off"));
	assert_status(test_http("POST", "/account/factors/totp", "x=1", "HTTP_COOKIE", cookies, HTML, NULL), 403);
	assert_status(form("/account/factors/totp", ""), 303);
	struct request *rq = page("/account/factors");
	assert_true(says(rq, "<svg class=\"qr\""));
	assert_true(says(rq, "otpauth://totp/"));
	rq = form("/account/factors/totp/confirm", "code=000000");
	assert_status(rq, 422);
	assert_true(says(rq, "code-error"));
	snprintf(fields, sizeof(fields), "code=%s", code_in(0));
	rq = form("/account/factors/totp/confirm", fields);
	assert_status(rq, 200);
	assert_true(says(rq, "Your recovery codes"));
	assert_false(says(page("/account/factors"), "Your recovery codes"));
	assert_true(says(page("/account/factors"), "10 recovery codes left"));
	pass_time();
	snprintf(fields, sizeof(fields), "code=%s", code_in(0));
	assert_true(says(form("/account/factors/totp/recovery-codes", fields), "Your recovery codes"));
	assert_status(form("/account/factors/totp/disable", "code=1"), 422);
	pass_time();
	snprintf(fields, sizeof(fields), "code=%s", code_in(0));
	assert_status(form("/account/factors/totp/disable", fields), 303);
	assert_int_equal(count("auth.totp"), 0);
}

static void the_page_of_the_back_office(void **state)
{
	char path[100];

	(void)state;
	switch_on();
	snprintf(path, sizeof(path), "/admin/customers/%s/factors", test_sql_text("select id::text from auth.account"));
	shop_person(1, "{customer,admin}");
	shop_person(2, "{customer,support}");
	assert_status(test_http("POST", path, "csrf=" SHOP_CSRF, SHOP_AS(2), HTML, NULL), 403);
	assert_status(test_http("POST", path, "csrf=" SHOP_CSRF, SHOP_AS(1), HTML, NULL), 303);
	assert_int_equal(count("auth.totp"), 0);
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
		TEST(it_is_on_when_a_code_was_shown),
		TEST(a_session_of_long_ago_switches_nothing_on),
		TEST(it_is_asked_for_after_the_password),
		TEST(a_code_works_once),
		TEST(guesses_are_throttled),
		TEST(a_recovery_code_works_once),
		TEST(it_is_switched_off_with_a_code),
		TEST(sessions_end_with_what_opened_them),
		TEST(staff_help_whoever_lost_both),
		TEST(staff_needs_one_when_the_shop_says_so),
		TEST(the_page_asks_in_a_second_step),
		TEST(the_step_runs_out),
		TEST(the_pages_of_the_account),
		TEST(the_page_of_the_back_office),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
