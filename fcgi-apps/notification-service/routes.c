/* routes.c - every URL of notification-service. */
#include "notification.h"

const struct route NOTIFICATION_ROUTES[] = {
	{METHOD_GET, "/api/v1/notifications", get_messages, ACCESS_STAFF, "notifications:read",
		.query = &MESSAGE_LIST_BIND, .reads = "message", .help = "List messages to customers"},
	{METHOD_POST, "/api/v1/notifications/{id}/resend", post_resend, ACCESS_STAFF, "notifications:write",
		.help = "Send a message once more"},

	{METHOD_GET, "/admin/messages", page_messages, ACCESS_STAFF, "notifications:read", ROUTE_PAGE,
		.query = &MESSAGE_PAGE_BIND, .reads = "message", .help = "Messages"},
	{METHOD_GET, "/admin/messages/{id}", page_message, ACCESS_STAFF, "notifications:read", ROUTE_PAGE,
		.query = &MESSAGE_PAGE_BIND, .reads = "message", .help = "One message"},
	{METHOD_GET, "/admin/messages/{id}/preview", page_preview, ACCESS_STAFF, "notifications:read", ROUTE_PAGE,
		.reads = "message", .help = "The HTML part of a message, for a sandboxed frame"},
	{METHOD_POST, "/admin/messages/{id}/resend", page_resend, ACCESS_STAFF, "notifications:write", ROUTE_PAGE,
		.help = "Send a message once more"},
	{0},
};
