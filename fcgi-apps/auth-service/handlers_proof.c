/* handlers_proof.c - the API of mailbox proofs, of the account's export and of its end. */
#include "proofs.h"
#include "store_session.h"

err_t post_forgot(struct request *rq)
{
	const struct forgot_input *in = rq->input;

	TRY(proof_forgot(rq, in->email));
	return respond_empty(rq, 202);
}

err_t post_reset(struct request *rq)
{
	TRY(proof_reset(rq, rq->input));
	return respond_empty(rq, 204);
}

err_t post_verify(struct request *rq)
{
	const struct token_input *in = rq->input;
	json_t *o = json_new_object(rq->ctx.arena);
	struct proof p;

	TRY(proof_verify(rq, in->token, false, &p));
	json_set_text(o, "email", p.recipient);
	return respond_json(rq, 200, o);
}

err_t post_verification(struct request *rq)
{
	TRY(proof_ask_again(rq));
	return respond_empty(rq, 202);
}

err_t post_email(struct request *rq)
{
	TRY(proof_change_email(rq, rq->input));
	return respond_empty(rq, 202);
}

err_t delete_sessions(struct request *rq)
{
	session_store_end_others(&rq->ctx, &rq->subject->user_id, &rq->subject->session_id);
	audit_account(rq, "session.revoke_others", &rq->subject->user_id);
	return respond_empty(rq, 204);
}

err_t get_export(struct request *rq)
{
	json_t *document;

	TRY(account_export(rq, &document));
	response_header(rq, "Content-Disposition", "attachment; filename=\"account.json\"");
	return respond_json(rq, 200, document);
}

err_t delete_me(struct request *rq)
{
	const struct erase_input *in = rq->input;

	TRY(account_erase(rq, in->password));
	if (rq->subject->kind == SUBJECT_SESSION)
		sign_out_cookies(rq);
	return respond_empty(rq, 204);
}
