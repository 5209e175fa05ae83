/* handlers_me.c - what a customer's own programs may ask about their account. */
#include "account.h"
#include "store_account.h"
#include "store_session.h"

err_t get_me(struct request *rq)
{
	struct account account;

	TRY(account_store_get(&rq->ctx, &rq->subject->user_id, &account));
	return respond_resource(rq, 200, view_user(rq, &account), account.version);
}

err_t patch_me(struct request *rq)
{
	const struct profile_input *in = rq->input;
	struct account account;

	account_store_lock(&rq->ctx, &rq->subject->user_id);
	TRY(account_store_get(&rq->ctx, &rq->subject->user_id, &account));
	TRY(request_if_match(rq, account.version));
	if (in->name == NULL)
		return respond_resource(rq, 200, view_user(rq, &account), account.version);
	TRY(account_store_rename(&rq->ctx, &account.id, in->name));
	return get_me(rq);
}

err_t post_password(struct request *rq)
{
	TRY(change_password(rq, rq->input));
	return respond_empty(rq, 204);
}

err_t get_sessions(struct request *rq)
{
	json_t *data = json_new_array(rq->ctx.arena);
	struct session *rows;
	size_t n;

	TRY(session_store_list(&rq->ctx, &rq->subject->user_id, &rows, &n));
	for (size_t i = 0; i < n; i++)
		json_add(data, view_session(rq, &rows[i]));
	return respond_list(rq, data, NULL);
}

err_t delete_session(struct request *rq)
{
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(session_store_end_own(&rq->ctx, &rq->subject->user_id, &id));
	audit_record(rq, &(struct audit_entry){.action = "session.revoke", .object_type = "session", .object_id = id.s});
	return respond_empty(rq, 204);
}

/* ------------------------------------------------------------------ addresses */

err_t get_addresses(struct request *rq)
{
	json_t *data = json_new_array(rq->ctx.arena);
	struct address *rows;
	size_t n;

	TRY(address_store_list(&rq->ctx, &rq->subject->user_id, &rows, &n));
	for (size_t i = 0; i < n; i++)
		json_add(data, view_address(rq, &rows[i]));
	return respond_list(rq, data, NULL);
}

err_t post_address(struct request *rq)
{
	struct address address;

	TRY(address_add(rq, &address));
	response_header(rq, "Location", arena_printf(rq->ctx.arena, "/api/v1/me/addresses/%s", address.id.s));
	return respond_resource(rq, 201, view_address(rq, &address), address.version);
}

err_t patch_address(struct request *rq)
{
	struct address address;

	TRY(address_change(rq, &address));
	return respond_resource(rq, 200, view_address(rq, &address), address.version);
}

err_t delete_address(struct request *rq)
{
	const struct uuid *me = &rq->subject->user_id;
	struct address address;
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	account_store_lock(&rq->ctx, me);
	TRY(address_store_get(&rq->ctx, me, &id, &address));
	TRY(request_if_match(rq, address.version));
	TRY(address_store_delete(&rq->ctx, me, &id));
	return respond_empty(rq, 204);
}
