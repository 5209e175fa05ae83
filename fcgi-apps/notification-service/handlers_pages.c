/* handlers_pages.c - messages in the back office. */
#include "app/audit.h"
#include "notification.h"

#include <string.h>

#include "app/auth.h"
#include "app/page.h"
#include "store_message.h"

#define LIST_PATH "/admin/messages"
#define PAGE_ROWS 50

static const char *const STATES[] = {"queued", "sent", "failed", "dead"};

static const char *state_text(struct request *rq, const char *state)
{
	return text(rq, arena_printf(rq->ctx.arena, "status.message.%s", state), NULL, 0);
}

/* What list and detail show alike. */
static json_t *view_row(struct request *rq, const struct message *m)
{
	const char *waiting = text(rq, "status.message.queued", NULL, 0);
	json_t *o = view_message(rq, m);

	json_set_text(o, "href", arena_printf(rq->ctx.arena, LIST_PATH "/%s", m->id.s));
	json_set_text(o, "recipient", m->recipient != NULL ? m->recipient : "–");
	json_set_text(o, "subject", m->subject != NULL ? m->subject : waiting);
	json_set_text(o, "channel_text", text(rq, "admin.messages.channel_email", NULL, 0));
	json_set_text(o, "state_text", state_text(rq, m->state));
	page_set_time(rq, o, "created_at", m->created_us);
	page_set_time(rq, o, "sent_at", m->sent_us);
	return o;
}

static json_t *view_filter(struct request *rq, const struct message_query *q)
{
	json_t *filter = json_new_object(rq->ctx.arena), *states = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < ARRAY_LEN(STATES); i++) {
		json_t *o = json_new_object(rq->ctx.arena);

		json_set_text(o, "value", STATES[i]);
		json_set_text(o, "text", state_text(rq, STATES[i]));
		json_set_bool(o, "selected", q->state != NULL && strcmp(q->state, STATES[i]) == 0);
		json_add(states, o);
	}
	json_set_text(filter, "action", LIST_PATH);
	json_set_text(filter, "q", q->q);
	json_set_text(filter, "q_label", text(rq, "admin.search_messages", NULL, 0));
	json_set_bool(filter, "has_states", true);
	json_set(filter, "states", states);
	return filter;
}

static const char *next_href(struct request *rq, const struct message_query *q, const struct message *last)
{
	struct buf b;

	buf_init(&b, rq->ctx.arena, 2048);
	buf_printf(&b, LIST_PATH "?cursor=%s", last->id.s);
	if (q->q != NULL) {
		buf_puts(&b, "&q=");
		buf_url(&b, str_of(q->q));
	}
	if (q->state != NULL)
		buf_printf(&b, "&state=%s", q->state);
	return buf_ok(&b) ? b.p : NULL;
}

static err_t add_list(struct request *rq, json_t *context)
{
	struct message_query q = *(const struct message_query *)rq->args;
	json_t *list = json_new_array(rq->ctx.arena), *pager = json_new_object(rq->ctx.arena);
	struct message *rows;
	size_t n;

	if (q.cursor != NULL && !uuid_parse(str_of(q.cursor), &q.before))
		return fail(&rq->ctx, &ERR_NOT_FOUND, "there is no such page");
	q.limit = PAGE_ROWS + 1;
	TRY(message_store_list(&rq->ctx, &q, &rows, &n));
	for (size_t i = 0; i < n && i < PAGE_ROWS; i++)
		json_add(list, view_row(rq, &rows[i]));
	json_set_text(pager, "first_href", q.cursor != NULL ? LIST_PATH : NULL);
	json_set_text(pager, "next_href", n > PAGE_ROWS ? next_href(rq, &q, &rows[PAGE_ROWS - 1]) : NULL);
	json_set_null(pager, "range_text");
	json_set(context, "filter", view_filter(rq, &q));
	json_set_bool(context, "has_messages", n > 0);
	json_set(context, "messages", list);
	json_set(context, "pager", pager);
	return OK;
}

static err_t respond_page(struct request *rq, json_t *context)
{
	TRY(add_list(rq, context));
	return page_respond(rq, 200, "notification/admin-messages", context,
		&(struct page_info){.title = text(rq, "admin.messages.title", NULL, 0), .noindex = true});
}

err_t page_messages(struct request *rq)
{
	json_t *context = json_new_object(rq->ctx.arena);

	json_set_null(context, "message");
	return respond_page(rq, context);
}

err_t page_message(struct request *rq)
{
	json_t *context = json_new_object(rq->ctx.arena), *o;
	struct uuid id, key = uuid_v4();
	struct message m;

	TRY(path_uuid(rq, "id", &id));
	TRY(message_store_get(&rq->ctx, &id, &m));
	o = view_row(rq, &m);
	json_set_text(o, "text_body", m.text_body != NULL ? m.text_body : "");
	json_set_bool(o, "has_html", m.html_body != NULL);
	json_set_text(o, "preview_href", arena_printf(rq->ctx.arena, LIST_PATH "/%s/preview", id.s));
	json_set_bool(o, "can_resend", may_resend(&m) && subject_can(rq->subject, "notifications:write"));
	json_set_text(o, "resend_href", arena_printf(rq->ctx.arena, LIST_PATH "/%s/resend", id.s));
	json_set_text(o, "idempotency_key", key.s);
	json_set(context, "message", o);
	return respond_page(rq, context);
}

/* Somebody else's words in HTML: nothing in it may run, load or navigate. */
err_t page_preview(struct request *rq)
{
	struct uuid id;
	struct message m;

	TRY(path_uuid(rq, "id", &id));
	TRY(message_store_get(&rq->ctx, &id, &m));
	if (m.html_body == NULL)
		return fail(&rq->ctx, &ERR_NOT_FOUND, "the message has no HTML part yet");
	response_header(rq, "Content-Security-Policy",
		"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox");
	return respond_bytes(rq, 200, "text/html; charset=utf-8", str_of(m.html_body));
}

err_t page_resend(struct request *rq)
{
	struct uuid id;
	struct message m;

	TRY(path_uuid(rq, "id", &id));
	TRY(message_store_get(&rq->ctx, &id, &m));
	TRY(message_store_resend(&rq->ctx, &id));
	audit_record(rq, &(struct audit_entry){.action = "message.resend", .object_type = "message", .object_id = id.s});
	page_flash(rq, "success", text(rq, "form.saved", NULL, 0));
	return respond_see_other(rq, arena_printf(rq->ctx.arena, LIST_PATH "/%s", id.s));
}
