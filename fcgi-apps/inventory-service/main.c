/* main.c - what inventory-service is made of. */
#include "app/app.h"
#include "inventory.h"
#include "store_stock.h"

static const struct db_stmt *const *const STATEMENTS[] = {STOCK_STATEMENTS, NULL};

static const struct service INVENTORY_SERVICE = {
	.name = "inventory-service",
	.routes = INVENTORY_ROUTES,
	.statements = STATEMENTS,
	.constraints = STOCK_CONSTRAINTS,
	.work = {.consumers = INVENTORY_CONSUMERS},
};

int main(int argc, char **argv)
{
	return app_main(&INVENTORY_SERVICE, argc, argv);
}
