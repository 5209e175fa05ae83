/* The test cards: what each does, and what is kept of it. */
#include "unit.h"

#include <string.h>

#include "data/clock.h"
#include "provider.h"

#define IN_2026 (INT64_C(1790000000) * US_PER_SEC)

static struct charge charged(struct ctx *c, const char *number, int32_t month, int32_t year)
{
	struct charge ch = {.exp_month = month, .exp_year = year};

	card_decide(c->arena, &ch, card_by_number(number), number, IN_2026);
	return ch;
}

static void every_test_card(void **state)
{
	struct ctx *c = *state;
	static const struct {
		const char *number, *status, *failure;
	} CARDS[] = {
		{"4242 4242 4242 4242", "succeeded", NULL},
		{"4000000000000002", "failed", "declined"},
		{"4000000000009995", "failed", "insufficient_funds"},
		{"4000000000000069", "failed", "expired_card"},
		{"4000-0000-0000-0127", "failed", "incorrect_cvc"},
		{"4000000000003220", "requires_action", NULL},
		{"4000000000000119", "failed", "processing_error"},
		{"4000000000005126", "processing", NULL},
		{"4000000000000259", "succeeded", NULL},
		{"5555555555554444", "failed", "declined"},
	};
	for (size_t i = 0; i < ARRAY_LEN(CARDS); i++) {
		assert_true(card_number_ok(CARDS[i].number));
		struct charge ch = charged(c, CARDS[i].number, 12, 2030);
		assert_string_equal(ch.status, CARDS[i].status);
		if (CARDS[i].failure != NULL)
			assert_string_equal(ch.failure_code, CARDS[i].failure);
		else
			assert_null(ch.failure_code);
	}
}

static void only_brand_and_last_four_are_kept(void **state)
{
	struct ctx *c = *state;
	struct charge ch = charged(c, "4000 0000 0000 3220", 1, 2030);
	assert_string_equal(ch.brand, "Visa");
	assert_string_equal(ch.last4, "3220");
	assert_string_equal(charged(c, "378282246310005", 1, 2030).brand, "American Express");
}

static void expiry(void **state)
{
	struct ctx *c = *state;
	int64_t month, year;
	/* 2026-09: good until the end of its month */
	assert_string_equal(charged(c, "4242424242424242", 9, 2026).status, "succeeded");
	assert_string_equal(charged(c, "4242424242424242", 8, 2026).failure_code, "expired_card");
	assert_string_equal(charged(c, "4000000000003220", 12, 2025).failure_code, "expired_card");
	assert_true(card_expiry_parse("04/29", &month, &year));
	assert_int_equal(month, 4);
	assert_int_equal(year, 2029);
	assert_true(card_expiry_parse(" 12 / 2031 ", &month, &year));
	assert_int_equal(year, 2031);
	static const char *const BAD[] = {"", "04", "13/29", "00/29", "04/2", "04/29/1", "ab/cd", "4-29", "04/1999"};
	for (size_t i = 0; i < ARRAY_LEN(BAD); i++)
		assert_false(card_expiry_parse(BAD[i], &month, &year));
}

static void tokens(void **state)
{
	(void)state;
	for (const struct test_card *t = TEST_CARDS; t->number != NULL; t++)
		assert_ptr_equal(card_by_token(t->token), t);
	assert_null(card_by_token("4242424242424242"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(every_test_card), UNIT(only_brand_and_last_four_are_kept), UNIT(expiry), UNIT(tokens)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
