/* views_audit.c - entries of the audit log as JSON and on the page. */
#include "audit_log.h"

#include <stdlib.h>
#include <string.h>

#include "app/page.h"

static void set_or_null(json_t *o, const char *key, json_t *value)
{
	if (value != NULL)
		json_set(o, key, value);
	else
		json_set_null(o, key);
}

json_t *view_audit_row(struct request *rq, const struct audit_row *r)
{
	json_t *o = json_new_object(rq->ctx.arena), *actor = json_new_object(rq->ctx.arena);

	json_set_text(o, "id", r->id.s);
	json_set_time(o, "at", r->at_us);
	json_set_text(o, "service", r->service);
	json_set_text(actor, "kind", r->actor_kind);
	json_set_text(actor, "id", uuid_is_set(&r->actor_id) ? r->actor_id.s : NULL);
	json_set_text(actor, "name", r->actor_name);
	json_set_text(actor, "email", r->actor_email);
	json_set(o, "actor", actor);
	json_set_text(o, "action", r->action);
	json_set_text(o, "object_type", r->object_type);
	json_set_text(o, "object_id", r->object_id);
	set_or_null(o, "before", r->before);
	set_or_null(o, "after", r->after);
	json_set_text(o, "network", r->network);
	json_set_text(o, "request_id", r->request_id);
	json_set_text(o, "trace_id", r->trace_id);
	if (r->position != 0)
		json_set_int(o, "position", r->position);
	else
		json_set_null(o, "position");
	return o;
}

json_t *view_audit_state(struct request *rq, const struct audit_state *s)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_bool(o, "ok", s->broken_position == 0);
	json_set_int(o, "checked", s->checked);
	if (s->broken_position != 0)
		json_set_int(o, "broken_position", s->broken_position);
	else
		json_set_null(o, "broken_position");
	json_set_text(o, "broken_entry", uuid_is_set(&s->broken_entry) ? s->broken_entry.s : NULL);
	json_set_int(o, "unchained", s->unchained);
	json_set_time(o, "unchained_since", s->unchained_since_us);
	json_set_int(o, "head_position", s->head_position);
	json_set_text(o, "head_hash", s->head_hash);
	return o;
}

/* ------------------------------------------------------------------ the page */

static const struct {
	const char *type, *path;
} OBJECT_PAGES[] = {
	{"order", "/admin/orders/"},
	{"account", "/admin/customers/"},
	{"product", "/admin/products/"},
	{"message", "/admin/messages/"},
	{"account", "/admin/customers/"},
};

static const char *object_href(struct request *rq, const struct audit_row *r)
{
	for (size_t i = 0; r->object_type != NULL && i < ARRAY_LEN(OBJECT_PAGES); i++)
		if (strcmp(OBJECT_PAGES[i].type, r->object_type) == 0)
			return arena_printf(rq->ctx.arena, "%s%s", OBJECT_PAGES[i].path, r->object_id);
	return NULL;
}

static const char *pretty(struct request *rq, const json_t *value)
{
	char *raw = value != NULL ? json_dumps(value, JSON_INDENT(2)) : NULL;
	const char *copy = raw != NULL ? arena_strdup(rq->ctx.arena, raw) : NULL;

	free(raw);
	return copy;
}

static json_t *entry_of(struct request *rq, const struct audit_row *r)
{
	json_t *o = json_new_object(rq->ctx.arena);
	const char *who = r->actor_name;

	if (who == NULL)
		who = text(rq, arena_printf(rq->ctx.arena, "admin.audit.actor.%s", r->actor_kind), NULL, 0);
	json_set_text(o, "number", r->position != 0 ? arena_printf(rq->ctx.arena, "%lld", (long long)r->position) : NULL);
	page_set_time(rq, o, "at", r->at_us);
	json_set_text(o, "actor", who);
	json_set_text(o, "email", r->actor_email);
	json_set_text(o, "network", r->network);
	json_set_text(o, "action", r->action);
	json_set_text(o, "service", r->service);
	json_set_text(o, "object_type", r->object_type);
	json_set_text(o, "object_id", r->object_id);
	json_set_text(o, "object_href", object_href(rq, r));
	json_set_text(o, "before", pretty(rq, r->before));
	json_set_text(o, "after", pretty(rq, r->after));
	json_set_bool(o, "has_change", r->before != NULL || r->after != NULL);
	json_set_text(o, "request_id", r->request_id);
	return o;
}

static json_t *chain_of(struct request *rq, const struct audit_state *s)
{
	struct arena *a = rq->ctx.arena;
	json_t *o = json_new_object(a);
	const struct text_arg args[] = {
		{"checked", arena_printf(a, "%lld", (long long)s->checked)},
		{"unchained", arena_printf(a, "%lld", (long long)s->unchained)},
		{"position", arena_printf(a, "%lld", (long long)s->broken_position)},
	};

	json_set_bool(o, "ok", s->broken_position == 0);
	json_set_text(o, "text",
		text(rq, s->broken_position == 0 ? "admin.audit.chain_ok" : "admin.audit.chain_broken", args, ARRAY_LEN(args)));
	json_set_text(o, "head", s->head_hash);
	return o;
}

static const char *href_of(struct request *rq, const struct audit_query *q, const char *cursor)
{
	struct buf b;

	buf_init(&b, rq->ctx.arena, 2000);
	buf_puts(&b, "/admin/audit?q=");
	buf_url(&b, str_of(q->q));
	if (cursor != NULL)
		buf_printf(&b, "&cursor=%s", cursor);
	return buf_ok(&b) ? b.p : "/admin/audit";
}

void view_audit_page(
	struct request *rq, json_t *context, const struct audit_row *rows, size_t n, const struct audit_state *state)
{
	const struct audit_query *q = rq->args;
	json_t *entries = json_new_array(rq->ctx.arena), *filter = json_new_object(rq->ctx.arena),
	       *pager = json_new_object(rq->ctx.arena);

	for (size_t i = 0; i < n && i < PAGE_ROWS; i++)
		json_add(entries, entry_of(rq, &rows[i]));
	json_set_text(filter, "action", "/admin/audit");
	json_set_text(filter, "q", q->q != NULL ? q->q : "");
	json_set_text(filter, "q_label", text(rq, "admin.audit.search", NULL, 0));
	json_set_bool(filter, "has_states", false);
	json_set_text(pager, "first_href", uuid_is_set(&q->cursor) ? href_of(rq, q, NULL) : NULL);
	json_set_text(pager, "next_href", n > PAGE_ROWS ? href_of(rq, q, rows[PAGE_ROWS - 1].id.s) : NULL);
	json_set_null(pager, "range_text");
	json_set(context, "filter", filter);
	json_set(context, "chain", chain_of(rq, state));
	json_set(context, "entries", entries);
	json_set_bool(context, "has_entries", n > 0);
	json_set(context, "pager", pager);
}
