/* inventory_rules.c - how staff should look at stock. */
#include "unit.h"

#include "inventory.h"

static void states(void **state)
{
	static const struct {
		struct stock stock;
		const char *expected;
	} cases[] = {
		{{.available = 6, .low_mark = 5}, "ok"},
		{{.available = 5, .low_mark = 5}, "low"},
		{{.available = 1, .low_mark = 0}, "ok"},
		{{.available = 0, .low_mark = 5}, "out"},
		{{.available = 0, .shortfall = 1, .low_mark = 5}, "short"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(stock_state(&cases[i].stock), cases[i].expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {UNIT(states)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
