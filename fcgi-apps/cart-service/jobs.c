/* jobs.c - housekeeping of cart-service. */
#include "cart.h"
#include "store_cart.h"

#define PURGE_EVERY_MS 60000

const struct config_key CART_CONFIG[] = {
	{"cart_keep_days", CONFIG_INT, "90", 1, 3650, "how long a guest's cart, and a cart that was ordered, is kept after its last change"},
	{0},
};

static err_t purge(struct ctx *c)
{
	return cart_store_purge(c, config_int("cart_keep_days"));
}

const struct timer CART_TIMERS[] = {
	{.name = "cart.purge", .every_ms = PURGE_EVERY_MS, .run = purge},
	{0},
};
