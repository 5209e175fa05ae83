/* problems.c - refusals that only carts know. */
#include "cart.h"

DEFINE_PROBLEM(ERR_CART_CLOSED, "cart_already_ordered", 409, "This cart was ordered already", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_NOT_OFFERED, "sku_unknown", 422, "This SKU is not sold in the cart's currency", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_CART_FULL, "cart_full", 422, "The cart holds no more lines", PROBLEM_RULE);
