/* changes.c - what happens to an order after it was placed. Each runs in its caller's transaction, the order locked. */
#include "order.h"
#include "store_order.h"
#include "views.h"
#include "data/clock.h"
#include <string.h>

void audit_order(struct request *rq, const char *action, const struct uuid *order_id)
{
	if (rq->subject->is_staff)
		audit_record(rq, &(struct audit_entry){.action = action, .object_type = "order", .object_id = order_id->s});
}

struct actor actor_of(const struct request *rq)
{
	if (rq->subject->is_staff)
		return (struct actor){.kind = "staff", .name = rq->subject->name};
	return (struct actor){.kind = "customer"};
}

static void emit(struct ctx *c, const char *topic, const struct order *o, json_t *payload)
{
	event_emit(c, &(struct event){.topic = topic,
			      .aggregate_type = "order",
			      .aggregate_id = o->id.s,
			      .order_key = o->id.s,
			      .payload = payload});
}

static err_t close_payment(struct ctx *c, const struct order_details *d)
{
	bool cancelled;

	TRY(change_store_cancel_payment(c, &d->order.id, &cancelled));
	if (!cancelled)
		return fail(c, &ERR_PAYMENT_IN_PROGRESS,
			"the payment of order %s is being decided; try again in a moment", d->order.number);
	change_store_payment(c, &d->order.id, "cancelled", 0);
	change_store_step(c, &d->order.id, "await_payment", "cancelled");
	change_store_step(c, &d->order.id, "cancel_payment", "done");
	return OK;
}

/* payment-service hears of the cancellation, gives the money back, and says so: jobs.c ends the step. */
static err_t leave_paid(struct ctx *c, const struct order_details *d)
{
	bool owed = d->order.total_minor > 0;

	if (!owed)
		change_store_payment(c, &d->order.id, "refunded", d->order.paid_us);
	change_store_step(c, &d->order.id, "ship", "cancelled");
	change_store_step(c, &d->order.id, "refund_payment", owed ? "pending" : "done");
	return OK;
}

err_t order_cancel(struct ctx *c, const struct order_details *d, const struct actor *by, const char *reason)
{
	const struct uuid *id = &d->order.id;
	struct order_details after = *d;

	TRY(check_cancellable(c, &d->order));
	TRY(order_paid(&d->order) ? leave_paid(c, d) : close_payment(c, d));
	after.order.cancelled_us = clock_now_us();
	after.order.cancel_reason = reason;
	change_store_cancel(c, id, after.order.cancelled_us, reason);
	change_store_step(c, id, "release_stock", "done");
	change_store_note(c, id, by, "order_cancelled", reason);
	emit(c, "order.cancelled", &d->order, order_event_payload(c, &after));
	change_store_release_stock(c, id);
	return OK;
}

err_t order_ship(struct ctx *c, const struct order_details *d, const struct actor *by, const struct shipment_input *in,
	struct shipment *shipment_r)
{
	const struct uuid *id = &d->order.id;
	struct shipment s = {.id = uuid_v7(), .order_id = *id, .carrier = in->carrier, .created_us = clock_now_us()};
	const char *becomes;

	s.tracking_number = in->tracking_number != NULL && in->tracking_number[0] != '\0' ? in->tracking_number : NULL;
	TRY(check_shipment(c, d, in, &becomes));
	change_store_ship(c, d, &s, in, becomes);
	change_store_step(c, id, "ship", strcmp(becomes, "shipped") == 0 ? "done" : "pending");
	if (strcmp(becomes, "shipped") == 0)
		change_store_step(c, id, "deliver", "pending");
	change_store_note(c, id, by, "shipment_created",
		s.tracking_number != NULL ? arena_printf(c->arena, "%s %s", s.carrier, s.tracking_number) : s.carrier);
	emit(c, "shipment.created", &d->order, shipment_event_payload(c, d, &s, in));
	*shipment_r = s;
	return OK;
}

err_t order_deliver(struct ctx *c, const struct order_details *d, const struct actor *by, const struct shipment *s)
{
	struct shipment after = *s;
	bool completes = completes_delivery(d, &s->id);

	if (s->delivered_us != 0)
		return fail(c, &ERR_DELIVERED, "this parcel was delivered already");
	after.delivered_us = clock_now_us();
	change_store_deliver(c, &after, completes);
	if (completes)
		change_store_step(c, &d->order.id, "deliver", "done");
	change_store_note(c, &d->order.id, by, "shipment_delivered", s->tracking_number);
	emit(c, "shipment.delivered", &d->order, shipment_event_payload(c, d, &after, NULL));
	return OK;
}
