/*
 * inventory.h - the nouns of stock, and what the files of this service offer each other.
 *
 * available = on_hand + backorder_limit − reserved, never below 0 to the outside.
 */
#ifndef ES_INVENTORY_H
#define ES_INVENTORY_H

#include "app/app.h"
#include "app/audit.h"
#include "app/event.h"
#include "app/route.h"

#define SKU_MAX 64
#define PAGE_ROWS ((size_t)50)
#define ADJUSTMENT_MAX 1000000

extern const struct problem ERR_SKU_UNKNOWN;     /* 404 sku_unknown */
extern const struct problem ERR_STOCK_PROMISED;  /* 409 stock_promised: orders hold what would be taken */
extern const struct problem ERR_STOCK_NEGATIVE;  /* 409 stock_negative: less than nothing on a shelf */

struct stock {
	const char *sku, *name, *slug; /* name, slug: of the product offered, NULL when not in the catalogue */
	int64_t on_hand, reserved, available, backorder_limit, shortfall, low_mark;
	int64_t version;
};

struct shelf {
	struct uuid warehouse_id;
	const char *code, *name, *country;
	int64_t on_hand;
};

struct movement {
	int64_t id, delta, on_hand_after;
	const char *warehouse, *reason, *reference, *actor;
	int64_t created_us;
};

/* What part of the stock list is wanted. */
struct stock_query {
	const char *sku;    /* exact; NULL: all */
	const char *q;      /* pages: part of a SKU */
	const char *state;  /* pages: "low", "out", "short"; NULL: all */
	const char *cursor; /* the last SKU (movements: id) of the page before */
	int64_t limit;
};

struct adjustment {
	const char *sku;       /* the pages' form names it; the API has it in the path */
	const char *warehouse; /* its code */
	int64_t delta;
	const char *reason;
};

extern const struct bind STOCK_LIST_BIND, STOCK_PAGE_BIND, MOVEMENTS_BIND, ADJUSTMENT_BIND, ADJUSTMENT_FORM_BIND;
extern const struct route INVENTORY_ROUTES[];
extern const struct consumer INVENTORY_CONSUMERS[];

/* rules.c */
/* "out", "short", "low" or "ok": how staff should look at it. */
const char *stock_state(const struct stock *s);

/* views.c */
json_t *view_stock(struct request *rq, const struct stock *s, const struct shelf *shelves, size_t nshelves);
json_t *view_warehouse(struct request *rq, const struct shelf *w);
json_t *view_movement(struct request *rq, const struct movement *m);

/* handlers_stock.c, handlers_pages.c */
/* Staff counted or moved stock of this SKU: into the audit log. */
void audit_adjustment(struct request *rq, const char *sku, const struct adjustment *in);

handler_fn get_stock_list, get_stock, post_adjustment, get_movements, get_warehouses;
handler_fn page_inventory, page_stock, page_adjust;

#endif
