/*
 * refunds.c - money that goes back: asked for in the transaction that decides it, given back by
 * a job while no transaction is open, recorded once. The refund's id is the provider's key for
 * it: who does not know whether an earlier call arrived asks by that key before calling again.
 */
#include "payment.h"

#include <string.h>

#include "base/log.h"
#include "provider.h"
#include "store_payment.h"

#define REFUND_LEASE_SECS 60

void payment_request_refund(struct ctx *c, const struct attempt *a, int64_t amount_minor, const char *reason)
{
	const struct refund r = {
		.id = uuid_v7(), .payment_id = a->payment_id, .attempt_id = a->id, .amount_minor = amount_minor, .reason = reason};
	json_t *payload = json_new_object(c->arena);

	json_set_text(payload, "refund_id", r.id.s);
	payment_store_new_refund(c, &r);
	job_enqueue(c, REFUND_QUEUE, r.id.s, payload);
}

static void emit(struct ctx *c, const char *topic, const struct intent *i, const struct refund *r, json_t *payload)
{
	json_set_text(payload, "payment_id", i->reference.s);
	json_set_text(payload, "order_id", i->order_id.s);
	json_set_text(payload, "refund_id", r->id.s);
	json_set_int(payload, "amount_minor", r->amount_minor);
	json_set_text(payload, "currency", i->currency);
	event_emit(c, &(struct event){.topic = topic,
			      .aggregate_type = "payment",
			      .aggregate_id = i->reference.s,
			      .order_key = i->order_id.s,
			      .payload = payload});
}

/* ------------------------------------------------------------------ the job */

struct giving_back {
	const struct job *job;
	struct refund refund;
	const char *error; /* NULL: it is done */
};

/* The payment is locked, and the refund read again: whoever else did this job has said so. */
static err_t settle(struct ctx *c, void *arg)
{
	const struct giving_back *g = arg;
	json_t *payload = json_new_object(c->arena);
	struct attempt attempt;
	struct refund now;
	struct intent i;
	bool found;

	TRY(payment_store_lock(c, &g->refund.payment_id, &g->refund.attempt_id, &i, &attempt, &found));
	TRY(payment_store_refund(c, &g->refund.id, &now, &found));
	if (strcmp(now.status, "requested") != 0)
		return OK;
	if (g->error != NULL) {
		json_set_int(payload, "attempt", g->job->attempts);
		json_set_text(payload, "error", g->error);
		emit(c, "payment.refund_delayed", &i, &now, payload);
		return OK;
	}
	json_set_text(payload, "reason", now.reason);
	json_set_int(payload, "refunded_minor", i.refunded_minor + now.amount_minor);
	json_set_int(payload, "captured_minor", i.captured_minor);
	payment_store_refund_done(c, &now);
	emit(c, "payment.refunded", &i, &now, payload);
	return OK;
}

static err_t give_back(struct ctx *c, const struct giving_back *g)
{
	bool known = false;

	if (g->job->attempts > 1)
		TRY(provider_refund_known(c, &g->refund, &known));
	return known ? OK : provider_refund(c, &g->refund);
}

static err_t do_refund(struct ctx *c, const struct job *j)
{
	struct giving_back g = {.job = j};
	struct uuid id;
	bool found = false;
	err_t e;

	if (!uuid_parse(str_of(json_text(j->payload, "refund_id", "")), &id))
		return fail(c, &ERR_PEER, "a refund job without its refund");
	TRY(payment_store_refund(c, &id, &g.refund, &found));
	if (!found)
		return fail(c, &ERR_PEER, "there is no such refund");
	e = give_back(c, &g);
	if (e != OK)
		g.error = c->detail != NULL ? c->detail : e->title;
	TRY(db_tx(c, DB_TX_DEFAULT, settle, &g));
	return e == OK ? OK : fail(c, e, "%s", g.error);
}

const struct job_worker PAYMENT_JOBS[] = {
	{REFUND_QUEUE, REFUND_LEASE_SECS, do_refund},
	{0},
};

/* ------------------------------------------------------------------ the saga's order */

/* What was paid for an order that will not leave. A payment that was closed unpaid owes nothing. */
static err_t on_order_cancelled(struct ctx *c, const struct received_event *e)
{
	struct attempt *owed;
	struct uuid order_id;
	size_t n;

	if (!uuid_parse(str_of(json_text(e->payload, "order_id", "")), &order_id))
		return fail_bug(c, "a cancellation names no order");
	TRY(payment_store_owed_back(c, &order_id, &owed, &n));
	for (size_t i = 0; i < n; i++)
		payment_request_refund(c, &owed[i], owed[i].amount_minor, "order cancelled");
	return OK;
}

static const char *const ORDER_TOPICS[] = {"order.cancelled", NULL};

const struct consumer PAYMENT_CONSUMERS[] = {
	{"payment.orders", ORDER_TOPICS, on_order_cancelled},
	{0},
};
