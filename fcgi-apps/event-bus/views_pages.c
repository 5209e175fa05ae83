/* views_pages.c - the bus as staff sees it: numbers become words, states get their colours. */
#include "pages.h"

#include <stdlib.h>
#include <string.h>

#include "app/auth.h"
#include "app/page.h"
#include "data/clock.h"

#define LATE_SECS 5
#define MINUTE_SECS 60

/* ------------------------------------------------------------------ words and addresses */

static const char *number_text(struct request *rq, int64_t n)
{
	return arena_printf(rq->ctx.arena, "%lld", (long long)n);
}

const char *count_text(struct request *rq, const char *key, int64_t n)
{
	return text(rq, arena_printf(rq->ctx.arena, n == 1 ? "%s.one" : "%s.other", key),
		TEXT_ARGS({"count", number_text(rq, n)}));
}

const char *span_text(struct request *rq, int64_t secs)
{
	struct span s = span_of(secs);

	return text(rq, arena_printf(rq->ctx.arena, "admin.system.span.%s", s.unit),
		TEXT_ARGS({"count", number_text(rq, s.count)}));
}

static int64_t age_secs(int64_t since_us)
{
	int64_t secs = since_us > 0 ? (clock_now_us() - since_us) / US_PER_SEC : 0;

	return secs > 0 ? secs : 0;
}

static const char *href_of(struct request *rq, const char *kind, const char *name, const char *act)
{
	struct buf b;

	buf_init(&b, rq->ctx.arena, 2048);
	buf_printf(&b, SYSTEM_PATH "/%s/", kind);
	buf_url(&b, str_of(name));
	if (act != NULL)
		buf_printf(&b, "/%s", act);
	return buf_ok(&b) ? b.p : SYSTEM_PATH;
}

const char *subscription_href(struct request *rq, const char *name, const char *act)
{
	return href_of(rq, "subscriptions", name, act);
}

const char *queue_href(struct request *rq, const char *name, const char *act)
{
	return href_of(rq, "queues", name, act);
}

const char *letter_href(struct request *rq, const struct uuid *id, const char *act)
{
	return href_of(rq, "dead-letters", id->s, act);
}

/* A badge: the code, for its colour, and its word. */
static void set_state(struct request *rq, json_t *o, const char *of, const char *state)
{
	json_set_text(o, "state", state);
	json_set_text(o, "state_text", text(rq, arena_printf(rq->ctx.arena, "status.%s.%s", of, state), NULL, 0));
}

/* "3 min ago", with the time itself beside it. */
static void set_ago(struct request *rq, json_t *o, const char *key, int64_t us)
{
	json_t *at;

	page_set_time(rq, o, key, us);
	at = json_object_get(o, key);
	if (json_is_object(at))
		json_set_text(
			at, "ago", text(rq, "admin.system.ago", TEXT_ARGS({"span", span_text(rq, age_secs(us))})));
}

/* A number, and whether there is anything: the templates ask no numbers. */
static void set_count(json_t *o, const char *key, const char *has_key, int64_t n)
{
	json_set_int(o, key, n);
	json_set_bool(o, has_key, n > 0);
}

static void add_figure(struct request *rq, json_t *list, const char *key, const char *value, bool bad)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "title", text(rq, key, NULL, 0));
	json_set_text(o, "text", value);
	json_set_bool(o, "bad", bad);
	json_add(list, o);
}

static bool may_write(struct request *rq)
{
	return subject_can(rq->subject, "system:write");
}

/* ------------------------------------------------------------------ parts of pages */

/* "web work" in words. */
static const char *roles_text(struct request *rq, const char *kinds)
{
	struct str rest = str_of(kinds), kind;
	struct buf b;

	buf_init(&b, rq->ctx.arena, 256);
	while (str_next(&rest, ' ', &kind))
		buf_printf(&b, "%s%s", kind.p != kinds ? ", " : "",
			text(rq, arena_printf(rq->ctx.arena, "admin.system.role.%s", str_dup(rq->ctx.arena, kind)),
				NULL, 0));
	return buf_ok(&b) ? b.p : kinds;
}

static json_t *view_services(struct request *rq, const struct system_state *s)
{
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < s->nservices; i++) {
		const struct service_row *v = &s->services[i];
		json_t *o = json_new_object(rq->ctx.arena);

		json_set_text(o, "name", v->name);
		json_set_text(o, "host", v->host);
		json_set_text(o, "version", v->version);
		set_state(rq, o, "service", v->status);
		set_ago(rq, o, "heartbeat_at", v->heartbeat_us);
		json_set_text(o, "uptime_text", span_text(rq, age_secs(v->started_us)));
		json_set_int(o, "workers", v->workers);
		json_set_text(o, "roles_text", roles_text(rq, v->kinds));
		json_add(list, o);
	}
	return list;
}

static const char *lag_text(struct request *rq, const struct subscription *s)
{
	if (s->waiting == 0)
		return text(rq, "admin.system.lag_none", NULL, 0);
	return text(rq, "admin.system.lag_text",
		TEXT_ARGS({"events", count_text(rq, "admin.system.events", s->waiting)},
			{"span", span_text(rq, s->lag_ms / 1000)}));
}

static json_t *view_subscription_row(struct request *rq, const struct subscription *s)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "name", s->name);
	json_set_text(o, "owner", s->owner);
	json_set_text(o, "href", subscription_href(rq, s->name, NULL));
	set_state(rq, o, "subscription", subscription_state(s));
	json_set_text(o, "lag_text", lag_text(rq, s));
	json_set_bool(o, "is_late", s->lag_ms / 1000 > LATE_SECS);
	json_set_bool(o, "is_current", s->waiting == 0);
	json_set_int(o, "position", s->position);
	set_count(o, "parked", "has_parked", s->retrying + s->blocked);
	set_count(o, "dead", "has_dead", s->dead);
	return o;
}

static json_t *view_queues(struct request *rq, const struct system_state *s)
{
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < s->nqueues; i++) {
		const struct queue *q = &s->queues[i];
		json_t *o = json_new_object(rq->ctx.arena);

		json_set_text(o, "name", q->name);
		set_state(rq, o, "queue", queue_state(q));
		set_count(o, "due", "has_due", q->due);
		set_count(o, "leased", "has_leased", q->leased);
		set_count(o, "failing", "has_failing", q->failing);
		set_count(o, "scheduled", "has_scheduled", q->scheduled);
		set_count(o, "dead", "has_dead", q->dead);
		json_set_text(o, "requeue_href", queue_href(rq, q->name, "requeue"));
		json_set_text(o, "oldest_text", q->oldest_us > 0 ? span_text(rq, age_secs(q->oldest_us)) : NULL);
		json_add(list, o);
	}
	return list;
}

static json_t *view_sagas(struct request *rq, const struct system_state *s)
{
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < s->nsagas; i++) {
		const struct saga_row *v = &s->sagas[i];
		json_t *o = json_new_object(rq->ctx.arena);
		bool stuck = v->error != NULL || age_secs(v->next_us) > MINUTE_SECS;

		json_set_text(o, "number", v->number);
		json_set_text(o, "href", arena_printf(rq->ctx.arena, "/admin/orders/%s", v->order_id.s));
		json_set_text(o, "step", v->step);
		set_state(rq, o, "saga", stuck ? "stuck" : "waiting");
		json_set_int(o, "attempts", v->attempts);
		json_set_text(o, "error", v->error);
		set_ago(rq, o, "updated_at", v->updated_us);
		page_set_time(rq, o, "next_at", v->next_us);
		json_add(list, o);
	}
	return list;
}

static json_t *view_letter_row(struct request *rq, const struct dead_letter *d)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "href", letter_href(rq, &d->id, NULL));
	json_set_text(o, "topic", d->topic != NULL ? d->topic : d->source);
	json_set_text(o, "source", d->topic != NULL ? d->source : NULL);
	json_set_text(o, "kind_text", text(rq, arena_printf(rq->ctx.arena, "admin.system.kind.%s", d->kind), NULL, 0));
	json_set_text(o, "error", d->error);
	json_set_text(o, "attempts_text", count_text(rq, "admin.system.tried", d->attempts));
	json_set_text(o, "position", d->position > 0 ? number_text(rq, d->position) : NULL);
	set_ago(rq, o, "dead_at", d->dead_us);
	json_set_text(o, "retry_href", letter_href(rq, &d->id, "retry"));
	json_set_text(o, "skip_href", letter_href(rq, &d->id, "skip"));
	return o;
}

/* ------------------------------------------------------------------ the system page */

static size_t services_up(const struct system_state *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->nservices; i++)
		n += strcmp(s->services[i].status, "up") == 0 ? 1 : 0;
	return n;
}

struct sums {
	int64_t waiting, oldest_secs, paused, late;
};

static struct sums sum_up(const struct system_state *s)
{
	struct sums all = {.waiting = s->log.waiting, .oldest_secs = age_secs(s->log.oldest_us)};

	for (size_t i = 0; i < s->nsubscriptions; i++) {
		const struct subscription *v = &s->subscriptions[i];

		all.waiting += v->waiting;
		all.oldest_secs = v->lag_ms / 1000 > all.oldest_secs ? v->lag_ms / 1000 : all.oldest_secs;
		all.paused += v->paused ? 1 : 0;
		all.late += !v->paused && v->lag_ms / 1000 > MINUTE_SECS ? 1 : 0;
	}
	return all;
}

static json_t *view_figures(struct request *rq, const struct system_state *s, const struct sums *all)
{
	json_t *list = json_new_array(rq->ctx.arena);
	size_t up = services_up(s);

	add_figure(rq, list, "admin.system.services_up",
		text(rq, "admin.system.of",
			TEXT_ARGS({"count", number_text(rq, (int64_t)up)},
				{"all", number_text(rq, (int64_t)s->nservices)})),
		up < s->nservices);
	add_figure(rq, list, "admin.system.head", number_text(rq, s->log.head), false);
	add_figure(rq, list, "admin.system.rate", number_text(rq, s->log.last_minute), false);
	add_figure(rq, list, "admin.system.waiting", number_text(rq, all->waiting), false);
	add_figure(rq, list, "admin.system.oldest", span_text(rq, all->oldest_secs), all->oldest_secs > LATE_SECS);
	add_figure(rq, list, "admin.system.dead_letters", number_text(rq, s->log.dead), s->log.dead > 0);
	return list;
}

static void add_task(struct request *rq, json_t *list, const char *key, int64_t n, const char *href)
{
	json_t *o;

	if (n == 0)
		return;
	o = json_new_object(rq->ctx.arena);
	json_set_text(o, "text", count_text(rq, key, n));
	json_set_text(o, "href", href);
	json_add(list, o);
}

static json_t *view_tasks(struct request *rq, const struct system_state *s, const struct sums *all)
{
	json_t *list = json_new_array(rq->ctx.arena);

	add_task(rq, list, "admin.system.task.services", (int64_t)(s->nservices - services_up(s)), "#services");
	add_task(rq, list, "admin.system.task.late", all->late, "#subscriptions");
	add_task(rq, list, "admin.system.task.paused", all->paused, "#subscriptions");
	add_task(rq, list, "admin.system.task.sagas", (int64_t)s->nsagas, "#sagas");
	add_task(rq, list, "admin.system.task.dead", s->log.dead, "#dead-letters");
	return list;
}

static const char *letters_href(struct request *rq, const struct dead_query *q, const char *cursor)
{
	struct buf b;

	buf_init(&b, rq->ctx.arena, 2048);
	buf_puts(&b, SYSTEM_PATH);
	if (cursor != NULL)
		buf_printf(&b, "?cursor=%s", cursor);
	if (q->source != NULL) {
		buf_puts(&b, cursor != NULL ? "&source=" : "?source=");
		buf_url(&b, str_of(q->source));
	}
	buf_puts(&b, "#dead-letters");
	return buf_ok(&b) ? b.p : SYSTEM_PATH;
}

static json_t *view_pager(struct request *rq, const struct dead_query *q, const char *next_cursor)
{
	json_t *pager = json_new_object(rq->ctx.arena);

	json_set_text(pager, "first_href", q->cursor != NULL ? letters_href(rq, q, NULL) : NULL);
	json_set_text(pager, "next_href", next_cursor != NULL ? letters_href(rq, q, next_cursor) : NULL);
	json_set_null(pager, "range_text");
	return pager;
}

json_t *view_system_page(struct request *rq, const struct dead_query *q, const struct system_state *s)
{
	json_t *context = json_new_object(rq->ctx.arena), *dead = json_new_array(rq->ctx.arena),
	       *subscriptions = json_new_array(rq->ctx.arena);
	struct sums all = sum_up(s);
	json_t *tasks = view_tasks(rq, s, &all);

	for (size_t i = 0; i < s->nsubscriptions; i++)
		json_add(subscriptions, view_subscription_row(rq, &s->subscriptions[i]));
	for (size_t i = 0; i < s->ndead && i < LIST_DEFAULT; i++)
		json_add(dead, view_letter_row(rq, &s->dead[i]));
	json_set_bool(context, "is_well", json_array_size(tasks) == 0);
	json_set(context, "tasks", tasks);
	json_set(context, "figures", view_figures(rq, s, &all));
	json_set(context, "services", view_services(rq, s));
	json_set(context, "subscriptions", subscriptions);
	json_set_bool(context, "has_queues", s->nqueues > 0);
	json_set(context, "queues", view_queues(rq, s));
	json_set_bool(context, "has_sagas", s->nsagas > 0);
	json_set(context, "sagas", view_sagas(rq, s));
	json_set_bool(context, "can_write", may_write(rq));
	json_set_text(context, "source", q->source);
	json_set_bool(context, "has_dead_letters", s->ndead > 0);
	json_set(context, "dead_letters", dead);
	json_set_bool(context, "has_pager", s->ndead > LIST_DEFAULT || q->cursor != NULL);
	json_set(context, "pager",
		view_pager(rq, q,
			s->ndead > LIST_DEFAULT ? dead_cursor(rq->ctx.arena, &s->dead[LIST_DEFAULT - 1]) : NULL));
	page_set_time(rq, context, "now", clock_now_us());
	return context;
}

/* ------------------------------------------------------------------ one subscription */

static json_t *view_parked(struct request *rq, const struct subscription_detail *d)
{
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < d->nparked; i++) {
		const struct parked_event *p = &d->parked[i];
		json_t *o = json_new_object(rq->ctx.arena);
		bool waits = strcmp(p->state, "blocked") == 0;

		json_set_text(o, "position", number_text(rq, p->position));
		json_set_text(o, "topic", p->topic);
		json_set_text(o, "key", p->key);
		set_state(rq, o, "parked", p->state);
		json_set_text(o, "attempts_text", waits ? NULL : count_text(rq, "admin.system.tried", p->attempts));
		json_set_text(o, "error", p->error);
		page_set_time(rq, o, "next_at", waits ? 0 : p->next_us);
		json_add(list, o);
	}
	return list;
}

static json_t *view_subscription_figures(struct request *rq, const struct subscription_detail *d)
{
	json_t *list = json_new_array(rq->ctx.arena);
	const struct subscription *s = &d->s;

	add_figure(rq, list, "admin.system.position",
		text(rq, "admin.system.of",
			TEXT_ARGS({"count", number_text(rq, s->position)}, {"all", number_text(rq, d->log.head)})),
		false);
	add_figure(rq, list, "admin.system.waiting", number_text(rq, s->waiting), false);
	add_figure(rq, list, "admin.system.oldest", span_text(rq, s->lag_ms / 1000), s->lag_ms / 1000 > LATE_SECS);
	add_figure(rq, list, "admin.system.parked", number_text(rq, s->retrying + s->blocked), s->retrying > 0);
	add_figure(rq, list, "admin.system.dead_letters", number_text(rq, s->dead), s->dead > 0);
	add_figure(rq, list, "admin.system.crashes", number_text(rq, s->crashes), s->crashes > 0);
	return list;
}

json_t *view_subscription_page(struct request *rq, const struct subscription_detail *d)
{
	json_t *context = json_new_object(rq->ctx.arena), *dead = json_new_array(rq->ctx.arena),
	       *s = view_subscription_row(rq, &d->s);

	for (size_t i = 0; i < d->ndead; i++)
		json_add(dead, view_letter_row(rq, &d->dead[i]));
	json_set(s, "topics", d->s.topics);
	json_set_bool(s, "paused", d->s.paused);
	json_set_int(s, "max_attempts", d->s.max_attempts);
	set_ago(rq, s, "active_at", d->s.active_us);
	page_set_time(rq, s, "created_at", d->s.created_us);
	json_set_text(s, "pause_href", subscription_href(rq, d->s.name, "pause"));
	json_set_text(s, "resume_href", subscription_href(rq, d->s.name, "resume"));
	json_set_text(s, "replay_href", subscription_href(rq, d->s.name, "replay"));
	json_set_text(s, "requeue_href", subscription_href(rq, d->s.name, "requeue"));
	json_set(context, "subscription", s);
	json_set(context, "figures", view_subscription_figures(rq, d));
	json_set_bool(context, "has_parked", d->nparked > 0);
	json_set(context, "parked", view_parked(rq, d));
	json_set_bool(context, "has_dead_letters", d->ndead > 0);
	json_set(context, "dead_letters", dead);
	json_set_bool(context, "can_write", may_write(rq));
	view_replay_choice(rq, context, "time");
	return context;
}

void view_replay_choice(struct request *rq, json_t *context, const char *chosen)
{
	static const char *const CHOICES[] = {"time", "position", "start"};
	json_t *from = json_new_object(rq->ctx.arena);

	for (size_t i = 0; i < ARRAY_LEN(CHOICES); i++)
		json_set_bool(from, CHOICES[i], strcmp(CHOICES[i], chosen) == 0);
	json_set(context, "from", from);
}

/* ------------------------------------------------------------------ one dead letter */

static const char *pretty(struct request *rq, const json_t *value)
{
	char *raw = value != NULL ? json_dumps(value, JSON_INDENT(2)) : NULL;
	const char *copy = raw != NULL ? arena_strdup(rq->ctx.arena, raw) : NULL;

	free(raw);
	return copy;
}

json_t *view_dead_letter_page(struct request *rq, const struct dead_letter *d)
{
	json_t *context = json_new_object(rq->ctx.arena), *o = view_letter_row(rq, d);
	bool event = strcmp(d->kind, "event") == 0;

	json_set_text(o, "key", d->key);
	json_set_text(o, "source", d->source);
	json_set_text(o, "source_href", event ? subscription_href(rq, d->source, NULL) : NULL);
	json_set_text(o, "request_id", d->request_id);
	json_set_text(o, "trace_id", d->trace_id);
	json_set_text(o, "payload_text", pretty(rq, d->payload));
	page_set_time(rq, o, "created_at", d->created_us);
	json_set_bool(o, "is_event", event);
	json_set(context, "letter", o);
	json_set_bool(context, "can_write", may_write(rq));
	return context;
}
