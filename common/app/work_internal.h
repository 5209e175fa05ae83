/*
 * work_internal.h - what the work*.c files share; nobody else includes it.
 *
 *   work.c         the loop: claims, timers, waiting, stopping
 *   work_events.c  one batch of events, or one parked event, in a transaction
 *   work_jobs.c    leased jobs, outside transactions
 *
 * Layer: app.
 */
#ifndef ES_WORK_INTERNAL_H
#define ES_WORK_INTERNAL_H

#include "app/event.h"
#include "base/log.h"

struct worker {
	const struct work *work;
	struct db *db;
	struct arena *pass; /* one pass: claims, batches, leases */
	struct arena *unit; /* one job or timer */
	const char **names; /* of the subscriptions */
	size_t nconsumers;
	int64_t *timer_due_us; /* monotonic */
	size_t ntimers;
	bool subscribed;
	int64_t per_shard; /* events a shard and batch; 0 at first */
	int sound_passes; /* with events, since the start or the last batch that failed; counted up to CAREFUL_PASSES */
	int64_t last_pass_us;    /* monotonic: when the last one began */
	int stop_fd; /* −1: none */
};

bool worker_stopping(const struct worker *w);
/* How many were handled or parked is added to *did. */
err_t work_events(struct worker *w, struct ctx *c, size_t *did) MUST_CHECK;
err_t work_jobs(struct worker *w, struct ctx *c, const struct job_worker *j, size_t *did) MUST_CHECK;
/* What to remember of a failure: its words, or its title. */
const char *failure_text(const struct ctx *c, err_t e);
/* Not the unit's fault: the database is away or asks to run the transaction again. */
bool failure_is_passing(err_t e);
/* Then a warning, else an error. */
#define log_failure(c, e, msg, ...) \
	log_write((c), failure_is_passing(e) ? LOG_LEVEL_WARN : LOG_LEVEL_ERROR, (msg), LOG_ARGS_(__VA_ARGS__))

#endif
