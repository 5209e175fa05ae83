/*
 * bus_storm.c - two sequencers and eight consumers that are killed all the time, while
 * events come: none is lost, none has its effect twice, none is out of order.
 *
 * EVENTS: 20,000 of them; make test-fault sends a million. SEED repeats a run's kills.
 */
#include "testing.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/event.h"
#include "bus.h"
#include "data/clock.h"

#define EVENTS_DEFAULT 20000
#define LONG_RUN 100000
#define PRODUCERS 2
#define SEQUENCERS 2
#define CONSUMERS 8
#define SUBSCRIPTIONS 2
#define JOB_EVERY 10
#define KILL_EVERY_MS 250
#define STUCK_US (120 * US_PER_SEC)

struct number {
	int64_t n;
};
static const struct db_column NUMBER_COLUMNS[] = {DB_COLUMN(struct number, n, DB_INT64)};
static const struct db_stmt PRODUCE =
	DB_ROWS("storm_produce", struct number, NUMBER_COLUMNS, SQL("select public.produce() as n"));
static const struct db_stmt EFFECT =
	DB_EXEC("storm_effect", SQL("insert into public.effect (subscription, pos, key, n) values ($1, $2, $3, $4)"));

static int64_t events_wanted, kills;
static unsigned seed;

static void note(struct ctx *c, const char *subscription, const struct received_event *e)
{
	db_defer(c, &EFFECT,
		PARAMS(P_TEXT(subscription), P_INT(e->position), P_TEXT(e->order_key),
			P_INT(json_int(e->payload, "n", 0))));
}

static err_t note_a(struct ctx *c, const struct received_event *e)
{
	note(c, "orders.storm_a", e);
	return OK;
}

/* One event in ten asks for something outside the database; its key is the event's. */
static void ask(struct ctx *c, const struct received_event *e)
{
	if (e->position % JOB_EVERY == 0)
		job_enqueue(c, "orders.storm", e->id.s, NULL);
}

static err_t note_b(struct ctx *c, const struct received_event *e)
{
	note(c, "orders.storm_b", e);
	ask(c, e);
	return OK;
}

static err_t do_job(struct ctx *c, const struct job *j)
{
	(void)c;
	(void)j;
	return OK;
}

static const struct job_worker JOBS[] = {{"orders.storm", 30, do_job}, {0}};
static const char *const TOPICS[] = {"order.placed", NULL};
static const struct consumer CONSUMERS_TABLE[] = {
	{.subscription = "orders.storm_a", .topics = TOPICS, .handle = note_a},
	{.subscription = "orders.storm_b", .topics = TOPICS, .handle = note_b},
	{0},
};

static int start(void **state)
{
	const char *wanted = getenv("EVENTS"), *given = getenv("SEED");

	(void)state;
	events_wanted = wanted != NULL ? strtoll(wanted, NULL, 10) : EVENTS_DEFAULT;
	seed = given != NULL ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
	(void)test_db_open("es_orders", NULL, NULL);
	test_sql("create table public.aggregate (id text primary key, n bigint not null default 0) with (fillfactor = "
		 "50);"
		 "insert into public.aggregate (id) select 'k' || i from generate_series(0, 299) i;"
		 "create table public.effect (id bigint generated always as identity, subscription text, pos bigint, "
		 "key text,"
		 " n bigint);"
		 "grant select, update on public.aggregate to es_orders; grant insert on public.effect to es_orders;"
		 /* One transaction: some aggregates, each locked and changed before its event. */
		 "create function public.produce() returns bigint language plpgsql as $$ declare k text; made bigint "
		 ":= 0;"
		 " begin"
		 " for k in select distinct 'k' || floor(random() * 300) from generate_series(1, 20) order by 1 loop"
		 "  with a as (update public.aggregate set n = n + 1 where id = k returning n)"
		 "  insert into bus.outbox (topic, aggregate_type, aggregate_id, order_key, payload, headers)"
		 "  select 'order.placed', 'order', k, k, jsonb_build_object('n', a.n), '{}' from a;"
		 "  made := made + 1;"
		 " end loop; return made; end $$;"
		 "grant execute on function public.produce() to es_orders");
	if (events_wanted >= LONG_RUN) {
		test_sql("alter system set autovacuum = on");
		test_sql("select pg_reload_conf()");
	}
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_db_close();
	return 0;
}

static struct ctx *child_ctx(const char *role, const char *name)
{
	static struct ctx c;
	struct db_setup setup = {.conninfo = test_conninfo(role), .application_name = name};

	ctx_init(&c, arena_new(TEST_ARENA_MAX), db_open(&setup));
	return &c;
}

static void produce(void)
{
	struct ctx *c = child_ctx("es_orders", "producer");
	struct number r;

	for (int64_t made = 0; made < events_wanted / PRODUCERS; made += r.n) {
		if (db_one(c, &PRODUCE, NO_PARAMS, &r) != OK)
			_exit(1);
	}
	_exit(0);
}

static void sequence(void)
{
	static const struct work work = {.timers = BUS_TIMERS};

	_exit(work_run(child_ctx("es_bus", "sequencer"), &work, -1) == OK ? 0 : 1);
}

static void consume(void)
{
	static const struct work work = {.consumers = CONSUMERS_TABLE, .jobs = JOBS};

	_exit(work_run(child_ctx("es_orders", "consumer"), &work, -1) == OK ? 0 : 1);
}

/* Children never return to cmocka. */
static pid_t child(void (*body)(void))
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		body();
	return pid;
}

struct victims {
	pid_t pids[SEQUENCERS + CONSUMERS];
};

static void (*body_of(size_t i))(void)
{
	return i < SEQUENCERS ? sequence : consume;
}

static void kill_one(pid_t *pid)
{
	(void)kill(*pid, SIGKILL);
	(void)waitpid(*pid, NULL, 0);
	kills++;
}

/* A process is killed and comes again; or a connection ends under it. */
static void strike(struct victims *v)
{
	size_t i = (size_t)rand_r(&seed) % ARRAY_LEN(v->pids);

	if (rand_r(&seed) % 5 == 0) {
		test_sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
			 " and application_name in ('consumer', 'sequencer') order by random() limit 1");
		return;
	}
	kill_one(&v->pids[i]);
	v->pids[i] = child(body_of(i));
}

static bool producers_done(pid_t producers[PRODUCERS])
{
	bool done = true;

	for (int i = 0; i < PRODUCERS; i++) {
		int status;

		if (producers[i] > 0 && waitpid(producers[i], &status, WNOHANG) == producers[i]) {
			assert_int_equal(status, 0);
			producers[i] = 0;
		}
		done = done && producers[i] == 0;
	}
	return done;
}

static int64_t effects(void)
{
	return test_sql_int("select count(*) from public.effect");
}

/* What autovacuum does on a server; the test cluster has none. */
static void clean_up(void)
{
	if (events_wanted < LONG_RUN)
		test_sql("vacuum bus.outbox, bus.cursor, bus.job");
}

static void storm(struct victims *v)
{
	pid_t producers[PRODUCERS];
	int64_t seen = 0, now, moved_us = clock_monotonic_us();

	for (int i = 0; i < PRODUCERS; i++)
		producers[i] = child(produce);
	for (int i = 1;; i++) {
		usleep(KILL_EVERY_MS * 1000);
		strike(v);
		if (i % 8 != 0)
			continue;
		clean_up();
		now = effects();
		if (now != seen)
			moved_us = clock_monotonic_us();
		seen = now;
		if (producers_done(producers) &&
			seen >= SUBSCRIPTIONS * test_sql_int("select sum(n) from public.aggregate") &&
			test_sql_int("select count(*) from bus.job where state = 'ready'") == 0)
			return;
		if (clock_monotonic_us() - moved_us > STUCK_US)
			fail_msg("stuck at %lld effects, SEED=%u", (long long)seen, seed);
	}
}

static void nothing_is_lost_doubled_or_out_of_order(void **state)
{
	struct victims v;
	unsigned began_with = seed;
	int64_t begun_us = clock_monotonic_us(), emitted;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(v.pids); i++)
		v.pids[i] = child(body_of(i));
	storm(&v);
	for (size_t i = 0; i < ARRAY_LEN(v.pids); i++)
		kill_one(&v.pids[i]);
	emitted = test_sql_int("select sum(n) from public.aggregate");
	print_message("SEED=%u: %lld events, %lld kills, %.1f s\n", began_with, (long long)emitted, (long long)kills,
		(double)(clock_monotonic_us() - begun_us) / US_PER_SEC);
	assert_true(emitted >= events_wanted);
	assert_int_equal(test_sql_int("select count(*) from bus.outbox"), 0);
	assert_int_equal(test_sql_int("select count(*) from bus.parked"), 0);
	assert_int_equal(test_sql_int("select count(*) from bus.event"), emitted);
	assert_int_equal(test_sql_int("select max(pos) from bus.event"), emitted);
	assert_int_equal(effects(), SUBSCRIPTIONS * emitted);
	assert_int_equal(test_sql_int("select count(*) from (select distinct subscription, pos from public.effect) d"),
		SUBSCRIPTIONS * emitted);
	assert_int_equal(
		test_sql_int(
			"select count(*) from (select n - row_number() over"
			" (partition by subscription, key order by id) as off from public.effect) t where off <> 0"),
		0);
}

static void every_job_was_done(void **state)
{
	(void)state;
	assert_int_equal(test_sql_int("select count(*) from bus.job where state = 'done'"),
		test_sql_int("select max(pos) from bus.event") / JOB_EVERY);
	assert_int_equal(test_sql_int("select count(*) from bus.job where state <> 'done'"), 0);
}

/* What was deleted and replaced is given back: the tables of the bus are as small as what they hold asks for. */
static void nothing_has_grown(void **state)
{
	int64_t most_mb = events_wanted >= LONG_RUN ? 128 : 16;

	(void)state;
	print_message(
		"%s\n", test_sql_text("select string_agg(t || ' ' || pg_total_relation_size(t) / 1024 || ' kB', ', ')"
				      " from unnest(array['bus.outbox', 'bus.cursor', 'bus.job']) t"));
	assert_true(test_sql_int("select pg_total_relation_size('bus.outbox') >> 20") < most_mb);
	assert_true(test_sql_int("select pg_total_relation_size('bus.cursor') >> 20") < most_mb / 2);
	/* Settled jobs keep their key for a week: a kilobyte for each, and no more. */
	assert_true(test_sql_int("select pg_total_relation_size('bus.job') / 1024 - count(*) from bus.job") <
		    most_mb * 256);
	assert_int_equal(test_sql_int("select count(*) from bus.cursor"), 16 * SUBSCRIPTIONS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_doubled_or_out_of_order),
		cmocka_unit_test(every_job_was_done),
		cmocka_unit_test(nothing_has_grown),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
