/* main.c - what cart-service is made of. */
#include "app/app.h"
#include "cart.h"
#include "store_cart.h"

static const struct db_stmt *const *const STATEMENTS[] = {CART_STATEMENTS, RATES_STATEMENTS, NULL};

static const struct service CART_SERVICE = {
	.name = "cart-service",
	.routes = CART_ROUTES,
	.statements = STATEMENTS,
	.constraints = CART_CONSTRAINTS,
	.work = {.timers = CART_TIMERS},
};

int main(int argc, char **argv)
{
	return app_main(&CART_SERVICE, argc, argv);
}
