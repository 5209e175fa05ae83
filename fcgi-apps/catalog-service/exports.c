/* exports.c - all products in the import's shape, so that what leaves the shop can come back. */
#include <string.h>

#include "service.h"

#define EXPORT_MAX_BYTES ((size_t)64 * 1024 * 1024)
#define EXPORT_BATCH 1000

static err_t each_product(
	struct request *rq, struct buf *out, void (*put)(struct request *rq, struct buf *out, const json_t *row))
{
	struct exported *rows;
	const char *after = NULL;
	size_t n;

	do {
		TRY(product_store_export(&rq->ctx, after, EXPORT_BATCH, &rows, &n));
		for (size_t i = 0; i < n; i++)
			put(rq, out, rows[i].row);
		after = n > 0 ? rows[n - 1].sku : NULL;
	} while (n == EXPORT_BATCH);
	return buf_ok(out) ? OK : fail_bug(&rq->ctx, "the export is larger than %zu bytes", EXPORT_MAX_BYTES);
}

static err_t respond_file(struct request *rq, const struct buf *out, const char *type, const char *name)
{
	response_header(rq, "Content-Disposition", arena_printf(rq->ctx.arena, "attachment; filename=\"%s\"", name));
	return respond_bytes(rq, 200, type, buf_str(out));
}

static void put_line(struct request *rq, struct buf *out, const json_t *row)
{
	struct str line = json_render(rq->ctx.arena, row);

	buf_put(out, line.p, line.n);
	buf_putc(out, '\n');
}

err_t export_ndjson(struct request *rq)
{
	struct buf out;

	buf_init(&out, rq->ctx.arena, EXPORT_MAX_BYTES);
	TRY(each_product(rq, &out, put_line));
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
		buf_printf(&b, "%s%s", i > 0 ? between : "", json_string_value(item));
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

/* Attributes have no fixed columns: each product's are one cell "variants"-like JSON would be no CSV name; they stay in
 * NDJSON. */
static void put_csv(struct request *rq, struct buf *out, const json_t *row)
{
	static const char *const BEFORE[] = {"sku", "name", "description", "brand"};
	static const char *const AFTER[] = {"barcode", "stock", "popularity", "status", "variants"};
	const json_t *price = json_object_get(row, "price");

	for (size_t i = 0; i < ARRAY_LEN(BEFORE); i++) {
		put_cell(out, value_text(rq, row, BEFORE[i]));
		buf_putc(out, ',');
	}
	put_cell(out, joined(rq, json_object_get(row, "category"), " > "));
	buf_putc(out, ',');
	put_cell(out, decimal_of(rq, price));
	buf_putc(out, ',');
	put_cell(out, decimal_of(rq, json_object_get(row, "list_price")));
	buf_putc(out, ',');
	put_cell(out, json_text(price, "currency", ""));
	buf_putc(out, ',');
	put_cell(out, joined(rq, json_object_get(row, "images"), " "));
	for (size_t i = 0; i < ARRAY_LEN(AFTER); i++) {
		buf_putc(out, ',');
		put_cell(out, value_text(rq, row, AFTER[i]));
	}
	buf_puts(out, "\r\n");
}

err_t export_csv(struct request *rq)
{
	struct buf out;

	buf_init(&out, rq->ctx.arena, EXPORT_MAX_BYTES);
	buf_puts(&out, "sku,name,description,brand,category,price,list_price,currency,images,barcode,stock,popularity,"
		       "status,variants\r\n");
	TRY(each_product(rq, &out, put_csv));
	return respond_file(rq, &out, "text/csv; charset=utf-8", "products.csv");
}
