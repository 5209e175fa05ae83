/* routes.c - every URL of event-bus. */
#include "bus.h"

const struct route BUS_ROUTES[] = {
	{METHOD_GET, "/api/v1/services", get_services, ACCESS_STAFF, "system:read",
		.help = "List the services that run"},
	{METHOD_GET, "/api/v1/events/topics", get_topics, ACCESS_PUBLIC, .help = "List the topics of events"},
	{METHOD_GET, "/api/v1/bus/subscriptions", get_subscriptions, ACCESS_STAFF, "system:read",
		.help = "List subscriptions and how far they are"},
	{METHOD_GET, "/api/v1/bus/dead-letters", get_dead_letters, ACCESS_STAFF, "system:read", .query = &DEAD_BIND,
		.help = "List events and jobs that were given up"},
	{METHOD_POST, "/api/v1/bus/dead-letters/{id}/retry", post_retry, ACCESS_STAFF, "system:write",
		.help = "Try a dead letter again"},
	{METHOD_POST, "/api/v1/bus/dead-letters/{id}/skip", post_skip, ACCESS_STAFF, "system:write",
		.help = "Give a dead letter up for good"},

	{METHOD_GET, "/admin/system", page_system, ACCESS_STAFF, "system:read", ROUTE_PAGE, .query = &DEAD_PAGE_BIND,
		.help = "Services, subscriptions and dead letters"},
	{METHOD_POST, "/admin/system/dead-letters/{id}/retry", page_retry, ACCESS_STAFF, "system:write", ROUTE_PAGE,
		.help = "Try a dead letter again"},
	{METHOD_POST, "/admin/system/dead-letters/{id}/skip", page_skip, ACCESS_STAFF, "system:write", ROUTE_PAGE,
		.help = "Give a dead letter up for good"},
	{METHOD_GET, "/api/docs", page_docs, ACCESS_ANONYMOUS, NULL, ROUTE_PAGE | ROUTE_CACHED,
		.help = "The API, operation by operation"},
	{0},
};
