/*
 * db_common.h - the tables and statements that both tests of common/edges/db* use.
 */
#ifndef ES_DB_COMMON_H
#define ES_DB_COMMON_H

#include "testing.h"

#define ROLE "es_orders"

static const struct problem TAKEN = {.code = "taken", .status = 409, .title = "Taken", .flags = PROBLEM_RULE};
static const struct problem OVERLAPS = {.code = "overlaps", .status = 409, .title = "Overlaps", .flags = PROBLEM_RULE};
static const struct problem TOO_SMALL = {.code = "too_small", .status = 422, .title = "Too small", .flags = 0};
static const struct problem NO_PARENT = {.code = "no_parent", .status = 422, .title = "No parent", .flags = 0};
static const struct problem REFUSED = {.code = "refused", .status = 409, .title = "Refused", .flags = PROBLEM_RULE};
static const struct problem STOP = {.code = "stop", .status = 409, .title = "Stop", .flags = PROBLEM_RULE};

static const struct db_constraint CONSTRAINTS[] = {
	{"item_name_key", &TAKEN, "name", "this name is taken"},
	{"item_amount_check", &TOO_SMALL, "amount", NULL},
	{"item_parent_fkey", &NO_PARENT, "parent", "no such parent"},
	{"span_overlap", &OVERLAPS, NULL, "the periods overlap"},
	{"refusal", &REFUSED, "all", "never shown: the error brings its own message"},
	{0},
};
static const struct db_constraint *const CONSTRAINT_TABLES[] = {CONSTRAINTS, NULL};

struct everything {
	const char *text;
	int64_t big;
	int32_t small;
	bool yes;
	struct uuid id;
	char currency[4];
	int64_t at;
	json_t *json;
	struct str bytes;
};

static const struct db_column EVERYTHING_COLUMNS[] = {
	DB_COLUMN(struct everything, text, DB_TEXT),
	DB_COLUMN(struct everything, big, DB_INT64),
	DB_COLUMN(struct everything, small, DB_INT32),
	DB_COLUMN(struct everything, yes, DB_BOOL),
	DB_COLUMN(struct everything, id, DB_UUID),
	DB_COLUMN(struct everything, currency, DB_CURRENCY),
	DB_COLUMN(struct everything, at, DB_TIME),
	DB_COLUMN(struct everything, json, DB_JSON),
	DB_COLUMN(struct everything, bytes, DB_BYTES),
};
static const struct db_stmt EVERYTHING = DB_ROWS("t_everything", struct everything, EVERYTHING_COLUMNS,
	SQL("select $1::text as text, $2::bigint as big, $3::int as small, $4::bool as yes, $5::uuid as id, "
	    "$6::char(3) as currency, $7::timestamptz as at, $8::jsonb as json, $9::bytea as bytes"));

struct number {
	int64_t n;
};
static const struct db_column NUMBER_COLUMNS[] = {DB_COLUMN(struct number, n, DB_INT64)};
static const struct db_stmt SERIES = DB_ROWS("t_series", struct number, NUMBER_COLUMNS,
	SQL("select n::bigint as n from generate_series(1, $1::bigint) n order by n"));
static const struct db_stmt ARRAYS = DB_ROWS("t_arrays", struct number, NUMBER_COLUMNS,
	SQL("select count(*) as n from unnest($1::text[], $2::bigint[]) as t (word, i) where word is null or word = "
	    "any (array['a \"b\" \\c', '']) and i = -7"));
static const struct db_stmt ADD =
	DB_EXEC("t_add", SQL("insert into t.item (name, amount, parent) values ($1, $2, $3)"));
static const struct db_stmt COUNT =
	DB_ROWS("t_count", struct number, NUMBER_COLUMNS, SQL("select count(*) as n from t.item"));
static const struct db_stmt ADD_SPAN =
	DB_EXEC("t_add_span", SQL("insert into t.span (during) values (int8range($1, $2))"));
static const struct db_stmt REFUSE = DB_EXEC("t_refuse", SQL("select t.refuse($1)"));
static const struct db_stmt AMOUNT =
	DB_ROWS("t_amount", struct number, NUMBER_COLUMNS, SQL("select amount as n from t.item where name = $1"));
static const struct db_stmt LOCK_ITEM = DB_ROWS(
	"t_lock", struct number, NUMBER_COLUMNS, SQL("select amount as n from t.item where name = $1 for update"));
static const struct db_stmt RAISE_AMOUNT =
	DB_EXEC("t_raise", SQL("update t.item set amount = amount + 1 where name = $1"));
static const struct db_stmt PID =
	DB_ROWS("t_pid", struct number, NUMBER_COLUMNS, SQL("select pg_backend_pid()::bigint as n"));
static const struct db_stmt SLOW = DB_EXEC("t_slow", SQL("select pg_sleep(20)"));
static const struct db_stmt BAD_UUID = DB_EXEC("t_bad_uuid", SQL("select $1::text::uuid"));
static const struct db_stmt ECHO = DB_ROWS("t_echo", struct everything, EVERYTHING_COLUMNS,
	SQL("select $1::text as text, 0::bigint as big, 0 as small, false as yes, null::uuid as id, null::char(3) as "
	    "currency, "
	    "null::timestamptz as at, null::jsonb as json, null::bytea as bytes"));
static const struct db_stmt *const STATEMENTS[] = {
	&EVERYTHING,
	&SERIES,
	&ARRAYS,
	&ADD,
	&COUNT,
	&ADD_SPAN,
	&REFUSE,
	&AMOUNT,
	&LOCK_ITEM,
	&RAISE_AMOUNT,
	&PID,
	&SLOW,
	&BAD_UUID,
	&ECHO,
	NULL,
};
static const struct db_stmt *const *const TABLES[] = {STATEMENTS, NULL};

static int start(void **state)
{
	(void)state;
	test_db_open(ROLE, TABLES, CONSTRAINT_TABLES);
	test_sql("create schema t; grant usage on schema t to " ROLE ";"
		 "create table t.item (id bigint generated always as identity primary key, name text not null,"
		 " amount bigint not null, parent bigint,"
		 " constraint item_name_key unique (name), constraint item_amount_check check (amount >= 0));"
		 "alter table t.item add constraint item_parent_fkey foreign key (parent) references t.item (id) "
		 "deferrable initially deferred;"
		 "create table t.span (during int8range, constraint span_overlap exclude using gist (during with &&));"
		 "create table t.hidden (n bigint);"
		 "create function t.hidden_strict(text) returns text language sql strict as 'select $1';"
		 "revoke execute on function t.hidden_strict(text) from public;"
		 "create function t.refuse(text) returns void language plpgsql as $$ begin"
		 " raise exception using errcode = 'ES001', constraint = 'refusal', message = 'only two are left', "
		 "column = $1; end $$;"
		 "grant select, insert, update, delete on t.item, t.span to " ROLE ";");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_db_close();
	return 0;
}

static int each(void **state)
{
	(void)state;
	test_sql("truncate t.item restart identity; truncate t.span");
	return 0;
}

static int each_end(void **state)
{
	(void)state;
	assert_true(db_idle(test_ctx()->db));
	return 0;
}

static inline int64_t count_items(struct ctx *c)
{
	struct number n = {-1};

	assert_ok(c, db_one(c, &COUNT, NO_PARAMS, &n));
	return n.n;
}

static inline err_t add(struct ctx *c, const char *name, int64_t amount)
{
	return db_exec(c, &ADD, PARAMS(P_TEXT(name), P_INT(amount), P_NULL), NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, each, each_end)

#endif
