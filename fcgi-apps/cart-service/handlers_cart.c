/* handlers_cart.c - the cart API. */
#include "cart.h"
#include "app/auth.h"
#include "store_cart.h"
#include <string.h>

/* A claimed cart is its customer's alone: to others it does not exist. */
static err_t check_owner(struct request *rq, const struct cart *cart)
{
	if (uuid_is_set(&cart->user_id) && strcmp(cart->user_id.s, rq->subject->user_id.s) != 0)
		return fail(&rq->ctx, &ERR_NOT_FOUND, "there is no such cart");
	return OK;
}

static err_t load(struct request *rq, const char *id, bool lock, const struct lines_input *wishes, struct cart *cart_r,
	struct offer **offers_r)
{
	const struct cart_wanted wanted = {.id = id, .lock = lock, .home_country = rq->app->country, .wishes = wishes};

	TRY(cart_store_load(&rq->ctx, &wanted, cart_r, offers_r));
	TRY(check_owner(rq, cart_r));
	if (lock && strcmp(cart_r->status, "open") != 0)
		return fail(&rq->ctx, &ERR_CART_CLOSED, "the cart was ordered; start a new one");
	return OK;
}

/* The cart named in the path, locked for a change. */
static err_t load_for_change(struct request *rq, const struct lines_input *wishes, struct cart *cart_r, struct offer **offers_r)
{
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(load(rq, id.s, true, wishes, cart_r, offers_r));
	return request_if_match(rq, cart_r->version);
}

static err_t respond_cart(struct request *rq, int status, const struct cart *cart)
{
	return respond_resource(rq, status, view_cart(rq, cart), cart->version);
}

static err_t price_save_respond(struct request *rq, int status, struct cart *cart)
{
	TRY(cart_price(&rq->ctx, cart));
	cart_store_save(&rq->ctx, cart);
	return respond_cart(rq, status, cart);
}

struct refresh {
	struct request *rq;
	struct cart *cart;
};

/* Loaded again under its lock: what was read without may have been edited meanwhile. */
static err_t refresh(struct ctx *c, void *arg)
{
	struct refresh *r = arg;
	const struct cart_wanted wanted = {.id = r->cart->id.s, .lock = true, .home_country = r->rq->app->country};
	struct cart now;

	TRY(cart_store_load(c, &wanted, &now, NULL));
	TRY(cart_price(c, &now));
	if (strcmp(now.status, "open") == 0 && cart_quote_stale(&now))
		cart_store_save(c, &now);
	*r->cart = now;
	return OK;
}

err_t cart_refresh(struct request *rq, struct cart *cart)
{
	struct refresh r = {rq, cart};

	if (strcmp(cart->status, "open") != 0 || !cart_quote_stale(cart))
		return OK;
	return cart_store_edit(&rq->ctx, refresh, &r);
}

/* Reading shows prices as they are now, and makes them the quote. */
static err_t respond_current(struct request *rq, struct cart *cart)
{
	TRY(cart_price(&rq->ctx, cart));
	TRY(cart_refresh(rq, cart));
	return respond_cart(rq, 200, cart);
}

err_t get_cart(struct request *rq)
{
	struct uuid id;
	struct cart cart;

	TRY(path_uuid(rq, "id", &id));
	TRY(load(rq, id.s, false, NULL, &cart, NULL));
	return respond_current(rq, &cart);
}

err_t get_my_cart(struct request *rq)
{
	struct uuid id;
	struct cart cart;
	bool found;

	TRY(cart_store_of_user(&rq->ctx, &rq->subject->user_id, &id, &found));
	if (!found)
		return fail(&rq->ctx, &ERR_NOT_FOUND, "you have no cart yet");
	TRY(load(rq, id.s, false, NULL, &cart, NULL));
	return respond_current(rq, &cart);
}

static void set_destination(struct cart *cart, const struct destination_input *d)
{
	cart->country = d->country;
	cart->postal_code = d->postal_code;
	cart->region = d->region;
}

/* A customer has one open cart: what they post goes into it. */
static err_t add_to_existing(struct request *rq, const struct uuid *id, const struct cart_input *in)
{
	const struct lines_input wishes = {in->lines, in->nlines};
	struct offer *offers;
	struct cart cart;

	TRY(load(rq, id->s, true, &wishes, &cart, &offers));
	if (in->currency != NULL && strcmp(in->currency, cart.currency) != 0)
		field_error(&rq->ctx, "currency", "invalid", "your cart is in %s", cart.currency);
	TRY(cart_add(&rq->ctx, &cart, &wishes, offers, false));
	if (in->destination != NULL) {
		set_destination(&cart, in->destination);
		TRY(cart_store_rates(&rq->ctx, rq->app->country, &cart));
	}
	return price_save_respond(rq, 201, &cart);
}

static void choose_currency(struct request *rq, struct cart *cart, const struct cart_input *in, const struct offer *offers)
{
	const char *currency = NULL;

	if (cart->currency[0] != '\0')
		return;
	for (size_t i = 0; i < in->nlines && currency == NULL; i++)
		if (offers[i].name != NULL)
			currency = offers[i].currency;
	memcpy(cart->currency, currency ? currency : rq->app->currency, sizeof(cart->currency));
}

err_t cart_create(struct request *rq, const struct cart_input *in, struct cart *cart_r)
{
	const struct lines_input wishes = {in->lines, in->nlines};
	struct cart cart = {.id = uuid_v4(), .status = "open", .version = 1, .user_id = rq->subject->user_id};
	struct offer *offers = NULL;

	if (in->currency != NULL)
		memcpy(cart.currency, in->currency, sizeof(cart.currency));
	TRY(cart_store_offers(&rq->ctx, &cart, rq->app->currency, &wishes, &offers));
	choose_currency(rq, &cart, in, offers);
	TRY(cart_add(&rq->ctx, &cart, &wishes, offers, in->one));
	if (in->destination != NULL)
		set_destination(&cart, in->destination);
	TRY(cart_store_rates(&rq->ctx, rq->app->country, &cart));
	TRY(cart_price(&rq->ctx, &cart));
	cart_store_insert(&rq->ctx, &cart);
	*cart_r = cart;
	return OK;
}

err_t post_cart(struct request *rq)
{
	const struct cart_input *in = rq->input;
	struct uuid mine;
	struct cart cart;
	bool found = false;

	if (subject_signed_in(rq->subject))
		TRY(cart_store_of_user(&rq->ctx, &rq->subject->user_id, &mine, &found));
	if (found)
		return add_to_existing(rq, &mine, in);
	TRY(cart_create(rq, in, &cart));
	response_header(rq, "Location", arena_printf(rq->ctx.arena, "/api/v1/carts/%s", cart.id.s));
	return respond_cart(rq, 201, &cart);
}

err_t post_line(struct request *rq)
{
	const struct lines_input wishes = {rq->input, 1};
	struct offer *offers;
	struct cart cart;

	TRY(load_for_change(rq, &wishes, &cart, &offers));
	TRY(cart_add(&rq->ctx, &cart, &wishes, offers, true));
	return price_save_respond(rq, 201, &cart);
}

err_t patch_line(struct request *rq)
{
	const struct quantity_input *in = rq->input;
	struct cart cart;

	TRY(load_for_change(rq, NULL, &cart, NULL));
	TRY(cart_set_quantity(&rq->ctx, &cart, path_arg(rq, "line_id"), in->quantity));
	return price_save_respond(rq, 200, &cart);
}

err_t delete_line(struct request *rq)
{
	struct cart cart;

	TRY(load_for_change(rq, NULL, &cart, NULL));
	TRY(cart_set_quantity(&rq->ctx, &cart, path_arg(rq, "line_id"), 0));
	return price_save_respond(rq, 200, &cart);
}

err_t delete_lines(struct request *rq)
{
	struct cart cart;

	TRY(load_for_change(rq, NULL, &cart, NULL));
	cart.nlines = 0;
	return price_save_respond(rq, 200, &cart);
}

err_t put_destination(struct request *rq)
{
	struct cart cart;

	TRY(load_for_change(rq, NULL, &cart, NULL));
	set_destination(&cart, rq->input);
	TRY(cart_store_rates(&rq->ctx, rq->app->country, &cart));
	return price_save_respond(rq, 200, &cart);
}
