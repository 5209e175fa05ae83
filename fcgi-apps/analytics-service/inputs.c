/* inputs.c - outside fields of reports. */
#include "analytics.h"
#include "data/clock.h"

/* A day has an end, and time zones move it: no shop needs what lies beyond. */
#define YEAR_9999_US (INT64_C(253370764800) * US_PER_SEC)

static const struct bind_field SUMMARY_FIELDS[] = {
	{"from", BIND_LINE, offsetof(struct summary_query, from), .max = 40},
	{"to", BIND_LINE, offsetof(struct summary_query, to), .max = 40},
	{"currency", BIND_CURRENCY, offsetof(struct summary_query, currency)},
};

static void check_moment(struct ctx *c, const char *field, const char *value)
{
	int64_t us;

	if (value == NULL)
		return;
	if (!time_parse(str_of(value), &us))
		field_error(c, field, "invalid", "%s must be a day (2026-03-01) or a moment (2026-03-01T12:00:00Z)", field);
	else if (us < 0 || us >= YEAR_9999_US)
		field_error(c, field, us < 0 ? "too_small" : "too_large", "%s must lie between 1970 and 9998", field);
}

static void check_summary(struct ctx *c, void *target)
{
	const struct summary_query *q = target;

	check_moment(c, "from", q->from);
	check_moment(c, "to", q->to);
}

const struct bind SUMMARY_BIND = {
	.fields = SUMMARY_FIELDS,
	.nfields = ARRAY_LEN(SUMMARY_FIELDS),
	.size = sizeof(struct summary_query),
	.check = check_summary,
};

static const char *const RANGES[] = {"7", "30", "90", NULL};
static const struct bind_field DASHBOARD_FIELDS[] = {
	{"days", BIND_ENUM, offsetof(struct dashboard_query, days), .values = RANGES},
};
const struct bind DASHBOARD_BIND = BIND(struct dashboard_query, DASHBOARD_FIELDS);
