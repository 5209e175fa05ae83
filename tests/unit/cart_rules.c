/* cart_rules.c - what a cart costs and what may be put into it. */
#include "unit.h"

#include <string.h>

#include "cart.h"

#define EUR_OFFER(sku_, price_)                                                                                        \
	((struct offer){.sku = (sku_), .name = (sku_), .price_minor = (price_), .price_version = 1, .in_stock = 10,    \
		.tax_class = "standard", .currency = "EUR"})

static struct tax_rate rates[] = {{"DE", "reduced", 700}, {"DE", "standard", 1900}};
static struct tax_rate hungary[] = {{"HU", "standard", 2700}};
static struct tax_rate finland[] = {{"FI", "standard", 2550}};

static struct cart cart_of(struct ctx *c, size_t n, const struct offer *offers, const int64_t *quantities)
{
	struct cart cart = {.status = "open", .currency = "EUR", .pricing_version = 1, .pricing_version_now = 1};

	cart.lines = arena_array_of(c->arena, n, struct cart_line);
	for (size_t i = 0; i < n; i++)
		cart.lines[i] = (struct cart_line){.id = uuid_v7(), .quantity = quantities[i], .position = (int32_t)i + 1, .offer = offers[i]};
	cart.nlines = n;
	cart.tax_rates = rates;
	cart.ntax_rates = ARRAY_LEN(rates);
	return cart;
}

static struct cart cart_of_one(struct ctx *c, int64_t price, int64_t quantity)
{
	const struct offer o = EUR_OFFER("A", price);

	return cart_of(c, 1, &o, &quantity);
}

static void lines_and_totals_add_up(void **state)
{
	struct ctx *c = *state;
	const struct offer offers[] = {EUR_OFFER("A", 1299), EUR_OFFER("B", 333)};
	struct cart cart = cart_of(c, 2, offers, (int64_t[]){2, 3});

	assert_null(cart_price(c, &cart));
	assert_int_equal(cart.lines[0].total_minor, 2598);
	assert_int_equal(cart.lines[1].total_minor, 999);
	assert_int_equal(cart.totals.subtotal_minor, 3597);
	assert_int_equal(cart.totals.total_minor, 3597);
	assert_int_equal(cart.totals.tax_minor, cart.lines[0].tax_minor + cart.lines[1].tax_minor);
	assert_int_equal(cart.lines[0].tax_minor, 415); /* 2598 - 2183.19 */
	assert_true(cart.totals.tax_included);
	assert_false(cart.totals.shipping_known);
}

static void tax_of_hungary_and_finland(void **state)
{
	struct ctx *c = *state;
	struct cart cart = cart_of_one(c, 12700, 1);

	cart.tax_rates = hungary;
	cart.ntax_rates = 1;
	assert_null(cart_price(c, &cart));
	assert_int_equal(cart.totals.tax_minor, 2700);
	assert_int_equal(cart.lines[0].tax_rate_bp, 2700);
	cart = cart_of_one(c, 999, 3);
	cart.tax_rates = finland;
	cart.ntax_rates = 1;
	assert_null(cart_price(c, &cart));
	assert_int_equal(cart.totals.tax_minor, 609); /* 2997 - 2388.05 */
	cart = cart_of_one(c, 12550, 1);
	cart.tax_rates = finland;
	cart.ntax_rates = 1;
	assert_null(cart_price(c, &cart));
	assert_int_equal(cart.totals.tax_minor, 2550);
}

static void tax_classes(void **state)
{
	struct ctx *c = *state;
	struct offer offers[] = {EUR_OFFER("BOOK", 1070), EUR_OFFER("ODD", 1190)};
	struct cart cart;

	offers[0].tax_class = "reduced";
	offers[1].tax_class = "unheard_of";
	cart = cart_of(c, 2, offers, (int64_t[]){1, 1});
	assert_null(cart_price(c, &cart));
	assert_int_equal(cart.lines[0].tax_minor, 70);
	assert_int_equal(cart.lines[1].tax_minor, 190); /* no rate of its own: the standard one */
	cart.ntax_rates = 0;
	assert_null(cart_price(c, &cart));
	assert_int_equal(cart.totals.tax_minor, 0); /* an export */
}

static void shipping_and_what_makes_it_free(void **state)
{
	struct ctx *c = *state;
	const struct offer offers[] = {EUR_OFFER("A", 5000), EUR_OFFER("B", 1900)};
	struct cart cart = cart_of(c, 2, offers, (int64_t[]){1, 1});
	struct shipping_price shipping[] = {{.id = "standard", .price_minor = 490, .free_from_minor = 6900},
		{.id = "express", .price_minor = 1190}};

	cart.shipping = shipping;
	cart.nshipping = 2;
	assert_null(cart_price(c, &cart));
	assert_int_equal(shipping[0].charge_minor, 0);
	assert_int_equal(shipping[1].charge_minor, 1190);
	assert_int_equal(shipping[1].total_minor, 8090);
	assert_int_equal(shipping[1].tax_minor, cart.totals.tax_minor + 190);
	assert_int_equal(cart.totals.shipping_minor, 0);
	assert_int_equal(cart.totals.total_minor, 6900);

	cart.shipping_option = "express";
	assert_null(cart_price(c, &cart));
	assert_true(cart.totals.shipping_known);
	assert_int_equal(cart.totals.total_minor, 8090);
	assert_int_equal(cart.totals.shipping_minor, 1190);

	/* Below the limit again it costs again. */
	cart.shipping_option = "standard";
	assert_null(cart_set_quantity(c, &cart, cart.lines[1].id.s, 0));
	assert_null(cart_price(c, &cart));
	assert_int_equal(cart.totals.shipping_minor, 490);
	assert_int_equal(cart.totals.total_minor, 5490);

	cart.shipping_option = "gone";
	assert_null(cart_price(c, &cart));
	assert_false(cart.totals.shipping_known);
}

static void sums_at_the_limit_of_money(void **state)
{
	struct ctx *c = *state;
	const struct offer offers[] = {EUR_OFFER("A", MONEY_MAX), EUR_OFFER("B", 1)};
	struct cart cart = cart_of_one(c, MONEY_MAX, 1);
	struct shipping_price shipping = {.id = "standard", .price_minor = 1};

	assert_null(cart_price(c, &cart));
	assert_int_equal(cart.totals.total_minor, MONEY_MAX);
	cart.shipping = &shipping;
	cart.nshipping = 1;
	assert_ptr_equal(cart_price(c, &cart), &ERR_INVALID);
	cart = cart_of_one(c, MONEY_MAX, 2);
	assert_ptr_equal(cart_price(c, &cart), &ERR_INVALID);
	cart = cart_of_one(c, MONEY_MAX / 9999, 9999);
	assert_null(cart_price(c, &cart));
	cart = cart_of(c, 2, offers, (int64_t[]){1, 1});
	assert_ptr_equal(cart_price(c, &cart), &ERR_INVALID);
}

static void rates_of_a_destination(void **state)
{
	struct ctx *c = *state;
	struct tax_rate taxes[] = {{"DE", "standard", 1900}, {"FI", "standard", 2550}};
	struct shipping_price shipping[] = {{"DE", "EUR", "standard", .price_minor = 490}, {"*", "EUR", "standard", .price_minor = 2490},
		{"DE", "USD", "standard", .price_minor = 550}, {"DE", "EUR", "express", .price_minor = 1190}};
	const struct rates all = {.taxes = taxes, .shipping = shipping, .ntaxes = ARRAY_LEN(taxes), .nshipping = ARRAY_LEN(shipping)};
	struct cart cart = {.currency = "EUR"};

	cart_use_rates(c, &cart, &all, "DE");
	assert_int_equal(cart.ntax_rates, 1);
	assert_int_equal(cart.tax_rates[0].rate_bp, 1900);
	assert_int_equal(cart.nshipping, 0);
	cart.country = "DE";
	cart_use_rates(c, &cart, &all, "FI");
	assert_int_equal(cart.tax_rates[0].rate_bp, 1900);
	assert_int_equal(cart.nshipping, 2);
	assert_string_equal(cart.shipping[1].id, "express");
	cart.country = "FI";
	cart_use_rates(c, &cart, &all, "DE");
	assert_int_equal(cart.tax_rates[0].rate_bp, 2550);
	assert_int_equal(cart.nshipping, 1);
	assert_int_equal(cart.shipping[0].price_minor, 2490);
	memcpy(cart.currency, "USD", sizeof(cart.currency));
	cart_use_rates(c, &cart, &all, "DE");
	assert_int_equal(cart.nshipping, 0);
}

static const char *only_error(const struct ctx *c)
{
	assert_non_null(c->errors);
	assert_null(c->errors->next);
	return arena_printf(c->arena, "%s %s", c->errors->field, c->errors->code);
}

static void adding(void **state)
{
	struct ctx *c = *state;
	const struct offer offers[] = {EUR_OFFER("A", 100), EUR_OFFER("B", 200), EUR_OFFER("B", 200)};
	const struct line_input list[] = {{"A", 1}, {"B", 2}, {"B", 3}};
	struct cart cart = cart_of_one(c, 100, 4);

	assert_null(cart_add(c, &cart, &(struct lines_input){list, 3}, offers, false));
	assert_int_equal(cart.nlines, 2);
	assert_int_equal(cart.lines[0].quantity, 5);
	assert_int_equal(cart.lines[1].quantity, 5);
	assert_int_equal(cart.lines[1].position, 2);
	assert_int_equal(cart_item_count(&cart), 10);
	assert_string_not_equal(cart.lines[0].id.s, cart.lines[1].id.s);
}

static void adding_what_is_refused(void **state)
{
	struct ctx *c = *state;
	const struct offer offers[] = {EUR_OFFER("A", 100), {.sku = "X", .currency = "EUR"}};
	const struct line_input list[] = {{"A", QUANTITY_MAX}, {"X", 1}};
	struct cart cart = cart_of_one(c, 100, 1);

	assert_ptr_equal(cart_add(c, &cart, &(struct lines_input){list, 1}, offers, true), &ERR_INVALID);
	assert_string_equal(only_error(c), "quantity too_large");
	ctx_clear_failure(c);
	assert_ptr_equal(cart_add(c, &cart, &(struct lines_input){list + 1, 1}, offers + 1, true), &ERR_INVALID);
	assert_string_equal(only_error(c), "sku unknown");
	ctx_clear_failure(c);
	assert_ptr_equal(cart_add(c, &cart, &(struct lines_input){list, 2}, offers, false), &ERR_INVALID);
	assert_string_equal(c->errors->field, "lines/0/quantity");
	assert_string_equal(c->errors->next->field, "lines/1/sku");
}

static struct cart full_cart(struct ctx *c)
{
	struct offer *offers = arena_array_of(c->arena, LINES_MAX, struct offer);
	int64_t *quantities = arena_array_of(c->arena, LINES_MAX, int64_t);

	for (size_t i = 0; i < LINES_MAX; i++) {
		offers[i] = EUR_OFFER(arena_printf(c->arena, "S%zu", i), 1);
		quantities[i] = 1;
	}
	return cart_of(c, LINES_MAX, offers, quantities);
}

static void a_full_cart(void **state)
{
	struct ctx *c = *state;
	struct cart cart = full_cart(c), guest = cart_of_one(c, 1, 2);
	const struct offer known = EUR_OFFER("S7", 1), other = EUR_OFFER("NEW", 1);

	assert_null(cart_add(c, &cart, &(struct lines_input){&(struct line_input){"S7", 1}, 1}, &known, true));
	assert_int_equal(cart.lines[7].quantity, 2);
	assert_ptr_equal(cart_add(c, &cart, &(struct lines_input){&(struct line_input){"NEW", 1}, 1}, &other, true), &ERR_CART_FULL);
	cart_merge(c, &cart, &guest, &other);
	assert_int_equal(cart.nlines, LINES_MAX);
}

static void merging(void **state)
{
	struct ctx *c = *state;
	const struct offer offers[] = {EUR_OFFER("A", 100), EUR_OFFER("B", 200)};
	struct cart mine = cart_of_one(c, 100, QUANTITY_MAX - 1), guest = cart_of(c, 2, offers, (int64_t[]){5, 2});

	cart_merge(c, &mine, &guest, offers);
	assert_int_equal(mine.nlines, 2);
	assert_int_equal(mine.lines[0].quantity, QUANTITY_MAX);
	assert_int_equal(mine.lines[1].quantity, 2);
	assert_string_not_equal(mine.lines[1].id.s, guest.lines[1].id.s);
	mine = (struct cart){.status = "open"};
	cart_merge(c, &mine, &guest, offers);
	assert_int_equal(mine.nlines, 2);
}

static void quantities(void **state)
{
	struct ctx *c = *state;
	struct cart cart = cart_of_one(c, 100, 1);
	struct uuid id = cart.lines[0].id;

	assert_null(cart_set_quantity(c, &cart, id.s, 7));
	assert_int_equal(cart.lines[0].quantity, 7);
	assert_ptr_equal(cart_set_quantity(c, &cart, "01900000-0000-7000-8000-000000000001", 1), &ERR_NOT_FOUND);
	assert_null(cart_set_quantity(c, &cart, id.s, 0));
	assert_int_equal(cart.nlines, 0);
	assert_false(cart_can_checkout(&cart));
}

static void availability(void **state)
{
	struct ctx *c = *state;
	struct cart cart = cart_of_one(c, 100, 10);

	assert_true(line_available(&cart.lines[0]));
	assert_true(cart_can_checkout(&cart));
	cart.lines[0].quantity = 11;
	assert_false(line_available(&cart.lines[0]));
	assert_false(cart_can_checkout(&cart));
	cart.lines[0].quantity = 1;
	cart.lines[0].offer.name = NULL;
	assert_false(line_available(&cart.lines[0]));
}

static struct cart quoted(struct ctx *c)
{
	struct cart cart = cart_of_one(c, 100, 1);

	assert_null(cart_price(c, &cart));
	cart.quote = quote_document(c, &cart);
	assert_false(cart_quote_stale(&cart));
	return cart;
}

static void what_makes_a_quote_stale(void **state)
{
	struct ctx *c = *state;
	struct cart cart = quoted(c);

	cart.pricing_version_now = 2;
	assert_true(cart_quote_stale(&cart));
	cart = quoted(c);
	cart.lines[0].offer.price_version = 2;
	assert_true(cart_quote_stale(&cart));
	cart = quoted(c);
	cart.lines[0].offer.price_minor = 90;
	assert_true(cart_quote_stale(&cart));
	cart = quoted(c);
	cart.tax_rates = hungary;
	assert_null(cart_price(c, &cart));
	cart.ntax_rates = 1;
	assert_null(cart_price(c, &cart));
	assert_true(cart_quote_stale(&cart));
	cart = quoted(c);
	cart.nlines = 0;
	assert_true(cart_quote_stale(&cart));
	/* What left the catalogue makes it stale once. */
	cart = quoted(c);
	cart.lines[0].offer.name = NULL;
	cart.lines[0].offer.price_minor = cart.lines[0].offer.price_version = 0;
	assert_null(cart_price(c, &cart));
	assert_true(cart_quote_stale(&cart));
	cart.quote = quote_document(c, &cart);
	assert_false(cart_quote_stale(&cart));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(lines_and_totals_add_up),
		UNIT(tax_of_hungary_and_finland),
		UNIT(tax_classes),
		UNIT(shipping_and_what_makes_it_free),
		UNIT(sums_at_the_limit_of_money),
		UNIT(rates_of_a_destination),
		UNIT(adding),
		UNIT(adding_what_is_refused),
		UNIT(a_full_cart),
		UNIT(merging),
		UNIT(quantities),
		UNIT(availability),
		UNIT(what_makes_a_quote_stale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
