/* store_stock.c - the statements of inventory-service. Rules about amounts live in the schema (sql/inventory). */
#include "store_stock.h"

static const struct db_column STOCK_COLUMNS[] = {
	DB_COLUMN(struct stock, sku, DB_TEXT),
	DB_COLUMN(struct stock, name, DB_TEXT),
	DB_COLUMN(struct stock, slug, DB_TEXT),
	DB_COLUMN(struct stock, on_hand, DB_INT64),
	DB_COLUMN(struct stock, reserved, DB_INT64),
	DB_COLUMN(struct stock, available, DB_INT64),
	DB_COLUMN(struct stock, backorder_limit, DB_INT64),
	DB_COLUMN(struct stock, shortfall, DB_INT64),
	DB_COLUMN(struct stock, low_mark, DB_INT64),
	DB_COLUMN(struct stock, version, DB_INT64),
};

#define STOCK_SELECT                                                                                                   \
	"select i.sku, o.product_name as name, o.slug, i.on_hand, i.reserved,"                                                 \
	" greatest(0, i.on_hand + i.backorder_limit - i.reserved) as available,"                                       \
	" i.backorder_limit, i.shortfall, i.low_mark, i.version"                                                       \
	" from inventory.item i left join lateral"                                                                     \
	" (select product_name, slug from catalog.offer o where o.sku = i.sku limit 1) o on true "

static const struct db_stmt STOCK_LIST = DB_ROWS("stock_list", struct stock, STOCK_COLUMNS,
	SQL(STOCK_SELECT "where ($1::text is null or i.sku = $1) and ($2::text is null or i.sku > $2)"
			 " and ($3::text is null or strpos(lower(i.sku), lower($3)) > 0 or strpos(lower(o.product_name), lower($3)) > 0)"
			 " and case $4::text when 'short' then i.shortfall > 0"
			 " when 'out' then i.on_hand + i.backorder_limit <= i.reserved"
			 " when 'low' then i.on_hand + i.backorder_limit - i.reserved between 1 and i.low_mark"
			 " else true end"
			 " order by i.sku limit $5::bigint"));

static const struct db_stmt STOCK_BY_SKU =
	DB_ROWS("stock_by_sku", struct stock, STOCK_COLUMNS, SQL(STOCK_SELECT "where i.sku = $1::text"));

static const struct db_column SHELF_COLUMNS[] = {
	DB_COLUMN(struct shelf, warehouse_id, DB_UUID),
	DB_COLUMN(struct shelf, code, DB_TEXT),
	DB_COLUMN(struct shelf, name, DB_TEXT),
	DB_COLUMN(struct shelf, country, DB_TEXT),
	DB_COLUMN(struct shelf, on_hand, DB_INT64),
};

static const struct db_stmt SHELVES_BY_SKU = DB_ROWS("shelves_by_sku", struct shelf, SHELF_COLUMNS,
	SQL("select w.id as warehouse_id, w.code, w.name, w.country, coalesce(l.on_hand, 0) as on_hand"
	    " from inventory.warehouse w left join inventory.level l on l.warehouse_id = w.id and l.sku = $1::text"
	    " order by w.priority, w.code"));

static const struct db_stmt WAREHOUSES = DB_ROWS("warehouses", struct shelf, SHELF_COLUMNS,
	SQL("select w.id as warehouse_id, w.code, w.name, w.country,"
	    " coalesce((select sum(l.on_hand) from inventory.level l where l.warehouse_id = w.id), 0)::bigint as on_hand"
	    " from inventory.warehouse w order by w.priority, w.code"));

static const struct db_column MOVEMENT_COLUMNS[] = {
	DB_COLUMN(struct movement, id, DB_INT64),
	DB_COLUMN(struct movement, delta, DB_INT64),
	DB_COLUMN(struct movement, on_hand_after, DB_INT64),
	DB_COLUMN(struct movement, warehouse, DB_TEXT),
	DB_COLUMN(struct movement, reason, DB_TEXT),
	DB_COLUMN(struct movement, reference, DB_TEXT),
	DB_COLUMN(struct movement, actor, DB_TEXT),
	DB_COLUMN_AS(struct movement, created_us, DB_TIME, "created_at"),
};

static const struct db_stmt MOVEMENTS = DB_ROWS("stock_movements", struct movement, MOVEMENT_COLUMNS,
	SQL("select m.id, m.delta, m.on_hand_after, w.code as warehouse, m.reason, m.reference, m.actor, m.created_at"
	    " from inventory.movement m join inventory.warehouse w on w.id = m.warehouse_id"
	    " where m.sku = $1::text and ($2::bigint = 0 or m.id < $2) order by m.id desc limit $3::bigint"));

struct warehouse_id {
	struct uuid id;
};
static const struct db_column WAREHOUSE_ID_COLUMNS[] = {DB_COLUMN(struct warehouse_id, id, DB_UUID)};
static const struct db_stmt WAREHOUSE_BY_CODE = DB_ROWS("warehouse_by_code", struct warehouse_id, WAREHOUSE_ID_COLUMNS,
	SQL("select id from inventory.warehouse where code = $1::text"));

static const struct db_stmt ADJUST = DB_EXEC("stock_adjust",
	SQL("select inventory.move($1::text, $2::uuid, $3::bigint, $4::text, null, $5::text)"), DB_TRACED);

static const struct db_stmt SHIP = DB_EXEC("stock_ship",
	SQL("select inventory.ship($1::uuid, $2::uuid, array_agg(l.sku), array_agg(l.quantity))"
	    " from jsonb_to_recordset($3::jsonb) as l(sku text, quantity bigint)"),
	DB_TRACED);

const struct db_stmt *const STOCK_STATEMENTS[] = {
	&STOCK_LIST, &STOCK_BY_SKU, &SHELVES_BY_SKU, &WAREHOUSES, &MOVEMENTS, &WAREHOUSE_BY_CODE, &ADJUST, &SHIP, NULL,
};

const struct db_constraint STOCK_CONSTRAINTS[] = {
	{"sku_unknown", &ERR_SKU_UNKNOWN, "sku", "there is no such SKU"},
	{"stock_not_oversold", &ERR_STOCK_PROMISED, "delta", "orders already hold more than would be left"},
	{"on_hand_not_negative", &ERR_STOCK_NEGATIVE, "delta", "there is less on hand than would be taken"},
	{"level_not_negative", &ERR_STOCK_NEGATIVE, "delta", "this warehouse holds less than would be taken"},
	{0},
};

err_t stock_store_list(struct ctx *c, const struct stock_query *q, struct stock **rows_r, size_t *n_r)
{
	return db_rows(c, &STOCK_LIST, PARAMS(P_TEXT(q->sku), P_TEXT(q->cursor), P_TEXT(q->q), P_TEXT(q->state), P_INT(q->limit)),
		rows_r, n_r);
}

err_t stock_store_get(struct ctx *c, const char *sku, struct stock *stock_r, struct shelf **shelves_r, size_t *n_r)
{
	const struct db_call calls[] = {
		CALL_ONE(&STOCK_BY_SKU, stock_r, P_TEXT(sku)),
		CALL_ROWS(&SHELVES_BY_SKU, shelves_r, n_r, P_TEXT(sku)),
	};
	return db_run(c, calls, ARRAY_LEN(calls));
}

err_t stock_store_movements(struct ctx *c, const char *sku, int64_t before, int64_t limit, struct movement **rows_r, size_t *n_r)
{
	return db_rows(c, &MOVEMENTS, PARAMS(P_TEXT(sku), P_INT(before), P_INT(limit)), rows_r, n_r);
}

err_t stock_store_warehouses(struct ctx *c, struct shelf **rows_r, size_t *n_r)
{
	return db_rows(c, &WAREHOUSES, NO_PARAMS, rows_r, n_r);
}

err_t stock_store_adjust(struct ctx *c, const char *sku, const struct adjustment *a, const char *actor)
{
	struct warehouse_id warehouse;
	bool found;

	TRY(db_maybe(c, &WAREHOUSE_BY_CODE, PARAMS(P_TEXT(a->warehouse)), &warehouse, &found));
	if (!found) {
		field_error(c, "warehouse", "unknown", "there is no warehouse with this code");
		return ctx_check(c);
	}
	return db_exec(c, &ADJUST, PARAMS(P_TEXT(sku), P_UUID(&warehouse.id), P_INT(a->delta), P_TEXT(a->reason), P_TEXT(actor)), NULL);
}

err_t stock_store_ship(struct ctx *c, const char *order_id, const char *shipment_id, const json_t *lines)
{
	return db_exec(c, &SHIP, PARAMS(P_TEXT(order_id), P_TEXT(shipment_id), P_JSON(lines)), NULL);
}
