/*
 * work_jobs.c - leased jobs: effects outside PostgreSQL, at least once. No transaction is
 * open while a job is done; its end is fenced by the lease's token.
 */
#include "app/work_internal.h"

#include "app/metrics.h"
#include "base/fault.h"
#include "base/log.h"
#include "data/clock.h"
#include "data/trace.h"
#include "edges/db.h"

#define LEASE_MOST 8

static const struct db_column JOB_COLUMNS[] = {
	DB_COLUMN(struct job, id, DB_INT64),
	DB_COLUMN(struct job, queue, DB_TEXT),
	DB_COLUMN(struct job, dedup_key, DB_TEXT),
	DB_COLUMN(struct job, payload, DB_JSON),
	DB_COLUMN(struct job, attempts, DB_INT32),
	DB_COLUMN(struct job, max_attempts, DB_INT32),
	DB_COLUMN(struct job, traceparent, DB_TEXT),
	DB_COLUMN(struct job, request_id, DB_TEXT),
};
struct answer {
	bool yes;
};
static const struct db_column ANSWER_COLUMNS[] = {DB_COLUMN(struct answer, yes, DB_BOOL)};

static const struct db_stmt LEASE = DB_ROWS("job_lease", struct job, JOB_COLUMNS,
	SQL("select id, queue, dedup_key, payload, attempts, max_attempts, traceparent, request_id"
	    " from bus.lease($1, $2::integer, $3::integer, $4::uuid)"));
static const struct db_stmt RENEW =
	DB_ROWS("job_renew", struct answer, ANSWER_COLUMNS, SQL("select bus.renew($1, $2::uuid, $3::integer) as yes"));
static const struct db_stmt ACK =
	DB_ROWS("job_ack", struct answer, ANSWER_COLUMNS, SQL("select bus.ack($1, $2::uuid) as yes"));
static const struct db_stmt NACK =
	DB_ROWS("job_nack", struct answer, ANSWER_COLUMNS, SQL("select bus.nack($1, $2::uuid, $3, $4) as yes"));
static const struct db_stmt RELEASE = DB_EXEC("job_release", SQL("select bus.release($1::uuid)"));

const struct db_stmt *const JOB_STATEMENTS[] = {&LEASE, &RENEW, &ACK, &NACK, &RELEASE, NULL};

struct leased {
	const struct job_worker *worker;
	struct uuid token;
	int64_t since_us; /* monotonic */
};

/* Jobs before this one may have taken long: hold the lease for its own time, or leave it to who has it now. */
static err_t still_ours(struct ctx *c, const struct leased *l, const struct job *j, bool *ours_r)
{
	struct answer a = {.yes = true};

	if (clock_monotonic_us() - l->since_us > l->worker->lease_secs * US_PER_SEC / 4)
		TRY(db_one(c, &RENEW, PARAMS(P_INT(j->id), P_UUID(&l->token), P_INT(l->worker->lease_secs)), &a));
	*ours_r = a.yes;
	return OK;
}

static err_t settle(struct ctx *c, const struct leased *l, const struct job *j, err_t outcome, const char *why)
{
	struct answer a;

	if (outcome == OK) {
		metric_add(METRIC_JOBS_DONE, 1);
		log_info(c, "job done", LS("queue", j->queue), LS("key", j->dedup_key), LI("attempt", j->attempts));
		TRY(db_one(c, &ACK, PARAMS(P_INT(j->id), P_UUID(&l->token)), &a));
	} else {
		metric_add(METRIC_JOBS_FAILED, 1);
		log_peer(c, "job failed", LS("queue", j->queue), LS("key", j->dedup_key), LI("attempt", j->attempts),
			LS("why", why));
		TRY(db_one(c, &NACK, PARAMS(P_INT(j->id), P_UUID(&l->token), P_TEXT(why), P_BOOL(outcome == &ERR_PEER)),
			&a));
	}
	if (!a.yes)
		log_peer(c, "job outlived its lease", LS("queue", j->queue), LS("key", j->dedup_key));
	return OK;
}

static err_t run_job(struct worker *w, struct ctx *c, const struct leased *l, const struct job *j)
{
	struct ctx unit;
	bool ours;
	err_t e;

	TRY(still_ours(c, l, j, &ours));
	if (!ours)
		return OK;
	ctx_init(&unit, w->unit, w->db);
	unit.request_id = c->request_id = j->request_id;
	unit.traceparent = j->traceparent;
	trace_begin(&unit);
	fault_unit("job", j->queue);
	c->traceparent = arena_strdup(c->arena, unit.traceparent);
	e = l->worker->handle(&unit, j);
	e = settle(c, l, j, e, e == OK ? NULL : arena_strdup(c->arena, failure_text(&unit, e)));
	c->request_id = c->traceparent = NULL;
	arena_reset(w->unit);
	return e;
}

err_t work_jobs(struct worker *w, struct ctx *c, const struct job_worker *jw, size_t *did)
{
	struct leased l = {.worker = jw, .token = uuid_v4(), .since_us = clock_monotonic_us()};
	struct job *jobs;
	size_t n;

	fault_unit("lease", jw->queue);
	TRY(db_rows(c, &LEASE, PARAMS(P_TEXT(jw->queue), P_INT(LEASE_MOST), P_INT(jw->lease_secs), P_UUID(&l.token)),
		&jobs, &n));
	for (size_t i = 0; i < n; i++) {
		if (worker_stopping(w))
			return db_exec(c, &RELEASE, PARAMS(P_UUID(&l.token)), NULL);
		TRY(run_job(w, c, &l, &jobs[i]));
		++*did;
	}
	return OK;
}
