/*
 * db_test.c - common/edges/db*: values, pipelines, refusals, transactions, proofs.
 */
#include "db_common.h"

#include <string.h>

static const struct db_column WRONG_COLUMNS[] = {
	DB_COLUMN(struct everything, text, DB_TEXT), DB_COLUMN(struct everything, small, DB_INT32)};
static const struct db_stmt WRONG_NAME =
	DB_ROWS("t_wrong_name", struct number, NUMBER_COLUMNS, SQL("select amount as m from t.item"));
static const struct db_stmt WRONG_TYPE = DB_ROWS(
	"t_wrong_type", struct everything, WRONG_COLUMNS, SQL("select name as text, amount as small from t.item"));
static const struct db_stmt WRONG_COUNT =
	DB_ROWS("t_wrong_count", struct number, NUMBER_COLUMNS, SQL("select amount as n, name from t.item"));
static const struct db_stmt NO_COLUMN =
	DB_ROWS("t_no_column", struct number, NUMBER_COLUMNS, SQL("select missing as n from t.item"));
static const struct db_stmt NO_GRANT =
	DB_ROWS("t_no_grant", struct number, NUMBER_COLUMNS, SQL("select n from t.hidden where n = $1"));
static const struct db_stmt NO_EXECUTE = DB_EXEC("t_no_execute", SQL("select t.hidden_strict($1)"));

static void types_round_trip(void **state)
{
	struct ctx *c = test_ctx();
	struct uuid id = uuid_v7();
	json_t *json = json_new_object(c->arena);
	struct everything row;
	const int64_t at = INT64_C(1772366400123456);
	int64_t min = INT64_MIN;

	(void)state;
	json_set_text(json, "k", "ü\"\\");
	assert_ok(c, db_one(c, &EVERYTHING,
			     PARAMS(P_TEXT("it's “quoted” \\ \n"), P_INT(min), P_INT(-5), P_BOOL(true), P_UUID(&id),
				     P_TEXT("BHD"), P_TIME(at), P_JSON(json), P_BYTES(((struct str){"\0\xff\\x", 4}))),
			     &row));
	assert_string_equal(row.text, "it's “quoted” \\ \n");
	assert_true(row.big == min);
	assert_int_equal(row.small, -5);
	assert_true(row.yes);
	assert_string_equal(row.id.s, id.s);
	assert_string_equal(row.currency, "BHD");
	assert_true(row.at == at);
	assert_string_equal(json_text(row.json, "k", NULL), "ü\"\\");
	assert_int_equal(row.bytes.n, 4);
	assert_memory_equal(row.bytes.p, "\0\xff\\x", 4);
}

static void times_before_1970_and_leap_days(void **state)
{
	static const int64_t TIMES[] = {
		-1, 1, 951782400000000, INT64_C(4107542399999999), -86400000000 * 365, 1709251199000001};
	struct ctx *c = test_ctx();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(TIMES); i++) {
		struct everything row;

		assert_ok(c, db_one(c, &EVERYTHING,
				     PARAMS(P_NULL, P_NULL, P_NULL, P_NULL, P_NULL, P_NULL, P_TIME(TIMES[i]), P_NULL,
					     P_NULL),
				     &row));
		assert_true(row.at == TIMES[i]);
	}
}

static void nulls(void **state)
{
	struct ctx *c = test_ctx();
	struct uuid unset = {{0}};
	struct everything row;

	(void)state;
	memset(&row, 0x5a, sizeof(row));
	assert_ok(c, db_one(c, &EVERYTHING,
			     PARAMS(P_TEXT(NULL), P_NULL, P_INT_OR_NULL(3, false), P_NULL, P_UUID(&unset), P_NULL,
				     P_TIME(0), P_JSON(NULL), P_BYTES(((struct str){NULL, 0}))),
			     &row));
	assert_null(row.text);
	assert_true(row.big == 0 && row.small == 0 && !row.yes && row.at == 0);
	assert_string_equal(row.id.s, "");
	assert_string_equal(row.currency, "");
	assert_null(row.json);
	assert_null(row.bytes.p);
	assert_int_equal(row.bytes.n, 0);
}

static void arrays(void **state)
{
	static const char *const WORDS[] = {"a \"b\" \\c", NULL, "", "other"};
	static const int64_t NUMBERS[] = {-7, 1, -7, -7};
	struct ctx *c = test_ctx();
	struct number n;

	(void)state;
	assert_ok(c, db_one(c, &ARRAYS, PARAMS(P_TEXTS(WORDS, 4), P_INTS(NUMBERS, 4)), &n));
	assert_int_equal(n.n, 3);
	assert_ok(c, db_one(c, &ARRAYS, PARAMS(P_TEXTS(NULL, 0), P_INTS(NULL, 0)), &n));
	assert_int_equal(n.n, 0);
}

static void rows_and_cardinality(void **state)
{
	struct ctx *c = test_ctx();
	struct number *rows = NULL, one = {-1};
	size_t n = 99;
	bool found = true;
	int64_t affected = -1;

	(void)state;
	assert_ok(c, db_rows(c, &SERIES, PARAMS(P_INT(1000)), &rows, &n));
	assert_int_equal(n, 1000);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(rows[i].n, i + 1);
	assert_ok(c, db_rows(c, &SERIES, PARAMS(P_INT(0)), &rows, &n));
	assert_int_equal(n, 0);
	assert_err(c, db_one(c, &SERIES, PARAMS(P_INT(0)), &one), &ERR_NOT_FOUND);
	assert_err(c, db_one(c, &SERIES, PARAMS(P_INT(2)), &one), &ERR_INTERNAL);
	assert_int_equal(one.n, -1);
	assert_ok(c, db_maybe(c, &SERIES, PARAMS(P_INT(0)), &one, &found));
	assert_false(found);
	assert_ok(c, db_maybe(c, &SERIES, PARAMS(P_INT(1)), &one, &found));
	assert_true(found && one.n == 1);
	assert_ok(c, db_exec(c, &ADD, PARAMS(P_TEXT("a"), P_INT(1), P_NULL), &affected));
	assert_int_equal(affected, 1);
}

static void pipeline_order_in_one_round_trip(void **state)
{
	struct ctx *c = test_ctx();
	struct number before, after, *rows;
	size_t n;
	uint64_t trips;

	(void)state;
	(void)count_items(c);
	trips = db_stats(c->db)->round_trips;
	db_defer(c, &ADD, PARAMS(P_TEXT("first"), P_INT(1), P_NULL));
	assert_ok(c, db_run(c,
			     (const struct db_call[]){
				     CALL_ONE(&COUNT, &before),
				     CALL_EXEC(&ADD, P_TEXT("second"), P_INT(2), P_NULL),
				     CALL_ONE(&COUNT, &after),
				     CALL_ROWS(&SERIES, &rows, &n, P_INT(3)),
			     },
			     4));
	assert_int_equal(before.n, 1);
	assert_int_equal(after.n, 2);
	assert_int_equal(n, 3);
	assert_int_equal(db_stats(c->db)->round_trips, trips + 1);
}

static void failure_outside_a_transaction_undoes_the_batch(void **state)
{
	struct ctx *c = test_ctx();
	struct number n;

	(void)state;
	assert_err(c,
		db_run(c,
			(const struct db_call[]){
				CALL_EXEC(&ADD, P_TEXT("x"), P_INT(1), P_NULL),
				CALL_EXEC(&ADD, P_TEXT("x"), P_INT(1), P_NULL),
				CALL_ONE(&COUNT, &n),
			},
			3),
		&TAKEN);
	assert_string_equal(c->detail, "this name is taken");
	assert_string_equal(c->errors->field, "name");
	assert_int_equal(count_items(test_ctx()), 0);
}

static void every_kind_of_constraint(void **state)
{
	struct ctx *c = test_ctx();

	(void)state;
	assert_err(c, add(c, "small", -1), &TOO_SMALL);
	assert_string_equal(c->detail, "Too small");
	c = test_ctx();
	assert_err(c, db_exec(c, &ADD, PARAMS(P_TEXT("orphan"), P_INT(1), P_INT(4711)), NULL), &NO_PARENT);
	c = test_ctx();
	assert_ok(c, db_exec(c, &ADD_SPAN, PARAMS(P_INT(1), P_INT(5)), NULL));
	assert_err(c, db_exec(c, &ADD_SPAN, PARAMS(P_INT(4), P_INT(9)), NULL), &OVERLAPS);
	c = test_ctx();
	assert_err(c, db_exec(c, &REFUSE, PARAMS(P_TEXT("lines/0/quantity")), NULL), &REFUSED);
	assert_string_equal(c->detail, "only two are left");
	assert_string_equal(c->errors->field, "lines/0/quantity");
	c = test_ctx();
	assert_err(c, db_exec(c, &REFUSE, PARAMS(P_TEXT("")), NULL), &REFUSED);
	assert_string_equal(c->errors->field, "all");
	c = test_ctx();
	assert_err(c, db_exec(c, &BAD_UUID, PARAMS(P_TEXT("secret-value")), NULL), &ERR_INTERNAL);
	assert_null(strstr(c->detail, "secret-value"));
}

static err_t defer_two_same(struct ctx *c, void *arg)
{
	(void)arg;
	db_defer(c, &ADD, PARAMS(P_TEXT("same"), P_INT(1), P_NULL));
	db_defer(c, &ADD, PARAMS(P_TEXT("same"), P_INT(1), P_NULL));
	return OK;
}

static err_t orphan(struct ctx *c, void *arg)
{
	(void)arg;
	db_defer(c, &ADD, PARAMS(P_TEXT("orphan"), P_INT(1), P_INT(4711)));
	return OK;
}

static void deferred_error_surfaces_at_commit(void **state)
{
	struct ctx *c = test_ctx();

	(void)state;
	assert_err(c, db_tx(c, DB_TX_DEFAULT, defer_two_same, NULL), &TAKEN);
	assert_int_equal(count_items(test_ctx()), 0);
	c = test_ctx();
	assert_err(
		c, db_tx(c, DB_TX_DEFAULT, orphan, NULL), &NO_PARENT); /* a deferred constraint: COMMIT itself fails */
	assert_int_equal(count_items(test_ctx()), 0);
}

static err_t defer_two(struct ctx *c, void *arg)
{
	(void)arg;
	db_defer(c, &ADD, PARAMS(P_TEXT("one"), P_INT(1), P_NULL));
	db_defer(c, &ADD, PARAMS(P_TEXT("two"), P_INT(1), P_NULL));
	return OK;
}

static err_t nothing(struct ctx *c, void *arg)
{
	(void)c;
	(void)arg;
	return OK;
}

static err_t read_then_defer(struct ctx *c, void *arg)
{
	struct number *n = arg;

	TRY(db_one(c, &COUNT, NO_PARAMS, n));
	return defer_two(c, NULL);
}

static void round_trips_of_transactions(void **state)
{
	struct ctx *c = test_ctx();
	uint64_t trips = (count_items(c), db_stats(c->db)->round_trips);
	struct number n;

	(void)state;
	assert_ok(c, db_tx(c, DB_TX_DEFAULT, nothing, NULL));
	assert_int_equal(db_stats(c->db)->round_trips, trips);
	assert_ok(c, db_tx(c, DB_TX_ASYNC_COMMIT, defer_two, NULL));
	assert_int_equal(db_stats(c->db)->round_trips, trips + 1);
	test_sql("truncate t.item");
	assert_ok(c, db_tx(c, DB_TX_REPEATABLE_READ, read_then_defer, &n));
	assert_int_equal(db_stats(c->db)->round_trips, trips + 3);
	assert_int_equal(count_items(c), 2);
}

static err_t fail_after_write(struct ctx *c, void *arg)
{
	(void)arg;
	TRY(add(c, "gone", 1));
	db_defer(c, &ADD, PARAMS(P_TEXT("never sent"), P_INT(1), P_NULL));
	return fail(c, &STOP, "enough");
}

static err_t ignore_failure(struct ctx *c, void *arg)
{
	(void)arg;
	TRY(add(c, "a", 1));
	return add(c, "a", 1) == &TAKEN ? OK : &STOP;
}

static void failed_body_rolls_back(void **state)
{
	struct ctx *c = test_ctx();

	(void)state;
	assert_err(c, db_tx(c, DB_TX_DEFAULT, fail_after_write, NULL), &STOP);
	assert_string_equal(c->detail, "enough");
	assert_true(db_idle(c->db));
	/* A body that hides a refusal must not look committed. */
	assert_err(c, db_tx(c, DB_TX_DEFAULT, ignore_failure, NULL), &TAKEN);
	assert_int_equal(count_items(test_ctx()), 0);
}

static err_t stop_check(struct ctx *c, void *row, bool found, void *arg)
{
	const struct number *n = row;

	(void)c;
	*(int64_t *)arg = found ? n->n : -1;
	return found && n->n == 1 ? fail(c, &STOP, "checked") : OK;
}

static err_t checked(struct ctx *c, void *arg)
{
	db_defer_check(c, &SERIES, PARAMS(P_INT(1)), stop_check, arg);
	db_defer(c, &ADD, PARAMS(P_TEXT("unseen"), P_INT(1), P_NULL));
	return OK;
}

static err_t checked_first(struct ctx *c, void *arg)
{
	db_defer_check(c, &SERIES, PARAMS(P_INT(1)), stop_check, arg);
	return db_exec(c, &REFUSE, PARAMS(P_TEXT("")), NULL);
}

static void a_check_decides_before_commit_and_before_later_results(void **state)
{
	struct ctx *c = test_ctx();
	int64_t seen = 0;

	(void)state;
	assert_err(c, db_tx(c, DB_TX_DEFAULT, checked, &seen), &STOP);
	assert_int_equal(seen, 1);
	assert_int_equal(count_items(test_ctx()), 0);
	assert_err(c, db_tx(c, DB_TX_DEFAULT, checked_first, &seen), &STOP);
	db_defer_check(c, &SERIES, PARAMS(P_INT(0)), stop_check, &seen);
	assert_int_equal(count_items(c), 0);
	assert_int_equal(seen, -1);
	/* What was deferred before the transaction is no part of it, but speaks first. */
	db_defer_check(c, &SERIES, PARAMS(P_INT(1)), stop_check, &seen);
	assert_err(c, db_tx(c, DB_TX_DEFAULT, defer_two, NULL), &STOP);
	assert_int_equal(count_items(test_ctx()), 0);
}

static err_t outer_joins(struct ctx *c, void *arg)
{
	TRY(add(c, "outer", 1));
	TRY(db_tx(c, DB_TX_DEFAULT, defer_two, arg));
	assert_true(db_in_tx(c));
	return fail(c, &STOP, "outer fails");
}

static void inner_transactions_join(void **state)
{
	struct ctx *c = test_ctx();

	(void)state;
	assert_err(c, db_tx(c, DB_TX_DEFAULT, outer_joins, NULL), &STOP);
	assert_int_equal(count_items(test_ctx()), 0);
}

struct savepoint_story {
	err_t inner;
	unsigned runs;
};

static err_t with_savepoints(struct ctx *c, void *arg)
{
	struct savepoint_story *s = arg;

	s->runs++;
	db_defer(c, &ADD, PARAMS(P_TEXT("kept"), P_INT(1), P_NULL));
	TRY(db_savepoint(c, nothing, NULL));
	s->inner = db_savepoint(c, defer_two_same, NULL);
	if (db_savepoint(c, fail_after_write, NULL) != &STOP)
		return fail(c, &ERR_INTERNAL, "the savepoint did not report");
	TRY(db_savepoint(c, defer_two, NULL));
	return add(c, "last", 1);
}

static err_t broken_before_savepoint(struct ctx *c, void *arg)
{
	(void)defer_two_same(c, NULL);
	(void)(db_savepoint(c, defer_two, arg) == OK);
	return OK;
}

static void savepoints(void **state)
{
	struct savepoint_story s = {0};
	struct ctx *c = test_ctx();

	(void)state;
	assert_ok(c, db_tx(c, DB_TX_DEFAULT, with_savepoints, &s));
	assert_ptr_equal(s.inner, &TAKEN);
	assert_int_equal(s.runs, 1);
	assert_int_equal(count_items(c), 4);
	assert_int_equal(test_sql_int("select count(*) from t.item where name in ('kept', 'one', 'two', 'last')"), 4);
	test_sql("truncate t.item");
	c = test_ctx();
	assert_err(c, db_tx(c, DB_TX_DEFAULT, broken_before_savepoint, NULL), &TAKEN);
	assert_int_equal(count_items(test_ctx()), 0);
}

static void large_pipelines_do_not_deadlock(void **state)
{
	enum { N = 3000, BYTES = 8000 };
	struct ctx *c = test_ctx();
	struct db_call *calls = arena_array_of(c->arena, N, struct db_call);
	struct everything *rows = arena_array_of(c->arena, N, struct everything);
	char *text = arena_alloc(c->arena, BYTES + 1);
	struct db_param p;

	(void)state;
	memset(text, 'x', BYTES);
	p = P_TEXT(text);
	for (size_t i = 0; i < N; i++)
		calls[i] = (struct db_call){.stmt = &ECHO, .params = &p, .nparams = 1, .row = &rows[i]};
	assert_ok(c, db_run(c, calls, N));
	assert_int_equal(strlen(rows[N - 1].text), BYTES);
}

static void proves(void **state)
{
	static const struct db_stmt *const WRONG[] = {
		&WRONG_NAME, &WRONG_TYPE, &WRONG_COUNT, &NO_COLUMN, &NO_GRANT, &NO_EXECUTE};
	struct ctx *c = test_ctx();

	(void)state;
	assert_ok(c, db_prove(c));
	for (size_t i = 0; i < ARRAY_LEN(WRONG); i++) {
		const struct db_stmt *list[] = {&COUNT, WRONG[i], NULL};
		const struct db_stmt *const *tables[] = {list, NULL};
		struct ctx *other = test_ctx_of(test_db_again(ROLE, tables, CONSTRAINT_TABLES));

		assert_err(other, db_prove(other), &ERR_INTERNAL);
		assert_true(db_idle(other->db));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(types_round_trip),
		TEST(times_before_1970_and_leap_days),
		TEST(nulls),
		TEST(arrays),
		TEST(rows_and_cardinality),
		TEST(pipeline_order_in_one_round_trip),
		TEST(failure_outside_a_transaction_undoes_the_batch),
		TEST(every_kind_of_constraint),
		TEST(deferred_error_surfaces_at_commit),
		TEST(round_trips_of_transactions),
		TEST(failed_body_rolls_back),
		TEST(a_check_decides_before_commit_and_before_later_results),
		TEST(inner_transactions_join),
		TEST(savepoints),
		TEST(large_pipelines_do_not_deadlock),
		TEST(proves),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
