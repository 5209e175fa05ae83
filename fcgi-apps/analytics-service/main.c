/* main.c - what analytics-service is made of. */
#include "analytics.h"
#include "app/app.h"
#include "store_sales.h"

static const struct db_stmt *const *const STATEMENTS[] = {SALES_STATEMENTS, NULL};

static const struct service ANALYTICS_SERVICE = {
	.name = "analytics-service",
	.routes = ANALYTICS_ROUTES,
	.statements = STATEMENTS,
	.work = {.consumers = ANALYTICS_CONSUMERS},
};

int main(int argc, char **argv)
{
	return app_main(&ANALYTICS_SERVICE, argc, argv);
}
