/*
 * store_rates.c - tax rates and shipping prices. They change a few times a year and every
 * cart needs them: this process remembers them for as long as their version stands.
 */
#include "store_cart.h"

#define RATES_MAX_BYTES ((size_t)16 << 20)

static const struct db_column TAX_COLUMNS[] = {
	DB_COLUMN(struct tax_rate, country, DB_TEXT),
	DB_COLUMN(struct tax_rate, tax_class, DB_TEXT),
	DB_COLUMN(struct tax_rate, rate_bp, DB_INT32),
};
static const struct db_stmt TAX_RATES = DB_ROWS("cart_tax_rates", struct tax_rate, TAX_COLUMNS,
	SQL("select country, tax_class, rate_bp from cart.tax_rate where valid @> date '2000-01-01' + $1::bigint::int"));

static const struct db_column SHIPPING_COLUMNS[] = {
	DB_COLUMN(struct shipping_price, country, DB_TEXT),
	DB_COLUMN(struct shipping_price, currency, DB_TEXT),
	DB_COLUMN(struct shipping_price, id, DB_TEXT),
	DB_COLUMN(struct shipping_price, name, DB_TEXT),
	DB_COLUMN(struct shipping_price, price_minor, DB_INT64),
	DB_COLUMN(struct shipping_price, free_from_minor, DB_INT64),
	DB_COLUMN(struct shipping_price, days_min, DB_INT32),
	DB_COLUMN(struct shipping_price, days_max, DB_INT32),
};
static const struct db_stmt SHIPPING = DB_ROWS("cart_shipping", struct shipping_price, SHIPPING_COLUMNS,
	SQL("select p.country, p.currency, o.id, o.name, p.price_minor, p.free_from_minor, p.days_min, p.days_max"
	    " from cart.shipping_price p join cart.shipping_option o on o.id = p.option_id order by o.position, o.id"));

const struct db_stmt *const RATES_STATEMENTS[] = {&TAX_RATES, &SHIPPING, NULL};

static struct {
	struct arena *arena; /* NULL until the first use */
	struct rates rates;
} remembered;

/*
 * The version was read before: when somebody changes rates in between, these are younger
 * than their number says, and a quote made of them is refused as changed, never taken as current.
 */
static err_t remember(struct ctx *c, int64_t version, int64_t day)
{
	struct rates rates = {.version = version, .day = day};
	const struct db_call calls[] = {
		CALL_ROWS(&TAX_RATES, &rates.taxes, &rates.ntaxes, P_INT(day)),
		{.stmt = &SHIPPING, .rows = &rates.shipping, .count = &rates.nshipping},
	};
	struct ctx lasting;

	if (remembered.arena == NULL)
		remembered.arena = arena_new(RATES_MAX_BYTES);
	remembered.rates = (struct rates){0};
	arena_reset(remembered.arena);
	ctx_init(&lasting, remembered.arena, c->db);
	TRY(db_run(&lasting, calls, ARRAY_LEN(calls)));
	remembered.rates = rates;
	return OK;
}

err_t cart_store_rates(struct ctx *c, const char *home_country, struct cart *cart)
{
	if (remembered.rates.version != cart->pricing_version_now || remembered.rates.day != cart->pricing_day)
		TRY(remember(c, cart->pricing_version_now, cart->pricing_day));
	cart_use_rates(c, cart, &remembered.rates, home_country);
	return OK;
}
