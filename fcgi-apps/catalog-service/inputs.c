/* inputs.c - outside fields of lists, searches and staff's forms. Products themselves are in rows.c. */
#include "service.h"

#include <string.h>

#define Q_MAX 200
#define PAGES_MAX 42 /* of 24: not beyond DEPTH_MAX */

#define Q(member) offsetof(struct listing_query, member)
#define FILTER_FIELDS                                                                                                  \
	{"category", BIND_LINE, Q(category), .max = 1000},                                                             \
		{"brand", BIND_TEXTS, Q(brands), .max = 50, .item_max = 120, .count = Q(nbrands)},                     \
		{"in_stock", BIND_BOOL, Q(in_stock), .present = PRESENT(struct listing_query, in_stock_present)},      \
	{                                                                                                              \
		"attr.", BIND_PAIRS, Q(attributes), .max = 50, .item_max = 200                                         \
	}
#define API_FIELDS                                                                                                     \
	FILTER_FIELDS, {"price_min", BIND_INT, Q(price_min), .max = MONEY_MAX},                                        \
		{"price_max", BIND_INT, Q(price_max), .max = MONEY_MAX},                                               \
		{"sort", BIND_ENUM, Q(sort), .values = SORT_NAMES}, {"facets", BIND_BOOL, Q(facets)},                  \
		{"limit", BIND_INT, Q(limit), .min = 1, .max = LIST_MAX},                                                   \
	{                                                                                                              \
		"cursor", BIND_LINE, Q(cursor_text), .max = CURSOR_MAX                                                 \
	}

static const struct bind_field PRODUCTS_FIELDS[] = {API_FIELDS};
const struct bind PRODUCTS_BIND = BIND(struct listing_query, PRODUCTS_FIELDS);

static const struct bind_field SEARCH_FIELDS[] = {
	{"q", BIND_LINE, Q(q), .required = true, .max = Q_MAX},
	{"exact", BIND_BOOL, Q(exact)},
	API_FIELDS,
};
const struct bind SEARCH_BIND = BIND(struct listing_query, SEARCH_FIELDS);

static const struct bind_field SUGGEST_FIELDS[] = {
	{"q", BIND_LINE, Q(q), .required = true, .max = Q_MAX},
};
const struct bind SUGGEST_BIND = BIND(struct listing_query, SUGGEST_FIELDS);

static const struct bind_field LIST_PAGE_FIELDS[] = {
	{"q", BIND_LINE, Q(q), .max = Q_MAX},
	{"exact", BIND_BOOL, Q(exact)},
	FILTER_FIELDS,
	{"price_min", BIND_LINE, Q(price_min_text), .max = 20},
	{"price_max", BIND_LINE, Q(price_max_text), .max = 20},
	{"sort", BIND_LINE, Q(sort), .max = 40},
	{"page", BIND_INT, Q(page), .min = 1, .max = PAGES_MAX},
};
const struct bind LIST_PAGE_BIND = BIND(struct listing_query, LIST_PAGE_FIELDS);

static const char *const KINDS[] = {"products", NULL};
static const struct bind_field IMPORT_FIELDS[] = {
	{"kind", BIND_ENUM, offsetof(struct import_query, kind), .values = KINDS},
	{"file_name", BIND_LINE, offsetof(struct import_query, file_name), .max = 200},
};
const struct bind IMPORT_BIND = BIND(struct import_query, IMPORT_FIELDS);
static const struct bind_field IMPORT_LIST_FIELDS[] = {
	{"limit", BIND_INT, offsetof(struct import_query, limit), .min = 1, .max = 100},
	{"cursor", BIND_LINE, offsetof(struct import_query, cursor), .max = 36},
};
const struct bind IMPORT_LIST_BIND = BIND(struct import_query, IMPORT_LIST_FIELDS);

static const char *const STATUSES[] = {"draft", "active", "archived", NULL};
static const struct bind_field ADMIN_FIELDS[] = {
	{"q", BIND_LINE, offsetof(struct admin_query, q), .max = Q_MAX},
	{"state", BIND_ENUM, offsetof(struct admin_query, state), .values = STATUSES},
	{"cursor", BIND_LINE, offsetof(struct admin_query, cursor), .max = 36},
	{"edit", BIND_LINE, offsetof(struct admin_query, edit), .max = 36},
};
const struct bind ADMIN_BIND = BIND(struct admin_query, ADMIN_FIELDS);

#define F(member) offsetof(struct product_form, member)
#define CELLS(member_, n_)                                                                                             \
	{                                                                                                              \
#member_, BIND_TEXTS, F(member_), .max = VARIANTS_MAX, .item_max = 500, .count = F(n_)                 \
	}
static const struct bind_field PRODUCT_FORM_FIELDS[] = {
	{"name", BIND_LINE, F(name), .required = true, .max = NAME_MAX_CHARS},
	{"sku", BIND_LINE, F(sku), .required = true, .max = SKU_MAX},
	{"slug", BIND_LINE, F(slug), .max = 80},
	{"brand", BIND_LINE, F(brand), .max = 120},
	{"description", BIND_TEXT, F(description), .max = 20000},
	{"status", BIND_ENUM, F(status), .values = STATUSES, .required = true},
	{"attributes", BIND_TEXT, F(attributes), .max = 20000},
	{"price", BIND_MONEY, F(price), .required = true},
	{"list_price", BIND_MONEY, F(list_price), .label = "Former price"},
	{"category_id", BIND_UUID, F(category_id), .label = "Category"},
	{"version", BIND_INT, F(version)},
	CELLS(variant_sku, nsku),
	CELLS(variant_options, noptions),
	CELLS(variant_price, nprice),
	CELLS(variant_barcode, nbarcode),
};
const struct bind PRODUCT_FORM_BIND = BIND(struct product_form, PRODUCT_FORM_FIELDS);

static const struct bind_field CATEGORY_FORM_FIELDS[] = {
	{"name", BIND_LINE, offsetof(struct category_input, name), .required = true, .max = 120},
	{"slug", BIND_LINE, offsetof(struct category_input, slug), .max = 80},
	{"parent_id", BIND_UUID, offsetof(struct category_input, parent_id), .label = "Parent"},
	{"description", BIND_TEXT, offsetof(struct category_input, description), .max = 2000},
	{"position", BIND_INT, offsetof(struct category_input, position), .max = 1000000},
};
static void check_category(struct ctx *c, void *target)
{
	const struct category_input *in = target;

	if (in->slug != NULL && strcmp(in->slug, slug_of(c->arena, in->slug)) != 0)
		field_error(c, "slug", "invalid", "An address may hold small letters, digits and single dashes.");
}
const struct bind CATEGORY_FORM_BIND = {
	CATEGORY_FORM_FIELDS, ARRAY_LEN(CATEGORY_FORM_FIELDS), sizeof(struct category_input), check_category};

static const struct bind_field IMAGE_FORM_FIELDS[] = {
	{"image", BIND_LINE, offsetof(struct image_form, image), .required = true, .label = "Picture file"},
	{"alt", BIND_LINE, offsetof(struct image_form, alt), .max = 200},
};
const struct bind IMAGE_FORM_BIND = BIND(struct image_form, IMAGE_FORM_FIELDS);

static const struct bind_field IMPORT_FORM_FIELDS[] = {
	{"file", BIND_LINE, offsetof(struct import_form, file), .required = true},
	{"kind", BIND_ENUM, offsetof(struct import_form, kind), .values = KINDS},
};
const struct bind IMPORT_FORM_BIND = BIND(struct import_form, IMPORT_FORM_FIELDS);
