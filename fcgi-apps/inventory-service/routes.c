/* routes.c - every URL of inventory-service. */
#include "inventory.h"

#define SKU_PATH "/api/v1/stock/{sku}"

const struct route INVENTORY_ROUTES[] = {
	{METHOD_GET, "/api/v1/stock", get_stock_list, ACCESS_STAFF, "inventory:read", .query = &STOCK_LIST_BIND,
		.help = "List stock by SKU"},
	{METHOD_GET, SKU_PATH, get_stock, ACCESS_STAFF, "inventory:read", .help = "Get the stock of a SKU"},
	{METHOD_POST, SKU_PATH "/adjustments", post_adjustment, ACCESS_STAFF, "inventory:write", .body = &ADJUSTMENT_BIND,
		.help = "Adjust the stock of a SKU in a warehouse"},
	{METHOD_GET, SKU_PATH "/movements", get_movements, ACCESS_STAFF, "inventory:read", .query = &MOVEMENTS_BIND,
		.help = "List the stock movements of a SKU"},
	{METHOD_GET, "/api/v1/warehouses", get_warehouses, ACCESS_STAFF, "inventory:read", .help = "List warehouses"},

	{METHOD_GET, "/admin/inventory", page_inventory, ACCESS_STAFF, "inventory:read", ROUTE_PAGE,
		.query = &STOCK_PAGE_BIND, .help = "Stock list"},
	{METHOD_GET, "/admin/inventory/{sku}", page_stock, ACCESS_STAFF, "inventory:read", ROUTE_PAGE,
		.query = &MOVEMENTS_BIND, .help = "One SKU, its shelves and movements"},
	{METHOD_POST, "/admin/inventory/adjustments", page_adjust, ACCESS_STAFF, "inventory:write", ROUTE_PAGE,
		.body = &ADJUSTMENT_FORM_BIND, .on_invalid = page_inventory, .help = "Adjust stock"},
	{0},
};
