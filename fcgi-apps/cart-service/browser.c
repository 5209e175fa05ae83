/* browser.c - which cart this browser holds, and what becomes of a guest's cart at sign-in. */
#include "cart.h"
#include "app/auth.h"
#include "store_cart.h"
#include <string.h>

#define CART_COOKIE "es_cart"
#define COUNT_COOKIE "es_cart_count"
#define COOKIE_DAYS 90
#define DAY_SECS INT64_C(86400)

static bool cookie_cart(struct request *rq, struct uuid *id_r)
{
	const char *value = request_cookie(rq, cookie_name(rq, CART_COOKIE));

	return value != NULL && uuid_parse(str_of(value), id_r);
}

void browser_remember(struct request *rq, const struct cart *cart)
{
	const char *count = arena_printf(rq->ctx.arena, "%lld", (long long)cart_item_count(cart));

	response_cookie(rq, &(struct cookie){.name = cookie_name(rq, CART_COOKIE), .value = arena_strdup(rq->ctx.arena, cart->id.s),
				    .max_age_secs = COOKIE_DAYS * DAY_SECS});
	response_cookie(rq, &(struct cookie){.name = COUNT_COOKIE, .value = count, .max_age_secs = COOKIE_DAYS * DAY_SECS});
}

/* A cart this subject may use: open, and nobody else's, of which *cart_r learns nothing. A missing one is not a failure. */
static err_t load_usable(struct request *rq, const struct cart_wanted *w, struct cart *cart_r, struct offer **offers_r, bool *found_r)
{
	struct cart cart;
	err_t e = cart_store_load(&rq->ctx, w, &cart, offers_r);

	*found_r = false;
	if (e == &ERR_NOT_FOUND) {
		ctx_clear_failure(&rq->ctx);
		return OK;
	}
	TRY(e);
	*found_r = strcmp(cart.status, "open") == 0 &&
		(!uuid_is_set(&cart.user_id) || strcmp(cart.user_id.s, rq->subject->user_id.s) == 0);
	if (*found_r)
		*cart_r = cart;
	return OK;
}

struct adoption {
	struct request *rq;
	struct uuid guest;
	struct uuid *mine; /* set when has_mine */
	bool has_mine;
};

/* The guest's cart becomes the customer's; or its lines join those the customer has. Both rows stay locked. */
static err_t adopt(struct ctx *c, void *arg)
{
	struct adoption *a = arg;
	struct cart_wanted wanted = {.id = a->guest.s, .lock = true, .home_country = a->rq->app->country};
	struct cart guest, mine;
	struct offer *offers;
	struct line_input *list;
	bool found;

	TRY(load_usable(a->rq, &wanted, &guest, NULL, &found));
	if (!found)
		return OK;
	if (uuid_is_set(&guest.user_id)) {
		/* Another request of this browser was faster. */
		*a->mine = guest.id;
		return OK;
	}
	if (!a->has_mine) {
		cart_store_claim(c, &guest, &a->rq->subject->user_id);
		*a->mine = guest.id;
		return OK;
	}
	list = arena_array_of(c->arena, guest.nlines, struct line_input);
	for (size_t i = 0; i < guest.nlines; i++)
		list[i] = (struct line_input){guest.lines[i].offer.sku, guest.lines[i].quantity};
	wanted.id = a->mine->s;
	wanted.wishes = &(struct lines_input){list, guest.nlines};
	TRY(load_usable(a->rq, &wanted, &mine, &offers, &found));
	if (!found)
		return OK;
	cart_merge(c, &mine, &guest, offers);
	TRY(cart_price(c, &mine));
	cart_store_save(c, &mine);
	cart_store_mark_merged(c, &guest);
	return OK;
}

/* The id of the cart to use; unset when there is none. */
static err_t find_cart(struct request *rq, struct uuid *id_r)
{
	struct adoption a = {.rq = rq, .mine = id_r};
	bool has_cookie = cookie_cart(rq, &a.guest);

	*id_r = (struct uuid){""};
	if (!subject_signed_in(rq->subject)) {
		if (has_cookie)
			*id_r = a.guest;
		return OK;
	}
	TRY(cart_store_of_user(&rq->ctx, &rq->subject->user_id, id_r, &a.has_mine));
	if (has_cookie && strcmp(a.guest.s, id_r->s) != 0)
		TRY(cart_store_edit(&rq->ctx, adopt, &a));
	return OK;
}

err_t browser_cart(struct request *rq, bool lock, struct cart *cart_r, bool *found_r)
{
	struct uuid id;

	*found_r = false;
	TRY(find_cart(rq, &id));
	if (!uuid_is_set(&id))
		return OK;
	TRY(load_usable(rq, &(struct cart_wanted){.id = id.s, .lock = lock, .home_country = rq->app->country}, cart_r, NULL, found_r));
	return *found_r ? cart_price(&rq->ctx, cart_r) : OK;
}
