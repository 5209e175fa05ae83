/* problems.c - refusals that only stock knows. */
#include "inventory.h"

DEFINE_PROBLEM(ERR_SKU_UNKNOWN, "sku_unknown", 404, "There is no such SKU", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_STOCK_PROMISED, "stock_promised", 409, "Orders already hold this stock", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_STOCK_NEGATIVE, "stock_negative", 409, "A shelf can't hold less than nothing", PROBLEM_RULE);
