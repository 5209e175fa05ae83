/*
 * csv.c - a line of CSV in the shape of an import's row. The columns have the names of the
 * row's members; "attributes.colour" and the like make up the attributes.
 */
#include "import.h"

#include <string.h>

#define ATTRIBUTE_PREFIX "attributes."

enum csv_kind { CSV_TEXT, CSV_INTEGER, CSV_PRICE, CSV_PATH, CSV_WORDS, CSV_JSON, CSV_CURRENCY };

static const struct {
	const char *name;
	enum csv_kind kind;
} COLUMNS[] = {
	{"sku", CSV_TEXT},
	{"name", CSV_TEXT},
	{"slug", CSV_TEXT},
	{"description", CSV_TEXT},
	{"brand", CSV_TEXT},
	{"category", CSV_PATH},
	{"price", CSV_PRICE},
	{"list_price", CSV_PRICE},
	{"currency", CSV_CURRENCY},
	{"barcode", CSV_TEXT},
	{"images", CSV_WORDS},
	{"stock", CSV_INTEGER},
	{"popularity", CSV_INTEGER},
	{"status", CSV_TEXT},
	{"variants", CSV_JSON},
};

bool csv_column_known(const char *name)
{
	if (strncmp(name, ATTRIBUTE_PREFIX, strlen(ATTRIBUTE_PREFIX)) == 0)
		return name[strlen(ATTRIBUTE_PREFIX)] != '\0';
	for (size_t i = 0; i < ARRAY_LEN(COLUMNS); i++)
		if (strcmp(COLUMNS[i].name, name) == 0)
			return true;
	return false;
}

/* "Kitchen > Bottles" */
static json_t *path_of(struct ctx *c, struct str cell)
{
	json_t *list = json_new_array(c->arena);
	struct str rest = cell, part;

	while (str_next(&rest, '>', &part))
		json_add_text(list, str_dup(c->arena, str_trim(part)));
	return list;
}

static json_t *words_of(struct ctx *c, struct str cell)
{
	json_t *list = json_new_array(c->arena);
	const char *text = str_dup(c->arena, cell);

	for (text += strspn(text, " \t\r\n|"); *text != '\0'; text += strspn(text, " \t\r\n|")) {
		size_t n = strcspn(text, " \t\r\n|");
		json_add_text(list, arena_strndup(c->arena, text, n));
		text += n;
	}
	return list;
}

static void set_price(struct ctx *c, json_t *row, const char *name, struct str cell, const char *currency)
{
	int64_t minor;

	if (money_parse(str_trim(cell), currency, &minor))
		json_set_money(row, name, money(minor, currency));
	else if (currency_exponent(currency) < 0)
		field_error(c, "currency", "unknown", "Currency is not a currency's code of three capital letters.");
	else
		field_error(c, name, "invalid", "It must be an amount like 12.99.");
}

static void set_cell(struct ctx *c, json_t *row, size_t column, struct str cell, const char *currency)
{
	const char *name = COLUMNS[column].name;
	int64_t number;
	json_t *value;

	switch (COLUMNS[column].kind) {
	case CSV_TEXT:
		json_set_text(row, name, str_dup(c->arena, cell));
		return;
	case CSV_INTEGER:
		if (str_int64(str_trim(cell), &number))
			json_set_int(row, name, number);
		else
			field_error(c, name, "invalid", "It must be a whole number.");
		return;
	case CSV_PRICE:
		set_price(c, row, name, cell, currency);
		return;
	case CSV_PATH:
		json_set(row, name, path_of(c, cell));
		return;
	case CSV_WORDS:
		json_set(row, name, words_of(c, cell));
		return;
	case CSV_JSON:
		if (json_parse(c, cell, &value) == OK)
			json_set(row, name, value);
		else
			field_error(c, name, "invalid", "It must be a JSON array of variants.");
		return;
	case CSV_CURRENCY:
		return;
	}
}

static const char *currency_of(
	struct ctx *c, const struct csv_column *columns, const struct str *cells, size_t n, const char *fallback)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(columns[i].name, "currency") == 0 && cells[i].n > 0)
			return str_dup(c->arena, str_trim(cells[i]));
	return fallback;
}

json_t *csv_row(
	struct ctx *c, const struct csv_column *columns, const struct str *cells, size_t n, const char *currency)
{
	json_t *row = json_new_object(c->arena), *attributes = json_new_object(c->arena);

	currency = currency_of(c, columns, cells, n, currency);
	for (size_t i = 0; i < n; i++) {
		/* An empty cell says nothing: what is there stays. */
		if (cells[i].n == 0 || !columns[i].known)
			continue;
		if (!utf8_valid(cells[i])) {
			field_error(c, columns[i].name, "invalid", "It is not valid UTF-8 text.");
			continue;
		}
		if (strncmp(columns[i].name, ATTRIBUTE_PREFIX, strlen(ATTRIBUTE_PREFIX)) == 0) {
			json_set_text(
				attributes, columns[i].name + strlen(ATTRIBUTE_PREFIX), str_dup(c->arena, cells[i]));
			continue;
		}
		for (size_t k = 0; k < ARRAY_LEN(COLUMNS); k++)
			if (strcmp(COLUMNS[k].name, columns[i].name) == 0)
				set_cell(c, row, k, cells[i], currency);
	}
	if (json_object_size(attributes) > 0)
		json_set(row, "attributes", attributes);
	return row;
}
