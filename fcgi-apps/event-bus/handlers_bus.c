/* handlers_bus.c - the API of the bus and the registry: what there is. */
#include "bus.h"

#include "store_bus.h"
#include "store_staff.h"

err_t get_services(struct request *rq)
{
	json_t *data = json_new_array(rq->ctx.arena);
	struct process_row *rows;
	size_t n;

	TRY(bus_store_processes(&rq->ctx, &rows, &n));
	for (size_t i = 0; i < n; i++)
		json_add(data, view_process(rq, &rows[i]));
	return respond_list(rq, data, NULL);
}

err_t get_topics(struct request *rq)
{
	json_t *data = json_new_array(rq->ctx.arena);
	struct topic *rows;
	size_t n;

	TRY(bus_store_topics(&rq->ctx, &rows, &n));
	for (size_t i = 0; i < n; i++)
		json_add(data, view_topic(rq, &rows[i]));
	return respond_list(rq, data, NULL);
}

err_t get_log(struct request *rq)
{
	struct log_state l;

	TRY(staff_store_log(&rq->ctx, &l));
	return respond_json(rq, 200, view_log(rq, &l));
}

err_t get_subscriptions(struct request *rq)
{
	json_t *data = json_new_array(rq->ctx.arena);
	struct subscription *rows;
	size_t n;

	TRY(staff_store_subscriptions(&rq->ctx, &rows, &n));
	for (size_t i = 0; i < n; i++)
		json_add(data, view_subscription(rq, &rows[i]));
	return respond_list(rq, data, NULL);
}

err_t get_subscription(struct request *rq)
{
	struct subscription s;

	TRY(staff_store_subscription(&rq->ctx, path_arg(rq, "name"), &s));
	return respond_content(rq, view_subscription(rq, &s));
}

err_t get_queues(struct request *rq)
{
	json_t *data = json_new_array(rq->ctx.arena);
	struct queue *rows;
	size_t n;

	TRY(staff_store_queues(&rq->ctx, &rows, &n));
	for (size_t i = 0; i < n; i++)
		json_add(data, view_queue(rq, &rows[i]));
	return respond_list(rq, data, NULL);
}

err_t get_sagas(struct request *rq)
{
	json_t *data = json_new_array(rq->ctx.arena);
	struct saga_row *rows;
	size_t n;

	TRY(staff_store_sagas(&rq->ctx, &rows, &n));
	for (size_t i = 0; i < n; i++)
		json_add(data, view_saga(rq, &rows[i]));
	return respond_list(rq, data, NULL);
}

err_t get_dead_letters(struct request *rq)
{
	struct dead_query q = *(const struct dead_query *)rq->args;
	size_t limit = (size_t)(q.limit > 0 ? q.limit : LIST_DEFAULT), n;
	json_t *data = json_new_array(rq->ctx.arena);
	struct dead_letter *rows;

	q.limit = (int64_t)limit + 1;
	TRY(dead_cursor_parse(&rq->ctx, &q));
	TRY(staff_store_dead_letters(&rq->ctx, &q, &rows, &n));
	for (size_t i = 0; i < n && i < limit; i++)
		json_add(data, view_dead_letter(rq, &rows[i]));
	return respond_list(rq, data, n > limit ? dead_cursor(rq->ctx.arena, &rows[limit - 1]) : NULL);
}

err_t get_dead_letter(struct request *rq)
{
	struct dead_letter d;
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(staff_store_dead_letter(&rq->ctx, &id, &d));
	return respond_content(rq, view_dead_letter(rq, &d));
}
