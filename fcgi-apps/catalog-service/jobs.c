/* jobs.c - what catalog-service does when others report, when files wait, and by the clock. */
#include "import.h"
#include "service.h"

#define IMPORT_LEASE_SECS 60 /* a killed import goes on after a minute; batches count themselves, so two at once do no harm */
#define PRICES_EVERY_MS 5000

/* Sold out, or there again: the copy that lists show follows inventory's own truth. */
static err_t on_stock(struct ctx *c, const struct received_event *e)
{
	return product_store_refresh_stock(c, json_text(e->payload, "sku", e->aggregate_id));
}

static const char *const STOCK_TOPICS[] = {"stock.depleted", "stock.replenished", NULL};

const struct consumer CATALOG_CONSUMERS[] = {
	{"catalog.stock", STOCK_TOPICS, on_stock},
	{0},
};

static err_t do_import(struct ctx *c, const struct job *j)
{
	struct uuid id;

	if (!uuid_parse(str_of(json_text(j->payload, "import_id", "")), &id))
		return fail(c, &ERR_PEER, "the job names no import");
	err_t e = import_run(c, &id, NULL, app_get()->currency);
	/* Done already, by the attempt before this one. */
	return e == &ERR_NOT_FOUND ? OK : e;
}

const struct job_worker CATALOG_JOBS[] = {
	{IMPORT_QUEUE, IMPORT_LEASE_SECS, do_import},
	{0},
};

const struct timer CATALOG_TIMERS[] = {
	{.name = "catalog.prices", .every_ms = PRICES_EVERY_MS, .run = product_store_follow_prices},
	{0},
};
