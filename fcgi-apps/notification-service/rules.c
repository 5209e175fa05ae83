/* rules.c - which news become a message, and which no longer should. */
#include "notification.h"

#include <string.h>

#include "data/clock.h"

#define LETTER "user.letter_requested"
#define STALE_SECS (2 * 24 * 3600)

static const struct mail_kind KINDS[] = {
	{"order.paid", "order_confirmation", "order-confirmation", "confirmation"},
	{"order.cancelled", "order_cancelled", "order-cancelled", "cancelled"},
	{"shipment.created", "order_shipped", "order-shipped", "shipped"},
	{"payment.failed", "payment_failed", "payment-failed", "failed", .once_an_hour = true},
	{LETTER, "welcome", "welcome", "welcome", .of_account = true},
	{LETTER, "verify_email", "account", "verify", .of_account = true},
	{LETTER, "reset_password", "account", "reset", .of_account = true},
	{LETTER, "password_changed", "account", "password_changed", .of_account = true},
	{LETTER, "email_change", "account", "email_change", .of_account = true},
	{LETTER, "email_change_notice", "account", "email_change_notice", .of_account = true},
	{LETTER, "email_changed", "account", "email_changed", .of_account = true},
	{LETTER, "factor_changed", "account", "factor_changed", .of_account = true},
	{LETTER, "new_device", "account", "new_device", .of_account = true},
	{LETTER, "code_reused", "account", "code_reused", .of_account = true},
	{LETTER, "key_expiring", "account", "key_expiring", .of_account = true},
	{LETTER, "invitation", "account", "invitation", .of_account = true},
	{LETTER, "account_erased", "account", "account_erased", .of_account = true, .forget = true},
};

const struct mail_kind *mail_kind_of(const char *topic, const json_t *payload)
{
	for (size_t i = 0; i < ARRAY_LEN(KINDS); i++) {
		if (strcmp(KINDS[i].topic, topic) != 0)
			continue;
		if (!KINDS[i].of_account || strcmp(KINDS[i].purpose, json_text(payload, "kind", "")) == 0)
			return &KINDS[i];
	}
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

bool may_be_said(const char *name)
{
	if (strpbrk(name, "/:@\\<>") != NULL)
		return false;
	for (const char *dot = strchr(name, '.'); dot != NULL; dot = strchr(dot + 1, '.'))
		if (dot[1] != '\0' && dot[1] != ' ' && dot[1] != '.')
			return false;
	return true;
}

bool may_resend(const struct message *m)
{
	return strcmp(m->state, "sent") == 0 || strcmp(m->state, "dead") == 0;
}
