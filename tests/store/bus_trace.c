/*
 * bus_trace.c - the trace of a request goes with its events and jobs, told from C or from SQL, to
 * whoever handles them, and on to what they cause.
 */
#include "testing.h"

#include <string.h>

#include "app/event.h"
#include "data/trace.h"

#define TRACE_A "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
#define TRACE_B "00-1111111111111111111111111111111b-2222222222222222-01"

struct number {
	int64_t n;
};
static const struct db_column NUMBER_COLUMNS[] = {DB_COLUMN(struct number, n, DB_INT64)};
static const struct db_stmt SEQUENCE =
	DB_ROWS("test_sequence", struct number, NUMBER_COLUMNS, SQL("select bus.sequence_batch()::bigint as n"));
static const struct db_stmt EMIT_IN_SQL = DB_EXEC("test_emit",
	SQL("select bus.emit('order.placed', 'order', $1, null, jsonb_build_object('from', 'sql'))"), DB_TRACED);
static const struct db_stmt ENQUEUE_IN_SQL =
	DB_EXEC("test_enqueue", SQL("select bus.enqueue('orders.test', $1, '{}')"), DB_TRACED);
static const struct db_stmt AGAIN_IN_SQL =
	DB_EXEC("test_again", SQL("select bus.enqueue_again('orders.test', $1)"), DB_TRACED);
static const struct db_stmt UNTRACED =
	DB_EXEC("test_untraced", SQL("select bus.emit('order.placed', 'order', $1, null, '{}')"));

static void tell(struct ctx *c, const char *key)
{
	json_t *payload = json_new_object(c->arena);

	json_set_text(payload, "from", "c");
	event_emit(
		c, &(struct event){
			   .topic = "order.paid", .aggregate_type = "order", .aggregate_id = key, .payload = payload});
	db_defer(c, &EMIT_IN_SQL, PARAMS(P_TEXT(key)));
	db_defer(c, &ENQUEUE_IN_SQL, PARAMS(P_TEXT(arena_printf(c->arena, "%s-sql", key))));
	job_enqueue(c, "orders.test", arena_printf(c->arena, "%s-c", key), NULL);
}

static err_t tell_body(struct ctx *c, void *key)
{
	tell(c, key);
	return OK;
}

/* Each event in a batch is of another trace; what its handler tells, of SQL too, is of its own. */
static err_t pass_on(struct ctx *c, const struct received_event *e)
{
	tell(c, arena_printf(c->arena, "after-%s", e->order_key));
	return OK;
}

static char seen[4][128];
static size_t nseen;

static err_t do_job(struct ctx *c, const struct job *j)
{
	assert_true(nseen < ARRAY_LEN(seen));
	snprintf(seen[nseen++], sizeof(seen[0]), "%s %s %s", j->dedup_key, c->request_id != NULL ? c->request_id : "-",
		c->traceparent);
	return OK;
}

static const char *const TOPICS[] = {"order.shipped_to_test", NULL};
static const struct consumer CONSUMERS_TABLE[] = {{"orders.test", TOPICS, pass_on}, {0}};
static const struct job_worker JOBS[] = {{"orders.test", 30, do_job}, {0}};
static const struct work CONSUMING = {.consumers = CONSUMERS_TABLE};
static const struct work WORKING = {.jobs = JOBS};

static int start(void **state)
{
	(void)state;
	(void)test_db_open("es_orders", NULL, NULL);
	test_sql("select bus.declare_topic('order.shipped_to_test', 'es_orders', 1, 'For this test.', '{}', '{}')");
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
	test_sql("delete from bus.outbox; delete from bus.event; delete from bus.job; delete from bus.subscription");
	nseen = 0;
	return 0;
}

static struct ctx *traced(const char *traceparent, const char *request_id)
{
	struct ctx *c = test_ctx();

	c->traceparent = traceparent;
	c->request_id = request_id;
	return c;
}

static const char *told_with(const char *table)
{
	return test_sql_text(arena_printf(test_ctx()->arena,
		"select coalesce(string_agg(distinct (headers ->> 'request_id') || ' ' || (headers ->> 'traceparent'), "
		"', '), '')"
		" || ' ' || count(*) from bus.%s",
		table));
}

static void from_c_and_from_sql(void **state)
{
	struct ctx *c = traced(TRACE_A, "request-a");

	(void)state;
	assert_ok(c, db_tx(c, DB_TX_DEFAULT, tell_body, (char[]){"1"}));
	assert_string_equal(told_with("outbox"), "request-a " TRACE_A " 2");
	assert_string_equal(told_with("job"), "request-a " TRACE_A " 2");
}

static void a_statement_alone_is_traced_too(void **state)
{
	struct ctx *c = traced(TRACE_A, "request-a");

	(void)state;
	assert_ok(c, db_exec(c, &EMIT_IN_SQL, PARAMS(P_TEXT("1")), NULL));
	assert_string_equal(told_with("outbox"), "request-a " TRACE_A " 1");
	/* … and leaves nothing behind for the connection's next */
	assert_ok(c, db_exec(c, &UNTRACED, PARAMS(P_TEXT("2")), NULL));
	assert_string_equal(test_sql_text("select headers::text from bus.outbox where aggregate_id = '2'"), "{}");
}

static err_t ship_body(struct ctx *c, void *key)
{
	event_emit(c, &(struct event){.topic = "order.shipped_to_test",
			      .aggregate_type = "order",
			      .aggregate_id = key,
			      .payload = json_new_object(c->arena)});
	return OK;
}

static void consumers_carry_it_on(void **state)
{
	struct ctx *c = traced(TRACE_A, "request-a"), *bus;
	struct number r;
	size_t did;

	(void)state;
	assert_ok(c, db_tx(c, DB_TX_DEFAULT, ship_body, (char[]){"a"}));
	c = traced(TRACE_B, "request-b");
	assert_ok(c, db_tx(c, DB_TX_DEFAULT, ship_body, (char[]){"b"}));
	bus = test_ctx_of(test_db_again("es_bus", NULL, NULL));
	assert_ok(bus, db_one(bus, &SEQUENCE, NO_PARAMS, &r));
	c = traced(NULL, NULL);
	assert_ok(c, work_once(c, &CONSUMING, &did));
	assert_int_equal(did, 2);
	assert_string_equal(told_with("outbox"), "request-a " TRACE_A ", request-b " TRACE_B " 4");
	assert_string_equal(told_with("job"), "request-a " TRACE_A ", request-b " TRACE_B " 4");
	assert_int_equal(test_sql_int("select count(*) from bus.outbox where aggregate_id = 'after-a'"
				      " and headers ->> 'traceparent' = '" TRACE_A "'"),
		2);
}

static void jobs_are_done_within_it(void **state)
{
	struct ctx *c = traced(TRACE_A, "request-a");
	size_t did;

	(void)state;
	assert_ok(c, db_tx(c, DB_TX_DEFAULT, tell_body, (char[]){"1"}));
	c = traced(NULL, NULL);
	assert_ok(c, work_once(c, &WORKING, &did));
	assert_int_equal(nseen, 2);
	assert_string_equal(seen[0], "1-sql request-a " TRACE_A);
	assert_string_equal(seen[1], "1-c request-a " TRACE_A);
	/* Staff asks again: that is the cause now. */
	c = traced(TRACE_B, "request-b");
	assert_ok(c, db_exec(c, &AGAIN_IN_SQL, PARAMS(P_TEXT("1-c")), NULL));
	c = traced(NULL, NULL);
	assert_ok(c, work_once(c, &WORKING, &did));
	assert_int_equal(nseen, 3);
	assert_string_equal(seen[2], "1-c request-b " TRACE_B);
}

static void a_job_of_nobody_begins_one(void **state)
{
	struct ctx *c = traced(NULL, NULL);
	size_t did;

	(void)state;
	assert_ok(c, db_exec(c, &ENQUEUE_IN_SQL, PARAMS(P_TEXT("alone")), NULL));
	assert_ok(c, work_once(c, &WORKING, &did));
	assert_int_equal(nseen, 1);
	assert_non_null(trace_accept(c->arena, strstr(seen[0], "00-")));
}

static void dead_letters_name_it(void **state)
{
	struct ctx *c = traced(TRACE_A, "request-a");

	(void)state;
	assert_ok(c, db_exec(c, &ENQUEUE_IN_SQL, PARAMS(P_TEXT("1")), NULL));
	test_sql("update bus.job set state = 'dead', settled_at = now()");
	assert_string_equal(test_sql_text("select request_id || ' ' || trace_id from bus.dead_letter"),
		"request-a 0af7651916cd43dd8448eb211c80319c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(from_c_and_from_sql, clean),
		cmocka_unit_test_setup(a_statement_alone_is_traced_too, clean),
		cmocka_unit_test_setup(consumers_carry_it_on, clean),
		cmocka_unit_test_setup(jobs_are_done_within_it, clean),
		cmocka_unit_test_setup(a_job_of_nobody_begins_one, clean),
		cmocka_unit_test_setup(dead_letters_name_it, clean),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
