/*
 * order.h - the nouns of orders, and what the files of this service offer each other.
 *
 * Amounts are minor units of the order's currency. An order is what cart-service priced:
 * copied, checked, never computed here.
 */
#ifndef ES_ORDER_H
#define ES_ORDER_H

#include "app/app.h"
#include "app/audit.h"
#include "app/auth.h"
#include "app/route.h"
#include "inputs.h"

#define ORDER_TOKENS_MAX 10 /* orders that a browser remembers */

extern const struct problem ERR_CART_NOT_FOUND;      /* 404 cart_not_found */
extern const struct problem ERR_CART_EMPTY;          /* 409 cart_empty */
extern const struct problem ERR_CART_CHANGED;        /* 409 cart_changed */
extern const struct problem ERR_CART_ORDERED;        /* 409 cart_already_ordered */
extern const struct problem ERR_NO_DESTINATION;      /* 409 destination_missing */
extern const struct problem ERR_SHIPPING_OPTION;     /* 422 shipping_option_unknown */
extern const struct problem ERR_OUT_OF_STOCK;        /* 409 out_of_stock */
extern const struct problem ERR_CONTACT_MISSING;     /* 409 contact_missing: pages only */
extern const struct problem ERR_ORDER_CANCELLED;     /* 409 order_cancelled */
extern const struct problem ERR_ORDER_SHIPPED;       /* 409 order_shipped */
extern const struct problem ERR_ORDER_NOT_PAID;      /* 409 order_not_paid */
extern const struct problem ERR_PAYMENT_IN_PROGRESS; /* 409 payment_in_progress */
extern const struct problem ERR_OVERSHIPPED;         /* 409 line_overshipped */
extern const struct problem ERR_DELIVERED;           /* 409 shipment_delivered */

struct order {
	struct uuid id, user_id, cart_id;       /* user_id "": a guest's */
	struct uuid payment_id, tracking_token; /* v4: keys */
	const char *number, *email, *customer_key, *name;
	char currency[4];
	int64_t subtotal_minor, discount_minor, shipping_minor, tax_minor, total_minor, item_count;
	bool tax_included;
	const char *shipping_option, *shipping_name, *country;
	const json_t *shipping_address, *billing_address; /* billing_address NULL: the same */
	const char *note;
	const char *status, *payment_status, *fulfilment_status; /* status is derived by the table */
	int64_t placed_us, paid_us, cancelled_us, expires_us;
	const char *cancel_reason;
	int64_t version;
};

struct order_line {
	struct uuid id, product_id, variant_id;
	const char *sku, *name, *image_url, *category;
	const json_t *options;
	int64_t quantity, shipped_quantity;
	int64_t unit_price_minor, discount_minor, total_minor, tax_minor;
	int32_t tax_rate_bp;
};

struct shipment {
	struct uuid id, order_id;
	const char *carrier, *tracking_number;
	int64_t created_us, delivered_us;
};

struct shipment_line {
	struct uuid shipment_id, line_id;
	int64_t quantity;
};

struct timeline_entry {
	int64_t at_us;
	const char *event, *actor, *actor_name, *detail;
	const char *state;      /* the order's status, afterwards; NULL: not noted then */
	int64_t position;       /* in the event log, of what was reacted to; 0: none */
	int32_t attempts;
	const char *request_id; /* for staff */
};

/* What payment-service says of an order's payment. */
struct payment_state {
	struct uuid id;
	const char *status, *failure_code, *method_text;
	int64_t amount_minor;
	char currency[4];
};

/* An order with all that belongs to it. */
struct order_details {
	struct order order;
	struct order_line *lines;
	size_t nlines;
	struct shipment *shipments;
	size_t nshipments;
	struct shipment_line *shipment_lines;
	size_t nshipment_lines;
};

/* cart.take_quote's row. */
struct quote {
	char currency[4];
	int64_t subtotal_minor, discount_minor, shipping_minor, tax_minor, total_minor;
	bool tax_included;
	const char *shipping_option, *shipping_name, *country, *postal_code, *region;
	struct uuid user_id;
	json_t *contact, *lines;
	const char *pseudonym_secret; /* keys customers in events */
};

/* Who asks to see an order: its customer, staff, or a guest who holds its token. */
struct viewer {
	struct uuid user_id;
	bool staff;
	const char *tokens[ORDER_TOKENS_MAX];
	size_t ntokens;
};

/* Who did something, for the timeline, and what it followed from. */
struct actor {
	const char *kind;  /* customer, staff, system */
	const char *name;  /* of staff; else NULL */
	int64_t position;  /* in the event log, of the event that was reacted to; 0: none */
	int32_t attempts;  /* of what was tried more than once; 0: not counted */
};

extern const struct route ORDER_ROUTES[];
extern const struct consumer ORDER_CONSUMERS[];
extern const struct timer ORDER_TIMERS[];

/* rules.c: no SQL, no HTTP, no clock */
/* The quote is this subject's to take, and the address is where it was priced for. */
err_t check_quote(struct ctx *c, const struct quote *q, const struct uuid *user_id, const json_t *address) MUST_CHECK;
/* Not cancelled, and nothing of it has left. What was paid goes back. */
err_t check_cancellable(struct ctx *c, const struct order *o) MUST_CHECK;
bool order_cancellable(const struct order *o);
bool order_paid(const struct order *o);
bool order_awaits_payment(const struct order *o);
/* The lines are the order's and have that much left; *becomes_r: the fulfilment status afterwards. */
err_t check_shipment(struct ctx *c, const struct order_details *d, const struct shipment_input *in,
	const char **becomes_r) MUST_CHECK;
bool order_shippable(const struct order_details *d);
/* Every parcel has arrived when this one has, and nothing is left to ship. */
bool completes_delivery(const struct order_details *d, const struct uuid *shipment_id);
const struct order_line *find_line(const struct order_details *d, const struct uuid *line_id);

/* checkout.c: the one transaction that makes an order */
struct placing {
	struct uuid cart_id;
	int64_t quote_version;       /* 0: whatever is current */
	const char *shipping_option; /* NULL: the one chosen on the pages */
	/* NULL: what the checkout pages stored with the cart */
	const char *email, *note;
	const json_t *shipping_address, *billing_address;
};
err_t order_place(struct request *rq, const struct placing *p, struct order_details *placed_r) MUST_CHECK;

/* changes.c: what happens to an order, each in the caller's transaction */
struct actor actor_of(const struct request *rq);
/* Into the audit log, when it was staff: what and when is in the order's own history. */
void audit_order(struct request *rq, const char *action, const struct uuid *order_id);
err_t order_cancel(struct ctx *c, const struct order_details *d, const struct actor *by, const char *reason) MUST_CHECK;
err_t order_ship(struct ctx *c, const struct order_details *d, const struct actor *by, const struct shipment_input *in,
	struct shipment *shipment_r) MUST_CHECK;
err_t order_deliver(
	struct ctx *c, const struct order_details *d, const struct actor *by, const struct shipment *s) MUST_CHECK;

/* browser.c: which orders this browser and this request may see */
struct viewer viewer_of(struct request *rq);
void browser_remember_order(struct request *rq, const struct uuid *tracking_token);

handler_fn post_order, get_orders, get_order, get_tracked_order, get_timeline, post_cancel, get_admin_orders,
	post_shipment, post_deliver;
handler_fn page_place, page_place_refused, page_thanks, page_track, page_track_cancel;
handler_fn page_account_orders, page_account_order, page_account_cancel;
handler_fn page_admin_orders, page_admin_order, page_admin_ship, page_admin_deliver, page_admin_cancel;

#endif
