/* inputs.c - outside fields of stock, with their limits. */
#include "inventory.h"

static const char *const STATES[] = {"low", "out", "short", NULL};

#define LIMIT_FIELD {"limit", BIND_INT, offsetof(struct stock_query, limit), .min = 1, .max = 100}
#define CURSOR_FIELD(longest) {"cursor", BIND_LINE, offsetof(struct stock_query, cursor), .max = (longest)}

static const struct bind_field STOCK_LIST_FIELDS[] = {
	{"sku", BIND_LINE, offsetof(struct stock_query, sku), .max = SKU_MAX},
	CURSOR_FIELD(SKU_MAX),
	LIMIT_FIELD,
};
const struct bind STOCK_LIST_BIND = BIND(struct stock_query, STOCK_LIST_FIELDS);

static const struct bind_field STOCK_PAGE_FIELDS[] = {
	{"q", BIND_LINE, offsetof(struct stock_query, q), .max = SKU_MAX},
	{"state", BIND_ENUM, offsetof(struct stock_query, state), .values = STATES},
	CURSOR_FIELD(SKU_MAX),
};
const struct bind STOCK_PAGE_BIND = BIND(struct stock_query, STOCK_PAGE_FIELDS);

static const struct bind_field MOVEMENTS_FIELDS[] = {
	CURSOR_FIELD(20),
	LIMIT_FIELD,
};
const struct bind MOVEMENTS_BIND = BIND(struct stock_query, MOVEMENTS_FIELDS);

#define ADJUSTMENT_MEMBERS                                                                                             \
	{"warehouse", BIND_LINE, offsetof(struct adjustment, warehouse), .required = true, .max = 16},                \
		{"delta", BIND_INT, offsetof(struct adjustment, delta), .required = true, .min = -ADJUSTMENT_MAX,     \
			.max = ADJUSTMENT_MAX},                                                                        \
		{"reason", BIND_LINE, offsetof(struct adjustment, reason), .required = true, .max = 200}

static const struct bind_field ADJUSTMENT_FIELDS[] = {ADJUSTMENT_MEMBERS};
static const struct bind_field ADJUSTMENT_FORM_FIELDS[] = {
	{"sku", BIND_LINE, offsetof(struct adjustment, sku), .required = true, .max = SKU_MAX},
	ADJUSTMENT_MEMBERS,
};

static void check_adjustment(struct ctx *c, void *target)
{
	const struct adjustment *a = target;

	if (a->delta == 0)
		field_error(c, "delta", "invalid", "delta must not be zero");
}

#define ADJUSTMENT_OF(table) {.fields = (table), .nfields = ARRAY_LEN(table), .size = sizeof(struct adjustment), .check = check_adjustment}
const struct bind ADJUSTMENT_BIND = ADJUSTMENT_OF(ADJUSTMENT_FIELDS);
const struct bind ADJUSTMENT_FORM_BIND = ADJUSTMENT_OF(ADJUSTMENT_FORM_FIELDS);
