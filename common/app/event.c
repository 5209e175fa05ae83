/*
 * event.c - the producer's side of the bus: facts and jobs that travel with the open
 * transaction's COMMIT.
 */
#include "app/event.h"

#include <stdlib.h>

#include "base/log.h"
#include "data/trace.h"
#include "edges/db.h"

/* What bus.emit() does for functions in SQL: going through it would cost more than the insert. */
static const struct db_stmt EMIT = DB_EXEC(
	"event_emit", SQL("insert into bus.outbox (topic, aggregate_type, aggregate_id, order_key, payload, headers)"
			  " values ($1, $2, $3, $4, $5::jsonb, $6::jsonb)"));
static const struct db_stmt ENQUEUE = DB_EXEC("job_enqueue",
	SQL("select bus.enqueue($1, $2, $3::jsonb, $4::timestamptz, $5::integer, $6::integer, $7::jsonb)"));

const struct db_stmt *const EVENT_STATEMENTS[] = {&EMIT, &ENQUEUE, NULL};

/* Outside a transaction the fact and its news could part: a programmer's error. */
static void require_tx(const struct ctx *c, const char *what)
{
	if (db_in_tx(c))
		return;
	log_bug(c, "outside a transaction", LS("call", what));
	abort();
}

void event_emit(struct ctx *c, const struct event *e)
{
	require_tx(c, e->topic);
	db_defer(c, &EMIT,
		PARAMS(P_TEXT(e->topic), P_TEXT(e->aggregate_type), P_TEXT(e->aggregate_id),
			P_TEXT(e->order_key != NULL ? e->order_key : e->aggregate_id), P_JSON(e->payload),
			P_JSON(trace_headers(c))));
}

void job_enqueue_with(struct ctx *c, const struct job_order *o)
{
	require_tx(c, o->queue);
	db_defer(c, &ENQUEUE,
		PARAMS(P_TEXT(o->queue), P_TEXT(o->dedup_key), P_JSON(o->payload), P_TIME(o->run_at_us),
			P_INT(o->priority), P_INT_OR_NULL(o->max_attempts, o->max_attempts > 0),
			P_JSON(trace_headers(c))));
}

void job_enqueue(struct ctx *c, const char *queue, const char *dedup_key, const json_t *payload)
{
	job_enqueue_with(c, &(struct job_order){.queue = queue, .dedup_key = dedup_key, .payload = payload});
}
