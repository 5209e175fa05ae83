/*
 * flow.c - the one way a payment moves on. The answer to a call, a webhook, a browser that
 * comes back and the timer that asks again all end in payment_record(): it locks the
 * intent, lets rules.c decide, and writes what follows in one transaction.
 */
#include "payment.h"

#include <string.h>

#include "base/log.h"
#include "data/clock.h"
#include "provider.h"
#include "store_payment.h"

/* ------------------------------------------------------------------ beginning */

struct begin {
	const struct uuid *payment_id, *attempt_id;
	const char *kind;
	struct attempt *attempt;
};

static err_t begin_body(struct ctx *c, void *arg)
{
	struct begin *b = arg;
	struct attempt *a = b->attempt;
	struct intent intent;

	TRY(payment_store_lock(c, b->payment_id, b->attempt_id, &intent, a, &a->resumed));
	if (a->resumed)
		return OK;
	TRY(payment_payable(c, &intent));
	*a = (struct attempt){.id = *b->attempt_id,
		.payment_id = *b->payment_id,
		.kind = b->kind,
		.status = "started",
		.created_us = clock_now_us()};
	payment_store_supersede(c, b->payment_id);
	/* A card is on its way to the bank; a page is only an offer. */
	if (strcmp(b->kind, "card") == 0)
		payment_store_set_status(c, b->payment_id, "processing", NULL);
	payment_store_new_attempt(c, a);
	return OK;
}

err_t payment_begin(struct ctx *c, const struct uuid *payment_id, const struct uuid *attempt_id, const char *kind,
	struct attempt *attempt_r)
{
	struct begin b = {payment_id, attempt_id, kind, attempt_r};

	return db_tx(c, DB_TX_DEFAULT, begin_body, &b);
}

/* ------------------------------------------------------------------ recording */

static void emit(struct ctx *c, const struct intent *i, const char *topic, const char *failure_code)
{
	json_t *payload = json_new_object(c->arena);
	struct event e = {.topic = topic,
		.aggregate_type = "payment",
		.aggregate_id = i->reference.s,
		.order_key = i->order_id.s,
		.payload = payload};

	json_set_text(payload, "payment_id", i->reference.s);
	json_set_text(payload, "order_id", i->order_id.s);
	json_set_int(payload, "amount_minor", i->amount_minor);
	json_set_text(payload, "currency", i->currency);
	json_set_text_if(payload, "failure_code", failure_code);
	event_emit(c, &e);
}

static void send_back(struct ctx *c, const struct intent *i, const struct attempt *a)
{
	payment_request_refund(c, a, i->amount_minor, "not wanted");
	log_info(c, "money came for a payment that does not want it: going back", LS("payment", i->reference.s),
		LS("status", i->status));
}

/* Another amount than was asked for is no payment of ours: left as it is for people to look at. */
static bool is_of_this(struct ctx *c, const struct intent *i, const struct outcome *o)
{
	if (o->kind != OUTCOME_SUCCEEDED ||
		(o->amount_minor == i->amount_minor && strcmp(o->currency, i->currency) == 0))
		return true;
	log_bug(c, "the provider reports another amount than was asked for", LS("payment", i->reference.s),
		LI("amount_minor", o->amount_minor), LS("currency", o->currency));
	return false;
}

static void apply(struct ctx *c, const struct intent *i, const struct attempt *a, const struct outcome *o,
	const struct decision *d)
{
	if (d->attempt_status != NULL)
		payment_store_set_attempt(c, a, d, o);
	if (d->capture)
		payment_store_post(c, &i->id, "capture", &a->id, i->amount_minor, i->currency);
	if (d->intent_status != NULL)
		payment_store_set_intent(c, &i->id, d, o);
	if (d->refund)
		send_back(c, i, a);
	if (d->topic != NULL)
		emit(c, i, d->topic, d->failure_code);
}

struct record {
	const struct uuid *attempt_id;
	const struct outcome *outcome;
};

static err_t record_body(struct ctx *c, void *arg)
{
	const struct record *r = arg;
	struct attempt attempt;
	struct intent intent;

	TRY(payment_store_lock_of_attempt(c, r->attempt_id, &intent, &attempt));
	if (!is_of_this(c, &intent, r->outcome))
		return OK;
	struct decision d = payment_decide(&intent, &attempt, r->outcome, clock_now_us());
	apply(c, &intent, &attempt, r->outcome, &d);
	return OK;
}

err_t payment_record(struct ctx *c, const struct uuid *attempt_id, const struct outcome *o)
{
	struct record r = {attempt_id, o};

	return db_tx(c, DB_TX_DEFAULT, record_body, &r);
}

err_t payment_ask(struct ctx *c, const struct attempt *a)
{
	struct outcome o = provider_look_up(c, &a->id);

	return payment_record(c, &a->id, &o);
}
