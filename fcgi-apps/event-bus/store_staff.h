/* store_staff.h - what staff sees of the bus and decides about it, in PostgreSQL. */
#ifndef ES_STORE_STAFF_H
#define ES_STORE_STAFF_H

#include "bus.h"

extern const struct db_stmt *const STAFF_STATEMENTS[];

err_t staff_store_log(struct ctx *c, struct log_state *log_r) MUST_CHECK;
err_t staff_store_subscriptions(struct ctx *c, struct subscription **rows_r, size_t *n_r) MUST_CHECK;
/* ERR_NOT_FOUND: there is none of that name. So are the others that take a name or an id. */
err_t staff_store_subscription(struct ctx *c, const char *name, struct subscription *subscription_r) MUST_CHECK;
err_t staff_store_queues(struct ctx *c, struct queue **rows_r, size_t *n_r) MUST_CHECK;
err_t staff_store_queue(struct ctx *c, const char *name, struct queue *queue_r) MUST_CHECK;
err_t staff_store_sagas(struct ctx *c, struct saga_row **rows_r, size_t *n_r) MUST_CHECK;
err_t staff_store_dead_letters(
	struct ctx *c, const struct dead_query *q, struct dead_letter **rows_r, size_t *n_r) MUST_CHECK;
err_t staff_store_dead_letter(struct ctx *c, const struct uuid *id, struct dead_letter *letter_r) MUST_CHECK;

/* Everything the system page shows, in one round trip. */
struct system_state {
	struct log_state log;
	struct service_row *services;
	size_t nservices;
	struct subscription *subscriptions;
	size_t nsubscriptions;
	struct queue *queues;
	size_t nqueues;
	struct saga_row *sagas;
	size_t nsagas;
	struct dead_letter *dead;
	size_t ndead;
};
err_t staff_store_system(struct ctx *c, const struct dead_query *q, struct system_state *state_r) MUST_CHECK;

/* Everything a subscription's page shows. */
struct subscription_detail {
	struct log_state log;
	struct subscription s;
	struct parked_event *parked; /* the first of them, in log order */
	size_t nparked;
	struct dead_letter *dead; /* the newest */
	size_t ndead;
};
err_t staff_store_subscription_detail(struct ctx *c, const char *name, struct subscription_detail *detail_r) MUST_CHECK;

err_t staff_store_pause(struct ctx *c, const char *name, bool paused) MUST_CHECK;
/* The last position logged before that time. */
err_t staff_store_position_at(struct ctx *c, int64_t time_us, int64_t *position_r) MUST_CHECK;
/* Waits for the batches in hand. */
err_t staff_store_replay(struct ctx *c, const char *name, int64_t position) MUST_CHECK;
err_t staff_store_retry_events(struct ctx *c, const char *subscription, int64_t *n_r) MUST_CHECK;
err_t staff_store_retry_jobs(struct ctx *c, const char *queue, int64_t *n_r) MUST_CHECK;
/* ERR_NOT_FOUND also when somebody decided before. */
err_t staff_store_retry(struct ctx *c, const struct uuid *id) MUST_CHECK;
err_t staff_store_skip(struct ctx *c, const struct uuid *id) MUST_CHECK;

#endif
