/* pages_admin.c - staff's pages: products, their pictures, imports. Categories are in pages_categories.c. */
#include <string.h>

#include "service.h"

#define ADMIN_LIMIT 50
#define ERRORS_SHOWN 200

static json_t *filter_view(struct request *rq, const struct admin_query *q)
{
	static const char *const STATES[] = {"active", "draft", "archived"};
	json_t *o = json_new_object(rq->ctx.arena), *states = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < ARRAY_LEN(STATES); i++) {
		json_t *s = json_new_object(rq->ctx.arena);
		json_set_text(s, "value", STATES[i]);
		json_set_text(
			s, "text", text(rq, arena_printf(rq->ctx.arena, "status.product.%s", STATES[i]), NULL, 0));
		json_set_bool(s, "selected", q->state != NULL && strcmp(q->state, STATES[i]) == 0);
		json_add(states, s);
	}
	json_set_text(o, "action", "/admin/products");
	json_set_text(o, "q", q->q == NULL ? "" : q->q);
	json_set_text(o, "q_label", text(rq, "admin.search_products", NULL, 0));
	json_set_bool(o, "has_states", true);
	json_set(o, "states", states);
	return o;
}

static err_t check_cursor(struct request *rq, const char *cursor)
{
	struct uuid id;

	if (cursor != NULL && !uuid_parse(str_of(cursor), &id))
		return fail(&rq->ctx, &ERR_BAD_REQUEST, "the cursor is not one of this list");
	return OK;
}

err_t page_admin_products(struct request *rq)
{
	const struct admin_query *q = rq->args;
	struct admin_list list = {q->q, q->state, q->cursor, ADMIN_LIMIT + 1};
	struct product *rows;
	size_t n;
	json_t *context = json_new_object(rq->ctx.arena);
	struct page_info info = {.title = text(rq, "admin.products.title", NULL, 0), .noindex = true};

	TRY(check_cursor(rq, q->cursor));
	TRY(product_store_admin_list(&rq->ctx, &list, &rows, &n));
	bool more = n > ADMIN_LIMIT;
	n = more ? ADMIN_LIMIT : n;
	json_set(context, "filter", filter_view(rq, q));
	json_set_bool(context, "can_write", subject_can(rq->subject, "products:write"));
	json_set_bool(context, "has_products", n > 0);
	json_set(context, "products", admin_products_view(rq, rows, n));
	json_set(
		context, "pager", page_pager(rq, "/admin/products", q->cursor == NULL, more ? rows[n - 1].id.s : NULL));
	return page_respond(rq, 200, "catalog/admin-products", context, &info);
}

/* ------------------------------------------------------------------ one product */

static err_t show_product(struct request *rq, const struct full_product *p)
{
	struct category *categories;
	struct name *brands;
	size_t ncategories, nbrands;
	json_t *context = json_new_object(rq->ctx.arena);
	struct page_info info = {
		.title = p == NULL ? text(rq, "admin.product.new_title", NULL, 0) : p->product.name, .noindex = true};

	TRY(category_store_all(&rq->ctx, &categories, &ncategories));
	TRY(brand_store_names(&rq->ctx, &brands, &nbrands));
	admin_product_context(rq, context, p, categories, ncategories, brands, nbrands);
	return page_respond(rq, rq->failure != OK ? rq->failure->status : 200, "catalog/admin-product", context, &info);
}

err_t page_admin_product_new(struct request *rq)
{
	return show_product(rq, NULL);
}

err_t page_admin_product(struct request *rq)
{
	struct full_product p;
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(product_store_get(&rq->ctx, id.s, true, &p));
	return show_product(rq, &p);
}

static const char *cell(const char *const *cells, size_t n, size_t i)
{
	return i < n && cells[i][0] != '\0' ? cells[i] : NULL;
}

/* A row of the variants' table; an empty SKU is no variant. */
static void read_variant(struct request *rq, const struct product_form *f, size_t i, struct variant_row *v)
{
	const char *price = cell(f->variant_price, f->nprice, i), *options = cell(f->variant_options, f->noptions, i);
	const char *field = arena_printf(rq->ctx.arena, "variants-%zu", i);
	int64_t minor;

	v->sku = f->variant_sku[i];
	if (utf8_length(str_of(v->sku)) > SKU_MAX)
		field_error(&rq->ctx, arena_printf(rq->ctx.arena, "%s-sku", field), "too_long",
			"A SKU may have at most %d characters.", SKU_MAX);
	v->options = facts_of_text(&rq->ctx, options, ",\n", arena_printf(rq->ctx.arena, "%s-options", field));
	v->barcode = cell(f->variant_barcode, f->nbarcode, i);
	v->barcode_present = true;
	v->price = f->price;
	if (price != NULL && money_parse(str_trim(str_of(price)), rq->app->currency, &minor))
		v->price = money(minor, rq->app->currency);
	else if (price != NULL)
		field_error(&rq->ctx, arena_printf(rq->ctx.arena, "%s-price", field), "invalid",
			"A variant's price must be an amount like 12.99.");
}

static err_t read_form(struct request *rq, struct product_row *row_r)
{
	const struct product_form *f = rq->input;
	struct product_row row = {
		.sku = f->sku,
		.name = f->name,
		.slug = f->slug,
		.brand = f->brand,
		.brand_present = true,
		.description = f->description,
		.description_present = true,
		.status = f->status,
		.category_present = true,
		.price = f->price,
		.list_price = f->list_price,
		.list_price_present = true,
		.attributes_present = true,
	};

	row.attributes = facts_of_text(&rq->ctx, f->attributes, "\r\n", "attributes");
	if (uuid_is_set(&f->category_id))
		TRY(category_store_names(&rq->ctx, &f->category_id, &row.category, &row.ncategory));
	row.variants = arena_array_of(rq->ctx.arena, f->nsku, struct variant_row);
	for (size_t i = 0; i < f->nsku; i++)
		if (f->variant_sku[i][0] != '\0')
			read_variant(rq, f, i, &row.variants[row.nvariants++]);
	/* A single variant of the product's own SKU is how a product without variants is kept. */
	row.variants_present = row.nvariants > 0;
	row_check(&rq->ctx, &row);
	TRY(ctx_check(&rq->ctx));
	*row_r = row;
	return OK;
}

/* Refusals name "variants/1/sku"; the form's fields are called variants-1-sku. */
static err_t as_form_errors(struct request *rq, err_t e)
{
	for (struct field_error *f = rq->ctx.errors; f != NULL; f = f->next) {
		char *name = arena_strdup(rq->ctx.arena, f->field);
		for (char *at = name; *at != '\0'; at++)
			if (*at == '/')
				*at = '-';
		f->field = name;
	}
	return e;
}

err_t page_admin_product_create(struct request *rq)
{
	struct product_row row;
	struct full_product p;

	TRY(as_form_errors(rq, read_form(rq, &row)));
	TRY(as_form_errors(rq, write_product(rq, &row, NULL, &p)));
	page_flash(rq, "success", text(rq, "form.saved", NULL, 0));
	return respond_see_other(rq, arena_printf(rq->ctx.arena, "/admin/products/%s", p.product.id.s));
}

err_t page_admin_product_save(struct request *rq)
{
	const struct product_form *f = rq->input;
	struct product_row row;
	struct full_product p;
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(product_store_get(&rq->ctx, id.s, true, &p));
	if (f->version != p.product.version)
		return fail(&rq->ctx, &ERR_CONFLICT, "%s", text(rq, "admin.product.stale", NULL, 0));
	TRY(as_form_errors(rq, read_form(rq, &row)));
	TRY(as_form_errors(rq, write_product(rq, &row, id.s, &p)));
	page_flash(rq, "success", text(rq, "form.saved", NULL, 0));
	return respond_see_other(rq, arena_printf(rq->ctx.arena, "/admin/products/%s", id.s));
}

err_t page_admin_product_archive(struct request *rq)
{
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(product_store_archive(&rq->ctx, &id));
	audit_of(rq, "product.archive", "product", &id);
	page_flash(rq, "success", text(rq, "form.saved", NULL, 0));
	return respond_see_other(rq, "/admin/products");
}

/* ------------------------------------------------------------------ pictures */

err_t page_admin_image_add(struct request *rq)
{
	const struct image_form *f = rq->input;
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(write_picture(rq, &id, rq->body, f->alt));
	return respond_see_other(rq, arena_printf(rq->ctx.arena, "/admin/products/%s", id.s));
}

static err_t change_image(
	struct request *rq, const char *action, err_t (*change)(struct ctx *c, const struct uuid *image_id, struct uuid *product_id_r))
{
	struct uuid id, product_id;

	TRY(path_uuid(rq, "id", &id));
	TRY(change(&rq->ctx, &id, &product_id));
	audit_of(rq, action, "product", &product_id);
	return respond_see_other(rq, arena_printf(rq->ctx.arena, "/admin/products/%s", product_id.s));
}

err_t page_admin_image_delete(struct request *rq)
{
	return change_image(rq, "product.picture_remove", image_store_delete);
}

err_t page_admin_image_first(struct request *rq)
{
	return change_image(rq, "product.picture_first", image_store_first);
}

/* ------------------------------------------------------------------ imports */

static json_t *report_view(struct request *rq, const struct import *i, const struct import_error *errors, size_t n)
{
	struct arena *a = rq->ctx.arena;
	json_t *o = admin_import_view(rq, i), *rejects = json_new_array(a);
	bool running = strcmp(i->state, "queued") == 0 || strcmp(i->state, "running") == 0;
	size_t shown = n < ERRORS_SHOWN ? n : ERRORS_SHOWN;

	for (size_t k = 0; k < shown; k++) {
		json_t *e = json_new_object(a);
		json_set_int(e, "row", errors[k].row_no);
		json_set_text(e, "field", errors[k].field);
		json_set_text(e, "message", errors[k].message);
		json_add(rejects, e);
	}
	json_set_bool(o, "is_running", running);
	json_set_text(o, "reload_href", running ? arena_printf(a, "/admin/imports/%s", i->id.s) : NULL);
	json_set_bool(o, "has_rejects", shown > 0);
	json_set(o, "rejects", rejects);
	json_set_text(o, "rejects_text",
		shown == n ? text(rq, "admin.imports.rejects", NULL, 0)
			   : text(rq, "admin.imports.rejects_some",
				     TEXT_ARGS({"count", arena_printf(a, "%zu", shown)},
					     {"total", arena_printf(a, "%lld", (long long)i->rejected)})));
	return o;
}

static err_t show_imports(struct request *rq, json_t *report)
{
	const struct admin_query *q = rq->args;
	const char *cursor = q == NULL ? NULL : q->cursor;
	struct import *rows;
	size_t n;
	json_t *context = json_new_object(rq->ctx.arena), *list = json_new_array(rq->ctx.arena),
	       *kinds = json_new_array(rq->ctx.arena);
	json_t *kind = json_new_object(rq->ctx.arena);
	struct page_info info = {.title = text(rq, "admin.imports.title", NULL, 0), .noindex = true};

	TRY(check_cursor(rq, cursor));
	TRY(import_store_list(&rq->ctx, cursor, ADMIN_LIMIT + 1, &rows, &n));
	for (size_t i = 0; i < n && i < ADMIN_LIMIT; i++)
		json_add(list, admin_import_view(rq, &rows[i]));
	json_set_text(kind, "value", "products");
	json_set_text(kind, "text", text(rq, "admin.imports.kind_products", NULL, 0));
	json_set_bool(kind, "selected", true);
	json_add(kinds, kind);
	json_set(context, "kinds", kinds);
	json_set(context, "imports", list);
	json_set_bool(context, "has_imports", n > 0);
	if (report != NULL)
		json_set(context, "report", report);
	else
		json_set_null(context, "report");
	json_set(context, "pager",
		page_pager(rq, "/admin/imports", cursor == NULL, n > ADMIN_LIMIT ? rows[ADMIN_LIMIT - 1].id.s : NULL));
	return page_respond(rq, rq->failure != OK ? rq->failure->status : 200, "catalog/admin-imports", context, &info);
}

err_t page_admin_imports(struct request *rq)
{
	return show_imports(rq, NULL);
}

err_t page_admin_import(struct request *rq)
{
	struct uuid id;
	struct import import;
	struct import_error *errors;
	size_t n;

	TRY(path_uuid(rq, "id", &id));
	TRY(import_store_get(&rq->ctx, &id, &import, &errors, &n));
	return show_imports(rq, report_view(rq, &import, errors, n));
}

err_t page_admin_import_create(struct request *rq)
{
	const struct import_form *f = rq->input;
	struct import import;

	TRY(start_import(rq, f->file, NULL, &import));
	return respond_see_other(rq, arena_printf(rq->ctx.arena, "/admin/imports/%s", import.id.s));
}
