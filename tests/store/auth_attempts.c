/* Attempts to sign in: counted by account and by network, waiting that doubles, and what a right password makes good. */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_account.h"
#include "store_attempt.h"

static const struct db_stmt *const *const STATEMENTS[] = {ATTEMPT_STATEMENTS, ACCOUNT_STATEMENTS, NULL};

static struct attempt attempt(const char *account, const char *network)
{
	return (struct attempt){.keys = {account, network}, .free = {5, 20}};
}

static int64_t begun; /* by the last attempt: which key waits from then on */

static int64_t try_as(const char *account, const char *network)
{
	const struct attempt a = attempt(account, network);
	struct waiting wait = {.seconds = -1};

	assert_ok(test_ctx(), attempt_store_begin(test_ctx(), &a, &wait));
	begun = wait.begun;
	return wait.seconds;
}

static void forgive(const char *account, const char *network)
{
	const struct attempt a = attempt(account, network);
	struct ctx *c = test_ctx();
	struct waiting wait;

	attempt_store_forgive(c, &a);
	assert_ok(c, attempt_store_begin(c, &(struct attempt){.keys = {"x", "y"}}, &wait)); /* sends it */
}

static int64_t failures(const char *key)
{
	char sql[120];

	snprintf(sql, sizeof(sql), "select coalesce((select failures from auth.attempt where email_hash = '%s'), 0)", key);
	return test_sql_int(sql);
}

static int clean(void **state)
{
	(void)state;
	test_sql("delete from auth.attempt");
	return 0;
}

static void waiting_doubles(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++)
		assert_int_equal(try_as("a", "n"), 0);
	assert_int_equal(try_as("a", "n"), 1);
	assert_int_equal(failures("a"), 6); /* what was refused is not counted, neither here nor there */
	assert_int_equal(failures("n"), 6);
	for (int64_t i = 7, wait = 2; i < 20; i++, wait = wait * 2 > 900 ? 900 : wait * 2) {
		test_sql("update auth.attempt set blocked_until = now()");
		test_sql("update auth.attempt set failures = 0 where email_hash = 'n'");
		assert_int_equal(try_as("a", "n"), 0);
		assert_int_equal(try_as("a", "n"), wait);
	}
	test_sql("update auth.attempt set tried_at = now() - interval '25 hours', blocked_until = now()");
	assert_int_equal(try_as("a", "n"), 0);
	assert_int_equal(failures("a"), 1);
}

/* One password against many accounts: each account's count is low, the network's is not. */
static void a_network_is_counted_over_all_accounts(void **state)
{
	char account[20];

	(void)state;
	for (int i = 0; i < 21; i++) {
		snprintf(account, sizeof(account), "account %d", i);
		assert_int_equal(try_as(account, "n"), 0);
	}
	assert_int_equal(try_as("fresh", "n"), 1);
	assert_int_equal(failures("fresh"), 0);
	assert_int_equal(try_as("fresh", "another network"), 0);
}

/* Waiting begins once, with the first attempt that was not free; that it grows is no news. */
static void a_beginning_is_told_once(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(try_as("a", "n"), 0);
		assert_int_equal(begun, 0);
	}
	assert_int_equal(try_as("a", "n"), 0);
	assert_int_equal(begun, 1);
	assert_int_equal(try_as("a", "n"), 1);
	assert_int_equal(begun, 0);
	test_sql("update auth.attempt set blocked_until = now()");
	assert_int_equal(try_as("a", "n"), 0);
	assert_int_equal(begun, 0);
	test_sql("update auth.attempt set failures = 20, blocked_until = now() where email_hash = 'n'");
	assert_int_equal(try_as("b", "n"), 0);
	assert_int_equal(begun, 2);
}

/* A right password forgets the account's attempts, but of the network's only this one. */
static void one_account_does_not_clear_a_network(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		assert_int_equal(try_as("victim", "n"), 0);
		assert_int_equal(try_as("own", "n"), 0);
		forgive("own", "n");
	}
	assert_int_equal(failures("own"), 0);
	assert_int_equal(failures("victim"), 4);
	assert_int_equal(failures("n"), 4);
	forgive("own", NULL);
	assert_int_equal(failures("n"), 4);
}

static void a_key_without_allowance_is_not_counted(void **state)
{
	const struct attempt a = {.keys = {"a", "n"}, .free = {5, 0}};
	struct waiting wait;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_ok(test_ctx(), attempt_store_begin(test_ctx(), &a, &wait));
	assert_int_equal(failures("a"), 3);
	assert_int_equal(test_sql_int("select count(*) from auth.attempt"), 1);
}

/* Guesses that arrive together are counted before any is answered. */
static void parallel_guesses_count(void **state)
{
	struct db *other = test_db_again("es_auth", STATEMENTS, NULL);
	struct ctx *c = test_ctx_of(other);
	const struct attempt a = attempt("a", "n"), b = attempt("b", "n");
	struct waiting wait;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_ok(test_ctx(), attempt_store_begin(test_ctx(), &a, &wait));
		assert_ok(c, attempt_store_begin(c, &b, &wait));
	}
	assert_int_equal(failures("n"), 6);
}

static void networks(void **state)
{
	struct arena *a = test_ctx()->arena;

	(void)state;
	assert_string_equal(rule_network(a, "192.0.2.7"), "192.0.2.7");
	assert_string_equal(rule_network(a, "2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
	assert_string_equal(rule_network(a, "2001:db8:1:2:ffff::1"), "2001:db8:1:2::");
	assert_string_not_equal(rule_network(a, "2001:db8:1:3::1"), "2001:db8:1:2::");
	assert_string_equal(rule_network(a, ""), "");
}

static int start(void **state)
{
	(void)state;
	test_db_open("es_auth", STATEMENTS, NULL);
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
		cmocka_unit_test_setup(waiting_doubles, clean),
		cmocka_unit_test_setup(a_network_is_counted_over_all_accounts, clean),
		cmocka_unit_test_setup(a_beginning_is_told_once, clean),
		cmocka_unit_test_setup(one_account_does_not_clear_a_network, clean),
		cmocka_unit_test_setup(a_key_without_allowance_is_not_counted, clean),
		cmocka_unit_test_setup(parallel_guesses_count, clean),
		cmocka_unit_test_setup(networks, clean),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
