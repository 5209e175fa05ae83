/* handlers_staff.c - the API of the bus: what staff decides. */
#include "staff.h"

static err_t pause(struct request *rq, bool paused)
{
	struct subscription s;

	TRY(staff_pause(rq, path_arg(rq, "name"), paused, &s));
	return respond_json(rq, 200, view_subscription(rq, &s));
}

err_t post_pause(struct request *rq)
{
	return pause(rq, true);
}

err_t post_resume(struct request *rq)
{
	return pause(rq, false);
}

err_t post_replay(struct request *rq)
{
	struct subscription s;

	TRY(staff_replay(rq, path_arg(rq, "name"), rq->input, &s));
	return respond_json(rq, 200, view_subscription(rq, &s));
}

static err_t respond_requeued(struct request *rq, int64_t n)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_int(o, "requeued", n);
	return respond_json(rq, 200, o);
}

err_t post_retry_events(struct request *rq)
{
	int64_t n;

	TRY(staff_retry_events(rq, path_arg(rq, "name"), &n));
	return respond_requeued(rq, n);
}

err_t post_retry_jobs(struct request *rq)
{
	int64_t n;

	TRY(staff_retry_jobs(rq, path_arg(rq, "name"), &n));
	return respond_requeued(rq, n);
}

err_t post_retry(struct request *rq)
{
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(staff_retry(rq, &id));
	return respond_empty(rq, 204);
}

err_t post_skip(struct request *rq)
{
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(staff_skip(rq, &id));
	return respond_empty(rq, 204);
}
