/*
 * proofs.c - what following a mail's link does, and who gets such a mail.
 *
 * A link is worth what its mailbox is worth: it proves that somebody reads it. It does not
 * prove that this somebody opened the account. So the page that a mail leads to asks for the
 * account's session as well: else whoever registers with another's address would only have to
 * wait until its owner clicks. Choosing a new password proves both, and throws everybody else out.
 */
#include "proofs.h"

#include <string.h>

#include "attempts.h"
#include "store_account.h"
#include "store_attempt.h"
#include "store_proof.h"
#include "store_session.h"

err_t proof_presence(struct request *rq)
{
	bool fresh = false;

	TRY(proof_store_fresh(&rq->ctx, &rq->subject->session_id, &fresh));
	return fresh ? OK : fail(&rq->ctx, &ERR_SAY_AGAIN, "sign in again before you change how you sign in");
}

/* ------------------------------------------------------------------ links */

err_t proof_find(struct ctx *c, const char *token, const char *proves, struct proof *proof_r)
{
	bool found = false, reset = strcmp(proves, "reset") == 0;

	if (token != NULL)
		TRY(proof_store_find(c, token_hash(c->arena, str_of(token)), proof_r, &found));
	if (!found || (strcmp(proof_r->proves, "reset") == 0) != reset)
		return fail(c, &ERR_PROOF, "the link was used already, is too old, or was never sent");
	return OK;
}

static void tell(struct ctx *c, const struct proof *p, const char *kind, const char *to)
{
	const char *other = to == p->email ? p->recipient : p->email;

	proof_store_letter(c,
		&(struct letter){
			.kind = kind,
			.account_id = &p->account_id,
			.user_id = &p->account_id,
			.recipient = to,
			.name = p->name,
			.other_email = strcmp(other, to) != 0 ? other : NULL,
		});
}

struct verification {
	struct request *rq;
	const char *token;
	const struct uuid *owner; /* NULL: whoever has the link */
	struct proof proof;
};

static err_t verify_body(struct ctx *c, void *arg)
{
	struct verification *v = arg;
	const struct proof *p = &v->proof;

	TRY(proof_find(c, v->token, "verify", &v->proof));
	if (v->owner != NULL && strcmp(v->owner->s, p->account_id.s) != 0)
		return fail(c, &ERR_PROOF_OTHER, "the link belongs to another account; sign out and follow it again");
	if (strcmp(p->proves, "mailbox") == 0) {
		proof_store_spend(c, &p->account_id, "mailbox");
		proof_store_verified(c, p);
		audit_account(v->rq, "account.mailbox_verify", &p->account_id);
		return OK;
	}
	/* Links that went to the old address must not open the account any more. */
	proof_store_spend(c, &p->account_id, "change");
	proof_store_spend(c, &p->account_id, "mailbox");
	proof_store_spend(c, &p->account_id, "reset");
	tell(c, p, "email_changed", p->email);
	tell(c, p, "email_changed", p->recipient);
	proof_store_email(c, p);
	audit_account(v->rq, "account.email_change", &p->account_id);
	return OK;
}

err_t proof_verify(struct request *rq, const char *token, bool owner_only, struct proof *proof_r)
{
	struct verification v = {.rq = rq, .token = token, .owner = owner_only ? &rq->subject->user_id : NULL};

	TRY(db_tx(&rq->ctx, DB_TX_DEFAULT, verify_body, &v));
	*proof_r = v.proof;
	return OK;
}

/* ------------------------------------------------------------------ a new password */

err_t proof_forgot(struct request *rq, const char *email)
{
	TRY(attempt_begin(rq, "forgot", email, NULL));
	return proof_store_forgot(&rq->ctx, rule_email_key(rq->ctx.arena, email));
}

static err_t send_resets_body(struct ctx *c, void *arg)
{
	struct proof *rows;
	size_t n;

	(void)arg;
	TRY(proof_store_take_forgotten(c, &rows, &n));
	for (size_t i = 0; i < n; i++)
		tell(c, &rows[i], "reset_password", rows[i].email);
	return OK;
}

err_t proof_send_resets(struct ctx *c)
{
	return db_tx(c, DB_TX_DEFAULT, send_resets_body, NULL);
}

struct reset {
	struct request *rq;
	const char *token, *hash;
};

/* Whoever was in is out, and what was waiting for the old password is not waited for. */
static err_t reset_body(struct ctx *c, void *arg)
{
	const struct reset *r = arg;
	struct attempt attempts;
	struct proof p;

	TRY(proof_find(c, r->token, "reset", &p));
	attempts = attempt_of(r->rq, "login", p.email);
	attempts.keys[1] = NULL; /* nobody signed in: the network's count stays */
	attempt_store_forgive(c, &attempts);
	account_store_set_password(c, &p.account_id, r->hash);
	audit_account(r->rq, "account.password_reset", &p.account_id);
	session_store_end_all(c, &p.account_id);
	proof_store_spend(c, &p.account_id, "reset");
	proof_store_spend(c, &p.account_id, "change");
	proof_store_verified(c, &p);
	tell(c, &p, "password_changed", p.email);
	return OK;
}

err_t proof_reset(struct request *rq, const struct reset_input *in)
{
	struct ctx *c = &rq->ctx;
	struct reset r = {.rq = rq, .token = in->token};
	char hash[PASSWORD_HASH_MAX];
	struct proof p;

	TRY(attempt_begin(rq, "reset", NULL, NULL));
	TRY(proof_find(c, in->token, "reset", &p)); /* hashing is dear: not for any link */
	TRY(check_new_password(c, "password", in->password, &(struct account){.email = p.email, .name = p.name}));
	TRY(secret_hash(c, in->password, hash));
	r.hash = hash;
	return db_tx(c, DB_TX_DEFAULT, reset_body, &r);
}

/* ------------------------------------------------------------------ the account's own address */

static struct proof own_proof(struct request *rq, const char *recipient)
{
	const struct subject *s = rq->subject;

	return (struct proof){.account_id = s->user_id, .email = s->email, .name = s->name, .recipient = recipient};
}

struct asking {
	struct request *rq;
	const char *new_email;
};

static err_t ask_again_body(struct ctx *c, void *arg)
{
	struct request *rq = arg;
	const struct proof p = own_proof(rq, rq->subject->email);
	struct account account;

	TRY(account_store_get(c, &p.account_id, &account));
	if (account.verified_us == 0)
		tell(c, &p, "verify_email", p.email);
	return OK;
}

err_t proof_ask_again(struct request *rq)
{
	TRY(attempt_begin(rq, "verify", rq->subject->email, &rq->subject->user_id));
	return db_tx(&rq->ctx, DB_TX_DEFAULT, ask_again_body, rq);
}

/* Only the last address asked for counts. */
static err_t change_email_body(struct ctx *c, void *arg)
{
	const struct asking *a = arg;
	const struct proof p = own_proof(a->rq, a->new_email);

	proof_store_spend(c, &p.account_id, "change");
	tell(c, &p, "email_change", p.recipient);
	tell(c, &p, "email_change_notice", p.email);
	audit_account(a->rq, "account.email_change_request", &p.account_id);
	return OK;
}

err_t proof_change_email(struct request *rq, const struct email_input *in)
{
	struct ctx *c = &rq->ctx;
	struct asking a = {.rq = rq, .new_email = in->email};

	if (strcmp(in->email, rq->subject->email) == 0) {
		field_error(c, "email", "same", "this is the address the account has");
		return fail(c, &ERR_INVALID, "this is the address the account has");
	}
	TRY(check_own_password(rq, "password", in->password));
	return db_tx(c, DB_TX_DEFAULT, change_email_body, &a);
}
