/* Devices that are known: a sign-in from another one is told to the account's owner. */
#include "testing.h"
#include "http.h"
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_access.h"
#include "store_account.h"
#include "store_attempt.h"
#include "store_factor.h"
#include "store_proof.h"
#include "store_session.h"

#define MARA "mara@example.com"
#define LENA "lena@example.com"
#define FIREFOX "HTTP_USER_AGENT", "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"

static const struct db_stmt *const *const STATEMENTS[] = {ACCOUNT_STATEMENTS, SESSION_STATEMENTS, ATTEMPT_STATEMENTS,
	PROOF_STATEMENTS, ACCESS_STATEMENTS, FACTOR_STATEMENTS, NULL};
static const struct db_constraint *const CONSTRAINTS[] = {ACCOUNT_CONSTRAINTS, NULL};

struct browser {
	char device[60];
};

static void register_user(const char *email)
{
	char body[200];

	snprintf(body, sizeof(body), "{\"email\":\"%s\",\"password\":\"correct horse battery\",\"name\":\"N\"}", email);
	assert_status(test_http("POST", "/api/v1/auth/register", body, NULL), 201);
}

static void sign_in(struct browser *b, const char *email)
{
	char form[200], cookies[200];
	struct request *rq;

	snprintf(form, sizeof(form), "email=%s&password=correct+horse+battery", email);
	snprintf(cookies, sizeof(cookies), "es_device=%s", b->device);
	rq = test_http("POST", "/login", form, FIREFOX, "HTTP_COOKIE", cookies, "REMOTE_ADDR", "192.0.2.7", NULL);
	assert_status(rq, 303);
	snprintf(b->device, sizeof(b->device), "%s", test_cookie(rq, "es_device"));
	assert_int_equal(strlen(b->device), 43);
}

static void sign_in_program(const char *agent, const char *address)
{
	assert_status(test_http("POST", "/api/v1/auth/login", "{\"email\":\"" MARA "\",\"password\":\"correct horse battery\"}",
		"HTTP_USER_AGENT", agent, "REMOTE_ADDR", address, NULL), 200);
}

static int64_t told(const char *email)
{
	char sql[200];

	snprintf(sql, sizeof(sql), "select count(*) from auth.letter where kind = 'new_device' and recipient = '%s'", email);
	return test_sql_int(sql);
}

static int clean(void **state)
{
	(void)state;
	test_sql("truncate auth.account, auth.attempt, auth.audit_entry, bus.outbox cascade");
	register_user(MARA);
	return 0;
}

/* ------------------------------------------------------------------ */

static void another_browser_is_told_of(void **state)
{
	struct browser own = {""}, other = {""};

	(void)state;
	sign_in(&own, MARA); /* the first one is the owner's */
	sign_in(&own, MARA);
	sign_in(&own, MARA);
	assert_int_equal(told(MARA), 0);
	sign_in(&other, MARA);
	assert_int_equal(told(MARA), 1);
	assert_string_equal(test_sql_text("select about from auth.letter where kind = 'new_device'"), "Firefox, Windows, 192.0.2.x");
	assert_int_equal(test_sql_int("select count(*) from bus.outbox where topic = 'user.letter_requested'"
		" and payload->>'kind' = 'new_device' and payload::text not like '%Firefox%'"), 1);
	sign_in(&other, MARA);
	sign_in(&own, MARA);
	assert_int_equal(told(MARA), 1);
}

/* A cookie is good once: whoever put it there knows nothing of the next one. */
static void a_planted_cookie_is_worth_nothing(void **state)
{
	struct browser own = {""}, planted;

	(void)state;
	sign_in(&own, MARA);
	planted = own;
	sign_in(&own, MARA);
	assert_string_not_equal(own.device, planted.device);
	sign_in(&planted, MARA);
	assert_int_equal(told(MARA), 1);
	assert_int_equal(test_sql_int("select count(*) from auth.known_device where device_hash !~ '^[0-9a-f]{64}$'"), 0);
}

static void two_accounts_share_a_browser(void **state)
{
	struct browser shared = {""}, other = {""};

	(void)state;
	register_user(LENA);
	for (int i = 0; i < 3; i++) {
		sign_in(&shared, MARA);
		sign_in(&shared, LENA);
	}
	assert_int_equal(told(MARA) + told(LENA), 0);
	sign_in(&other, LENA);
	assert_int_equal(told(MARA), 0);
	assert_int_equal(told(LENA), 1);
}

static void programs_are_known_by_name_and_network(void **state)
{
	(void)state;
	sign_in_program("till/1.0", "192.0.2.7");
	sign_in_program("till/1.0", "192.0.2.8");
	assert_int_equal(told(MARA), 0);
	sign_in_program("till/1.0", "198.51.100.7");
	assert_int_equal(told(MARA), 1);
	sign_in_program("other/1.0", "192.0.2.7");
	assert_int_equal(told(MARA), 2);
	sign_in_program("other/1.0", "192.0.2.7");
	assert_int_equal(told(MARA), 2);
}

static void what_was_not_used_for_long_is_forgotten(void **state)
{
	struct browser own = {""};

	(void)state;
	sign_in(&own, MARA);
	test_sql("update auth.known_device set seen_at = now() - interval '401 days'; select auth.purge_challenges()");
	sign_in(&own, MARA);
	assert_int_equal(told(MARA), 1);
}

/* ------------------------------------------------------------------ */

static int start(void **state)
{
	(void)state;
	struct db *db = test_db_open("es_auth", test_statements(STATEMENTS), CONSTRAINTS);
	test_auth_settings();
	test_config(test_ctx(), AUTH_CONFIG);
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
		TEST(another_browser_is_told_of),
		TEST(a_planted_cookie_is_worth_nothing),
		TEST(two_accounts_share_a_browser),
		TEST(programs_are_known_by_name_and_network),
		TEST(what_was_not_used_for_long_is_forgotten),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
