/* inputs.c - outside fields of reports. */
#include "analytics.h"
#include "data/clock.h"
#include <string.h>

static const struct bind_field SUMMARY_FIELDS[] = {
	{"from", BIND_LINE, offsetof(struct summary_query, from), .max = 40},
	{"to", BIND_LINE, offsetof(struct summary_query, to), .max = 40},
	{"currency", BIND_CURRENCY, offsetof(struct summary_query, currency)},
};

static void check_moment(struct ctx *c, const char *field, const char *value)
{
	int64_t us;

	/* PostgreSQL knows no year 0. */
	if (value != NULL && (!time_parse(str_of(value), &us) || strncmp(value, "0000", 4) == 0))
		field_error(c, field, "invalid", "%s must be a day (2026-03-01) or a moment (2026-03-01T12:00:00Z)", field);
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
