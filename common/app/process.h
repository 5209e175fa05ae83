/*
 * process.h - what the files that make a service's processes (app, serve, master,
 * registry) share. Services see app.h only.
 *
 * Layer: app.
 */
#ifndef ES_PROCESS_H
#define ES_PROCESS_H

#include <sys/types.h>

#include "app/app.h"

struct process {
	struct app app;
	const struct route *routes; /* the service's, and the frame's own */
	struct arena *arena;        /* of the whole process: configuration, settings */
	struct arena *scratch;      /* of its start, and of the one command it does */
	struct db_setup db_setup;
	size_t body_limit;          /* the largest body any route takes */
	char **argv;                /* for the same call again on SIGHUP */
};

/* An arena for requests, jobs and checks: bounded by what the routes may receive. */
struct arena *process_arena(const struct process *p);
/* Read platform.setting and run the service's init; cheap once it succeeded. */
err_t process_start(struct ctx *c, struct process *p) MUST_CHECK;

/* ------------------------------------------------------------------ serve.c */

/* A worker's whole life; listen_fd −1: one plain CGI request. Returns the exit status. */
int serve_requests(struct process *p, int listen_fd, int stop_fd);
/* The consumer's whole life. */
int serve_work(struct process *p, int stop_fd);
/* The routes that every service has: health, readiness, metrics. In the arena, ends with {0}. */
const struct route *serve_routes(struct arena *a, const struct service *s);

/* ------------------------------------------------------------------ master.c */

bool master_is_listener(int fd);
int master_run(struct process *p);      /* listens and forks workers */
int master_run_work(struct process *p); /* forks one consumer */

/* ------------------------------------------------------------------ registry.c */

enum registry_news { REGISTRY_ALIVE, REGISTRY_STOPPED };
/* Tell the database in a child of its own, so that the master never waits for it. Returns the child, or −1. */
pid_t registry_tell(struct process *p, enum registry_news news, const char *kind, const char *socket);

extern const struct db_stmt *const APP_STATEMENTS[];
extern const struct db_stmt *const REGISTRY_STATEMENTS[];

#endif
