/* handlers_messages.c - messages in the API. */
#include "app/audit.h"
#include "notification.h"
#include "store_message.h"

err_t get_messages(struct request *rq)
{
	struct message_query q = *(const struct message_query *)rq->args;
	size_t limit = (size_t)(q.limit > 0 ? q.limit : LIST_DEFAULT), n;
	json_t *data = json_new_array(rq->ctx.arena);
	struct message *rows;

	if (q.cursor != NULL && !uuid_parse(str_of(q.cursor), &q.before))
		return fail(&rq->ctx, &ERR_BAD_REQUEST, "the cursor is not one of this list");
	q.limit = (int64_t)limit + 1;
	TRY(message_store_list(&rq->ctx, &q, &rows, &n));
	for (size_t i = 0; i < n && i < limit; i++)
		json_add(data, view_message(rq, &rows[i]));
	return respond_list(rq, data, n > limit ? rows[limit - 1].id.s : NULL);
}

err_t post_resend(struct request *rq)
{
	struct message m;
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(message_store_get(&rq->ctx, &id, &m));
	TRY(message_store_resend(&rq->ctx, &id));
	audit_record(rq, &(struct audit_entry){.action = "message.resend", .object_type = "message", .object_id = id.s});
	TRY(message_store_get(&rq->ctx, &id, &m));
	return respond_resource(rq, 202, view_message(rq, &m), m.version);
}
