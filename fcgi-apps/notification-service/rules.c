/* rules.c - which news become a message, and which no longer should. */
#include "notification.h"

#include <string.h>

#include "data/clock.h"

#define STALE_SECS (2 * 24 * 3600)

static const struct mail_kind KINDS[] = {
	{"order.paid", "order_confirmation", "order-confirmation", "confirmation"},
	{"order.cancelled", "order_cancelled", "order-cancelled", "cancelled"},
	{"shipment.created", "order_shipped", "order-shipped", "shipped"},
	{"payment.failed", "payment_failed", "payment-failed", "failed", .once_an_hour = true},
	{"user.registered", "welcome", "welcome", "welcome"},
};

const struct mail_kind *mail_kind_of(const char *topic)
{
	for (size_t i = 0; i < ARRAY_LEN(KINDS); i++)
		if (strcmp(KINDS[i].topic, topic) == 0)
			return &KINDS[i];
	return NULL;
}

const struct mail_kind *mail_kind_by_purpose(const char *purpose)
{
	for (size_t i = 0; i < ARRAY_LEN(KINDS); i++)
		if (strcmp(KINDS[i].purpose, purpose) == 0)
			return &KINDS[i];
	return NULL;
}

bool news_is_stale(int64_t created_us, int64_t now_us)
{
	return now_us - created_us > STALE_SECS * US_PER_SEC;
}

const char *why_obsolete(const struct message *m, const struct facts *f)
{
	if (strcmp(m->purpose, "payment_failed") == 0 &&
		strcmp(json_text(f->order, "status", ""), "pending_payment") != 0)
		return "the order does not wait for its payment any more";
	return NULL;
}

bool may_resend(const struct message *m)
{
	return strcmp(m->state, "sent") == 0 || strcmp(m->state, "dead") == 0;
}
