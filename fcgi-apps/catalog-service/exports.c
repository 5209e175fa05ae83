/* exports.c - all products in the import's shape, so that what leaves the shop can come back. */
#include <string.h>

#include "service.h"

#define EXPORT_MAX_BYTES ((size_t)64 * 1024 * 1024)
#define EXPORT_BATCH 1000
#define ATTRIBUTES_MAX 180 /* an import takes 200 columns */

static err_t all_rows(struct request *rq, json_t **rows_r)
{
	struct exported *rows;
	const char *after = NULL;
	size_t n;
	json_t *list = json_new_array(rq->ctx.arena);

	do {
		TRY(product_store_export(&rq->ctx, after, EXPORT_BATCH, &rows, &n));
		for (size_t i = 0; i < n; i++)
			json_add(list, rows[i].row);
		after = n > 0 ? rows[n - 1].sku : NULL;
	} while (n == EXPORT_BATCH);
	*rows_r = list;
	return OK;
}

static err_t respond_file(struct request *rq, const struct buf *out, const char *type, const char *name)
{
	if (!buf_ok(out))
		return fail_bug(&rq->ctx, "the export is larger than %zu bytes", EXPORT_MAX_BYTES);
	response_header(rq, "Content-Disposition", arena_printf(rq->ctx.arena, "attachment; filename=\"%s\"", name));
	return respond_bytes(rq, 200, type, buf_str(out));
}

err_t export_ndjson(struct request *rq)
{
	struct buf out;
	json_t *rows, *row;
	size_t i;

	TRY(all_rows(rq, &rows));
	buf_init(&out, rq->ctx.arena, EXPORT_MAX_BYTES);
	json_array_foreach(rows, i, row)
	{
		struct str line = json_render(rq->ctx.arena, row);
		buf_put(&out, line.p, line.n);
		buf_putc(&out, '\n');
	}
	return respond_file(rq, &out, "application/x-ndjson", "products.ndjson");
}

static void put_cell(struct buf *out, const char *cell)
{
	buf_putc(out, '"');
	for (const char *at = cell; *at != '\0'; at++) {
		if (*at == '"')
			buf_putc(out, '"');
		buf_putc(out, *at);
	}
	buf_putc(out, '"');
}

static const char *joined(struct request *rq, const json_t *list, const char *between)
{
	struct buf b;
	size_t i;
	json_t *item;

	buf_init(&b, rq->ctx.arena, 65536);
	json_array_foreach((json_t *)(uintptr_t)list, i, item)
		buf_printf(&b, "%s%s", i > 0 ? between : "",
			json_is_string(item) ? json_string_value(item) : json_render(rq->ctx.arena, item).p);
	return buf_str(&b).p;
}

static const char *decimal_of(struct request *rq, const json_t *price)
{
	return price == NULL ? ""
			     : money_decimal(rq->ctx.arena,
				       money(json_int(price, "amount", 0), json_text(price, "currency", "")));
}

static const char *value_text(struct request *rq, const json_t *row, const char *name)
{
	const json_t *value = json_object_get(row, name);

	if (value == NULL)
		return "";
	return json_is_string(value) ? json_string_value(value) : json_render(rq->ctx.arena, value).p;
}

/* The names of all products' attributes, as an object. */
static json_t *attribute_names(struct request *rq, const json_t *rows)
{
	json_t *names = json_new_object(rq->ctx.arena), *row, *value;
	const char *name;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)rows, i, row) json_object_foreach(json_object_get(row, "attributes"), name, value)
	{
		if (json_object_size(names) < ATTRIBUTES_MAX)
			json_set_null(names, name);
	}
	return names;
}

/* A list of values becomes one text: only NDJSON keeps it apart. */
static const char *attribute_text(struct request *rq, const json_t *row, const char *name)
{
	const json_t *value = json_object_get(json_object_get(row, "attributes"), name);

	return json_is_array(value) ? joined(rq, value, ", ") : value_text(rq, json_object_get(row, "attributes"), name);
}

static const char *const BEFORE[] = {"sku", "name", "description", "brand"};
static const char *const AFTER[] = {"barcode", "stock", "popularity", "status", "variants"};

static void put_header(struct buf *out, json_t *names)
{
	const char *name;
	json_t *value;

	buf_puts(out, "sku,name,description,brand,category,price,list_price,currency,images,barcode,stock,popularity,status,variants");
	json_object_foreach(names, name, value)
	{
		struct buf cell;
		buf_init(&cell, out->arena, 256);
		buf_printf(&cell, "attributes.%s", name);
		buf_putc(out, ',');
		put_cell(out, buf_str(&cell).p);
	}
	buf_puts(out, "\r\n");
}

static void put_row(struct request *rq, struct buf *out, const json_t *row, json_t *names)
{
	const json_t *price = json_object_get(row, "price");
	const char *const middle[] = {joined(rq, json_object_get(row, "category"), " > "), decimal_of(rq, price),
		decimal_of(rq, json_object_get(row, "list_price")), json_text(price, "currency", ""),
		joined(rq, json_object_get(row, "images"), " ")};
	const char *name;
	json_t *value;

	for (size_t i = 0; i < ARRAY_LEN(BEFORE); i++) {
		put_cell(out, value_text(rq, row, BEFORE[i]));
		buf_putc(out, ',');
	}
	for (size_t i = 0; i < ARRAY_LEN(middle); i++) {
		put_cell(out, middle[i]);
		buf_putc(out, ',');
	}
	for (size_t i = 0; i < ARRAY_LEN(AFTER); i++) {
		buf_puts(out, i > 0 ? "," : "");
		put_cell(out, value_text(rq, row, AFTER[i]));
	}
	json_object_foreach(names, name, value)
	{
		buf_putc(out, ',');
		put_cell(out, attribute_text(rq, row, name));
	}
	buf_puts(out, "\r\n");
}

err_t export_csv(struct request *rq)
{
	struct buf out;
	json_t *rows, *row, *names;
	size_t i;

	TRY(all_rows(rq, &rows));
	names = attribute_names(rq, rows);
	buf_init(&out, rq->ctx.arena, EXPORT_MAX_BYTES);
	put_header(&out, names);
	json_array_foreach(rows, i, row) put_row(rq, &out, row, names);
	return respond_file(rq, &out, "text/csv; charset=utf-8", "products.csv");
}
