/* handlers_pages.c - what shoppers see: placing, thanks, tracking, their account's orders. */
#include "order.h"
#include "app/page.h"
#include "store_order.h"
#include "views.h"
#include <string.h>

#define PAGE_SIZE 20

/* ------------------------------------------------------------------ placing */

err_t page_place(struct request *rq)
{
	const struct place_input *in = rq->input;
	struct placing p = {.cart_id = in->cart_id, .quote_version = in->quote_version};
	struct order_details d;

	TRY(order_place(rq, &p, &d));
	browser_remember_order(rq, &d.order.tracking_token);
	return respond_see_other(rq, arena_printf(rq->ctx.arena, "/pay/%s", d.order.payment_id.s));
}

/* The same form again leads to the same order: pay it, or see it. */
static err_t to_existing_order(struct request *rq)
{
	const struct place_input *in = rq->input;
	struct order o;
	bool found;

	TRY(order_store_of_cart(&rq->ctx, &in->cart_id, &o, &found));
	if (!found || (uuid_is_set(&o.user_id) && strcmp(o.user_id.s, rq->subject->user_id.s) != 0))
		return respond_see_other(rq, "/cart");
	browser_remember_order(rq, &o.tracking_token);
	if (order_awaits_payment(&o))
		return respond_see_other(rq, arena_printf(rq->ctx.arena, "/pay/%s", o.payment_id.s));
	return respond_see_other(rq, arena_printf(rq->ctx.arena, "/orders/%s/thanks", o.id.s));
}

/* "lines/2/quantity": the order's third line is the cart's third. */
static const char *out_of_stock_text(struct request *rq)
{
	return rq->ctx.detail != NULL ? rq->ctx.detail : ERR_OUT_OF_STOCK.title;
}

err_t page_place_refused(struct request *rq)
{
	err_t e = rq->failure;

	if (e == &ERR_CART_ORDERED && rq->input != NULL)
		return to_existing_order(rq);
	if (e == &ERR_CART_CHANGED) {
		page_flash(rq, "error", text(rq, "checkout.cart_changed", NULL, 0));
		return respond_see_other(rq, "/checkout/review");
	}
	if (e == &ERR_SHIPPING_OPTION)
		return respond_see_other(rq, "/checkout/shipping");
	if (e == &ERR_CONTACT_MISSING || e == &ERR_NO_DESTINATION || e == &ERR_INVALID)
		return respond_see_other(rq, "/checkout");
	if (e == &ERR_OUT_OF_STOCK)
		page_flash(rq, "error", out_of_stock_text(rq));
	else
		page_flash(rq, "error", rq->ctx.detail != NULL ? rq->ctx.detail : e->title);
	return respond_see_other(rq, "/cart");
}

/* ------------------------------------------------------------------ one order */

struct seen {
	struct order_details d;
	struct payment_state payment;
	struct timeline_entry *events;
	size_t nevents;
};

static json_t *new_context(struct request *rq, const struct seen *s)
{
	json_t *context = json_new_object(rq->ctx.arena);

	json_set(context, "order", view_order_page(rq, &s->d, &s->payment));
	json_set(context, "progress", view_progress(rq, &s->d));
	json_set(context, "timeline", view_timeline(rq, s->events, s->nevents));
	return context;
}

static err_t load(struct request *rq, const struct uuid *id, const struct viewer *v, struct seen *s)
{
	bool known;

	TRY(order_store_get(&rq->ctx, id, v, false, &s->d));
	TRY(order_store_payment(&rq->ctx, id, &s->payment, &known));
	if (!known)
		s->payment = (struct payment_state){.status = NULL};
	return order_store_timeline(&rq->ctx, id, &s->events, &s->nevents);
}

static err_t respond_order_page(struct request *rq, const char *template_name, json_t *context, const char *title)
{
	return page_respond(rq, 200, template_name, context, &(struct page_info){.title = title, .noindex = true});
}

static const char *order_title(struct request *rq, const struct order *o)
{
	return arena_printf(rq->ctx.arena, "%s %s", text(rq, "order.title", NULL, 0), o->number);
}

err_t page_thanks(struct request *rq)
{
	struct viewer v = viewer_of(rq);
	struct seen s;
	struct uuid id;
	json_t *context;

	TRY(path_uuid(rq, "id", &id));
	TRY(load(rq, &id, &v, &s));
	context = new_context(rq, &s);
	json_set_text(context, "paid_text", text(rq, "thanks.confirmation", TEXT_ARGS({"email", s.d.order.email})));
	return respond_order_page(rq, "order/thanks", context, text(rq, "thanks.page_title", NULL, 0));
}

static err_t tracked_id(struct request *rq, struct viewer *v, struct uuid *token, struct uuid *id)
{
	TRY(path_uuid(rq, "tracking_token", token));
	TRY(order_store_id_by_token(&rq->ctx, token, id));
	*v = (struct viewer){.tokens = {token->s}, .ntokens = 1};
	return OK;
}

err_t page_track(struct request *rq)
{
	struct uuid token, id;
	struct viewer v;
	struct seen s;
	json_t *context;

	TRY(tracked_id(rq, &v, &token, &id));
	TRY(load(rq, &id, &v, &s));
	context = new_context(rq, &s);
	return respond_order_page(rq, "order/track", context, order_title(rq, &s.d.order));
}

/* Cancels, then back to the page it was asked from. */
static err_t cancel(struct request *rq, const struct uuid *id, const struct viewer *v, const char *back)
{
	struct actor by = actor_of(rq);
	struct order_details d;

	TRY(order_store_get(&rq->ctx, id, v, true, &d));
	TRY(order_cancel(&rq->ctx, &d, &by, "customer"));
	page_flash(rq, "success", text(rq, "order.cancelled", NULL, 0));
	return respond_see_other(rq, back);
}

err_t page_track_cancel(struct request *rq)
{
	struct uuid token, id;
	struct viewer v;

	TRY(tracked_id(rq, &v, &token, &id));
	return cancel(rq, &id, &v, arena_printf(rq->ctx.arena, "/track/%s", token.s));
}

/* ------------------------------------------------------------------ the account's orders */

static json_t *account_menu(struct request *rq)
{
	json_t *v = json_new_object(rq->ctx.arena);

	json_set_bool(v, "overview", false);
	json_set_bool(v, "orders", true);
	json_set_bool(v, "addresses", false);
	json_set_bool(v, "security", false);
	return v;
}

err_t page_account_orders(struct request *rq)
{
	struct orders_query q = *(const struct orders_query *)rq->args;
	struct orders_wanted w = {.user_id = &rq->subject->user_id, .query = &q};
	json_t *context = json_new_object(rq->ctx.arena), *orders = json_new_array(rq->ctx.arena);
	struct order *rows;
	size_t n;
	/* A broken cursor shows the first page. */
	bool at_first = q.cursor == NULL || !uuid_parse(str_of(q.cursor), &w.before);

	q.limit = PAGE_SIZE;
	TRY(order_store_list(&rq->ctx, &w, &rows, &n));
	for (size_t i = 0; i < n && i < PAGE_SIZE; i++)
		json_add(orders, view_row_page(rq, &rows[i], "/account/orders"));
	json_set(context, "account_at", account_menu(rq));
	json_set_bool(context, "has_orders", n > 0);
	json_set(context, "orders", orders);
	json_set(context, "pager",
		view_pager(rq, "/account/orders", n > PAGE_SIZE ? rows[PAGE_SIZE - 1].id.s : NULL, at_first));
	return respond_order_page(rq, "order/account-orders", context, text(rq, "account.orders", NULL, 0));
}

err_t page_account_order(struct request *rq)
{
	struct viewer v = {.user_id = rq->subject->user_id};
	struct seen s;
	struct uuid id;
	json_t *context, *order;

	TRY(path_uuid(rq, "id", &id));
	TRY(load(rq, &id, &v, &s));
	context = new_context(rq, &s);
	order = json_object_get(context, "order");
	json_set_text(order, "cancel_href", arena_printf(rq->ctx.arena, "/account/orders/%s/cancel", id.s));
	json_set(context, "invoice", json_object_get(order, "invoice"));
	json_set(context, "account_at", account_menu(rq));
	return respond_order_page(rq, "order/account-order", context, order_title(rq, &s.d.order));
}

err_t page_account_cancel(struct request *rq)
{
	struct viewer v = {.user_id = rq->subject->user_id};
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	return cancel(rq, &id, &v, arena_printf(rq->ctx.arena, "/account/orders/%s", id.s));
}
