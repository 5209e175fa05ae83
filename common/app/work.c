/*
 * work.c - the consumer process: claims, jobs and timers in turn; then it waits for the
 * sequencer's NOTIFY, the next timer, or a second. A lost database is waited for.
 */
#include "app/work_internal.h"

#include <poll.h>

#include "base/fault.h"
#include "base/log.h"
#include "data/clock.h"
#include "data/trace.h"
#include "edges/db.h"

#define WAIT_MAX_MS 1000
/* Under load a consumer looks no more often than this: batches grow instead, and cost less. */
#define PACE_MS 16
#define BUSY_EVENTS 64
#define AWAY_FIRST_MS 200
#define AWAY_MAX_MS 3000
#define PASS_BYTES (64u << 20)
#define UNIT_BYTES (64u << 20)

const char *failure_text(const struct ctx *c, err_t e)
{
	return c->detail != NULL ? c->detail : e->title;
}

bool failure_is_passing(err_t e)
{
	return e == &ERR_RETRY || e == &ERR_UNAVAILABLE || e == &ERR_UNCERTAIN;
}

/* True when asked to stop, at the latest after ms. */
static bool stop_asked(int stop_fd, int ms)
{
	struct pollfd p = {.fd = stop_fd, .events = POLLIN};

	return poll(&p, 1, ms) > 0;
}

bool worker_stopping(const struct worker *w)
{
	return w->stop_fd >= 0 && stop_asked(w->stop_fd, 0);
}

static void worker_init(struct worker *w, struct ctx *c, const struct work *work, int stop_fd)
{
	*w = (struct worker){.work = work, .db = c->db, .stop_fd = stop_fd};
	w->pass = arena_new(PASS_BYTES);
	w->unit = arena_new(UNIT_BYTES);
	while (work->consumers != NULL && work->consumers[w->nconsumers].subscription != NULL)
		w->nconsumers++;
	w->names = arena_array_of(c->arena, w->nconsumers, const char *);
	for (size_t i = 0; i < w->nconsumers; i++)
		w->names[i] = work->consumers[i].subscription;
	while (work->timers != NULL && work->timers[w->ntimers].name != NULL)
		w->ntimers++;
	w->timer_due_us = arena_array_of(c->arena, w->ntimers, int64_t);
}

static void worker_free(struct worker *w)
{
	arena_free(w->pass);
	arena_free(w->unit);
}

/* A timer that fails is logged and comes again: nobody waits for its answer. */
static err_t run_timer(struct worker *w, const struct timer *t)
{
	struct ctx unit;
	err_t e;

	ctx_init(&unit, w->unit, w->db);
	trace_begin(&unit);
	fault_unit("timer", t->name);
	e = t->run(&unit);
	if (e != OK)
		log_failure(&unit, e, "timer failed", LS("timer", t->name), LS("why", failure_text(&unit, e)));
	arena_reset(w->unit);
	return e == &ERR_UNAVAILABLE ? e : OK;
}

static err_t run_timers(struct worker *w)
{
	for (size_t i = 0; i < w->ntimers && !worker_stopping(w); i++) {
		const struct timer *t = &w->work->timers[i];
		int64_t now = clock_monotonic_us();
		err_t e;

		if (w->timer_due_us[i] > now)
			continue;
		e = run_timer(w, t);
		w->timer_due_us[i] = now + (t->pause_ms != NULL ? t->pause_ms() : t->every_ms) * INT64_C(1000);
		TRY(e);
	}
	return OK;
}

static err_t pass(struct worker *w, struct ctx *c, size_t *did)
{
	TRY(work_events(w, c, did));
	for (const struct job_worker *j = w->work->jobs; j != NULL && j->queue != NULL && !worker_stopping(w); j++)
		TRY(work_jobs(w, c, j, did));
	return run_timers(w);
}

static int until_next_timer_ms(const struct worker *w)
{
	int64_t now = clock_monotonic_us(), ms = WAIT_MAX_MS;

	for (size_t i = 0; i < w->ntimers; i++) {
		int64_t left = (w->timer_due_us[i] - now + 999) / 1000;

		ms = left < ms ? left : ms;
	}
	return ms < 0 ? 0 : (int)ms;
}

static void keep_pace(const struct worker *w)
{
	int64_t left_us = w->last_pass_us + PACE_MS * INT64_C(1000) - clock_monotonic_us();

	if (left_us > 0)
		(void)stop_asked(w->stop_fd, (int)(left_us / 1000 + 1));
}

static bool has_word(const char *words, const char *word)
{
	struct str rest = str_of(words), part;

	while (str_next(&rest, ' ', &part)) {
		if (str_eq(part, word))
			return true;
	}
	return false;
}

/* Whether the log has news of a topic that somebody here waits for. */
static bool concerns_us(const struct worker *w)
{
	const char *news = db_news(w->db);

	for (size_t i = 0; i < w->nconsumers; i++) {
		for (const char *const *topic = w->work->consumers[i].topics; *topic != NULL; topic++) {
			if (news == NULL || has_word(news, *topic))
				return true;
		}
	}
	return false;
}

/* Until there is news for us, or it is time to look anyway. */
static err_t wait_for_news(struct worker *w, struct ctx *c)
{
	int64_t deadline_us = clock_monotonic_us() + until_next_timer_ms(w) * INT64_C(1000), left_us;
	bool notified = true;

	while ((left_us = deadline_us - clock_monotonic_us()) > 0 && !worker_stopping(w)) {
		TRY(db_wait(c, (int)(left_us / 1000 + 1), w->stop_fd, &notified));
		if (!notified || concerns_us(w))
			break;
	}
	return OK;
}

/* After a pass that found little: until something is to be done. */
static err_t wait_for_work(struct worker *w, struct ctx *c, size_t did)
{
	if (did > 0) {
		if (did < BUSY_EVENTS)
			keep_pace(w);
		return OK;
	}
	if (w->nconsumers == 0) {
		(void)stop_asked(w->stop_fd, until_next_timer_ms(w));
		return OK;
	}
	TRY(wait_for_news(w, c));
	keep_pace(w);
	return OK;
}

static err_t turn(struct worker *w, bool *listening)
{
	struct ctx c;
	size_t did = 0;
	err_t e = OK;

	ctx_init(&c, w->pass, w->db);
	if (!*listening && w->nconsumers > 0)
		e = db_listen(&c, "bus");
	if (e == OK) {
		*listening = true;
		w->last_pass_us = clock_monotonic_us();
		e = pass(w, &c, &did);
	}
	if (e == OK)
		e = wait_for_work(w, &c, did);
	if (e != OK)
		log_peer(&c, "work interrupted", LS("why", failure_text(&c, e)));
	arena_reset(w->pass);
	return e;
}

err_t work_run(struct ctx *c, const struct work *work, int stop_fd)
{
	struct worker w;
	bool listening = false;
	int away_ms = AWAY_FIRST_MS;

	worker_init(&w, c, work, stop_fd);
	while (!worker_stopping(&w)) {
		if (turn(&w, &listening) == OK) {
			away_ms = AWAY_FIRST_MS;
			continue;
		}
		(void)stop_asked(stop_fd, away_ms);
		away_ms = away_ms * 2 < AWAY_MAX_MS ? away_ms * 2 : AWAY_MAX_MS;
	}
	worker_free(&w);
	return OK;
}

err_t work_once(struct ctx *c, const struct work *work, size_t *did_r)
{
	struct worker w;
	size_t did = 0;
	err_t e;

	worker_init(&w, c, work, -1);
	e = pass(&w, c, &did);
	worker_free(&w);
	if (e == OK)
		*did_r = did;
	return e;
}
