/* rules.c - what a cart costs, and what may be put into it. Numbers in, numbers out. */
#include "cart.h"
#include <string.h>

#define STANDARD_CLASS "standard"

bool line_available(const struct cart_line *l)
{
	return l->offer.name != NULL && l->offer.in_stock >= l->quantity;
}

bool cart_can_checkout(const struct cart *cart)
{
	for (size_t i = 0; i < cart->nlines; i++)
		if (!line_available(&cart->lines[i]))
			return false;
	return cart->nlines > 0;
}

int64_t cart_item_count(const struct cart *cart)
{
	int64_t count = 0;

	for (size_t i = 0; i < cart->nlines; i++)
		count += cart->lines[i].quantity;
	return count;
}

/* Rate of a tax class at the destination; a class without a rate of its own pays the standard one. */
static int32_t rate_of(const struct cart *cart, const char *tax_class)
{
	int32_t standard = 0;

	for (size_t i = 0; i < cart->ntax_rates; i++) {
		if (strcmp(cart->tax_rates[i].tax_class, tax_class) == 0)
			return cart->tax_rates[i].rate_bp;
		if (strcmp(cart->tax_rates[i].tax_class, STANDARD_CLASS) == 0)
			standard = cart->tax_rates[i].rate_bp;
	}
	return standard;
}

static err_t price_line(struct ctx *c, const struct cart *cart, struct cart_line *l)
{
	l->tax_rate_bp = rate_of(cart, l->offer.tax_class ? l->offer.tax_class : STANDARD_CLASS);
	TRY(money_times(c, l->offer.price_minor, l->quantity, &l->total_minor));
	l->discount_minor = 0;
	l->tax_minor = money_tax_included(l->total_minor, l->tax_rate_bp);
	return OK;
}

static err_t price_option(struct ctx *c, const struct cart *cart, int64_t goods_minor, int64_t goods_tax_minor, struct shipping_price *s)
{
	if (s->free_from_minor > 0 && goods_minor >= s->free_from_minor)
		s->price_minor = 0;
	TRY(money_add(c, goods_tax_minor, money_tax_included(s->price_minor, rate_of(cart, STANDARD_CLASS)), &s->tax_minor));
	return money_add(c, goods_minor, s->price_minor, &s->total_minor);
}

static const struct shipping_price *chosen_option(const struct cart *cart)
{
	for (size_t i = 0; i < cart->nshipping && cart->shipping_option != NULL; i++)
		if (strcmp(cart->shipping[i].id, cart->shipping_option) == 0)
			return &cart->shipping[i];
	return NULL;
}

/* Prices contain tax: the same for every destination, the tax inside differs. */
err_t cart_price(struct ctx *c, struct cart *cart)
{
	struct totals t = {.tax_included = true};
	const struct shipping_price *chosen;

	for (size_t i = 0; i < cart->nlines; i++) {
		struct cart_line *l = &cart->lines[i];

		TRY(price_line(c, cart, l));
		TRY(money_add(c, t.subtotal_minor, l->total_minor, &t.subtotal_minor));
		TRY(money_add(c, t.tax_minor, l->tax_minor, &t.tax_minor));
	}
	for (size_t i = 0; i < cart->nshipping; i++)
		TRY(price_option(c, cart, t.subtotal_minor, t.tax_minor, &cart->shipping[i]));
	t.total_minor = t.subtotal_minor;
	chosen = chosen_option(cart);
	if (chosen != NULL) {
		t.shipping_known = true;
		t.shipping_minor = chosen->price_minor;
		t.tax_minor = chosen->tax_minor;
		t.total_minor = chosen->total_minor;
	}
	cart->totals = t;
	return OK;
}

static struct cart_line *line_by_sku(struct cart *cart, const char *sku)
{
	for (size_t i = 0; i < cart->nlines; i++)
		if (strcmp(cart->lines[i].offer.sku, sku) == 0)
			return &cart->lines[i];
	return NULL;
}

static const char *field_at(struct ctx *c, size_t i, bool one, const char *name)
{
	return one ? name : arena_printf(c->arena, "lines/%zu/%s", i, name);
}

static void add_one(struct ctx *c, struct cart *cart, const struct line_input *wish, const struct offer *offer, const char *field)
{
	struct cart_line *l = line_by_sku(cart, wish->sku);

	if (l != NULL && l->quantity + wish->quantity > QUANTITY_MAX) {
		field_error(c, field, "too_large", "quantity must be at most %d", QUANTITY_MAX);
		return;
	}
	if (l != NULL) {
		l->quantity += wish->quantity;
		return;
	}
	l = &cart->lines[cart->nlines];
	*l = (struct cart_line){.id = uuid_v7(), .quantity = wish->quantity, .offer = *offer};
	l->position = cart->nlines > 0 ? cart->lines[cart->nlines - 1].position + 1 : 1;
	cart->nlines++;
}

err_t cart_add(struct ctx *c, struct cart *cart, const struct lines_input *wishes, const struct offer *offers, bool one)
{
	struct cart_line *grown;

	if (cart->nlines + wishes->n > LINES_MAX)
		return fail(c, &ERR_CART_FULL, "a cart holds at most %d lines", LINES_MAX);
	grown = arena_array_of(c->arena, cart->nlines + wishes->n + 1, struct cart_line);
	if (cart->nlines > 0)
		memcpy(grown, cart->lines, cart->nlines * sizeof(*grown));
	cart->lines = grown;
	for (size_t i = 0; i < wishes->n; i++) {
		if (offers[i].name == NULL)
			field_error(c, field_at(c, i, one, "sku"), "unknown", "%s is not sold in %s", wishes->list[i].sku, cart->currency);
		else
			add_one(c, cart, &wishes->list[i], &offers[i], field_at(c, i, one, "quantity"));
	}
	return ctx_check(c);
}

/* Quantities beyond the limit are cut to it: nobody is asked while carts merge. */
void cart_merge(struct ctx *c, struct cart *cart, const struct cart *guest, const struct offer *offers)
{
	struct cart_line *grown = arena_array_of(c->arena, cart->nlines + guest->nlines + 1, struct cart_line);

	if (cart->nlines > 0)
		memcpy(grown, cart->lines, cart->nlines * sizeof(*grown));
	cart->lines = grown;
	for (size_t i = 0; i < guest->nlines && cart->nlines < LINES_MAX; i++) {
		const struct cart_line *from = &guest->lines[i];
		struct cart_line *l = line_by_sku(cart, from->offer.sku);

		if (l != NULL) {
			l->quantity = l->quantity + from->quantity > QUANTITY_MAX ? QUANTITY_MAX : l->quantity + from->quantity;
			continue;
		}
		l = &cart->lines[cart->nlines];
		*l = (struct cart_line){.id = uuid_v7(), .quantity = from->quantity, .offer = offers[i]};
		l->position = cart->nlines > 0 ? cart->lines[cart->nlines - 1].position + 1 : 1;
		cart->nlines++;
	}
}

err_t cart_set_quantity(struct ctx *c, struct cart *cart, const char *line_id, int64_t quantity)
{
	for (size_t i = 0; i < cart->nlines; i++) {
		if (strcmp(cart->lines[i].id.s, line_id) != 0)
			continue;
		cart->lines[i].quantity = quantity;
		if (quantity == 0) {
			memmove(&cart->lines[i], &cart->lines[i + 1], (cart->nlines - i - 1) * sizeof(cart->lines[0]));
			cart->nlines--;
		}
		return OK;
	}
	return fail(c, &ERR_NOT_FOUND, "the cart has no such line");
}

bool cart_quote_stale(const struct cart *cart)
{
	const json_t *lines = json_object_get(cart->quote, "lines");

	if (cart->pricing_version != cart->pricing_version_now || json_array_size(lines) != cart->nlines)
		return true;
	for (size_t i = 0; i < cart->nlines; i++)
		if (json_int(json_array_get(lines, i), "price_version", -1) != cart->lines[i].offer.price_version)
			return true;
	return false;
}
