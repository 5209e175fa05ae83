/* main.c - what notification-service is made of. */
#include "app/app.h"
#include "notification.h"
#include "store_message.h"

static const struct db_stmt *const *const STATEMENTS[] = {MESSAGE_STATEMENTS, NULL};

static const struct config_key CONFIG[] = {
	{"smtp", CONFIG_TEXT, "127.0.0.1:25", 0, 0, "SMTP server, host:port"},
	{"smtp_user", CONFIG_TEXT, "", 0, 0, "user for AUTH; empty: none"},
	{"smtp_password", CONFIG_SECRET, "", 0, 0, "password for AUTH"},
	{"smtp_starttls", CONFIG_BOOL, "false", 0, 0, "insist on STARTTLS"},
	{"smtp_timeout_secs", CONFIG_INT, "20", 1, 120, "how long a server may take for one step"},
	{"mail_from", CONFIG_TEXT, "", 0, 0, "sender's address; empty: the shop's support address"},
	{0},
};

static const struct service NOTIFICATION_SERVICE = {
	.name = "notification-service",
	.routes = NOTIFICATION_ROUTES,
	.statements = STATEMENTS,
	.config = CONFIG,
	.work = {.consumers = NOTIFICATION_CONSUMERS, .jobs = NOTIFICATION_JOBS, .timers = NOTIFICATION_TIMERS},
};

int main(int argc, char **argv)
{
	return app_main(&NOTIFICATION_SERVICE, argc, argv);
}
