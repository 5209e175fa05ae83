/* routes.c - every URL of analytics-service. */
#include "analytics.h"

const struct route ANALYTICS_ROUTES[] = {
	{METHOD_GET, "/api/v1/analytics/summary", get_summary, ACCESS_STAFF, "analytics:read", .query = &SUMMARY_BIND,
		.help = "Sum up the sales of a period"},
	{METHOD_GET, "/admin", page_dashboard, ACCESS_STAFF, "analytics:read", ROUTE_PAGE, .query = &DASHBOARD_BIND,
		.help = "The dashboard"},
	{0},
};
