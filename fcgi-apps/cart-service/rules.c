/* rules.c - what a cart costs, and what may be put into it. Numbers in, numbers out. */
#include "cart.h"
#include <string.h>

#define STANDARD_CLASS "standard"
#define NO_VERSION (-1)
#define EVERYWHERE "*"

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

static bool is_of(const struct shipping_price *s, const char *zone, const char *currency)
{
	return strcmp(s->country, zone) == 0 && strcmp(s->currency, currency) == 0;
}

static size_t count_of(const struct rates *rates, const char *zone, const char *currency)
{
	size_t n = 0;

	for (size_t i = 0; i < rates->nshipping; i++)
		n += is_of(&rates->shipping[i], zone, currency);
	return n;
}

void cart_use_rates(struct ctx *c, struct cart *cart, const struct rates *rates, const char *home_country)
{
	const char *taxed_in = cart->country ? cart->country : home_country, *zone = cart->country;
	size_t n;

	cart->ntax_rates = cart->nshipping = 0;
	cart->tax_rates = arena_array_of(c->arena, rates->ntaxes, struct tax_rate);
	for (size_t i = 0; i < rates->ntaxes; i++)
		if (strcmp(rates->taxes[i].country, taxed_in) == 0)
			cart->tax_rates[cart->ntax_rates++] = rates->taxes[i];
	if (zone == NULL)
		return;
	n = count_of(rates, zone, cart->currency);
	if (n == 0) {
		zone = EVERYWHERE;
		n = count_of(rates, zone, cart->currency);
	}
	cart->shipping = arena_array_of(c->arena, n, struct shipping_price);
	for (size_t i = 0; i < rates->nshipping; i++)
		if (is_of(&rates->shipping[i], zone, cart->currency))
			cart->shipping[cart->nshipping++] = rates->shipping[i];
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
	bool free = s->free_from_minor > 0 && goods_minor >= s->free_from_minor;

	s->charge_minor = free ? 0 : s->price_minor;
	TRY(money_add(c, goods_tax_minor, money_tax_included(s->charge_minor, rate_of(cart, STANDARD_CLASS)), &s->tax_minor));
	return money_add(c, goods_minor, s->charge_minor, &s->total_minor);
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
		t.shipping_minor = chosen->charge_minor;
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

/* cart->lines has room for it. */
static void append_line(struct cart *cart, const struct offer *offer, int64_t quantity)
{
	struct cart_line *l = &cart->lines[cart->nlines];

	*l = (struct cart_line){.id = uuid_v7(), .quantity = quantity, .offer = *offer};
	l->position = cart->nlines > 0 ? cart->lines[cart->nlines - 1].position + 1 : 1;
	cart->nlines++;
}

static struct cart_line *grow_lines(struct ctx *c, const struct cart *cart, size_t more)
{
	struct cart_line *grown = arena_array_of(c->arena, cart->nlines + more + 1, struct cart_line);

	if (cart->nlines > 0)
		memcpy(grown, cart->lines, cart->nlines * sizeof(*grown));
	return grown;
}

static err_t add_one(struct ctx *c, struct cart *cart, const struct line_input *wish, const struct offer *offer, const char *field)
{
	struct cart_line *l = line_by_sku(cart, wish->sku);

	if (l == NULL) {
		if (cart->nlines == LINES_MAX)
			return fail(c, &ERR_CART_FULL, "a cart holds at most %d lines", LINES_MAX);
		append_line(cart, offer, wish->quantity);
	} else if (l->quantity + wish->quantity > QUANTITY_MAX) {
		field_error(c, field, "too_large", "quantity must be at most %d", QUANTITY_MAX);
	} else {
		l->quantity += wish->quantity;
	}
	return OK;
}

err_t cart_add(struct ctx *c, struct cart *cart, const struct lines_input *wishes, const struct offer *offers, bool one)
{
	cart->lines = grow_lines(c, cart, wishes->n);
	for (size_t i = 0; i < wishes->n; i++) {
		if (offers[i].name == NULL)
			field_error(c, field_at(c, i, one, "sku"), "unknown", "%s is not sold in %s", wishes->list[i].sku, cart->currency);
		else
			TRY(add_one(c, cart, &wishes->list[i], &offers[i], field_at(c, i, one, "quantity")));
	}
	return ctx_check(c);
}

/* Quantities and lines beyond the limit are cut to it: nobody is asked while carts merge. */
void cart_merge(struct ctx *c, struct cart *cart, const struct cart *guest, const struct offer *offers)
{
	cart->lines = grow_lines(c, cart, guest->nlines);
	for (size_t i = 0; i < guest->nlines; i++) {
		const struct cart_line *from = &guest->lines[i];
		struct cart_line *l = line_by_sku(cart, from->offer.sku);

		if (l != NULL)
			l->quantity = l->quantity + from->quantity > QUANTITY_MAX ? QUANTITY_MAX : l->quantity + from->quantity;
		else if (cart->nlines < LINES_MAX)
			append_line(cart, &offers[i], from->quantity);
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

/* Prices and rates may also begin or end by the calendar, which moves no version. */
static bool line_stale(const struct cart_line *l, const json_t *quoted)
{
	return json_int(quoted, "price_version", NO_VERSION) != (l->offer.name ? l->offer.price_version : NO_VERSION) ||
		json_int(quoted, "unit_price_minor", -1) != l->offer.price_minor ||
		json_int(quoted, "tax_rate_bp", -1) != l->tax_rate_bp;
}

bool cart_quote_stale(const struct cart *cart)
{
	const json_t *lines = json_object_get(cart->quote, "lines");

	if (cart->pricing_version != cart->pricing_version_now || json_array_size(lines) != cart->nlines)
		return true;
	for (size_t i = 0; i < cart->nlines; i++)
		if (line_stale(&cart->lines[i], json_array_get(lines, i)))
			return true;
	return false;
}
