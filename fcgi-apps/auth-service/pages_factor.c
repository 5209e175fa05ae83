/* pages_factor.c - the second step of signing in, and the account's page of factors. */
#include "app/page.h"
#include "factors.h"
#include "passkeys.h"
#include "proofs.h"
#include "store_factor.h"
#include "store_passkey.h"

#define HERE "/account/factors"

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

static void say(struct request *rq, err_t failure, const char *key)
{
	if (rq->failure == failure)
		rq->ctx.detail = text(rq, key, NULL, 0);
}

/* ------------------------------------------------------------------ the second step */

err_t page_code(struct request *rq)
{
	struct challenge challenge;
	err_t e = OK;

	say(rq, &ERR_CODE_WRONG, "login.totp_wrong");
	say(rq, &ERR_RATE_LIMITED, "login.throttled");
	if (rq->failure == OK)
		e = challenge_find(rq, &challenge);
	if (e == &ERR_CHALLENGE || rq->failure == &ERR_CHALLENGE) {
		ctx_clear_failure(&rq->ctx);
		page_flash(rq, "info", text(rq, "login.again", NULL, 0));
		return respond_see_other(rq, "/login");
	}
	TRY(e);
	return show(rq, "auth/login-code", "login.title", json_new_object(rq->ctx.arena));
}

err_t page_code_post(struct request *rq)
{
	const struct code_input *in = rq->input;
	struct challenge challenge;

	TRY(challenge_answer(rq, in->code, &challenge));
	return respond_see_other(rq, safe_next(rq, challenge.next, "/account"));
}

/* ------------------------------------------------------------------ the account's page */

/* codes NULL: none were made just now. */
static err_t show_factors(struct request *rq, json_t *codes)
{
	json_t *context = json_new_object(rq->ctx.arena), *totp, *setup;
	struct factor_state state;
	struct passkey *passkeys;
	size_t n;

	say(rq, &ERR_RATE_LIMITED, "login.throttled");
	say(rq, &ERR_SAY_AGAIN, "passkeys.sign_in_again");
	TRY(passkey_store_list(&rq->ctx, &rq->subject->user_id, &passkeys, &n));
	TRY(factor_open(&rq->ctx, &rq->subject->user_id, &state));
	totp = view_factor(rq, &state);
	setup = view_factor_setup(rq, &state);
	if (setup != NULL)
		json_set(totp, "setup", setup);
	else
		json_set_null(totp, "setup");
	json_set_text(totp, "left_text",
		text(rq, "factors.left", TEXT_ARGS({"count", arena_printf(rq->ctx.arena, "%lld", (long long)state.codes_left)})));
	set_account_at(rq, context, "security");
	json_set(context, "totp", totp);
	json_set(context, "passkeys", view_passkey_rows(rq, passkeys, n));
	json_set_bool(context, "has_passkeys", n > 0);
	json_set_bool(context, "has_codes", codes != NULL);
	json_set(context, "codes", codes != NULL ? codes : json_new_array(rq->ctx.arena));
	return show(rq, "auth/account-factors", "factors.title", context);
}

err_t page_factors(struct request *rq)
{
	return show_factors(rq, NULL);
}

err_t page_totp_begin(struct request *rq)
{
	struct factor_state state;

	TRY(factor_begin(rq, &state));
	return respond_see_other(rq, HERE);
}

/* The answer itself shows the codes: they are kept nowhere, so no other page could. */
err_t page_totp_confirm(struct request *rq)
{
	const struct code_input *in = rq->input;
	json_t *codes;

	TRY(factor_confirm(rq, in->code, &codes));
	return show_factors(rq, codes);
}

err_t page_recovery_codes(struct request *rq)
{
	const struct code_input *in = rq->input;
	json_t *codes;

	TRY(factor_renew_codes(rq, in->code, &codes));
	return show_factors(rq, codes);
}

err_t page_totp_disable(struct request *rq)
{
	const struct code_input *in = rq->input;

	TRY(factor_disable(rq, in->code));
	return done(rq, "factors.switched_off", HERE);
}

err_t page_customer_factors(struct request *rq)
{
	TRY(factor_remove(rq));
	return done(rq, "form.saved", "/admin/customers");
}
