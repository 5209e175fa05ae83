/* jobs.c - housekeeping of cart-service. */
#include "cart.h"
#include "store_cart.h"

#define PURGE_EVERY_MS 60000

const struct timer CART_TIMERS[] = {
	{.name = "cart.purge", .every_ms = PURGE_EVERY_MS, .run = cart_store_purge},
	{0},
};
