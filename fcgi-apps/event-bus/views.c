/* views.c - the only place that names output fields of the bus. */
#include "bus.h"

json_t *view_process(struct request *rq, const struct process_row *p)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "name", p->name);
	json_set_text(o, "host", p->host);
	json_set_text(o, "kind", p->kind);
	json_set_int(o, "pid", p->pid);
	json_set_text(o, "version", p->version);
	json_set_text(o, "state", p->state);
	json_set_time(o, "started_at", p->started_us);
	json_set_time(o, "heartbeat_at", p->heartbeat_us);
	return o;
}

json_t *view_topic(struct request *rq, const struct topic *t)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "name", t->name);
	json_set_text(o, "owner", t->owner);
	json_set_int(o, "version", t->version);
	json_set_text(o, "description", t->description);
	json_set(o, "schema", t->schema);
	json_set(o, "example", t->example);
	return o;
}

json_t *view_log(struct request *rq, const struct log_state *l)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_int(o, "head", l->head);
	json_set_int(o, "waiting", l->waiting);
	json_set_time(o, "oldest_at", l->oldest_us);
	json_set_int(o, "last_minute", l->last_minute);
	json_set_int(o, "dead_letters", l->dead);
	return o;
}

json_t *view_subscription(struct request *rq, const struct subscription *s)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "name", s->name);
	json_set_text(o, "owner", s->owner);
	json_set(o, "topics", s->topics);
	json_set_bool(o, "paused", s->paused);
	json_set_text(o, "state", subscription_state(s));
	json_set_int(o, "position", s->position);
	json_set_int(o, "lag", s->waiting);
	json_set(o, "lag_seconds", json_own(rq->ctx.arena, json_real((double)s->lag_ms / 1000)));
	json_set_time(o, "oldest_at", s->oldest_us);
	json_set_int(o, "retrying", s->retrying);
	json_set_int(o, "blocked", s->blocked);
	json_set_int(o, "dead", s->dead);
	json_set_int(o, "crashes", s->crashes);
	json_set_int(o, "max_attempts", s->max_attempts);
	json_set_time(o, "active_at", s->active_us);
	json_set_time(o, "created_at", s->created_us);
	return o;
}

json_t *view_queue(struct request *rq, const struct queue *q)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "name", q->name);
	json_set_text(o, "state", queue_state(q));
	json_set_int(o, "due", q->due);
	json_set_int(o, "leased", q->leased);
	json_set_int(o, "failing", q->failing);
	json_set_int(o, "scheduled", q->scheduled);
	json_set_int(o, "dead", q->dead);
	json_set_time(o, "oldest_at", q->oldest_us);
	return o;
}

json_t *view_saga(struct request *rq, const struct saga_row *s)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "order_id", s->order_id.s);
	json_set_text(o, "number", s->number);
	json_set_text(o, "step", s->step);
	json_set_int(o, "attempts", s->attempts);
	json_set_text(o, "error", s->error);
	json_set_time(o, "next_at", s->next_us);
	json_set_time(o, "updated_at", s->updated_us);
	return o;
}

json_t *view_dead_letter(struct request *rq, const struct dead_letter *d)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "id", d->id.s);
	json_set_text(o, "kind", d->kind);
	json_set_text(o, "source", d->source);
	json_set_text(o, "topic", d->topic);
	json_set_text(o, "key", d->key);
	if (d->position > 0)
		json_set_int(o, "position", d->position);
	else
		json_set_null(o, "position");
	json_set_int(o, "attempts", d->attempts);
	json_set_text(o, "error", d->error);
	json_set_text(o, "request_id", d->request_id);
	json_set_text(o, "trace_id", d->trace_id);
	json_set(o, "payload", d->payload);
	json_set_time(o, "created_at", d->created_us);
	json_set_time(o, "dead_at", d->dead_us);
	return o;
}

const char *dead_cursor(struct arena *a, const struct dead_letter *d)
{
	return arena_printf(a, "%lld.%s", (long long)d->dead_us, d->id.s);
}

err_t dead_cursor_parse(struct ctx *c, struct dead_query *q)
{
	struct str rest = str_of(q->cursor), when;

	if (q->cursor == NULL)
		return OK;
	if (str_next(&rest, '.', &when) && str_int64(when, &q->before_us) && q->before_us > 0 &&
		uuid_parse(rest, &q->before_id))
		return OK;
	return fail(c, &ERR_BAD_REQUEST, "the cursor is not one of this list");
}
