/* jobs.c - how analytics hears of sales. */
#include "analytics.h"
#include "store_sales.h"

static err_t on_order(struct ctx *c, const struct received_event *e)
{
	return sales_store_note(c, e->payload);
}

static err_t on_refund(struct ctx *c, const struct received_event *e)
{
	return sales_store_note_refund(c, &e->id, e->payload);
}

static const char *const ORDER_TOPICS[] = {"order.placed", "order.paid", "order.cancelled", NULL};

static const char *const REFUND_TOPICS[] = {"order.refunded", NULL};

const struct consumer ANALYTICS_CONSUMERS[] = {
	{"analytics.orders", ORDER_TOPICS, on_order},
	{"analytics.refunds", REFUND_TOPICS, on_refund},
	{0},
};
