/* handlers_checkout.c - checkout pages up to the review; placing the order is order-service's. */
#include "cart.h"
#include "app/auth.h"
#include "app/page.h"
#include "store_cart.h"
#include <string.h>

static const char *const ADDRESS_MEMBERS[] = {"name", "line1", "line2", "city", "region", "postal_code", "country", "phone"};

/* The cart this checkout is about; *found_r false: already answered with the way back to the cart. */
static err_t checkout_cart(struct request *rq, bool lock, struct cart *cart_r, bool *found_r)
{
	TRY(browser_cart(rq, lock, cart_r, found_r));
	if (*found_r && cart_can_checkout(cart_r))
		return OK;
	*found_r = false;
	return respond_see_other(rq, "/cart");
}

enum step { STEP_ADDRESS, STEP_SHIPPING, STEP_REVIEW, STEP_PAYMENT, STEP_N };

static json_t *view_steps(struct request *rq, enum step at)
{
	static const struct {
		const char *key, *href;
	} steps[STEP_N] = {
		[STEP_ADDRESS] = {"checkout.step_address", "/checkout"},
		[STEP_SHIPPING] = {"checkout.step_shipping", "/checkout/shipping"},
		[STEP_REVIEW] = {"checkout.step_review", "/checkout/review"},
		[STEP_PAYMENT] = {"checkout.step_payment", NULL},
	};
	json_t *list = json_new_array(rq->ctx.arena);

	for (enum step i = 0; i < STEP_N; i++) {
		json_t *o = json_new_object(rq->ctx.arena);

		json_set_text(o, "name", text(rq, steps[i].key, NULL, 0));
		json_set_text(o, "href", i < at ? steps[i].href : NULL);
		json_set_bool(o, "current", i == at);
		json_set_bool(o, "done", i < at);
		json_add(list, o);
	}
	return list;
}

static json_t *new_context(struct request *rq, const struct cart *cart, enum step at)
{
	json_t *context = json_new_object(rq->ctx.arena);

	json_set(context, "steps", view_steps(rq, at));
	json_set(context, "cart", view_cart_page(rq, cart));
	return context;
}

static err_t respond_step(struct request *rq, const char *template_name, json_t *context, const char *title_key)
{
	return page_respond(rq, 200, template_name, context, &(struct page_info){.title = text(rq, title_key, NULL, 0), .noindex = true});
}

/* What the form says when it is opened: what was entered before, or what the account knows. */
static void prefill(struct request *rq, json_t *context, const struct cart *cart)
{
	json_t *form = json_new_object(rq->ctx.arena), *values = json_new_object(rq->ctx.arena);
	const json_t *address = json_object_get(cart->contact, "shipping_address");

	json_set_text(values, "email", json_text(cart->contact, "email", rq->subject->email));
	json_set_text(values, "note", json_text(cart->contact, "note", NULL));
	for (size_t i = 0; i < ARRAY_LEN(ADDRESS_MEMBERS); i++)
		json_set_text(values, ADDRESS_MEMBERS[i], json_text(address, ADDRESS_MEMBERS[i], NULL));
	json_set(form, "values", values);
	json_set(form, "error", json_new_object(rq->ctx.arena));
	json_set(form, "errors", json_new_array(rq->ctx.arena));
	json_set_bool(form, "has_errors", false);
	json_set(context, "form", form);
}

static err_t saved_addresses(struct request *rq, struct saved_address **rows_r, size_t *n_r)
{
	*n_r = 0;
	return subject_signed_in(rq->subject) ? cart_store_addresses(&rq->ctx, &rq->subject->user_id, rows_r, n_r) : OK;
}

static const char *country_name(struct request *rq, const char *code)
{
	return text(rq, arena_printf(rq->ctx.arena, "country.%s", code), NULL, 0);
}

static json_t *view_saved(struct request *rq, const struct saved_address *rows, size_t n, const char *chosen)
{
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < n; i++) {
		json_t *o = json_new_object(rq->ctx.arena);

		json_set_text(o, "id", rows[i].id.s);
		json_set_text(o, "text", arena_printf(rq->ctx.arena, "%s, %s, %s %s, %s", rows[i].name, rows[i].line1, rows[i].postal_code,
						 rows[i].city, country_name(rq, rows[i].country)));
		json_set_bool(o, "selected", chosen ? strcmp(chosen, rows[i].id.s) == 0 : rows[i].is_default);
		json_add(list, o);
	}
	return list;
}

err_t page_address(struct request *rq)
{
	struct cart cart;
	struct saved_address *rows;
	size_t n;
	bool found;
	const char *country, *chosen = form_value(rq, "address_id");
	json_t *context;

	TRY(checkout_cart(rq, false, &cart, &found));
	if (!found)
		return OK;
	TRY(saved_addresses(rq, &rows, &n));
	context = new_context(rq, &cart, STEP_ADDRESS);
	if (rq->form.n == 0)
		prefill(rq, context, &cart);
	if (chosen == NULL && cart.contact != NULL)
		chosen = "";
	country = form_value(rq, "country") ? form_value(rq, "country") : cart.country;
	json_set(context, "countries", page_countries(rq, country ? country : rq->app->country));
	json_set_bool(context, "has_saved_addresses", n > 0);
	json_set(context, "saved_addresses", view_saved(rq, rows, n, chosen));
	json_set_bool(context, "new_address", chosen != NULL && chosen[0] == '\0');
	return respond_step(rq, "cart/checkout-address", context, "checkout.address_title");
}

static const struct saved_address *address_by_id(const struct saved_address *rows, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i].id.s, id) == 0)
			return &rows[i];
	return NULL;
}

/* The address typed, or the saved one chosen instead. */
static err_t chosen_address(struct request *rq, const struct address_input *in, struct address_input *to_r)
{
	struct saved_address *rows;
	const struct saved_address *saved;
	size_t n;

	*to_r = *in;
	if (in->address_id == NULL || in->address_id[0] == '\0')
		return OK;
	TRY(saved_addresses(rq, &rows, &n));
	saved = address_by_id(rows, n, in->address_id);
	if (saved == NULL) {
		field_error(&rq->ctx, "address_id", "unknown", "choose one of your addresses");
		return ctx_check(&rq->ctx);
	}
	to_r->name = saved->name;
	to_r->line1 = saved->line1;
	to_r->line2 = saved->line2;
	to_r->city = saved->city;
	to_r->region = saved->region;
	to_r->postal_code = saved->postal_code;
	to_r->country = saved->country;
	to_r->phone = saved->phone;
	return OK;
}

static json_t *contact_document(struct request *rq, const struct address_input *a)
{
	const char *const values[] = {a->name, a->line1, a->line2, a->city, a->region, a->postal_code, a->country, a->phone};
	json_t *contact = json_new_object(rq->ctx.arena), *address = json_new_object(rq->ctx.arena);

	for (size_t i = 0; i < ARRAY_LEN(ADDRESS_MEMBERS); i++)
		json_set_text(address, ADDRESS_MEMBERS[i], values[i]);
	json_set_text(contact, "email", a->email);
	json_set_text(contact, "note", a->note);
	json_set(contact, "shipping_address", address);
	return contact;
}

err_t page_post_address(struct request *rq)
{
	struct address_input to;
	struct cart cart;
	bool found;

	TRY(chosen_address(rq, rq->input, &to));
	TRY(checkout_cart(rq, true, &cart, &found));
	if (!found)
		return OK;
	cart.contact = contact_document(rq, &to);
	cart.country = to.country;
	cart.postal_code = to.postal_code;
	cart.region = to.region;
	TRY(cart_store_rates(&rq->ctx, rq->app->country, &cart));
	TRY(cart_price(&rq->ctx, &cart));
	cart_store_save(&rq->ctx, &cart);
	return respond_see_other(rq, "/checkout/shipping");
}

static const struct shipping_price *option_by_id(const struct cart *cart, const char *id)
{
	for (size_t i = 0; i < cart->nshipping && id != NULL; i++)
		if (strcmp(cart->shipping[i].id, id) == 0)
			return &cart->shipping[i];
	return NULL;
}

err_t page_shipping(struct request *rq)
{
	struct cart cart;
	bool found;
	json_t *context;

	TRY(checkout_cart(rq, false, &cart, &found));
	if (!found)
		return OK;
	if (cart.contact == NULL || cart.country == NULL)
		return respond_see_other(rq, "/checkout");
	context = new_context(rq, &cart, STEP_SHIPPING);
	json_set_text(context, "destination_text", arena_printf(rq->ctx.arena, "%s %s, %s", cart.postal_code ? cart.postal_code : "",
		json_text(json_object_get(cart.contact, "shipping_address"), "city", ""), country_name(rq, cart.country)));
	json_set_bool(context, "has_shipping_options", cart.nshipping > 0);
	json_set(context, "shipping_options", view_shipping_options(rq, &cart));
	return respond_step(rq, "cart/checkout-shipping", context, "checkout.shipping_title");
}

err_t page_post_shipping(struct request *rq)
{
	const struct shipping_input *in = rq->input;
	struct cart cart;
	bool found;

	TRY(checkout_cart(rq, true, &cart, &found));
	if (!found)
		return OK;
	if (option_by_id(&cart, in->shipping_option) == NULL) {
		field_error(&rq->ctx, "shipping_option", "unknown", "choose one of the shipping options");
		return ctx_check(&rq->ctx);
	}
	cart.shipping_option = in->shipping_option;
	TRY(cart_price(&rq->ctx, &cart));
	cart_store_save(&rq->ctx, &cart);
	return respond_see_other(rq, "/checkout/review");
}

static json_t *view_address(struct request *rq, const struct cart *cart)
{
	json_t *address = json_own(rq->ctx.arena, json_deep_copy(json_object_get(cart->contact, "shipping_address")));

	json_set_text(address, "country_name", country_name(rq, json_text(address, "country", "")));
	return address;
}

static json_t *view_chosen_option(struct request *rq, const struct cart *cart)
{
	json_t *list = view_shipping_options(rq, cart), *option;
	size_t i;

	json_array_foreach(list, i, option) {
		if (json_is_true(json_object_get(option, "selected")))
			return option;
	}
	return NULL;
}

err_t page_review(struct request *rq)
{
	struct cart cart;
	struct uuid key = uuid_v4();
	bool found;
	json_t *context;

	TRY(checkout_cart(rq, false, &cart, &found));
	if (!found)
		return OK;
	if (cart.contact == NULL)
		return respond_see_other(rq, "/checkout");
	if (option_by_id(&cart, cart.shipping_option) == NULL)
		return respond_see_other(rq, "/checkout/shipping");
	TRY(cart_refresh(rq, &cart));
	context = new_context(rq, &cart, STEP_REVIEW);
	json_set_text(context, "email", json_text(cart.contact, "email", ""));
	json_set_text(context, "note", json_text(cart.contact, "note", NULL));
	json_set(context, "shipping_address", view_address(rq, &cart));
	json_set(context, "shipping", view_chosen_option(rq, &cart));
	json_set_text(context, "idempotency_key", key.s);
	json_set_text(context, "cart_id", cart.id.s);
	json_set_int(context, "quote_version", cart.version);
	json_set_text(context, "place_text", text(rq, "checkout.place",
		TEXT_ARGS({"total", money_text(rq->ctx.arena, money(cart.totals.total_minor, cart.currency))})));
	return respond_step(rq, "cart/checkout-review", context, "checkout.review_title");
}
