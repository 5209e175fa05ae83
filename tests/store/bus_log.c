/*
 * bus_log.c - outbox, sequencer, queues and roles in SQL: nothing lost, nothing out of
 * order, nobody emits or reads what is another's.
 */
#include "testing.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define AGGREGATES 5
#define EVENTS_EACH 150
#define PRODUCERS 2
#define SEQUENCERS 2

static const struct db_stmt EMIT =
	DB_EXEC("test_emit", SQL("select bus.emit($1, 'order', $2, $2, jsonb_build_object('n', $3::bigint))"));
/* The aggregate's lock first, then its event. */
static const struct db_stmt CHANGE = DB_EXEC(
	"test_change", SQL("with a as (update public.aggregate set n = n + 1 where id = $1 returning n)"
			   " select bus.emit('order.placed', 'order', $1, $1, jsonb_build_object('n', a.n)) from a"));
struct number {
	int64_t n;
};
static const struct db_column NUMBER_COLUMNS[] = {DB_COLUMN(struct number, n, DB_INT64)};
static const struct db_stmt SEQUENCE =
	DB_ROWS("test_sequence", struct number, NUMBER_COLUMNS, SQL("select bus.sequence_batch(7)::bigint as n"));
static const struct db_stmt LEASE = DB_ROWS("test_lease", struct number, NUMBER_COLUMNS,
	SQL("select id as n from bus.lease('orders.test', 10, $1::integer, $2::uuid)"));
static const struct db_stmt ACK =
	DB_ROWS("test_ack", struct number, NUMBER_COLUMNS, SQL("select bus.ack($1, $2::uuid)::integer::bigint as n"));
static const struct db_stmt NACK = DB_ROWS("test_nack", struct number, NUMBER_COLUMNS,
	SQL("select bus.nack($1, $2::uuid, 'no', false)::integer::bigint as n"));
static const struct db_stmt ENQUEUE =
	DB_EXEC("test_enqueue", SQL("select bus.enqueue($1, $2, '{}', now(), $3::integer)"));

static const char *const TOKEN_A = "0198f1c2-0000-7000-8000-00000000000a";
static const char *const TOKEN_B = "0198f1c2-0000-7000-8000-00000000000b";

static int start(void **state)
{
	(void)state;
	(void)test_db_open("es_orders", NULL, NULL);
	test_sql("create table public.aggregate (id text primary key, n bigint not null default 0);"
		 "grant select, update on public.aggregate to es_orders");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_db_close();
	return 0;
}

/* Nothing of the test before; positions go on. */
static int clean(void **state)
{
	(void)state;
	test_sql("delete from bus.outbox; delete from bus.event; delete from bus.job");
	return 0;
}

static int64_t sequence(struct db *db)
{
	struct ctx *c = test_ctx_of(db);
	struct number r;

	assert_ok(c, db_one(c, &SEQUENCE, NO_PARAMS, &r));
	return r.n;
}

static void only_the_owner_emits(void **state)
{
	struct ctx *mine = test_ctx(), *other = test_ctx_of(test_db_again("es_cart", NULL, NULL));

	(void)state;
	assert_err(other, db_exec(other, &EMIT, PARAMS(P_TEXT("order.placed"), P_TEXT("o"), P_INT(1)), NULL),
		&ERR_INTERNAL);
	assert_err(mine, db_exec(mine, &EMIT, PARAMS(P_TEXT("order.invented"), P_TEXT("o"), P_INT(1)), NULL),
		&ERR_INTERNAL);
	assert_ok(mine, db_exec(mine, &EMIT, PARAMS(P_TEXT("order.placed"), P_TEXT("o"), P_INT(1)), NULL));
	assert_int_equal(test_sql_int("select count(*) from bus.outbox"), 1);
}

static err_t emit_second(struct ctx *c, void *arg)
{
	(void)arg;
	return db_exec(c, &EMIT, PARAMS(P_TEXT("order.placed"), P_TEXT("b"), P_INT(2)), NULL);
}

/* Takes the lower number of the sequence, and commits last. */
static err_t emit_first_commit_last(struct ctx *c, void *arg)
{
	struct db **db = arg;
	struct ctx *other = test_ctx_of(db[0]);

	TRY(db_exec(c, &EMIT, PARAMS(P_TEXT("order.placed"), P_TEXT("a"), P_INT(1)), NULL));
	assert_ok(other, db_tx(other, DB_TX_DEFAULT, emit_second, NULL));
	assert_int_equal(sequence(db[1]), 1);
	return OK;
}

static void a_late_commit_is_not_lost(void **state)
{
	struct ctx *c = test_ctx();
	struct db *dbs[] = {test_db_again("es_orders", NULL, NULL), test_db_again("es_bus", NULL, NULL)};

	(void)state;
	assert_ok(c, db_tx(c, DB_TX_DEFAULT, emit_first_commit_last, dbs));
	assert_int_equal(sequence(dbs[1]), 1);
	assert_string_equal(test_sql_text("select string_agg(aggregate_id, ',' order by pos) from bus.event"), "b,a");
	assert_int_equal(test_sql_int("select max(pos) - min(pos) from bus.event"), 1);
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

static struct ctx *child_ctx(const char *role)
{
	static struct ctx c;
	struct db_setup setup = {.conninfo = test_conninfo(role), .application_name = "child"};

	ctx_init(&c, arena_new(TEST_ARENA_MAX), db_open(&setup));
	return &c;
}

static void produce(int number)
{
	struct ctx *c = child_ctx("es_orders");

	for (int i = 0; i < AGGREGATES * EVENTS_EACH / PRODUCERS; i++) {
		const char *id = arena_printf(c->arena, "k%d", (i + number) % AGGREGATES);

		if (db_exec(c, &CHANGE, PARAMS(P_TEXT(id)), NULL) != OK)
			_exit(1);
	}
}

static void sequence_until_quiet(int number)
{
	struct ctx *c = child_ctx("es_bus");

	(void)number;
	for (int quiet = 0; quiet < 200;) {
		struct number r;

		if (db_one(c, &SEQUENCE, NO_PARAMS, &r) != OK)
			_exit(1);
		quiet = r.n > 0 ? 0 : quiet + 1;
		usleep(1000);
	}
}

static void two_sequencers_keep_everything_in_order(void **state)
{
	pid_t pids[PRODUCERS + SEQUENCERS];

	(void)state;
	test_sql("insert into public.aggregate (id) select 'k' || i from generate_series(0, 4) i");
	for (int i = 0; i < PRODUCERS; i++)
		pids[i] = child(produce, i);
	for (int i = 0; i < SEQUENCERS; i++)
		pids[PRODUCERS + i] = child(sequence_until_quiet, i);
	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(test_sql_int("select count(*) from bus.outbox"), 0);
	assert_int_equal(test_sql_int("select count(*) from bus.event"), AGGREGATES * EVENTS_EACH);
	assert_int_equal(test_sql_int("select max(pos) - min(pos) + 1 - count(*) from bus.event"), 0);
	assert_int_equal(test_sql_int("select count(*) from (select (payload ->> 'n')::bigint - row_number() over"
				      " (partition by order_key order by pos) as off from bus.event) t where off <> 0"),
		0);
}

static void the_log_grows_into_new_partitions(void **state)
{
	struct ctx *c = test_ctx();
	struct db *bus = test_db_again("es_bus", NULL, NULL);

	(void)state;
	test_sql(
		"insert into bus.event (pos, shard, event_id, topic, aggregate_type, aggregate_id, order_key, payload, "
		"headers, created_at)"
		" values (3 * bus.partition_size() - 1, 0, gen_random_uuid(), 'order.placed', 'order', 'o', 'o', '{}', "
		"'{}', "
		"now())");
	assert_ok(c, db_exec(c, &EMIT, PARAMS(P_TEXT("order.placed"), P_TEXT("o"), P_INT(1)), NULL));
	assert_ok(c, db_exec(c, &EMIT, PARAMS(P_TEXT("order.placed"), P_TEXT("o"), P_INT(2)), NULL));
	assert_int_equal(sequence(bus), 2);
	assert_string_equal(test_sql_text("select string_agg(pos::text, ' ' order by pos) from bus.event"),
		"2999999 3000000 3000001");
	assert_int_equal(test_sql_int("select count(distinct tableoid) from bus.event"), 2);
}

static int64_t lease(int64_t secs, const char *token)
{
	struct ctx *c = test_ctx();
	struct number *rows;
	size_t n;

	assert_ok(c, db_rows(c, &LEASE, PARAMS(P_INT(secs), P_TEXT(token)), &rows, &n));
	return n > 0 ? rows[0].n : 0;
}

static bool settle(const struct db_stmt *how, int64_t id, const char *token)
{
	struct ctx *c = test_ctx();
	struct number r;

	assert_ok(c, db_one(c, how, PARAMS(P_INT(id), P_TEXT(token)), &r));
	return r.n != 0;
}

static void enqueue(const char *key, int priority)
{
	struct ctx *c = test_ctx();

	assert_ok(c, db_exec(c, &ENQUEUE, PARAMS(P_TEXT("orders.test"), P_TEXT(key), P_INT(priority)), NULL));
}

static void a_lost_lease_settles_nothing(void **state)
{
	int64_t id;

	(void)state;
	enqueue("one", 0);
	enqueue("one", 0);
	assert_int_equal(test_sql_int("select count(*) from bus.job"), 1);
	id = lease(0, TOKEN_A);
	assert_true(id > 0);
	assert_int_equal(lease(60, TOKEN_B), id);
	assert_int_equal(lease(60, TOKEN_A), 0);
	assert_false(settle(&ACK, id, TOKEN_A));
	assert_false(settle(&NACK, id, TOKEN_A));
	assert_true(settle(&ACK, id, TOKEN_B));
	assert_string_equal(test_sql_text("select state || attempts from bus.job"), "done2");
}

static void lease_and_hang(int number)
{
	struct ctx *c = child_ctx("es_orders");
	struct number *rows;
	size_t n;

	(void)number;
	if (db_rows(c, &LEASE, PARAMS(P_INT(60), P_TEXT(TOKEN_A)), &rows, &n) != OK || n != 1)
		_exit(1);
	pause();
}

static void a_dead_workers_jobs_are_free_at_once(void **state)
{
	pid_t pid;

	(void)state;
	enqueue("one", 0);
	pid = child(lease_and_hang, 0);
	for (int i = 0; i < 200 && test_sql_int("select count(*) from bus.job where lease is not null") == 0; i++)
		usleep(10000);
	assert_int_equal(lease(60, TOKEN_B), 0); /* it lives */
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	for (int i = 0; i < 200 && lease(60, TOKEN_B) == 0; i++)
		usleep(10000);
	assert_string_equal(test_sql_text("select lease from bus.job"), TOKEN_B);
}

static void exhausted_jobs_die(void **state)
{
	int64_t id;

	(void)state;
	enqueue("one", 0);
	test_sql("update bus.job set max_attempts = 2");
	id = lease(60, TOKEN_A);
	assert_true(settle(&NACK, id, TOKEN_A));
	assert_int_equal(lease(60, TOKEN_A), 0); /* backs off */
	test_sql("update bus.job set run_at = now()");
	assert_int_equal(lease(0, TOKEN_A), id);
	assert_int_equal(lease(60, TOKEN_B), 0); /* its worker never came back */
	assert_string_equal(test_sql_text("select state from bus.job"), "dead");
	assert_int_equal(test_sql_int("select count(*) from bus.dead_letter where kind = 'job'"), 1);
	assert_string_equal(test_sql_text("select bus.dead_letter_retry(id)::text from bus.dead_letter"), "true");
	assert_int_equal(lease(60, TOKEN_B), id);
}

static void urgent_jobs_go_first(void **state)
{
	(void)state;
	enqueue("slow", 0);
	enqueue("quick", 5);
	(void)lease(60, TOKEN_A);
	assert_string_equal(test_sql_text("select dedup_key from bus.job order by priority desc limit 1"), "quick");
}

static void a_queue_is_its_services_own(void **state)
{
	struct ctx *c = test_ctx();

	(void)state;
	assert_err(c, db_exec(c, &ENQUEUE, PARAMS(P_TEXT("payment.test"), P_TEXT("k"), P_INT(0)), NULL), &ERR_INTERNAL);
}

/* What a login role may do outside its own schema, all of it. */
static void roles_reach_only_what_is_published(void **state)
{
	(void)state;
	assert_string_equal(
		test_sql_text("select coalesce(string_agg(r.rolname || ' writes ' || c.oid::regclass, ', '), 'nothing')"
			      " from pg_roles r, pg_class c join pg_namespace n on n.oid = c.relnamespace"
			      " where r.rolname like 'es\\_%' and r.rolcanlogin and c.relkind in ('r', 'p', 'v') and "
			      "n.nspname !~ '^(pg_|information|public)'"
			      " and r.rolname <> 'es_' || n.nspname and c.oid <> 'platform.idempotency'::regclass"
			      " and has_schema_privilege(r.oid, n.oid, 'usage') and has_table_privilege(r.oid, c.oid, "
			      "'insert, update, delete, truncate')"),
		"nothing");
	assert_string_equal(
		test_sql_text("select coalesce(string_agg(r.rolname || ' reads ' || c.oid::regclass, ', '), 'nothing')"
			      " from pg_roles r, pg_class c join pg_namespace n on n.oid = c.relnamespace"
			      " where r.rolname like 'es\\_%' and r.rolcanlogin and c.relkind in ('r', 'p') and "
			      "n.nspname !~ '^(pg_|information|public)'"
			      " and r.rolname <> 'es_' || n.nspname"
			      " and c.oid not in ('platform.idempotency'::regclass, 'platform.setting'::regclass, "
			      "'bus.topic'::regclass)"
			      " and has_schema_privilege(r.oid, n.oid, 'usage') and has_table_privilege(r.oid, c.oid, "
			      "'select')"),
		"nothing");
	assert_string_equal(
		test_sql_text("select coalesce(string_agg(p.oid::regprocedure::text, ', '), 'nothing') from pg_proc p"
			      " join pg_namespace n on n.oid = p.pronamespace join pg_roles o on o.oid = p.proowner"
			      " where o.rolname like 'es\\_%' and (p.proacl is null or exists (select from "
			      "aclexplode(p.proacl) a where a.grantee = 0))"),
		"nothing");
	assert_string_equal(
		test_sql_text("select coalesce(string_agg(p.oid::regprocedure::text, ', '), 'nothing') from pg_proc p "
			      "join pg_roles o on o.oid = p.proowner"
			      " where o.rolname like 'es\\_%' and p.prosecdef and not "
			      "exists (select from unnest(p.proconfig) s where s like 'search_path=%pg_temp')"),
		"nothing");
}

static void answers_are_seen_by_their_own_service_only(void **state)
{
	static const struct db_stmt PUT = DB_EXEC("test_put",
		SQL("insert into platform.idempotency (scope, key, fingerprint, status) values ('s', 'k', 'f', 200)"));
	static const struct db_stmt COUNT = DB_ROWS(
		"test_count", struct number, NUMBER_COLUMNS, SQL("select count(*) as n from platform.idempotency"));
	static const struct db_stmt FORGE =
		DB_EXEC("test_forge", SQL("insert into platform.idempotency (service, scope, key, fingerprint, status) "
					  "values ('es_cart', 's', 'x', 'f', 200)"));
	struct ctx *mine = test_ctx(), *other = test_ctx_of(test_db_again("es_cart", NULL, NULL));
	struct number r;

	(void)state;
	assert_ok(mine, db_exec(mine, &PUT, NO_PARAMS, NULL));
	assert_ok(mine, db_one(mine, &COUNT, NO_PARAMS, &r));
	assert_int_equal(r.n, 1);
	assert_ok(other, db_one(other, &COUNT, NO_PARAMS, &r));
	assert_int_equal(r.n, 0);
	assert_err(mine, db_exec(mine, &FORGE, NO_PARAMS, NULL), &ERR_INTERNAL);
}

/* Payload examples carry what their schema requires, and nothing that names a person. */
static void the_catalogue_holds_no_person(void **state)
{
	(void)state;
	assert_int_equal(
		test_sql_int("select count(*) from bus.topic t, jsonb_array_elements_text(t.schema -> 'required') r"
			     " where not t.example ? r"),
		0);
	assert_int_equal(test_sql_int("select count(*) from bus.topic where schema::text || example::text"
				      " ~* '\"(email|e-mail|phone|address|first_name|last_name|password|token)\"'"),
		0);
	assert_int_equal(test_sql_int("select count(*) from bus.topic where not exists"
				      " (select from pg_roles where rolname = owner and rolcanlogin)"),
		0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(only_the_owner_emits, clean),
		cmocka_unit_test_setup(a_late_commit_is_not_lost, clean),
		cmocka_unit_test_setup(two_sequencers_keep_everything_in_order, clean),
		cmocka_unit_test_setup(the_log_grows_into_new_partitions, clean),
		cmocka_unit_test_setup(a_lost_lease_settles_nothing, clean),
		cmocka_unit_test_setup(a_dead_workers_jobs_are_free_at_once, clean),
		cmocka_unit_test_setup(exhausted_jobs_die, clean),
		cmocka_unit_test_setup(urgent_jobs_go_first, clean),
		cmocka_unit_test_setup(a_queue_is_its_services_own, clean),
		cmocka_unit_test(roles_reach_only_what_is_published),
		cmocka_unit_test(answers_are_seen_by_their_own_service_only),
		cmocka_unit_test(the_catalogue_holds_no_person),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
