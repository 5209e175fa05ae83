/* pages_viewing.c - one account in the back office, and the way into the shop as it sees it. */
#include "viewings.h"

#include "app/page.h"
#include "store_account.h"

err_t page_customer(struct request *rq)
{
	json_t *context = json_new_object(rq->ctx.arena);
	struct customers_page p = {.n = 1};
	struct account account;
	struct role *roles;
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(account_store_get(&rq->ctx, &id, &account));
	TRY(account_store_roles(&rq->ctx, &roles, &p.nroles));
	p.list = &account;
	p.roles = roles;
	view_customer_page(rq, context, &p);
	return page_respond(rq, 200, "auth/admin-customer", context, &(struct page_info){.title = account.name, .noindex = true});
}

static err_t back(struct request *rq, const char *kind, const char *message_key)
{
	page_flash(rq, kind, text(rq, message_key, NULL, 0));
	return respond_see_other(rq, arena_printf(rq->ctx.arena, "/admin/customers/%s", path_arg(rq, "id")));
}

err_t page_viewing_start(struct request *rq)
{
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(viewing_start(rq, &id));
	return respond_see_other(rq, "/account");
}

err_t page_viewing_end(struct request *rq)
{
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(viewing_end(rq, &id, "left"));
	return back(rq, "success", "viewing.ended");
}

err_t page_viewing_over(struct request *rq)
{
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	return back(rq, "info", "viewing.over");
}
