/* problems.c - refusals that only orders know, and which constraint means which. */
#include "order.h"
#include "store_order.h"

DEFINE_PROBLEM(ERR_CART_NOT_FOUND, "cart_not_found", 404, "There is no such cart", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_CART_EMPTY, "cart_empty", 409, "The cart is empty", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_CART_CHANGED, "cart_changed", 409, "Prices or the cart changed", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_CART_ORDERED, "cart_already_ordered", 409, "This cart was ordered already", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_NO_DESTINATION, "destination_missing", 409, "The cart has no destination yet", PROBLEM_RULE);
DEFINE_PROBLEM(
	ERR_SHIPPING_OPTION, "shipping_option_unknown", 422, "This shipping option is not offered", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_OUT_OF_STOCK, "out_of_stock", 409, "Not enough is left", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_CONTACT_MISSING, "contact_missing", 409, "The address is missing", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_ORDER_CANCELLED, "order_cancelled", 409, "The order is cancelled", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_ORDER_SHIPPED, "order_shipped", 409, "The order was shipped", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_ORDER_NOT_PAID, "order_not_paid", 409, "The order is not paid yet", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_PAYMENT_IN_PROGRESS, "payment_in_progress", 409, "The payment is being decided", PROBLEM_RETRY);
DEFINE_PROBLEM(ERR_OVERSHIPPED, "line_overshipped", 409, "More than was ordered", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_DELIVERED, "shipment_delivered", 409, "The parcel was delivered already", PROBLEM_RULE);

const struct db_constraint ORDER_CONSTRAINTS[] = {
	/* a number drawn twice: draw again */
	{"order_number_once", &ERR_RETRY, NULL, NULL},
	{"order_cart_once", &ERR_CART_ORDERED, "cart_id", "this cart was ordered already"},
	{"line_not_overshipped", &ERR_OVERSHIPPED, NULL, "more than was ordered would be shipped"},
	/* raised by cart.take_quote and inventory.reserve */
	{"cart_not_found", &ERR_CART_NOT_FOUND, "cart_id", NULL},
	{"cart_empty", &ERR_CART_EMPTY, "cart_id", NULL},
	{"cart_changed", &ERR_CART_CHANGED, "cart_id", NULL},
	{"cart_already_ordered", &ERR_CART_ORDERED, "cart_id", NULL},
	{"destination_missing", &ERR_NO_DESTINATION, "cart_id", NULL},
	{"shipping_option_unknown", &ERR_SHIPPING_OPTION, "shipping_option", NULL},
	{"out_of_stock", &ERR_OUT_OF_STOCK, NULL, NULL},
	{0},
};
