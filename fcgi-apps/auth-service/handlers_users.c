/* handlers_users.c - accounts as staff see them. */
#include <string.h>

#include "access.h"
#include "store_account.h"
#include "store_session.h"

#define LIST_DEFAULT 24

err_t get_users(struct request *rq)
{
	struct user_query q = *(const struct user_query *)rq->args;
	size_t limit = q.limit > 0 ? (size_t)q.limit : LIST_DEFAULT, n;
	json_t *data = json_new_array(rq->ctx.arena);
	struct account *rows;

	q.limit = (int64_t)limit + 1;
	TRY(account_store_list(&rq->ctx, &q, &rows, &n));
	for (size_t i = 0; i < n && i < limit; i++)
		json_add(data, view_staff_user(rq, &rows[i]));
	return respond_list(rq, data, n > limit ? rows[limit - 1].id.s : NULL);
}

static err_t respond_user(struct request *rq, const struct uuid *id)
{
	struct account account;

	TRY(account_store_get(&rq->ctx, id, &account));
	return respond_resource(rq, 200, view_staff_user(rq, &account), account.version);
}

err_t get_user(struct request *rq)
{
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	return respond_user(rq, &id);
}

void audit_account(struct request *rq, const char *action, const struct uuid *account_id)
{
	audit_record_as(rq, account_id,
		&(struct audit_entry){.action = action, .object_type = "account", .object_id = account_id->s});
}

static json_t *rights_before(struct request *rq, const struct account *a)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set(o, "roles", a->roles);
	json_set_bool(o, "blocked", strcmp(a->state, "blocked") == 0);
	return o;
}

static json_t *rights_after(struct request *rq, const struct user_input *in)
{
	json_t *o = json_new_object(rq->ctx.arena), *roles = json_new_array(rq->ctx.arena);

	for (size_t i = 0; in->has_roles && i < in->nroles; i++)
		json_add_text(roles, in->roles[i]);
	if (in->has_roles)
		json_set(o, "roles", roles);
	if (in->has_blocked)
		json_set_bool(o, "blocked", in->blocked);
	return o;
}

/* Whoever has just become staff is not staff for as long as a customer stays signed in. */
static err_t shorten_sessions(struct request *rq, const struct uuid *id)
{
	const struct life life = staff_life();
	struct account account;

	TRY(account_store_get(&rq->ctx, id, &account));
	if (rule_is_staff(account.roles))
		session_store_shorten(&rq->ctx, id, &life);
	return OK;
}

err_t change_rights(struct request *rq, const struct user_input *in)
{
	struct account account;
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	account_store_lock(&rq->ctx, &id);
	TRY(account_store_get(&rq->ctx, &id, &account));
	TRY(request_if_match(rq, account.version));
	if (strcmp(id.s, rq->subject->user_id.s) == 0)
		return fail(&rq->ctx, &ERR_OWN_ACCOUNT, "ask another administrator");
	TRY(check_may_change(rq, &account));
	if (in->has_roles)
		TRY(check_may_give(rq, in->roles, in->nroles));
	audit_record(rq,
		&(struct audit_entry){.action = "account.rights",
			.object_type = "account",
			.object_id = id.s,
			.before = rights_before(rq, &account),
			.after = rights_after(rq, in)});
	TRY(account_store_set_rights(&rq->ctx, &id, in));
	return shorten_sessions(rq, &id);
}

err_t patch_user(struct request *rq)
{
	const struct user_input *in = rq->input;
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	if (in->has_roles && in->nroles == 0) {
		field_error(&rq->ctx, "roles", "too_small", "an account has at least one role");
		return fail(&rq->ctx, &ERR_INVALID, "an account has at least one role");
	}
	TRY(change_rights(rq, in));
	return respond_user(rq, &id);
}
