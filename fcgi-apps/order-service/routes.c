/* routes.c - every URL of order-service. */
#include "order.h"

#define ORDERS "/api/v1/orders"
#define PERSONAL (ROUTE_PAGE | ROUTE_NO_STORE)
#define VIEWABLE (ROUTE_PAGE | ROUTE_VIEWABLE)
#define BIG_SHIPMENT_BYTES ((size_t)256 << 10)

const struct route ORDER_ROUTES[] = {
	{METHOD_POST, ORDERS, post_order, ACCESS_PUBLIC, .flags = ROUTE_KEY_REQUIRED, .body = &ORDER_BIND,
		.help = "Place an order"},
	{METHOD_GET, ORDERS, get_orders, ACCESS_CUSTOMER, .query = &ORDERS_BIND, .help = "List your orders"},
	{METHOD_GET, ORDERS "/track/{tracking_token}", get_tracked_order, ACCESS_PUBLIC, .flags = ROUTE_NO_STORE,
		.help = "Get an order by its tracking token"},
	{METHOD_GET, ORDERS "/{id}", get_order, ACCESS_PUBLIC, .flags = ROUTE_NO_STORE, .reads = "order", .help = "Get an order"},
	{METHOD_GET, ORDERS "/{id}/timeline", get_timeline, ACCESS_PUBLIC, .flags = ROUTE_NO_STORE,
		.reads = "order", .help = "Get what happened to an order"},
	{METHOD_POST, ORDERS "/{id}/cancel", post_cancel, ACCESS_PUBLIC, .body = &CANCEL_BIND,
		.help = "Cancel an order"},
	{METHOD_POST, ORDERS "/{id}/shipments", post_shipment, ACCESS_STAFF, "orders:write", .body = &SHIPMENT_BIND,
		.body_max = BIG_SHIPMENT_BYTES, .help = "Ship lines of an order"},
	{METHOD_POST, "/api/v1/shipments/{id}/deliver", post_deliver, ACCESS_STAFF, "orders:write",
		.help = "Note that a parcel arrived"},
	{METHOD_GET, "/api/v1/admin/orders", get_admin_orders, ACCESS_STAFF, "orders:read", .query = &ADMIN_ORDERS_BIND,
		.reads = "order", .help = "List all orders"},

	{METHOD_POST, "/checkout/place", page_place, ACCESS_PUBLIC, .flags = ROUTE_PAGE, .body = &PLACE_BIND,
		.on_invalid = page_place_refused, .help = "Checkout: place the order"},
	{METHOD_GET, "/orders/{id}/thanks", page_thanks, ACCESS_PUBLIC, .flags = PERSONAL, .help = "After the payment"},
	{METHOD_GET, "/track/{tracking_token}", page_track, ACCESS_PUBLIC, .flags = PERSONAL,
		.help = "Follow an order"},
	{METHOD_POST, "/track/{tracking_token}/cancel", page_track_cancel, ACCESS_PUBLIC, .flags = ROUTE_PAGE,
		.on_invalid = page_track, .help = "Cancel an order"},
	{METHOD_GET, "/account/orders", page_account_orders, ACCESS_CUSTOMER, .flags = VIEWABLE,
		.query = &ACCOUNT_PAGE_BIND, .help = "Your orders"},
	{METHOD_GET, "/account/orders/{id}", page_account_order, ACCESS_CUSTOMER, .flags = VIEWABLE,
		.help = "One of your orders"},
	{METHOD_POST, "/account/orders/{id}/cancel", page_account_cancel, ACCESS_CUSTOMER, .flags = ROUTE_PAGE,
		.on_invalid = page_account_order, .help = "Cancel one of your orders"},

	{METHOD_GET, "/admin/orders", page_admin_orders, ACCESS_STAFF, "orders:read", ROUTE_PAGE,
		.query = &ADMIN_PAGE_BIND, .reads = "order", .help = "All orders"},
	{METHOD_GET, "/admin/orders/{id}", page_admin_order, ACCESS_STAFF, "orders:read", ROUTE_PAGE,
		.reads = "order", .help = "One order"},
	{METHOD_POST, "/admin/orders/{id}/shipments", page_admin_ship, ACCESS_STAFF, "orders:write", ROUTE_PAGE,
		.body = &SHIPMENT_PAGE_BIND, .on_invalid = page_admin_order, .help = "Ship lines"},
	{METHOD_POST, "/admin/orders/{id}/shipments/{shipment_id}/deliver", page_admin_deliver, ACCESS_STAFF,
		"orders:write", ROUTE_PAGE, .on_invalid = page_admin_order, .help = "Note that a parcel arrived"},
	{METHOD_POST, "/admin/orders/{id}/cancel", page_admin_cancel, ACCESS_STAFF, "orders:write", ROUTE_PAGE,
		.body = &CANCEL_PAGE_BIND, .on_invalid = page_admin_order, .help = "Cancel an order"},
	{0},
};
