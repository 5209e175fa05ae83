/* What auth publishes, to whom, and that nothing else is reachable. */
#include "testing.h"
#include "settings.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#include "account.h"
#include "store_account.h"
#include "store_attempt.h"
#include "store_proof.h"
#include "store_session.h"

#define USER "01900000-0000-7000-8000-000000000001"
#define SESSION "01900000-0000-7000-8000-000000000002"

static const struct db_stmt *const *const STATEMENTS[] = {ACCOUNT_STATEMENTS, ADDRESS_STATEMENTS, SESSION_STATEMENTS,
	ATTEMPT_STATEMENTS, PROOF_STATEMENTS, NULL};
static const struct db_constraint *const CONSTRAINTS[] = {ACCOUNT_CONSTRAINTS, NULL};

/* Whether that role may run it, in a transaction that is taken back. */
static bool allowed(const char *role, const char *query)
{
	char sql[600];

	snprintf(sql, sizeof(sql),
		"create or replace function pg_temp.try() returns boolean language plpgsql as $f$ begin set local role %s; "
		"execute $q$%s$q$; reset role; return true; exception when insufficient_privilege then reset role; return false; "
		"end $f$;", role, query);
	test_sql(sql);
	return strcmp(test_sql_text("select pg_temp.try()"), "t") == 0;
}

static void test_statements_fit(void **state)
{
	(void)state;
	assert_ok(test_ctx(), db_prove(test_ctx()));
}

static void test_subjects(void **state)
{
	(void)state;
	assert_string_equal(test_sql_text("select email from auth.session_subject('hash')"), "mara@example.com");
	assert_string_equal(test_sql_text("select permissions from auth.session_subject('hash')"), "[]");
	assert_string_equal(test_sql_text("select is_staff from auth.token_subject('" SESSION "', 1)"), "f");
	assert_null(test_sql_text("select email from auth.session_subject('other')"));
	assert_null(test_sql_text("select email from auth.token_subject('" SESSION "', 2)"));
	test_sql("update auth.account set roles = '{customer,warehouse}'");
	assert_string_equal(test_sql_text("select permissions from auth.session_subject('hash')"),
		"[\"inventory:read\", \"inventory:write\", \"orders:read\", \"orders:write\", \"products:read\"]");
	test_sql("update auth.account set roles = '{admin}'");
	assert_int_equal(test_sql_int("select jsonb_array_length(permissions) from auth.session_subject('hash')"),
		test_sql_int("select count(*) from auth.permission"));
	assert_string_equal(test_sql_text("select is_staff from auth.session_subject('hash')"), "t");
	test_sql("update auth.account set state = 'blocked'");
	assert_null(test_sql_text("select email from auth.session_subject('hash')"));
	assert_null(test_sql_text("select email from auth.token_subject('" SESSION "', 1)"));
	assert_null(test_sql_text("select email from auth.user_contact('" USER "')"));
	test_sql("update auth.account set state = 'active', roles = '{customer}'");
	test_sql("update auth.session set expires_at = now()");
	assert_null(test_sql_text("select email from auth.session_subject('hash')"));
	test_sql("update auth.session set expires_at = now() + interval '1 day'");
}

static bool stands(const char *stamp)
{
	char sql[120];

	snprintf(sql, sizeof(sql), "select count(*) from auth.standing where stamp = '%s'", stamp);
	return test_sql_int(sql) == 1;
}

static void current_stamp(char stamp_r[40])
{
	snprintf(stamp_r, 40, "%s", test_sql_text("select stamp from auth.session where id = '" SESSION "'"));
}

static void test_a_stamp_stands_while_nothing_changes(void **state)
{
	static const char *const CHANGES[] = {
		"update auth.account set name = 'Mara M'", "update auth.account set email = 'm@example.com', email_key = 'm@example.com'",
		"update auth.account set roles = '{customer,warehouse}'", "update auth.account set state = 'blocked'",
		"update auth.session set version = version + 1", "update auth.session set limited = true",
		"update auth.session set ended_at = now()"};
	char stamp[40];

	(void)state;
	current_stamp(stamp);
	assert_string_equal(test_sql_text("select stamp from auth.token_subject('" SESSION "', 1)"), stamp);
	test_sql("update auth.session set seen_at = now(), expires_at = now() + interval '2 days'; update auth.account set seen_at = now()");
	assert_true(stands(stamp));
	for (size_t i = 0; i < ARRAY_LEN(CHANGES); i++) {
		current_stamp(stamp);
		assert_true(stands(stamp));
		test_sql("begin");
		test_sql(CHANGES[i]);
		if (stands(stamp))
			fail_msg("the stamp stands after: %s", CHANGES[i]);
		test_sql("rollback");
	}
	test_sql("begin; update auth.session set expires_at = now()");
	assert_false(stands(stamp));
	test_sql("rollback");
}

/* Else a session could begin beside its account's change and never hear of it. */
static void test_a_session_waits_for_its_account(void **state)
{
	PGconn *other = PQconnectdb(test_conninfo("es_auth"));
	PGresult *r;

	(void)state;
	assert_int_equal(PQstatus(other), CONNECTION_OK);
	PQclear(PQexec(other, "set lock_timeout = '20ms'"));
	test_sql("begin; update auth.account set name = 'Mara M'");
	r = PQexec(other, "insert into auth.session (id, account_id, kind, expires_at) values (gen_random_uuid(), '" USER "', 'api', now())");
	assert_string_equal(PQresultErrorField(r, PG_DIAG_SQLSTATE), "55P03");
	PQclear(r);
	test_sql("rollback; begin; insert into auth.session (id, account_id, kind, expires_at) values (gen_random_uuid(), '" USER "', 'api', now())");
	r = PQexec(other, "update auth.account set name = 'Mara M'");
	assert_string_equal(PQresultErrorField(r, PG_DIAG_SQLSTATE), "55P03");
	PQclear(r);
	test_sql("rollback");
	PQfinish(other);
}

static void test_looks_are_noted_sparingly(void **state)
{
	(void)state;
	test_sql("update auth.session set seen_at = now() - interval '4 minutes'");
	test_sql("select auth.session_subject('hash')");
	assert_string_equal(test_sql_text("select seen_at < now() - interval '3 minutes' from auth.session"), "t");
	test_sql("update auth.session set seen_at = now() - interval '6 minutes'");
	test_sql("select auth.session_subject('hash')");
	assert_string_equal(test_sql_text("select seen_at > now() - interval '1 minute' from auth.session"), "t");
	assert_string_equal(test_sql_text("select expires_at > now() + interval '29 days' from auth.session"), "t");
}

static void test_who_may_ask(void **state)
{
	static const struct {
		const char *role, *query;
		bool allowed;
	} CASES[] = {
		{"es_inventory", "select auth.session_subject('x')", true},
		{"es_cart", "select auth.token_subject(null, null)", true},
		{"es_mock_provider", "select auth.verification_keys()", true},
		{"es_cart", "select auth.addresses_of(null)", true},
		{"es_orders", "select auth.addresses_of(null)", false},
		{"es_notification", "select auth.user_contact(null)", true},
		{"es_analytics", "select auth.user_contact(null)", false},
		{"es_cart", "select auth.begin_attempts('{}', '{}')", false},
		{"es_auth", "select auth.begin_attempts('{}', '{}')", true},
		{"es_notification", "select auth.letter_facts(null, null)", true},
		{"es_auth", "select auth.letter_facts(null, null)", false},
		{"es_notification", "select recipient from auth.letter", false},
		{"es_orders", "select auth.verified_email(null)", true},
		{"es_cart", "select auth.verified_email(null)", false},
		{"es_auth", "insert into auth.letter_token values ('x', gen_random_uuid(), now())", false},
		{"es_auth", "select auth.change_email(gen_random_uuid(), 'x', 'x')", false},
		{"es_auth", "select orders.export_of(null)", true},
		{"es_auth", "select number from orders.orders", false},
		{"es_auth", "select cart.erase_person(null)", true},
		{"es_notification", "select cart.erase_person(null)", false},
		{"es_orders", "select email from auth.account", false},
		{"es_orders", "select private_key from auth.signing_key", false},
		{"es_auth", "select private_key from auth.signing_key", true},
		{"es_auth", "update auth.account set email = 'x'", false},
		{"es_auth", "delete from auth.account", false},
		{"es_auth", "insert into auth.role_permission values ('customer', 'users:write')", false},
		{"es_auth", "select count(*) from cart.cart", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		if (allowed(CASES[i].role, CASES[i].query) != CASES[i].allowed)
			fail_msg("%s: %s is %s", CASES[i].role, CASES[i].query, CASES[i].allowed ? "refused" : "allowed");
	}
}

static void test_default_address_moves(void **state)
{
	const struct uuid me = {USER};
	struct ctx *c = test_ctx();
	struct address *list;
	size_t n;

	(void)state;
	test_sql("insert into auth.address (id, account_id, name, line1, city, postal_code, country, is_default, created_at)"
		 " select gen_random_uuid(), '" USER "', 'n', 'l' || i, 'c', 'p', 'DE', i = 2, now() + i * interval '1 second'"
		 " from generate_series(1, 3) i");
	assert_ok(c, address_store_list(c, &me, &list, &n));
	assert_int_equal(n, 3);
	assert_string_equal(list[0].line1, "l2");
	assert_string_equal(test_sql_text("select line1 from auth.addresses_of('" USER "') limit 1"), "l2");
	assert_ok(c, address_store_delete(c, &me, &list[0].id));
	assert_ok(c, address_store_list(c, &me, &list, &n));
	assert_string_equal(list[0].line1, "l1");
	assert_true(list[0].is_default);
}

static void test_one_key_whoever_starts_first(void **state)
{
	(void)state;
	assert_ok(test_ctx(), keys_ensure(test_ctx()));
	assert_ok(test_ctx(), keys_ensure(test_ctx()));
	assert_int_equal(test_sql_int("select count(*) from auth.signing_key"), 1);
}

static void test_purge(void **state)
{
	(void)state;
	test_sql("insert into auth.session (id, account_id, kind, expires_at) values"
		 " (gen_random_uuid(), '" USER "', 'api', now() - interval '31 days');"
		 "insert into auth.attempt (email_hash, tried_at, blocked_until) values ('old', now() - interval '2 days', now());"
		 "insert into auth.attempt (email_hash) values ('new');"
		 "insert into auth.audit_look (actor_id, actor_kind, action, object, at) select '" USER "', 'session', 'order.read', n,"
		 " now() - n * interval '1 hour' from generate_series(0, 2) n;"
		 "insert into auth.invitation (id, account_id, email, email_key, roles, expires_at, accepted_at)"
		 " select gen_random_uuid(), gen_random_uuid(), n || '@example.com', n || '@example.com', '{support}', now() - n * interval '1 day',"
		 " case n when 1 then now() - interval '31 days' end from unnest('{-1, 1, 29, 31}'::integer[]) n");
	assert_ok(test_ctx(), session_store_purge(test_ctx()));
	assert_int_equal(test_sql_int("select count(*) from auth.session"), 1);
	assert_int_equal(test_sql_int("select count(*) from auth.attempt"), 1);
	assert_int_equal(test_sql_int("select count(*) from auth.audit_look"), 1);
	assert_string_equal(test_sql_text("select string_agg(email, ' ' order by email) from auth.invitation"), "-1@example.com 29@example.com");
}

static int start(void **state)
{
	(void)state;
	test_db_open("es_auth", STATEMENTS, CONSTRAINTS);
	test_secret("ES_SEAL_KEYS_FILE", TEST_SEAL_KEY);
	test_config(test_ctx(), AUTH_CONFIG);
	assert_ok(test_ctx(), seal_open_keys(test_ctx()));
	test_sql("insert into auth.account (id, email, email_key, name, password_hash) values "
		 "('" USER "', 'mara@example.com', 'mara@example.com', 'Mara', 'x');"
		 "insert into auth.session (id, account_id, kind, token_hash, expires_at, idle_life, ends_at) values "
		 "('" SESSION "', '" USER "', 'page', 'hash', now() + interval '1 day', '30 days', now() + interval '90 days')");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_db_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_statements_fit),
		cmocka_unit_test(test_subjects),
		cmocka_unit_test(test_a_stamp_stands_while_nothing_changes),
		cmocka_unit_test(test_a_session_waits_for_its_account),
		cmocka_unit_test(test_looks_are_noted_sparingly),
		cmocka_unit_test(test_who_may_ask),
		cmocka_unit_test(test_default_address_moves),
		cmocka_unit_test(test_one_key_whoever_starts_first),
		cmocka_unit_test(test_purge),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
