/* handlers_pages.c - the system page of the back office, and the API's documentation. */
#include "bus.h"

#include <stdlib.h>

#include "app/auth.h"
#include "app/page.h"
#include "base/log.h"
#include "data/clock.h"
#include "store_bus.h"

#define SYSTEM_PATH "/admin/system"
#define LETTER_PATH SYSTEM_PATH "/dead-letters/"

static const char *number_text(struct request *rq, int64_t n)
{
	return arena_printf(rq->ctx.arena, "%lld", (long long)n);
}

static int64_t age_secs(int64_t since_us)
{
	int64_t secs = since_us > 0 ? (clock_now_us() - since_us) / US_PER_SEC : 0;

	return secs > 0 ? secs : 0;
}

static void add_figure(struct request *rq, json_t *list, const char *key, const char *value, bool bad)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "title", text(rq, key, NULL, 0));
	json_set_text(o, "text", value);
	json_set_bool(o, "bad", bad);
	json_add(list, o);
}

#define LATE_SECS 5

static json_t *view_figures(struct request *rq, const struct system_state *s)
{
	json_t *list = json_new_array(rq->ctx.arena);
	int64_t waiting = s->log.waiting, oldest = age_secs(s->log.oldest_us);

	for (size_t i = 0; i < s->nsubscriptions; i++) {
		int64_t age = age_secs(s->subscriptions[i].oldest_us);

		waiting += s->subscriptions[i].waiting;
		oldest = age > oldest ? age : oldest;
	}
	add_figure(rq, list, "admin.system.waiting", number_text(rq, waiting), false);
	add_figure(rq, list, "admin.system.oldest", arena_printf(rq->ctx.arena, "%lld s", (long long)oldest),
		oldest > LATE_SECS);
	add_figure(rq, list, "admin.system.rate", number_text(rq, s->log.last_minute), false);
	add_figure(rq, list, "admin.system.dead_letters", number_text(rq, s->log.dead), s->log.dead > 0);
	return list;
}

static const char *status_text(struct request *rq, const char *of, const char *state)
{
	return text(rq, arena_printf(rq->ctx.arena, "status.%s.%s", of, state), NULL, 0);
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
		json_set_text(o, "status", v->status);
		json_set_text(o, "status_text", status_text(rq, "service", v->status));
		page_set_time(rq, o, "heartbeat_at", v->heartbeat_us);
		json_set_int(o, "workers", v->workers);
		json_set_text(o, "roles_text", v->kinds);
		json_add(list, o);
	}
	return list;
}

static json_t *view_subscriptions(struct request *rq, const struct system_state *s)
{
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < s->nsubscriptions; i++) {
		const struct subscription *v = &s->subscriptions[i];
		json_t *o = view_subscription(rq, v);

		json_set_text(o, "service", v->owner);
		json_set_text(o, "state_text", status_text(rq, "subscription", subscription_state(v)));
		json_set_text(o, "lag_text",
			text(rq, "admin.system.lag_text",
				TEXT_ARGS({"count", number_text(rq, v->waiting)},
					{"seconds", number_text(rq, age_secs(v->oldest_us))})));
		json_set_int(o, "parked", v->retrying + v->blocked);
		json_add(list, o);
	}
	return list;
}

static json_t *view_dead_row(struct request *rq, const struct dead_letter *d)
{
	json_t *o = view_dead_letter(rq, d);
	char *payload = d->payload != NULL ? json_dumps(d->payload, JSON_INDENT(2)) : NULL;

	json_set_text(o, "topic", d->topic != NULL ? d->topic : d->key);
	json_set_text(o, "subscription", d->source);
	json_set_int(o, "position", d->position);
	page_set_time(rq, o, "at", d->dead_us);
	json_set_text(o, "payload_text", payload);
	json_set_text(o, "retry_href", arena_printf(rq->ctx.arena, LETTER_PATH "%s/retry", d->id.s));
	json_set_text(o, "skip_href", arena_printf(rq->ctx.arena, LETTER_PATH "%s/skip", d->id.s));
	free(payload);
	return o;
}

err_t page_system(struct request *rq)
{
	struct dead_query q = *(const struct dead_query *)rq->args;
	json_t *context = json_new_object(rq->ctx.arena), *dead = json_new_array(rq->ctx.arena),
	       *pager = json_new_object(rq->ctx.arena);
	struct system_state s;
	const char *next = NULL;

	q.limit = LIST_DEFAULT + 1;
	TRY(dead_cursor_parse(&rq->ctx, &q));
	TRY(bus_store_system(&rq->ctx, &q, &s));
	for (size_t i = 0; i < s.ndead && i < LIST_DEFAULT; i++)
		json_add(dead, view_dead_row(rq, &s.dead[i]));
	if (s.ndead > LIST_DEFAULT)
		next = arena_printf(
			rq->ctx.arena, SYSTEM_PATH "?cursor=%s", dead_cursor(rq->ctx.arena, &s.dead[LIST_DEFAULT - 1]));
	json_set_text(pager, "first_href", q.cursor != NULL ? SYSTEM_PATH : NULL);
	json_set_text(pager, "next_href", next);
	json_set_null(pager, "range_text");
	json_set(context, "figures", view_figures(rq, &s));
	json_set(context, "services", view_services(rq, &s));
	json_set(context, "subscriptions", view_subscriptions(rq, &s));
	json_set_bool(context, "can_write", subject_can(rq->subject, "system:write"));
	json_set_bool(context, "has_dead_letters", s.ndead > 0);
	json_set(context, "dead_letters", dead);
	json_set(context, "pager", pager);
	return page_respond(rq, 200, "event-bus/admin-system", context,
		&(struct page_info){.title = text(rq, "admin.system.title", NULL, 0), .noindex = true});
}

err_t page_retry(struct request *rq)
{
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(bus_store_retry(&rq->ctx, &id));
	audit_letter(rq, "bus.dead_letter.retry", &id);
	page_flash(rq, "success", text(rq, "form.saved", NULL, 0));
	return respond_see_other(rq, SYSTEM_PATH);
}

err_t page_skip(struct request *rq)
{
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(bus_store_skip(&rq->ctx, &id));
	audit_letter(rq, "bus.dead_letter.skip", &id);
	page_flash(rq, "success", text(rq, "form.saved", NULL, 0));
	return respond_see_other(rq, SYSTEM_PATH);
}

/* Read at every request: nginx keeps the page, and a new document needs no restart. */
err_t page_docs(struct request *rq)
{
	json_error_t why;
	json_t *openapi = json_load_file(config_text("openapi"), JSON_REJECT_DUPLICATES, &why);

	if (openapi == NULL) {
		log_bug(&rq->ctx, "the OpenAPI document can't be read", LS("file", config_text("openapi")),
			LS("why", why.text));
		return fail(&rq->ctx, &ERR_NOT_FOUND, "the documentation is not installed");
	}
	return page_respond(rq, 200, "event-bus/api-docs", docs_context(rq, json_own(rq->ctx.arena, openapi)),
		&(struct page_info){.title = text(rq, "docs.page_title", NULL, 0), .canonical = "/api/docs"});
}
