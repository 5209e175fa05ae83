/* handlers_bus.c - the API of the bus and the registry. */
#include "app/audit.h"
#include "bus.h"
#include "store_bus.h"

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

err_t get_subscriptions(struct request *rq)
{
	json_t *data = json_new_array(rq->ctx.arena);
	struct subscription *rows;
	size_t n;

	TRY(bus_store_subscriptions(&rq->ctx, &rows, &n));
	for (size_t i = 0; i < n; i++)
		json_add(data, view_subscription(rq, &rows[i]));
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
	TRY(bus_store_dead_letters(&rq->ctx, &q, &rows, &n));
	for (size_t i = 0; i < n && i < limit; i++)
		json_add(data, view_dead_letter(rq, &rows[i]));
	return respond_list(rq, data, n > limit ? dead_cursor(rq->ctx.arena, &rows[limit - 1]) : NULL);
}

void audit_letter(struct request *rq, const char *action, const struct uuid *id)
{
	audit_record(rq, &(struct audit_entry){.action = action, .object_type = "dead_letter", .object_id = id->s});
}

err_t post_retry(struct request *rq)
{
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(bus_store_retry(&rq->ctx, &id));
	audit_letter(rq, "bus.dead_letter.retry", &id);
	return respond_empty(rq, 204);
}

err_t post_skip(struct request *rq)
{
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(bus_store_skip(&rq->ctx, &id));
	audit_letter(rq, "bus.dead_letter.skip", &id);
	return respond_empty(rq, 204);
}
