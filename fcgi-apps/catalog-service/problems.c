/* problems.c - refusals that only the catalogue knows. */
#include "service.h"

DEFINE_PROBLEM(ERR_SKU_TAKEN, "sku_taken", 409, "Another product has this SKU", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_SLUG_TAKEN, "slug_taken", 409, "This address is taken", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_NAME_TAKEN, "name_taken", 409, "This name is taken", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_CATEGORY_IN_USE, "category_in_use", 409, "The category is not empty", PROBLEM_RULE);
