/*
 * rows.c - a product as it comes in: the bind tables of import rows and of the API, what
 * they can't say, and the shape catalog.apply_products() takes. What is in the database
 * already is none of its business.
 */
#include "catalog.h"

#include <string.h>

#define DESCRIPTION_MAX 20000
#define IMPORT_NAME_MAX 2000
#define FACTS_MAX 60
#define FACT_NAME_MAX 64
#define FACT_VALUE_MAX 2000
#define CATEGORY_DEPTH_MAX 8
#define COUNT_MAX INT64_C(1000000000)

static const char *const STATUSES[] = {"draft", "active", "archived", NULL};

#define V(member) offsetof(struct variant_row, member)
static const struct bind_field VARIANT_FIELDS[] = {
	{"sku", BIND_LINE, V(sku), .required = true, .max = SKU_MAX},
	{"options", BIND_JSON, V(options)},
	{"price", BIND_MONEY, V(price)},
	{"list_price", BIND_MONEY, V(list_price), .present = PRESENT(struct variant_row, list_price_present)},
	{"stock", BIND_INT, V(stock), .max = COUNT_MAX},
	{"stock", BIND_JSON, V(stock_said)},
	{"barcode", BIND_LINE, V(barcode), .max = 64, .present = PRESENT(struct variant_row, barcode_present)},
};
static const struct bind VARIANT_BIND = BIND(struct variant_row, VARIANT_FIELDS);

#define R(member) offsetof(struct product_row, member)
#define R_PRESENT(member) PRESENT(struct product_row, member##_present)
#define PRODUCT_FIELDS                                                                                                 \
	{"name", BIND_ANY_TEXT, R(name), .min = 1, .max = IMPORT_NAME_MAX},                                            \
		{"slug", BIND_LINE, R(slug), .min = 1, .max = 80, .present = R_PRESENT(slug)},                         \
		{"description", BIND_ANY_TEXT, R(description), .max = DESCRIPTION_MAX,                                 \
			.present = R_PRESENT(description)},                                                            \
		{"brand", BIND_ANY_TEXT, R(brand), .min = 1, .max = 120, .present = R_PRESENT(brand)},                 \
		{"category", BIND_TEXTS, R(category), .max = CATEGORY_DEPTH_MAX, .item_max = 120,                      \
			.count = R(ncategory), .present = R_PRESENT(category)},                                        \
		{"price", BIND_MONEY, R(price)},                                                                       \
		{"list_price", BIND_MONEY, R(list_price), .present = R_PRESENT(list_price)},                           \
		{"barcode", BIND_LINE, R(barcode), .max = 64, .present = R_PRESENT(barcode)},                          \
		{"images", BIND_TEXTS, R(images), .max = IMAGES_MAX, .item_max = 2048, .count = R(nimages),            \
			.present = R_PRESENT(images)},                                                                 \
		{"attributes", BIND_JSON, R(attributes), .present = R_PRESENT(attributes)},                            \
		{"stock", BIND_INT, R(stock), .max = COUNT_MAX}, {"stock", BIND_JSON, R(stock_said)},                  \
		{"popularity", BIND_INT, R(popularity), .max = COUNT_MAX * 1000},                                      \
		{"popularity", BIND_JSON, R(popularity_said)}, {"status", BIND_ENUM, R(status), .values = STATUSES},   \
	{                                                                                                              \
		"variants", BIND_LIST, R(variants), .min = 1, .max = VARIANTS_MAX, .of = &VARIANT_BIND,                \
						    .count = R(nvariants), .present = R_PRESENT(variants)              \
	}

static const struct bind_field ROW_FIELDS[] = {
	{"sku", BIND_LINE, R(sku), .required = true, .max = SKU_MAX},
	PRODUCT_FIELDS,
};
static const struct bind_field PATCH_FIELDS[] = {
	{"sku", BIND_LINE, R(sku), .min = 1, .max = SKU_MAX},
	PRODUCT_FIELDS,
};

static void check_row(struct ctx *c, void *target)
{
	row_check(c, target);
}
const struct bind ROW_BIND = {ROW_FIELDS, ARRAY_LEN(ROW_FIELDS), sizeof(struct product_row), check_row};
const struct bind PATCH_BIND = {PATCH_FIELDS, ARRAY_LEN(PATCH_FIELDS), sizeof(struct product_row), check_row};

/* ------------------------------------------------------------------ checks */

static bool fact_value_good(const json_t *value)
{
	if (json_is_string(value))
		return utf8_length(str_of(json_string_value(value))) <= FACT_VALUE_MAX;
	return json_is_integer(value) || json_is_real(value) || json_is_boolean(value);
}

static bool fact_good(const char *name, const json_t *value, bool lists)
{
	size_t n = utf8_length(str_of(name)), i;
	const json_t *item;

	if (n < 1 || n > FACT_NAME_MAX || utf8_has_control(str_of(name), false))
		return false;
	if (!lists || !json_is_array(value))
		return fact_value_good(value);
	json_array_foreach(value, i, item) if (!fact_value_good(item)) return false;
	return json_array_size(value) <= FACTS_MAX;
}

static void check_facts(struct ctx *c, json_t *facts, const char *field, bool lists)
{
	const char *name;
	json_t *value;

	if (facts == NULL)
		return;
	if (!json_is_object(facts) || json_object_size(facts) > FACTS_MAX) {
		field_error(c, field, "invalid", "It must be an object of at most %d names and values.", FACTS_MAX);
		return;
	}
	json_object_foreach(facts, name, value) if (!fact_good(name, value, lists)) field_error(
		c, field, "invalid", "The value of \"%.64s\" must be a text, a number or true or false.", name);
}

static void check_prices(
	struct ctx *c, struct money price, struct money list_price, const char *currency, const char *field)
{
	if (price.currency[0] != '\0' && strcmp(price.currency, currency) != 0)
		field_error(c, field, "invalid", "All prices of a row must be in one currency.");
	if (list_price.currency[0] != '\0' && strcmp(list_price.currency, currency) != 0)
		field_error(c, field, "invalid", "The list price must be in the price's currency.");
}

static const char *row_currency(const struct product_row *row)
{
	if (row->price.currency[0] != '\0')
		return row->price.currency;
	for (size_t i = 0; i < row->nvariants; i++)
		if (row->variants[i].price.currency[0] != '\0')
			return row->variants[i].price.currency;
	return row->list_price.currency[0] != '\0' ? row->list_price.currency : NULL;
}

void row_check(struct ctx *c, const struct product_row *row)
{
	const char *currency = row_currency(row);

	check_facts(c, row->attributes, "attributes", true);
	if (currency == NULL)
		currency = "";
	check_prices(c, row->price, row->list_price, currency, "price");
	if (row->slug != NULL && strcmp(row->slug, slug_of(c->arena, row->slug)) != 0)
		field_error(c, "slug", "invalid", "An address may hold small letters, digits and single dashes.");
	for (size_t i = 0; i < row->ncategory; i++)
		if (row->category[i][0] == '\0')
			field_error(c, "category", "invalid", "A category's name may not be empty.");
	for (size_t i = 0; i < row->nvariants; i++) {
		const struct variant_row *v = &row->variants[i];
		check_facts(c, v->options, arena_printf(c->arena, "variants/%zu/options", i), false);
		check_prices(c, v->price, v->list_price, currency, arena_printf(c->arena, "variants/%zu/price", i));
		for (size_t k = 0; k < i; k++)
			if (strcmp(row->variants[k].sku, v->sku) == 0)
				field_error(c, arena_printf(c->arena, "variants/%zu/sku", i), "taken",
					"This SKU is there twice.");
	}
}

/* ------------------------------------------------------------------ to the shape of catalog.apply_products */

static void set_text_if_present(json_t *o, const char *key, const char *value, bool present)
{
	if (value != NULL || present)
		json_set_text(o, key, value);
}

static void set_prices(json_t *o, struct money price, struct money list_price, bool list_present)
{
	if (price.currency[0] != '\0')
		json_set_int(o, "price_minor", price.minor);
	if (list_price.currency[0] != '\0')
		json_set_int(o, "list_minor", list_price.minor);
	else if (list_present)
		json_set_null(o, "list_minor");
}

/* Options are shown and compared as text: 42 becomes "42". */
static json_t *texts_only(struct ctx *c, json_t *facts)
{
	json_t *o = json_new_object(c->arena), *value;
	const char *name;

	json_object_foreach(facts, name, value) json_set_text(
		o, name, json_is_string(value) ? json_string_value(value) : json_render(c->arena, value).p);
	return o;
}

static json_t *variant_to_apply(struct ctx *c, const struct product_row *row, const struct variant_row *v)
{
	json_t *o = json_new_object(c->arena);

	json_set_text(o, "id", uuid_v7().s);
	json_set_text(o, "sku", v->sku);
	if (v->options != NULL)
		json_set(o, "options", texts_only(c, v->options));
	set_prices(o, v->price.currency[0] != '\0' ? v->price : row->price,
		v->list_price_present ? v->list_price : row->list_price,
		v->list_price_present || row->list_price_present);
	if (v->stock_said != NULL)
		json_set_int(o, "stock", v->stock);
	set_text_if_present(o, "barcode", v->barcode, v->barcode_present);
	return o;
}

static void set_lists(struct ctx *c, json_t *o, const struct product_row *row, const struct picture_of *pictures)
{
	json_t *list = json_new_array(c->arena);

	for (size_t i = 0; i < row->ncategory; i++) {
		json_t *level = json_new_object(c->arena);
		json_set_text(level, "name", row->category[i]);
		json_set_text(level, "slug", slug_of(c->arena, row->category[i]));
		json_add(list, level);
	}
	if (row->category_present && row->ncategory > 0)
		json_set(o, "category", list);
	else if (row->category_present)
		json_set_null(o, "category");

	list = json_new_array(c->arena);
	for (size_t i = 0; i < row->nimages; i++) {
		json_t *image = json_new_object(c->arena);
		json_set_text(image, "url", pictures[i].url);
		json_set_text(image, "alt", pictures[i].alt);
		json_set_int(image, "width", pictures[i].width);
		json_set_int(image, "height", pictures[i].height);
		json_add(list, image);
	}
	if (row->images_present)
		json_set(o, "images", list);

	list = json_new_array(c->arena);
	for (size_t i = 0; i < row->nvariants; i++)
		json_add(list, variant_to_apply(c, row, &row->variants[i]));
	if (row->nvariants > 0)
		json_set(o, "variants", list);
}

json_t *row_to_apply(struct ctx *c, const struct product_row *row, int64_t row_no, const char *product_id,
	const struct picture_of *pictures)
{
	json_t *o = json_new_object(c->arena);

	json_set_int(o, "row", row_no);
	json_set_text(o, "sku", row->sku);
	json_set_text(o, "id", uuid_v7().s);
	json_set_text(o, "variant_id", uuid_v7().s);
	json_set_text_if(o, "product_id", product_id);
	json_set_text_if(o, "name", row->name);
	json_set_text(
		o, "slug", row->slug != NULL ? row->slug : slug_of(c->arena, row->name != NULL ? row->name : row->sku));
	if (row->slug != NULL)
		json_set_bool(o, "slug_is_set", true);
	json_set_text(o, "sku_slug", slug_of(c->arena, row->sku));
	set_text_if_present(o, "description", row->description, row->description_present);
	set_text_if_present(o, "brand", row->brand, row->brand_present);
	if (row->brand != NULL)
		json_set_text(o, "brand_slug", slug_of(c->arena, row->brand));
	json_set_text(o, "currency", row_currency(row));
	set_prices(o, row->price, row->list_price, row->list_price_present);
	set_text_if_present(o, "barcode", row->barcode, row->barcode_present);
	if (row->attributes != NULL)
		json_set(o, "attributes", row->attributes);
	else if (row->attributes_present)
		json_set_null(o, "attributes");
	if (row->stock_said != NULL)
		json_set_int(o, "stock", row->stock);
	if (row->popularity_said != NULL)
		json_set_int(o, "popularity", row->popularity);
	json_set_text_if(o, "status", row->status);
	set_lists(c, o, row, pictures);
	return o;
}

/* ------------------------------------------------------------------ facts as people type them */

json_t *facts_of_text(struct ctx *c, const char *text, const char *separators, const char *field)
{
	json_t *facts = json_new_object(c->arena);

	while (text != NULL && *text != '\0') {
		size_t n = strcspn(text, separators);
		struct str line = str_trim((struct str){text, n}), name;
		text += n + (text[n] != '\0' ? 1 : 0);
		if (line.n == 0)
			continue;
		if (!str_next(&line, ':', &name) || line.p == NULL || str_trim(name).n == 0 || str_trim(line).n == 0) {
			field_error(c, field, "invalid", "Write each as name: value.");
			continue;
		}
		json_set_text(facts, str_dup(c->arena, str_trim(name)), str_dup(c->arena, str_trim(line)));
	}
	return facts;
}
