/* store_staff.c - the statements behind what staff sees and decides. Their rules are in sql/bus. */
#include "edges/db.h"
#include "store_staff.h"

#define ROWS_MOST 50 /* of a part of a page that is not continued */

static const struct db_column SERVICE_COLUMNS[] = {
	DB_COLUMN(struct service_row, name, DB_TEXT),
	DB_COLUMN(struct service_row, host, DB_TEXT),
	DB_COLUMN(struct service_row, version, DB_TEXT),
	DB_COLUMN(struct service_row, kinds, DB_TEXT),
	DB_COLUMN(struct service_row, status, DB_TEXT),
	DB_COLUMN(struct service_row, workers, DB_INT64),
	DB_COLUMN_AS(struct service_row, started_us, DB_TIME, "started_at"),
	DB_COLUMN_AS(struct service_row, heartbeat_us, DB_TIME, "heartbeat_at"),
};
/* A worker is a connection under the service's name. */
static const struct db_stmt SERVICES = DB_ROWS("staff_services", struct service_row, SERVICE_COLUMNS,
	SQL("select s.name, s.host, max(s.version) as version, string_agg(distinct s.kind, ' ') as kinds,"
	    " case when not bool_or(s.state = 'up') then 'down' when bool_or(s.state <> 'up') then 'late' else 'up' "
	    "end as status,"
	    " (select count(*) from pg_stat_activity a where a.application_name = s.name"
	    " and a.datname = current_database()) as workers, min(s.started_at) as started_at,"
	    " max(s.heartbeat_at) as heartbeat_at"
	    " from platform.services s group by s.name, s.host order by s.name, s.host"));

static const struct db_column LOG_COLUMNS[] = {
	DB_COLUMN(struct log_state, head, DB_INT64),
	DB_COLUMN(struct log_state, waiting, DB_INT64),
	DB_COLUMN_AS(struct log_state, oldest_us, DB_TIME, "oldest_at"),
	DB_COLUMN(struct log_state, last_minute, DB_INT64),
	DB_COLUMN(struct log_state, dead, DB_INT64),
};
static const struct db_stmt LOG_STATE = DB_ROWS("staff_log", struct log_state, LOG_COLUMNS,
	SQL("select head, waiting, oldest_at, last_minute, dead from bus.log_state"));

static const struct db_column SUBSCRIPTION_COLUMNS[] = {
	DB_COLUMN(struct subscription, name, DB_TEXT),
	DB_COLUMN(struct subscription, owner, DB_TEXT),
	DB_COLUMN(struct subscription, topics, DB_JSON),
	DB_COLUMN(struct subscription, paused, DB_BOOL),
	DB_COLUMN(struct subscription, position, DB_INT64),
	DB_COLUMN(struct subscription, waiting, DB_INT64),
	DB_COLUMN(struct subscription, lag_ms, DB_INT64),
	DB_COLUMN_AS(struct subscription, oldest_us, DB_TIME, "oldest_at"),
	DB_COLUMN_AS(struct subscription, active_us, DB_TIME, "active_at"),
	DB_COLUMN_AS(struct subscription, created_us, DB_TIME, "created_at"),
	DB_COLUMN(struct subscription, retrying, DB_INT64),
	DB_COLUMN(struct subscription, blocked, DB_INT64),
	DB_COLUMN(struct subscription, dead, DB_INT64),
	DB_COLUMN(struct subscription, crashes, DB_INT64),
	DB_COLUMN(struct subscription, max_attempts, DB_INT64),
};
#define SUBSCRIPTION_SELECT                                                                                            \
	"select name, owner, to_jsonb(topics) as topics, paused, position, waiting,"                                   \
	" (lag_secs * 1000)::bigint as lag_ms, oldest_at, active_at, created_at, retrying, blocked, dead,"             \
	" crashes::bigint as crashes, max_attempts::bigint as max_attempts from bus.subscription_state"
static const struct db_stmt SUBSCRIPTIONS = DB_ROWS(
	"staff_subscriptions", struct subscription, SUBSCRIPTION_COLUMNS, SQL(SUBSCRIPTION_SELECT " order by name"));
static const struct db_stmt SUBSCRIPTION = DB_ROWS(
	"staff_subscription", struct subscription, SUBSCRIPTION_COLUMNS, SQL(SUBSCRIPTION_SELECT " where name = $1"));

static const struct db_column PARKED_COLUMNS[] = {
	DB_COLUMN(struct parked_event, id, DB_UUID),
	DB_COLUMN(struct parked_event, topic, DB_TEXT),
	DB_COLUMN(struct parked_event, key, DB_TEXT),
	DB_COLUMN(struct parked_event, state, DB_TEXT),
	DB_COLUMN(struct parked_event, error, DB_TEXT),
	DB_COLUMN(struct parked_event, position, DB_INT64),
	DB_COLUMN(struct parked_event, attempts, DB_INT64),
	DB_COLUMN_AS(struct parked_event, next_us, DB_TIME, "next_at"),
};
static const struct db_stmt PARKED = DB_ROWS("staff_parked", struct parked_event, PARKED_COLUMNS,
	SQL("select id, topic, key, state, error, position, attempts::bigint, next_at from bus.parked_event"
	    " where subscription = $1 order by position limit $2::bigint"));

static const struct db_column QUEUE_COLUMNS[] = {
	DB_COLUMN(struct queue, name, DB_TEXT),
	DB_COLUMN(struct queue, due, DB_INT64),
	DB_COLUMN(struct queue, failing, DB_INT64),
	DB_COLUMN(struct queue, scheduled, DB_INT64),
	DB_COLUMN(struct queue, leased, DB_INT64),
	DB_COLUMN(struct queue, dead, DB_INT64),
	DB_COLUMN_AS(struct queue, oldest_us, DB_TIME, "oldest_at"),
};
static const struct db_stmt QUEUES = DB_ROWS("staff_queues", struct queue, QUEUE_COLUMNS,
	SQL("select queue as name, due, failing, scheduled, leased, dead, oldest_at from bus.queue_state order by "
	    "queue"));
static const struct db_stmt QUEUE = DB_ROWS("staff_queue", struct queue, QUEUE_COLUMNS,
	SQL("select queue as name, due, failing, scheduled, leased, dead, oldest_at from bus.queue_state where queue = "
	    "$1"));

static const struct db_column SAGA_COLUMNS[] = {
	DB_COLUMN(struct saga_row, order_id, DB_UUID),
	DB_COLUMN(struct saga_row, number, DB_TEXT),
	DB_COLUMN(struct saga_row, step, DB_TEXT),
	DB_COLUMN(struct saga_row, error, DB_TEXT),
	DB_COLUMN(struct saga_row, attempts, DB_INT64),
	DB_COLUMN_AS(struct saga_row, next_us, DB_TIME, "next_at"),
	DB_COLUMN_AS(struct saga_row, updated_us, DB_TIME, "updated_at"),
};
/* What has waited longest comes first. */
static const struct db_stmt SAGAS = DB_ROWS("staff_sagas", struct saga_row, SAGA_COLUMNS,
	SQL("select order_id, number, step, last_error as error, attempts, next_at, updated_at from orders.saga_state"
	    " order by updated_at, order_id, step limit $1::bigint"));

static const struct db_column DEAD_COLUMNS[] = {
	DB_COLUMN(struct dead_letter, id, DB_UUID),
	DB_COLUMN(struct dead_letter, kind, DB_TEXT),
	DB_COLUMN(struct dead_letter, source, DB_TEXT),
	DB_COLUMN(struct dead_letter, topic, DB_TEXT),
	DB_COLUMN(struct dead_letter, key, DB_TEXT),
	DB_COLUMN(struct dead_letter, error, DB_TEXT),
	DB_COLUMN(struct dead_letter, request_id, DB_TEXT),
	DB_COLUMN(struct dead_letter, trace_id, DB_TEXT),
	DB_COLUMN(struct dead_letter, attempts, DB_INT64),
	DB_COLUMN(struct dead_letter, position, DB_INT64),
	DB_COLUMN_AS(struct dead_letter, created_us, DB_TIME, "created_at"),
	DB_COLUMN_AS(struct dead_letter, dead_us, DB_TIME, "dead_at"),
	DB_COLUMN(struct dead_letter, payload, DB_JSON),
};
#define DEAD_SELECT                                                                                                    \
	"select id, kind, source, topic, key, error, request_id, nullif(trace_id, '') as trace_id,"                    \
	" attempts::bigint, position, created_at, dead_at, payload from bus.dead_letter"
static const struct db_stmt DEAD_LETTERS = DB_ROWS("staff_dead_letters", struct dead_letter, DEAD_COLUMNS,
	SQL(DEAD_SELECT " where ($1::timestamptz is null or (dead_at, id) < ($1, $2::uuid)) and ($3::text is null or "
			"source = $3)"
			" order by dead_at desc, id desc limit $4::bigint"));
static const struct db_stmt DEAD_LETTER =
	DB_ROWS("staff_dead_letter", struct dead_letter, DEAD_COLUMNS, SQL(DEAD_SELECT " where id = $1::uuid"));

struct answer {
	bool yes;
	int64_t n;
};
static const struct db_column YES_COLUMNS[] = {DB_COLUMN(struct answer, yes, DB_BOOL)};
static const struct db_column N_COLUMNS[] = {DB_COLUMN(struct answer, n, DB_INT64)};

static const struct db_stmt PAUSE =
	DB_ROWS("staff_pause", struct answer, YES_COLUMNS, SQL("select bus.pause($1, $2::boolean) as yes"));
static const struct db_stmt POSITION_AT =
	DB_ROWS("staff_position_at", struct answer, N_COLUMNS, SQL("select bus.position_at($1::timestamptz) as n"));
static const struct db_stmt REPLAY =
	DB_ROWS("staff_replay", struct answer, YES_COLUMNS, SQL("select bus.replay($1, $2::bigint) as yes"));
static const struct db_stmt RETRY_EVENTS =
	DB_ROWS("staff_retry_events", struct answer, N_COLUMNS, SQL("select bus.retry_events($1) as n"));
static const struct db_stmt RETRY_JOBS =
	DB_ROWS("staff_retry_jobs", struct answer, N_COLUMNS, SQL("select bus.retry_jobs($1) as n"));
static const struct db_stmt RETRY =
	DB_ROWS("staff_retry", struct answer, YES_COLUMNS, SQL("select bus.dead_letter_retry($1::uuid) as yes"));
static const struct db_stmt SKIP =
	DB_ROWS("staff_skip", struct answer, YES_COLUMNS, SQL("select bus.dead_letter_skip($1::uuid) as yes"));

const struct db_stmt *const STAFF_STATEMENTS[] = {&SERVICES, &LOG_STATE, &SUBSCRIPTIONS, &SUBSCRIPTION, &PARKED,
	&QUEUES, &QUEUE, &SAGAS, &DEAD_LETTERS, &DEAD_LETTER, &PAUSE, &POSITION_AT, &REPLAY, &RETRY_EVENTS, &RETRY_JOBS,
	&RETRY, &SKIP, NULL};

err_t staff_store_log(struct ctx *c, struct log_state *log_r)
{
	return db_one(c, &LOG_STATE, NO_PARAMS, log_r);
}

err_t staff_store_subscriptions(struct ctx *c, struct subscription **rows_r, size_t *n_r)
{
	return db_rows(c, &SUBSCRIPTIONS, NO_PARAMS, rows_r, n_r);
}

static err_t found_or(struct ctx *c, bool found, const char *what)
{
	return found ? OK : fail(c, &ERR_NOT_FOUND, "there is no such %s", what);
}

err_t staff_store_subscription(struct ctx *c, const char *name, struct subscription *subscription_r)
{
	bool found;

	TRY(db_maybe(c, &SUBSCRIPTION, PARAMS(P_TEXT(name)), subscription_r, &found));
	return found_or(c, found, "subscription");
}

err_t staff_store_queues(struct ctx *c, struct queue **rows_r, size_t *n_r)
{
	return db_rows(c, &QUEUES, NO_PARAMS, rows_r, n_r);
}

err_t staff_store_queue(struct ctx *c, const char *name, struct queue *queue_r)
{
	bool found;

	TRY(db_maybe(c, &QUEUE, PARAMS(P_TEXT(name)), queue_r, &found));
	return found_or(c, found, "queue");
}

err_t staff_store_sagas(struct ctx *c, struct saga_row **rows_r, size_t *n_r)
{
	return db_rows(c, &SAGAS, PARAMS(P_INT(ROWS_MOST)), rows_r, n_r);
}

err_t staff_store_dead_letters(struct ctx *c, const struct dead_query *q, struct dead_letter **rows_r, size_t *n_r)
{
	return db_rows(c, &DEAD_LETTERS,
		PARAMS(P_TIME(q->before_us), P_UUID(&q->before_id), P_TEXT(q->source), P_INT(q->limit)), rows_r, n_r);
}

err_t staff_store_dead_letter(struct ctx *c, const struct uuid *id, struct dead_letter *letter_r)
{
	bool found;

	TRY(db_maybe(c, &DEAD_LETTER, PARAMS(P_UUID(id)), letter_r, &found));
	return found_or(c, found, "dead letter");
}

err_t staff_store_system(struct ctx *c, const struct dead_query *q, struct system_state *s)
{
	const struct db_call calls[] = {
		{.stmt = &LOG_STATE, .row = &s->log},
		{.stmt = &SERVICES, .rows = &s->services, .count = &s->nservices},
		{.stmt = &SUBSCRIPTIONS, .rows = &s->subscriptions, .count = &s->nsubscriptions},
		{.stmt = &QUEUES, .rows = &s->queues, .count = &s->nqueues},
		CALL_ROWS(&SAGAS, &s->sagas, &s->nsagas, P_INT(ROWS_MOST)),
		CALL_ROWS(&DEAD_LETTERS, &s->dead, &s->ndead, P_TIME(q->before_us), P_UUID(&q->before_id),
			P_TEXT(q->source), P_INT(q->limit)),
	};

	return db_run(c, calls, ARRAY_LEN(calls));
}

err_t staff_store_subscription_detail(struct ctx *c, const char *name, struct subscription_detail *d)
{
	bool found;
	const struct db_call calls[] = {
		{.stmt = &LOG_STATE, .row = &d->log},
		CALL_MAYBE(&SUBSCRIPTION, &d->s, &found, P_TEXT(name)),
		CALL_ROWS(&PARKED, &d->parked, &d->nparked, P_TEXT(name), P_INT(ROWS_MOST)),
		CALL_ROWS(&DEAD_LETTERS, &d->dead, &d->ndead, P_NULL, P_NULL, P_TEXT(name), P_INT(LIST_DEFAULT)),
	};

	TRY(db_run(c, calls, ARRAY_LEN(calls)));
	return found_or(c, found, "subscription");
}

static err_t say_yes(struct ctx *c, const struct db_stmt *s, const struct db_param *p, size_t np, const char *what)
{
	struct answer a;

	TRY(db_one(c, s, p, np, &a));
	return found_or(c, a.yes, what);
}

static err_t count(struct ctx *c, const struct db_stmt *s, const struct db_param *p, size_t np, int64_t *n_r)
{
	struct answer a;

	TRY(db_one(c, s, p, np, &a));
	*n_r = a.n;
	return OK;
}

err_t staff_store_pause(struct ctx *c, const char *name, bool paused)
{
	return say_yes(c, &PAUSE, PARAMS(P_TEXT(name), P_BOOL(paused)), "subscription");
}

err_t staff_store_position_at(struct ctx *c, int64_t time_us, int64_t *position_r)
{
	return count(c, &POSITION_AT, PARAMS(P_TIME(time_us)), position_r);
}

err_t staff_store_replay(struct ctx *c, const char *name, int64_t position)
{
	return say_yes(c, &REPLAY, PARAMS(P_TEXT(name), P_INT(position)), "subscription");
}

err_t staff_store_retry_events(struct ctx *c, const char *subscription, int64_t *n_r)
{
	return count(c, &RETRY_EVENTS, PARAMS(P_TEXT(subscription)), n_r);
}

err_t staff_store_retry_jobs(struct ctx *c, const char *queue, int64_t *n_r)
{
	return count(c, &RETRY_JOBS, PARAMS(P_TEXT(queue)), n_r);
}

err_t staff_store_retry(struct ctx *c, const struct uuid *id)
{
	return say_yes(c, &RETRY, PARAMS(P_UUID(id)), "dead letter");
}

err_t staff_store_skip(struct ctx *c, const struct uuid *id)
{
	return say_yes(c, &SKIP, PARAMS(P_UUID(id)), "dead letter");
}
