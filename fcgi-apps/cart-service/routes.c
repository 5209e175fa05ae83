/* routes.c - every URL of cart-service. */
#include "cart.h"

#define CARTS "/api/v1/carts"
#define BIG_CART_BYTES (256 * 1024)

/* Cart edits may be lost in a crash of the server's last moments; an order never is. */
#define EDIT ROUTE_ASYNC_COMMIT
#define PAGE_EDIT (ROUTE_PAGE | ROUTE_ASYNC_COMMIT)
#define PERSONAL (ROUTE_PAGE | ROUTE_NO_STORE)

const struct route CART_ROUTES[] = {
	{METHOD_POST, CARTS, post_cart, ACCESS_PUBLIC, .flags = EDIT, .body = &CART_BIND,
		.body_max = BIG_CART_BYTES, .help = "Create a cart"},
	{METHOD_GET, CARTS "/mine", get_my_cart, ACCESS_CUSTOMER, .help = "Get the signed-in customer's cart"},
	{METHOD_GET, CARTS "/{id}", get_cart, ACCESS_PUBLIC, .flags = ROUTE_NO_STORE, .help = "Get a cart"},
	{METHOD_POST, CARTS "/{id}/lines", post_line, ACCESS_PUBLIC, .flags = EDIT, .body = &LINE_BIND, .help = "Add to a cart"},
	{METHOD_DELETE, CARTS "/{id}/lines", delete_lines, ACCESS_PUBLIC, .flags = EDIT, .help = "Empty a cart"},
	{METHOD_PATCH, CARTS "/{id}/lines/{line_id}", patch_line, ACCESS_PUBLIC, .flags = EDIT, .body = &QUANTITY_BIND,
		.help = "Change a line's quantity"},
	{METHOD_DELETE, CARTS "/{id}/lines/{line_id}", delete_line, ACCESS_PUBLIC, .flags = EDIT, .help = "Remove a line"},
	{METHOD_PUT, CARTS "/{id}/destination", put_destination, ACCESS_PUBLIC, .flags = EDIT, .body = &DESTINATION_BIND,
		.help = "Set where a cart is shipped to"},

	{METHOD_GET, "/cart", page_cart, ACCESS_PUBLIC, .flags = PERSONAL, .help = "The cart"},
	{METHOD_POST, "/cart/lines", page_add, ACCESS_PUBLIC, .flags = PAGE_EDIT, .body = &LINE_BIND, .on_invalid = page_cart,
		.help = "Add to the cart"},
	{METHOD_POST, "/cart/lines/{line_id}", page_update, ACCESS_PUBLIC, .flags = PAGE_EDIT, .body = &QUANTITY_BIND,
		.on_invalid = page_cart, .help = "Change a quantity"},
	{METHOD_POST, "/cart/lines/{line_id}/remove", page_remove, ACCESS_PUBLIC, .flags = PAGE_EDIT, .on_invalid = page_cart,
		.help = "Remove a line"},
	{METHOD_POST, "/cart/destination", page_destination, ACCESS_PUBLIC, .flags = PAGE_EDIT, .body = &DESTINATION_BIND,
		.on_invalid = page_cart, .help = "Estimate shipping"},

	{METHOD_GET, "/checkout", page_address, ACCESS_PUBLIC, .flags = PERSONAL, .help = "Checkout: contact and address"},
	{METHOD_POST, "/checkout/address", page_post_address, ACCESS_PUBLIC, .flags = ROUTE_PAGE, .body = &ADDRESS_BIND,
		.on_invalid = page_address, .help = "Checkout: keep the address"},
	{METHOD_GET, "/checkout/shipping", page_shipping, ACCESS_PUBLIC, .flags = PERSONAL, .help = "Checkout: shipping"},
	{METHOD_POST, "/checkout/shipping", page_post_shipping, ACCESS_PUBLIC, .flags = ROUTE_PAGE, .body = &SHIPPING_BIND,
		.on_invalid = page_shipping, .help = "Checkout: keep the shipping option"},
	{METHOD_GET, "/checkout/review", page_review, ACCESS_PUBLIC, .flags = PERSONAL, .help = "Checkout: review"},
	{0},
};
