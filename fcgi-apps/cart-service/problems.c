/* problems.c - refusals that only carts know. */
#include "cart.h"

DEFINE_PROBLEM(ERR_CART_CLOSED, "cart_already_ordered", 409, "This cart was ordered already", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_CART_FULL, "cart_full", 422, "The cart holds no more lines", PROBLEM_RULE);
