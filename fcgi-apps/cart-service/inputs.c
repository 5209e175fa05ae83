/* inputs.c - outside fields of carts and the checkout pages, with their limits. */
#include "cart.h"
#include <string.h>

#define POSTAL_MAX 20
#define NAME_MAX_CHARS 120
#define CITY_MAX 80

static const struct bind_field LINE_FIELDS[] = {
	{"sku", BIND_LINE, offsetof(struct line_input, sku), .required = true, .max = SKU_MAX},
	{"quantity", BIND_INT, offsetof(struct line_input, quantity), .required = true, .min = 1, .max = QUANTITY_MAX},
};
const struct bind LINE_BIND = BIND(struct line_input, LINE_FIELDS);

static const struct bind_field QUANTITY_FIELDS[] = {
	{"quantity", BIND_INT, offsetof(struct quantity_input, quantity), .required = true, .min = 0, .max = QUANTITY_MAX},
};
const struct bind QUANTITY_BIND = BIND(struct quantity_input, QUANTITY_FIELDS);

static const struct bind_field DESTINATION_FIELDS[] = {
	{"country", BIND_COUNTRY, offsetof(struct destination_input, country), .required = true},
	{"postal_code", BIND_LINE, offsetof(struct destination_input, postal_code), .max = POSTAL_MAX},
	{"region", BIND_LINE, offsetof(struct destination_input, region), .max = CITY_MAX},
};
const struct bind DESTINATION_BIND = BIND(struct destination_input, DESTINATION_FIELDS);

static const struct bind_field CART_FIELDS[] = {
	{"currency", BIND_CURRENCY, offsetof(struct cart_input, currency)},
	{"lines", BIND_LIST, offsetof(struct cart_input, lines), .of = &LINE_BIND, .count = offsetof(struct cart_input, nlines),
		.max = LINES_MAX},
	{"destination", BIND_OBJECT, offsetof(struct cart_input, destination), .of = &DESTINATION_BIND},
};
const struct bind CART_BIND = BIND(struct cart_input, CART_FIELDS);

/* Typed here, or one saved with the account: then only the e-mail matters. */
static const struct bind_field ADDRESS_FIELDS[] = {
	{"email", BIND_EMAIL, offsetof(struct address_input, email), .required = true},
	{"address_id", BIND_LINE, offsetof(struct address_input, address_id), .max = 36},
	{"name", BIND_LINE, offsetof(struct address_input, name), .max = NAME_MAX_CHARS},
	{"line1", BIND_LINE, offsetof(struct address_input, line1), .max = NAME_MAX_CHARS},
	{"line2", BIND_LINE, offsetof(struct address_input, line2), .max = NAME_MAX_CHARS},
	{"city", BIND_LINE, offsetof(struct address_input, city), .max = CITY_MAX},
	{"region", BIND_LINE, offsetof(struct address_input, region), .max = CITY_MAX},
	{"postal_code", BIND_LINE, offsetof(struct address_input, postal_code), .max = POSTAL_MAX},
	{"country", BIND_COUNTRY, offsetof(struct address_input, country)},
	{"phone", BIND_LINE, offsetof(struct address_input, phone), .max = 30},
	{"note", BIND_TEXT, offsetof(struct address_input, note), .max = 500},
};

static bool has_error(const struct ctx *c, const char *field)
{
	for (const struct field_error *e = c->errors; e != NULL; e = e->next)
		if (strcmp(e->field, field) == 0)
			return true;
	return false;
}

static void check_address(struct ctx *c, void *target)
{
	const struct address_input *a = target;
	const struct {
		const char *field, *value, *message;
	} needed[] = {
		{"name", a->name, "enter the recipient's name"},
		{"line1", a->line1, "enter the street and number"},
		{"city", a->city, "enter the town or city"},
		{"postal_code", a->postal_code, "enter the postal code"},
		{"country", a->country, "choose a country"},
	};

	if (a->address_id != NULL && a->address_id[0] != '\0')
		return;
	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		if ((needed[i].value == NULL || needed[i].value[0] == '\0') && !has_error(c, needed[i].field))
			field_error(c, needed[i].field, "required", "%s", needed[i].message);
}

const struct bind ADDRESS_BIND = {
	.fields = ADDRESS_FIELDS,
	.nfields = ARRAY_LEN(ADDRESS_FIELDS),
	.size = sizeof(struct address_input),
	.check = check_address,
	.check_always = true,
};

static const struct bind_field SHIPPING_FIELDS[] = {
	{"shipping_option", BIND_LINE, offsetof(struct shipping_input, shipping_option), .required = true, .max = 40},
};
const struct bind SHIPPING_BIND = BIND(struct shipping_input, SHIPPING_FIELDS);
