/* views.c - the only place that names output fields of messages. */
#include "notification.h"

json_t *view_message(struct request *rq, const struct message *m)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "id", m->id.s);
	json_set_text(o, "channel", m->channel);
	json_set_text(o, "purpose", m->purpose);
	json_set_text(o, "template", m->template);
	json_set_text(o, "recipient", m->recipient);
	json_set_text(o, "subject", m->subject);
	json_set_text(o, "state", m->state);
	json_set_int(o, "attempts", m->attempts);
	json_set_text(o, "error", m->error);
	json_set_text(o, "order_id", uuid_is_set(&m->order_id) ? m->order_id.s : NULL);
	json_set_text(o, "user_id", uuid_is_set(&m->user_id) ? m->user_id.s : NULL);
	json_set_time(o, "created_at", m->created_us);
	json_set_time(o, "sent_at", m->sent_us);
	return o;
}
