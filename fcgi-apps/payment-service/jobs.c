/* jobs.c - timers: asking the provider about attempts it has not decided, forgetting old webhooks. */
#include "payment.h"

#include "store_payment.h"

#define ASK_EVERY_MS 1000
#define FORGET_EVERY_MS 3600000

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
