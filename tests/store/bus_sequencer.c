/*
 * bus_sequencer.c - the sequencer where it is hard: snapshots held for long, transactions
 * held open, leaders that die or hang, partitions that somebody still needs.
 */
#include "testing.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/event.h"
#include "bus.h"

#define AGGREGATES 5
#define TURNS 60
#define PRODUCERS 3
#define SEQUENCERS 2

struct number {
	int64_t n;
};
static const struct db_column NUMBER_COLUMNS[] = {DB_COLUMN(struct number, n, DB_INT64)};
static const struct db_stmt SEQUENCE =
	DB_ROWS("test_sequence", struct number, NUMBER_COLUMNS, SQL("select bus.sequence_batch(500)::bigint as n"));
/* What this session looked at so far and has not yet told the statistics: for differences in one transaction. */
static const struct db_stmt OUTBOX_BLOCKS = DB_ROWS("test_outbox_blocks", struct number, NUMBER_COLUMNS,
	SQL("select pg_stat_get_xact_blocks_fetched('bus.outbox'::regclass)"
	    " + pg_stat_get_xact_blocks_fetched('bus.outbox_pkey'::regclass) as n"));
static const struct db_stmt CURSOR_BLOCKS = DB_ROWS("test_cursor_blocks", struct number, NUMBER_COLUMNS,
	SQL("select pg_stat_get_xact_blocks_fetched('bus.cursor'::regclass)"
	    " + pg_stat_get_xact_blocks_fetched('bus.cursor_pkey'::regclass) as n"));
static const struct db_stmt CLAIM = DB_ROWS("test_claim", struct number, NUMBER_COLUMNS,
	SQL("select count(*) as n from bus.claim(array['orders.test'], true)"));
static const struct db_stmt LOOK = DB_ROWS("test_look", struct number, NUMBER_COLUMNS,
	SQL("select count(*) as n from bus.claim(array['orders.test'], false)"));
static const struct db_stmt SUBSCRIBE =
	DB_EXEC("test_subscribe", SQL("select bus.subscribe($1, array['order.placed'], $2, null)"));
static const struct db_stmt ONE =
	DB_ROWS("test_one", struct number, NUMBER_COLUMNS, SQL("select count(*) as n from bus.topic"));
static const struct db_stmt READ_LOG =
	DB_ROWS("test_read_log", struct number, NUMBER_COLUMNS, SQL("select count(*) as n from bus.event"));
static const struct db_stmt DROP_OLD =
	DB_ROWS("test_drop_old", struct number, NUMBER_COLUMNS, SQL("select bus.drop_old(interval '0')::bigint as n"));
/* The aggregate's lock first, then its event; the transaction stays open for a while between two of them. */
static const struct db_stmt CHANGE = DB_EXEC(
	"test_change", SQL("with a as (update public.aggregate set n = n + 1 where id = $1 returning n)"
			   " select bus.emit('order.placed', 'order', $1, $1, jsonb_build_object('n', a.n)) from a"));
static const struct db_stmt HOLD = DB_EXEC("test_hold", SQL("select pg_sleep($1::float / 1000)"));

static int start(void **state)
{
	(void)state;
	(void)test_db_open("es_orders", NULL, NULL);
	test_sql("create table public.aggregate (id text primary key, n bigint not null default 0);"
		 "grant select, update on public.aggregate to es_orders; grant select on bus.event to es_orders;"
		 "create function public.add_events(p_n integer) returns void language sql as $$"
		 " insert into bus.outbox (topic, aggregate_type, aggregate_id, order_key, payload, headers)"
		 " select 'order.placed', 'order', i::text, i::text, '{}', '{}' from generate_series(1, p_n) i $$");
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
	test_sql("delete from bus.outbox; delete from bus.event; delete from bus.subscription; truncate "
		 "public.aggregate");
	return 0;
}

static int64_t number_of(struct ctx *c, const struct db_stmt *s)
{
	struct number r;

	assert_ok(c, db_one(c, s, NO_PARAMS, &r));
	return r.n;
}

static void sequence_all(struct ctx *c)
{
	while (number_of(c, &SEQUENCE) > 0)
		continue;
}

/* ------------------------------------------------------------------ snapshots held for long */

struct look {
	const struct db_stmt *what, *blocks;
	int64_t touched;
};

static err_t look_in_tx(struct ctx *c, void *arg)
{
	struct look *l = arg;

	l->touched = -number_of(c, l->blocks);
	(void)number_of(c, l->what);
	l->touched += number_of(c, l->blocks);
	return OK;
}

static int64_t blocks_of(struct ctx *c, const struct db_stmt *what, const struct db_stmt *blocks)
{
	struct look l = {.what = what, .blocks = blocks};

	assert_ok(c, db_tx(c, DB_TX_DEFAULT, look_in_tx, &l));
	return l.touched;
}

static err_t many_events_under_a_snapshot(struct ctx *c, void *arg)
{
	struct ctx *bus = arg, *stranger = test_ctx_of(test_db_again("es_bus", NULL, NULL));

	(void)number_of(c, &ONE);
	for (int i = 0; i < 10; i++) {
		test_sql("select public.add_events(1500)");
		sequence_all(bus);
	}
	assert_in_range(blocks_of(bus, &SEQUENCE, &OUTBOX_BLOCKS), 1, 40);
	/* Who knows nothing of the outbox steps over all of it, once; then knows as much. */
	assert_true(blocks_of(stranger, &SEQUENCE, &OUTBOX_BLOCKS) > 100);
	test_sql("select public.add_events(1)");
	sequence_all(stranger);
	assert_in_range(blocks_of(stranger, &SEQUENCE, &OUTBOX_BLOCKS), 1, 40);
	assert_string_equal(
		test_sql_text("select bus.trim_outbox(1)::text || pg_relation_size('bus.outbox')"), "true0");
	return OK;
}

static void a_held_snapshot_makes_no_look_slower(void **state)
{
	struct ctx *c = test_ctx(), *bus = test_ctx_of(test_db_again("es_bus", NULL, NULL));

	(void)state;
	assert_ok(c, db_tx(c, DB_TX_REPEATABLE_READ, many_events_under_a_snapshot, bus));
	assert_int_equal(test_sql_int("select count(*) from bus.event"), 15001);
	assert_int_equal(test_sql_int("select max(pos) from bus.event"), 15001);
}

static err_t many_batches_under_a_snapshot(struct ctx *c, void *arg)
{
	struct ctx *consumer = arg;

	(void)number_of(c, &ONE);
	test_sql("do $$ begin for i in 1..3000 loop"
		 " update bus.cursor set pos = pos + 1, updated_at = clock_timestamp();"
		 " end loop; end $$");
	assert_in_range(blocks_of(consumer, &LOOK, &CURSOR_BLOCKS), 16, 400);
	assert_in_range(blocks_of(consumer, &CLAIM, &CURSOR_BLOCKS), 16, 400);
	return OK;
}

static void a_held_snapshot_makes_no_claim_slower(void **state)
{
	struct ctx *c = test_ctx(), *consumer = test_ctx_of(test_db_again("es_orders", NULL, NULL));

	(void)state;
	test_sql("select public.add_events(4000); select bus.sequence_batch(5000)");
	assert_ok(consumer, db_exec(consumer, &SUBSCRIBE, PARAMS(P_TEXT("orders.test"), P_TEXT("zero")), NULL));
	assert_ok(c, db_tx(c, DB_TX_REPEATABLE_READ, many_batches_under_a_snapshot, consumer));
}

static err_t emit_and_trim(struct ctx *c, void *arg)
{
	(void)arg;
	TRY(db_exec(c, &CHANGE, PARAMS(P_TEXT("k0")), NULL));
	assert_string_equal(test_sql_text("select bus.trim_outbox(1)::text"), "false");
	assert_int_equal(test_sql_int("select count(*) from bus.event"), 0);
	return OK;
}

/* It takes back space, never an event: neither one in hand nor one that waits. */
static void trimming_loses_nothing(void **state)
{
	struct ctx *c = test_ctx();

	(void)state;
	test_sql("insert into public.aggregate (id) values ('k0')");
	assert_ok(c, db_tx(c, DB_TX_DEFAULT, emit_and_trim, NULL));
	assert_string_equal(test_sql_text("select bus.trim_outbox(1)::text"), "true");
	assert_int_equal(test_sql_int("select count(*) from bus.event"), 1);
}

/* ------------------------------------------------------------------ transactions held open */

static struct ctx *child_ctx(const char *role, const char *name)
{
	static struct ctx c;
	struct db_setup setup = {.conninfo = test_conninfo(role), .application_name = name};

	ctx_init(&c, arena_new(TEST_ARENA_MAX), db_open(&setup));
	return &c;
}

/* Children never return to cmocka. */
static pid_t child(void (*body)(int number), int number)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		body(number);
		_exit(0);
	}
	return pid;
}

static void reap(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

struct turn {
	int number, i;
};

/* Two aggregates, always the smaller one first; every seventh transaction is taken back. */
static err_t change_two(struct ctx *c, void *arg)
{
	const struct turn *t = arg;
	int a = t->i % (AGGREGATES - 1), b = a + 1 + (t->i + t->number) % (AGGREGATES - 1 - a);

	TRY(db_exec(c, &CHANGE, PARAMS(P_TEXT(arena_printf(c->arena, "k%d", a))), NULL));
	TRY(db_exec(c, &HOLD, PARAMS(P_INT((t->i * 7 + t->number * 3) % 11)), NULL));
	TRY(db_exec(c, &CHANGE, PARAMS(P_TEXT(arena_printf(c->arena, "k%d", b))), NULL));
	TRY(db_exec(c, &HOLD, PARAMS(P_INT((t->i * 3 + t->number) % 5)), NULL));
	return t->i % 7 == 0 ? fail(c, &ERR_CONFLICT, "taken back") : OK;
}

static void produce(int number)
{
	struct ctx *c = child_ctx("es_orders", "producer");

	for (int i = 0; i < TURNS; i++) {
		err_t e = db_tx(c, DB_TX_DEFAULT, change_two, &(struct turn){number, i});

		if (e != OK && e != &ERR_CONFLICT)
			_exit(1);
		ctx_clear_failure(c);
	}
}

static void sequence_until_told(int number)
{
	struct ctx *c = child_ctx("es_bus", "sequencer");
	struct number r;

	(void)number;
	do {
		if (db_one(c, &SEQUENCE, NO_PARAMS, &r) != OK)
			_exit(1);
		usleep(1000);
	} while (true);
}

/* Transactions overlap and commit in another order than they drew their numbers. */
static void each_aggregates_order_is_kept(void **state)
{
	pid_t producers[PRODUCERS], sequencers[SEQUENCERS];
	struct ctx *bus = test_ctx_of(test_db_again("es_bus", NULL, NULL));

	(void)state;
	test_sql("insert into public.aggregate (id) select 'k' || i from generate_series(0, 4) i");
	for (int i = 0; i < SEQUENCERS; i++)
		sequencers[i] = child(sequence_until_told, i);
	for (int i = 0; i < PRODUCERS; i++)
		producers[i] = child(produce, i);
	for (int i = 0; i < PRODUCERS; i++)
		reap(producers[i]);
	for (int i = 0; i < SEQUENCERS; i++) {
		(void)kill(sequencers[i], SIGKILL);
		(void)waitpid(sequencers[i], NULL, 0);
	}
	sequence_all(bus);
	assert_int_equal(test_sql_int("select count(*) from bus.outbox"), 0);
	assert_int_equal(test_sql_int("select count(*) - (select sum(n) from public.aggregate) from bus.event"), 0);
	assert_int_equal(test_sql_int("select count(*) - count(distinct pos) + max(pos) - count(*) from bus.event"), 0);
	assert_int_equal(test_sql_int("select count(*) from (select (payload ->> 'n')::bigint - row_number() over"
				      " (partition by order_key order by pos) as off from bus.event) t where off <> 0"),
		0);
	/* And it was hard: numbers were not committed in their order. */
	assert_true(test_sql_int("select count(*) from (select created_at < lag(created_at) over (order by pos) as back"
				 " from bus.event) t where back") > 0);
}

/* ------------------------------------------------------------------ leaders that die or hang */

static void lead(int number)
{
	static const struct work work = {.timers = BUS_TIMERS};
	char name[16];

	snprintf(name, sizeof(name), "sequencer-%d", number);
	_exit(work_run(child_ctx("es_bus", name), &work, -1) == OK ? 0 : 1);
}

#define LEADER                                                                                                         \
	"select coalesce(max(right(a.application_name, 1)::integer), -1) from pg_locks l join pg_stat_activity a "     \
	"using (pid)"                                                                                                  \
	" where l.locktype = 'advisory' and l.granted and l.objid = hashtext('ecostore sequencer')::bigint & "         \
	"4294967295"                                                                                                   \
	" and a.datname = current_database()"
#define WAITING                                                                                                        \
	"select count(*) from pg_stat_activity where datname = current_database() and application_name like "          \
	"'sequencer-%'"                                                                                                \
	" and wait_event = 'advisory'"

static void start_two(pid_t pids[SEQUENCERS])
{
	pids[0] = child(lead, 0);
	assert_true(test_sql_becomes(LEADER, 0));
	pids[1] = child(lead, 1);
	assert_true(test_sql_becomes(WAITING, 1));
}

static void stop_two(const pid_t pids[SEQUENCERS])
{
	for (int i = 0; i < SEQUENCERS; i++) {
		(void)kill(pids[i], SIGKILL);
		(void)waitpid(pids[i], NULL, 0);
	}
}

static void a_dead_leader_is_relieved(void **state)
{
	pid_t pids[SEQUENCERS];

	(void)state;
	start_two(pids);
	test_sql("select public.add_events(10)");
	assert_true(test_sql_becomes("select count(*) from bus.event", 10));
	(void)kill(pids[0], SIGKILL);
	test_sql("select public.add_events(10)");
	assert_true(test_sql_becomes("select count(*) from bus.event", 20));
	assert_int_equal(test_sql_int(LEADER), 1);
	assert_int_equal(test_sql_int("select max(pos) from bus.event"), 20);
	stop_two(pids);
}

static void a_hanging_leader_is_stood_in_for(void **state)
{
	pid_t pids[SEQUENCERS];

	(void)state;
	start_two(pids);
	(void)kill(pids[0], SIGSTOP);
	test_sql("select public.add_events(10)");
	assert_true(test_sql_becomes("select count(*) from bus.event", 10));
	assert_int_equal(test_sql_int(LEADER), 0);
	(void)kill(pids[0], SIGCONT);
	test_sql("select public.add_events(10)");
	assert_true(test_sql_becomes("select count(*) from bus.event", 20));
	assert_int_equal(test_sql_int("select max(pos) from bus.event"), 20);
	stop_two(pids);
}

/* ------------------------------------------------------------------ partitions */

static void event_at(const char *position)
{
	char sql[512];

	snprintf(sql, sizeof(sql),
		"insert into bus.event (pos, shard, event_id, topic, aggregate_type, aggregate_id, order_key, payload, "
		"headers,"
		" created_at, logged_at) values (%s, 0, gen_random_uuid(), 'order.placed', 'order', 'o', 'o', '{}', "
		"'{}', now(),"
		" now() - interval '1 day')",
		position);
	test_sql(sql);
}

static int64_t partitions(void)
{
	return test_sql_int("select count(*) from pg_inherits where inhparent = 'bus.event'::regclass");
}

static err_t nobody_waits_for_a_reader(struct ctx *c, void *arg)
{
	struct ctx *bus = arg;

	(void)number_of(c, &READ_LOG);
	assert_int_equal(number_of(bus, &DROP_OLD), 0);
	return OK;
}

static void partitions_go_behind_every_cursor(void **state)
{
	struct ctx *c = test_ctx(), *bus = test_ctx_of(test_db_again("es_bus", NULL, NULL));

	(void)state;
	test_sql("select bus.ensure_partitions(3)");
	assert_int_equal(partitions(), 4);
	event_at("5");
	event_at("bus.partition_size() + 5");
	event_at("2 * bus.partition_size() + 5");
	event_at("3 * bus.partition_size() + 5");
	assert_ok(c, db_exec(c, &SUBSCRIBE, PARAMS(P_TEXT("orders.test"), P_TEXT("zero")), NULL));
	assert_ok(c, db_exec(c, &SUBSCRIBE, PARAMS(P_TEXT("orders.other"), P_TEXT("now")), NULL));
	test_sql("select bus.pause('orders.test', true)");
	assert_int_equal(number_of(bus, &DROP_OLD), 0); /* a paused one wants to see them */
	test_sql("update bus.cursor set pos = 2 * bus.partition_size() where subscription = 'orders.test' and shard <> "
		 "3");
	assert_int_equal(number_of(bus, &DROP_OLD), 0); /* a single shard holds them too */
	test_sql(
		"update bus.cursor set pos = 2 * bus.partition_size() where subscription = 'orders.test' and shard = 3;"
		"insert into bus.parked (subscription, pos, shard, order_key, state, attempts, event)"
		" values ('orders.test', bus.partition_size() + 5, 0, 'o', 'retry', 1, '{}')");
	assert_ok(c, db_tx(c, DB_TX_DEFAULT, nobody_waits_for_a_reader, bus));
	assert_int_equal(number_of(bus, &DROP_OLD), 1); /* an event to be tried again holds the second */
	test_sql("update bus.parked set state = 'dead'");
	assert_int_equal(number_of(bus, &DROP_OLD), 1); /* a dead letter is whole by itself */
	test_sql("update bus.cursor set pos = 3 * bus.partition_size() + 5");
	assert_int_equal(number_of(bus, &DROP_OLD), 1);
	assert_int_equal(number_of(bus, &DROP_OLD), 0); /* the last one has the head */
	test_sql("select public.add_events(1)");
	sequence_all(bus);
	assert_int_equal(test_sql_int("select max(pos) - 3 * bus.partition_size() from bus.event"), 6);
	test_sql("select bus.ensure_partitions(2)");
	assert_int_equal(partitions(), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_held_snapshot_makes_no_look_slower, clean),
		cmocka_unit_test_setup(a_held_snapshot_makes_no_claim_slower, clean),
		cmocka_unit_test_setup(trimming_loses_nothing, clean),
		cmocka_unit_test_setup(each_aggregates_order_is_kept, clean),
		cmocka_unit_test_setup(a_dead_leader_is_relieved, clean),
		cmocka_unit_test_setup(a_hanging_leader_is_stood_in_for, clean),
		cmocka_unit_test_setup(partitions_go_behind_every_cursor, clean),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
