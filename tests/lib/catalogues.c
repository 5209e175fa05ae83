/*
 * catalogues.c - converts the shared data into import files.
 */
#include "catalogues.h"

#include <math.h>
#include <string.h>

#include "data/json.h"
#include "shared.h"

#define FILE_MAX ((size_t)64 * 1024 * 1024)
#define CODES_MAX 65536

bool phones_ndjson(struct ctx *c, struct str *ndjson_r, size_t *rows_r)
{
	struct str text;
	struct buf out;
	json_t *list, *phone;
	size_t i;

	if (!shared_read(c->arena, "products/ecommerce.json.zst", &text) || json_parse(c, text, &list) != OK)
		return false;
	buf_init(&out, c->arena, FILE_MAX);
	json_array_foreach(list, i, phone)
	{
		json_t *row = json_new_object(c->arena), *images = json_new_array(c->arena);
		double price = json_number_value(json_object_get(phone, "price"));
		json_set_text(row, "sku", arena_printf(c->arena, "PHONE-%05zu", i));
		json_set(row, "name", json_object_get(phone, "name"));
		json_set(row, "description", json_object_get(phone, "description"));
		if (json_is_string(json_object_get(phone, "brand")))
			json_set(row, "brand", json_object_get(phone, "brand"));
		json_set(row, "category", json_object_get(phone, "categories"));
		json_set_money(row, "price", money((int64_t)llround(price * 100), "EUR"));
		json_add(images, json_object_get(phone, "image"));
		json_set(row, "images", images);
		json_set_int(row, "popularity", json_int(phone, "popularity", 0));
		json_set_int(row, "stock", (int64_t)(i % 7));
		struct str line = json_render(c->arena, row);
		buf_put(&out, line.p, line.n);
		buf_putc(&out, '\n');
	}
	*ndjson_r = buf_str(&out);
	*rows_r = json_array_size(list);
	return buf_ok(&out);
}

/* A line's cells; quotes are in descriptions only, and hold no line ends. */
static size_t cells_of(struct arena *a, struct str line, struct str cells[8])
{
	size_t n = 0;

	while (n < 8 && line.p != NULL) {
		struct buf cell;
		if (line.n == 0 || line.p[0] != '"') {
			(void)str_next(&line, ',', &cells[n++]);
			continue;
		}
		buf_init(&cell, a, 4096);
		size_t i = 1;
		for (; i < line.n && !(line.p[i] == '"' && (i + 1 == line.n || line.p[i + 1] != '"')); i++) {
			buf_putc(&cell, line.p[i]);
			i += line.p[i] == '"';
		}
		cells[n++] = buf_str(&cell);
		line = i + 2 <= line.n ? (struct str){line.p + i + 2, line.n - i - 2} : (struct str){0};
	}
	return n;
}

static void put_cell(struct buf *out, struct str cell)
{
	buf_putc(out, '"');
	for (size_t i = 0; i < cell.n; i++) {
		if (cell.p[i] == '"')
			buf_putc(out, '"');
		buf_putc(out, cell.p[i]);
	}
	buf_puts(out, "\",");
}

static bool seen_before(const char **codes, const char *code)
{
	size_t at = 5381;

	for (const char *p = code; *p != '\0'; p++)
		at = at * 33 + (unsigned char)*p;
	for (at %= CODES_MAX; codes[at] != NULL; at = (at + 1) % CODES_MAX)
		if (strcmp(codes[at], code) == 0)
			return true;
	codes[at] = code;
	return false;
}

/* Some prices have a third decimal: they are cut to pence. */
static const char *pence(struct arena *a, struct str price)
{
	char *text = str_dup(a, price), *point = strchr(text, '.');

	if (point != NULL && strlen(point) > 3)
		point[3] = '\0';
	return text;
}

bool gifts_csv(struct ctx *c, struct str *csv_r, size_t *rows_r)
{
	struct str text, line;
	struct buf out;
	const char **codes = arena_array_of(c->arena, CODES_MAX, const char *);
	size_t rows = 0;

	if (!shared_read(c->arena, "retail/online_retail_until_2011-08.csv.zst", &text))
		return false;
	buf_init(&out, c->arena, FILE_MAX);
	buf_puts(&out, "sku,name,price,currency,category,stock\n");
	(void)str_next(&text, '\n', &line);
	while (str_next(&text, '\n', &line)) {
		struct str cells[8];
		int64_t minor;
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		if (cells_of(c->arena, line, cells) < 6 || cells[1].n == 0 || cells[2].n == 0)
			continue;
		const char *price = pence(c->arena, cells[5]);
		if (!money_parse(str_of(price), "GBP", &minor) || minor == 0 ||
			seen_before(codes, str_dup(c->arena, cells[1])))
			continue;
		put_cell(&out, cells[1]);
		put_cell(&out, cells[2]);
		buf_printf(&out, "%s,GBP,Gifts,10\n", price);
		rows++;
	}
	*csv_r = buf_str(&out);
	*rows_r = rows;
	return buf_ok(&out);
}
