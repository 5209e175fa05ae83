/*
 * staff.h - what staff decides about the bus: the act and its entry in the audit log, for the
 * API and for the pages alike. Each runs in the request's transaction; ERR_NOT_FOUND: there is
 * nothing of that name.
 */
#ifndef ES_STAFF_H
#define ES_STAFF_H

#include "bus.h"

/* *now_r: the subscription afterwards. */
err_t staff_pause(struct request *rq, const char *name, bool paused, struct subscription *now_r) MUST_CHECK;
err_t staff_replay(
	struct request *rq, const char *name, const struct replay_input *to, struct subscription *now_r) MUST_CHECK;
/* All dead letters of a subscription, or of a queue; *n_r: how many. */
err_t staff_retry_events(struct request *rq, const char *subscription, int64_t *n_r) MUST_CHECK;
err_t staff_retry_jobs(struct request *rq, const char *queue, int64_t *n_r) MUST_CHECK;
err_t staff_retry(struct request *rq, const struct uuid *id) MUST_CHECK;
err_t staff_skip(struct request *rq, const struct uuid *id) MUST_CHECK;

#endif
