/* store_stock.h - stock in PostgreSQL: schema inventory. */
#ifndef ES_STORE_STOCK_H
#define ES_STORE_STOCK_H

#include "edges/db.h"
#include "inventory.h"

extern const struct db_stmt *const STOCK_STATEMENTS[];
extern const struct db_constraint STOCK_CONSTRAINTS[];

/* In SKU order, after q->cursor; at most q->limit. */
err_t stock_store_list(struct ctx *c, const struct stock_query *q, struct stock **rows_r, size_t *n_r) MUST_CHECK;
/* The stock of a SKU and its shelves. ERR_NOT_FOUND. */
err_t stock_store_get(struct ctx *c, const char *sku, struct stock *stock_r, struct shelf **shelves_r, size_t *n_r) MUST_CHECK;
/* Newest first, below id before (0: from the newest). */
err_t stock_store_movements(struct ctx *c, const char *sku, int64_t before, int64_t limit, struct movement **rows_r, size_t *n_r) MUST_CHECK;
err_t stock_store_warehouses(struct ctx *c, struct shelf **rows_r, size_t *n_r) MUST_CHECK;
/* ERR_SKU_UNKNOWN, ERR_STOCK_PROMISED, ERR_STOCK_NEGATIVE; an unknown warehouse is a field error. */
err_t stock_store_adjust(struct ctx *c, const char *sku, const struct adjustment *a, const char *actor) MUST_CHECK;
/* What a shipment took off the shelves; applying it again changes nothing. */
err_t stock_store_ship(struct ctx *c, const char *order_id, const char *shipment_id, const json_t *lines) MUST_CHECK;

#endif
