/* rules.c - decisions about orders. No SQL, no HTTP, no clock. */
#include "order.h"
#include <string.h>

err_t check_quote(struct ctx *c, const struct quote *q, const struct uuid *user_id, const json_t *address)
{
	/* A claimed cart is its customer's alone: to others it does not exist. */
	if (uuid_is_set(&q->user_id) && strcmp(q->user_id.s, user_id->s) != 0)
		return fail(c, &ERR_CART_NOT_FOUND, "there is no such cart");
	if (strcmp(json_text(address, "country", ""), q->country) != 0) {
		field_error(c, "shipping_address/country", "mismatch",
			"the cart was priced for %s; set its destination first", q->country);
		return ctx_check(c);
	}
	return OK;
}

bool order_paid(const struct order *o)
{
	return o->paid_us != 0;
}

err_t check_cancellable(struct ctx *c, const struct order *o)
{
	if (o->cancelled_us != 0)
		return fail(c, &ERR_ORDER_CANCELLED, "order %s is cancelled already", o->number);
	if (strcmp(o->fulfilment_status, "unfulfilled") != 0)
		return fail(c, &ERR_ORDER_SHIPPED, "order %s was shipped and can't be cancelled", o->number);
	return OK;
}

bool order_awaits_payment(const struct order *o)
{
	return o->cancelled_us == 0 && !order_paid(o);
}

bool order_cancellable(const struct order *o)
{
	return o->cancelled_us == 0 && strcmp(o->fulfilment_status, "unfulfilled") == 0;
}

const struct order_line *find_line(const struct order_details *d, const struct uuid *line_id)
{
	for (size_t i = 0; i < d->nlines; i++)
		if (strcmp(d->lines[i].id.s, line_id->s) == 0)
			return &d->lines[i];
	return NULL;
}

/* How much of a line the parcel takes, counting every mention of it. */
static int64_t taken(const struct shipment_input *in, const struct uuid *line_id)
{
	int64_t sum = 0;

	for (size_t i = 0; i < in->nlines; i++)
		if (strcmp(in->lines[i].line_id.s, line_id->s) == 0)
			sum += in->lines[i].quantity;
	return sum;
}

static void check_shipment_line(struct ctx *c, const struct order_details *d, const struct shipment_input *in, size_t i)
{
	const struct order_line *line = find_line(d, &in->lines[i].line_id);

	if (line == NULL) {
		field_error(c, arena_printf(c->arena, "lines/%zu/line_id", i), "unknown", "the order has no such line");
		return;
	}
	for (size_t before = 0; before < i; before++) {
		if (strcmp(in->lines[before].line_id.s, line->id.s) == 0) {
			field_error(
				c, arena_printf(c->arena, "lines/%zu/line_id", i), "duplicate", "name each line once");
			return;
		}
	}
	if (in->lines[i].quantity > line->quantity - line->shipped_quantity)
		field_error(c, arena_printf(c->arena, "lines/%zu/quantity", i), "too_large",
			"only %lld of %s are left to ship", (long long)(line->quantity - line->shipped_quantity),
			line->sku);
}

err_t check_shipment(
	struct ctx *c, const struct order_details *d, const struct shipment_input *in, const char **becomes_r)
{
	const struct order *o = &d->order;
	bool all = true;

	if (o->cancelled_us != 0)
		return fail(c, &ERR_ORDER_CANCELLED, "order %s is cancelled", o->number);
	if (!order_paid(o))
		return fail(c, &ERR_ORDER_NOT_PAID, "order %s is not paid yet", o->number);
	for (size_t i = 0; i < in->nlines; i++)
		check_shipment_line(c, d, in, i);
	TRY(ctx_check(c));
	for (size_t i = 0; i < d->nlines; i++)
		all = all && d->lines[i].shipped_quantity + taken(in, &d->lines[i].id) == d->lines[i].quantity;
	*becomes_r = all ? "shipped" : "partially_shipped";
	return OK;
}

static bool something_left(const struct order_details *d)
{
	for (size_t i = 0; i < d->nlines; i++)
		if (d->lines[i].shipped_quantity < d->lines[i].quantity)
			return true;
	return false;
}

bool order_shippable(const struct order_details *d)
{
	return d->order.cancelled_us == 0 && order_paid(&d->order) && something_left(d);
}

bool completes_delivery(const struct order_details *d, const struct uuid *shipment_id)
{
	for (size_t i = 0; i < d->nshipments; i++)
		if (d->shipments[i].delivered_us == 0 && strcmp(d->shipments[i].id.s, shipment_id->s) != 0)
			return false;
	return !something_left(d);
}
