/* What the database keeps and can't read: sealed at once or later, by keys that change, and the day a key is lost. */
#include "testing.h"
#include "http.h"
#include "settings.h"

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
#include "store_seal.h"
#include "store_session.h"

#define MARA "mara@example.com"
#define UNKNOWN_KEY "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCA"
#define AUTH "HTTP_AUTHORIZATION", bearer

static const struct db_stmt *const *const STATEMENTS[] = {ACCOUNT_STATEMENTS, SESSION_STATEMENTS, ATTEMPT_STATEMENTS,
	PROOF_STATEMENTS, ACCESS_STATEMENTS, FACTOR_STATEMENTS, SEAL_STATEMENTS, NULL};
static const struct db_constraint *const CONSTRAINTS[] = {ACCOUNT_CONSTRAINTS, NULL};

static char bearer[2000], recovery[RECOVERY_CODE_TEXT_MAX];
static unsigned char secret[TOTP_SECRET_BYTES];

/* As a process that starts with these keys. */
static void start_with(const char *keys)
{
	test_secret("ES_SEAL_KEYS_FILE", keys);
	test_config(test_ctx(), AUTH_CONFIG);
	assert_ok(test_ctx(), auth_init(test_ctx()));
}

/* A code that was not used: each is of a later period. */
static const char *next_code(void)
{
	static char code[TOTP_CODE_MAX];

	clock_freeze_us(clock_now_us() + TOTP_PERIOD_SECS * US_PER_SEC);
	assert_true(totp_code((struct str){(const char *)secret, sizeof(secret)},
		(uint64_t)(clock_now_us() / US_PER_SEC / TOTP_PERIOD_SECS), TOTP_DIGITS, code));
	return code;
}

static struct request *login_with(const char *code)
{
	char body[300];

	test_sql("delete from auth.attempt");
	snprintf(body, sizeof(body), "{\"email\":\"" MARA "\",\"password\":\"correct horse battery\",\"totp\":\"%s\"}", code);
	return test_http("POST", "/api/v1/auth/login", body, NULL);
}

/* Base32 of the key, as it is shown once. */
static void keep_secret(const char *shown)
{
	static const char LETTERS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	unsigned bits = 0, have = 0;
	size_t n = 0;

	for (const char *p = shown; *p != '\0' && n < sizeof(secret); p++) {
		bits = bits << 5 | (unsigned)(strchr(LETTERS, *p) - LETTERS);
		have += 5;
		if (have >= 8) {
			have -= 8;
			secret[n++] = (unsigned char)(bits >> have);
		}
	}
	assert_int_equal(n, sizeof(secret));
}

static int clean(void **state)
{
	char body[100];
	struct request *rq;

	(void)state;
	test_sql("truncate auth.account, auth.attempt, auth.audit_entry, bus.outbox cascade");
	start_with(TEST_SEAL_KEY "\n" TEST_SEAL_KEY_NEXT);
	assert_ok(test_ctx(), command_reseal(test_ctx(), 0, NULL));
	start_with(TEST_SEAL_KEY);
	clock_freeze_us(clock_now_us() + 10 * TOTP_PERIOD_SECS * US_PER_SEC);
	assert_status(test_http("POST", "/api/v1/auth/register",
		"{\"email\":\"" MARA "\",\"password\":\"correct horse battery\",\"name\":\"Mara\"}", NULL), 201);
	rq = login_with("");
	assert_status(rq, 200);
	snprintf(bearer, sizeof(bearer), "Bearer %s", json_text(test_json(rq), "access_token", ""));
	rq = test_http("POST", "/api/v1/me/totp", NULL, AUTH, NULL);
	assert_status(rq, 201);
	keep_secret(json_text(test_json(rq), "secret", ""));
	snprintf(body, sizeof(body), "{\"code\":\"%s\"}", next_code());
	rq = test_http("POST", "/api/v1/me/totp/confirm", body, AUTH, NULL);
	assert_status(rq, 200);
	snprintf(recovery, sizeof(recovery), "%s", json_string_value(json_array_get(json_object_get(test_json(rq), "recovery_codes"), 0)));
	return 0;
}

static int64_t count(const char *what)
{
	char sql[400];

	snprintf(sql, sizeof(sql), "select count(*) from %s", what);
	return test_sql_int(sql);
}

static const char *hex_secret(void)
{
	return hex(test_ctx()->arena, secret, sizeof(secret));
}

/* ------------------------------------------------------------------ */

static void the_database_can_not_read_them(void **state)
{
	char sql[300];

	(void)state;
	snprintf(sql, sizeof(sql), "auth.totp where position(decode('%s', 'hex') in secret) > 0", hex_secret());
	assert_int_equal(count(sql), 0);
	assert_int_equal(count("auth.totp where sealed_by is not null"), 1);
	assert_int_equal(count("auth.signing_key where sealed_by is not null and position('PRIVATE'::bytea in private_key) = 0"), 1);
	assert_status(login_with(next_code()), 200);
}

/* One account's sealed key in another's row is nobody's: codes of the one do not open the other. */
static void a_key_moved_to_another_account_opens_nothing(void **state)
{
	(void)state;
	assert_status(test_http("POST", "/api/v1/auth/register",
		"{\"email\":\"lena@example.com\",\"password\":\"correct horse battery\",\"name\":\"Lena\"}", NULL), 201);
	test_sql("update auth.totp set account_id = (select id from auth.account where email = 'lena@example.com')");
	test_sql("update auth.account set email_key = case email_key when '" MARA "' then 'x@example.com' else '" MARA "' end where email_key <> ''");
	assert_status(login_with(next_code()), 401);
}

static void what_was_in_the_clear_is_sealed_later(void **state)
{
	char sql[300];

	(void)state;
	snprintf(sql, sizeof(sql), "update auth.totp set secret = decode('%s', 'hex'), sealed_by = null", hex_secret());
	test_sql(sql);
	assert_status(login_with(next_code()), 200);
	assert_ok(test_ctx(), reseal_some(test_ctx()));
	assert_int_equal(count("auth.totp where sealed_by is null"), 0);
	assert_status(login_with(next_code()), 200);
}

static void keys_are_changed_without_anybody_noticing(void **state)
{
	(void)state;
	start_with(TEST_SEAL_KEY_NEXT "\n" TEST_SEAL_KEY);
	assert_status(login_with(next_code()), 200);
	assert_ok(test_ctx(), command_reseal(test_ctx(), 0, NULL));
	assert_int_equal(count("(select sealed_by from auth.totp union select sealed_by from auth.signing_key) as s"), 1);
	start_with(TEST_SEAL_KEY_NEXT);
	assert_status(login_with(next_code()), 200);
	assert_int_equal(count("auth.signing_key"), 1);
	assert_status(test_http("GET", "/api/v1/me", NULL, AUTH, NULL), 200);
}

/* Codes of the app are no good any more; those on paper are, and tokens are signed by a new key. */
static void the_day_the_key_is_lost(void **state)
{
	int64_t lost = 0;
	char body[100];

	(void)state;
	start_with(UNKNOWN_KEY);
	assert_int_equal(count("auth.signing_key"), 2);
	assert_status(login_with(next_code()), 401);
	assert_status(login_with(recovery), 200);
	assert_ok(test_ctx(), seal_store_lost(test_ctx(), &lost));
	assert_int_equal(lost, 2);
	assert_ok(test_ctx(), reseal_some(test_ctx()));
	assert_int_equal(count("auth.totp"), 1);
	/* what they were given before still holds, and a new key is made as ever */
	assert_status(test_http("GET", "/api/v1/me", NULL, AUTH, NULL), 200);
	test_sql("delete from auth.attempt; update auth.recovery_code set used_at = null");
	snprintf(body, sizeof(body), "{\"code\":\"%s\"}", recovery);
	assert_status(test_http("DELETE", "/api/v1/me/totp", body, AUTH, NULL), 204);
	assert_status(test_http("POST", "/api/v1/me/totp", NULL, AUTH, NULL), 201);
}

/* ------------------------------------------------------------------ */

static int start(void **state)
{
	(void)state;
	struct db *db = test_db_open("es_auth", test_statements(STATEMENTS), CONSTRAINTS);
	setenv("ES_ARGON2_KIB", "8", 1);
	setenv("ES_ARGON2_PASSES", "1", 1);
	test_http_open(AUTH_ROUTES, db);
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
		TEST(the_database_can_not_read_them),
		TEST(a_key_moved_to_another_account_opens_nothing),
		TEST(what_was_in_the_clear_is_sealed_later),
		TEST(keys_are_changed_without_anybody_noticing),
		TEST(the_day_the_key_is_lost),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
