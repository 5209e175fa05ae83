/* store_order.c - reading orders. What may be done with one is in rules.c. */
#include "store_order.h"

#define LIST_DEFAULT 24

static const struct db_column ORDER_COLUMNS[] = {
	DB_COLUMN(struct order, id, DB_UUID),
	DB_COLUMN(struct order, user_id, DB_UUID),
	DB_COLUMN(struct order, cart_id, DB_UUID),
	DB_COLUMN(struct order, payment_id, DB_UUID),
	DB_COLUMN(struct order, tracking_token, DB_UUID),
	DB_COLUMN(struct order, number, DB_TEXT),
	DB_COLUMN(struct order, email, DB_TEXT),
	DB_COLUMN(struct order, customer_key, DB_TEXT),
	DB_COLUMN(struct order, name, DB_TEXT),
	DB_COLUMN(struct order, currency, DB_CURRENCY),
	DB_COLUMN(struct order, subtotal_minor, DB_INT64),
	DB_COLUMN(struct order, discount_minor, DB_INT64),
	DB_COLUMN(struct order, shipping_minor, DB_INT64),
	DB_COLUMN(struct order, tax_minor, DB_INT64),
	DB_COLUMN(struct order, total_minor, DB_INT64),
	DB_COLUMN(struct order, item_count, DB_INT64),
	DB_COLUMN(struct order, tax_included, DB_BOOL),
	DB_COLUMN(struct order, shipping_option, DB_TEXT),
	DB_COLUMN(struct order, shipping_name, DB_TEXT),
	DB_COLUMN(struct order, country, DB_TEXT),
	DB_COLUMN(struct order, shipping_address, DB_JSON),
	DB_COLUMN(struct order, billing_address, DB_JSON),
	DB_COLUMN(struct order, note, DB_TEXT),
	DB_COLUMN(struct order, status, DB_TEXT),
	DB_COLUMN(struct order, payment_status, DB_TEXT),
	DB_COLUMN(struct order, fulfilment_status, DB_TEXT),
	DB_COLUMN_AS(struct order, placed_us, DB_TIME, "placed_at"),
	DB_COLUMN_AS(struct order, paid_us, DB_TIME, "paid_at"),
	DB_COLUMN_AS(struct order, cancelled_us, DB_TIME, "cancelled_at"),
	DB_COLUMN_AS(struct order, expires_us, DB_TIME, "expires_at"),
	DB_COLUMN(struct order, cancel_reason, DB_TEXT),
	DB_COLUMN(struct order, version, DB_INT64),
};
#define ORDER_SELECT                                                                                                   \
	"select id, user_id, cart_id, payment_id, tracking_token, number, email, customer_key, name, currency,"        \
	" subtotal_minor, discount_minor, shipping_minor, tax_minor, total_minor, item_count, tax_included,"           \
	" shipping_option, shipping_name, country, shipping_address, billing_address, note, status, payment_status,"   \
	" fulfilment_status, placed_at, paid_at, cancelled_at, expires_at, cancel_reason, version from orders.orders"
/* Its customer, staff, or who holds its token: to others it does not exist. */
#define SEEN_BY_VIEWER                                                                                                 \
	" where id = $1::uuid and ($2::boolean or user_id = $3::uuid or tracking_token = any ($4::uuid[]))"

static const struct db_stmt ORDER_GET =
	DB_ROWS("order_get", struct order, ORDER_COLUMNS, SQL(ORDER_SELECT SEEN_BY_VIEWER));
static const struct db_stmt ORDER_LOCK =
	DB_ROWS("order_lock", struct order, ORDER_COLUMNS, SQL(ORDER_SELECT SEEN_BY_VIEWER " for update"));
static const struct db_stmt ORDER_OF_CART =
	DB_ROWS("order_of_cart", struct order, ORDER_COLUMNS, SQL(ORDER_SELECT " where cart_id = $1::uuid"));
static const struct db_stmt ORDERS_OF_USER = DB_ROWS("orders_of_user", struct order, ORDER_COLUMNS,
	SQL(ORDER_SELECT
		" where user_id = $1::uuid and ($2::uuid is null or id < $2::uuid) order by id desc limit $3::bigint"));
static const struct db_stmt ORDERS_OF_ALL = DB_ROWS("orders_of_all", struct order, ORDER_COLUMNS,
	SQL(ORDER_SELECT " where ($1::uuid is null or id < $1::uuid) and ($3::text is null or status = $3::text)"
			 " and ($4::text is null or payment_status = $4::text)"
			 " and ($5::text is null or lower(email) = lower($5::text))"
			 " and ($6::text is null or number = upper($6::text) or lower(email) = lower($6::text)"
			 "  or name ilike '%' || replace(replace(replace($6::text, '\\', '\\\\'), '%', '\\%'), '_', "
			 "'\\_') || '%')"
			 " and ($7::timestamptz is null or placed_at >= $7::timestamptz)"
			 " and ($8::timestamptz is null or placed_at < $8::timestamptz)"
			 " order by id desc limit $2::bigint"));

static const struct db_column LINE_COLUMNS[] = {
	DB_COLUMN(struct order_line, id, DB_UUID),
	DB_COLUMN(struct order_line, product_id, DB_UUID),
	DB_COLUMN(struct order_line, variant_id, DB_UUID),
	DB_COLUMN(struct order_line, sku, DB_TEXT),
	DB_COLUMN(struct order_line, name, DB_TEXT),
	DB_COLUMN(struct order_line, image_url, DB_TEXT),
	DB_COLUMN(struct order_line, category, DB_TEXT),
	DB_COLUMN(struct order_line, options, DB_JSON),
	DB_COLUMN(struct order_line, quantity, DB_INT64),
	DB_COLUMN(struct order_line, shipped_quantity, DB_INT64),
	DB_COLUMN(struct order_line, unit_price_minor, DB_INT64),
	DB_COLUMN(struct order_line, discount_minor, DB_INT64),
	DB_COLUMN(struct order_line, total_minor, DB_INT64),
	DB_COLUMN(struct order_line, tax_minor, DB_INT64),
	DB_COLUMN(struct order_line, tax_rate_bp, DB_INT32),
};
static const struct db_stmt LINES = DB_ROWS("order_lines", struct order_line, LINE_COLUMNS,
	SQL("select id, product_id, variant_id, sku, name, image_url, category, options, quantity, shipped_quantity,"
	    " unit_price_minor, discount_minor, total_minor, tax_minor, tax_rate_bp"
	    " from orders.line where order_id = $1::uuid order by line_no"));

static const struct db_column SHIPMENT_COLUMNS[] = {
	DB_COLUMN(struct shipment, id, DB_UUID),
	DB_COLUMN(struct shipment, order_id, DB_UUID),
	DB_COLUMN(struct shipment, carrier, DB_TEXT),
	DB_COLUMN(struct shipment, tracking_number, DB_TEXT),
	DB_COLUMN_AS(struct shipment, created_us, DB_TIME, "created_at"),
	DB_COLUMN_AS(struct shipment, delivered_us, DB_TIME, "delivered_at"),
};
static const struct db_stmt SHIPMENTS = DB_ROWS("order_shipments", struct shipment, SHIPMENT_COLUMNS,
	SQL("select id, order_id, carrier, tracking_number, created_at, delivered_at"
	    " from orders.shipment where order_id = $1::uuid order by id"));

static const struct db_column SHIPMENT_LINE_COLUMNS[] = {
	DB_COLUMN(struct shipment_line, shipment_id, DB_UUID),
	DB_COLUMN(struct shipment_line, line_id, DB_UUID),
	DB_COLUMN(struct shipment_line, quantity, DB_INT64),
};
static const struct db_stmt SHIPMENT_LINES =
	DB_ROWS("order_shipment_lines", struct shipment_line, SHIPMENT_LINE_COLUMNS,
		SQL("select sl.shipment_id, sl.line_id, sl.quantity from orders.shipment s join orders.shipment_line "
		    "sl on sl.shipment_id = s.id"
		    " join orders.line l on l.id = sl.line_id where s.order_id = $1::uuid order by s.id, l.line_no"));

struct order_id {
	struct uuid id;
};
static const struct db_column ID_COLUMNS[] = {DB_COLUMN(struct order_id, id, DB_UUID)};
static const struct db_stmt ID_BY_TOKEN = DB_ROWS("order_id_by_token", struct order_id, ID_COLUMNS,
	SQL("select id from orders.orders where tracking_token = $1::uuid"));
static const struct db_stmt ID_BY_SHIPMENT = DB_ROWS("order_id_by_shipment", struct order_id, ID_COLUMNS,
	SQL("select order_id as id from orders.shipment where id = $1::uuid"));

static const struct db_column TIMELINE_COLUMNS[] = {
	DB_COLUMN_AS(struct timeline_entry, at_us, DB_TIME, "at"),
	DB_COLUMN(struct timeline_entry, event, DB_TEXT),
	DB_COLUMN(struct timeline_entry, actor, DB_TEXT),
	DB_COLUMN(struct timeline_entry, actor_name, DB_TEXT),
	DB_COLUMN(struct timeline_entry, detail, DB_TEXT),
	DB_COLUMN(struct timeline_entry, state, DB_TEXT),
	DB_COLUMN(struct timeline_entry, position, DB_INT64),
	DB_COLUMN(struct timeline_entry, attempts, DB_INT32),
	DB_COLUMN(struct timeline_entry, request_id, DB_TEXT),
};
static const struct db_stmt TIMELINE = DB_ROWS("order_timeline", struct timeline_entry, TIMELINE_COLUMNS,
	SQL("select at, event, actor, actor_name, detail, state, position, attempts, request_id from orders.timeline where order_id = $1::uuid order by id"));

static const struct db_column PAYMENT_COLUMNS[] = {
	DB_COLUMN(struct payment_state, id, DB_UUID),
	DB_COLUMN(struct payment_state, status, DB_TEXT),
	DB_COLUMN(struct payment_state, amount_minor, DB_INT64),
	DB_COLUMN(struct payment_state, currency, DB_CURRENCY),
	DB_COLUMN(struct payment_state, failure_code, DB_TEXT),
	DB_COLUMN(struct payment_state, method_text, DB_TEXT),
};
static const struct db_stmt PAYMENT = DB_ROWS("order_payment", struct payment_state, PAYMENT_COLUMNS,
	SQL("select id, status, amount_minor, currency, failure_code, method_text from payment.of_order($1::uuid)"));

const struct db_stmt *const ORDER_STATEMENTS[] = {&ORDER_GET, &ORDER_LOCK, &ORDER_OF_CART, &ORDERS_OF_USER,
	&ORDERS_OF_ALL, &LINES, &SHIPMENTS, &SHIPMENT_LINES, &ID_BY_TOKEN, &ID_BY_SHIPMENT, &TIMELINE, &PAYMENT, NULL};

err_t order_store_get(
	struct ctx *c, const struct uuid *id, const struct viewer *v, bool lock, struct order_details *details_r)
{
	struct order_details d = {.nlines = 0};
	err_t e = db_run(c,
		(const struct db_call[]){
			CALL_ONE(lock ? &ORDER_LOCK : &ORDER_GET, &d.order, P_UUID(id), P_BOOL(v->staff),
				P_UUID(&v->user_id), P_TEXTS(v->tokens, v->ntokens)),
			CALL_ROWS(&LINES, &d.lines, &d.nlines, P_UUID(id)),
			CALL_ROWS(&SHIPMENTS, &d.shipments, &d.nshipments, P_UUID(id)),
			CALL_ROWS(&SHIPMENT_LINES, &d.shipment_lines, &d.nshipment_lines, P_UUID(id)),
		},
		4);

	if (e == &ERR_NOT_FOUND)
		return fail(c, e, "there is no such order");
	TRY(e);
	*details_r = d;
	return OK;
}

static err_t find_id(struct ctx *c, const struct db_stmt *s, const struct uuid *key, struct uuid *id_r)
{
	struct order_id row;

	TRY(db_one(c, s, PARAMS(P_UUID(key)), &row));
	*id_r = row.id;
	return OK;
}

err_t order_store_id_by_token(struct ctx *c, const struct uuid *tracking_token, struct uuid *id_r)
{
	return find_id(c, &ID_BY_TOKEN, tracking_token, id_r);
}

err_t order_store_id_by_shipment(struct ctx *c, const struct uuid *shipment_id, struct uuid *id_r)
{
	return find_id(c, &ID_BY_SHIPMENT, shipment_id, id_r);
}

err_t order_store_of_cart(struct ctx *c, const struct uuid *cart_id, struct order *order_r, bool *found_r)
{
	return db_maybe(c, &ORDER_OF_CART, PARAMS(P_UUID(cart_id)), order_r, found_r);
}

err_t order_store_list(struct ctx *c, const struct orders_wanted *w, struct order **rows_r, size_t *n_r)
{
	const struct orders_query *q = w->query;
	int64_t limit = (q->limit > 0 ? q->limit : LIST_DEFAULT) + 1;

	if (w->user_id != NULL)
		return db_rows(
			c, &ORDERS_OF_USER, PARAMS(P_UUID(w->user_id), P_UUID(&w->before), P_INT(limit)), rows_r, n_r);
	return db_rows(c, &ORDERS_OF_ALL,
		PARAMS(P_UUID(&w->before), P_INT(limit), P_TEXT(q->status), P_TEXT(q->payment_status), P_TEXT(q->email),
			P_TEXT(q->q), P_TIME(q->from_us), P_TIME(q->to_us)),
		rows_r, n_r);
}

err_t order_store_timeline(struct ctx *c, const struct uuid *id, struct timeline_entry **rows_r, size_t *n_r)
{
	return db_rows(c, &TIMELINE, PARAMS(P_UUID(id)), rows_r, n_r);
}

err_t order_store_payment(struct ctx *c, const struct uuid *id, struct payment_state *payment_r, bool *found_r)
{
	return db_maybe(c, &PAYMENT, PARAMS(P_UUID(id)), payment_r, found_r);
}

err_t order_store_tx(struct ctx *c, err_t (*body)(struct ctx *c, void *arg), void *arg)
{
	return db_tx(c, DB_TX_DEFAULT, body, arg);
}
