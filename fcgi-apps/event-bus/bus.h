/*
 * bus.h - the nouns of event-bus: who runs, what is subscribed, what waits, what was given up.
 */
#ifndef ES_BUS_H
#define ES_BUS_H

#include "app/app.h"
#include "app/event.h"
#include "app/route.h"

#define LIST_DEFAULT 24

/* One process group of a service: its responders, or its consumer. */
struct process_row {
	const char *name, *host, *kind, *version, *state; /* up, lost, stopped */
	int64_t pid, started_us, heartbeat_us;
};

/* A service on a host, for the page: all its process groups. */
struct service_row {
	const char *name, *host, *version;
	const char *kinds;  /* of its process groups, spaces between */
	const char *status; /* up, late (one of its groups is silent), down */
	int64_t workers, started_us, heartbeat_us;
};

struct topic {
	const char *name, *owner, *description;
	int64_t version;
	json_t *schema, *example;
};

struct subscription {
	const char *name, *owner;
	json_t *topics;
	bool paused;
	int64_t position, waiting, lag_ms, oldest_us, active_us, created_us;
	int64_t retrying, blocked, dead, crashes, max_attempts;
};

/* An event that failed and will be tried again, or waits behind one that did. */
struct parked_event {
	struct uuid id;
	const char *topic, *key, *state, *error; /* state: retry, blocked */
	int64_t position, attempts, next_us;
};

struct queue {
	const char *name;
	int64_t due, failing, scheduled, leased, dead, oldest_us;
};

struct dead_letter {
	struct uuid id;
	const char *kind;                                /* event, job */
	const char *source, *topic, *key, *error;        /* source: the subscription or queue; topic: of an event */
	const char *request_id, *trace_id;               /* of what caused it; NULL when unknown */
	int64_t attempts, position, created_us, dead_us; /* position: of an event, else 0 */
	json_t *payload;
};

/* What part of the dead letters is wanted: newest first. */
struct dead_query {
	const char *cursor, *source; /* source NULL: of all */
	int64_t limit;
	int64_t before_us; /* 0: from the newest */
	struct uuid before_id;
};

/* A step of an order's saga that waits for us, or failed: orders.saga_state. */
struct saga_row {
	struct uuid order_id;
	const char *number, *step, *error;
	int64_t attempts, next_us, updated_us;
};

struct log_state {
	int64_t head, waiting, oldest_us, last_minute, dead;
};

/* How the outbox is looked at; all zero at first. */
struct sequencer {
	int pause_ms;    /* before the next look */
	int64_t limit;   /* 0: the smallest */
	int64_t seen_us; /* monotonic: when something was found last */
};

/* Where a subscription is to go back to; exactly one is given. */
struct replay_input {
	int64_t position, since_us;
	bool has_position, has_since;
};

/* The same as a form says it. */
struct replay_query {
	const char *from; /* start, position, time */
	const char *position, *date, *time;
};

extern const struct bind DEAD_BIND, DEAD_PAGE_BIND, REPLAY_BIND, REPLAY_QUERY_BIND, REPLAY_FORM_BIND;
extern const struct route BUS_ROUTES[];
extern const struct timer BUS_TIMERS[];

/* rules.c */
/* paused, parked (something failed), behind or current. */
const char *subscription_state(const struct subscription *s);
/* failing (jobs were tried in vain, or given up), busy or idle. */
const char *queue_state(const struct queue *q);
/* A time to be read at a glance: 90 seconds are 1 minute. The unit is a key of the language file. */
struct span {
	const char *unit; /* seconds, minutes, hours, days */
	int64_t count;
};
struct span span_of(int64_t secs);
/* Date and time of a form ("2026-03-01", "14:30" or "") in UTC; false when they are none. */
bool form_time(const char *date, const char *time, int64_t *us_r) MUST_CHECK;
/* How many events to look for at once. */
int64_t sequencer_limit(const struct sequencer *s);
/* Learn from a look at the outbox that found n: when to look again, and for how many. */
void sequencer_looked(struct sequencer *s, int64_t n, int64_t now_us);

/* views.c */
json_t *view_process(struct request *rq, const struct process_row *p);
json_t *view_topic(struct request *rq, const struct topic *t);
json_t *view_log(struct request *rq, const struct log_state *l);
json_t *view_subscription(struct request *rq, const struct subscription *s);
json_t *view_queue(struct request *rq, const struct queue *q);
json_t *view_saga(struct request *rq, const struct saga_row *s);
json_t *view_dead_letter(struct request *rq, const struct dead_letter *d);
/* The cursor that continues after d, and back: ERR_BAD_REQUEST when it is none. */
const char *dead_cursor(struct arena *a, const struct dead_letter *d);
err_t dead_cursor_parse(struct ctx *c, struct dead_query *q) MUST_CHECK;

/* docs.c */
/* The template's members from an OpenAPI document: {api, services}. */
json_t *docs_context(struct request *rq, const json_t *openapi);

/* handlers_bus.c */
handler_fn get_services, get_topics, get_log, get_subscriptions, get_subscription, get_queues, get_sagas,
	get_dead_letters, get_dead_letter;
/* handlers_staff.c */
handler_fn post_pause, post_resume, post_replay, post_retry_events, post_retry_jobs, post_retry, post_skip;
/* handlers_pages.c */
handler_fn page_system, page_subscription, page_dead_letter, page_docs;
/* pages_staff.c */
handler_fn page_confirm_pause, page_confirm_replay, page_confirm_retry_events, page_confirm_retry_jobs,
	page_confirm_skip;
handler_fn page_pause, page_resume, page_replay, page_retry_events, page_retry_jobs, page_retry, page_skip,
	page_replay_again;

#endif
