/*
 * writing.c - staff's writes: one row through the same function as an import, a picture,
 * the start of an import.
 */
#include <string.h>

#include "data/clock.h"
#include "import.h"
#include "service.h"

/* Pictures of the API are web addresses, or what an earlier upload was stored as. */
static err_t pictures_of(
	struct ctx *c, const struct product_row *row, const struct full_product *before, struct picture_of **pictures_r)
{
	struct picture_of *pictures = arena_array_of(c->arena, row->nimages, struct picture_of);

	for (size_t i = 0; i < row->nimages; i++) {
		pictures[i] = (struct picture_of){.url = row->images[i], .alt = row->name, .width = 800, .height = 800};
		bool known = false;
		for (size_t k = 0; before != NULL && k < before->nimages; k++) {
			const struct image *image = &before->images[k];
			if (strcmp(image->url, row->images[i]) != 0)
				continue;
			pictures[i] = (struct picture_of){
				.url = image->url, .alt = image->alt, .width = image->width, .height = image->height};
			known = true;
		}
		const char *message =
			known ? NULL : bind_check_text(c->arena, BIND_URL, str_of(row->images[i]), 1, 2048);
		if (message != NULL)
			field_error(c, arena_printf(c->arena, "images/%zu", i), "invalid", "%s", message);
	}
	*pictures_r = pictures;
	return ctx_check(c);
}

static err_t refused(struct ctx *c, const struct row_result *r)
{
	if (r->outcome[0] != 'r')
		return OK;
	field_error(c, r->field, r->code, "%s", r->message);
	return strcmp(r->code, "taken") == 0 ? fail(c, &ERR_SKU_TAKEN, "%s", r->message) : ctx_check(c);
}

/* Its description is long, and what it became is in the entry after this one. */
static json_t *what_it_was(struct ctx *c, const struct product *p)
{
	json_t *o = json_new_object(c->arena);

	json_set_int(o, "version", p->version);
	json_set_text(o, "sku", p->sku);
	json_set_text(o, "name", p->name);
	json_set_text(o, "brand", p->brand);
	json_set_text(o, "category", p->category);
	json_set_text(o, "status", p->status);
	json_set_int(o, "price_minor", p->price_minor);
	json_set_text(o, "currency", p->currency);
	return o;
}

void audit_of(struct request *rq, const char *action, const char *object_type, const struct uuid *id)
{
	audit_record(rq, &(struct audit_entry){.action = action, .object_type = object_type, .object_id = id->s});
}

err_t write_product(struct request *rq, const struct product_row *row, const char *key, struct full_product *p_r)
{
	struct ctx *c = &rq->ctx;
	struct product_row wanted = *row;
	struct full_product before = {0};
	struct picture_of *pictures;
	struct row_result *results;
	json_t *rows = json_new_array(c->arena), *apply;
	size_t n;

	if (key != NULL) {
		product_store_lock(c);
		TRY(product_store_get(c, key, true, &before));
		TRY(request_if_match(rq, before.product.version));
		if (wanted.sku == NULL)
			wanted.sku = before.product.sku;
	}
	TRY(pictures_of(c, &wanted, key == NULL ? NULL : &before, &pictures));
	apply = row_to_apply(c, &wanted, 1, key == NULL ? NULL : before.product.id.s, pictures);
	if (key == NULL)
		json_set_bool(apply, "must_be_new", true);
	json_add(rows, apply);
	TRY(product_store_apply(c, rows, &results, &n));
	if (n != 1)
		return fail_bug(c, "one row was written and %zu reported", n);
	TRY(refused(c, &results[0]));
	audit_record(rq,
		&(struct audit_entry){.action = key == NULL ? "product.create" : "product.update",
			.object_type = "product",
			.object_id = results[0].product_id.s,
			.before = key == NULL ? NULL : what_it_was(c, &before.product),
			.after = apply});
	return product_store_get(c, results[0].product_id.s, true, p_r);
}

err_t write_picture(struct request *rq, const struct uuid *product_id, struct str bytes, const char *alt)
{
	struct picture picture;
	struct image image = {.alt = alt};

	if (bytes.n > PICTURE_MAX_BYTES || !picture_sniff(bytes, &picture)) {
		field_error(&rq->ctx, "image", "invalid",
			"The file is no PNG, JPEG, WebP, GIF or SVG picture of at most 8 MB.");
		return ctx_check(&rq->ctx);
	}
	image.width = picture.width;
	image.height = picture.height;
	TRY(media_store_put(&rq->ctx, bytes, &picture, &image.url));
	audit_of(rq, "product.picture_add", "product", product_id);
	return image_store_add(&rq->ctx, product_id, &image);
}

err_t start_import(struct request *rq, const char *file_name, const char *content_type, struct import *import_r)
{
	const char *format = import_format(file_name, content_type);
	struct import import = {.id = uuid_v7(), .format = format, .state = "queued", .created_us = clock_now_us()};

	if (format == NULL)
		return fail(&rq->ctx, &ERR_MEDIA_TYPE, "an import is text/csv or application/x-ndjson");
	if (rq->body.n == 0) {
		field_error(&rq->ctx, "file", "required", "The file is empty.");
		return ctx_check(&rq->ctx);
	}
	import.file_name = file_name != NULL ? file_name : arena_printf(rq->ctx.arena, "upload.%s", format);
	import.created_by = rq->subject != NULL && rq->subject->name != NULL ? rq->subject->name : "API";
	TRY(import_store_create(&rq->ctx, &import, rq->body, true));
	audit_of(rq, "import.start", "import", &import.id);
	*import_r = import;
	return OK;
}
