/* handlers_passkey.c - passkeys: the API, and the forms that the pages' script fills in. */
#include "app/page.h"
#include "factors.h"
#include "passkeys.h"
#include "store_passkey.h"

static err_t respond_options(struct request *rq, json_t *options)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set(o, "public_key", options);
	return respond_json(rq, 200, o);
}

err_t get_passkeys(struct request *rq)
{
	json_t *data = json_new_array(rq->ctx.arena);
	struct passkey *rows;
	size_t n;

	TRY(passkey_store_list(&rq->ctx, &rq->subject->user_id, &rows, &n));
	for (size_t i = 0; i < n; i++)
		json_add(data, view_passkey(rq, &rows[i]));
	return respond_list(rq, data, NULL);
}

err_t post_passkey_creation(struct request *rq)
{
	json_t *options;

	TRY(passkey_creation_options(rq, &options));
	return respond_options(rq, options);
}

err_t post_passkey(struct request *rq)
{
	struct passkey passkey;

	TRY(passkey_add(rq, rq->input, &passkey));
	return respond_json(rq, 201, view_passkey(rq, &passkey));
}

err_t delete_passkey(struct request *rq)
{
	TRY(passkey_remove(rq));
	return respond_empty(rq, 204);
}

err_t post_passkey_request(struct request *rq)
{
	json_t *options;

	TRY(passkey_request_options(rq, &options));
	return respond_options(rq, options);
}

err_t post_passkey_login(struct request *rq)
{
	struct account account;
	struct uuid passkey;

	TRY(passkey_check(rq, rq->input, &account, &passkey));
	return sign_in_api(rq, &account, &(struct opened_by){SHOWN_PASSKEY, &passkey});
}

/* ------------------------------------------------------------------ pages */

err_t page_passkey_add(struct request *rq)
{
	struct passkey passkey;

	TRY(passkey_add(rq, rq->input, &passkey));
	page_flash(rq, "success", text(rq, "passkeys.added", NULL, 0));
	return respond_see_other(rq, "/account/factors");
}

err_t page_passkey_delete(struct request *rq)
{
	TRY(passkey_remove(rq));
	page_flash(rq, "success", text(rq, "passkeys.removed", NULL, 0));
	return respond_see_other(rq, "/account/factors");
}

err_t page_passkey_login(struct request *rq)
{
	const struct assertion_input *in = rq->input;
	struct account account;
	struct uuid passkey;

	TRY(passkey_check(rq, in, &account, &passkey));
	TRY(sign_in_page(rq, &account, &(struct opened_by){SHOWN_PASSKEY, &passkey}, in->remember));
	return respond_see_other(rq, safe_next(rq, in->next, "/account"));
}

/* ------------------------------------------------------------------ views */

json_t *view_passkey(struct request *rq, const struct passkey *p)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "id", p->id.s);
	json_set_text(o, "name", p->name);
	json_set_bool(o, "backed_up", p->backed_up);
	json_set_time(o, "created_at", p->created_us);
	json_set_time(o, "last_used_at", p->used_us);
	return o;
}

json_t *view_passkey_rows(struct request *rq, const struct passkey *list, size_t n)
{
	json_t *rows = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < n; i++) {
		json_t *o = json_new_object(rq->ctx.arena);
		json_set_text(o, "name", list[i].name);
		page_set_time(rq, o, "created_at", list[i].created_us);
		page_set_time(rq, o, "used_at", list[i].used_us);
		json_set_text(o, "delete_href", arena_printf(rq->ctx.arena, "/account/factors/passkeys/%s/delete", list[i].id.s));
		json_add(rows, o);
	}
	return rows;
}
