/* inputs.h - what orders accept from outside: the structs that inputs.c binds. */
#ifndef ES_ORDER_INPUTS_H
#define ES_ORDER_INPUTS_H

#include "data/bind.h"
#include "data/ids.h"

struct address_input {
	const char *name, *line1, *line2, *city, *region, *postal_code, *country, *phone;
};
struct order_input {
	struct uuid cart_id;
	const char *email, *shipping_option, *note;
	const struct address_input *shipping_address, *billing_address;
};
struct place_input {
	struct uuid cart_id;
	int64_t quote_version;
	const char *idempotency_key;
};
struct orders_query {
	int64_t limit;
	const char *cursor;
	/* staff only: */
	const char *status, *payment_status, *email, *q;
	int64_t from_us, to_us;
};
struct cancel_input {
	const char *reason;
};
struct shipment_line_input {
	struct uuid line_id;
	int64_t quantity;
};
struct shipment_input {
	const struct shipment_line_input *lines;
	size_t nlines;
	const char *carrier, *tracking_number;
};

extern const struct bind ORDER_BIND, PLACE_BIND, ORDERS_BIND, ADMIN_ORDERS_BIND, ADMIN_PAGE_BIND, ACCOUNT_PAGE_BIND,
	CANCEL_BIND, CANCEL_PAGE_BIND, SHIPMENT_BIND, SHIPMENT_PAGE_BIND;

#endif
