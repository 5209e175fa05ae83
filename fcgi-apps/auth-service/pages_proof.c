/* pages_proof.c - pages that a mail's link leads to, and those that make such mails: /forgot, /reset, /verify, /account/email, /account/privacy. */
#include <string.h>

#include "app/page.h"
#include "proofs.h"
#include "signin.h"
#include "store_account.h"
#include "store_proof.h"

static err_t show(struct request *rq, const char *template_name, const char *title_key, json_t *context)
{
	const struct page_info info = {.title = text(rq, title_key, NULL, 0), .noindex = true};

	return page_respond(rq, 200, template_name, context, &info);
}

static err_t done(struct request *rq, const char *kind, const char *message_key, const char *location)
{
	page_flash(rq, kind, text(rq, message_key, NULL, 0));
	return respond_see_other(rq, location);
}

/* In the query at first, then a hidden field of the form. */
static const char *token_of(struct request *rq)
{
	const char *token = form_value(rq, "token");

	return token != NULL ? token : params_get(&rq->query, "token");
}

/* What the form that came back says on top, in people's words. */
static void say(struct request *rq, err_t failure, const char *key)
{
	if (rq->failure == failure)
		rq->ctx.detail = text(rq, key, NULL, 0);
}

/* The link as it is: what it may still do, or why not. A refusal is what the page says, not its failure. */
static err_t find_link(struct request *rq, const char *proves, json_t *context, struct proof *proof_r, bool *good_r)
{
	err_t e = proof_find(&rq->ctx, token_of(rq), proves, proof_r);

	if (e != OK && e != &ERR_PROOF)
		return e;
	*good_r = e == OK;
	if (*good_r)
		json_set_text(context, "token", token_of(rq));
	else
		ctx_clear_failure(&rq->ctx);
	return OK;
}

/* ------------------------------------------------------------------ a forgotten password */

err_t page_forgot(struct request *rq)
{
	say(rq, &ERR_RATE_LIMITED, "login.throttled");
	return show(rq, "auth/forgot", "reset.forgot_title", json_new_object(rq->ctx.arena));
}

err_t page_forgot_post(struct request *rq)
{
	const struct forgot_input *in = rq->input;

	TRY(proof_forgot(rq, in->email));
	return done(rq, "info", "reset.sent", "/login");
}

err_t page_reset(struct request *rq)
{
	json_t *context = json_new_object(rq->ctx.arena);
	const struct field_error *wrong = rq->ctx.errors;
	bool good = false;
	struct proof p;

	say(rq, &ERR_RATE_LIMITED, "login.throttled");
	if (rq->failure == OK || wrong != NULL || rq->failure == &ERR_RATE_LIMITED)
		TRY(find_link(rq, "reset", context, &p, &good));
	if (good)
		json_set_text(context, "email", p.email);
	json_set_bool(context, "good", good);
	return show(rq, "auth/reset", "reset.title", context);
}

err_t page_reset_post(struct request *rq)
{
	TRY(proof_reset(rq, rq->input));
	return done(rq, "success", "reset.done", "/login");
}

/* ------------------------------------------------------------------ an address that is confirmed */

err_t page_verify(struct request *rq)
{
	json_t *context = json_new_object(rq->ctx.arena);
	bool good = false, own;
	struct proof p;

	if (rq->failure == OK)
		TRY(find_link(rq, "verify", context, &p, &good));
	own = good && strcmp(p.account_id.s, rq->subject->user_id.s) == 0;
	if (own)
		json_set_text(context, "address", p.recipient);
	json_set_bool(context, "good", own);
	json_set_bool(context, "other", (good && !own) || rq->failure == &ERR_PROOF_OTHER);
	json_set_bool(context, "taken", rq->failure == &ERR_EMAIL_TAKEN);
	return show(rq, "auth/verify", "verify.title", context);
}

err_t page_verify_post(struct request *rq)
{
	const struct token_input *in = rq->input;
	struct proof p;

	TRY(proof_verify(rq, in->token, true, &p));
	return done(rq, "success", "verify.done", "/account");
}

err_t page_email(struct request *rq)
{
	json_t *context = json_new_object(rq->ctx.arena);
	struct account account;

	say(rq, &ERR_RATE_LIMITED, "login.throttled");
	TRY(account_store_get(&rq->ctx, &rq->subject->user_id, &account));
	set_account_at(rq, context, "overview");
	json_set(context, "account", view_own_account(rq, &account));
	return show(rq, "auth/account-email", "email.title", context);
}

err_t page_email_post(struct request *rq)
{
	TRY(proof_change_email(rq, rq->input));
	return done(rq, "info", "email.sent", "/account/email");
}

err_t page_email_verify(struct request *rq)
{
	TRY(proof_ask_again(rq));
	return done(rq, "info", "email.sent", "/account/email");
}

/* ------------------------------------------------------------------ one's data, and its end */

err_t page_privacy(struct request *rq)
{
	json_t *context = json_new_object(rq->ctx.arena);

	say(rq, &ERR_RATE_LIMITED, "login.throttled");
	say(rq, &ERR_LAST_ADMIN, "privacy.last_admin");
	set_account_at(rq, context, "privacy");
	return show(rq, "auth/account-privacy", "privacy.title", context);
}

err_t page_export(struct request *rq)
{
	return get_export(rq);
}

err_t page_erase(struct request *rq)
{
	const struct erase_input *in = rq->input;

	TRY(account_erase(rq, in->password));
	sign_out_cookies(rq);
	return done(rq, "success", "privacy.erased", "/login");
}
