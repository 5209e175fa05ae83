/*
 * pages_staff.c - what staff decides on the pages. What cannot be taken back is asked about on a
 * page of its own first, so that no script is needed to ask.
 */
#include "app/page.h"
#include "data/clock.h"
#include "pages.h"
#include "staff.h"

/* ------------------------------------------------------------------ asking */

struct question {
	const char *act;     /* pause, replay, requeue, skip: its words are admin.system.ask.<act> */
	const char *subject; /* what it is about: a name */
	const char *text;    /* what will happen */
	const char *action, *cancel_href;
	const char *position; /* a hidden field of the form; NULL: none */
};

static err_t ask(struct request *rq, const struct question *q)
{
	struct arena *a = rq->ctx.arena;
	json_t *context = json_new_object(a);
	const char *title = text(rq, arena_printf(a, "admin.system.ask.%s.title", q->act), NULL, 0);

	json_set_text(context, "title", title);
	json_set_text(context, "subject", q->subject);
	json_set_text(context, "text", q->text);
	json_set_text(context, "hint", text(rq, arena_printf(a, "admin.system.ask.%s.hint", q->act), NULL, 0));
	json_set_text(context, "button", text(rq, arena_printf(a, "admin.system.ask.%s.button", q->act), NULL, 0));
	json_set_text(context, "action", q->action);
	json_set_text(context, "cancel_href", q->cancel_href);
	json_set_text(context, "position", q->position);
	return page_respond(
		rq, 200, "event-bus/admin-ask", context, &(struct page_info){.title = title, .noindex = true});
}

err_t page_confirm_pause(struct request *rq)
{
	struct subscription s;

	TRY(staff_store_subscription(&rq->ctx, path_arg(rq, "name"), &s));
	return ask(rq, &(struct question){
			       .act = "pause",
			       .subject = s.name,
			       .text = text(rq, "admin.system.ask.pause.text", NULL, 0),
			       .action = subscription_href(rq, s.name, "pause"),
			       .cancel_href = subscription_href(rq, s.name, NULL),
		       });
}

/* The form's words as a position of the log. */
static err_t replay_position(struct request *rq, const struct replay_query *q, int64_t *position_r)
{
	int64_t since_us;

	if (str_eq(str_of(q->from), "position")) {
		if (str_int64(str_of(q->position), position_r) && *position_r >= 0)
			return OK;
		field_error(&rq->ctx, "position", "invalid", "the position is a number that is not negative");
		return ctx_check(&rq->ctx);
	}
	if (str_eq(str_of(q->from), "time")) {
		if (form_time(q->date, q->time, &since_us))
			return staff_store_position_at(&rq->ctx, since_us, position_r);
		field_error(&rq->ctx, "date", "invalid",
			"the time is a date like 2026-03-01, and hours like 14:30 if you like");
		return ctx_check(&rq->ctx);
	}
	*position_r = 0;
	return OK;
}

err_t page_confirm_replay(struct request *rq)
{
	struct arena *a = rq->ctx.arena;
	struct subscription s;
	struct log_state l;
	int64_t position;

	TRY(staff_store_subscription(&rq->ctx, path_arg(rq, "name"), &s));
	TRY(replay_position(rq, rq->args, &position));
	TRY(staff_store_log(&rq->ctx, &l));
	position = position < l.head ? position : l.head;
	return ask(rq, &(struct question){
			       .act = "replay",
			       .subject = s.name,
			       .text = text(rq,
				       position <= s.position ? "admin.system.ask.replay.back"
							      : "admin.system.ask.replay.ahead",
				       TEXT_ARGS({"was", arena_printf(a, "%lld", (long long)s.position)},
					       {"becomes", arena_printf(a, "%lld", (long long)position)})),
			       .action = subscription_href(rq, s.name, "replay"),
			       .cancel_href = subscription_href(rq, s.name, NULL),
			       .position = arena_printf(a, "%lld", (long long)position),
		       });
}

/* The subscription's page, with what was wrong beside the form. */
err_t page_replay_again(struct request *rq)
{
	const struct replay_query *q = rq->args;
	json_t *context, *form = json_new_object(rq->ctx.arena), *values = json_new_object(rq->ctx.arena);
	struct subscription_detail d;

	TRY(staff_store_subscription_detail(&rq->ctx, path_arg(rq, "name"), &d));
	context = view_subscription_page(rq, &d);
	json_set_text(values, "position", q != NULL ? q->position : NULL);
	json_set_text(values, "date", q != NULL ? q->date : NULL);
	json_set_text(values, "time", q != NULL ? q->time : NULL);
	json_set(form, "values", values);
	json_set(context, "form", form);
	if (q != NULL && q->from != NULL)
		view_replay_choice(rq, context, q->from);
	return page_respond(rq, 200, "event-bus/admin-subscription", context,
		&(struct page_info){.title = d.s.name, .noindex = true});
}

err_t page_confirm_retry_events(struct request *rq)
{
	struct subscription s;

	TRY(staff_store_subscription(&rq->ctx, path_arg(rq, "name"), &s));
	return ask(rq, &(struct question){
			       .act = "requeue",
			       .subject = s.name,
			       .text = count_text(rq, "admin.system.ask.requeue.events", s.dead),
			       .action = subscription_href(rq, s.name, "requeue"),
			       .cancel_href = subscription_href(rq, s.name, NULL),
		       });
}

err_t page_confirm_retry_jobs(struct request *rq)
{
	struct queue q;

	TRY(staff_store_queue(&rq->ctx, path_arg(rq, "name"), &q));
	return ask(rq, &(struct question){
			       .act = "requeue",
			       .subject = q.name,
			       .text = count_text(rq, "admin.system.ask.requeue.jobs", q.dead),
			       .action = queue_href(rq, q.name, "requeue"),
			       .cancel_href = SYSTEM_PATH,
		       });
}

err_t page_confirm_skip(struct request *rq)
{
	struct dead_letter d;
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(staff_store_dead_letter(&rq->ctx, &id, &d));
	return ask(rq, &(struct question){
			       .act = "skip",
			       .subject = d.topic != NULL ? d.topic : d.source,
			       .text = d.error,
			       .action = letter_href(rq, &id, "skip"),
			       .cancel_href = letter_href(rq, &id, NULL),
		       });
}

/* ------------------------------------------------------------------ doing */

static err_t done(struct request *rq, const char *words, const char *location)
{
	page_flash(rq, "success", words);
	return respond_see_other(rq, location);
}

static err_t change_pause(struct request *rq, bool paused)
{
	struct subscription s;

	TRY(staff_pause(rq, path_arg(rq, "name"), paused, &s));
	return done(rq, text(rq, paused ? "admin.system.done.paused" : "admin.system.done.resumed", NULL, 0),
		subscription_href(rq, s.name, NULL));
}

err_t page_pause(struct request *rq)
{
	return change_pause(rq, true);
}

err_t page_resume(struct request *rq)
{
	return change_pause(rq, false);
}

err_t page_replay(struct request *rq)
{
	struct subscription s;

	TRY(staff_replay(rq, path_arg(rq, "name"), rq->input, &s));
	return done(rq, text(rq, "admin.system.done.replayed", NULL, 0), subscription_href(rq, s.name, NULL));
}

err_t page_retry_events(struct request *rq)
{
	int64_t n;

	TRY(staff_retry_events(rq, path_arg(rq, "name"), &n));
	return done(
		rq, count_text(rq, "admin.system.done.requeued", n), subscription_href(rq, path_arg(rq, "name"), NULL));
}

err_t page_retry_jobs(struct request *rq)
{
	int64_t n;

	TRY(staff_retry_jobs(rq, path_arg(rq, "name"), &n));
	return done(rq, count_text(rq, "admin.system.done.requeued", n), SYSTEM_PATH);
}

err_t page_retry(struct request *rq)
{
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(staff_retry(rq, &id));
	return done(rq, text(rq, "admin.system.done.retried", NULL, 0), SYSTEM_PATH);
}

err_t page_skip(struct request *rq)
{
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(staff_skip(rq, &id));
	return done(rq, text(rq, "admin.system.done.skipped", NULL, 0), SYSTEM_PATH);
}
