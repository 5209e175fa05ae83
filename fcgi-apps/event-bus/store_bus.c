/* store_bus.c - the statements of the sequencer, its housekeeping and the registry. What they decide is in sql/bus. */
#include "store_bus.h"

static const struct db_column PROCESS_COLUMNS[] = {
	DB_COLUMN(struct process_row, name, DB_TEXT),
	DB_COLUMN(struct process_row, host, DB_TEXT),
	DB_COLUMN(struct process_row, kind, DB_TEXT),
	DB_COLUMN(struct process_row, version, DB_TEXT),
	DB_COLUMN(struct process_row, state, DB_TEXT),
	DB_COLUMN(struct process_row, pid, DB_INT64),
	DB_COLUMN_AS(struct process_row, started_us, DB_TIME, "started_at"),
	DB_COLUMN_AS(struct process_row, heartbeat_us, DB_TIME, "heartbeat_at"),
};
static const struct db_stmt PROCESSES = DB_ROWS("bus_processes", struct process_row, PROCESS_COLUMNS,
	SQL("select name, host, kind, version, state, pid, started_at, heartbeat_at from platform.services"
	    " order by name, host, kind, pid"));

static const struct db_column TOPIC_COLUMNS[] = {
	DB_COLUMN(struct topic, name, DB_TEXT),
	DB_COLUMN(struct topic, owner, DB_TEXT),
	DB_COLUMN(struct topic, description, DB_TEXT),
	DB_COLUMN(struct topic, version, DB_INT64),
	DB_COLUMN(struct topic, schema, DB_JSON),
	DB_COLUMN(struct topic, example, DB_JSON),
};
static const struct db_stmt TOPICS = DB_ROWS("bus_topics", struct topic, TOPIC_COLUMNS,
	SQL("select name, owner, description, version, schema, example from bus.topic order by name"));

struct answer {
	bool yes;
	int64_t n;
};
static const struct db_column YES_COLUMNS[] = {DB_COLUMN(struct answer, yes, DB_BOOL)};
static const struct db_column N_COLUMNS[] = {DB_COLUMN(struct answer, n, DB_INT64)};

static const struct db_stmt LEAD =
	DB_ROWS("bus_lead", struct answer, YES_COLUMNS, SQL("select bus.lead($1::integer) as yes"));
static const struct db_stmt NEGLECTED =
	DB_ROWS("bus_neglected", struct answer, YES_COLUMNS, SQL("select bus.is_neglected() as yes"));
static const struct db_stmt SEQUENCE =
	DB_ROWS("bus_sequence", struct answer, N_COLUMNS, SQL("select bus.sequence_batch($1::integer)::bigint as n"));
static const struct db_stmt PARTITIONS = DB_EXEC("bus_partitions", SQL("select bus.ensure_partitions()"));
static const struct db_stmt DROP_OLD = DB_EXEC("bus_drop_old", SQL("select bus.drop_old()"));
static const struct db_stmt TRIM = DB_EXEC("bus_trim", SQL("select bus.trim_outbox()"));
static const struct db_stmt PURGE = DB_ROWS("bus_purge", struct answer, N_COLUMNS,
	SQL("select greatest(bus.purge_settled($1::integer), platform.purge_idempotency($1::integer))::bigint as n"));

const struct db_stmt *const BUS_STATEMENTS[] = {
	&PROCESSES, &TOPICS, &LEAD, &NEGLECTED, &SEQUENCE, &PARTITIONS, &DROP_OLD, &TRIM, &PURGE, NULL};

err_t bus_store_processes(struct ctx *c, struct process_row **rows_r, size_t *n_r)
{
	return db_rows(c, &PROCESSES, NO_PARAMS, rows_r, n_r);
}

err_t bus_store_topics(struct ctx *c, struct topic **rows_r, size_t *n_r)
{
	return db_rows(c, &TOPICS, NO_PARAMS, rows_r, n_r);
}

/* The lock lives as long as its connection, and taking it twice would have to be undone twice. */
err_t bus_store_lead(struct ctx *c, int wait_ms, bool *leading_r)
{
	static bool held;
	static uint64_t held_in;
	struct answer a;

	if (!held || held_in != db_stats(c->db)->reconnects) {
		held = false;
		TRY(db_one(c, &LEAD, PARAMS(P_INT(wait_ms)), &a));
		held = a.yes;
		held_in = db_stats(c->db)->reconnects;
	}
	*leading_r = held;
	return OK;
}

err_t bus_store_neglected(struct ctx *c, bool *neglected_r)
{
	struct answer a;

	TRY(db_one(c, &NEGLECTED, NO_PARAMS, &a));
	*neglected_r = a.yes;
	return OK;
}

err_t bus_store_sequence(struct ctx *c, int64_t limit, int64_t *n_r)
{
	struct answer a;

	TRY(db_one(c, &SEQUENCE, PARAMS(P_INT(limit)), &a));
	*n_r = a.n;
	return OK;
}

err_t bus_store_ensure_partitions(struct ctx *c)
{
	return db_exec(c, &PARTITIONS, NO_PARAMS, NULL);
}

err_t bus_store_drop_old(struct ctx *c)
{
	return db_exec(c, &DROP_OLD, NO_PARAMS, NULL);
}

err_t bus_store_trim(struct ctx *c)
{
	return db_exec(c, &TRIM, NO_PARAMS, NULL);
}

err_t bus_store_purge(struct ctx *c, int64_t most, int64_t *gone_r)
{
	struct answer a;

	TRY(db_one(c, &PURGE, PARAMS(P_INT(most)), &a));
	*gone_r = a.n;
	return OK;
}
