/* cart_rates.c - the VAT rates we ship, against somebody else's list of them. */
#include "testing.h"
#include "shared.h"

#include <stdio.h>
#include <string.h>

#include "data/clock.h"

#define RATES "suites/vat-rates-ibericode/vat-rates.json"

static int start(void **state)
{
	(void)state;
	(void)test_db_open("es_cart", NULL, NULL);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_db_close();
	return 0;
}

/* The standard rate in force today, in basis points. */
static int64_t rate_today(struct ctx *c, const json_t *periods)
{
	const char *today = arena_strndup(c->arena, time_rfc3339(c->arena, clock_now_us()), sizeof("2026-01-01") - 1), *best = "";
	int64_t rate = -1;
	size_t i;
	json_t *period;

	json_array_foreach(periods, i, period) {
		const char *from = json_text(period, "effective_from", "");
		if (strcmp(from, today) > 0 || strcmp(from, best) < 0)
			continue;
		best = from;
		rate = (int64_t)(json_number_value(json_object_get(json_object_get(period, "rates"), "standard")) * 100 + 0.5);
	}
	return rate;
}

static void standard_rates_are_those_in_force(void **state)
{
	struct ctx *c = test_ctx();
	struct str text;
	const char *country;
	json_t *list, *periods;
	char sql[200];
	int wrong = 0;

	(void)state;
	if (!shared_read(c->arena, RATES, &text)) {
		print_message("%s is not here\n", RATES);
		skip();
	}
	assert_ok(c, json_parse(c, text, &list));
	json_object_foreach(json_object_get(list, "items"), country, periods) {
		const char *code = strcmp(country, "EL") == 0 ? "GR" : strcmp(country, "UK") == 0 ? "GB" : country;
		snprintf(sql, sizeof(sql), "select coalesce((select rate_bp from cart.tax_rate where country = '%s'"
					   " and tax_class = 'standard' and valid @> current_date), -1)", code);
		if (test_sql_int(sql) == rate_today(c, periods))
			continue;
		print_error("%s: ours %lld, theirs %lld\n", code, (long long)test_sql_int(sql), (long long)rate_today(c, periods));
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void every_member_state_has_one(void **state)
{
	(void)state;
	assert_int_equal(test_sql_int("select count(*) from unnest('{AT,BE,BG,CY,CZ,DE,DK,EE,ES,FI,FR,GB,GR,HR,HU,IE,IT,LT,LU,LV,MT,NL,PL,"
				      "PT,RO,SE,SI,SK}'::text[]) as c(code) where not exists (select from cart.tax_rate r"
				      " where r.country = c.code and r.tax_class = 'standard' and r.valid @> current_date)"),
		0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(standard_rates_are_those_in_force),
		cmocka_unit_test(every_member_state_has_one),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
