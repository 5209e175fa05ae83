/* handlers_auth.c - the API of signing in and out. */
#include "factors.h"
#include "store_account.h"
#include "store_session.h"
#include "trail.h"

err_t post_register(struct request *rq)
{
	struct account account;
	json_t *o = json_new_object(rq->ctx.arena);

	TRY(sign_in_register(rq, rq->input, &account));
	json_set(o, "user", view_user(rq, &account));
	return respond_json(rq, 201, o);
}

err_t post_login(struct request *rq)
{
	const struct credentials *in = rq->input;
	struct account account;
	bool asked;

	TRY(sign_in_check(rq, in, &account));
	TRY(factor_check(rq, &account, in->totp, &asked));
	return sign_in_api(rq, &account, asked ? &BY_CODE : &BY_PASSWORD);
}

struct rotation {
	struct request *rq;
	const char *hash, *next_hash;
	struct refresh refresh;
	struct account account;
	bool good;
};

/*
 * A spent token that comes back was copied: its whole family ends, and that must be
 * committed although the request is refused.
 */
static err_t rotate_body(struct ctx *c, void *arg)
{
	struct rotation *r = arg;
	bool found;

	r->good = false;
	TRY(session_store_refresh(c, r->hash, &r->refresh, &found));
	if (!found)
		return OK;
	if (r->refresh.spent) {
		session_store_end(c, &r->refresh.session_id);
		if (r->refresh.open)
			trail_reuse(r->rq, &r->refresh.account_id, &r->refresh.session_id);
		return OK;
	}
	if (!r->refresh.usable)
		return OK;
	session_store_spend(c, r->hash, &r->refresh.session_id);
	session_store_insert_refresh(c, &r->refresh.session_id, r->next_hash);
	TRY(account_store_get(c, &r->refresh.account_id, &r->account));
	r->good = true;
	return OK;
}

err_t post_refresh(struct request *rq)
{
	const struct refresh_input *in = rq->input;
	const char *next = token_new(rq->ctx.arena, SECRET_BYTES);
	struct rotation r = {
		.rq = rq,
		.hash = token_hash(rq->ctx.arena, str_of(in->refresh_token)),
		.next_hash = token_hash(rq->ctx.arena, str_of(next)),
	};
	struct session session;

	TRY(db_tx(&rq->ctx, DB_TX_DEFAULT, rotate_body, &r));
	if (!r.good)
		return fail(&rq->ctx, &ERR_REFRESH, "sign in again");
	session = (struct session){.id = r.refresh.session_id, .version = r.refresh.session_version};
	return respond_tokens(rq, &r.account, &session, next);
}

err_t post_logout(struct request *rq)
{
	session_store_end(&rq->ctx, &rq->subject->session_id);
	audit_account(rq, "session.end", &rq->subject->user_id);
	if (rq->subject->kind == SUBJECT_SESSION)
		sign_out_cookies(rq);
	return respond_empty(rq, 204);
}
