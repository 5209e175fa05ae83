/* handlers_access.c - the API of roles, invitations, service accounts and API keys. */
#include "access.h"
#include "store_access.h"

err_t get_permissions(struct request *rq)
{
	json_t *data = json_new_array(rq->ctx.arena);
	struct permission *rows;
	size_t n;

	TRY(access_store_permissions(&rq->ctx, &rows, &n));
	for (size_t i = 0; i < n; i++) {
		json_t *o = json_new_object(rq->ctx.arena);
		json_set_text(o, "name", rows[i].name);
		json_set_bool(o, "delegable", rows[i].delegable);
		json_add(data, o);
	}
	return respond_list(rq, data, NULL);
}

/* ------------------------------------------------------------------ roles */

err_t get_roles(struct request *rq)
{
	json_t *data = json_new_array(rq->ctx.arena);
	struct role_set *rows;
	size_t n;

	TRY(access_store_roles(&rq->ctx, &rows, &n));
	for (size_t i = 0; i < n; i++)
		json_add(data, view_role(rq, &rows[i]));
	return respond_list(rq, data, NULL);
}

static err_t respond_role(struct request *rq, int status, const char *name)
{
	struct role_set role;

	TRY(access_store_role(&rq->ctx, name, &role));
	return respond_resource(rq, status, view_role(rq, &role), role.version);
}

err_t get_role(struct request *rq)
{
	return respond_role(rq, 200, path_arg(rq, "name"));
}

err_t post_role(struct request *rq)
{
	const struct role_input *in = rq->input;

	TRY(role_create(rq, in));
	response_header(rq, "Location", arena_printf(rq->ctx.arena, "/api/v1/roles/%s", in->name));
	return respond_role(rq, 201, in->name);
}

err_t patch_role(struct request *rq)
{
	TRY(role_change(rq, rq->input));
	return respond_role(rq, 200, path_arg(rq, "name"));
}

err_t delete_role(struct request *rq)
{
	TRY(role_delete(rq));
	return respond_empty(rq, 204);
}

/* ------------------------------------------------------------------ invitations */

err_t get_invitations(struct request *rq)
{
	json_t *data = json_new_array(rq->ctx.arena);
	struct invitation *rows;
	size_t n;

	TRY(invitation_store_list(&rq->ctx, NULL, &rows, &n));
	for (size_t i = 0; i < n; i++)
		json_add(data, view_invitation(rq, &rows[i]));
	return respond_list(rq, data, NULL);
}

err_t post_invitation(struct request *rq)
{
	struct invitation *rows;
	struct uuid id;
	size_t n;

	TRY(invite(rq, rq->input, &id));
	TRY(invitation_store_list(&rq->ctx, &id, &rows, &n));
	return n == 1 ? respond_json(rq, 201, view_invitation(rq, &rows[0])) : fail_bug(&rq->ctx, "an invitation was lost");
}

err_t delete_invitation(struct request *rq)
{
	TRY(invitation_revoke(rq));
	return respond_empty(rq, 204);
}

err_t post_acceptance(struct request *rq)
{
	json_t *o = json_new_object(rq->ctx.arena);
	struct account account;

	TRY(invitation_accept(rq, rq->input, &account));
	json_set(o, "user", view_user(rq, &account));
	return respond_json(rq, 201, o);
}

/* ------------------------------------------------------------------ service accounts */

err_t get_service_accounts(struct request *rq)
{
	json_t *data = json_new_array(rq->ctx.arena);
	struct service_account *rows;
	size_t n;

	TRY(access_store_services(&rq->ctx, &rows, &n));
	for (size_t i = 0; i < n; i++)
		json_add(data, view_service_account(rq, &rows[i]));
	return respond_list(rq, data, NULL);
}

err_t post_service_account(struct request *rq)
{
	struct service_account service;
	struct uuid id;

	TRY(service_account_create(rq, rq->input, &id));
	TRY(access_store_service(&rq->ctx, &id, &service));
	return respond_json(rq, 201, view_service_account(rq, &service));
}

err_t delete_service_account(struct request *rq)
{
	TRY(service_account_delete(rq));
	return respond_empty(rq, 204);
}

/* ------------------------------------------------------------------ API keys */

err_t get_keys(struct request *rq)
{
	json_t *data = json_new_array(rq->ctx.arena);
	struct api_key *rows;
	size_t n;

	TRY(access_store_keys(&rq->ctx, NULL, &rows, &n));
	for (size_t i = 0; i < n; i++)
		json_add(data, view_key(rq, &rows[i]));
	return respond_list(rq, data, NULL);
}

err_t post_key(struct request *rq)
{
	struct api_key *rows;
	const char *secret;
	struct uuid id;
	json_t *o;
	size_t n;

	TRY(key_create(rq, rq->input, &id, &secret));
	TRY(access_store_keys(&rq->ctx, &id, &rows, &n));
	if (n != 1)
		return fail_bug(&rq->ctx, "an API key was lost");
	o = view_key(rq, &rows[0]);
	json_set_text(o, "key", secret);
	return respond_json(rq, 201, o);
}

err_t delete_key(struct request *rq)
{
	TRY(key_revoke(rq));
	return respond_empty(rq, 204);
}
