/*
 * event.h - the event bus from a service's side: emit, consume, jobs, timers.
 *
 * Layer: app. The tables and functions are in sql/bus.
 */
#ifndef ES_EVENT_H
#define ES_EVENT_H

#include "base/ctx.h"
#include "data/ids.h"
#include "data/json.h"

struct event {
	const char *topic;          /* "order.placed": past tense; declared in sql/bus with owner and schema */
	const char *aggregate_type; /* "order" */
	const char *aggregate_id;
	const char *order_key;      /* decides order and shard; NULL: the aggregate's id. All events of one order use the order's id */
	const json_t *payload;      /* no personal data, no secrets */
};

/* Queue the event in the open transaction (db_defer): after the aggregate was locked or written. Aborts outside a transaction. */
void event_emit(struct ctx *c, const struct event *e);

struct received_event {
	int64_t position;
	struct uuid id;
	const char *topic, *aggregate_type, *aggregate_id, *order_key;
	json_t *payload;
	int64_t created_us;
};

/* Where a subscription begins that is new; one that exists goes on where it stands. */
enum consumer_start {
	START_AT_ZERO = 0, /* everything the log still has: it does not matter which service is started first */
	START_NOW,         /* what is logged from now on */
	START_AT_TIME,     /* what was logged since then */
};

/*
 * One subscription. handle runs in the transaction that also moves the cursor, inside a
 * savepoint of its own; a failure parks the event (and later ones of its key) for retry.
 */
struct consumer {
	const char *subscription;        /* "order.payments": <service>.<purpose> */
	const char *const *topics;       /* NULL-terminated */
	err_t (*handle)(struct ctx *c, const struct received_event *e);
	enum consumer_start start;
	int64_t start_us;                /* of START_AT_TIME */
};

/* Leased jobs for effects outside PostgreSQL. */
/* Queue a job in the open transaction; the same (queue, dedup_key) twice is one job. */
void job_enqueue(struct ctx *c, const char *queue, const char *dedup_key, const json_t *payload);

struct job_order {
	const char *queue, *dedup_key;
	const json_t *payload;   /* NULL: empty */
	int64_t run_at_us;       /* 0: at once */
	int32_t priority;        /* higher goes first */
	int32_t max_attempts;    /* 0: ten; then the job is dead */
};
void job_enqueue_with(struct ctx *c, const struct job_order *o);

struct job {
	int64_t id;
	const char *queue, *dedup_key;
	json_t *payload;
	int32_t attempts, max_attempts;  /* attempts counts this one */
	const char *traceparent, *request_id; /* of what queued it; handle's ctx has them already; may be NULL */
};

struct job_worker {
	const char *queue;               /* "notification.mail" */
	int lease_secs;
	/* No transaction is open. OK: done. ERR_PEER: dead at once. Anything else: tried again later with back-off. */
	err_t (*handle)(struct ctx *c, const struct job *j);
};

struct timer {
	const char *name;                /* "order.expire" */
	int every_ms;
	/* Several processes may tick at once: claim rows with FOR UPDATE SKIP LOCKED. */
	err_t (*run)(struct ctx *c);
	int (*pause_ms)(void);           /* instead of every_ms, asked after each run; may be NULL */
};

/* The consumer process (--work): returns when stop_fd becomes readable, after the batch in hand. */
struct work {
	const struct consumer *consumers; /* {0}-terminated or NULL */
	const struct job_worker *jobs;
	const struct timer *timers;
};
err_t work_run(struct ctx *c, const struct work *w, int stop_fd) MUST_CHECK;
/*
 * One pass over everything that is due, without waiting: for tests. *did_r: how many events and jobs
 * were handled; every timer runs once. Events arrive only after the sequencer: select bus.sequence_batch().
 */
err_t work_once(struct ctx *c, const struct work *w, size_t *did_r) MUST_CHECK;

/* The statements behind these, to be proven with a service's own: NULL-terminated. */
struct db_stmt;
extern const struct db_stmt *const EVENT_STATEMENTS[]; /* emit, enqueue */
extern const struct db_stmt *const WORK_STATEMENTS[];  /* consumers */
extern const struct db_stmt *const JOB_STATEMENTS[];

#endif
