/* views_admin.c - contexts of the back office's catalogue pages. */
#include <string.h>

#include "service.h"

#define EMPTY_ROWS 2

static const char *status_text(struct request *rq, const char *group, const char *status)
{
	return text(rq, arena_printf(rq->ctx.arena, "status.%s.%s", group, status), NULL, 0);
}

json_t *admin_products_view(struct request *rq, const struct product *rows, size_t n)
{
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < n; i++) {
		const struct product *p = &rows[i];
		json_t *o = json_new_object(rq->ctx.arena);
		json_set_text(o, "name", p->name);
		json_set_text(o, "href", arena_printf(rq->ctx.arena, "/admin/products/%s", p->id.s));
		json_set_text(o, "sku", p->sku);
		json_set_text(o, "category_text", p->category_name);
		if (p->currency[0] != '\0')
			page_set_money(rq, o, "price", money(p->price_minor, p->currency));
		else
			json_set_null(o, "price");
		json_set_text(o, "status", p->status);
		json_set_text(o, "status_text", status_text(rq, "product", p->status));
		json_set_bool(o, "in_stock", p->in_stock);
		json_set_text(o, "variants_text", count_text(rq, "admin.products.variants", p->nvariants));
		if (p->image_url != NULL)
			json_set(o, "image",
				view_image(rq, p->image_url, p->image_alt, p->image_width, p->image_height));
		else
			json_set_null(o, "image");
		json_add(list, o);
	}
	return list;
}

/* ------------------------------------------------------------------ the product's form */

/* "size: M, colour: moss", or one per line. */
static const char *facts_text(struct request *rq, const json_t *facts, const char *between)
{
	struct buf b;
	const char *name;
	json_t *value;

	buf_init(&b, rq->ctx.arena, 65536);
	json_object_foreach((json_t *)(uintptr_t)facts, name, value)
		buf_printf(&b, "%s%s: %s", b.len > 0 ? between : "", name,
			json_is_string(value) ? json_string_value(value) : json_render(rq->ctx.arena, value).p);
	return buf_str(&b).p;
}

static const char *decimal_text(struct request *rq, int64_t minor, const char *currency)
{
	return money_decimal(rq->ctx.arena, money(minor, currency));
}

static void add_variant(struct request *rq, json_t *list, const char *const cells[4], const char *error)
{
	static const char *const NAMES[] = {"sku", "options", "price", "barcode"};
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_int(o, "index", (int64_t)json_array_size(list));
	json_set_text(o, "id", "");
	for (size_t i = 0; i < ARRAY_LEN(NAMES); i++)
		json_set_text(o, NAMES[i], cells[i] == NULL ? "" : cells[i]);
	json_set_text(o, "error", error);
	json_add(list, o);
}

/* The n-th value of a repeated form field. */
static const char *nth(struct request *rq, const char *name, size_t n)
{
	for (size_t i = 0; i < rq->form.n; i++)
		if (str_eq(rq->form.list[i].name, name) && n-- == 0)
			return rq->form.list[i].value.p;
	return NULL;
}

static const char *error_below(struct request *rq, const char *prefix)
{
	for (const struct field_error *e = rq->ctx.errors; e != NULL; e = e->next)
		if (str_starts(str_of(e->field), prefix))
			return e->message;
	return NULL;
}

static json_t *variants_view(struct request *rq, const struct full_product *p)
{
	json_t *list = json_new_array(rq->ctx.arena);
	const char *sku;

	for (size_t i = 0; rq->failure != OK && (sku = nth(rq, "variant_sku", i)) != NULL; i++) {
		const char *const cells[4] = {
			sku, nth(rq, "variant_options", i), nth(rq, "variant_price", i), nth(rq, "variant_barcode", i)};
		add_variant(rq, list, cells, error_below(rq, arena_printf(rq->ctx.arena, "variants-%zu-", i)));
	}
	if (json_array_size(list) > 0)
		return list;
	for (size_t i = 0; p != NULL && i < p->nvariants; i++) {
		const struct variant *v = &p->variants[i];
		/* Left empty, a variant's price is the product's: a change of that one then counts for both. */
		bool own_price = v->has_price && v->price_minor != p->product.price_minor;
		const char *const cells[4] = {v->sku, facts_text(rq, v->options, ", "),
			own_price ? decimal_text(rq, v->price_minor, v->currency) : "", v->barcode};
		add_variant(rq, list, cells, NULL);
	}
	for (int i = 0; i < EMPTY_ROWS; i++) {
		const char *const cells[4] = {0};
		add_variant(rq, list, cells, NULL);
	}
	return list;
}

static json_t *images_view(struct request *rq, const struct full_product *p)
{
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; p != NULL && i < p->nimages; i++) {
		const struct image *m = &p->images[i];
		json_t *o = view_image(rq, m->url, m->alt != NULL ? m->alt : p->product.name, m->width, m->height);
		json_set_text(o, "id", m->id.s);
		json_set_text(
			o, "delete_href", arena_printf(rq->ctx.arena, "/admin/products/images/%s/delete", m->id.s));
		json_set_text(o, "first_href",
			i == 0 ? NULL : arena_printf(rq->ctx.arena, "/admin/products/images/%s/first", m->id.s));
		json_set_bool(o, "is_first", i == 0);
		json_add(list, o);
	}
	return list;
}

static void set_values(struct request *rq, json_t *context, const struct full_product *full)
{
	json_t *form = json_new_object(rq->ctx.arena), *values = json_new_object(rq->ctx.arena);
	const struct product *p = full == NULL ? NULL : &full->product;

	json_set_text(values, "sku", p == NULL ? "" : p->sku);
	json_set_text(values, "name", p == NULL ? "" : p->name);
	json_set_text(values, "slug", p == NULL ? "" : p->slug);
	json_set_text(values, "brand", p == NULL || p->brand == NULL ? "" : p->brand);
	json_set_text(values, "description", p == NULL || p->description == NULL ? "" : p->description);
	json_set_text(values, "category_id", p == NULL ? "" : p->category_id.s);
	json_set_text(values, "status", p == NULL ? "active" : p->status);
	json_set_text(values, "price",
		p == NULL || p->currency[0] == '\0' ? "" : decimal_text(rq, p->price_minor, p->currency));
	json_set_text(values, "list_price",
		p == NULL || p->list_minor == 0 ? "" : decimal_text(rq, p->list_minor, p->currency));
	json_set_text(values, "attributes", p == NULL ? "" : facts_text(rq, p->attributes, "\n"));
	json_set_int(values, "version", p == NULL ? 0 : p->version);
	json_set(form, "values", values);
	json_set(context, "form", form);
}

static json_t *category_options(struct request *rq, const struct category *all, size_t n, const char *chosen)
{
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < n; i++) {
		json_t *o = json_new_object(rq->ctx.arena);
		json_set_text(o, "id", all[i].id.s);
		json_set_text(o, "path_text", all[i].names_text);
		json_set_bool(o, "selected", strcmp(all[i].id.s, chosen) == 0);
		json_add(list, o);
	}
	return list;
}

static json_t *status_options(struct request *rq, const char *chosen)
{
	static const char *const STATUSES[] = {"active", "draft"};
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < ARRAY_LEN(STATUSES); i++) {
		json_t *o = json_new_object(rq->ctx.arena);
		json_set_text(o, "value", STATUSES[i]);
		json_set_text(o, "text", status_text(rq, "product", STATUSES[i]));
		json_set_bool(o, "selected", strcmp(STATUSES[i], chosen) == 0);
		json_add(list, o);
	}
	return list;
}

static void set_product(struct request *rq, json_t *context, const struct product *p)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "id", p->id.s);
	json_set_text(o, "view_href", arena_printf(rq->ctx.arena, "/p/%s", p->slug));
	json_set_text(o, "status", p->status);
	json_set_text(o, "status_text", status_text(rq, "product", p->status));
	page_set_time(rq, o, "updated_at", p->updated_us);
	json_set_text(o, "archive_href", arena_printf(rq->ctx.arena, "/admin/products/%s/archive", p->id.s));
	json_set_int(o, "version", p->version);
	json_set(context, "product", o);
}

void admin_product_context(struct request *rq, json_t *context, const struct full_product *p,
	const struct category *categories, size_t ncategories, const struct name *brands, size_t nbrands)
{
	struct arena *a = rq->ctx.arena;
	json_t *names = json_new_array(a), *images = images_view(rq, p);
	const char *sent_category = form_value(rq, "category_id"), *sent_status = form_value(rq, "status");

	set_values(rq, context, p);
	for (size_t i = 0; i < nbrands; i++)
		json_add_text(names, brands[i].name);
	json_set(context, "brands", names);
	json_set(context, "categories",
		category_options(rq, categories, ncategories,
			sent_category != NULL ? sent_category
			: p != NULL           ? p->product.category_id.s
					      : ""));
	json_set(context, "statuses",
		status_options(rq, sent_status != NULL ? sent_status
				   : p != NULL         ? p->product.status
						       : "active"));
	json_set(context, "variants", variants_view(rq, p));
	json_set(context, "images", images);
	json_set_bool(context, "has_images", json_array_size(images) > 0);
	json_set_bool(context, "is_new", p == NULL);
	json_set_text(context, "currency", rq->app->currency);
	json_set_text(
		context, "title_text", p == NULL ? text(rq, "admin.product.new_title", NULL, 0) : p->product.name);
	json_set_text(context, "action",
		p == NULL ? "/admin/products" : arena_printf(a, "/admin/products/%s", p->product.id.s));
	json_set_text(context, "images_action",
		p == NULL ? NULL : arena_printf(a, "/admin/products/%s/images", p->product.id.s));
	if (p != NULL)
		set_product(rq, context, &p->product);
	else
		json_set_null(context, "product");
}

json_t *admin_import_view(struct request *rq, const struct import *i)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "id", i->id.s);
	json_set_text(o, "href", arena_printf(rq->ctx.arena, "/admin/imports/%s", i->id.s));
	json_set_text(o, "file_name", i->file_name);
	json_set_text(o, "kind_text", text(rq, "admin.imports.kind_products", NULL, 0));
	json_set_text(o, "state", i->state);
	json_set_text(o, "state_text", status_text(rq, "import", i->state));
	json_set_int(o, "rows", i->rows);
	json_set_int(o, "created", i->created);
	json_set_int(o, "updated", i->updated);
	json_set_int(o, "rejected", i->rejected);
	page_set_time(rq, o, "at", i->created_us);
	json_set_text(o, "by", i->created_by);
	return o;
}
