/* analytics_rules.c - averages, changes, and where the chart's bars stand. */
#include "unit.h"

#include "analytics.h"

static void averages(void **state)
{
	(void)state;
	assert_int_equal(average_minor(&(struct summary){.orders = 0, .revenue_minor = 0}), 0);
	assert_int_equal(average_minor(&(struct summary){.orders = 3, .revenue_minor = 1000}), 333);
	assert_int_equal(average_minor(&(struct summary){.orders = 2, .revenue_minor = 1001}), 501);
}

static void changes(void **state)
{
	int64_t percent = 42;

	(void)state;
	assert_false(change_percent(0, 10, &percent));
	assert_int_equal(percent, 42);
	assert_true(change_percent(200, 224, &percent));
	assert_int_equal(percent, 12);
	assert_true(change_percent(300, 0, &percent));
	assert_int_equal(percent, -100);
	assert_true(change_percent(3, 4, &percent));
	assert_int_equal(percent, 33);
}

static void axis_ends_round(void **state)
{
	static const int64_t cases[][2] = {{1, 1}, {2, 2}, {3, 5}, {5, 5}, {6, 10}, {10, 10}, {11, 20}, {4380, 5000}, {100001, 200000},
		{MONEY_MAX, MONEY_MAX}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(axis_top(cases[i][0]), cases[i][1]);
}

static void bars_stay_in_the_plot(void **state)
{
	static const size_t days[] = {1, 7, 30, 90};

	(void)state;
	for (size_t d = 0; d < ARRAY_LEN(days); d++) {
		int64_t end = CHART_LEFT;

		for (size_t i = 0; i < days[d]; i++) {
			struct bar b = chart_bar(i, days[d], (int64_t)i * 100, 10000);

			assert_true(b.x >= end);
			assert_true(b.width >= 1);
			assert_int_equal(b.y + b.height, CHART_BASE);
			end = b.x + b.width;
		}
		assert_true(end <= CHART_WIDTH);
	}
	assert_int_equal(chart_bar(0, 7, 500, 500).y, CHART_TOP);
	assert_int_equal(chart_bar(0, 7, 0, 500).height, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {UNIT(averages), UNIT(changes), UNIT(axis_ends_round), UNIT(bars_stay_in_the_plot)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
