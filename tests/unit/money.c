/*
 * money.c - rounding, splitting, currencies; ISO 4217 and decimal-arithmetic vectors.
 */
#include "unit.h"

#include <string.h>

#include "data/money.h"
#include "shared.h"

static void rounds_half_away_from_zero(void **state)
{
	(void)state;
	assert_int_equal(money_round_div(5, 1, 2), 3);
	assert_int_equal(money_round_div(-5, 1, 2), -3);
	assert_int_equal(money_round_div(4, 1, 3), 1);
	assert_int_equal(money_round_div(5, 1, 3), 2);
	assert_int_equal(money_round_div(MONEY_MAX, MONEY_MAX, MONEY_MAX), MONEY_MAX);
	assert_int_equal(money_round_div(INT64_MAX, INT64_MAX, 1), INT64_MAX);
	assert_int_equal(money_tax_included(11900, 1900), 1900);
	assert_int_equal(money_tax_included(1, 1900), 0);
	assert_int_equal(money_tax_added(1050, 1000), 105);
	assert_int_equal(money_tax_added(5, 1000), 1);
}

static void never_overflows(void **state)
{
	struct ctx *c = *state;
	int64_t r = 0;
	assert_true(money_times(c, 1299, 3, &r) == OK && r == 3897);
	assert_true(money_times(c, MONEY_MAX, 9999, &r) == &ERR_INVALID);
	assert_true(money_times(c, INT64_MAX, INT64_MAX, &r) == &ERR_INVALID);
	assert_true(money_add(c, MONEY_MAX, 0, &r) == OK && r == MONEY_MAX);
	assert_true(money_add(c, MONEY_MAX, 1, &r) == &ERR_INVALID);
	assert_true(money_add(c, INT64_MIN, INT64_MIN, &r) == &ERR_INVALID);
}

static void splits_by_largest_remainder(void **state)
{
	(void)state;
	int64_t parts[4];
	money_split(100, (const int64_t[]){1, 1, 1}, 3, parts);
	assert_memory_equal(parts, ((int64_t[]){34, 33, 33}), 3 * sizeof(int64_t));
	money_split(-100, (const int64_t[]){1, 1, 1}, 3, parts);
	assert_memory_equal(parts, ((int64_t[]){-34, -33, -33}), 3 * sizeof(int64_t));
	money_split(10, (const int64_t[]){0, 3, 0, 7}, 4, parts);
	assert_memory_equal(parts, ((int64_t[]){0, 3, 0, 7}), 4 * sizeof(int64_t));
	money_split(MONEY_MAX, (const int64_t[]){MONEY_MAX, MONEY_MAX, 1}, 3, parts);
	assert_int_equal(parts[0] + parts[1] + parts[2], MONEY_MAX);
	for (int64_t total = -50; total < 50; total++) {
		money_split(total, (const int64_t[]){7, 11, 0, 13}, 4, parts);
		assert_int_equal(parts[0] + parts[1] + parts[2] + parts[3], total);
		assert_int_equal(parts[2], 0);
	}
}

static void reads_and_writes_decimals(void **state)
{
	struct arena *a = ((struct ctx *)*state)->arena;
	static const struct {
		const char *text, *currency;
		int64_t minor;
	} GOOD[] = {{"12.99", "EUR", 1299}, {"12.9", "EUR", 1290}, {"12", "EUR", 1200}, {"-0.05", "EUR", -5},
		{"300", "JPY", 300}, {"1.250", "BHD", 1250}, {"0", "USD", 0}, {"007.10", "USD", 710},
		{"10000000000000", "EUR", MONEY_MAX}};
	static const struct {
		const char *text, *currency;
	} BAD[] = {{"", "EUR"}, {"-", "EUR"}, {".5", "EUR"}, {"5.", "EUR"}, {"1.234", "EUR"}, {"1.0", "JPY"},
		{"1,5", "EUR"}, {"1e3", "EUR"}, {" 1", "EUR"}, {"+1", "EUR"}, {"1.2.3", "EUR"},
		{"10000000000000.01", "EUR"}, {"99999999999999999999", "EUR"}, {"1", "XXX"}, {"NaN", "EUR"}};
	int64_t minor;
	for (size_t i = 0; i < ARRAY_LEN(GOOD); i++) {
		assert_true(money_parse(str_of(GOOD[i].text), GOOD[i].currency, &minor));
		assert_int_equal(minor, GOOD[i].minor);
		int64_t again;
		assert_true(money_parse(
			str_of(money_decimal(a, money(minor, GOOD[i].currency))), GOOD[i].currency, &again));
		assert_int_equal(again, minor);
	}
	for (size_t i = 0; i < ARRAY_LEN(BAD); i++)
		if (money_parse(str_of(BAD[i].text), BAD[i].currency, &minor))
			fail_msg("accepted %s", BAD[i].text);
	assert_string_equal(money_decimal(a, money(-5, "EUR")), "-0.05");
	assert_string_equal(money_text(a, money(1299, "EUR")), "€12.99");
	assert_string_equal(money_text(a, money(129900, "GBP")), "£1,299.00");
	assert_string_equal(money_text(a, money(-123456789, "USD")), "-$1,234,567.89");
	assert_string_equal(money_text(a, money(300, "JPY")), "¥300");
	assert_string_equal(money_text(a, money(1250, "BHD")), "BHD 1.250");
	assert_string_equal(money_text(a, money(100000, "JPY")), "¥100,000");
}

/* Entity,Currency,AlphabeticCode,NumericCode,MinorUnit,WithdrawalDate: the last four columns hold no commas. */
static void agrees_with_iso_4217(void **state)
{
	struct ctx *c = *state;
	struct str text, line;
	if (!shared_read(c->arena, "suites/currency-codes/data/codes-all.csv", &text))
		skip();
	int seen = 0;
	while (str_next(&text, '\n', &line)) {
		struct str column[4], rest;
		for (int i = 3; i >= 0; i--) {
			size_t at = line.n;
			while (at > 0 && line.p[at - 1] != ',')
				at--;
			column[i] = (struct str){line.p + at, line.n - at};
			line.n = at > 0 ? at - 1 : 0;
		}
		rest = column[3];
		while (rest.n > 0 && (rest.p[rest.n - 1] == '\r'))
			rest.n--;
		if (column[0].n != 3 || rest.n > 0 || column[2].n != 1 || column[2].p[0] == '-')
			continue;
		const char *code = str_dup(c->arena, column[0]);
		if (currency_exponent(code) != column[2].p[0] - '0')
			fail_msg("%s: %d", code, currency_exponent(code));
		seen++;
	}
	assert_true(seen > 200);
	assert_int_equal(currency_exponent("XAU"), -1);
	assert_int_equal(currency_exponent("eur"), -1);
	assert_int_equal(currency_exponent("R US"), -1);
	assert_int_equal(currency_exponent(""), -1);
}

/* "[-]digits[.digits]" as an integer of `scale` decimal places; false when it is something else or too long. */
static bool scaled(struct str s, int scale, int64_t *value_r)
{
	int64_t value = 0;
	int places = -1;
	bool negative = str_starts(s, "-");
	for (size_t i = negative ? 1 : 0; i < s.n; i++) {
		if (s.p[i] == '.' && places < 0) {
			places = 0;
			continue;
		}
		if (s.p[i] < '0' || s.p[i] > '9' || value > INT64_MAX / 1000)
			return false;
		value = value * 10 + (s.p[i] - '0');
		places += places >= 0;
	}
	for (places = places < 0 ? 0 : places; places < scale; places++) {
		if (value > INT64_MAX / 1000)
			return false;
		value *= 10;
	}
	*value_r = negative ? -value : value;
	return s.n > 0 && places == scale;
}

/* rounding.decTest, precision 5: `radxNNN add 12345 0.5 -> 12346`; half_up there is half away from zero. */
static void agrees_with_the_decimal_vectors(void **state)
{
	struct ctx *c = *state;
	struct str text, line;
	if (!shared_read(c->arena, "suites/decimal-arith/rounding.decTest", &text))
		skip();
	bool half_up = false, five = false;
	int seen = 0;
	while (str_next(&text, '\n', &line)) {
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		struct str word[6] = {{0}}, part;
		size_t n = 0;
		while (n < 6 && str_next(&line, ' ', &part))
			if (part.n > 0)
				word[n++] = part;
		if (n >= 2 && str_eq_nocase(word[0], "rounding:"))
			half_up = str_eq(word[1], "half_up");
		if (n >= 2 && str_eq_nocase(word[0], "precision:"))
			five = word[1].p[0] == '5';
		int64_t a, b, sum;
		/* Only where the exact sum's integer part fits the precision: then the result is the sum rounded to an
		 * integer. */
		if (!half_up || !five || n < 6 || !str_eq(word[1], "add") || !scaled(word[2], 8, &a) ||
			!scaled(word[3], 8, &b) || !str_int64(word[5], &sum) || (sum < 0 ? -sum : sum) < 10000 ||
			(sum < 0 ? -sum : sum) > 99999)
			continue;
		assert_int_equal(money_round_div(a + b, 1, 100000000), sum);
		seen++;
	}
	assert_true(seen > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(rounds_half_away_from_zero),
		UNIT(never_overflows),
		UNIT(splits_by_largest_remainder),
		UNIT(reads_and_writes_decimals),
		UNIT(agrees_with_iso_4217),
		UNIT(agrees_with_the_decimal_vectors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
