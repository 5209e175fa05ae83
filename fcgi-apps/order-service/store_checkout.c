/* store_checkout.c - the statements that place an order: one round trip for the quote, one for all the rest. */
#include "store_order.h"

static const struct db_column QUOTE_COLUMNS[] = {
	DB_COLUMN(struct quote, currency, DB_CURRENCY),
	DB_COLUMN(struct quote, subtotal_minor, DB_INT64),
	DB_COLUMN(struct quote, discount_minor, DB_INT64),
	DB_COLUMN(struct quote, shipping_minor, DB_INT64),
	DB_COLUMN(struct quote, tax_minor, DB_INT64),
	DB_COLUMN(struct quote, total_minor, DB_INT64),
	DB_COLUMN(struct quote, tax_included, DB_BOOL),
	DB_COLUMN(struct quote, shipping_option, DB_TEXT),
	DB_COLUMN(struct quote, shipping_name, DB_TEXT),
	DB_COLUMN(struct quote, country, DB_TEXT),
	DB_COLUMN(struct quote, postal_code, DB_TEXT),
	DB_COLUMN(struct quote, region, DB_TEXT),
	DB_COLUMN(struct quote, user_id, DB_UUID),
	DB_COLUMN(struct quote, contact, DB_JSON),
	DB_COLUMN(struct quote, lines, DB_JSON),
	DB_COLUMN(struct quote, pseudonym_secret, DB_TEXT),
};
static const struct db_stmt TAKE_QUOTE = DB_ROWS("checkout_take_quote", struct quote, QUOTE_COLUMNS,
	SQL("select currency, subtotal_minor, discount_minor, shipping_minor, tax_minor, total_minor, tax_included,"
	    " shipping_option, shipping_name, country, postal_code, region, user_id, contact, lines,"
	    " (select secret from orders.pseudonym_secret) as pseudonym_secret"
	    " from cart.take_quote($1::uuid, $2::bigint, $3::text)"));

/* Sums as they were priced; the table checks them. */
static const struct db_stmt INSERT_ORDER = DB_EXEC("checkout_order",
	SQL("insert into orders.orders (id, number, tracking_token, cart_id, payment_id, user_id, email, customer_key, "
	    "name, currency,"
	    " subtotal_minor, discount_minor, shipping_minor, tax_minor, total_minor, tax_included, item_count,"
	    " shipping_option, shipping_name, country, shipping_address, billing_address, note, placed_at, expires_at)"
	    " values ($1::uuid, $2, $3::uuid, $4::uuid, $5::uuid, $6::uuid, $7, $8, $9, $10, $11, $12, $13, $14, $15, "
	    "$16, $17,"
	    " $18, $19, $20, $21::jsonb, $22::jsonb, $23, $24::timestamptz, $24::timestamptz + interval '1 minute' *"
	    " (select value::integer from platform.setting where key = 'order_expiry_minutes'))"));
static const struct db_stmt INSERT_LINES =
	DB_EXEC("checkout_lines", SQL("insert into orders.line (id, order_id, line_no, sku, product_id, variant_id, "
				      "name, options, image_url, category, quantity,"
				      " unit_price_minor, discount_minor, total_minor, tax_minor, tax_rate_bp)"
				      " select l.id, $1::uuid, l.n - 1, l.sku, l.product_id, l.variant_id, l.name, "
				      "l.options, l.image_url, l.category, l.quantity,"
				      " l.unit_price_minor, l.discount_minor, l.total_minor, l.tax_minor, l.tax_rate_bp"
				      " from rows from (unnest($2::uuid[]), jsonb_to_recordset($3::jsonb) as (sku "
				      "text, product_id uuid, variant_id uuid, name text,"
				      " options jsonb, image_url text, category text, quantity bigint, "
				      "unit_price_minor bigint, discount_minor bigint,"
				      " total_minor bigint, tax_minor bigint, tax_rate_bp integer)) with ordinality as "
				      "l (id, sku, product_id, variant_id, name,"
				      " options, image_url, category, quantity, unit_price_minor, discount_minor, "
				      "total_minor, tax_minor, tax_rate_bp, n)"));
static const struct db_stmt INSERT_STEPS = DB_EXEC("checkout_steps",
	SQL("insert into orders.saga_step (order_id, step, state, next_at)"
	    " values ($1::uuid, 'reserve_stock', 'done', null), ($1::uuid, 'open_payment', 'done', null),"
	    " ($1::uuid, 'await_payment', 'pending', (select expires_at from orders.orders where id = $1::uuid))"));
static const struct db_stmt OPEN_PAYMENT = DB_EXEC("checkout_open_payment",
	SQL("select payment.open_intent($1::uuid, $2::uuid, $3::text, $4::bigint, $5::text)"), DB_TRACED);
static const struct db_stmt RESERVE = DB_EXEC(
	"checkout_reserve", SQL("select inventory.reserve($1::uuid, $2::text[], $3::bigint[], $4::text[])"), DB_TRACED);

const struct db_stmt *const CHECKOUT_STATEMENTS[] = {
	&TAKE_QUOTE, &INSERT_ORDER, &INSERT_LINES, &INSERT_STEPS, &OPEN_PAYMENT, &RESERVE, NULL};

err_t checkout_store_take_quote(struct ctx *c, const struct placing *p, struct quote *quote_r)
{
	return db_one(c, &TAKE_QUOTE,
		PARAMS(P_UUID(&p->cart_id), P_INT_OR_NULL(p->quote_version, p->quote_version != 0),
			P_TEXT(p->shipping_option)),
		quote_r);
}

static void insert_lines(struct ctx *c, const struct order_details *d)
{
	const char **ids = arena_array_of(c->arena, d->nlines, const char *);
	json_t *lines = json_new_array(c->arena);

	for (size_t i = 0; i < d->nlines; i++) {
		const struct order_line *l = &d->lines[i];
		json_t *o = json_new_object(c->arena);

		ids[i] = l->id.s;
		json_set_text(o, "sku", l->sku);
		json_set_text(o, "product_id", uuid_is_set(&l->product_id) ? l->product_id.s : NULL);
		json_set_text(o, "variant_id", uuid_is_set(&l->variant_id) ? l->variant_id.s : NULL);
		json_set_text(o, "name", l->name);
		json_set(o, "options", json_own(c->arena, json_deep_copy(l->options)));
		json_set_text(o, "image_url", l->image_url);
		json_set_text(o, "category", l->category);
		json_set_int(o, "quantity", l->quantity);
		json_set_int(o, "unit_price_minor", l->unit_price_minor);
		json_set_int(o, "discount_minor", l->discount_minor);
		json_set_int(o, "total_minor", l->total_minor);
		json_set_int(o, "tax_minor", l->tax_minor);
		json_set_int(o, "tax_rate_bp", l->tax_rate_bp);
		json_add(lines, o);
	}
	db_defer(c, &INSERT_LINES, PARAMS(P_UUID(&d->order.id), P_TEXTS(ids, d->nlines), P_JSON(lines)));
}

void checkout_store_insert(struct ctx *c, const struct order_details *d)
{
	const struct order *o = &d->order;

	db_defer(c, &INSERT_ORDER,
		PARAMS(P_UUID(&o->id), P_TEXT(o->number), P_UUID(&o->tracking_token), P_UUID(&o->cart_id),
			P_UUID(&o->payment_id), P_UUID(&o->user_id), P_TEXT(o->email), P_TEXT(o->customer_key),
			P_TEXT(o->name), P_TEXT(o->currency), P_INT(o->subtotal_minor), P_INT(o->discount_minor),
			P_INT(o->shipping_minor), P_INT(o->tax_minor), P_INT(o->total_minor), P_BOOL(o->tax_included),
			P_INT(o->item_count), P_TEXT(o->shipping_option), P_TEXT(o->shipping_name), P_TEXT(o->country),
			P_JSON(o->shipping_address), P_JSON(o->billing_address), P_TEXT(o->note),
			P_TIME(o->placed_us)));
	insert_lines(c, d);
	db_defer(c, &INSERT_STEPS, PARAMS(P_UUID(&o->id)));
}

void checkout_store_open_payment(struct ctx *c, const struct order *o)
{
	db_defer(c, &OPEN_PAYMENT,
		PARAMS(P_UUID(&o->payment_id), P_UUID(&o->id), P_TEXT(o->number), P_INT(o->total_minor),
			P_TEXT(o->currency)));
}

void checkout_store_reserve(struct ctx *c, const struct order_details *d)
{
	const char **skus = arena_array_of(c->arena, d->nlines, const char *);
	const char **fields = arena_array_of(c->arena, d->nlines, const char *);
	int64_t *quantities = arena_array_of(c->arena, d->nlines, int64_t);

	for (size_t i = 0; i < d->nlines; i++) {
		skus[i] = d->lines[i].sku;
		quantities[i] = d->lines[i].quantity;
		fields[i] = arena_printf(c->arena, "lines/%zu/quantity", i);
	}
	db_defer(c, &RESERVE,
		PARAMS(P_UUID(&d->order.id), P_TEXTS(skus, d->nlines), P_INTS(quantities, d->nlines),
			P_TEXTS(fields, d->nlines)));
}
