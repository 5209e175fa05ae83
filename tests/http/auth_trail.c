/* What signing in leaves in the audit log: who came in, who was refused and why, what waits and what came back. */
#include "testing.h"
#include "http.h"
#include "settings.h"
#include "shop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit_log.h"
#include "store_access.h"
#include "store_account.h"
#include "store_attempt.h"
#include "store_factor.h"
#include "store_proof.h"
#include "store_session.h"

#define MARA "mara@example.com"
#define PASSWORD "correct horse battery"
#define ADMIN SHOP_AS(1)
#define HTML "HTTP_ACCEPT", "text/html"

static const struct db_stmt *const *const STATEMENTS[] = {ACCOUNT_STATEMENTS, SESSION_STATEMENTS, ATTEMPT_STATEMENTS,
	PROOF_STATEMENTS, ACCESS_STATEMENTS, FACTOR_STATEMENTS, AUDIT_LOG_STATEMENTS, NULL};
static const struct db_constraint *const CONSTRAINTS[] = {ACCOUNT_CONSTRAINTS, NULL};

static struct request *login(const char *email, const char *password)
{
	char body[300];

	snprintf(body, sizeof(body), "{\"email\":\"%s\",\"password\":\"%s\"}", email, password);
	return test_http("POST", "/api/v1/auth/login", body, NULL);
}

/* "reason of the account" of each entry, oldest first; the account is "mara" or "nobody". */
static const char *entries(const char *action)
{
	char sql[500];

	snprintf(sql, sizeof(sql), "select string_agg(coalesce(after->>'reason', after->>'counted', after->>'shown') || ' ' ||"
		" case when object_id is null then 'nobody' when object_id = (select id::text from auth.account where email_key = '" MARA "')"
		" then 'mara' else 'somebody' end, ', ' order by id) from auth.audit_entry where action = '%s'", action);
	const char *found = test_sql_text(sql);
	return found != NULL ? found : "";
}

static bool says(const struct request *rq, const char *words)
{
	return memmem(rq->res.body.p, rq->res.body.n, words, strlen(words)) != NULL;
}

static int clean(void **state)
{
	(void)state;
	test_sql("truncate auth.account, auth.attempt, auth.audit_entry, bus.outbox cascade");
	shop_person(1, "{customer,admin}");
	assert_status(test_http("POST", "/api/v1/auth/register",
		"{\"email\":\"" MARA "\",\"password\":\"" PASSWORD "\",\"name\":\"Mara\"}", NULL), 201);
	return 0;
}

/* ------------------------------------------------------------------ */

static void who_came_in(void **state)
{
	(void)state;
	assert_status(login(MARA, PASSWORD), 200);
	assert_status(test_http("POST", "/login", "email=" MARA "&password=correct+horse+battery", HTML, NULL), 303);
	assert_string_equal(entries("sign_in.accept"), "password mara, password mara");
	assert_string_equal(test_sql_text("select string_agg(after->>'kind', ' ' order by id) from auth.audit_entry"), "api page");
	assert_int_equal(test_sql_int("select count(*) from auth.audit_entry e join auth.session s on s.id::text = e.after->>'session'"
		" where e.actor_id = s.account_id"), 2);
}

static void who_was_refused_and_why(void **state)
{
	(void)state;
	assert_status(login(MARA, "not this one"), 401);
	test_sql("update auth.account set state = 'blocked'");
	assert_status(login(MARA, PASSWORD), 401);
	assert_status(login(MARA, "not this one"), 401);
	assert_status(login("nobody@example.com", PASSWORD), 401);
	assert_string_equal(entries("sign_in.refuse"), "password mara, blocked mara, password mara, unknown nobody");
	assert_int_equal(test_sql_int("select count(*) from auth.audit_entry where actor_id is not null"), 0);
	assert_int_equal(test_sql_int("select count(*) from auth.audit_entry e where e::text like '%not this one%' or e::text like '%@%'"), 0);
}

static uint64_t statements_of(const char *email)
{
	uint64_t before = db_stats(test_ctx()->db)->statements, trips = db_stats(test_ctx()->db)->round_trips;

	assert_status(login(email, "not this one"), 401);
	return (db_stats(test_ctx()->db)->statements - before) * 1000 + db_stats(test_ctx()->db)->round_trips - trips;
}

/* Who watches how long an answer takes learns nothing: the database is asked as much. */
static void a_refusal_is_the_same_work_for_all(void **state)
{
	uint64_t known, unknown;

	(void)state;
	assert_status(login(MARA, "not this one"), 401); /* everything is prepared */
	for (int i = 0; i < 4; i++) {
		known = statements_of(MARA);
		unknown = statements_of("nobody@example.com");
		assert_int_equal(known, unknown);
	}
}

static void waiting_begins_once(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++) {
		assert_status(login(MARA, "not this one"), 401);
		assert_status(login("nobody@example.com", "not this one"), 401);
	}
	assert_status(login(MARA, PASSWORD), 429);
	assert_string_equal(entries("sign_in.throttle"), "account mara, account nobody");
	assert_string_equal(test_sql_text("select distinct after->>'purpose' from auth.audit_entry where action = 'sign_in.throttle'"), "login");
}

static void a_spent_token_that_comes_back(void **state)
{
	char body[200], bearer[2000];
	struct request *rq = login(MARA, PASSWORD);

	(void)state;
	snprintf(body, sizeof(body), "{\"refresh_token\":\"%s\"}", json_text(test_json(rq), "refresh_token", ""));
	assert_status(test_http("POST", "/api/v1/auth/refresh", body, NULL), 200);
	for (int i = 0; i < 2; i++) /* a session ends once */
		assert_status(test_http("POST", "/api/v1/auth/refresh", body, NULL), 401);
	assert_int_equal(test_sql_int("select count(*) from auth.audit_entry e join auth.session s on s.id::text = e.after->>'session'"
		" and s.account_id::text = e.object_id where e.action = 'session.token_reuse' and s.ended_at is not null"), 1);
	rq = login(MARA, PASSWORD);
	snprintf(bearer, sizeof(bearer), "Bearer %s", json_text(test_json(rq), "access_token", ""));
	assert_status(test_http("POST", "/api/v1/auth/logout", NULL, "HTTP_AUTHORIZATION", bearer, NULL), 204);
	assert_int_equal(test_sql_int("select count(*) from auth.audit_entry where action = 'session.end' and actor_id::text = object_id"), 1);
}

static void a_key_after_its_end(void **state)
{
	static const char *const ENDS[] = {"expires_at = now()", "revoked_at = now()"};
	char bearer[100];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ENDS); i++) {
		struct request *rq = test_http("POST", "/api/v1/api-keys", "{\"name\":\"Till\",\"scopes\":[\"users:read\"],\"expires_in_days\":9}", ADMIN, NULL);
		assert_status(rq, 201);
		snprintf(bearer, sizeof(bearer), "Bearer %s", json_text(test_json(rq), "key", ""));
		assert_status(test_http("GET", "/api/v1/users", NULL, "HTTP_AUTHORIZATION", bearer, NULL), 200);
		shop_sql("update auth.api_key set %s where revoked_at is null and expires_at > now()", ENDS[i]);
		for (int again = 0; again < 3; again++)
			assert_status(test_http("GET", "/api/v1/users", NULL, "HTTP_AUTHORIZATION", bearer, NULL), 401);
	}
	assert_string_equal(test_sql_text("select string_agg(after->>'reason', ' ' order by id) from auth.audit_entry"
		" where action = 'api_key.refuse' and actor_kind = 'api_key' and object_type = 'api_key'"), "expired revoked");
	assert_int_equal(test_sql_int("select count(*) from auth.audit_entry where substr(id::text, 15, 1) <> '7'"), 0);
	test_sql("update auth.api_key set refused_at = now() - interval '2 hours'");
	assert_status(test_http("GET", "/api/v1/users", NULL, "HTTP_AUTHORIZATION", bearer, NULL), 401);
	assert_int_equal(test_sql_int("select count(*) from auth.audit_entry where action = 'api_key.refuse'"), 3);
	assert_status(test_http("GET", "/api/v1/users", NULL, "HTTP_AUTHORIZATION", "Bearer es_live_nobodysnobodysnobodysnobodysnobodysnobodysno", NULL), 401);
	assert_int_equal(test_sql_int("select count(*) from auth.audit_entry where action = 'api_key.refuse'"), 3);
}

static void staff_find_them(void **state)
{
	(void)state;
	assert_status(login(MARA, "not this one"), 401);
	assert_status(login(MARA, PASSWORD), 200);
	assert_status(login("nobody@example.com", PASSWORD), 401);
	struct request *rq = test_http("GET", "/api/v1/audit?action=sign_in.", NULL, ADMIN, NULL);
	assert_status(rq, 200);
	assert_int_equal(json_array_size(json_object_get(test_json(rq), "data")), 3);
	rq = test_http("GET", "/admin/audit?q=" MARA, NULL, ADMIN, HTML, NULL);
	assert_status(rq, 200);
	assert_true(says(rq, "sign_in.accept"));
	assert_true(says(rq, "sign_in.refuse"));
	assert_true(says(rq, "href=\"/admin/customers/"));
	assert_false(says(rq, "unknown"));
	rq = test_http("GET", "/admin/audit?q=sign_in.refuse", NULL, ADMIN, HTML, NULL);
	assert_true(says(rq, "unknown"));
	assert_true(says(rq, "Nobody signed in"));
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
		TEST(who_came_in),
		TEST(who_was_refused_and_why),
		TEST(a_refusal_is_the_same_work_for_all),
		TEST(waiting_begins_once),
		TEST(a_spent_token_that_comes_back),
		TEST(a_key_after_its_end),
		TEST(staff_find_them),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
