/* handlers_pages.c - signing in, the account's own pages, the back office's customers. */
#include <string.h>

#include "app/page.h"
#include "factors.h"
#include "passkeys.h"
#include "store_account.h"
#include "store_session.h"
#include "viewings.h"

#define AFTER_SIGN_IN "/account"

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

/* ------------------------------------------------------------------ in and out */

/* In the query at first, then a hidden field of the form. */
static json_t *context_with_next(struct request *rq)
{
	json_t *context = json_new_object(rq->ctx.arena);
	const char *next = form_value(rq, "next");

	if (next == NULL)
		next = params_get(&rq->query, "next");
	json_set_text(context, "next", safe_next(rq, next, NULL));
	return context;
}

err_t page_login(struct request *rq)
{
	json_t *context = context_with_next(rq);

	if (rq->failure == &ERR_LOGIN)
		rq->ctx.detail = text(rq, "login.wrong", NULL, 0);
	if (rq->failure == &ERR_PASSKEY)
		rq->ctx.detail = text(rq, "passkeys.wrong", NULL, 0);
	if (rq->failure == &ERR_RATE_LIMITED)
		rq->ctx.detail = text(rq, "login.throttled", NULL, 0);
	json_set_text(context, "forgot_href", "/forgot");
	return show(rq, "auth/login", "login.title", context);
}

err_t page_login_post(struct request *rq)
{
	const struct credentials *in = rq->input;
	struct account account;
	bool needed;

	TRY(sign_in_check(rq, in, &account));
	TRY(factor_needed(&rq->ctx, &account.id, &needed));
	if (needed) {
		TRY(challenge_begin(rq, &account, in));
		return respond_see_other(rq, "/login/code");
	}
	TRY(sign_in_page(rq, &account, &BY_PASSWORD, in->remember));
	return respond_see_other(rq, safe_next(rq, in->next, AFTER_SIGN_IN));
}

err_t page_register(struct request *rq)
{
	return show(rq, "auth/register", "register.title", context_with_next(rq));
}

err_t page_register_post(struct request *rq)
{
	const struct registration *in = rq->input;
	struct account account;
	err_t e = sign_in_register(rq, in, &account);

	if (e == &ERR_EMAIL_TAKEN) {
		ctx_clear_failure(&rq->ctx);
		field_error(&rq->ctx, "email", "taken", "%s", text(rq, "register.taken", NULL, 0));
	}
	TRY(e);
	TRY(sign_in_page(rq, &account, &BY_PASSWORD, false));
	return respond_see_other(rq, safe_next(rq, in->next, AFTER_SIGN_IN));
}

err_t page_logout(struct request *rq)
{
	if (rq->viewing != NULL)
		TRY(viewing_end(rq, &rq->viewing->customer.user_id, "signed_out"));
	if (subject_signed_in(rq->subject)) {
		session_store_end(&rq->ctx, &rq->subject->session_id);
		audit_account(rq, "session.end", &rq->subject->user_id);
	}
	sign_out_cookies(rq);
	return respond_see_other(rq, "/");
}

/* ------------------------------------------------------------------ the account */

err_t page_account(struct request *rq)
{
	json_t *context = json_new_object(rq->ctx.arena);
	struct account account;

	TRY(account_store_get(&rq->ctx, &rq->subject->user_id, &account));
	view_account_page(rq, context, &account);
	return show(rq, "auth/account", "account.page_title", context);
}

err_t page_account_post(struct request *rq)
{
	const struct profile_input *in = rq->input;

	TRY(account_store_rename(&rq->ctx, &rq->subject->user_id, in->name));
	set_name_cookie(rq, in->name);
	return done(rq, "form.saved", "/account");
}

err_t page_security(struct request *rq)
{
	json_t *context = json_new_object(rq->ctx.arena);
	struct session *rows;
	size_t n;

	TRY(session_store_list(&rq->ctx, &rq->subject->user_id, &rows, &n));
	view_security_page(rq, context, rows, n);
	return show(rq, "auth/account-security", "account.security", context);
}

err_t page_password(struct request *rq)
{
	TRY(change_password(rq, rq->input));
	return done(rq, "security.password_changed", "/account/security");
}

err_t page_revoke(struct request *rq)
{
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(session_store_end_own(&rq->ctx, &rq->subject->user_id, &id));
	audit_record(rq, &(struct audit_entry){.action = "session.revoke", .object_type = "session", .object_id = id.s});
	return done(rq, "security.revoked", "/account/security");
}

err_t page_revoke_others(struct request *rq)
{
	session_store_end_others(&rq->ctx, &rq->subject->user_id, &rq->subject->session_id);
	audit_account(rq, "session.revoke_others", &rq->subject->user_id);
	return done(rq, "security.revoked", "/account/security");
}

/* ------------------------------------------------------------------ addresses */

/* Which one is open in the form: ?edit= of the list, or the path of a form that came back. */
static void find_edited(struct request *rq, struct addresses_page *p)
{
	const struct edit_query *q = rq->args;
	const char *id = q != NULL ? q->edit.s : rq->path_args[0];

	for (size_t i = 0; id != NULL && i < p->n; i++) {
		if (strcmp(p->list[i].id.s, id) == 0)
			p->edited = &p->list[i];
	}
}

err_t page_addresses(struct request *rq)
{
	json_t *context = json_new_object(rq->ctx.arena);
	struct addresses_page p = {.edited = NULL};
	struct address *rows;

	TRY(address_store_list(&rq->ctx, &rq->subject->user_id, &rows, &p.n));
	p.list = rows;
	find_edited(rq, &p);
	view_addresses_page(rq, context, &p);
	return show(rq, "auth/account-addresses", "account.addresses", context);
}

err_t page_address_add(struct request *rq)
{
	struct address address;

	TRY(address_add(rq, &address));
	return done(rq, "form.saved", "/account/addresses");
}

err_t page_address_change(struct request *rq)
{
	struct address address;

	TRY(address_change(rq, &address));
	return done(rq, "form.saved", "/account/addresses");
}

err_t page_address_delete(struct request *rq)
{
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	account_store_lock(&rq->ctx, &rq->subject->user_id);
	TRY(address_store_delete(&rq->ctx, &rq->subject->user_id, &id));
	return done(rq, "form.saved", "/account/addresses");
}

err_t page_address_default(struct request *rq)
{
	static const struct address_input as_default = {.is_default = true, .has_default = true};
	struct address address;

	rq->input = &as_default;
	TRY(address_change(rq, &address));
	return done(rq, "form.saved", "/account/addresses");
}

/* ------------------------------------------------------------------ the back office */

err_t page_customers(struct request *rq)
{
	struct user_query q = rq->args != NULL ? *(const struct user_query *)rq->args : (struct user_query){.limit = 0};
	json_t *context = json_new_object(rq->ctx.arena);
	struct customers_page p = {.edited = NULL};
	struct account *rows, edited;
	struct role *roles;

	q.limit = PAGE_ROWS + 1;
	TRY(account_store_list(&rq->ctx, &q, &rows, &p.n));
	TRY(account_store_roles(&rq->ctx, &roles, &p.nroles));
	p.more = p.n > PAGE_ROWS;
	p.n = p.more ? PAGE_ROWS : p.n;
	p.list = rows;
	p.roles = roles;
	if (rq->args == NULL)
		TRY(path_uuid(rq, "id", &q.edit));
	if (uuid_is_set(&q.edit) && subject_can(rq->subject, "users:write")) {
		TRY(account_store_get(&rq->ctx, &q.edit, &edited));
		p.edited = &edited;
	}
	view_customers_page(rq, context, &p);
	return show(rq, "auth/admin-customers", "admin.customers.title", context);
}

/* The form lists staff roles only: everybody stays a customer; a box that is not ticked is not sent. */
err_t page_customer_change(struct request *rq)
{
	const struct user_input *form = rq->input;
	struct user_input in = {.blocked = form->blocked, .has_blocked = true, .has_roles = true};

	in.roles = arena_array_of(rq->ctx.arena, form->nroles + 1, const char *);
	in.roles[in.nroles++] = "customer";
	for (size_t i = 0; i < form->nroles; i++) {
		if (strcmp(form->roles[i], "customer") != 0)
			in.roles[in.nroles++] = form->roles[i];
	}
	TRY(change_rights(rq, &in));
	return done(rq, "form.saved", "/admin/customers");
}
