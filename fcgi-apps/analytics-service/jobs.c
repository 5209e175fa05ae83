/* jobs.c - how analytics hears of sales. */
#include "analytics.h"
#include "store_sales.h"

static err_t on_order(struct ctx *c, const struct received_event *e)
{
	return sales_store_note(c, e->payload);
}

static const char *const ORDER_TOPICS[] = {"order.placed", "order.paid", "order.cancelled", NULL};

const struct consumer ANALYTICS_CONSUMERS[] = {
	{"analytics.orders", ORDER_TOPICS, on_order},
	{0},
};
