/*
 * db.h - one PostgreSQL connection: prepared statement tables, pipelines, rows into
 * structs, transactions that retry, errors into problems.
 *
 * A store writes a table of statements and one small function for each:
 *
 *   static const struct db_column CART_COLUMNS[] = {
 *           DB_COLUMN(struct cart, id, DB_UUID),
 *           DB_COLUMN(struct cart, version, DB_INT64),
 *   };
 *   static const struct db_stmt CART_BY_ID =
 *           DB_ROWS("cart_by_id", struct cart, CART_COLUMNS,
 *                   SQL("select id, version from cart.cart where id = $1::uuid"));
 *
 *   err_t cart_store_get(struct ctx *c, const struct uuid *id, struct cart *cart_r)
 *   {
 *           return db_one(c, &CART_BY_ID, PARAMS(P_UUID(id)), cart_r);
 *   }
 *
 * Round trips: db_run() sends several calls at once; db_defer() sends nothing until
 * the next db_run(), or the COMMIT. Outside a transaction the calls of one db_run()
 * are one implicit transaction. Statements are prepared on a connection's first use
 * (or all at start by db_prepare_all).
 *
 * Layer: edges. Only store_*.c files, common/app and tests may include it.
 */
#ifndef ES_DB_H
#define ES_DB_H

#include "base/ctx.h"
#include "base/str.h"
#include "data/ids.h"
#include "data/json.h"

/* SQL is a literal or it does not compile. */
#define SQL(literal) ("" literal "")

enum db_type {
	DB_UNSET = 0,
	DB_TEXT,     /* const char *; SQL null: NULL */
	DB_INT64,    /* int64_t; null: 0 */
	DB_INT32,    /* int32_t; null: 0 */
	DB_BOOL,     /* bool; null: false */
	DB_UUID,     /* struct uuid; null: "" */
	DB_CURRENCY, /* char[4]; null: "" */
	DB_TIME,     /* int64_t µs from timestamptz; null: 0 */
	DB_JSON,     /* json_t * owned by the arena, from json/jsonb; null: NULL */
	DB_BYTES,    /* struct str from bytea; null: {NULL, 0} */
};

struct db_column {
	const char *name; /* as the statement names its result column; proven by db_prove */
	enum db_type type;
	size_t offset;
};
#define DB_COLUMN(type_, member, db_type_) {.name = #member, .type = (db_type_), .offset = offsetof(type_, member)}
#define DB_COLUMN_AS(type_, member, db_type_, sql_name) {.name = (sql_name), .type = (db_type_), .offset = offsetof(type_, member)}

struct db_stmt {
	const char *name, *sql;          /* name: unique in the process; also the SQL comment and the metric's label */
	const struct db_column *columns; /* in the order of the select list */
	size_t ncolumns, row_size;
	bool traced; /* DB_TRACED, last: what it calls emits events or queues jobs, and they carry on this unit's trace */
};
#define DB_ROWS(name_, row_type, columns_, sql_, ...)                                                                  \
	{.name = (name_), .sql = (sql_), .columns = (columns_), .ncolumns = ARRAY_LEN(columns_), .row_size = sizeof(row_type), ##__VA_ARGS__}
#define DB_EXEC(name_, sql_, ...) {.name = (name_), .sql = (sql_), ##__VA_ARGS__}
#define DB_TRACED .traced = true

enum db_param_type { DBP_NULL = 0, DBP_TEXT, DBP_INT, DBP_BOOL, DBP_TIME, DBP_JSON, DBP_BYTES, DBP_TEXTS, DBP_INTS };

struct db_param {
	enum db_param_type type;
	union {
		const char *text;        /* NULL: SQL null */
		int64_t number;
		const json_t *json;      /* NULL: SQL null */
		struct str bytes;
		struct {
			const char *const *list;
			size_t n;
		} texts;
		struct {
			const int64_t *list;
			size_t n;
		} ints;
	};
};
#define P_NULL ((struct db_param){.type = DBP_NULL})
#define P_TEXT(v) ((struct db_param){.type = DBP_TEXT, .text = (v)})
#define P_INT(v) ((struct db_param){.type = DBP_INT, .number = (int64_t)(v)})
#define P_INT_OR_NULL(v, is_set) ((is_set) ? P_INT(v) : P_NULL)
#define P_BOOL(v) ((struct db_param){.type = DBP_BOOL, .number = (v) ? 1 : 0})
#define P_UUID(id) ((struct db_param){.type = DBP_TEXT, .text = (id)->s[0] ? (id)->s : NULL}) /* unset: null */
#define P_TIME(us) ((struct db_param){.type = DBP_TIME, .number = (us)})                     /* 0: null */
#define P_JSON(v) ((struct db_param){.type = DBP_JSON, .json = (v)})
#define P_BYTES(v) ((struct db_param){.type = DBP_BYTES, .bytes = (v)})
#define P_TEXTS(v, count) ((struct db_param){.type = DBP_TEXTS, .texts = {(v), (count)}}) /* text[]; cast it: $1::uuid[]; a NULL item is a null */
#define P_INTS(v, count) ((struct db_param){.type = DBP_INTS, .ints = {(v), (count)}})    /* bigint[] */

#define PARAMS(...) ((const struct db_param[]){__VA_ARGS__}), (sizeof((const struct db_param[]){__VA_ARGS__}) / sizeof(struct db_param))
#define NO_PARAMS NULL, 0

/* Every one of these is a round trip of its own (plus what was deferred). */
/* Exactly one row into *row_r (of row_size); none: ERR_NOT_FOUND; more: a bug. */
err_t db_one(struct ctx *c, const struct db_stmt *s, const struct db_param *p, size_t np, void *row_r) MUST_CHECK;
/* One row or none: *found_r says which. */
err_t db_maybe(struct ctx *c, const struct db_stmt *s, const struct db_param *p, size_t np, void *row_r, bool *found_r) MUST_CHECK;
/* All rows as an arena array: rows_r points at a `struct row *`. */
err_t db_rows(struct ctx *c, const struct db_stmt *s, const struct db_param *p, size_t np, void *rows_r, size_t *n_r) MUST_CHECK;
/* affected_r may be NULL. */
err_t db_exec(struct ctx *c, const struct db_stmt *s, const struct db_param *p, size_t np, int64_t *affected_r) MUST_CHECK;

/* Several calls in one round trip. */
struct db_call {
	const struct db_stmt *stmt;
	const struct db_param *params;
	size_t nparams;
	void *row;         /* expects exactly one row: ERR_NOT_FOUND when none, or found says so when not NULL */
	bool *found;
	void *rows;        /* or: pointer to the array pointer */
	size_t *count;     /* with rows; alone: rows affected */
};
#define CALL_EXEC(s, ...) ((struct db_call){.stmt = (s), .params = (const struct db_param[]){__VA_ARGS__}, .nparams = sizeof((const struct db_param[]){__VA_ARGS__}) / sizeof(struct db_param)})
#define CALL_ONE(s, row_, ...) ((struct db_call){.stmt = (s), .row = (row_), .params = (const struct db_param[]){__VA_ARGS__}, .nparams = sizeof((const struct db_param[]){__VA_ARGS__}) / sizeof(struct db_param)})
#define CALL_MAYBE(s, row_, found_, ...) ((struct db_call){.stmt = (s), .row = (row_), .found = (found_), .params = (const struct db_param[]){__VA_ARGS__}, .nparams = sizeof((const struct db_param[]){__VA_ARGS__}) / sizeof(struct db_param)})
#define CALL_ROWS(s, rows_, count_, ...) ((struct db_call){.stmt = (s), .rows = (rows_), .count = (count_), .params = (const struct db_param[]){__VA_ARGS__}, .nparams = sizeof((const struct db_param[]){__VA_ARGS__}) / sizeof(struct db_param)})
err_t db_run(struct ctx *c, const struct db_call *calls, size_t n) MUST_CHECK;

/*
 * Queue a statement whose result nobody reads: it goes with the next round trip, or
 * with COMMIT. Parameters are copied at once. It must fail in SQL when it fails: a
 * constraint, or a raised error; the failure surfaces where it is sent.
 */
void db_defer(struct ctx *c, const struct db_stmt *s, const struct db_param *p, size_t np);
/*
 * Queue a statement whose single row (or none) is checked before any later result is
 * looked at: check's failure becomes the outcome of the round trip that carried it.
 */
void db_defer_check(struct ctx *c, const struct db_stmt *s, const struct db_param *p, size_t np,
		    err_t (*check)(struct ctx *c, void *row, bool found, void *arg), void *arg);

enum db_tx_mode { DB_TX_DEFAULT, DB_TX_ASYNC_COMMIT, DB_TX_REPEATABLE_READ };

/*
 * Run body in a transaction: BEGIN travels with its first statement, what it deferred
 * travels with COMMIT. Rolled back when body fails. Run again (up to 5 times, with
 * jitter; ctx_clear_failure first) on serialization failure or deadlock, and on a lost
 * link before COMMIT was sent. ERR_UNCERTAIN when the link died during COMMIT.
 * Called inside a transaction it joins it. The only retry loop there is.
 */
err_t db_tx(struct ctx *c, enum db_tx_mode mode, err_t (*body)(struct ctx *c, void *arg), void *arg) MUST_CHECK;
bool db_in_tx(const struct ctx *c);
/* A savepoint around body inside a transaction: on failure only its effects are undone and the failure returned. */
err_t db_savepoint(struct ctx *c, err_t (*body)(struct ctx *c, void *arg), void *arg) MUST_CHECK;

/*
 * A constraint's name, or the name a function raised with `using errcode = 'ES001', constraint = '…'`,
 * and what it means to the outside. A raised error may name the field in `column = 'lines/2/quantity'`
 * (a ready field path), and its message is the detail. ES001 alone is trusted to speak to clients.
 */
struct db_constraint {
	const char *name;
	err_t problem;
	const char *field;   /* NULL: none (a raised column wins) */
	const char *message; /* the detail, when the error was not raised with one */
};

/* ------------------------------------------------------------------ the connection; for app/ and tests */

struct db_setup {
	const char *conninfo;                    /* libpq keywords without a password: passfile= instead */
	const char *application_name;
	const struct db_stmt *const *const *statements; /* NULL-terminated list of NULL-terminated tables */
	const struct db_constraint *const *constraints; /* NULL-terminated list of {0}-terminated tables */
};

/* Connects lazily: the first use does, and reconnects after a loss, with back-off. */
struct db *db_open(const struct db_setup *setup);
void db_close(struct db *db);
/* Connect and prepare every statement now, in one pipeline. ERR_UNAVAILABLE when the server can't be reached. */
err_t db_prepare_all(struct ctx *c) MUST_CHECK;
/* --check: prepare each, EXPLAIN EXECUTE it with nulls as this role, compare the result's columns with the table's. Logs every mismatch. */
err_t db_prove(struct ctx *c) MUST_CHECK;
/* True when no transaction is open and no result unread: an end-of-request invariant. */
bool db_idle(const struct db *db);
/* For LISTEN and poll(): the socket, or -1. */
int db_socket(const struct db *db);
err_t db_listen(struct ctx *c, const char *channel) MUST_CHECK; /* a fixed lower-case name */
/* Wait up to timeout_ms for a notification or stop_fd (−1: none) to become readable; drains. *notified_r says. */
err_t db_wait(struct ctx *c, int timeout_ms, int stop_fd, bool *notified_r) MUST_CHECK;
/* What the notifications of the last db_wait said, with spaces between; NULL: more than is kept, or the link was away. */
const char *db_news(const struct db *db);

struct db_stats {
	uint64_t round_trips, statements, retries, reconnects, errors;
};
const struct db_stats *db_stats(const struct db *db);

#endif
