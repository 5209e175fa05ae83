/*
 * db_pipeline.c - the queue of commands, and one network round trip: send all, read all.
 *
 * Results are looked at in the order of the commands; the first failure is the outcome,
 * what comes after it is read and dropped. Writing never blocks while the server writes
 * too: the socket is non-blocking and input is taken in between.
 */
#include "edges/db_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "data/trace.h"

#define WRITE_PATIENCE_MS 30000
#define PREPARED_FIRST_CAP 64
#define RESULTS_MAX 8 /* of one command: a result, or a failure and its SYNC, and NULLs */

/* ------------------------------------------------------------------ the queue */

void queue_init(struct queue *q)
{
	q->head = NULL;
	q->end = &q->head;
}

static void queue_append(struct queue *q, struct command *cmd)
{
	*q->end = cmd;
	q->end = &cmd->next;
}

struct command *queue_add(struct ctx *c, struct queue *q, enum command_kind kind)
{
	struct command *cmd = arena_new_of(c->arena, struct command);

	cmd->kind = kind;
	queue_append(q, cmd);
	return cmd;
}

void queue_plain(struct ctx *c, struct queue *q, const char *sql, bool *done)
{
	struct command *cmd = queue_add(c, q, COMMAND_PLAIN);

	cmd->sql = sql;
	cmd->done = done;
}

static struct command *queue_execute(
	struct ctx *c, struct queue *q, const struct db_stmt *s, const struct db_param *p, size_t np)
{
	struct command *cmd = queue_add(c, q, COMMAND_QUERY);

	cmd->stmt = s;
	params_to_wire(c, p, np, &cmd->params);
	return cmd;
}

/* Until the transaction's end, for bus.emit() and bus.enqueue() where SQL calls them. */
static const struct db_stmt TRACE = DB_EXEC("db_trace", SQL("select set_config('es.trace', $1, true)"));

static struct command *queue_query(
	struct ctx *c, struct queue *q, const struct db_stmt *s, const struct db_param *p, size_t np)
{
	if (s->traced)
		(void)queue_execute(c, q, &TRACE, PARAMS(P_JSON(trace_headers(c))));
	return queue_execute(c, q, s, p, np);
}

void db_forget(struct db *db)
{
	queue_init(&db->queue);
	db->checks_queued = 0;
}

void db_defer(struct ctx *c, const struct db_stmt *s, const struct db_param *p, size_t np)
{
	(void)queue_query(c, &c->db->queue, s, p, np);
}

void db_defer_check(struct ctx *c, const struct db_stmt *s, const struct db_param *p, size_t np,
	err_t (*check)(struct ctx *c, void *row, bool found, void *arg), void *arg)
{
	struct command *cmd = queue_query(c, &c->db->queue, s, p, np);

	cmd->check = check;
	cmd->arg = arg;
	c->db->checks_queued++;
}

/* ------------------------------------------------------------------ what is prepared */

static size_t slot_of(const struct prepared *table, size_t cap, const struct db_stmt *s)
{
	size_t i = ((uintptr_t)s >> 4) * 0x9E3779B97F4A7C15u % cap;

	while (table[i].stmt != NULL && table[i].stmt != s)
		i = (i + 1) % cap;
	return i;
}

static void prepared_grow(struct db *db)
{
	size_t cap = db->prepared_cap == 0 ? PREPARED_FIRST_CAP : db->prepared_cap * 2;
	struct prepared *table = calloc(cap, sizeof(*table));

	if (table == NULL)
		abort();
	for (size_t i = 0; i < db->prepared_cap; i++)
		if (db->prepared[i].stmt != NULL)
			table[slot_of(table, cap, db->prepared[i].stmt)] = db->prepared[i];
	free(db->prepared);
	db->prepared = table;
	db->prepared_cap = cap;
}

static struct prepared *prepared_slot(struct db *db, const struct db_stmt *s)
{
	struct prepared *slot;

	if (db->prepared_n * 2 >= db->prepared_cap)
		prepared_grow(db);
	slot = &db->prepared[slot_of(db->prepared, db->prepared_cap, s)];
	if (slot->stmt == NULL) {
		slot->stmt = s;
		db->prepared_n++;
	}
	return slot;
}

/* The batch's commands, with a PREPARE before the first use of what this connection has not prepared, and a SYNC at the
 * end. */
static void assemble(struct ctx *c, struct queue *given, struct queue *batch)
{
	struct db *db = c->db;

	queue_init(batch);
	for (struct command *cmd = given->head, *next; cmd != NULL; cmd = next) {
		next = cmd->next;
		cmd->next = NULL;
		if (cmd->stmt != NULL && cmd->kind != COMMAND_PREPARE) {
			struct prepared *slot = prepared_slot(db, cmd->stmt);

			if (slot->connection != db->connection && slot->batch != db->batch) {
				slot->batch = db->batch;
				queue_add(c, batch, COMMAND_PREPARE)->stmt = cmd->stmt;
			}
		}
		queue_append(batch, cmd);
	}
	queue_add(c, batch, COMMAND_SYNC);
}

void db_queue_prepare(struct ctx *c, struct queue *q, const struct db_stmt *s)
{
	const struct prepared *slot = prepared_slot(c->db, s);

	if (slot->connection == c->db->connection && c->db->conn != NULL)
		return;
	queue_add(c, q, COMMAND_PREPARE)->stmt = s;
	(void)queue_add(c, q, COMMAND_SYNC);
}

/* ------------------------------------------------------------------ sending */

static bool send_command(struct ctx *c, const struct command *cmd)
{
	PGconn *conn = c->db->conn;
	const struct params_wire *w = &cmd->params;

	switch (cmd->kind) {
	case COMMAND_QUERY:
		c->db->stats.statements++;
		return PQsendQueryPrepared(conn, cmd->stmt->name, w->n, w->values, w->lengths, w->formats, 0) == 1;
	case COMMAND_PREPARE:
		/* The name as a comment tells statements apart in the server's views and logs. */
		return PQsendPrepare(conn, cmd->stmt->name,
			       arena_printf(c->arena, "/*%s*/ %s", cmd->stmt->name, cmd->stmt->sql), 0, NULL) == 1;
	case COMMAND_DESCRIBE:
		return PQsendDescribePrepared(conn, cmd->stmt->name) == 1;
	case COMMAND_PLAIN:
		return PQsendQueryParams(conn, cmd->sql, 0, NULL, NULL, NULL, NULL, 0) == 1;
	case COMMAND_SYNC:
		return PQpipelineSync(conn) == 1;
	}
	return false;
}

static bool flush(PGconn *conn)
{
	for (;;) {
		struct pollfd p = {.fd = PQsocket(conn), .events = POLLIN | POLLOUT};
		int left = PQflush(conn), ready;

		if (left <= 0)
			return left == 0;
		do
			ready = poll(&p, 1, WRITE_PATIENCE_MS);
		while (ready < 0 && errno == EINTR);
		if (ready <= 0 || ((p.revents & POLLIN) != 0 && PQconsumeInput(conn) == 0))
			return false;
	}
}

static bool send_all(struct ctx *c, const struct queue *batch)
{
	for (const struct command *cmd = batch->head; cmd != NULL; cmd = cmd->next)
		if (!send_command(c, cmd))
			return false;
	c->db->stats.round_trips++;
	return flush(c->db->conn);
}

/* ------------------------------------------------------------------ reading */

struct outcome {
	err_t first;
	bool lost;      /* the link; nothing after it was read */
	bool by_server; /* first is the server's refusal: the transaction is in error */
};

static err_t take_result(struct ctx *c, const struct command *cmd, const PGresult *r)
{
	if (cmd->inspect != NULL)
		cmd->inspect(c, r, cmd->arg);
	if (cmd->kind != COMMAND_QUERY)
		return OK;
	return cmd->check != NULL ? result_to_check(c, cmd, r) : result_to_call(c, cmd, r);
}

static void read_result(struct ctx *c, const struct command *cmd, const PGresult *r, struct outcome *o)
{
	switch (PQresultStatus(r)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
		if (cmd->kind == COMMAND_PREPARE)
			prepared_slot(c->db, cmd->stmt)->connection = c->db->connection;
		if (cmd->done != NULL)
			*cmd->done = true;
		if (o->first == OK) {
			o->first = take_result(c, cmd, r);
			o->by_server = o->first != OK && cmd->check != NULL; /* a failed check dooms as an error does */
		}
		return;
	case PGRES_PIPELINE_SYNC:
	case PGRES_PIPELINE_ABORTED:
		return;
	default:
		if (o->first == OK) {
			o->first = error_of_result(c, cmd, r, &o->lost);
			o->by_server = true;
		} else if (PQresultErrorField(r, PG_DIAG_SQLSTATE) == NULL) {
			o->lost = true;
		}
	}
}

static void read_command(struct ctx *c, const struct command *cmd, struct outcome *o)
{
	PGconn *conn = c->db->conn;
	ExecStatusType last = PGRES_EMPTY_QUERY;
	bool ended = false;

	/*
	 * A command's results end with NULL. A SYNC's end with itself, and before it may come the
	 * failure of the implicit transaction's commit: a deferred constraint.
	 */
	for (unsigned n = 0; !ended && !o->lost; n++) {
		PGresult *r = PQgetResult(conn);

		if (r != NULL) {
			last = PQresultStatus(r);
			if (n == 0 || cmd->kind == COMMAND_SYNC)
				read_result(c, cmd, r, o);
			PQclear(r);
		}
		ended = cmd->kind == COMMAND_SYNC ? last == PGRES_PIPELINE_SYNC : r == NULL && n > 0;
		if (PQstatus(conn) == CONNECTION_BAD || (r == NULL && (n == 0 || n > RESULTS_MAX)))
			o->lost = true; /* fewer results than commands come only after a loss */
	}
}

static void read_all_results(struct ctx *c, const struct queue *batch, struct outcome *o)
{
	for (const struct command *cmd = batch->head; cmd != NULL && !o->lost; cmd = cmd->next)
		read_command(c, cmd, o);
}

/* ------------------------------------------------------------------ the round trip */

/* The outcome of a batch whose link died: who knows what about COMMIT. */
static err_t lost_outcome(struct ctx *c, const struct outcome *o, bool commits, const bool *committed)
{
	if (commits && *committed)
		return OK;
	if (o->first != OK && (o->first == &ERR_RETRY || (o->by_server && o->first != &ERR_UNAVAILABLE)))
		return o->first; /* refused before COMMIT was reached */
	if (commits)
		return fail(c, &ERR_UNCERTAIN, "the connection was lost during COMMIT");
	return o->first != OK ? o->first : fail(c, &ERR_UNAVAILABLE, "the connection to the database was lost");
}

err_t db_send(struct ctx *c, struct queue *q, bool commits)
{
	struct db *db = c->db;
	struct outcome o = {0};
	struct queue all = db->queue, batch;
	bool committed = false, ends = commits || db->tx == TX_NONE;
	err_t e;

	if (db->queue.head == NULL)
		queue_init(&all);
	db_forget(db);
	db->batch++;
	TRY(db_link(c));
	for (struct command *cmd = q->head, *next; cmd != NULL; cmd = next) {
		next = cmd->next;
		cmd->next = NULL;
		queue_append(&all, cmd);
		if (commits && next == NULL)
			cmd->done = &committed;
	}
	assemble(c, &all, &batch);
	db->begin_sent = db->tx == TX_OPEN;
	if (ends)
		fault_before_commit();
	o.lost = !send_all(c, &batch);
	if (ends)
		fault_during_commit();
	if (!o.lost)
		read_all_results(c, &batch, &o);
	e = o.lost ? lost_outcome(c, &o, commits, &committed) : o.first;
	if (ends && e == OK)
		fault_after_commit();
	if (o.lost)
		db_link_drop(db);
	else if (db->tx == TX_OPEN && o.by_server)
		db->doom = e;
	return e;
}

err_t db_run(struct ctx *c, const struct db_call *calls, size_t n)
{
	struct queue q;

	if (c->db->doom != NULL)
		return c->db->doom;
	queue_init(&q);
	for (size_t i = 0; i < n; i++)
		queue_query(c, &q, calls[i].stmt, calls[i].params, calls[i].nparams)->call = &calls[i];
	return db_send(c, &q, false);
}

err_t db_one(struct ctx *c, const struct db_stmt *s, const struct db_param *p, size_t np, void *row_r)
{
	struct db_call call = {.stmt = s, .params = p, .nparams = np, .row = row_r};

	return db_run(c, &call, 1);
}

err_t db_maybe(struct ctx *c, const struct db_stmt *s, const struct db_param *p, size_t np, void *row_r, bool *found_r)
{
	struct db_call call = {.stmt = s, .params = p, .nparams = np, .row = row_r, .found = found_r};

	return db_run(c, &call, 1);
}

err_t db_rows(struct ctx *c, const struct db_stmt *s, const struct db_param *p, size_t np, void *rows_r, size_t *n_r)
{
	struct db_call call = {.stmt = s, .params = p, .nparams = np, .rows = rows_r, .count = n_r};

	return db_run(c, &call, 1);
}

err_t db_exec(struct ctx *c, const struct db_stmt *s, const struct db_param *p, size_t np, int64_t *affected_r)
{
	size_t count = 0;
	struct db_call call = {.stmt = s, .params = p, .nparams = np, .count = &count};

	TRY(db_run(c, &call, 1));
	if (affected_r != NULL)
		*affected_r = (int64_t)count;
	return OK;
}
