/* staff.c - decisions of staff, each with what it changed in the audit log. */
#include "staff.h"

#include "app/audit.h"
#include "store_staff.h"

static json_t *one_bool(struct request *rq, const char *key, bool value)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_bool(o, key, value);
	return o;
}

static json_t *one_int(struct request *rq, const char *key, int64_t value)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_int(o, key, value);
	return o;
}

err_t staff_pause(struct request *rq, const char *name, bool paused, struct subscription *now_r)
{
	struct subscription s;

	TRY(staff_store_subscription(&rq->ctx, name, &s));
	TRY(staff_store_pause(&rq->ctx, name, paused));
	audit_record(rq, &(struct audit_entry){
				 .action = paused ? "bus.subscription.pause" : "bus.subscription.resume",
				 .object_type = "subscription",
				 .object_id = s.name,
				 .before = one_bool(rq, "paused", s.paused),
				 .after = one_bool(rq, "paused", paused),
			 });
	s.paused = paused;
	*now_r = s;
	return OK;
}

err_t staff_replay(struct request *rq, const char *name, const struct replay_input *to, struct subscription *now_r)
{
	int64_t position = to->position;
	struct subscription s;

	TRY(staff_store_subscription(&rq->ctx, name, &s));
	if (to->has_since)
		TRY(staff_store_position_at(&rq->ctx, to->since_us, &position));
	TRY(staff_store_replay(&rq->ctx, name, position));
	audit_record(rq, &(struct audit_entry){
				 .action = "bus.subscription.replay",
				 .object_type = "subscription",
				 .object_id = s.name,
				 .before = one_int(rq, "position", s.position),
				 .after = one_int(rq, "position", position),
			 });
	return staff_store_subscription(&rq->ctx, name, now_r);
}

err_t staff_retry_events(struct request *rq, const char *subscription, int64_t *n_r)
{
	struct subscription s;

	TRY(staff_store_subscription(&rq->ctx, subscription, &s));
	TRY(staff_store_retry_events(&rq->ctx, s.name, n_r));
	audit_record(rq, &(struct audit_entry){
				 .action = "bus.subscription.requeue",
				 .object_type = "subscription",
				 .object_id = s.name,
				 .after = one_int(rq, "requeued", *n_r),
			 });
	return OK;
}

err_t staff_retry_jobs(struct request *rq, const char *queue, int64_t *n_r)
{
	struct queue q;

	TRY(staff_store_queue(&rq->ctx, queue, &q));
	TRY(staff_store_retry_jobs(&rq->ctx, q.name, n_r));
	audit_record(rq, &(struct audit_entry){
				 .action = "bus.queue.requeue",
				 .object_type = "queue",
				 .object_id = q.name,
				 .after = one_int(rq, "requeued", *n_r),
			 });
	return OK;
}

/* What it was about outlives the letter in the audit log: no payload, that may hold what is forgotten later. */
static json_t *letter_state(struct request *rq, const struct dead_letter *d, const char *state)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "state", state);
	json_set_text(o, "source", d->source);
	json_set_text(o, "topic", d->topic);
	json_set_int(o, "attempts", d->attempts);
	return o;
}

static err_t decide(struct request *rq, const struct uuid *id, const char *action, const char *state)
{
	struct dead_letter d;

	TRY(staff_store_dead_letter(&rq->ctx, id, &d));
	audit_record(rq, &(struct audit_entry){
				 .action = action,
				 .object_type = "dead_letter",
				 .object_id = id->s,
				 .before = letter_state(rq, &d, "dead"),
				 .after = letter_state(rq, &d, state),
			 });
	return OK;
}

err_t staff_retry(struct request *rq, const struct uuid *id)
{
	TRY(decide(rq, id, "bus.dead_letter.retry", "retry"));
	return staff_store_retry(&rq->ctx, id);
}

err_t staff_skip(struct request *rq, const struct uuid *id)
{
	TRY(decide(rq, id, "bus.dead_letter.skip", "skipped"));
	return staff_store_skip(&rq->ctx, id);
}
