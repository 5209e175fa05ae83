/*
 * work_events.c - events to their handlers, exactly once in effect.
 *
 * One transaction takes the events of some shards, runs their handlers and moves the cursors.
 * When one fails, the transaction is run again with each handler in a savepoint, and what fails
 * there is parked: health pays for no savepoint. A process that has just begun, and one whose
 * batch failed, is careful for some passes: it commits a claim first, which counts the attempt,
 * so that an event that kills its consumer is found out. Health pays for no claim either.
 */
#include "app/work_internal.h"

#include <string.h>

#include "app/metrics.h"
#include "base/fault.h"
#include "base/log.h"
#include "data/trace.h"
#include "edges/db.h"

#define SHARDS 16
#define BATCH_PER_SHARD 16
#define BATCH_PER_SHARD_MAX 64 /* while much waits */
/* What killed the last process is in the first passes of the next one: it waits the longest. */
#define CAREFUL_PASSES 16

struct claim {
	const char *subscription;
	int64_t shard;
	int64_t parked_pos; /* 0: a shard */
};

static const struct db_column CLAIM_COLUMNS[] = {
	DB_COLUMN(struct claim, subscription, DB_TEXT),
	DB_COLUMN(struct claim, shard, DB_INT64),
	DB_COLUMN(struct claim, parked_pos, DB_INT64),
};

struct taken {
	struct received_event event;
	const char *traceparent, *request_id;
	int64_t shard, upto;
	bool blocked;
};

#define TAKEN_EVENT_COLUMNS                                                                                            \
	DB_COLUMN_AS(struct taken, event.position, DB_INT64, "position"),                                              \
		DB_COLUMN_AS(struct taken, event.id, DB_UUID, "id"),                                                   \
		DB_COLUMN_AS(struct taken, event.topic, DB_TEXT, "topic"),                                             \
		DB_COLUMN_AS(struct taken, event.aggregate_type, DB_TEXT, "aggregate_type"),                           \
		DB_COLUMN_AS(struct taken, event.aggregate_id, DB_TEXT, "aggregate_id"),                               \
		DB_COLUMN_AS(struct taken, event.order_key, DB_TEXT, "order_key"),                                     \
		DB_COLUMN_AS(struct taken, event.payload, DB_JSON, "payload"),                                         \
		DB_COLUMN(struct taken, traceparent, DB_TEXT), DB_COLUMN(struct taken, request_id, DB_TEXT),           \
		DB_COLUMN_AS(struct taken, event.created_us, DB_TIME, "created_at")

static const struct db_column TAKEN_COLUMNS[] = {
	TAKEN_EVENT_COLUMNS,
	DB_COLUMN(struct taken, shard, DB_INT64),
	DB_COLUMN(struct taken, upto, DB_INT64),
	DB_COLUMN(struct taken, blocked, DB_BOOL),
};
static const struct db_column PARKED_COLUMNS[] = {TAKEN_EVENT_COLUMNS};

static const struct db_stmt SUBSCRIBE =
	DB_EXEC("work_subscribe", SQL("select bus.subscribe($1, $2, $3, $4::timestamptz)"));
static const struct db_stmt CLAIM = DB_ROWS(
	"work_claim", struct claim, CLAIM_COLUMNS, SQL("select subscription, shard, parked_pos from bus.claim($1, $2)"));
static const struct db_stmt TAKE = DB_ROWS("work_take", struct taken, TAKEN_COLUMNS,
	SQL("select position, id, topic, aggregate_type, aggregate_id, order_key, payload, traceparent, request_id, "
	    "created_at,"
	    " shard, upto, blocked from bus.take($1, $2, $3::integer)"));
static const struct db_stmt TAKE_PARKED = DB_ROWS("work_take_parked", struct taken, PARKED_COLUMNS,
	SQL("select position, id, topic, aggregate_type, aggregate_id, order_key, payload, traceparent, request_id, "
	    "created_at"
	    " from bus.take_parked($1, $2)"));
static const struct db_stmt ADVANCE = DB_EXEC("work_advance", SQL("select bus.advance($1, $2, $3)"));
static const struct db_stmt PARK = DB_EXEC("work_park", SQL("select bus.park($1, $2, $3)"));
static const struct db_stmt PARKED_DONE = DB_EXEC("work_parked_done", SQL("select bus.parked_done($1, $2)"));
static const struct db_stmt PARKED_FAILED = DB_EXEC("work_parked_failed", SQL("select bus.parked_failed($1, $2, $3)"));

const struct db_stmt *const WORK_STATEMENTS[] = {
	&SUBSCRIBE, &CLAIM, &TAKE, &TAKE_PARKED, &ADVANCE, &PARK, &PARKED_DONE, &PARKED_FAILED, NULL};

/* One consumer's part of a claim. */
struct batch {
	const struct consumer *consumer;
	int64_t shards[SHARDS];
	size_t nshards;
	int64_t parked_pos;
	int64_t per_shard;
	const struct taken **parked_in_batch; /* room for all of them */
	size_t nparked;
	const struct taken **done; /* room for all of them: what this transaction handled */
	size_t ndone;
	size_t handled;
	bool guarded; /* each event in a savepoint: one of them failed without */
};

struct handling {
	const struct consumer *consumer;
	const struct taken *taken;
};

/* What is done for an event belongs to the trace of what emitted it. */
static void enter(struct ctx *c, const struct taken *t)
{
	c->request_id = t->request_id;
	c->traceparent = t->traceparent;
	trace_begin(c);
}

static void leave(struct ctx *c)
{
	c->request_id = NULL;
	c->traceparent = NULL;
}

static err_t call_handler(struct ctx *c, void *arg)
{
	const struct handling *h = arg;

	return h->consumer->handle(c, &h->taken->event);
}

static err_t handle_unguarded(struct ctx *c, const struct consumer *consumer, const struct taken *t)
{
	err_t e;

	enter(c, t);
	e = consumer->handle(c, &t->event);
	leave(c);
	if (e == OK)
		metric_add(METRIC_EVENTS_HANDLED, 1);
	return e;
}

/* OK, a failure of the event, or a passing failure of the whole transaction. */
static err_t handle_one(struct ctx *c, const struct consumer *consumer, const struct taken *t)
{
	struct handling h = {.consumer = consumer, .taken = t};
	err_t e;

	enter(c, t);
	e = db_savepoint(c, call_handler, &h);
	if (e == OK) {
		metric_add(METRIC_EVENTS_HANDLED, 1);
	} else if (!failure_is_passing(e)) {
		metric_add(METRIC_EVENTS_PARKED, 1);
		log_bug(c, "event failed", LS("subscription", consumer->subscription), LS("topic", t->event.topic),
			LI("position", t->event.position), LS("why", failure_text(c, e)));
	}
	leave(c);
	return e;
}

static bool waits_behind(const struct batch *b, const struct taken *t)
{
	if (t->blocked)
		return true;
	for (size_t i = 0; i < b->nparked; i++)
		if (strcmp(b->parked_in_batch[i]->event.order_key, t->event.order_key) == 0)
			return true;
	return false;
}

static err_t handle_or_park(struct ctx *c, struct batch *b, const struct taken *t)
{
	const char *why = NULL;

	if (!waits_behind(b, t)) {
		err_t e = b->guarded ? handle_one(c, b->consumer, t) : handle_unguarded(c, b->consumer, t);

		if (e == OK)
			b->done[b->ndone++] = t;
		if (e == OK || !b->guarded || failure_is_passing(e))
			return e;
		why = failure_text(c, e);
		ctx_clear_failure(c);
		b->parked_in_batch[b->nparked++] = t;
	}
	db_defer(c, &PARK, PARAMS(P_TEXT(b->consumer->subscription), P_INT(t->event.position), P_TEXT(why)));
	return OK;
}

static void advance(struct ctx *c, const struct batch *b, const struct taken *rows, size_t n)
{
	int64_t shards[SHARDS], upto[SHARDS];
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		size_t j = 0;

		while (j < k && shards[j] != rows[i].shard)
			j++;
		if (j == k && k < SHARDS) {
			shards[k] = rows[i].shard;
			upto[k++] = rows[i].upto;
		}
	}
	db_defer(c, &ADVANCE, PARAMS(P_TEXT(b->consumer->subscription), P_INTS(shards, k), P_INTS(upto, k)));
}

static err_t batch_in_tx(struct ctx *c, void *arg)
{
	struct batch *b = arg;
	struct taken *rows;
	size_t n;

	b->nparked = b->ndone = 0;
	TRY(db_rows(c, &TAKE,
		PARAMS(P_TEXT(b->consumer->subscription), P_INTS(b->shards, b->nshards), P_INT(b->per_shard)), &rows,
		&n));
	b->handled = n;
	if (n == 0)
		return OK;
	b->parked_in_batch = arena_array_of(c->arena, n, const struct taken *);
	b->done = arena_array_of(c->arena, n, const struct taken *);
	for (size_t i = 0; i < n; i++)
		TRY(handle_or_park(c, b, &rows[i]));
	advance(c, b, rows, n);
	return OK;
}

static err_t parked_in_tx(struct ctx *c, void *arg)
{
	struct batch *b = arg;
	const char *name = b->consumer->subscription;
	struct taken *t = arena_new_of(c->arena, struct taken);
	bool found;
	err_t e;

	b->ndone = 0;
	b->done = arena_array_of(c->arena, 1, const struct taken *);
	TRY(db_maybe(c, &TAKE_PARKED, PARAMS(P_TEXT(name), P_INT(b->parked_pos)), t, &found));
	b->handled = found ? 1 : 0;
	if (!found) /* staff skipped it meanwhile */
		return OK;
	e = handle_one(c, b->consumer, t);
	if (failure_is_passing(e))
		return e;
	if (e == OK) {
		b->done[b->ndone++] = t;
		db_defer(c, &PARKED_DONE, PARAMS(P_TEXT(name), P_INT(b->parked_pos)));
	} else {
		db_defer(c, &PARKED_FAILED, PARAMS(P_TEXT(name), P_INT(b->parked_pos), P_TEXT(failure_text(c, e))));
		ctx_clear_failure(c);
	}
	return OK;
}

/* Only now it is true: the transaction is committed. */
static void log_done(struct ctx *c, const struct batch *b)
{
	for (size_t i = 0; i < b->ndone; i++) {
		const struct received_event *e = &b->done[i]->event;

		enter(c, b->done[i]);
		log_info(c, "event handled", LS("subscription", b->consumer->subscription), LS("topic", e->topic),
			LI("position", e->position));
		leave(c);
	}
}

/*
 * A batch that failed as a whole is claimed later, and its attempts are counted there.
 * Nobody waits for the disk: a crash of the server takes effects and cursor back together, and
 * the events come again. What leaves this database goes through jobs, whose lease waits for the
 * disk, and so for all that was committed before it.
 */
static err_t run_batch(
	struct worker *w, struct ctx *c, struct batch *b, err_t (*body)(struct ctx *c, void *arg), size_t *did)
{
	err_t e;

	b->guarded = false;
	fault_unit("events", b->consumer->subscription);
	e = db_tx(c, DB_TX_ASYNC_COMMIT, body, b);
	if (e != OK && !failure_is_passing(e)) {
		ctx_clear_failure(c);
		b->guarded = true;
		e = db_tx(c, DB_TX_ASYNC_COMMIT, body, b);
	}
	if (e != OK) {
		log_failure(c, e, "batch of events failed", LS("subscription", b->consumer->subscription),
			LS("why", failure_text(c, e)));
		ctx_clear_failure(c);
		w->sound_passes = 0;
		return e == &ERR_UNAVAILABLE || e == &ERR_UNCERTAIN ? e : OK;
	}
	*did += b->handled;
	log_done(c, b);
	return OK;
}

static const char *const STARTS[] = {[START_AT_ZERO] = "zero", [START_NOW] = "now", [START_AT_TIME] = "time"};

static err_t subscribe(struct worker *w, struct ctx *c)
{
	for (const struct consumer *s = w->work->consumers; s->subscription != NULL; s++) {
		size_t n = 0;

		while (s->topics[n] != NULL)
			n++;
		TRY(db_exec(c, &SUBSCRIBE,
			PARAMS(P_TEXT(s->subscription), P_TEXTS(s->topics, n), P_TEXT(STARTS[s->start]),
				P_TIME(s->start_us)),
			NULL));
	}
	w->subscribed = true;
	return OK;
}

/* A batch that was full leaves more behind: then larger ones cost less an event. */
static void learn_size(struct worker *w, const struct batch *b)
{
	if (b->handled >= b->nshards * (size_t)b->per_shard)
		w->per_shard = b->per_shard * 2 < BATCH_PER_SHARD_MAX ? b->per_shard * 2 : BATCH_PER_SHARD_MAX;
	else
		w->per_shard = BATCH_PER_SHARD;
}

static err_t work_consumer(
	struct worker *w, struct ctx *c, const struct consumer *s, const struct claim *claims, size_t n, size_t *did)
{
	struct batch *b = arena_new_of(c->arena, struct batch);

	b->consumer = s;
	b->per_shard = w->per_shard;
	for (size_t i = 0; i < n; i++)
		if (claims[i].parked_pos == 0 && strcmp(claims[i].subscription, s->subscription) == 0 &&
			b->nshards < SHARDS)
			b->shards[b->nshards++] = claims[i].shard;
	if (b->nshards > 0) {
		TRY(run_batch(w, c, b, batch_in_tx, did));
		learn_size(w, b);
	}
	for (size_t i = 0; i < n && !worker_stopping(w); i++) {
		if (claims[i].parked_pos == 0 || strcmp(claims[i].subscription, s->subscription) != 0)
			continue;
		b->parked_pos = claims[i].parked_pos;
		TRY(run_batch(w, c, b, parked_in_tx, did));
	}
	return OK;
}

err_t work_events(struct worker *w, struct ctx *c, size_t *did)
{
	struct claim *claims;
	bool careful;
	size_t n;

	if (w->nconsumers == 0)
		return OK;
	if (!w->subscribed)
		TRY(subscribe(w, c));
	if (w->per_shard == 0)
		w->per_shard = BATCH_PER_SHARD;
	careful = w->sound_passes < CAREFUL_PASSES;
	fault_unit("events", "claim");
	TRY(db_rows(c, &CLAIM, PARAMS(P_TEXTS(w->names, w->nconsumers), P_BOOL(careful)), &claims, &n));
	if (n == 0)
		return OK;
	if (careful)
		w->sound_passes++;
	for (const struct consumer *s = w->work->consumers; s->subscription != NULL && !worker_stopping(w); s++)
		TRY(work_consumer(w, c, s, claims, n, did));
	return OK;
}
