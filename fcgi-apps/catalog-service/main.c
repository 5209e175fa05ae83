/* main.c - what catalog-service is made of. */
#include "app/app.h"
#include "service.h"
#include "store_category.h"
#include "store_import.h"
#include "store_listing.h"
#include "store_product.h"
#include "store_setting.h"

static const struct db_stmt *const *const STATEMENTS[] = {
	LISTING_STATEMENTS, PRODUCT_STATEMENTS, CATEGORY_STATEMENTS, IMPORT_STATEMENTS, SETTING_STATEMENTS, NULL};

static const struct service CATALOG_SERVICE = {
	.name = "catalog-service",
	.routes = CATALOG_ROUTES,
	.statements = STATEMENTS,
	.constraints = CATALOG_CONSTRAINTS,
	.config = CATALOG_CONFIG,
	.commands = CATALOG_COMMANDS,
	.work = {.consumers = CATALOG_CONSUMERS, .jobs = CATALOG_JOBS, .timers = CATALOG_TIMERS},
};

int main(int argc, char **argv)
{
	return app_main(&CATALOG_SERVICE, argc, argv);
}
