/* jobs.c - what order-service does when payments report, and when time runs out. */
#include "order.h"
#include "people.h"
#include "store_order.h"
#include "views.h"
#include "base/log.h"
#include "data/clock.h"
#include <string.h>

#define EXPIRY_EVERY_MS 5000
#define EXPIRED_PER_TICK 50
#define ANONYMISE_EVERY_MS 600000

static const struct actor SYSTEM = {.kind = "system"};

static struct actor followed_from(const struct received_event *e)
{
	return (struct actor){.kind = "system", .position = e->position};
}

static const struct viewer EVERYTHING = {.staff = true};

static err_t lock_order_of(struct ctx *c, const struct received_event *e, struct order_details *d)
{
	struct uuid id;

	if (!uuid_parse(str_of(json_text(e->payload, "order_id", NULL)), &id))
		return fail_bug(c, "a payment event names no order");
	return order_store_get(c, &id, &EVERYTHING, true, d);
}

static err_t mark_paid(struct ctx *c, const struct received_event *e, const struct order_details *d)
{
	const struct uuid *id = &d->order.id;
	const struct actor by = followed_from(e);
	struct order_details after = *d;

	if (json_int(e->payload, "amount_minor", -1) != d->order.total_minor ||
		strcmp(json_text(e->payload, "currency", ""), d->order.currency) != 0)
		return fail_bug(c, "order %s: paid another amount than its total", d->order.number);
	after.order.paid_us = e->created_us != 0 ? e->created_us : clock_now_us();
	change_store_payment(c, id, "succeeded", after.order.paid_us);
	change_store_step(c, id, "await_payment", "done");
	change_store_step(c, id, "ship", "pending");
	change_store_note(c, id, &by, "payment_succeeded", NULL);
	event_emit(c, &(struct event){.topic = "order.paid",
			      .aggregate_type = "order",
			      .aggregate_id = id->s,
			      .order_key = id->s,
			      .payload = order_event_payload(c, &after)});
	return OK;
}

static err_t on_succeeded(struct ctx *c, const struct received_event *e, const struct order_details *d)
{
	const struct actor by = followed_from(e);

	if (order_paid(&d->order))
		return OK;
	if (d->order.cancelled_us == 0)
		return mark_paid(c, e, d);
	/* Too late: payment-service gives the money back. */
	change_store_note(c, &d->order.id, &by, "payment_after_cancel", NULL);
	return OK;
}

static err_t on_failed(struct ctx *c, const struct received_event *e, const struct order_details *d)
{
	const struct actor by = followed_from(e);

	if (strcmp(d->order.payment_status, "pending") == 0)
		change_store_payment(c, &d->order.id, "failed", 0);
	change_store_note(c, &d->order.id, &by, "payment_failed", json_text(e->payload, "failure_code", NULL));
	return OK;
}

static err_t on_cancelled(struct ctx *c, const struct received_event *e, const struct order_details *d)
{
	const struct actor by = followed_from(e);

	change_store_note(c, &d->order.id, &by, "payment_cancelled", NULL);
	return OK;
}

static void tell_refunded(struct ctx *c, const struct received_event *e, const struct order *o)
{
	json_t *payload = json_new_object(c->arena);

	json_set_text(payload, "order_id", o->id.s);
	json_set_text(payload, "number", o->number);
	json_set_text(payload, "currency", o->currency);
	json_set_int(payload, "amount_minor", json_int(e->payload, "amount_minor", 0));
	json_set_int(payload, "refunded_minor", json_int(e->payload, "refunded_minor", 0));
	json_set_int(payload, "total_minor", o->total_minor);
	json_set_text(payload, "country", o->country);
	json_set_time(payload, "refunded_at", e->created_us != 0 ? e->created_us : clock_now_us());
	event_emit(c, &(struct event){.topic = "order.refunded",
			      .aggregate_type = "order",
			      .aggregate_id = o->id.s,
			      .order_key = o->id.s,
			      .payload = payload});
}

/* Money of a payment that nobody waited for, late or double, is not the order's: it is only told. */
static err_t on_refunded(struct ctx *c, const struct received_event *e, const struct order_details *d)
{
	const struct actor by = followed_from(e);
	bool all = json_int(e->payload, "amount_minor", 0) == d->order.total_minor;

	if (strcmp(json_text(e->payload, "reason", ""), "not wanted") == 0) {
		change_store_note(c, &d->order.id, &by, "payment_returned", NULL);
		return OK;
	}
	if (order_paid(&d->order))
		change_store_payment(c, &d->order.id, all ? "refunded" : "partially_refunded", d->order.paid_us);
	if (all)
		change_store_step(c, &d->order.id, "refund_payment", "done");
	change_store_note(c, &d->order.id, &by, "payment_refunded", NULL);
	tell_refunded(c, e, &d->order);
	return OK;
}

static err_t on_refund_delayed(struct ctx *c, const struct received_event *e, const struct order_details *d)
{
	struct actor by = followed_from(e);

	by.attempts = (int32_t)json_int(e->payload, "attempt", 1);
	change_store_step_failed(c, &d->order.id, "refund_payment", by.attempts, json_text(e->payload, "error", NULL));
	change_store_note(c, &d->order.id, &by, "refund_delayed", NULL);
	return OK;
}


static const struct {
	const char *topic;
	err_t (*handle)(struct ctx *c, const struct received_event *e, const struct order_details *d);
} PAYMENT_EVENTS[] = {
	{"payment.succeeded", on_succeeded},
	{"payment.failed", on_failed},
	{"payment.cancelled", on_cancelled},
	{"payment.refunded", on_refunded},
	{"payment.refund_delayed", on_refund_delayed},
};

static err_t on_payment(struct ctx *c, const struct received_event *e)
{
	struct order_details d;

	for (size_t i = 0; i < ARRAY_LEN(PAYMENT_EVENTS); i++) {
		if (strcmp(e->topic, PAYMENT_EVENTS[i].topic) != 0)
			continue;
		TRY(lock_order_of(c, e, &d));
		return PAYMENT_EVENTS[i].handle(c, e, &d);
	}
	return OK;
}

static const char *const PAYMENT_TOPICS[] = {
	"payment.succeeded", "payment.failed", "payment.cancelled", "payment.refunded", "payment.refund_delayed", NULL};

static const char *const ACCOUNT_TOPICS[] = {"user.email_verified", "user.erased", NULL};

const struct consumer ORDER_CONSUMERS[] = {
	{"orders.payments", PAYMENT_TOPICS, on_payment},
	{"orders.accounts", ACCOUNT_TOPICS, on_account},
	{0},
};

static err_t expire_one(struct ctx *c, void *arg)
{
	struct order_details d;
	struct uuid id;
	err_t e;

	TRY(change_store_claim_expired(c, &id, arg));
	if (!*(bool *)arg)
		return OK;
	TRY(order_store_get(c, &id, &EVERYTHING, true, &d));
	e = order_cancel(c, &d, &SYSTEM, "expired");
	if (e == OK || (e != &ERR_PAYMENT_IN_PROGRESS && !(e->flags & PROBLEM_RULE)))
		return e;
	/* Not now: the next in line must not wait for it. */
	log_info(c, "an unpaid order could not expire yet", LS("number", d.order.number), LS("why", e->code));
	ctx_clear_failure(c);
	change_store_postpone_expiry(c, &id);
	return OK;
}

/* A transaction per order: one that fails keeps no other waiting. */
static err_t expire_orders(struct ctx *c)
{
	for (size_t i = 0; i < EXPIRED_PER_TICK; i++) {
		bool found = false;

		TRY(order_store_tx(c, expire_one, &found));
		if (!found)
			return OK;
	}
	return OK;
}

const struct timer ORDER_TIMERS[] = {
	{.name = "orders.expire", .every_ms = EXPIRY_EVERY_MS, .run = expire_orders},
	{.name = "orders.anonymise", .every_ms = ANONYMISE_EVERY_MS, .run = anonymise_orders},
	{0},
};
