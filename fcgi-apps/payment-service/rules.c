/* rules.c - what follows from what a provider says. No SQL, no HTTP, no clock. */
#include "payment.h"

#include <string.h>

#include "data/clock.h"

/* A call takes seconds at most: after a minute a charge the provider never heard of won't come. */
#define LOST_AFTER_US (60 * US_PER_SEC)
/* Longer than the provider keeps its card page open. */
#define ABANDONED_AFTER_US (35 * 60 * US_PER_SEC)
#define UNANSWERED_AFTER_US (24 * 3600 * US_PER_SEC)

static bool is(const char *status, const char *wanted)
{
	return strcmp(status, wanted) == 0;
}

static bool is_any(const char *status, const char *const *list)
{
	for (; *list != NULL; list++) {
		if (is(status, *list))
			return true;
	}
	return false;
}

static const char *const UNPAID[] = {"requires_payment", "requires_action", "processing", "failed", NULL};
static const char *const LIVE[] = {"started", "processing", "requires_action", NULL};

bool card_number_ok(const char *number)
{
	int digits = 0, sum = 0;

	for (const char *p = number + strlen(number); p-- > number;) {
		if (*p == ' ' || *p == '-')
			continue;
		if (*p < '0' || *p > '9' || ++digits > 19)
			return false;
		int d = (*p - '0') * (digits % 2 == 0 ? 2 : 1);
		sum += d > 9 ? d - 9 : d;
	}
	return digits >= 12 && sum % 10 == 0;
}

err_t payment_payable(struct ctx *c, const struct intent *i)
{
	if (is(i->status, "processing"))
		return fail(c, &ERR_PAYMENT_PROCESSING,
			"the last attempt to pay is not decided yet; look again in a moment");
	if (is(i->status, "cancelled"))
		return fail(c, &ERR_PAYMENT_CLOSED, "the payment was cancelled");
	if (!is_any(i->status, UNPAID))
		return fail(c, &ERR_PAYMENT_PAID, "the payment is %s already", i->status);
	return OK;
}

/* Money counts from whichever attempt it comes, late or superseded; what nobody wants any more goes back. */
static struct decision on_success(const struct intent *i)
{
	struct decision d = {.attempt_status = "succeeded", .capture = true};

	if (is_any(i->status, UNPAID)) {
		d.intent_status = "succeeded";
		d.topic = "payment.succeeded";
	} else {
		d.refund = true;
	}
	return d;
}

static struct decision on_failure(const struct intent *i, const char *code)
{
	struct decision d = {.attempt_status = "failed", .failure_code = code != NULL ? code : "declined"};

	if (is_any(i->status, UNPAID)) {
		d.intent_status = "failed";
		d.topic = "payment.failed";
	}
	return d;
}

/* Known already: nothing new. But nobody answers a bank after a day. */
static struct decision on_waiting(const struct intent *i, const struct attempt *a, const char *status, int64_t now_us)
{
	struct decision d = {.attempt_status = status};

	if (is(a->status, status)) {
		bool stale = is(status, "requires_action") && now_us - a->created_us > UNANSWERED_AFTER_US;
		return (struct decision){.attempt_status = stale ? "superseded" : NULL};
	}
	if (is_any(i->status, UNPAID) && !is(i->status, status))
		d.intent_status = status;
	return d;
}

static struct decision on_silence(const struct intent *i, const struct attempt *a, int64_t now_us)
{
	bool hosted = is(a->kind, "hosted");
	int64_t age_us = now_us - a->created_us;

	if (hosted && age_us > ABANDONED_AFTER_US)
		return (struct decision){.attempt_status = "superseded"};
	if (!hosted && age_us > LOST_AFTER_US)
		return on_failure(i, "processing_error");
	return (struct decision){0};
}

struct decision payment_decide(const struct intent *i, const struct attempt *a, const struct outcome *o, int64_t now_us)
{
	if (is(a->status, "succeeded"))
		return (struct decision){0};
	if (o->kind == OUTCOME_SUCCEEDED)
		return on_success(i);
	if (!is_any(a->status, LIVE))
		return (struct decision){0};
	switch (o->kind) {
	case OUTCOME_FAILED:
		return on_failure(i, o->failure_code);
	case OUTCOME_NOT_SENT:
		return on_failure(i, "processing_error");
	case OUTCOME_PROCESSING:
		return on_waiting(i, a, "processing", now_us);
	case OUTCOME_REQUIRES_ACTION:
		return on_waiting(i, a, "requires_action", now_us);
	case OUTCOME_NO_CHARGE:
		return on_silence(i, a, now_us);
	default:
		return (struct decision){0};
	}
}
