/* main.c - what event-bus is made of. */
#include "app/app.h"
#include "bus.h"
#include "store_bus.h"
#include "store_staff.h"

static const struct db_stmt *const *const STATEMENTS[] = {BUS_STATEMENTS, STAFF_STATEMENTS, NULL};

static const struct config_key CONFIG[] = {
	{"openapi", CONFIG_PATH, "/usr/share/ecostore/openapi.json", 0, 0,
		"the merged OpenAPI document that /api/docs shows"},
	{0},
};

static const struct service EVENT_BUS = {
	.name = "event-bus",
	.routes = BUS_ROUTES,
	.statements = STATEMENTS,
	.config = CONFIG,
	.work = {.timers = BUS_TIMERS},
};

int main(int argc, char **argv)
{
	return app_main(&EVENT_BUS, argc, argv);
}
