/* views.c - orders as the API and as events say them: the only place, with views_pages.c and views_admin.c, that names
 * output fields. */
#include "order.h"
#include "views.h"
#include <string.h>

static const char *or_null(const struct uuid *id)
{
	return uuid_is_set(id) ? id->s : NULL;
}

/* The object itself belongs to a row: give out a copy that views may own. */
static json_t *copy(struct ctx *c, const json_t *value)
{
	return value == NULL ? NULL : json_own(c->arena, json_deep_copy(value));
}

static void set_copy(struct ctx *c, json_t *o, const char *key, const json_t *value)
{
	if (value == NULL)
		json_set_null(o, key);
	else
		json_set(o, key, copy(c, value));
}

json_t *address_document(struct ctx *c, const struct address_input *a)
{
	json_t *o;

	if (a == NULL)
		return NULL;
	o = json_new_object(c->arena);
	json_set_text(o, "name", a->name);
	json_set_text(o, "line1", a->line1);
	json_set_text(o, "line2", a->line2);
	json_set_text(o, "city", a->city);
	json_set_text(o, "region", a->region);
	json_set_text(o, "postal_code", a->postal_code);
	json_set_text(o, "country", a->country);
	json_set_text(o, "phone", a->phone);
	return o;
}

static json_t *view_line(struct ctx *c, const struct order *o, const struct order_line *l)
{
	json_t *v = json_new_object(c->arena);

	json_set_text(v, "id", l->id.s);
	json_set_text(v, "sku", l->sku);
	json_set_text(v, "product_id", or_null(&l->product_id));
	json_set_text(v, "name", l->name);
	set_copy(c, v, "options", l->options);
	json_set_int(v, "quantity", l->quantity);
	json_set_int(v, "shipped_quantity", l->shipped_quantity);
	json_set_money(v, "unit_price", money(l->unit_price_minor, o->currency));
	json_set_money(v, "discount", money(l->discount_minor, o->currency));
	json_set_money(v, "total", money(l->total_minor, o->currency));
	json_set_money(v, "tax", money(l->tax_minor, o->currency));
	return v;
}

static json_t *view_totals(struct ctx *c, const struct order *o)
{
	json_t *v = json_new_object(c->arena);

	json_set_money(v, "subtotal", money(o->subtotal_minor, o->currency));
	json_set_money(v, "discount", money(o->discount_minor, o->currency));
	json_set_money(v, "shipping", money(o->shipping_minor, o->currency));
	json_set_money(v, "tax", money(o->tax_minor, o->currency));
	json_set_money(v, "total", money(o->total_minor, o->currency));
	json_set_bool(v, "tax_included", o->tax_included);
	return v;
}

json_t *view_shipment(struct request *rq, const struct order_details *d, const struct shipment *s)
{
	json_t *v = json_new_object(rq->ctx.arena), *lines = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < d->nshipment_lines; i++) {
		const struct shipment_line *sl = &d->shipment_lines[i];
		const struct order_line *l = find_line(d, &sl->line_id);
		json_t *line;

		if (strcmp(sl->shipment_id.s, s->id.s) != 0 || l == NULL)
			continue;
		line = json_new_object(rq->ctx.arena);
		json_set_text(line, "line_id", l->id.s);
		json_set_text(line, "sku", l->sku);
		json_set_int(line, "quantity", sl->quantity);
		json_add(lines, line);
	}
	json_set_text(v, "id", s->id.s);
	json_set_text(v, "order_id", s->order_id.s);
	json_set_text(v, "status", s->delivered_us != 0 ? "delivered" : "shipped");
	json_set_text(v, "carrier", s->carrier);
	json_set_text(v, "tracking_number", s->tracking_number);
	json_set_time(v, "created_at", s->created_us);
	json_set_time(v, "delivered_at", s->delivered_us);
	json_set(v, "lines", lines);
	return v;
}

static void set_head(json_t *v, const struct order *o)
{
	json_set_text(v, "id", o->id.s);
	json_set_text(v, "number", o->number);
	json_set_text(v, "status", o->status);
	json_set_text(v, "payment_status", o->payment_status);
	json_set_text(v, "fulfilment_status", o->fulfilment_status);
	json_set_text(v, "email", o->email);
	json_set_text(v, "currency", o->currency);
	json_set_time(v, "placed_at", o->placed_us);
	json_set_time(v, "paid_at", o->paid_us);
	json_set_time(v, "cancelled_at", o->cancelled_us);
}

/* In payment-service's words, so that the order and GET /payments/{id} say the same. */
static json_t *view_payment(struct ctx *c, const struct order *o)
{
	json_t *v = json_new_object(c->arena);

	json_set_text(v, "id", o->payment_id.s);
	json_set_text(v, "status", strcmp(o->payment_status, "pending") == 0 ? "requires_payment" : o->payment_status);
	json_set_money(v, "amount", money(o->total_minor, o->currency));
	return v;
}

static json_t *view_shipping_option(struct ctx *c, const struct order *o)
{
	json_t *v = json_new_object(c->arena);

	json_set_text(v, "id", o->shipping_option);
	json_set_text(v, "name", o->shipping_name);
	json_set_money(v, "price", money(o->shipping_minor, o->currency));
	return v;
}

json_t *view_order(struct request *rq, const struct order_details *d)
{
	struct ctx *c = &rq->ctx;
	const struct order *o = &d->order;
	json_t *v = json_new_object(c->arena), *lines = json_new_array(c->arena), *shipments = json_new_array(c->arena);

	for (size_t i = 0; i < d->nlines; i++)
		json_add(lines, view_line(c, o, &d->lines[i]));
	for (size_t i = 0; i < d->nshipments; i++)
		json_add(shipments, view_shipment(rq, d, &d->shipments[i]));
	set_head(v, o);
	json_set(v, "lines", lines);
	json_set(v, "totals", view_totals(c, o));
	json_set(v, "shipping_option", view_shipping_option(c, o));
	set_copy(c, v, "shipping_address", o->shipping_address);
	set_copy(c, v, "billing_address", o->billing_address);
	json_set_text(v, "note", o->note);
	json_set(v, "payment", view_payment(c, o));
	json_set(v, "shipments", shipments);
	json_set_text(v, "cancel_reason", o->cancel_reason);
	json_set_text(v, "tracking_token", o->tracking_token.s);
	return v;
}

json_t *view_order_row(struct request *rq, const struct order *o)
{
	json_t *v = json_new_object(rq->ctx.arena);

	set_head(v, o);
	json_set_text(v, "name", o->name);
	json_set_text(v, "country", o->country);
	json_set_int(v, "item_count", o->item_count);
	json_set_money(v, "total", money(o->total_minor, o->currency));
	return v;
}

static void set_int_or_null(json_t *o, const char *key, int64_t value)
{
	if (value != 0)
		json_set_int(o, key, value);
	else
		json_set_null(o, key);
}

json_t *view_timeline_entry(struct request *rq, const struct timeline_entry *t)
{
	json_t *v = json_new_object(rq->ctx.arena);

	json_set_time(v, "at", t->at_us);
	json_set_text(v, "event", t->event);
	json_set_text(v, "actor", t->actor);
	if (rq->subject->is_staff)
		json_set_text(v, "actor_name", t->actor_name);
	json_set_text(v, "detail", t->detail);
	json_set_text(v, "state", t->state);
	set_int_or_null(v, "position", t->position);
	set_int_or_null(v, "attempts", t->attempts);
	if (rq->subject->is_staff)
		json_set_text(v, "request_id", t->request_id);
	return v;
}

static json_t *event_lines(struct ctx *c, const struct order_details *d)
{
	json_t *lines = json_new_array(c->arena);

	for (size_t i = 0; i < d->nlines; i++) {
		json_t *v = json_new_object(c->arena);

		json_set_text(v, "sku", d->lines[i].sku);
		json_set_text(v, "product_id", or_null(&d->lines[i].product_id));
		json_set_text(v, "name", d->lines[i].name);
		json_set_text(v, "category", d->lines[i].category);
		json_set_int(v, "quantity", d->lines[i].quantity);
		json_set_int(v, "total_minor", d->lines[i].total_minor);
		json_add(lines, v);
	}
	return lines;
}

json_t *order_event_payload(struct ctx *c, const struct order_details *d)
{
	const struct order *o = &d->order;
	json_t *v = json_new_object(c->arena);

	json_set_text(v, "order_id", o->id.s);
	json_set_text(v, "number", o->number);
	json_set_text(v, "currency", o->currency);
	json_set_int(v, "total_minor", o->total_minor);
	json_set_int(v, "tax_minor", o->tax_minor);
	json_set_int(v, "shipping_minor", o->shipping_minor);
	json_set_text(v, "country", o->country);
	json_set_text(v, "user_id", or_null(&o->user_id));
	json_set_text(v, "customer_key", o->customer_key);
	json_set_time(v, "placed_at", o->placed_us);
	if (o->paid_us != 0)
		json_set_time(v, "paid_at", o->paid_us);
	if (o->cancelled_us != 0)
		json_set_time(v, "cancelled_at", o->cancelled_us);
	json_set_text_if(v, "reason", o->cancel_reason);
	json_set(v, "lines", event_lines(c, d));
	return v;
}

json_t *shipment_event_payload(
	struct ctx *c, const struct order_details *d, const struct shipment *s, const struct shipment_input *in)
{
	json_t *v = json_new_object(c->arena), *lines = json_new_array(c->arena);

	json_set_text(v, "order_id", d->order.id.s);
	json_set_text(v, "number", d->order.number);
	json_set_text(v, "shipment_id", s->id.s);
	if (in == NULL)
		return v;
	for (size_t i = 0; i < in->nlines; i++) {
		json_t *line = json_new_object(c->arena);

		json_set_text(line, "sku", find_line(d, &in->lines[i].line_id)->sku);
		json_set_int(line, "quantity", in->lines[i].quantity);
		json_add(lines, line);
	}
	json_set_text(v, "carrier", s->carrier);
	json_set(v, "lines", lines);
	return v;
}
