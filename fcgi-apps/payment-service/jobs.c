/* jobs.c - money that goes back, and asking the provider about attempts it has not decided. */
#include "payment.h"

#include "base/log.h"
#include "provider.h"
#include "store_payment.h"

#define REFUND_LEASE_SECS 60
#define ASK_EVERY_MS 1000
#define FORGET_EVERY_MS 3600000

static err_t settle_refund(struct ctx *c, void *arg)
{
	payment_store_refund_done(c, arg);
	return OK;
}

static err_t do_refund(struct ctx *c, const struct job *j)
{
	struct uuid id;
	struct refund refund;
	bool found = false;

	if (!uuid_parse(str_of(json_text(j->payload, "refund_id", "")), &id))
		return fail(c, &ERR_PEER, "a refund job without its refund");
	TRY(payment_store_refund(c, &id, &refund, &found));
	if (!found)
		return fail(c, &ERR_PEER, "there is no such refund");
	TRY(provider_refund(c, &refund));
	return db_tx(c, DB_TX_DEFAULT, settle_refund, &refund);
}

const struct job_worker PAYMENT_JOBS[] = {
	{REFUND_QUEUE, REFUND_LEASE_SECS, do_refund},
	{0},
};

static err_t ask_provider(struct ctx *c)
{
	struct attempt *due;
	size_t n;

	TRY(payment_store_due(c, &due, &n));
	for (size_t i = 0; i < n; i++)
		TRY(payment_ask(c, &due[i]));
	return OK;
}

const struct timer PAYMENT_TIMERS[] = {
	{.name = "payment.forget_events", .every_ms = FORGET_EVERY_MS, .run = payment_store_forget_events},
	{.name = "payment.ask_provider", .every_ms = ASK_EVERY_MS, .run = ask_provider},
	{0},
};
