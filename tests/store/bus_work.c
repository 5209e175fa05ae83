/*
 * bus_work.c - consumers and jobs through common/app: every event has its effect exactly
 * once and in order, whatever dies meanwhile.
 */
#include "testing.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/event.h"

#define KEYS 6
#define EVENTS 240
#define CONSUMERS 2

struct number {
	int64_t n;
};
static const struct db_column NUMBER_COLUMNS[] = {DB_COLUMN(struct number, n, DB_INT64)};
static const struct db_stmt SEQUENCE =
	DB_ROWS("test_sequence", struct number, NUMBER_COLUMNS, SQL("select bus.sequence_batch()::bigint as n"));
static const struct db_stmt LOOK = DB_ROWS("test_look", struct number, NUMBER_COLUMNS,
	SQL("select shard::bigint as n from bus.claim(array['orders.test'], false)"));
static const struct db_stmt EFFECT =
	DB_EXEC("test_effect", SQL("insert into public.effect (pos, key, n) values ($1, $2, $3)"));

/* What the handler is to do with an event whose payload has this "n"; 0: none has. */
static int64_t fail_at, die_at;

static err_t note(struct ctx *c, const struct received_event *e)
{
	int64_t n = json_int(e->payload, "n", 0);

	TRY(db_exec(c, &EFFECT, PARAMS(P_INT(e->position), P_TEXT(e->order_key), P_INT(n)), NULL));
	if (n == die_at && n != 0)
		_exit(9);
	if (n == fail_at && n != 0)
		return fail(c, &ERR_CONFLICT, "not this one");
	return OK;
}

static int jobs_seen;
static err_t job_outcome;

static err_t do_job(struct ctx *c, const struct job *j)
{
	assert_string_equal(j->queue, "orders.test");
	assert_string_equal(json_text(j->payload, "what", ""), "mail");
	jobs_seen++;
	return job_outcome == OK ? OK : fail(c, job_outcome, "the other side said no");
}

static const char *const TOPICS[] = {"order.placed", NULL};
static const struct consumer CONSUMERS_TABLE[] = {{"orders.test", TOPICS, note}, {0}};
static const struct job_worker JOBS[] = {{"orders.test", 30, do_job}, {0}};
static const struct work CONSUMING = {.consumers = CONSUMERS_TABLE};
static const struct work WORKING = {.jobs = JOBS};

static int start(void **state)
{
	(void)state;
	(void)test_db_open("es_orders", NULL, NULL);
	test_sql("create table public.effect (id bigint generated always as identity, pos bigint, key text, n bigint);"
		 "grant insert, select on public.effect to es_orders");
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
	fail_at = die_at = 0;
	jobs_seen = 0;
	job_outcome = OK;
	return 0;
}

struct fact {
	const char *key;
	int64_t n;
};

static err_t emit(struct ctx *c, void *arg)
{
	const struct fact *f = arg;
	json_t *payload = json_new_object(c->arena);

	json_set_int(payload, "n", f->n);
	event_emit(c, &(struct event){.topic = "order.placed",
			      .aggregate_type = "order",
			      .aggregate_id = f->key,
			      .payload = payload});
	return OK;
}

static void happen(const char *key, int64_t n)
{
	struct ctx *c = test_ctx();

	assert_ok(c, db_tx(c, DB_TX_DEFAULT, emit, &(struct fact){key, n}));
}

static void sequence_all(void)
{
	static struct ctx *c;
	struct number r;

	if (c == NULL)
		c = test_ctx_of(test_db_again("es_bus", NULL, NULL));
	do
		assert_ok(c, db_one(c, &SEQUENCE, NO_PARAMS, &r));
	while (r.n > 0);
}

static size_t consume(void)
{
	struct ctx *c = test_ctx();
	size_t all = 0, did;

	do {
		assert_ok(c, work_once(c, &CONSUMING, &did));
		all += did;
	} while (did > 0);
	return all;
}

static const char *effects(void)
{
	return test_sql_text("select coalesce(string_agg(key || n, ' ' order by id), '') from public.effect");
}

static void parked_is_due(void)
{
	test_sql("update bus.parked set next_at = now() where state = 'retry'");
}

static void events_reach_their_handler_once(void **state)
{
	(void)state;
	happen("a", 1);
	assert_int_equal(consume(), 0); /* not before the sequencer */
	sequence_all();
	assert_int_equal(consume(), 1);
	assert_int_equal(consume(), 0);
	happen("a", 2);
	happen("b", 3);
	sequence_all();
	assert_int_equal(consume(), 2);
	assert_int_equal(test_sql_int("select count(*) from public.effect"), 3);
}

static void a_failure_blocks_its_key_until_it_is_done(void **state)
{
	(void)state;
	happen("a", 1);
	happen("a", 2);
	happen("b", 3);
	sequence_all();
	fail_at = 1;
	assert_int_equal(consume(), 3);
	assert_string_equal(effects(), "b3");
	assert_string_equal(
		test_sql_text("select string_agg(state, ' ' order by pos) from bus.parked"), "retry blocked");
	happen("a", 4);
	sequence_all();
	(void)consume();
	assert_string_equal(
		test_sql_text("select string_agg(state, ' ' order by pos) from bus.parked"), "retry blocked blocked");
	assert_string_equal(test_sql_text("select last_error from bus.parked order by pos limit 1"), "not this one");
	fail_at = 0;
	assert_int_equal(consume(), 0); /* not due yet, and nobody spins for it */
	parked_is_due();
	assert_int_equal(consume(), 3);
	assert_string_equal(effects(), "b3 a1 a2 a4");
	assert_int_equal(test_sql_int("select count(*) from bus.parked"), 0);
}

static void a_hopeless_event_dies_and_frees_its_key(void **state)
{
	(void)state;
	happen("a", 1);
	happen("a", 2);
	sequence_all();
	fail_at = 1;
	(void)consume();
	for (int i = 0; i < 7; i++) {
		assert_int_equal(test_sql_int("select count(*) from bus.parked where state = 'dead'"), 0);
		parked_is_due();
		(void)consume();
	}
	assert_string_equal(effects(), "a2");
	assert_string_equal(
		test_sql_text("select kind || ' ' || source || ' ' || topic || ' ' || attempts from bus.dead_letter"),
		"event orders.test order.placed 8");
	fail_at = 0;
	assert_string_equal(test_sql_text("select bus.dead_letter_retry(id)::text from bus.dead_letter"), "true");
	assert_int_equal(consume(), 1);
	assert_string_equal(effects(), "a2 a1");
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
	err_t e;

	assert_true(pid >= 0);
	if (pid == 0) {
		e = work_run(child_ctx(), &CONSUMING, -1);
		_exit(e == OK ? 0 : 1);
	}
	return pid;
}

static void reap(pid_t pid, int with_signal)
{
	int status;

	(void)kill(pid, with_signal);
	(void)waitpid(pid, &status, 0);
}

static void consume_in_a_process(void)
{
	pid_t pid = fork();
	size_t did;
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(work_once(child_ctx(), &CONSUMING, &did) == OK ? 0 : 1);
	(void)waitpid(pid, &status, 0);
}

/* In eight shards and more: its neighbours are in the batch that it kills at first. */
static void an_event_that_kills_is_buried_alone(void **state)
{
	(void)state;
	for (int i = 1; i <= 40; i++) {
		char key[8];

		snprintf(key, sizeof(key), "k%d", i % 20);
		happen(key, i);
	}
	sequence_all();
	die_at = 24;
	for (int i = 0; i < 80 && test_sql_int("select count(*) from bus.parked where state = 'dead'") == 0; i++) {
		consume_in_a_process();
		test_sql("update bus.cursor set updated_at = updated_at - interval '2 minutes'");
	}
	assert_string_equal(test_sql_text("select string_agg(event ->> 'payload', '') from bus.parked"), "{\"n\": 24}");
	assert_string_equal(test_sql_text("select error from bus.dead_letter"),
		"the consumer stopped each time while handling this event");
	(void)consume();
	assert_int_equal(test_sql_int("select count(*) from public.effect"), 39);
	assert_int_equal(test_sql_int("select count(distinct n) from public.effect"), 39);
}

static bool effects_become(int64_t wanted)
{
	return test_sql_becomes("select count(*) from public.effect", wanted);
}

/* One that has come back often enough writes no claims; what kills it then is found by those after it. */
static void a_sound_process_that_is_killed_is_found_out(void **state)
{
	bool sound = true;
	pid_t pid;

	(void)state;
	die_at = 31;
	pid = start_consumer();
	for (int i = 1; i <= 30 && sound; i++) {
		happen("a", i);
		sequence_all();
		sound = effects_become(i);
	}
	if (!sound)
		reap(pid, SIGKILL);
	assert_true(sound);
	happen("a", 31);
	happen("a", 32);
	sequence_all();
	(void)waitpid(pid, NULL, 0);
	assert_int_equal(test_sql_int("select count(*) from bus.cursor where trying_pos is not null"), 0);
	consume_in_a_process();
	assert_int_equal(test_sql_int("select tries from bus.cursor where trying_pos is not null"), 1);
	for (int i = 0; i < 80 && test_sql_int("select count(*) from bus.parked where state = 'dead'") == 0; i++) {
		consume_in_a_process();
		test_sql("update bus.cursor set updated_at = updated_at - interval '2 minutes'");
	}
	(void)consume();
	assert_string_equal(test_sql_text("select string_agg(event ->> 'payload', '') from bus.parked"), "{\"n\": 31}");
	assert_int_equal(test_sql_int("select count(*) from public.effect"), 31);
	assert_int_equal(test_sql_int("select max(n) from public.effect"), 32);
}

/* Others' topics fill the log: it is not read again and again for the one event that concerns us. */
static void cursors_follow_where_nothing_is_for_them(void **state)
{
	struct ctx *c = test_ctx();
	struct number r;

	(void)state;
	(void)consume();
	for (int part = 0; part < 2; part++) {
		test_sql("insert into bus.outbox (topic, aggregate_type, aggregate_id, order_key, payload, headers)"
			 " select 'order.cancelled', 'order', 'c' || i, 'c' || i, '{}', '{}' from generate_series(1, 150) i");
		if (part == 0)
			happen("a", 1);
	}
	sequence_all();
	assert_ok(c, db_one(c, &LOOK, NO_PARAMS, &r));
	assert_int_equal(r.n, test_sql_int("select bus.shard_of('a')"));
	assert_int_equal(test_sql_int("select count(*) from bus.cursor where pos = bus.head()"), 15);
	assert_int_equal(test_sql_int("select count(*) from bus.cursor where pos = 0 and shard = bus.shard_of('a')"), 1);
	assert_int_equal(consume(), 1);
	assert_string_equal(effects(), "a1");
}

/* The shard that kills is left alone for longer each time; the others go on meanwhile. */
static void crash_loops_are_damped(void **state)
{
	(void)state;
	happen("a", 1);
	sequence_all();
	die_at = 1;
	for (int i = 0; i < 4; i++) {
		consume_in_a_process();
		test_sql("update bus.cursor set updated_at = clock_timestamp() - bus.patience(tries)");
	}
	assert_int_equal(test_sql_int("select crashes from bus.subscription_state"), 3);
	assert_string_equal(
		test_sql_text("select string_agg(extract(epoch from bus.patience(n))::float::text, ' ' order by n)"
			      " from generate_series(1, 10) n"),
		"0.5 1 2 4 8 16 32 60 60 60");
	test_sql("update bus.cursor set updated_at = clock_timestamp() - interval '3 seconds'"); /* of the four it waits
												  */
	happen("b", 2);
	happen("a", 3);
	sequence_all();
	assert_int_equal(consume(), 1);
	assert_string_equal(effects(), "b2");
	die_at = 0;
	test_sql("update bus.cursor set updated_at = clock_timestamp() - interval '5 seconds'");
	(void)consume();
	assert_string_equal(effects(), "b2 a1 a3");
	assert_int_equal(test_sql_int("select crashes from bus.subscription_state"), 0);
}

static void killed_consumers_lose_and_repeat_nothing(void **state)
{
	pid_t pids[CONSUMERS];

	(void)state;
	for (int i = 0; i < CONSUMERS; i++)
		pids[i] = start_consumer();
	for (int i = 1; i <= EVENTS; i++) {
		char key[8];

		snprintf(key, sizeof(key), "k%d", i % KEYS);
		happen(key, i);
		if (i % 8 == 0)
			sequence_all();
		if (i % 40 == 0)
			test_sql("select pg_terminate_backend(pid) from pg_stat_activity"
				 " where application_name = 'consumer' and datname = current_database()");
		if (i % 60 == 0) {
			reap(pids[(i / 60) % CONSUMERS], SIGKILL);
			pids[(i / 60) % CONSUMERS] = start_consumer();
		}
	}
	sequence_all();
	(void)effects_become(EVENTS);
	for (int i = 0; i < CONSUMERS; i++)
		reap(pids[i], SIGKILL);
	assert_int_equal(test_sql_int("select count(*) from public.effect"), EVENTS);
	assert_int_equal(test_sql_int("select count(distinct pos) from public.effect"), EVENTS);
	assert_int_equal(test_sql_int("select count(*) from bus.parked"), 0);
	assert_int_equal(
		test_sql_int("select count(*) from (select n < lag(n) over (partition by key order by id) as back"
			     " from public.effect) t where back"),
		0);
}

static err_t enqueue(struct ctx *c, void *arg)
{
	json_t *payload = json_new_object(c->arena);

	(void)arg;
	json_set_text(payload, "what", "mail");
	job_enqueue(c, "orders.test", "key-1", payload);
	job_enqueue(c, "orders.test", "key-1", payload);
	return OK;
}

static void a_job_is_done_once(void **state)
{
	struct ctx *c = test_ctx();
	size_t did;

	(void)state;
	assert_ok(c, db_tx(c, DB_TX_DEFAULT, enqueue, NULL));
	assert_ok(c, work_once(c, &WORKING, &did));
	assert_ok(c, work_once(c, &WORKING, &did));
	assert_int_equal(jobs_seen, 1);
	assert_string_equal(test_sql_text("select state from bus.job"), "done");
}

static void a_job_that_fails_comes_again(void **state)
{
	struct ctx *c = test_ctx();
	size_t did;

	(void)state;
	job_outcome = &ERR_UNAVAILABLE;
	assert_ok(c, db_tx(c, DB_TX_DEFAULT, enqueue, NULL));
	assert_ok(c, work_once(c, &WORKING, &did));
	assert_ok(c, work_once(c, &WORKING, &did));
	assert_int_equal(jobs_seen, 1);
	assert_string_equal(
		test_sql_text("select state || ' ' || last_error from bus.job"), "ready the other side said no");
	test_sql("update bus.job set run_at = now()");
	job_outcome = &ERR_PEER;
	assert_ok(c, work_once(c, &WORKING, &did));
	assert_int_equal(jobs_seen, 2);
	assert_string_equal(test_sql_text("select state from bus.job"), "dead");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(events_reach_their_handler_once, clean),
		cmocka_unit_test_setup(a_failure_blocks_its_key_until_it_is_done, clean),
		cmocka_unit_test_setup(a_hopeless_event_dies_and_frees_its_key, clean),
		cmocka_unit_test_setup(an_event_that_kills_is_buried_alone, clean),
		cmocka_unit_test_setup(a_sound_process_that_is_killed_is_found_out, clean),
		cmocka_unit_test_setup(cursors_follow_where_nothing_is_for_them, clean),
		cmocka_unit_test_setup(crash_loops_are_damped, clean),
		cmocka_unit_test_setup(killed_consumers_lose_and_repeat_nothing, clean),
		cmocka_unit_test_setup(a_job_is_done_once, clean),
		cmocka_unit_test_setup(a_job_that_fails_comes_again, clean),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
