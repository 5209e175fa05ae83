/* main.c - what order-service is made of. */
#include "app/app.h"
#include "order.h"
#include "store_order.h"
#include "store_people.h"

static const struct db_stmt *const *const STATEMENTS[] = {
	ORDER_STATEMENTS, CHECKOUT_STATEMENTS, CHANGE_STATEMENTS, PEOPLE_STATEMENTS, NULL};

static const struct service ORDER_SERVICE = {
	.name = "order-service",
	.routes = ORDER_ROUTES,
	.statements = STATEMENTS,
	.constraints = ORDER_CONSTRAINTS,
	.work = {.consumers = ORDER_CONSUMERS, .timers = ORDER_TIMERS},
};

int main(int argc, char **argv)
{
	return app_main(&ORDER_SERVICE, argc, argv);
}
