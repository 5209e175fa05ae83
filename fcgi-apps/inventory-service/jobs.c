/* jobs.c - what inventory-service does when others report. */
#include "inventory.h"
#include "store_stock.h"

/* A parcel left the house: promise kept, shelf emptier. */
static err_t on_shipment_created(struct ctx *c, const struct received_event *e)
{
	return stock_store_ship(c, json_text(e->payload, "order_id", ""), json_text(e->payload, "shipment_id", ""),
		json_object_get(e->payload, "lines"));
}

static const char *const SHIPMENT_TOPICS[] = {"shipment.created", NULL};

const struct consumer INVENTORY_CONSUMERS[] = {
	{"inventory.shipments", SHIPMENT_TOPICS, on_shipment_created},
	{0},
};
