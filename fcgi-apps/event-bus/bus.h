/*
 * bus.h - the nouns of event-bus: who runs, what is subscribed, what was given up.
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
	const char *name, *host, *version, *kinds;
	const char *status; /* up, late (one of its groups is silent), down */
	int64_t workers, heartbeat_us;
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
	int64_t position, waiting, oldest_us, retrying, blocked, dead;
};

struct dead_letter {
	struct uuid id;
	const char *kind; /* event, job */
	const char *source, *topic, *key, *error;
	int64_t attempts, position, created_us, dead_us; /* position: of an event, else 0 */
	json_t *payload;
};

/* What part of the dead letters is wanted: newest first. */
struct dead_query {
	const char *cursor;
	int64_t limit;
	int64_t before_us; /* 0: from the newest */
	struct uuid before_id;
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

extern const struct bind DEAD_BIND, DEAD_PAGE_BIND;
extern const struct route BUS_ROUTES[];
extern const struct timer BUS_TIMERS[];

/* rules.c */
/* current, behind or parked. */
const char *subscription_state(const struct subscription *s);
/* How many events to look for at once. */
int64_t sequencer_limit(const struct sequencer *s);
/* Learn from a look at the outbox that found n: when to look again, and for how many. */
void sequencer_looked(struct sequencer *s, int64_t n, int64_t now_us);

/* views.c */
json_t *view_process(struct request *rq, const struct process_row *p);
json_t *view_topic(struct request *rq, const struct topic *t);
json_t *view_subscription(struct request *rq, const struct subscription *s);
json_t *view_dead_letter(struct request *rq, const struct dead_letter *d);
/* The cursor that continues after d, and back: ERR_BAD_REQUEST when it is none. */
const char *dead_cursor(struct arena *a, const struct dead_letter *d);
err_t dead_cursor_parse(struct ctx *c, struct dead_query *q) MUST_CHECK;

/* docs.c */
/* The template's members from an OpenAPI document: {api, services}. */
json_t *docs_context(struct request *rq, const json_t *openapi);

/* handlers_bus.c */
void audit_letter(struct request *rq, const char *action, const struct uuid *id);

/* handlers_bus.c, handlers_pages.c */
handler_fn get_services, get_topics, get_subscriptions, get_dead_letters, post_retry, post_skip;
handler_fn page_system, page_retry, page_skip, page_docs;

#endif
