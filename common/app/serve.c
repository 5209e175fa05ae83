/*
 * serve.c - a worker: one request after the other, and the invariants between them.
 * Also the routes that every service has, and the consumer's loop.
 */
#include <stdlib.h>
#include <string.h>

#include "app/metrics.h"
#include "app/process.h"
#include "base/log.h"
#include "edges/fcgi.h"

#define METRICS_MAX_BYTES 65536

/* This worker's process, for the frame's own handlers. */
static struct process *worker;

/* ------------------------------------------------------------------ routes of every service */

static err_t get_healthz(struct request *rq)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "status", "up");
	json_set_text(o, "service", rq->app->service->name);
	json_set_text(o, "version", ECOSTORE_VERSION);
	return respond_json(rq, 200, o);
}

static err_t get_readyz(struct request *rq)
{
	TRY(process_start(&rq->ctx, worker));
	TRY(db_prepare_all(&rq->ctx));
	return get_healthz(rq);
}

static err_t get_metrics(struct request *rq)
{
	struct buf out;

	buf_init(&out, rq->ctx.arena, METRICS_MAX_BYTES);
	metrics_print(&out, rq->app->service->name);
	if (!buf_ok(&out))
		return fail_bug(&rq->ctx, "metrics are too long");
	return respond_bytes(rq, 200, "text/plain; version=0.0.4", buf_str(&out));
}

const struct route *serve_routes(struct arena *a, const struct service *s)
{
	static const struct {
		const char *name, *help;
		handler_fn *handler;
	} COMMON[] = {
		{"healthz", "Whether the process answers", get_healthz},
		{"readyz", "Whether it can do its work", get_readyz},
		{"metrics", "Counters in Prometheus' format", get_metrics},
	};
	size_t n = 0;

	while (s->routes != NULL && s->routes[n].path != NULL)
		n++;
	struct route *all = arena_array_of(a, n + ARRAY_LEN(COMMON) + 1, struct route);
	if (n > 0)
		memcpy(all, s->routes, n * sizeof(*all));
	for (size_t i = 0; i < ARRAY_LEN(COMMON); i++)
		all[n + i] = (struct route){
			.method = METHOD_GET,
			.path = arena_printf(a, "/internal/%s/%s", s->name, COMMON[i].name),
			.handler = COMMON[i].handler,
			.access = ACCESS_INTERNAL,
			.flags = ROUTE_NO_STORE,
			.help = COMMON[i].help,
		};
	return all;
}

/* ------------------------------------------------------------------ a worker */

/*
 * Connecting and preparing early makes the first request quick. Without a database, or with
 * a schema that lacks something, the worker serves all the same what it can: readiness tells.
 */
static void warm_up(struct process *p, struct ctx *c)
{
	err_t e = db_prepare_all(c);

	if (e == OK)
		e = process_start(c, p);
	if (e != OK && (e->flags & PROBLEM_RETRY) == 0)
		log_bug(c, "worker is not ready", LS("problem", e->code), LS("detail", c->detail));
}

static void count_db(const struct db *db, struct db_stats *seen)
{
	const struct db_stats *now = db_stats(db);

	metric_add(METRIC_DB_ROUND_TRIPS, now->round_trips - seen->round_trips);
	metric_add(METRIC_DB_RETRIES, now->retries - seen->retries);
	metric_add(METRIC_DB_RECONNECTS, now->reconnects - seen->reconnects);
	*seen = *now;
}

/* No transaction open, no result unread: else the next request would suffer for this one. */
static void keep_invariants(struct process *p, struct request *rq, struct db **db, struct db_stats *seen)
{
	count_db(*db, seen);
	if (db_idle(*db))
		return;
	log_bug(&rq->ctx, "connection left busy by a request",
		LS("route", rq->route != NULL ? rq->route->path : rq->path));
	db_close(*db);
	*db = db_open(&p->db_setup);
	*seen = (struct db_stats){0};
}

static void serve_one(struct process *p, struct request *rq)
{
	bool internal = rq->internal && rq->broken == OK;

	/* Health must answer without a database; readiness starts on its own. */
	if (!internal && rq->broken == OK)
		rq->broken = process_start(&rq->ctx, p);
	route_serve(rq, p->routes);
}

int serve_requests(struct process *p, int listen_fd, int stop_fd)
{
	struct arena *a = process_arena(p);
	struct fcgi *f = fcgi_open(listen_fd, stop_fd);
	struct db *db = db_open(&p->db_setup);
	struct db_stats seen = {0};
	int64_t left = config_int("max_requests");
	bool got = true;
	struct request rq;
	struct ctx c;

	worker = p;
	ctx_init(&c, a, db);
	if (listen_fd >= 0)
		warm_up(p, &c);
	while (left-- > 0) {
		arena_reset(a);
		memset(&rq, 0, sizeof(rq));
		ctx_init(&rq.ctx, a, db);
		rq.app = &p->app;
		rq.broken = fcgi_accept(f, &rq, p->body_limit, &got);
		if (!got)
			break;
		serve_one(p, &rq);
		if (!fcgi_finish(f, &rq))
			log_debug(&rq.ctx, "client was gone before its answer");
		keep_invariants(p, &rq, &db, &seen);
	}
	arena_free(a);
	fcgi_close(f);
	db_close(db);
	return 0;
}

int serve_work(struct process *p, int stop_fd)
{
	struct arena *a = process_arena(p);
	struct ctx c;
	err_t e;

	ctx_init(&c, a, db_open(&p->db_setup));
	e = process_start(&c, p);
	if (e == OK)
		e = work_run(&c, &p->app.service->work, stop_fd);
	if (e != OK)
		log_bug(&c, "consumer ended", LS("problem", e->code), LS("detail", c.detail));
	db_close(c.db);
	arena_free(a);
	return e == OK ? 0 : 1;
}
