/* invitations.c - staff is invited by mail: whoever reads the mailbox opens the account, with the roles that were promised. */
#include "access.h"

#include "attempts.h"
#include "proofs.h"
#include "signin.h"
#include "store_access.h"
#include "store_account.h"

err_t invite(struct request *rq, const struct invitation_input *in, struct uuid *id_r)
{
	struct invitation i = {
		.id = uuid_v7(), .account_id = uuid_v7(), .letter_id = uuid_v7(), .email = in->email, .roles = json_new_array(rq->ctx.arena)};
	json_t *after = json_new_object(rq->ctx.arena);
	struct account there;
	bool found;

	TRY(check_may_give(rq, in->roles, in->nroles));
	TRY(account_store_by_email(&rq->ctx, in->email, &there, &found));
	if (found) {
		field_error(&rq->ctx, "email", "taken", "this address has an account: give it the roles instead");
		return fail(&rq->ctx, &ERR_EMAIL_TAKEN, "this address has an account: give it the roles instead");
	}
	for (size_t n = 0; n < in->nroles; n++)
		json_add_text(i.roles, in->roles[n]);
	invitation_store_insert(&rq->ctx, &i, &rq->subject->user_id);
	json_set(after, "roles", i.roles);
	audit_record(rq,
		&(struct audit_entry){.action = "invitation.create", .object_type = "invitation", .object_id = i.id.s, .after = after});
	*id_r = i.id;
	return OK;
}

err_t invitation_revoke(struct request *rq)
{
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(invitation_store_revoke(&rq->ctx, &id));
	audit_record(rq, &(struct audit_entry){.action = "invitation.revoke", .object_type = "invitation", .object_id = id.s});
	return OK;
}

err_t invitation_of(struct ctx *c, const char *token, struct invitation *invitation_r)
{
	bool found = false;

	if (token != NULL)
		TRY(invitation_store_find(c, token_hash(c->arena, str_of(token)), invitation_r, &found));
	return found ? OK : fail(c, &ERR_INVITATION, "this invitation was used, taken back, or has run out");
}

struct accepting {
	struct request *rq;
	const char *token;
	struct account *account;
};

/* Found again inside the transaction: two that follow one link make one account. */
static err_t accept_body(struct ctx *c, void *arg)
{
	const struct accepting *a = arg;
	struct invitation i;

	TRY(invitation_of(c, a->token, &i));
	a->account->id = i.account_id;
	a->account->email = i.email;
	invitation_store_accept(c, &i, a->account);
	audit_record_as(a->rq, &i.account_id,
		&(struct audit_entry){.action = "invitation.accept", .object_type = "invitation", .object_id = i.id.s});
	return account_store_get(c, &i.account_id, a->account);
}

err_t invitation_accept(struct request *rq, const struct acceptance_input *in, struct account *account_r)
{
	struct ctx *c = &rq->ctx;
	struct accepting a = {.rq = rq, .token = in->token, .account = account_r};
	char hash[PASSWORD_HASH_MAX];
	struct invitation i;

	TRY(attempt_begin(rq, "invitation", NULL, NULL));
	TRY(invitation_of(c, in->token, &i)); /* hashing is dear: not for any link */
	TRY(check_new_password(c, "password", in->password, &(struct account){.email = i.email, .name = in->name}));
	TRY(secret_hash(c, in->password, hash));
	*account_r = (struct account){.name = in->name, .password_hash = hash};
	return db_tx(c, DB_TX_DEFAULT, accept_body, &a);
}
