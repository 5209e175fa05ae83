/* rules.c - arithmetic of reports and their chart. */
#include "analytics.h"

int64_t average_minor(const struct summary *s)
{
	return s->orders > 0 ? money_round_div(s->revenue_minor, 1, s->orders) : 0;
}

int64_t axis_top(int64_t most)
{
	static const int64_t steps[] = {1, 2, 5};
	int64_t power = 1;

	for (;; power *= 10)
		for (size_t i = 0; i < ARRAY_LEN(steps); i++)
			if (steps[i] * power >= most)
				return steps[i] * power;
}

struct bar chart_bar(size_t i, size_t n, int64_t value, int64_t top)
{
	int64_t plot = CHART_RIGHT - CHART_LEFT, slots = (int64_t)n, at = (int64_t)i;
	int64_t left = CHART_LEFT + plot * at / slots, right = CHART_LEFT + plot * (at + 1) / slots;
	int64_t gap = (right - left) / 5 + 1;
	int64_t height = money_round_div(value, CHART_BASE - CHART_TOP, top);

	return (struct bar){.x = left + gap / 2, .width = right - left > gap ? right - left - gap : 1, .y = CHART_BASE - height, .height = height};
}

bool change_percent(int64_t before, int64_t now, int64_t *percent_r)
{
	if (before == 0)
		return false;
	*percent_r = money_round_div(now - before, 100, before);
	return true;
}
