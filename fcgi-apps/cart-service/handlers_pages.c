/* handlers_pages.c - the cart page and its forms. */
#include "cart.h"
#include "app/page.h"
#include "store_cart.h"
#include <string.h>

#define CART_PATH "/cart"

/* The message beside the quantity that was refused, and the quantity as it was typed. */
static void mark_line(struct request *rq, json_t *cart)
{
	size_t i;
	json_t *line;

	if (rq->ctx.errors == NULL || strstr(rq->route->path, "{line_id}") == NULL)
		return;
	json_array_foreach(json_object_get(cart, "lines"), i, line) {
		if (strcmp(json_text(line, "id", ""), path_arg(rq, "line_id")) != 0)
			continue;
		json_set_text(line, "error", rq->ctx.errors->message);
		json_set_text(line, "quantity", form_value(rq, "quantity"));
	}
}

err_t page_cart(struct request *rq)
{
	struct cart cart = {.status = "open", .version = 1};
	json_t *context = json_new_object(rq->ctx.arena), *view;
	bool found;

	TRY(browser_cart(rq, false, &cart, &found));
	if (found) {
		TRY(cart_refresh(rq, &cart));
		browser_remember(rq, &cart);
	} else {
		memcpy(cart.currency, rq->app->currency, sizeof(cart.currency));
	}
	view = view_cart_page(rq, &cart);
	mark_line(rq, view);
	json_set(context, "cart", view);
	json_set(context, "destination", json_object_get(view, "destination"));
	json_set(context, "countries", page_countries(rq, cart.country ? cart.country : rq->app->country));
	return page_respond(rq, 200, "cart/cart", context, &(struct page_info){.title = text(rq, "cart.title", NULL, 0), .noindex = true});
}

/* After a change: prices, COMMIT, cookies, and back to the cart. */
static err_t finish(struct request *rq, struct cart *cart)
{
	TRY(cart_price(&rq->ctx, cart));
	cart_store_save(&rq->ctx, cart);
	browser_remember(rq, cart);
	return respond_see_other(rq, CART_PATH);
}

static const char *name_of(const struct cart *cart, const char *sku)
{
	for (size_t i = 0; i < cart->nlines; i++)
		if (strcmp(cart->lines[i].offer.sku, sku) == 0 && cart->lines[i].offer.name != NULL)
			return cart->lines[i].offer.name;
	return sku;
}

err_t page_add(struct request *rq)
{
	const struct line_input *in = rq->input;
	const struct lines_input wishes = {in, 1};
	struct line_input line = *in;
	struct offer *offers;
	struct cart cart;
	bool found;

	TRY(browser_cart(rq, true, &cart, &found));
	if (found) {
		TRY(cart_store_offers(&rq->ctx, &cart, NULL, &wishes, &offers));
		TRY(cart_add(&rq->ctx, &cart, &wishes, offers, true));
		page_flash(rq, "success", text(rq, "product.added", TEXT_ARGS({"name", name_of(&cart, in->sku)})));
		return finish(rq, &cart);
	}
	TRY(cart_create(rq, &(struct cart_input){.lines = &line, .nlines = 1, .one = true}, &cart));
	page_flash(rq, "success", text(rq, "product.added", TEXT_ARGS({"name", name_of(&cart, in->sku)})));
	browser_remember(rq, &cart);
	return respond_see_other(rq, CART_PATH);
}

static err_t change_quantity(struct request *rq, int64_t quantity)
{
	struct cart cart;
	bool found;

	TRY(browser_cart(rq, true, &cart, &found));
	if (!found)
		return respond_see_other(rq, CART_PATH);
	TRY(cart_set_quantity(&rq->ctx, &cart, path_arg(rq, "line_id"), quantity));
	page_flash(rq, "success", text(rq, "cart.updated", NULL, 0));
	return finish(rq, &cart);
}

err_t page_update(struct request *rq)
{
	return change_quantity(rq, ((const struct quantity_input *)rq->input)->quantity);
}

err_t page_remove(struct request *rq)
{
	return change_quantity(rq, 0);
}

err_t page_destination(struct request *rq)
{
	const struct destination_input *in = rq->input;
	struct cart cart;
	bool found;

	TRY(browser_cart(rq, true, &cart, &found));
	if (!found)
		return respond_see_other(rq, CART_PATH);
	cart.country = in->country;
	cart.postal_code = in->postal_code;
	cart.region = in->region;
	TRY(cart_store_rates(&rq->ctx, rq->app->country, &cart));
	return finish(rq, &cart);
}
