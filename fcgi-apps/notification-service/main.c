/* main.c - what notification-service is made of. */
#include "app/app.h"
#include "notification.h"
#include "store_message.h"

static const struct db_stmt *const *const STATEMENTS[] = {MESSAGE_STATEMENTS, NULL};

static const struct service NOTIFICATION_SERVICE = {
	.name = "notification-service",
	.routes = NOTIFICATION_ROUTES,
	.statements = STATEMENTS,
	.config = NOTIFICATION_CONFIG,
	.work = {.consumers = NOTIFICATION_CONSUMERS, .jobs = NOTIFICATION_JOBS, .timers = NOTIFICATION_TIMERS},
};

int main(int argc, char **argv)
{
	return app_main(&NOTIFICATION_SERVICE, argc, argv);
}
