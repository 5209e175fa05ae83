/* access.c - roles, service accounts and API keys: what the API and the pages of the back office share. */
#include "access.h"

#include <string.h>

#include "proofs.h"
#include "store_access.h"
#include "store_account.h"
#include "store_proof.h"

#define KEY_SECRET_BYTES 32

/* ------------------------------------------------------------------ nobody gives more than they have */

static err_t check_permitted(struct request *rq, const char *field, const char *const *permissions, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (subject_can(rq->subject, permissions[i]))
			continue;
		field_error(&rq->ctx, field, "beyond_own_rights", "you do not have the permission %s yourself", permissions[i]);
		return fail(&rq->ctx, &ERR_BEYOND, "nobody gives a permission that they do not have");
	}
	return OK;
}

err_t check_may_give(struct request *rq, const char *const *roles, size_t n)
{
	json_t *permissions;

	TRY(access_store_permitted(&rq->ctx, roles, n, &permissions));
	for (size_t i = 0; i < json_array_size(permissions); i++) {
		const char *permission = json_string_value(json_array_get(permissions, i));
		TRY(check_permitted(rq, "roles", &permission, 1));
	}
	return OK;
}

err_t check_may_change(struct request *rq, const struct account *a)
{
	size_t n = json_array_size(a->roles);
	const char **roles = arena_array_of(rq->ctx.arena, n + 1, const char *);

	for (size_t i = 0; i < n; i++)
		roles[i] = json_string_value(json_array_get(a->roles, i));
	return check_may_give(rq, roles, n);
}

static json_t *texts_json(struct request *rq, const char *const *texts, size_t n)
{
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < n; i++)
		json_add_text(list, texts[i]);
	return list;
}

/* ------------------------------------------------------------------ roles */

static json_t *role_after(struct request *rq, const struct role_input *in)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text_if(o, "title", in->title);
	if (in->has_permissions)
		json_set(o, "permissions", texts_json(rq, in->permissions, in->npermissions));
	return o;
}

static json_t *role_before(struct request *rq, const struct role_set *r)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "title", r->title);
	json_set(o, "permissions", r->permissions);
	return o;
}

err_t role_create(struct request *rq, const struct role_input *in)
{
	struct role_input made = *in;

	made.has_permissions = true;
	TRY(check_permitted(rq, "permissions", in->permissions, in->npermissions));
	access_store_insert_role(&rq->ctx, &made);
	audit_record(rq,
		&(struct audit_entry){.action = "role.create", .object_type = "role", .object_id = in->name, .after = role_after(rq, &made)});
	return OK;
}

/* The role of the path, which the service may change. */
static err_t own_role(struct request *rq, struct role_set *role_r)
{
	TRY(access_store_role(&rq->ctx, path_arg(rq, "name"), role_r));
	TRY(request_if_match(rq, role_r->version));
	if (role_r->is_builtin)
		return fail(&rq->ctx, &ERR_ROLE_BUILTIN, "the shop came with this role; make one of your own instead");
	return OK;
}

/* What it permits now must be within one's rights too: else taking away would be a way up. */
err_t role_change(struct request *rq, const struct role_input *in)
{
	struct role_set role;

	TRY(own_role(rq, &role));
	TRY(check_may_give(rq, &role.name, 1));
	TRY(check_permitted(rq, "permissions", in->permissions, in->npermissions));
	access_store_update_role(&rq->ctx, role.name, in);
	audit_record(rq,
		&(struct audit_entry){.action = "role.change",
			.object_type = "role",
			.object_id = role.name,
			.before = role_before(rq, &role),
			.after = role_after(rq, in)});
	return OK;
}

err_t role_delete(struct request *rq)
{
	struct role_set role;

	TRY(own_role(rq, &role));
	TRY(access_store_delete_role(&rq->ctx, role.name));
	audit_record(rq,
		&(struct audit_entry){.action = "role.delete", .object_type = "role", .object_id = role.name, .before = role_before(rq, &role)});
	return OK;
}

/* ------------------------------------------------------------------ service accounts */

/* Mail to it goes nowhere (RFC 6761): a program reads none. */
err_t service_account_create(struct request *rq, const struct service_account_input *in, struct uuid *id_r)
{
	struct uuid id = uuid_v7();
	json_t *after = json_new_object(rq->ctx.arena);

	TRY(check_may_give(rq, in->roles, in->nroles));
	access_store_insert_service(&rq->ctx, &id, arena_printf(rq->ctx.arena, "%s@service.invalid", id.s), in);
	json_set_text(after, "name", in->name);
	json_set(after, "roles", texts_json(rq, in->roles, in->nroles));
	audit_record(rq,
		&(struct audit_entry){.action = "service_account.create", .object_type = "account", .object_id = id.s, .after = after});
	*id_r = id;
	return OK;
}

err_t service_account_delete(struct request *rq)
{
	struct service_account service;
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(access_store_service(&rq->ctx, &id, &service));
	access_store_delete_service(&rq->ctx, &id);
	audit_record(rq, &(struct audit_entry){.action = "service_account.delete", .object_type = "account", .object_id = id.s});
	return OK;
}

/* ------------------------------------------------------------------ API keys */

/* As whom it acts: oneself, or a program's account whose rights are not beyond one's own. */
static err_t key_account(struct request *rq, const struct key_input *in, struct uuid *account_r)
{
	struct service_account service;

	*account_r = uuid_is_set(&in->account_id) ? in->account_id : rq->subject->user_id;
	if (strcmp(account_r->s, rq->subject->user_id.s) == 0)
		return OK;
	err_t e = access_store_service(&rq->ctx, account_r, &service);
	if (e == &ERR_NOT_FOUND) {
		ctx_clear_failure(&rq->ctx);
		field_error(&rq->ctx, "account_id", "unknown", "there is no such service account");
		return fail(&rq->ctx, &ERR_INVALID, "there is no such service account");
	}
	TRY(e);
	return check_may_change(rq, &(struct account){.roles = service.roles});
}

err_t key_create(struct request *rq, const struct key_input *in, struct uuid *id_r, const char **secret_r)
{
	struct new_key key = {.id = uuid_v7(), .in = in};
	struct arena *a = rq->ctx.arena;
	json_t *after = json_new_object(a);
	char *secret = arena_printf(a, API_KEY_PREFIX "%s", token_new(a, KEY_SECRET_BYTES));

	TRY(check_permitted(rq, "scopes", in->scopes, in->nscopes));
	TRY(key_account(rq, in, &key.account_id));
	key.token_hash = token_hash(a, str_of(secret));
	key.hint = secret + strlen(secret) - KEY_HINT_CHARS;
	access_store_insert_key(&rq->ctx, &key, &rq->subject->user_id);
	json_set_text(after, "name", in->name);
	json_set_text(after, "account_id", key.account_id.s);
	json_set(after, "scopes", texts_json(rq, in->scopes, in->nscopes));
	audit_record(rq,
		&(struct audit_entry){.action = "api_key.create", .object_type = "api_key", .object_id = key.id.s, .after = after});
	*id_r = key.id;
	*secret_r = secret;
	return OK;
}

err_t key_revoke(struct request *rq)
{
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(access_store_revoke_key(&rq->ctx, &id));
	audit_record(rq, &(struct audit_entry){.action = "api_key.revoke", .object_type = "api_key", .object_id = id.s});
	return OK;
}

static err_t tell_body(struct ctx *c, void *arg)
{
	struct running_out *rows;
	size_t n;

	(void)arg;
	TRY(access_store_running_out(c, &rows, &n));
	for (size_t i = 0; i < n; i++)
		proof_store_letter(c,
			&(struct letter){
				.kind = "key_expiring",
				.account_id = &rows[i].account_id,
				.user_id = &rows[i].account_id,
				.recipient = rows[i].email,
				.name = rows[i].name,
				.about = rows[i].key_name,
			});
	return OK;
}

err_t keys_tell(struct ctx *c)
{
	return db_tx(c, DB_TX_DEFAULT, tell_body, NULL);
}
