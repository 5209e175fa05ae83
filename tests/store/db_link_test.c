/*
 * db_link_test.c - common/edges/db*: transactions that run again, links that die, waiting.
 */
#include "db_common.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static err_t defer_two(struct ctx *c, void *arg)
{
	(void)arg;
	db_defer(c, &ADD, PARAMS(P_TEXT("one"), P_INT(1), P_NULL));
	db_defer(c, &ADD, PARAMS(P_TEXT("two"), P_INT(1), P_NULL));
	return OK;
}

struct clash {
	struct ctx *other;
	unsigned runs;
};

static err_t raise_amount(struct ctx *c, void *arg)
{
	return db_exec(c, &RAISE_AMOUNT, PARAMS(P_TEXT(arg)), NULL);
}

static err_t clashing(struct ctx *c, void *arg)
{
	struct clash *clash = arg;
	struct number n;

	TRY(db_one(c, &AMOUNT, PARAMS(P_TEXT("a")), &n));
	if (clash->runs++ == 0)
		assert_ok(clash->other, db_tx(clash->other, DB_TX_DEFAULT, raise_amount, (void *)(uintptr_t) "a"));
	field_error(c, "noise", "noise", "forgotten when the body runs again");
	return db_exec(c, &RAISE_AMOUNT, PARAMS(P_TEXT("a")), NULL);
}

static err_t always_clashing(struct ctx *c, void *arg)
{
	((struct clash *)arg)->runs = 0;
	return clashing(c, arg);
}

static void serialization_failure_runs_again(void **state)
{
	struct ctx *c = test_ctx();
	struct clash clash = {.other = test_ctx_of(test_db_again(ROLE, TABLES, CONSTRAINT_TABLES))};
	uint64_t retries;

	(void)state;
	assert_ok(c, add(c, "a", 0));
	retries = db_stats(c->db)->retries;
	assert_ok(c, db_tx(c, DB_TX_REPEATABLE_READ, clashing, &clash));
	assert_int_equal(clash.runs, 2);
	assert_int_equal(db_stats(c->db)->retries, retries + 1);
	assert_int_equal(test_sql_int("select amount from t.item where name = 'a'"), 2);
	assert_null(c->errors->next);
	assert_err(c, db_tx(c, DB_TX_REPEATABLE_READ, always_clashing, &clash), &ERR_UNAVAILABLE);
	assert_int_equal(test_sql_int("select amount from t.item where name = 'a'"), 7);
}

struct locker {
	struct ctx *ctx;
	const char *first, *second;
	pthread_barrier_t *barrier;
	unsigned runs;
	err_t result;
};

static err_t lock_both(struct ctx *c, void *arg)
{
	struct locker *l = arg;
	struct number n;

	TRY(db_one(c, &LOCK_ITEM, PARAMS(P_TEXT(l->first)), &n));
	if (l->runs++ == 0)
		pthread_barrier_wait(l->barrier);
	TRY(db_one(c, &LOCK_ITEM, PARAMS(P_TEXT(l->second)), &n));
	TRY(raise_amount(c, (void *)(uintptr_t)l->first));
	return raise_amount(c, (void *)(uintptr_t)l->second);
}

static void *run_locker(void *arg)
{
	struct locker *l = arg;

	l->result = db_tx(l->ctx, DB_TX_DEFAULT, lock_both, l);
	return NULL;
}

static void deadlock_runs_again(void **state)
{
	pthread_barrier_t barrier;
	pthread_t thread;
	struct locker a = {.ctx = test_ctx(), .first = "a", .second = "b", .barrier = &barrier};
	struct locker b = {.ctx = test_ctx_of(test_db_again(ROLE, TABLES, CONSTRAINT_TABLES)),
		.first = "b",
		.second = "a",
		.barrier = &barrier};

	(void)state;
	assert_ok(a.ctx, add(a.ctx, "a", 0));
	assert_ok(a.ctx, add(a.ctx, "b", 0));
	pthread_barrier_init(&barrier, NULL, 2);
	assert_int_equal(pthread_create(&thread, NULL, run_locker, &b), 0);
	run_locker(&a);
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&barrier);
	assert_ok(a.ctx, a.result);
	assert_ok(b.ctx, b.result);
	/* On a busy machine the one that runs again may take its lock before the other wakes, and they meet once more. */
	assert_true(a.runs + b.runs >= 3);
	assert_int_equal(test_sql_int("select sum(amount) from t.item"), 4);
}

static void kill_backend(int64_t pid)
{
	char sql[80];

	snprintf(sql, sizeof(sql), "select pg_terminate_backend(%lld, 5000)", (long long)pid);
	assert_string_equal(test_sql_text(sql), "t");
}

static int64_t backend(struct ctx *c)
{
	struct number pid;

	assert_ok(c, db_one(c, &PID, NO_PARAMS, &pid));
	return pid.n;
}

static void reconnects_when_idle(void **state)
{
	struct ctx *c = test_ctx();
	int64_t pid = backend(c);
	uint64_t reconnects = db_stats(c->db)->reconnects;

	(void)state;
	assert_ok(c, db_prepare_all(c));
	kill_backend(pid);
	/* Noticed before anything is sent: the caller sees nothing, and statements are prepared again. */
	assert_int_equal(count_items(c), 0);
	assert_int_equal(db_stats(c->db)->reconnects, reconnects + 1);
	assert_true(backend(c) != pid);
	kill_backend(backend(c));
	assert_ok(c, db_tx(c, DB_TX_DEFAULT, defer_two, NULL));
	assert_int_equal(count_items(c), 2);
}

static err_t killed_midway(struct ctx *c, void *arg)
{
	unsigned *runs = arg;

	TRY(add(c, "once", 1));
	if ((*runs)++ == 0)
		kill_backend(backend(c));
	return add(c, "twice", 1);
}

static err_t killed_before_commit(struct ctx *c, void *arg)
{
	unsigned *runs = arg;

	TRY(add(c, "only", 1));
	if ((*runs)++ == 0)
		kill_backend(backend(c));
	return OK;
}

static void lost_link_before_commit_runs_again(void **state)
{
	struct ctx *c = test_ctx();
	unsigned runs = 0;

	(void)state;
	assert_ok(c, db_tx(c, DB_TX_DEFAULT, killed_midway, &runs));
	assert_int_equal(runs, 2);
	assert_int_equal(count_items(c), 2);
	test_sql("truncate t.item");
	runs = 0;
	assert_ok(c, db_tx(c, DB_TX_DEFAULT, killed_before_commit, &runs));
	assert_int_equal(runs, 2);
	assert_int_equal(count_items(c), 1);
}

/* Deferred with COMMIT: the backend dies while COMMIT is on its way. */
static err_t slow_commit(struct ctx *c, void *arg)
{
	*(int64_t *)arg = backend(c);
	db_defer(c, &SLOW, NO_PARAMS);
	return OK;
}

static void *kill_soon(void *arg)
{
	static const char WAITING[] = "select count(*) from pg_stat_activity where query like '%pg_sleep(20)%' and "
				      "state = 'active' and pid <> pg_backend_pid()";

	(void)arg;
	while (test_sql_int(WAITING) == 0)
		usleep(2000);
	test_sql("select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(20)%' and pid <> "
		 "pg_backend_pid()");
	return NULL;
}

static void lost_link_during_commit_is_uncertain(void **state)
{
	struct ctx *c = test_ctx();
	pthread_t thread;
	int64_t pid = 0;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, kill_soon, NULL), 0);
	assert_err(c, db_tx(c, DB_TX_DEFAULT, slow_commit, &pid), &ERR_UNCERTAIN);
	pthread_join(thread, NULL);
	assert_true(db_idle(c->db));
	assert_true(backend(c) != pid);
}

static void timeouts(void **state)
{
	struct ctx *c = test_ctx();

	(void)state;
	assert_err(c, db_exec(c, &SLOW, NO_PARAMS, NULL), &ERR_TIMEOUT); /* statement_timeout */
	assert_int_equal(count_items(c), 0);
}

static void a_schema_change_under_a_prepared_statement(void **state)
{
	struct ctx *c = test_ctx();
	struct number n;

	(void)state;
	assert_ok(c, add(c, "a", 3));
	assert_ok(c, db_one(c, &AMOUNT, PARAMS(P_TEXT("a")), &n));
	test_sql("alter table t.item alter amount type int");
	assert_ok(c, db_tx(c, DB_TX_DEFAULT, raise_amount, (void *)(uintptr_t) "a"));
	assert_err(c, db_one(c, &AMOUNT, PARAMS(P_TEXT("a")), &n), &ERR_RETRY);
	assert_ok(c, db_one(c, &AMOUNT, PARAMS(P_TEXT("a")), &n));
	assert_int_equal(n.n, 4);
	test_sql("alter table t.item alter amount type bigint");
	assert_err(c, db_one(c, &AMOUNT, PARAMS(P_TEXT("a")), &n), &ERR_RETRY);
}

static void listen_and_wait(void **state)
{
	struct ctx *c = test_ctx_of(test_db_again(ROLE, TABLES, CONSTRAINT_TABLES));
	bool notified = true;
	int stop[2];

	(void)state;
	assert_ok(c, db_listen(c, "bus"));
	assert_true(db_socket(c->db) >= 0);
	assert_ok(c, db_wait(c, 0, -1, &notified));
	assert_false(notified);
	test_sql("notify bus, 'order.placed'; notify bus, 'stock.low x'; notify other, 'y'");
	assert_ok(c, db_wait(c, 5000, -1, &notified));
	assert_true(notified);
	assert_string_equal(db_news(c->db), "order.placed stock.low x");
	test_sql("select pg_notify('bus', repeat('x', 2000))");
	assert_ok(c, db_wait(c, 5000, -1, &notified));
	assert_true(notified);
	assert_null(db_news(c->db));
	assert_ok(c, db_wait(c, 0, -1, &notified));
	assert_false(notified);
	assert_int_equal(pipe(stop), 0);
	assert_int_equal(write(stop[1], "x", 1), 1);
	assert_ok(c, db_wait(c, 60000, stop[0], &notified));
	assert_false(notified);
	/* After a loss: told once to look, and listening again. */
	kill_backend(backend(c));
	assert_ok(c, db_wait(c, 5000, -1, &notified));
	assert_true(notified);
	assert_ok(c, db_wait(c, 50, -1, &notified));
	test_sql("notify bus");
	assert_ok(c, db_wait(c, 5000, -1, &notified));
	assert_true(notified);
	close(stop[0]);
	close(stop[1]);
	assert_err(c, db_listen(c, "Bus; drop"), &ERR_INTERNAL);
}

static void no_server(void **state)
{
	struct db_setup setup = {.conninfo = "host=/nonexistent user=nobody dbname=none", .application_name = "t"};
	struct db *db = db_open(&setup);
	struct ctx *c = test_ctx_of(db);

	(void)state;
	assert_err(c, db_prepare_all(c), &ERR_UNAVAILABLE);
	assert_err(c, db_tx(c, DB_TX_DEFAULT, defer_two, NULL), &ERR_UNAVAILABLE);
	assert_true(db_idle(db));
	assert_int_equal(db_socket(db), -1);
	db_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(serialization_failure_runs_again),
		TEST(deadlock_runs_again),
		TEST(reconnects_when_idle),
		TEST(lost_link_before_commit_runs_again),
		TEST(lost_link_during_commit_is_uncertain),
		TEST(timeouts),
		TEST(a_schema_change_under_a_prepared_statement),
		TEST(listen_and_wait),
		TEST(no_server),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
