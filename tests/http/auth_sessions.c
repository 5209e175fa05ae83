/* How long sessions live: without use, and in all. */
#include "testing.h"
#include "http.h"
#include "settings.h"
#include "shop.h"

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
#define LOGIN "email=" MARA "&password=correct+horse+battery"
#define ADMIN SHOP_AS(1)
#define MINUTES(n) (60 * (n))
#define HOURS(n) (3600 * (n))
#define DAYS(n) (86400 * (n))

static const struct db_stmt *const *const STATEMENTS[] = {ACCOUNT_STATEMENTS, SESSION_STATEMENTS, ATTEMPT_STATEMENTS,
	PROOF_STATEMENTS, ACCESS_STATEMENTS, FACTOR_STATEMENTS, NULL};
static const struct db_constraint *const CONSTRAINTS[] = {ACCOUNT_CONSTRAINTS, NULL};

static char cookies[300], refresh[100];

/* Of Mara's newest session, in seconds from now. */
static int64_t ends(const char *what)
{
	char sql[300];

	snprintf(sql, sizeof(sql), "select round(extract(epoch from s.%s - now()))::bigint from auth.session s join auth.account a"
		" on a.id = s.account_id where a.email_key = '" MARA "' order by s.created_at desc, s.id desc limit 1", what);
	return test_sql_int(sql);
}

static void assert_ends(int64_t idle, int64_t most)
{
	assert_in_range(ends("expires_at"), idle - 30, idle);
	assert_in_range(ends("ends_at"), most - 30, most);
}

/* As if Mara's sessions had been opened, and last used, so much earlier. Only time makes them older, so the promise stands aside. */
static void pass(int64_t secs)
{
	shop_sql("alter table auth.session disable trigger session_bound; update auth.session set created_at = created_at - i,"
		 " seen_at = seen_at - i, expires_at = expires_at - i, ends_at = ends_at - i from (select %lld * interval '1 second' as i) as t;"
		 " update auth.refresh_token set expires_at = expires_at - %lld * interval '1 second';"
		 " alter table auth.session enable trigger session_bound", (long long)secs, (long long)secs);
}

static struct request *enter(const char *form)
{
	struct request *rq = test_http("POST", "/login", form, NULL);

	assert_status(rq, 303);
	snprintf(cookies, sizeof(cookies), "es_session=%s", test_cookie(rq, "es_session"));
	return rq;
}

static int account_status(void)
{
	return test_http("GET", "/account", NULL, "HTTP_COOKIE", cookies, "HTTP_ACCEPT", "text/html", NULL)->res.status;
}

static struct request *trade(void)
{
	char body[200];
	struct request *rq;

	snprintf(body, sizeof(body), "{\"refresh_token\":\"%s\"}", refresh);
	rq = test_http("POST", "/api/v1/auth/refresh", body, NULL);
	if (rq->res.status == 200)
		snprintf(refresh, sizeof(refresh), "%s", json_text(test_json(rq), "refresh_token", ""));
	return rq;
}

static void enter_as_program(void)
{
	struct request *rq = test_http("POST", "/api/v1/auth/login",
		"{\"email\":\"" MARA "\",\"password\":\"correct horse battery\"}", NULL);

	assert_status(rq, 200);
	snprintf(refresh, sizeof(refresh), "%s", json_text(test_json(rq), "refresh_token", ""));
}

static void make_staff(void)
{
	test_sql("update auth.account set roles = '{customer,support}' where email_key = '" MARA "'");
}

static int clean(void **state)
{
	(void)state;
	test_sql("truncate auth.account, auth.attempt, auth.audit_entry, bus.outbox cascade");
	shop_person(1, "{customer,admin}");
	assert_status(test_http("POST", "/api/v1/auth/register",
		"{\"email\":\"" MARA "\",\"password\":\"correct horse battery\",\"name\":\"Mara\"}", NULL), 201);
	return 0;
}

/* ------------------------------------------------------------------ */

static void staff_is_out_after_half_an_hour_or_a_day_of_work(void **state)
{
	struct request *rq;

	(void)state;
	make_staff();
	rq = enter(LOGIN "&remember=1"); /* as they like, but not for longer */
	assert_ends(MINUTES(30), HOURS(12));
	assert_non_null(memmem(rq->res.headers[0].value, strlen(rq->res.headers[0].value), "Max-Age=43200", 13));
	for (int i = 0; i < 28; i++) { /* 11 hours and 40 minutes at work */
		pass(MINUTES(25));
		assert_int_equal(account_status(), 200);
		assert_in_range(ends("expires_at"), MINUTES(19), MINUTES(30));
	}
	assert_in_range(ends("expires_at"), MINUTES(19), MINUTES(20));
	pass(MINUTES(20));
	assert_int_equal(account_status(), 303);
	enter(LOGIN);
	assert_ends(MINUTES(30), HOURS(12));
	pass(MINUTES(31));
	assert_int_equal(account_status(), 303);
}

static void customers_stay_longer_but_not_for_ever(void **state)
{
	(void)state;
	enter(LOGIN "&remember=1");
	assert_ends(DAYS(30), DAYS(90));
	for (int i = 0; i < 3; i++) {
		pass(DAYS(29));
		assert_int_equal(account_status(), 200);
	}
	assert_in_range(ends("expires_at"), DAYS(3) - 30, DAYS(3));
	pass(DAYS(3));
	assert_int_equal(account_status(), 303);
	enter(LOGIN);
	assert_ends(HOURS(24), HOURS(24));
	pass(HOURS(23));
	assert_int_equal(account_status(), 200);
	pass(HOURS(1));
	assert_int_equal(account_status(), 303);
}

static void programs_too(void **state)
{
	(void)state;
	enter_as_program();
	assert_ends(DAYS(30), DAYS(90));
	for (int i = 0; i < 3; i++) {
		pass(DAYS(29));
		assert_status(trade(), 200);
	}
	assert_int_equal(test_sql_int("select count(*) from auth.refresh_token r join auth.session s on s.id = r.session_id"
		" where r.expires_at > s.ends_at"), 0);
	pass(DAYS(3));
	assert_status(trade(), 401);
	make_staff();
	enter_as_program();
	assert_ends(MINUTES(30), HOURS(12));
	pass(MINUTES(29));
	assert_status(trade(), 200);
	pass(MINUTES(31));
	assert_status(trade(), 401);
}

/* Whatever a statement says: the row knows its end. */
static void no_use_puts_off_the_end(void **state)
{
	static const char *const ATTEMPTS[] = {
		"update auth.session set ends_at = ends_at + interval '1 second'",
		"update auth.session set idle_life = idle_life + interval '1 second'",
		"update auth.session set idle_life = '1 year', ends_at = 'infinity', expires_at = 'infinity'",
	};

	(void)state;
	make_staff();
	enter(LOGIN);
	for (size_t i = 0; i < ARRAY_LEN(ATTEMPTS); i++)
		shop_sql("do $$ begin begin %s; exception when others then return; end; raise 'this was let through'; end $$", ATTEMPTS[i]);
	test_sql("update auth.session set expires_at = now() + interval '1 year'");
	assert_ends(MINUTES(30), HOURS(12));
	test_sql("update auth.session set ends_at = now() + interval '5 minutes'");
	assert_ends(MINUTES(5), MINUTES(5));
	test_sql("insert into auth.refresh_token (token_hash, session_id, expires_at) select id::text, id, now() + interval '1 year' from auth.session");
	assert_int_equal(test_sql_int("select count(*) from auth.refresh_token r join auth.session s on s.id = r.session_id"
		" where r.expires_at > s.ends_at"), 0);
}

static void who_becomes_staff_has_staffs_sessions(void **state)
{
	char path[120];

	(void)state;
	enter(LOGIN "&remember=1");
	snprintf(path, sizeof(path), "/api/v1/users/%s", test_sql_text("select id::text from auth.account where email_key = '" MARA "'"));
	assert_status(test_http("PATCH", path, "{\"blocked\":false}", ADMIN, NULL), 200);
	assert_ends(DAYS(30), DAYS(90));
	assert_status(test_http("PATCH", path, "{\"roles\":[\"customer\",\"support\"]}", ADMIN, NULL), 200);
	assert_ends(MINUTES(30), HOURS(12));
	assert_int_equal(account_status(), 200);
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
		TEST(staff_is_out_after_half_an_hour_or_a_day_of_work),
		TEST(customers_stay_longer_but_not_for_ever),
		TEST(programs_too),
		TEST(no_use_puts_off_the_end),
		TEST(who_becomes_staff_has_staffs_sessions),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
