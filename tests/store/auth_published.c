/* What auth publishes, to whom, and that nothing else is reachable. */
#include "testing.h"
#include "secret.h"

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
		 "insert into auth.attempt (email_hash) values ('new')");
	assert_ok(test_ctx(), session_store_purge(test_ctx()));
	assert_int_equal(test_sql_int("select count(*) from auth.session"), 1);
	assert_int_equal(test_sql_int("select count(*) from auth.attempt"), 1);
}

static int start(void **state)
{
	size_t n = 0;

	(void)state;
	test_db_open("es_auth", STATEMENTS, CONSTRAINTS);
	test_secret("ES_SEAL_KEYS_FILE", TEST_SEAL_KEY);
	while (AUTH_CONFIG[n].name != NULL)
		n++;
	assert_ok(test_ctx(), config_load(test_ctx(), AUTH_CONFIG, n));
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
		cmocka_unit_test(test_looks_are_noted_sparingly),
		cmocka_unit_test(test_who_may_ask),
		cmocka_unit_test(test_default_address_moves),
		cmocka_unit_test(test_one_key_whoever_starts_first),
		cmocka_unit_test(test_purge),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
