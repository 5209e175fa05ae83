/* store_import.c - statements over catalog.import, and the transaction of one batch. */
#include "store_import.h"

#include <string.h>

#include "app/event.h"
#include "base/log.h"

#define ERRORS_KEPT 1000 /* of one import; all are counted */

static const struct db_column IMPORT_COLUMNS[] = {
	DB_COLUMN(struct import, id, DB_UUID),
	DB_COLUMN(struct import, file_name, DB_TEXT),
	DB_COLUMN(struct import, format, DB_TEXT),
	DB_COLUMN(struct import, state, DB_TEXT),
	DB_COLUMN(struct import, failure, DB_TEXT),
	DB_COLUMN(struct import, created_by, DB_TEXT),
	DB_COLUMN(struct import, rows, DB_INT64),
	DB_COLUMN(struct import, created, DB_INT64),
	DB_COLUMN(struct import, updated, DB_INT64),
	DB_COLUMN(struct import, rejected, DB_INT64),
	DB_COLUMN_AS(struct import, created_us, DB_TIME, "created_at"),
};
#define FIELDS "id, file_name, format, state, failure, created_by, rows, created, updated, rejected, created_at"

static const struct db_stmt CREATE =
	DB_EXEC("import_create", SQL("insert into catalog.import (id, file_name, format, created_by) values ($1::uuid, "
				     "$2::text, $3::text, $4::text)"));
static const struct db_stmt CREATE_FILE = DB_EXEC(
	"import_create_file", SQL("insert into catalog.import_file (import_id, bytes) values ($1::uuid, $2::bytea)"));
static const struct db_stmt START = DB_ROWS("import_start", struct import, IMPORT_COLUMNS,
	SQL("update catalog.import set state = 'running' where id = $1::uuid and state in ('queued', 'running') "
	    "returning " FIELDS));

struct file {
	struct str bytes;
};
static const struct db_column FILE_COLUMNS[] = {DB_COLUMN(struct file, bytes, DB_BYTES)};
static const struct db_stmt READ_FILE = DB_ROWS("import_file", struct file, FILE_COLUMNS,
	SQL("select bytes from catalog.import_file where import_id = $1::uuid"));

/* A batch may take, and wait, longer than a shopper would. */
static const struct db_stmt PATIENCE = DB_EXEC("import_patience",
	SQL("select set_config('statement_timeout', '60s', true), set_config('lock_timeout', '30s', true)"));
static const struct db_stmt STATISTICS = DB_EXEC("import_statistics", SQL("select catalog.refresh_statistics()"));
static const struct db_stmt COUNT = DB_EXEC("import_count",
	SQL("update catalog.import set rows = $3::bigint, created = created + $4::bigint, updated = updated + "
	    "$5::bigint,"
	    " rejected = rejected + $6::bigint where id = $1::uuid and rows = $2::bigint and state = 'running'"));
static const struct db_stmt ADD_ERRORS = DB_EXEC("import_add_errors",
	SQL("insert into catalog.import_error (import_id, row_no, field, message)"
	    " select $1::uuid, e.row_no, e.field, e.message from unnest($2::bigint[], $3::text[], $4::text[])"
	    " with ordinality as e(row_no, field, message, n) where (select count(*) from catalog.import_error where "
	    "import_id = $1)"
	    " + e.n <= $5::bigint order by e.row_no, e.n"));
static const struct db_stmt FINISH =
	DB_EXEC("import_finish", SQL("update catalog.import set state = case when $2::text is null then 'done' else "
				     "'failed' end, failure = $2, finished_at = now()"
				     " where id = $1::uuid"));
static const struct db_stmt DROP_FILE =
	DB_EXEC("import_drop_file", SQL("delete from catalog.import_file where import_id = $1::uuid"));
static const struct db_stmt GET = DB_ROWS(
	"import_get", struct import, IMPORT_COLUMNS, SQL("select " FIELDS " from catalog.import where id = $1::uuid"));
static const struct db_stmt LIST = DB_ROWS("import_list", struct import, IMPORT_COLUMNS,
	SQL("select " FIELDS
	    " from catalog.import where $1::uuid is null or id < $1 order by id desc limit $2::bigint"));

static const struct db_column ERROR_COLUMNS[] = {
	DB_COLUMN(struct import_error, row_no, DB_INT64),
	DB_COLUMN(struct import_error, field, DB_TEXT),
	DB_COLUMN(struct import_error, message, DB_TEXT),
};
static const struct db_stmt ERRORS = DB_ROWS("import_errors", struct import_error, ERROR_COLUMNS,
	SQL("select row_no, field, message from catalog.import_error where import_id = $1::uuid order by row_no, n"));

const struct db_stmt *const IMPORT_STATEMENTS[] = {&CREATE, &CREATE_FILE, &START, &READ_FILE, &PATIENCE, &STATISTICS,
	&COUNT, &ADD_ERRORS, &FINISH, &DROP_FILE, &GET, &LIST, &ERRORS, NULL};

struct creation {
	const struct import *import;
	struct str bytes;
	bool queued;
};

static err_t create_in_tx(struct ctx *c, void *arg)
{
	const struct creation *n = arg;
	const struct import *i = n->import;
	json_t *payload = json_new_object(c->arena);

	TRY(db_exec(c, &CREATE, PARAMS(P_UUID(&i->id), P_TEXT(i->file_name), P_TEXT(i->format), P_TEXT(i->created_by)),
		NULL));
	TRY(db_exec(c, &CREATE_FILE, PARAMS(P_UUID(&i->id), P_BYTES(n->bytes)), NULL));
	json_set_text(payload, "import_id", i->id.s);
	if (n->queued)
		job_enqueue(c, IMPORT_QUEUE, i->id.s, payload);
	return OK;
}

err_t import_store_create(struct ctx *c, const struct import *import, struct str bytes, bool queued)
{
	struct creation n = {import, bytes, queued};

	return db_tx(c, DB_TX_DEFAULT, create_in_tx, &n);
}

err_t import_store_start(struct ctx *c, const struct uuid *id, struct import *import_r, struct str *bytes_r)
{
	struct file file;
	const struct db_call calls[] = {
		CALL_ONE(&START, import_r, P_UUID(id)),
		CALL_ONE(&READ_FILE, &file, P_UUID(id)),
	};

	TRY(db_run(c, calls, ARRAY_LEN(calls)));
	*bytes_r = file.bytes;
	return OK;
}

/* ------------------------------------------------------------------ one batch */

struct batch_work {
	const struct uuid *id;
	const struct import_batch *batch;
	const json_t *rows; /* of this try: the whole batch, or one row */
	struct row_result *results;
	size_t nresults;
	int64_t created, updated, rejected;
	struct import_error *errors;
	size_t nerrors, capacity;
};

static void add_error(struct ctx *c, struct batch_work *w, struct import_error e)
{
	if (w->nerrors == w->capacity) {
		size_t capacity = w->capacity == 0 ? 64 : w->capacity * 2;
		struct import_error *more = arena_array_of(c->arena, capacity, struct import_error);
		if (w->nerrors > 0)
			memcpy(more, w->errors, w->nerrors * sizeof(*more));
		w->errors = more;
		w->capacity = capacity;
	}
	w->errors[w->nerrors++] = e;
}

static err_t try_rows(struct ctx *c, void *arg)
{
	struct batch_work *w = arg;

	return product_store_apply(c, w->rows, &w->results, &w->nresults);
}

static void take_results(struct ctx *c, struct batch_work *w)
{
	for (size_t i = 0; i < w->nresults; i++) {
		const struct row_result *r = &w->results[i];
		if (strcmp(r->outcome, "created") == 0) {
			w->created++;
		} else if (strcmp(r->outcome, "updated") == 0) {
			w->updated++;
		} else {
			w->rejected++;
			add_error(c, w, (struct import_error){r->row_no, r->field, r->message});
		}
	}
}

/* The link, not the row: the batch is tried again as a whole. */
static bool passing(err_t e)
{
	return (e->flags & PROBLEM_RETRY) != 0;
}

static err_t one_by_one(struct ctx *c, struct batch_work *w)
{
	json_t *row, *single;
	size_t i;

	json_array_foreach(w->batch->rows, i, row)
	{
		single = json_new_array(c->arena);
		json_add(single, row);
		w->rows = single;
		ctx_clear_failure(c);
		err_t e = db_savepoint(c, try_rows, w);
		if (e != OK && passing(e))
			return e;
		if (e == OK) {
			take_results(c, w);
			continue;
		}
		w->rejected++;
		const char *field = c->errors != NULL ? c->errors->field : "row";
		const char *why = c->errors != NULL ? c->errors->message : c->detail;
		if (why == NULL || (e->flags & PROBLEM_BUG) != 0)
			why = "It could not be stored.";
		add_error(c, w, (struct import_error){json_int(row, "row", 0), field, why});
	}
	ctx_clear_failure(c);
	return OK;
}

static err_t save_errors(struct ctx *c, const struct batch_work *w)
{
	int64_t *rows = arena_array_of(c->arena, w->nerrors + 1, int64_t);
	const char **fields = arena_array_of(c->arena, w->nerrors + 1, const char *);
	const char **messages = arena_array_of(c->arena, w->nerrors + 1, const char *);

	for (size_t i = 0; i < w->nerrors; i++) {
		rows[i] = w->errors[i].row_no;
		fields[i] = w->errors[i].field;
		messages[i] = w->errors[i].message;
	}
	if (w->nerrors == 0)
		return OK;
	return db_exec(c, &ADD_ERRORS,
		PARAMS(P_UUID(w->id), P_INTS(rows, w->nerrors), P_TEXTS(fields, w->nerrors),
			P_TEXTS(messages, w->nerrors), P_INT(ERRORS_KEPT)),
		NULL);
}

/* After the first batch, and whenever as many rows came as were there before. */
static bool doubled(const struct import_batch *b)
{
	int64_t size = b->rows_after - b->rows_before, batches = size > 0 ? b->rows_after / size : 0;

	return batches > 0 && (batches & (batches - 1)) == 0;
}

static err_t batch_in_tx(struct ctx *c, void *arg)
{
	struct batch_work w = *(const struct batch_work *)arg;
	const struct import_batch *b = w.batch;
	int64_t counted;
	err_t e = OK;

	w.rejected = b->rejected;
	for (size_t i = 0; i < b->nerrors; i++)
		add_error(c, &w, b->errors[i]);
	w.rows = b->rows;
	db_defer(c, &PATIENCE, NO_PARAMS);
	if (json_array_size(b->rows) > 0) {
		e = db_savepoint(c, try_rows, &w);
		if (e != OK && passing(e))
			return e;
		if (e == OK)
			take_results(c, &w);
		else
			TRY(one_by_one(c, &w));
	}
	TRY(save_errors(c, &w));
	if (doubled(b))
		db_defer(c, &STATISTICS, NO_PARAMS);
	TRY(db_exec(c, &COUNT,
		PARAMS(P_UUID(w.id), P_INT(b->rows_before), P_INT(b->rows_after), P_INT(w.created), P_INT(w.updated),
			P_INT(w.rejected)),
		&counted));
	return counted == 1 ? OK : fail(c, &ERR_CONFLICT, "another process is at this import");
}

err_t import_store_batch(struct ctx *c, const struct uuid *id, const struct import_batch *b)
{
	struct batch_work w = {.id = id, .batch = b};

	return db_tx(c, DB_TX_DEFAULT, batch_in_tx, &w);
}

err_t import_store_finish(struct ctx *c, const struct uuid *id, const char *failure)
{
	const struct db_call calls[] = {
		CALL_EXEC(&FINISH, P_UUID(id), P_TEXT(failure)),
		CALL_EXEC(&DROP_FILE, P_UUID(id)),
	};
	return db_run(c, calls, ARRAY_LEN(calls));
}

err_t import_store_get(
	struct ctx *c, const struct uuid *id, struct import *import_r, struct import_error **errors_r, size_t *n_r)
{
	const struct db_call calls[] = {
		CALL_ONE(&GET, import_r, P_UUID(id)),
		CALL_ROWS(&ERRORS, errors_r, n_r, P_UUID(id)),
	};
	return db_run(c, calls, ARRAY_LEN(calls));
}

err_t import_store_list(struct ctx *c, const char *cursor, int64_t limit, struct import **rows_r, size_t *n_r)
{
	return db_rows(c, &LIST, PARAMS(P_TEXT(cursor), P_INT(limit)), rows_r, n_r);
}
