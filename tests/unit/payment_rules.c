/* What follows from what a provider says: every status of a payment against every outcome. */
#include "unit.h"

#include <string.h>

#include "data/clock.h"
#include "payment.h"

#define NOW (INT64_C(1790000000) * US_PER_SEC)

static struct decision decide(const char *intent_status, const char *attempt_status, const char *kind,
	enum outcome_kind outcome, int64_t age_secs)
{
	struct intent i = {.status = intent_status, .amount_minor = 100, .currency = "EUR"};
	struct attempt a = {.status = attempt_status, .kind = kind, .created_us = NOW - age_secs * US_PER_SEC};
	struct outcome o = {.kind = outcome,
		.failure_code = outcome == OUTCOME_FAILED ? "expired_card" : NULL,
		.amount_minor = 100,
		.currency = "EUR"};

	return payment_decide(&i, &a, &o, NOW);
}

static bool same(const char *a, const char *b)
{
	return (a == NULL && b == NULL) || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static void luhn(void **state)
{
	(void)state;
	static const char *const GOOD[] = {"4242424242424242", "4242 4242 4242 4242", "4000-0000-0000-0002",
		"378282246310005", "6011111111111117"};
	static const char *const BAD[] = {"4242424242424241", "4242424242424", "42424242424242424242",
		"4242x42424242424", "", "0", "    ", "----------------"};
	for (size_t i = 0; i < ARRAY_LEN(GOOD); i++)
		assert_true(card_number_ok(GOOD[i]));
	for (size_t i = 0; i < ARRAY_LEN(BAD); i++)
		assert_false(card_number_ok(BAD[i]));
}

static void decisions_of_live_attempts(void **state)
{
	(void)state;
	static const struct {
		const char *intent, *attempt;
		enum outcome_kind outcome;
		const char *attempt_after, *intent_after, *topic, *failure;
		bool capture, refund;
	} CASES[] = {
		{"processing", "started", OUTCOME_SUCCEEDED, "succeeded", "succeeded", "payment.succeeded", NULL, true,
			false},
		{"processing", "started", OUTCOME_FAILED, "failed", "failed", "payment.failed", "expired_card", false,
			false},
		{"processing", "started", OUTCOME_NOT_SENT, "failed", "failed", "payment.failed", "processing_error",
			false, false},
		{"processing", "started", OUTCOME_REQUIRES_ACTION, "requires_action", "requires_action", NULL, NULL,
			false, false},
		{"processing", "started", OUTCOME_PROCESSING, "processing", NULL, NULL, NULL, false, false},
		{"processing", "processing", OUTCOME_PROCESSING, NULL, NULL, NULL, NULL, false, false},
		{"processing", "started", OUTCOME_UNKNOWN, NULL, NULL, NULL, NULL, false, false},
		{"processing", "started", OUTCOME_NO_CHARGE, NULL, NULL, NULL, NULL, false, false},
		{"requires_payment", "started", OUTCOME_SUCCEEDED, "succeeded", "succeeded", "payment.succeeded", NULL,
			true, false},
		{"requires_action", "requires_action", OUTCOME_SUCCEEDED, "succeeded", "succeeded", "payment.succeeded",
			NULL, true, false},
		{"failed", "started", OUTCOME_SUCCEEDED, "succeeded", "succeeded", "payment.succeeded", NULL, true,
			false},
		/* nobody wants this money any more */
		{"cancelled", "requires_action", OUTCOME_SUCCEEDED, "succeeded", NULL, NULL, NULL, true, true},
		{"succeeded", "processing", OUTCOME_SUCCEEDED, "succeeded", NULL, NULL, NULL, true, true},
		{"refunded", "processing", OUTCOME_SUCCEEDED, "succeeded", NULL, NULL, NULL, true, true},
		/* and nothing else moves what is closed */
		{"cancelled", "started", OUTCOME_FAILED, "failed", NULL, NULL, "expired_card", false, false},
		{"cancelled", "started", OUTCOME_REQUIRES_ACTION, "requires_action", NULL, NULL, NULL, false, false},
		{"succeeded", "processing", OUTCOME_FAILED, "failed", NULL, NULL, "expired_card", false, false},
	};
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		struct decision d = decide(CASES[i].intent, CASES[i].attempt, "card", CASES[i].outcome, 1);
		if (!same(d.attempt_status, CASES[i].attempt_after) || !same(d.intent_status, CASES[i].intent_after) ||
			!same(d.topic, CASES[i].topic) || !same(d.failure_code, CASES[i].failure) ||
			d.capture != CASES[i].capture || d.refund != CASES[i].refund)
			fail_msg("case %zu: attempt %s, intent %s, topic %s", i, d.attempt_status, d.intent_status,
				d.topic);
	}
}

static void decided_attempts_stay(void **state)
{
	(void)state;
	static const enum outcome_kind ALL[] = {OUTCOME_UNKNOWN, OUTCOME_NOT_SENT, OUTCOME_NO_CHARGE,
		OUTCOME_PROCESSING, OUTCOME_REQUIRES_ACTION, OUTCOME_SUCCEEDED, OUTCOME_FAILED};
	static const char *const DECIDED[] = {"succeeded", "failed", "superseded"};
	for (size_t a = 0; a < ARRAY_LEN(DECIDED); a++) {
		for (size_t o = 0; o < ARRAY_LEN(ALL); o++) {
			struct decision d = decide("failed", DECIDED[a], "card", ALL[o], 3600);
			/* A charge we had given up may still have gone through: that is money. */
			bool late_money = ALL[o] == OUTCOME_SUCCEEDED && strcmp(DECIDED[a], "succeeded") != 0;
			assert_true(late_money ? d.capture && same(d.intent_status, "succeeded")
					       : d.attempt_status == NULL && d.intent_status == NULL && !d.capture);
		}
	}
}

static void silence(void **state)
{
	(void)state;
	assert_null(decide("processing", "started", "card", OUTCOME_NO_CHARGE, 59).attempt_status);
	assert_string_equal(decide("processing", "started", "card", OUTCOME_NO_CHARGE, 61).intent_status, "failed");
	assert_null(decide("requires_payment", "started", "hosted", OUTCOME_NO_CHARGE, 1800).attempt_status);
	struct decision d = decide("requires_payment", "started", "hosted", OUTCOME_NO_CHARGE, 2200);
	assert_string_equal(d.attempt_status, "superseded");
	assert_null(d.intent_status);
	assert_null(
		decide("requires_action", "requires_action", "card", OUTCOME_REQUIRES_ACTION, 86000).attempt_status);
	d = decide("cancelled", "requires_action", "card", OUTCOME_REQUIRES_ACTION, 90000);
	assert_string_equal(d.attempt_status, "superseded");
	assert_null(d.intent_status);
	/* Whoever can't be asked has said nothing, however long. */
	assert_null(decide("processing", "started", "card", OUTCOME_UNKNOWN, 86400).attempt_status);
}

static void payable(void **state)
{
	struct ctx *c = *state;
	static const struct {
		const char *status;
		err_t expected;
	} CASES[] = {
		{"requires_payment", OK},
		{"requires_action", OK},
		{"failed", OK},
		{"processing", &ERR_PAYMENT_PROCESSING},
		{"succeeded", &ERR_PAYMENT_PAID},
		{"refunded", &ERR_PAYMENT_PAID},
		{"cancelled", &ERR_PAYMENT_CLOSED},
	};
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		struct intent intent = {.status = CASES[i].status};
		assert_ptr_equal(payment_payable(c, &intent), CASES[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {UNIT(luhn), UNIT(decisions_of_live_attempts), UNIT(decided_attempts_stay),
		UNIT(silence), UNIT(payable)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
