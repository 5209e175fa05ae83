/* rules.c - the test cards and what their banks say. No SQL, no HTTP, no clock. */
#include "provider.h"

#include <string.h>

#include "data/clock.h"

const struct test_card TEST_CARDS[] = {
	{"4242424242424242", "tok_succeeds", CARD_SUCCEEDS, NULL, "provider.card.succeeds"},
	{"4000000000000002", "tok_declined", CARD_DECLINED, "declined", "provider.card.declined"},
	{"4000000000009995", "tok_insufficient_funds", CARD_DECLINED, "insufficient_funds",
		"provider.card.insufficient_funds"},
	{"4000000000000069", "tok_expired_card", CARD_DECLINED, "expired_card", "provider.card.expired_card"},
	{"4000000000000127", "tok_incorrect_cvc", CARD_DECLINED, "incorrect_cvc", "provider.card.incorrect_cvc"},
	{"4000000000003220", "tok_requires_action", CARD_ASKS, NULL, "provider.card.requires_action"},
	{"4000000000000119", "tok_processing_error", CARD_DECLINED, "processing_error",
		"provider.card.processing_error"},
	{"4000000000005126", "tok_silent", CARD_SILENT, NULL, "provider.card.silent"},
	{"4000000000000259", "tok_disputed", CARD_SUCCEEDS, NULL, "provider.card.disputed"},
	{0},
};

static const struct test_card UNKNOWN_CARD = {.effect = CARD_DECLINED, .failure_code = "declined"};

static bool is_gap(char ch)
{
	return ch == ' ' || ch == '-';
}

bool card_number_ok(const char *number)
{
	int digits = 0, sum = 0;

	for (const char *p = number + strlen(number); p-- > number;) {
		if (is_gap(*p))
			continue;
		if (*p < '0' || *p > '9' || ++digits > 19)
			return false;
		int d = (*p - '0') * (digits % 2 == 0 ? 2 : 1);
		sum += d > 9 ? d - 9 : d;
	}
	return digits >= 12 && sum % 10 == 0;
}

static bool same_number(const char *typed, const char *number)
{
	for (; *typed != '\0'; typed++) {
		if (is_gap(*typed))
			continue;
		if (*typed != *number)
			return false;
		number++;
	}
	return *number == '\0';
}

const struct test_card *card_by_number(const char *number)
{
	for (const struct test_card *t = TEST_CARDS; t->number != NULL; t++) {
		if (same_number(number, t->number))
			return t;
	}
	return &UNKNOWN_CARD;
}

const struct test_card *card_by_token(const char *token)
{
	for (const struct test_card *t = TEST_CARDS; t->number != NULL; t++) {
		if (strcmp(t->token, token) == 0)
			return t;
	}
	return NULL;
}

const char *card_brand(const char *number)
{
	static const struct {
		const char *prefix, *brand;
	} BRANDS[] = {{"4", "Visa"}, {"34", "American Express"}, {"37", "American Express"}, {"5", "Mastercard"},
		{"2", "Mastercard"}, {"6", "Discover"}};

	for (size_t i = 0; i < ARRAY_LEN(BRANDS); i++) {
		if (strncmp(number, BRANDS[i].prefix, strlen(BRANDS[i].prefix)) == 0)
			return BRANDS[i].brand;
	}
	return "Card";
}

bool card_expiry_parse(const char *text, int64_t *month_r, int64_t *year_r)
{
	struct str rest = str_of(text), month, year;

	if (!str_next(&rest, '/', &month) || !str_next(&rest, '/', &year) || rest.p != NULL)
		return false;
	month = str_trim(month);
	year = str_trim(year);
	if (!str_int64(month, month_r) || !str_int64(year, year_r) || (year.n != 2 && year.n != 4))
		return false;
	if (year.n == 2)
		*year_r += 2000;
	return *month_r >= 1 && *month_r <= 12 && *year_r >= 2000 && *year_r <= 2100;
}

/* Good until the end of its month. */
static bool has_expired(struct arena *a, const struct charge *ch, int64_t now_us)
{
	int64_t year = 0, month = 0;
	const char *now = time_rfc3339(a, now_us);

	if (!str_int64((struct str){now, 4}, &year) || !str_int64((struct str){now + 5, 2}, &month))
		return true;
	return ch->exp_year < year || (ch->exp_year == year && ch->exp_month < month);
}

static const char *last_four(struct arena *a, const char *number)
{
	char *four = arena_strdup(a, "0000");
	size_t have = 4;

	for (const char *p = number + strlen(number); p-- > number && have > 0;) {
		if (!is_gap(*p))
			four[--have] = *p;
	}
	return four;
}

void card_decide(struct arena *a, struct charge *ch, const struct test_card *card, const char *number, int64_t now_us)
{
	static const char *const STATUS[] = {[CARD_DECLINED] = "failed",
		[CARD_SUCCEEDS] = "succeeded",
		[CARD_ASKS] = "requires_action",
		[CARD_SILENT] = "processing"};

	ch->brand = card_brand(number);
	ch->last4 = last_four(a, number);
	ch->status = STATUS[card->effect];
	ch->failure_code = card->failure_code;
	if (has_expired(a, ch, now_us)) {
		ch->status = "failed";
		ch->failure_code = "expired_card";
	}
}
