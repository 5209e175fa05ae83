/* handlers_orders.c - the order API. */
#include "order.h"
#include "store_order.h"
#include "views.h"
#include <string.h>

#define LIST_DEFAULT 24

err_t post_order(struct request *rq)
{
	const struct order_input *in = rq->input;
	struct placing p = {
		.cart_id = in->cart_id,
		.shipping_option = in->shipping_option,
		.email = in->email,
		.note = in->note,
		.shipping_address = address_document(&rq->ctx, in->shipping_address),
		.billing_address = address_document(&rq->ctx, in->billing_address),
	};
	struct order_details d;

	TRY(order_place(rq, &p, &d));
	response_header(rq, "Location", arena_printf(rq->ctx.arena, "/api/v1/orders/%s", d.order.id.s));
	return respond_resource(rq, 201, view_order(rq, &d), d.order.version);
}

static err_t list(struct request *rq, struct orders_wanted *w)
{
	size_t limit = (size_t)(w->query->limit > 0 ? w->query->limit : LIST_DEFAULT), n;
	json_t *data = json_new_array(rq->ctx.arena);
	struct order *rows;

	if (w->query->cursor != NULL && !uuid_parse(str_of(w->query->cursor), &w->before))
		return fail(&rq->ctx, &ERR_BAD_REQUEST, "the cursor is not one of this list");
	TRY(order_store_list(&rq->ctx, w, &rows, &n));
	for (size_t i = 0; i < n && i < limit; i++)
		json_add(data, view_order_row(rq, &rows[i]));
	return respond_list(rq, data, n > limit ? rows[limit - 1].id.s : NULL);
}

err_t get_orders(struct request *rq)
{
	return list(rq, &(struct orders_wanted){.user_id = &rq->subject->user_id, .query = rq->args});
}

err_t get_admin_orders(struct request *rq)
{
	return list(rq, &(struct orders_wanted){.query = rq->args});
}

/* The order named in the path, when this request may see it. */
static err_t load(struct request *rq, bool lock, struct order_details *d)
{
	struct viewer v = viewer_of(rq);
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	return order_store_get(&rq->ctx, &id, &v, lock, d);
}

static err_t respond_order(struct request *rq, const struct order_details *d)
{
	return respond_resource(rq, 200, view_order(rq, d), d->order.version);
}

err_t get_order(struct request *rq)
{
	struct order_details d;

	TRY(load(rq, false, &d));
	return respond_order(rq, &d);
}

err_t get_tracked_order(struct request *rq)
{
	struct viewer v = {.ntokens = 1};
	struct order_details d;
	struct uuid token, id;

	TRY(path_uuid(rq, "tracking_token", &token));
	TRY(order_store_id_by_token(&rq->ctx, &token, &id));
	v.tokens[0] = token.s;
	TRY(order_store_get(&rq->ctx, &id, &v, false, &d));
	return respond_order(rq, &d);
}

err_t get_timeline(struct request *rq)
{
	json_t *data = json_new_array(rq->ctx.arena);
	struct order_details d;
	struct timeline_entry *rows;
	size_t n;

	TRY(load(rq, false, &d));
	TRY(order_store_timeline(&rq->ctx, &d.order.id, &rows, &n));
	for (size_t i = 0; i < n; i++)
		json_add(data, view_timeline_entry(rq, &rows[i]));
	return respond_list(rq, data, NULL);
}

err_t post_cancel(struct request *rq)
{
	const struct cancel_input *in = rq->input;
	struct actor by = actor_of(rq);
	struct order_details d;

	TRY(load(rq, true, &d));
	TRY(request_if_match(rq, d.order.version));
	TRY(order_cancel(&rq->ctx, &d, &by, in->reason != NULL ? in->reason : by.kind));
	audit_order(rq, "order.cancel", &d.order.id);
	TRY(load(rq, false, &d));
	return respond_order(rq, &d);
}

err_t post_shipment(struct request *rq)
{
	struct actor by = actor_of(rq);
	struct order_details d;
	struct shipment s;

	TRY(load(rq, true, &d));
	TRY(order_ship(&rq->ctx, &d, &by, rq->input, &s));
	audit_order(rq, "order.ship", &d.order.id);
	TRY(load(rq, false, &d));
	return respond_json(rq, 201, view_shipment(rq, &d, &d.shipments[d.nshipments - 1]));
}

static const struct shipment *find_shipment(const struct order_details *d, const struct uuid *id)
{
	for (size_t i = 0; i < d->nshipments; i++)
		if (strcmp(d->shipments[i].id.s, id->s) == 0)
			return &d->shipments[i];
	return NULL;
}

err_t post_deliver(struct request *rq)
{
	struct viewer everything = {.staff = true};
	struct actor by = actor_of(rq);
	struct order_details d;
	struct uuid id, order_id;

	TRY(path_uuid(rq, "id", &id));
	TRY(order_store_id_by_shipment(&rq->ctx, &id, &order_id));
	TRY(order_store_get(&rq->ctx, &order_id, &everything, true, &d));
	TRY(order_deliver(&rq->ctx, &d, &by, find_shipment(&d, &id)));
	audit_order(rq, "order.deliver", &d.order.id);
	TRY(order_store_get(&rq->ctx, &order_id, &everything, false, &d));
	return respond_json(rq, 200, view_shipment(rq, &d, find_shipment(&d, &id)));
}
