/*
 * bus_subscription.c - where subscriptions begin, how they pause and go back, what they
 * are told of, and the queue of jobs: through common/app and what staff may call.
 */
#include "testing.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/event.h"
#include "data/clock.h"

#define HISTORY 3000

struct number {
	int64_t n;
};
static const struct db_column NUMBER_COLUMNS[] = {DB_COLUMN(struct number, n, DB_INT64)};
static const struct db_stmt SEQUENCE =
	DB_ROWS("test_sequence", struct number, NUMBER_COLUMNS, SQL("select bus.sequence_batch()::bigint as n"));
static const struct db_stmt EFFECT =
	DB_EXEC("test_effect", SQL("insert into public.effect (pos, key, n) values ($1, $2, $3)"));
static const struct db_stmt PAUSE = DB_EXEC("test_pause", SQL("select bus.pause('orders.test', $1)"));
static const struct db_stmt REPLAY = DB_EXEC("test_replay", SQL("select bus.replay('orders.test', $1)"));
static const struct db_stmt REPLAY_SINCE =
	DB_EXEC("test_replay_since", SQL("select bus.replay_since('orders.test', $1::timestamptz)"));

static int64_t fail_at;

static err_t note(struct ctx *c, const struct received_event *e)
{
	int64_t n = json_int(e->payload, "n", 0);

	if (n == fail_at && n != 0)
		return fail(c, &ERR_CONFLICT, "not this one");
	return db_exec(c, &EFFECT, PARAMS(P_INT(e->position), P_TEXT(e->order_key), P_INT(n)), NULL);
}

static const char *const TOPICS[] = {"order.placed", NULL};
static struct consumer consumers[] = {{.subscription = "orders.test", .topics = TOPICS, .handle = note}, {0}};
static const struct work CONSUMING = {.consumers = consumers};

static int start(void **state)
{
	(void)state;
	(void)test_db_open("es_orders", NULL, NULL);
	(void)test_ctx(); /* the first is this connection's */
	test_sql("create table public.effect (id bigint generated always as identity, pos bigint, key text, n bigint);"
		 "grant insert, select on public.effect to es_orders;"
		 "create function public.happen(p_first integer, p_last integer) returns void language sql as $$"
		 " insert into bus.outbox (topic, aggregate_type, aggregate_id, order_key, payload, headers)"
		 " select 'order.placed', 'order', 'k' || i % 40, 'k' || i % 40, jsonb_build_object('n', i), '{}'"
		 " from generate_series(p_first, p_last) i $$");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_db_close();
	return 0;
}

static int clean(void **state)
{
	(void)state;
	test_sql("delete from bus.outbox; delete from bus.event; delete from bus.job; delete from bus.subscription;"
		 "truncate public.effect");
	fail_at = 0;
	consumers[0].start = START_AT_ZERO;
	return 0;
}

static struct ctx *staff(void)
{
	static struct ctx *c;

	if (c == NULL)
		c = test_ctx_of(test_db_again("es_bus", NULL, NULL));
	return c;
}

static void happen(int first, int last)
{
	struct ctx *c = staff();
	char sql[64];
	struct number r;

	snprintf(sql, sizeof(sql), "select public.happen(%d, %d)", first, last);
	test_sql(sql);
	do
		assert_ok(c, db_one(c, &SEQUENCE, NO_PARAMS, &r));
	while (r.n > 0);
}

static void consume(void)
{
	struct ctx *c = test_ctx();
	size_t did;

	do
		assert_ok(c, work_once(c, &CONSUMING, &did));
	while (did > 0);
}

static int64_t effects(void)
{
	return test_sql_int("select count(*) from public.effect");
}

static const char *range(void)
{
	return test_sql_text("select count(*) || ': ' || min(n) || '-' || max(n) from public.effect");
}

/* ------------------------------------------------------------------ where they begin */

static void a_new_one_begins_where_it_wants(void **state)
{
	(void)state;
	happen(1, 100);
	test_sql("update bus.event set logged_at = now() - interval '1 hour' where pos <= 60");
	consumers[0].start = START_NOW;
	consume();
	happen(101, 110);
	consume();
	assert_string_equal(range(), "10: 101-110");
	test_sql("delete from bus.subscription; truncate public.effect");
	consumers[0].start = START_AT_TIME;
	consumers[0].start_us = clock_now_us() - 1800 * US_PER_SEC;
	consume();
	assert_string_equal(range(), "50: 61-110");
	consumers[0].start = START_AT_ZERO; /* it exists: it goes on */
	consume();
	assert_int_equal(effects(), 50);
	test_sql("delete from bus.subscription; truncate public.effect");
	consume();
	assert_string_equal(range(), "110: 1-110");
}

static struct ctx *child_ctx(void)
{
	static struct ctx c;
	struct db_setup setup = {.conninfo = test_conninfo("es_orders"), .application_name = "consumer"};

	ctx_init(&c, arena_new(TEST_ARENA_MAX), db_open(&setup));
	return &c;
}

static pid_t start_consumer(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(work_run(child_ctx(), &CONSUMING, -1) == OK ? 0 : 1);
	return pid;
}

static void end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

static bool effects_become(int64_t wanted)
{
	return test_sql_becomes("select count(*) from public.effect", wanted);
}

/* Old history and new facts, two processes at it, in the order of each key. */
static void a_new_one_catches_up_while_events_come(void **state)
{
	pid_t pids[2];

	(void)state;
	happen(1, HISTORY);
	for (size_t i = 0; i < ARRAY_LEN(pids); i++)
		pids[i] = start_consumer();
	for (int i = 0; i < 20; i++)
		happen(HISTORY + i * 50 + 1, HISTORY + (i + 1) * 50);
	assert_true(effects_become(HISTORY + 1000));
	for (size_t i = 0; i < ARRAY_LEN(pids); i++)
		end(pids[i]);
	assert_int_equal(test_sql_int("select count(distinct pos) from public.effect"), HISTORY + 1000);
	assert_int_equal(
		test_sql_int("select count(*) from (select n < lag(n) over (partition by key order by id) as back"
			     " from public.effect) t where back"),
		0);
}

/* An event that nobody was told of: found by looking now and then. */
static void a_lost_notification_costs_a_moment(void **state)
{
	pid_t pid;

	(void)state;
	happen(1, 1);
	pid = start_consumer();
	assert_true(effects_become(1));
	test_sql(
		"insert into bus.event (pos, shard, event_id, topic, aggregate_type, aggregate_id, order_key, payload, "
		"headers, created_at) values (bus.head() + 1, bus.shard_of('k'), gen_random_uuid(), 'order.placed', "
		"'order', 'k', 'k', '{\"n\": 2}', '{}', now())");
	assert_true(effects_become(2));
	end(pid);
}

/* ------------------------------------------------------------------ what staff decides */

static void a_paused_one_waits_and_goes_on(void **state)
{
	struct ctx *c = staff();

	(void)state;
	happen(1, 10);
	consume();
	assert_ok(c, db_exec(c, &PAUSE, PARAMS(P_BOOL(true)), NULL));
	happen(11, 30);
	consume();
	assert_int_equal(effects(), 10);
	test_sql("update bus.event set created_at = now() - interval '90 seconds' where pos > 10");
	assert_string_equal(test_sql_text("select paused || ' ' || waiting || ' ' || (lag_secs between 90 and 900) "
					  "from bus.subscription_state"),
		"true 20 true");
	assert_ok(c, db_exec(c, &PAUSE, PARAMS(P_BOOL(false)), NULL));
	consume();
	assert_string_equal(range(), "30: 1-30");
	assert_string_equal(
		test_sql_text("select paused || ' ' || waiting || ' ' || lag_secs from bus.subscription_state"),
		"false 0 0");
}

static void events_come_again_when_replayed(void **state)
{
	struct ctx *c = staff();

	(void)state;
	happen(1, 50);
	fail_at = 45;
	consume();
	assert_int_equal(effects(), 49);
	assert_int_equal(test_sql_int("select count(*) from bus.parked"), 1);
	fail_at = 0;
	assert_ok(c, db_exec(c, &REPLAY, PARAMS(P_INT(30)), NULL));
	consume();
	assert_int_equal(effects(), 69);
	assert_int_equal(test_sql_int("select count(*) from public.effect where n = 45"), 1);
	assert_int_equal(test_sql_int("select count(*) from public.effect where n = 31"), 2);
	assert_int_equal(test_sql_int("select count(*) from bus.parked"), 0);
	test_sql("truncate public.effect; update bus.event set logged_at = now() - interval '1 hour' where pos <= 20");
	assert_ok(c, db_exec(c, &REPLAY_SINCE, PARAMS(P_TIME(clock_now_us() - 1800 * US_PER_SEC)), NULL));
	consume();
	assert_string_equal(range(), "30: 21-50");
	assert_ok(c, db_exec(c, &REPLAY, PARAMS(P_INT(100000)), NULL)); /* beyond the head: from now on */
	happen(51, 51);
	consume();
	assert_string_equal(range(), "31: 21-51");
}

/* Why, how often, and for whom: the request's and the trace's id lead to what its hops logged. */
static void a_dead_letter_names_error_and_trace(void **state)
{
	struct ctx *c = staff();
	struct number r;

	(void)state;
	consume();
	test_sql("update bus.subscription set max_attempts = 1; select public.happen(1, 1);"
		 "update bus.outbox set headers = '{\"request_id\": \"0af7\","
		 " \"traceparent\": \"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\"}'");
	assert_ok(c, db_one(c, &SEQUENCE, NO_PARAMS, &r));
	fail_at = 1;
	consume();
	assert_string_equal(
		test_sql_text("select concat_ws(' | ', error, attempts, request_id, trace_id) from bus.dead_letter"),
		"not this one | 1 | 0af7 | 0af7651916cd43dd8448eb211c80319c");
}

/* ------------------------------------------------------------------ jobs */

static char order_of_jobs[64];

static err_t do_job(struct ctx *c, const struct job *j)
{
	size_t used = strlen(order_of_jobs);

	snprintf(order_of_jobs + used, sizeof(order_of_jobs) - used, "%s", j->dedup_key);
	return strcmp(j->dedup_key, "x") == 0 ? fail(c, &ERR_UNAVAILABLE, "not now") : OK;
}

static const struct job_worker JOBS[] = {{"orders.test", 30, do_job}, {0}};
static const struct work WORKING = {.jobs = JOBS};

static err_t order_jobs(struct ctx *c, void *arg)
{
	(void)arg;
	job_enqueue(c, "orders.test", "a", NULL);
	job_enqueue_with(c, &(struct job_order){.queue = "orders.test",
				    .dedup_key = "later",
				    .priority = 9,
				    .run_at_us = clock_now_us() + 3600 * US_PER_SEC});
	job_enqueue_with(c, &(struct job_order){.queue = "orders.test", .dedup_key = "b", .priority = 5});
	job_enqueue_with(c, &(struct job_order){.queue = "orders.test", .dedup_key = "c", .priority = -5});
	job_enqueue_with(c, &(struct job_order){.queue = "orders.test", .dedup_key = "x", .max_attempts = 1});
	return OK;
}

static void jobs_go_by_priority_and_time(void **state)
{
	struct ctx *c = test_ctx();
	size_t did;

	(void)state;
	order_of_jobs[0] = '\0';
	assert_ok(c, db_tx(c, DB_TX_DEFAULT, order_jobs, NULL));
	assert_ok(c, work_once(c, &WORKING, &did));
	assert_string_equal(order_of_jobs, "baxc");
	assert_string_equal(test_sql_text("select state from bus.job where dedup_key = 'x'"), "dead");
	assert_string_equal(test_sql_text("select state from bus.job where dedup_key = 'later'"), "ready");
	test_sql("update bus.job set run_at = now() where dedup_key = 'later'");
	assert_ok(c, work_once(c, &WORKING, &did));
	assert_string_equal(order_of_jobs, "baxclater");
}

/* The first time may be a restart; then it waits. */
static void a_job_that_kills_its_worker_backs_off(void **state)
{
	struct ctx *c = test_ctx();
	size_t did;

	(void)state;
	order_of_jobs[0] = '\0';
	test_sql("insert into bus.job (queue, dedup_key, payload, attempts, lease, holder, run_at)"
		 " values ('orders.test', 'once', '{}', 1, gen_random_uuid(), 0, now() + interval '1 minute'),"
		 " ('orders.test', 'again', '{}', 4, gen_random_uuid(), 0, now() + interval '1 minute')");
	assert_ok(c, work_once(c, &WORKING, &did));
	assert_string_equal(order_of_jobs, "once");
	assert_int_equal(test_sql_int("select count(*) from bus.job where dedup_key = 'again' and lease is null"
				      " and run_at > now() + interval '10 seconds'"),
		1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_new_one_begins_where_it_wants, clean),
		cmocka_unit_test_setup(a_new_one_catches_up_while_events_come, clean),
		cmocka_unit_test_setup(a_lost_notification_costs_a_moment, clean),
		cmocka_unit_test_setup(a_paused_one_waits_and_goes_on, clean),
		cmocka_unit_test_setup(events_come_again_when_replayed, clean),
		cmocka_unit_test_setup(a_dead_letter_names_error_and_trace, clean),
		cmocka_unit_test_setup(jobs_go_by_priority_and_time, clean),
		cmocka_unit_test_setup(a_job_that_kills_its_worker_backs_off, clean),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
