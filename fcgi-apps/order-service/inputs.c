/* inputs.c - what orders accept from outside. */
#include "order.h"

static const struct bind_field ADDRESS_FIELDS[] = {
	{"name", BIND_LINE, offsetof(struct address_input, name), .required = true, .min = 1, .max = 120},
	{"line1", BIND_LINE, offsetof(struct address_input, line1), .required = true, .min = 1, .max = 200,
		.label = "street and number"},
	{"line2", BIND_LINE, offsetof(struct address_input, line2), .max = 200},
	{"city", BIND_LINE, offsetof(struct address_input, city), .required = true, .min = 1, .max = 120},
	{"region", BIND_LINE, offsetof(struct address_input, region), .max = 120},
	{"postal_code", BIND_LINE, offsetof(struct address_input, postal_code), .required = true, .min = 1, .max = 20},
	{"country", BIND_COUNTRY, offsetof(struct address_input, country), .required = true},
	{"phone", BIND_LINE, offsetof(struct address_input, phone), .max = 40},
};
static const struct bind ADDRESS_BIND = BIND(struct address_input, ADDRESS_FIELDS);

static const struct bind_field ORDER_FIELDS[] = {
	{"cart_id", BIND_UUID, offsetof(struct order_input, cart_id), .required = true},
	{"email", BIND_EMAIL, offsetof(struct order_input, email), .required = true},
	{"shipping_address", BIND_OBJECT, offsetof(struct order_input, shipping_address), .required = true,
		.of = &ADDRESS_BIND},
	{"billing_address", BIND_OBJECT, offsetof(struct order_input, billing_address), .of = &ADDRESS_BIND},
	{"shipping_option", BIND_LINE, offsetof(struct order_input, shipping_option), .required = true, .min = 1,
		.max = 40},
	{"note", BIND_TEXT, offsetof(struct order_input, note), .max = 1000},
};
const struct bind ORDER_BIND = BIND(struct order_input, ORDER_FIELDS);

static const struct bind_field PLACE_FIELDS[] = {
	{"cart_id", BIND_UUID, offsetof(struct place_input, cart_id), .required = true},
	{"quote_version", BIND_INT, offsetof(struct place_input, quote_version), .required = true, .min = 1,
		.max = INT64_MAX},
	{"idempotency_key", BIND_LINE, offsetof(struct place_input, idempotency_key), .max = 255},
};
const struct bind PLACE_BIND = BIND(struct place_input, PLACE_FIELDS);

#define PAGE_OF_ORDERS                                                                                                 \
	{"limit", BIND_INT, offsetof(struct orders_query, limit), .min = 1, .max = 100},                               \
	{                                                                                                              \
		"cursor", BIND_LINE, offsetof(struct orders_query, cursor), .min = 1, .max = 64                        \
	}

static const struct bind_field ORDERS_FIELDS[] = {PAGE_OF_ORDERS};
const struct bind ORDERS_BIND = BIND(struct orders_query, ORDERS_FIELDS);

static const struct bind_field ACCOUNT_PAGE_FIELDS[] = {
	{"cursor", BIND_LINE, offsetof(struct orders_query, cursor), .max = 64},
};
const struct bind ACCOUNT_PAGE_BIND = BIND(struct orders_query, ACCOUNT_PAGE_FIELDS);

static const char *const STATUSES[] = {"pending_payment", "paid", "fulfilling", "partially_shipped", "shipped",
	"delivered", "cancelled", "refunded", "partially_refunded", NULL};
static const char *const PAYMENT_STATUSES[] = {
	"pending", "failed", "succeeded", "cancelled", "refunded", "partially_refunded", NULL};

static const struct bind_field ADMIN_ORDERS_FIELDS[] = {
	PAGE_OF_ORDERS,
	{"status", BIND_ENUM, offsetof(struct orders_query, status), .values = STATUSES},
	{"payment_status", BIND_ENUM, offsetof(struct orders_query, payment_status), .values = PAYMENT_STATUSES},
	{"email", BIND_EMAIL, offsetof(struct orders_query, email)},
	{"q", BIND_LINE, offsetof(struct orders_query, q), .min = 1, .max = 200},
	{"from", BIND_TIME, offsetof(struct orders_query, from_us)},
	{"to", BIND_TIME, offsetof(struct orders_query, to_us)},
};
const struct bind ADMIN_ORDERS_BIND = BIND(struct orders_query, ADMIN_ORDERS_FIELDS);

/* The page's form sends empty fields, and calls the status a state. Bad values show everything. */
static const struct bind_field ADMIN_PAGE_FIELDS[] = {
	{"cursor", BIND_LINE, offsetof(struct orders_query, cursor), .max = 64},
	{"state", BIND_LINE, offsetof(struct orders_query, status), .max = 40},
	{"q", BIND_LINE, offsetof(struct orders_query, q), .max = 200},
	{"from", BIND_TIME, offsetof(struct orders_query, from_us)},
	{"to", BIND_TIME, offsetof(struct orders_query, to_us)},
};
const struct bind ADMIN_PAGE_BIND = BIND(struct orders_query, ADMIN_PAGE_FIELDS);

static const struct bind_field CANCEL_FIELDS[] = {
	{"reason", BIND_LINE, offsetof(struct cancel_input, reason), .max = 200},
};
const struct bind CANCEL_BIND = BIND(struct cancel_input, CANCEL_FIELDS);

static const struct bind_field CANCEL_PAGE_FIELDS[] = {
	{"cancel_reason", BIND_LINE, offsetof(struct cancel_input, reason), .max = 200},
};
const struct bind CANCEL_PAGE_BIND = BIND(struct cancel_input, CANCEL_PAGE_FIELDS);

static const struct bind_field SHIPMENT_LINE_FIELDS[] = {
	{"line_id", BIND_UUID, offsetof(struct shipment_line_input, line_id), .required = true},
	{"quantity", BIND_INT, offsetof(struct shipment_line_input, quantity), .required = true, .min = 1, .max = 9999},
};
static const struct bind SHIPMENT_LINE_BIND = BIND(struct shipment_line_input, SHIPMENT_LINE_FIELDS);

#define PARCEL                                                                                                         \
	{"carrier", BIND_LINE, offsetof(struct shipment_input, carrier), .required = true, .min = 1, .max = 64},       \
	{                                                                                                              \
		"tracking_number", BIND_LINE, offsetof(struct shipment_input, tracking_number), .max = 64              \
	}

static const struct bind_field SHIPMENT_FIELDS[] = {
	{"lines", BIND_LIST, offsetof(struct shipment_input, lines), .required = true, .min = 1, .max = 1000,
		.of = &SHIPMENT_LINE_BIND, .count = offsetof(struct shipment_input, nlines)},
	PARCEL,
};
const struct bind SHIPMENT_BIND = BIND(struct shipment_input, SHIPMENT_FIELDS);

/* The form's lines come as pairs of repeated names: the handler reads them. */
static const struct bind_field SHIPMENT_PAGE_FIELDS[] = {PARCEL};
const struct bind SHIPMENT_PAGE_BIND = BIND(struct shipment_input, SHIPMENT_PAGE_FIELDS);
