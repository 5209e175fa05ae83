/* views.c - the only place that names output fields of carts, for the API and for pages. */
#include "cart.h"
#include "app/page.h"
#include <string.h>

#define LOW_STOCK 5

static json_t *quote_line(struct ctx *c, const struct cart_line *l, int64_t line_no)
{
	json_t *o = json_new_object(c->arena);

	json_set_int(o, "line_no", line_no);
	json_set_text(o, "sku", l->offer.sku);
	json_set_text(o, "product_id", l->offer.product_id.s[0] ? l->offer.product_id.s : NULL);
	json_set_text(o, "variant_id", l->offer.variant_id.s[0] ? l->offer.variant_id.s : NULL);
	json_set_text(o, "name", l->offer.name);
	json_set(o, "options", json_own(c->arena, l->offer.options ? json_deep_copy(l->offer.options) : json_object()));
	json_set_text(o, "image_url", l->offer.image_url);
	json_set_text(o, "category", l->offer.category);
	json_set_int(o, "quantity", l->quantity);
	json_set_int(o, "unit_price_minor", l->offer.price_minor);
	if (l->offer.name != NULL)
		json_set_int(o, "price_version", l->offer.price_version);
	else
		json_set_null(o, "price_version");
	json_set_int(o, "discount_minor", l->discount_minor);
	json_set_int(o, "total_minor", l->total_minor);
	json_set_int(o, "tax_minor", l->tax_minor);
	json_set_int(o, "tax_rate_bp", l->tax_rate_bp);
	return o;
}

static json_t *quote_option(struct ctx *c, const struct shipping_price *s)
{
	json_t *o = json_new_object(c->arena);

	json_set_text(o, "id", s->id);
	json_set_text(o, "name", s->name);
	json_set_int(o, "price_minor", s->charge_minor);
	json_set_int(o, "tax_minor", s->tax_minor);
	json_set_int(o, "total_minor", s->total_minor);
	return o;
}

json_t *quote_document(struct ctx *c, const struct cart *cart)
{
	json_t *o = json_new_object(c->arena), *lines = json_new_array(c->arena), *options = json_new_array(c->arena);

	for (size_t i = 0; i < cart->nlines; i++)
		json_add(lines, quote_line(c, &cart->lines[i], (int64_t)i));
	for (size_t i = 0; i < cart->nshipping; i++)
		json_add(options, quote_option(c, &cart->shipping[i]));
	json_set(o, "lines", lines);
	json_set(o, "options", options);
	json_set_int(o, "subtotal_minor", cart->totals.subtotal_minor);
	json_set_int(o, "discount_minor", cart->totals.discount_minor);
	json_set_bool(o, "tax_included", cart->totals.tax_included);
	return o;
}

/* Money as the API has it; on pages with its text beside it. */
static void set_money(struct request *rq, json_t *o, const char *key, int64_t minor, const char *currency)
{
	if (rq->route != NULL && (rq->route->flags & ROUTE_PAGE))
		page_set_money(rq, o, key, money(minor, currency));
	else
		json_set_money(o, key, money(minor, currency));
}

static json_t *view_line(struct request *rq, const struct cart *cart, const struct cart_line *l)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "id", l->id.s);
	json_set_text(o, "sku", l->offer.sku);
	json_set_text(o, "product_id", l->offer.product_id.s[0] ? l->offer.product_id.s : NULL);
	json_set_text(o, "name", l->offer.name ? l->offer.name : l->offer.sku);
	json_set(o, "options", json_own(rq->ctx.arena, l->offer.options ? json_deep_copy(l->offer.options) : json_object()));
	json_set_int(o, "quantity", l->quantity);
	set_money(rq, o, "unit_price", l->offer.price_minor, cart->currency);
	set_money(rq, o, "discount", l->discount_minor, cart->currency);
	set_money(rq, o, "total", l->total_minor, cart->currency);
	json_set_bool(o, "available", line_available(l));
	return o;
}

static json_t *view_totals(struct request *rq, const struct cart *cart)
{
	json_t *o = json_new_object(rq->ctx.arena);
	const struct totals *t = &cart->totals;
	bool page = rq->route != NULL && (rq->route->flags & ROUTE_PAGE);

	set_money(rq, o, "subtotal", t->subtotal_minor, cart->currency);
	set_money(rq, o, "discount", t->discount_minor, cart->currency);
	set_money(rq, o, "shipping", t->shipping_minor, cart->currency);
	set_money(rq, o, "tax", t->tax_minor, cart->currency);
	set_money(rq, o, "total", t->total_minor, cart->currency);
	json_set_bool(o, "tax_included", t->tax_included);
	if (!page)
		return o;
	json_set_bool(o, "has_discount", t->discount_minor > 0);
	json_set_bool(o, "has_tax", t->tax_minor > 0);
	if (!t->shipping_known)
		json_set_null(o, "shipping");
	return o;
}

static const char *number(struct request *rq, int64_t n)
{
	return arena_printf(rq->ctx.arena, "%lld", (long long)n);
}

static const char *estimate_text(struct request *rq, const struct shipping_price *s)
{
	const char *key = s->days_max == 1 ? "cart.estimate_days.one" : "cart.estimate_days.other";

	return text(rq, key,
		TEXT_ARGS({"count", number(rq, s->days_max)}, {"min", number(rq, s->days_min)}, {"max", number(rq, s->days_max)}));
}

json_t *view_shipping_options(struct request *rq, const struct cart *cart)
{
	json_t *list = json_new_array(rq->ctx.arena);
	bool page = rq->route != NULL && (rq->route->flags & ROUTE_PAGE);

	for (size_t i = 0; i < cart->nshipping; i++) {
		const struct shipping_price *s = &cart->shipping[i];
		json_t *o = json_new_object(rq->ctx.arena);

		json_set_text(o, "id", s->id);
		json_set_text(o, "name", s->name);
		set_money(rq, o, "price", s->charge_minor, cart->currency);
		json_set_int(o, "estimate_days", s->days_max);
		json_set_int(o, "estimate_days_min", s->days_min);
		json_add(list, o);
		if (!page)
			continue;
		json_set_bool(o, "is_free", s->charge_minor == 0);
		json_set_text(o, "estimate_text", estimate_text(rq, s));
		json_set_bool(o, "selected", cart->shipping_option ? strcmp(cart->shipping_option, s->id) == 0 : i == 0);
	}
	return list;
}

static json_t *view_messages(struct request *rq, const struct cart *cart)
{
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < cart->nlines; i++) {
		const struct cart_line *l = &cart->lines[i];
		json_t *o;

		if (line_available(l))
			continue;
		o = json_new_object(rq->ctx.arena);
		json_set_text(o, "kind", "error");
		json_set_text(o, "code", l->offer.name == NULL ? "not_offered" : "out_of_stock");
		json_set_text(o, "text", text(rq, "checkout.out_of_stock", TEXT_ARGS({"name", l->offer.name ? l->offer.name : l->offer.sku})));
		json_add(list, o);
	}
	return list;
}

static json_t *view_destination(struct request *rq, const struct cart *cart)
{
	json_t *o;

	if (cart->country == NULL)
		return NULL;
	o = json_new_object(rq->ctx.arena);
	json_set_text(o, "country", cart->country);
	json_set_text(o, "postal_code", cart->postal_code);
	json_set_text(o, "region", cart->region);
	return o;
}

/* What the API and the pages both show. */
static json_t *view_common(struct request *rq, const struct cart *cart, json_t *lines)
{
	json_t *o = json_new_object(rq->ctx.arena), *destination = view_destination(rq, cart);

	json_set_text(o, "id", cart->id.s);
	json_set_int(o, "version", cart->version);
	json_set_text(o, "currency", cart->currency);
	json_set(o, "lines", lines);
	json_set(o, "totals", view_totals(rq, cart));
	json_set(o, "shipping_options", view_shipping_options(rq, cart));
	json_set(o, "messages", view_messages(rq, cart));
	if (destination != NULL)
		json_set(o, "destination", destination);
	else
		json_set_null(o, "destination");
	return o;
}

json_t *view_cart(struct request *rq, const struct cart *cart)
{
	json_t *lines = json_new_array(rq->ctx.arena), *o;

	for (size_t i = 0; i < cart->nlines; i++)
		json_add(lines, view_line(rq, cart, &cart->lines[i]));
	o = view_common(rq, cart, lines);
	json_set_text(o, "status", cart->status);
	return o;
}

/* "M · green", or NULL without options. */
static const char *options_text(struct request *rq, const json_t *options)
{
	struct buf b;
	const char *name;
	json_t *value;

	buf_init(&b, rq->ctx.arena, 1024);
	json_object_foreach((json_t *)(uintptr_t)options, name, value) {
		if (b.len > 0)
			buf_puts(&b, " · ");
		buf_puts(&b, json_string_value(value) ? json_string_value(value) : "");
	}
	return b.len > 0 ? b.p : NULL;
}

static const char *stock_text(struct request *rq, const struct cart_line *l)
{
	if (l->offer.name == NULL || l->offer.in_stock <= 0)
		return text(rq, "cart.unavailable", NULL, 0);
	if (l->offer.in_stock < l->quantity || l->offer.in_stock <= LOW_STOCK)
		return text(rq, l->offer.in_stock == 1 ? "cart.only_left.one" : "cart.only_left.other",
			TEXT_ARGS({"count", number(rq, l->offer.in_stock)}));
	return NULL;
}

static json_t *view_page_line(struct request *rq, const struct cart *cart, const struct cart_line *l)
{
	json_t *o = view_line(rq, cart, l), *image = NULL;
	struct arena *a = rq->ctx.arena;

	json_set_text(o, "href", arena_printf(a, "/p/%s", l->offer.slug ? l->offer.slug : ""));
	json_set_text(o, "options_text", options_text(rq, l->offer.options));
	json_set_int(o, "quantity_max", QUANTITY_MAX);
	json_set_bool(o, "has_discount", l->discount_minor > 0);
	json_set_text(o, "stock_text", stock_text(rq, l));
	json_set_text(o, "update_href", arena_printf(a, "/cart/lines/%s", l->id.s));
	json_set_text(o, "remove_href", arena_printf(a, "/cart/lines/%s/remove", l->id.s));
	json_set_null(o, "error");
	json_set_null(o, "image");
	if (l->offer.image_url != NULL) {
		image = json_new_object(a);
		json_set_text(image, "url", l->offer.image_url);
		json_set_text(image, "alt", l->offer.name);
		json_set(o, "image", image);
	}
	return o;
}

json_t *view_cart_page(struct request *rq, const struct cart *cart)
{
	json_t *lines = json_new_array(rq->ctx.arena), *o;
	int64_t items = cart_item_count(cart);

	for (size_t i = 0; i < cart->nlines; i++)
		json_add(lines, view_page_line(rq, cart, &cart->lines[i]));
	o = view_common(rq, cart, lines);
	json_set_bool(o, "is_empty", cart->nlines == 0);
	json_set_text(o, "items_text", text(rq, items == 1 ? "cart.items.one" : "cart.items.other", TEXT_ARGS({"count", number(rq, items)})));
	json_set_bool(o, "can_checkout", cart_can_checkout(cart));
	json_set_bool(o, "has_shipping_options", cart->nshipping > 0);
	return o;
}
