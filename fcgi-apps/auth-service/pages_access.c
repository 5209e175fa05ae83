/* pages_access.c - the back office's team, roles and keys; and the page an invitation leads to. */
#include "access.h"

#include <string.h>

#include "app/page.h"
#include "signin.h"
#include "store_access.h"

static err_t show(struct request *rq, const char *template_name, const char *title_key, json_t *context)
{
	const struct page_info info = {.title = text(rq, title_key, NULL, 0), .noindex = true};

	return page_respond(rq, 200, template_name, context, &info);
}

static err_t done(struct request *rq, const char *message_key, const char *location)
{
	page_flash(rq, "success", text(rq, message_key, NULL, 0));
	return respond_see_other(rq, location);
}

/* ------------------------------------------------------------------ roles */

err_t page_roles(struct request *rq)
{
	const struct role_query *q = rq->args;
	json_t *context = json_new_object(rq->ctx.arena);
	struct access_lists l = {.nroles = 0};
	const char *edited = q != NULL && rq->method == METHOD_GET ? q->edit : NULL;

	if (edited == NULL && strchr(rq->route->path, '{') != NULL)
		edited = path_arg(rq, "name");
	TRY(access_store_permissions(&rq->ctx, &l.permissions, &l.npermissions));
	TRY(access_store_roles(&rq->ctx, &l.roles, &l.nroles));
	view_roles_page(rq, context, &l, edited);
	return show(rq, "auth/admin-roles", "admin.access.roles", context);
}

err_t page_role_add(struct request *rq)
{
	TRY(role_create(rq, rq->input));
	return done(rq, "form.saved", "/admin/roles");
}

/* A box that is not ticked is not sent: none at all means none. */
err_t page_role_change(struct request *rq)
{
	struct role_input in = *(const struct role_input *)rq->input;

	in.has_permissions = true;
	TRY(role_change(rq, &in));
	return done(rq, "form.saved", "/admin/roles");
}

err_t page_role_delete(struct request *rq)
{
	TRY(role_delete(rq));
	return done(rq, "admin.access.deleted", "/admin/roles");
}

/* ------------------------------------------------------------------ the team */

err_t page_team(struct request *rq)
{
	json_t *context = json_new_object(rq->ctx.arena);
	struct access_lists l = {.nroles = 0};

	TRY(access_store_roles(&rq->ctx, &l.roles, &l.nroles));
	TRY(invitation_store_list(&rq->ctx, NULL, &l.invitations, &l.ninvitations));
	view_team_page(rq, context, &l);
	return show(rq, "auth/admin-team", "admin.access.team", context);
}

err_t page_invite(struct request *rq)
{
	struct uuid id;

	TRY(invite(rq, rq->input, &id));
	return done(rq, "admin.access.invited", "/admin/team");
}

err_t page_invitation_revoke(struct request *rq)
{
	TRY(invitation_revoke(rq));
	return done(rq, "admin.access.revoked", "/admin/team");
}

/* ------------------------------------------------------------------ keys */

static err_t show_keys(struct request *rq, const char *secret)
{
	json_t *context = json_new_object(rq->ctx.arena);
	struct access_lists l = {.nroles = 0};

	TRY(access_store_permissions(&rq->ctx, &l.permissions, &l.npermissions));
	TRY(access_store_roles(&rq->ctx, &l.roles, &l.nroles));
	TRY(access_store_services(&rq->ctx, &l.services, &l.nservices));
	TRY(access_store_keys(&rq->ctx, NULL, &l.keys, &l.nkeys));
	view_keys_page(rq, context, &l, secret);
	return show(rq, "auth/admin-keys", "admin.access.keys", context);
}

err_t page_keys(struct request *rq)
{
	return show_keys(rq, NULL);
}

/* The answer itself shows the key: it is kept nowhere, so no other page could. */
err_t page_key_add(struct request *rq)
{
	const char *secret;
	struct uuid id;

	TRY(key_create(rq, rq->input, &id, &secret));
	rq->form = (struct params){.n = 0};
	return show_keys(rq, secret);
}

err_t page_key_revoke(struct request *rq)
{
	TRY(key_revoke(rq));
	return done(rq, "admin.access.revoked", "/admin/api-keys");
}

err_t page_service_add(struct request *rq)
{
	struct uuid id;

	TRY(service_account_create(rq, rq->input, &id));
	return done(rq, "form.saved", "/admin/api-keys");
}

err_t page_service_delete(struct request *rq)
{
	TRY(service_account_delete(rq));
	return done(rq, "admin.access.deleted", "/admin/api-keys");
}

/* ------------------------------------------------------------------ the invited */

err_t page_invitation(struct request *rq)
{
	json_t *context = json_new_object(rq->ctx.arena);
	const char *token = form_value(rq, "token");
	bool good = false;
	struct invitation i;

	if (token == NULL)
		token = params_get(&rq->query, "token");
	if (rq->failure == &ERR_RATE_LIMITED)
		rq->ctx.detail = text(rq, "login.throttled", NULL, 0);
	if (rq->failure != &ERR_INVITATION) {
		const struct field_error *wrong = rq->ctx.errors;
		err_t e = invitation_of(&rq->ctx, token, &i);
		if (e != OK && e != &ERR_INVITATION)
			return e;
		good = e == OK;
		if (!good && wrong == NULL)
			ctx_clear_failure(&rq->ctx);
	}
	json_set_text(context, "token", token);
	json_set_text(context, "email", good ? i.email : NULL);
	json_set_bool(context, "good", good);
	return show(rq, "auth/invitation", "invitation.title", context);
}

err_t page_invitation_post(struct request *rq)
{
	struct account account;

	TRY(invitation_accept(rq, rq->input, &account));
	TRY(sign_in_page(rq, &account, &BY_PASSWORD, false));
	return respond_see_other(rq, "/admin");
}
