/* store_bus.c - the statements of event-bus. What they decide is in sql/bus. */
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

static const struct db_column SERVICE_COLUMNS[] = {
	DB_COLUMN(struct service_row, name, DB_TEXT),
	DB_COLUMN(struct service_row, host, DB_TEXT),
	DB_COLUMN(struct service_row, version, DB_TEXT),
	DB_COLUMN(struct service_row, kinds, DB_TEXT),
	DB_COLUMN(struct service_row, status, DB_TEXT),
	DB_COLUMN(struct service_row, workers, DB_INT64),
	DB_COLUMN_AS(struct service_row, heartbeat_us, DB_TIME, "heartbeat_at"),
};
/* A worker is a connection under the service's name. */
static const struct db_stmt SERVICES = DB_ROWS("bus_services", struct service_row, SERVICE_COLUMNS,
	SQL("select s.name, s.host, max(s.version) as version, string_agg(distinct s.kind, ', ') as kinds,"
	    " case when not bool_or(s.state = 'up') then 'down' when bool_or(s.state = 'lost') then 'late' else 'up' "
	    "end as status,"
	    " (select count(*) from pg_stat_activity a where a.application_name = s.name"
	    " and a.datname = current_database()) as workers, max(s.heartbeat_at) as heartbeat_at"
	    " from platform.services s group by s.name, s.host order by s.name, s.host"));

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

static const struct db_column SUBSCRIPTION_COLUMNS[] = {
	DB_COLUMN(struct subscription, name, DB_TEXT),
	DB_COLUMN(struct subscription, owner, DB_TEXT),
	DB_COLUMN(struct subscription, topics, DB_JSON),
	DB_COLUMN(struct subscription, paused, DB_BOOL),
	DB_COLUMN(struct subscription, position, DB_INT64),
	DB_COLUMN(struct subscription, waiting, DB_INT64),
	DB_COLUMN_AS(struct subscription, oldest_us, DB_TIME, "oldest_at"),
	DB_COLUMN(struct subscription, retrying, DB_INT64),
	DB_COLUMN(struct subscription, blocked, DB_INT64),
	DB_COLUMN(struct subscription, dead, DB_INT64),
};
static const struct db_stmt SUBSCRIPTIONS = DB_ROWS("bus_subscriptions", struct subscription, SUBSCRIPTION_COLUMNS,
	SQL("select name, owner, to_jsonb(topics) as topics, paused, position, waiting, oldest_at, retrying, blocked, "
	    "dead"
	    " from bus.subscription_state order by name"));

static const struct db_column DEAD_COLUMNS[] = {
	DB_COLUMN(struct dead_letter, id, DB_UUID),
	DB_COLUMN(struct dead_letter, kind, DB_TEXT),
	DB_COLUMN(struct dead_letter, source, DB_TEXT),
	DB_COLUMN(struct dead_letter, topic, DB_TEXT),
	DB_COLUMN(struct dead_letter, key, DB_TEXT),
	DB_COLUMN(struct dead_letter, error, DB_TEXT),
	DB_COLUMN(struct dead_letter, attempts, DB_INT64),
	DB_COLUMN(struct dead_letter, position, DB_INT64),
	DB_COLUMN_AS(struct dead_letter, created_us, DB_TIME, "created_at"),
	DB_COLUMN_AS(struct dead_letter, dead_us, DB_TIME, "dead_at"),
	DB_COLUMN(struct dead_letter, payload, DB_JSON),
};
static const struct db_stmt DEAD_LETTERS = DB_ROWS("bus_dead_letters", struct dead_letter, DEAD_COLUMNS,
	SQL("select id, kind, source, topic, key, error, attempts::bigint, position, created_at, dead_at, payload"
	    " from bus.dead_letter where $1::timestamptz is null or (dead_at, id) < ($1, $2::uuid)"
	    " order by dead_at desc, id desc limit $3::bigint"));

static const struct db_column LOG_COLUMNS[] = {
	DB_COLUMN(struct log_state, head, DB_INT64),
	DB_COLUMN(struct log_state, waiting, DB_INT64),
	DB_COLUMN_AS(struct log_state, oldest_us, DB_TIME, "oldest_at"),
	DB_COLUMN(struct log_state, last_minute, DB_INT64),
	DB_COLUMN(struct log_state, dead, DB_INT64),
};
static const struct db_stmt LOG_STATE = DB_ROWS("bus_log_state", struct log_state, LOG_COLUMNS,
	SQL("select head, waiting, oldest_at, last_minute, dead from bus.log_state"));

struct answer {
	bool yes;
	int64_t n;
};
static const struct db_column YES_COLUMNS[] = {DB_COLUMN(struct answer, yes, DB_BOOL)};
static const struct db_column N_COLUMNS[] = {DB_COLUMN(struct answer, n, DB_INT64)};

static const struct db_stmt RETRY =
	DB_ROWS("bus_retry", struct answer, YES_COLUMNS, SQL("select bus.dead_letter_retry($1::uuid) as yes"));
static const struct db_stmt SKIP =
	DB_ROWS("bus_skip", struct answer, YES_COLUMNS, SQL("select bus.dead_letter_skip($1::uuid) as yes"));
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

const struct db_stmt *const BUS_STATEMENTS[] = {&PROCESSES, &SERVICES, &TOPICS, &SUBSCRIPTIONS, &DEAD_LETTERS,
	&LOG_STATE, &RETRY, &SKIP, &LEAD, &NEGLECTED, &SEQUENCE, &PARTITIONS, &DROP_OLD, &TRIM, &PURGE, NULL};

err_t bus_store_processes(struct ctx *c, struct process_row **rows_r, size_t *n_r)
{
	return db_rows(c, &PROCESSES, NO_PARAMS, rows_r, n_r);
}

err_t bus_store_topics(struct ctx *c, struct topic **rows_r, size_t *n_r)
{
	return db_rows(c, &TOPICS, NO_PARAMS, rows_r, n_r);
}

err_t bus_store_subscriptions(struct ctx *c, struct subscription **rows_r, size_t *n_r)
{
	return db_rows(c, &SUBSCRIPTIONS, NO_PARAMS, rows_r, n_r);
}

err_t bus_store_dead_letters(struct ctx *c, const struct dead_query *q, struct dead_letter **rows_r, size_t *n_r)
{
	return db_rows(
		c, &DEAD_LETTERS, PARAMS(P_TIME(q->before_us), P_UUID(&q->before_id), P_INT(q->limit)), rows_r, n_r);
}

err_t bus_store_system(struct ctx *c, const struct dead_query *q, struct system_state *s)
{
	const struct db_call calls[] = {
		{.stmt = &LOG_STATE, .row = &s->log},
		{.stmt = &SERVICES, .rows = &s->services, .count = &s->nservices},
		{.stmt = &SUBSCRIPTIONS, .rows = &s->subscriptions, .count = &s->nsubscriptions},
		CALL_ROWS(&DEAD_LETTERS, &s->dead, &s->ndead, P_TIME(q->before_us), P_UUID(&q->before_id),
			P_INT(q->limit)),
	};

	return db_run(c, calls, ARRAY_LEN(calls));
}

static err_t decide(struct ctx *c, const struct db_stmt *how, const struct uuid *id)
{
	struct answer a;

	TRY(db_one(c, how, PARAMS(P_UUID(id)), &a));
	return a.yes ? OK : fail(c, &ERR_NOT_FOUND, "there is no such dead letter");
}

err_t bus_store_retry(struct ctx *c, const struct uuid *id)
{
	return decide(c, &RETRY, id);
}

err_t bus_store_skip(struct ctx *c, const struct uuid *id)
{
	return decide(c, &SKIP, id);
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
