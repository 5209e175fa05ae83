/* views.c - the only place that names the API's output fields. */
#include "service.h"

#include <string.h>

json_t *view_image(struct request *rq, const char *url, const char *alt, int64_t width, int64_t height)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "url", url);
	json_set_text(o, "alt", alt);
	json_set_int(o, "width", width);
	json_set_int(o, "height", height);
	return o;
}

static void set_image(struct request *rq, json_t *o, const char *url, const char *alt, int64_t width, int64_t height)
{
	if (url == NULL)
		json_set_null(o, "image");
	else
		json_set(o, "image", view_image(rq, url, alt, width, height));
}

static void set_list_price(json_t *o, int64_t price_minor, int64_t list_minor, const char *currency)
{
	if (list_minor > price_minor)
		json_set_money(o, "list_price", money(list_minor, currency));
}

json_t *view_card(struct request *rq, const struct card *p)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "id", p->id.s);
	json_set_text(o, "slug", p->slug);
	json_set_text(o, "name", p->name);
	json_set_text(o, "brand", p->brand);
	json_set_text(o, "category", p->category);
	json_set_money(o, "price", money(p->price_minor, p->currency));
	set_list_price(o, p->price_minor, p->list_minor, p->currency);
	json_set_bool(o, "in_stock", p->in_stock);
	set_image(rq, o, p->image_url, p->image_alt, p->image_width, p->image_height);
	return o;
}

json_t *view_cards(struct request *rq, const struct card *cards, size_t n)
{
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < n; i++)
		json_add(list, view_card(rq, &cards[i]));
	return list;
}

static json_t *view_variant(struct request *rq, const struct variant *v)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "id", v->id.s);
	json_set_text(o, "sku", v->sku);
	json_set(o, "options", v->options);
	if (v->has_price)
		json_set_money(o, "price", money(v->price_minor, v->currency));
	else
		json_set_null(o, "price");
	if (v->has_price)
		set_list_price(o, v->price_minor, v->list_minor, v->currency);
	json_set_bool(o, "in_stock", v->in_stock);
	json_set_text(o, "barcode", v->barcode);
	return o;
}

static void set_parts(struct request *rq, json_t *o, const struct full_product *p)
{
	json_t *variants = json_new_array(rq->ctx.arena), *images = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < p->nvariants; i++)
		json_add(variants, view_variant(rq, &p->variants[i]));
	for (size_t i = 0; i < p->nimages; i++)
		json_add(images,
			view_image(rq, p->images[i].url, p->images[i].alt, p->images[i].width, p->images[i].height));
	json_set(o, "variants", variants);
	json_set(o, "images", images);
}

json_t *view_product(struct request *rq, const struct full_product *full, const struct card *related, size_t nrelated)
{
	const struct product *p = &full->product;
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "id", p->id.s);
	json_set_text(o, "sku", p->sku);
	json_set_text(o, "slug", p->slug);
	json_set_text(o, "name", p->name);
	json_set_text(o, "description", p->description);
	json_set_text(o, "brand", p->brand);
	json_set_text(o, "category", p->category);
	json_set(o, "categories", p->categories);
	json_set_text(o, "status", p->status);
	if (p->currency[0] != '\0')
		json_set_money(o, "price", money(p->price_minor, p->currency));
	else
		json_set_null(o, "price");
	set_list_price(o, p->price_minor, p->list_minor, p->currency);
	json_set_bool(o, "in_stock", p->in_stock);
	set_image(rq, o, p->image_url, p->image_alt, p->image_width, p->image_height);
	json_set(o, "attributes", p->attributes);
	set_parts(rq, o, full);
	json_set(o, "related", view_cards(rq, related, nrelated));
	json_set_int(o, "popularity", p->popularity);
	json_set_int(o, "version", p->version);
	json_set_time(o, "updated_at", p->updated_us);
	return o;
}

/* Rows come grouped by name. */
json_t *view_facets(struct request *rq, const struct facet *facets, size_t n)
{
	json_t *list = json_new_array(rq->ctx.arena), *values = NULL;

	for (size_t i = 0; i < n; i++) {
		bool same = i > 0 && strcmp(facets[i].name, facets[i - 1].name) == 0 &&
			    facets[i].attribute == facets[i - 1].attribute;
		json_t *value = json_new_object(rq->ctx.arena);
		if (!same) {
			json_t *facet = json_new_object(rq->ctx.arena);
			values = json_new_array(rq->ctx.arena);
			json_set_text(facet, "name", facets[i].name);
			json_set_text(facet, "parameter",
				facets[i].attribute ? arena_printf(rq->ctx.arena, "attr.%s", facets[i].name)
						    : facets[i].name);
			json_set(facet, "values", values);
			json_add(list, facet);
		}
		json_set_text(value, "value", facets[i].value);
		json_set_text(value, "label", facets[i].label);
		json_set_int(value, "count", facets[i].count);
		json_add(values, value);
	}
	return list;
}

json_t *view_category(struct request *rq, const struct category *k)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "id", k->id.s);
	json_set_text(o, "name", k->name);
	json_set_text(o, "slug", k->path);
	json_set_text(o, "path", arena_printf(rq->ctx.arena, "/c/%s", k->path));
	json_set_text(o, "description", k->description);
	json_set_int(o, "products", k->products);
	return o;
}

/* All come in tree order: each belongs to the last one that is one level higher. */
json_t *view_category_tree(struct request *rq, const struct category *all, size_t n)
{
	enum { DEPTH = 32 };
	json_t *lists[DEPTH + 1] = {json_new_array(rq->ctx.arena)};

	for (size_t i = 0; i < n; i++) {
		json_t *o = view_category(rq, &all[i]), *children = json_new_array(rq->ctx.arena);
		if (all[i].depth < 0 || all[i].depth >= DEPTH || lists[all[i].depth] == NULL)
			continue;
		json_set(o, "children", children);
		json_add(lists[all[i].depth], o);
		lists[all[i].depth + 1] = children;
	}
	return lists[0];
}

json_t *view_import(struct request *rq, const struct import *i, const struct import_error *errors, size_t n)
{
	json_t *o = json_new_object(rq->ctx.arena), *list = json_new_array(rq->ctx.arena);

	json_set_text(o, "id", i->id.s);
	json_set_text(o, "file_name", i->file_name);
	json_set_text(o, "state", i->state);
	json_set_int(o, "rows", i->rows);
	json_set_int(o, "created", i->created);
	json_set_int(o, "updated", i->updated);
	json_set_int(o, "rejected", i->rejected);
	json_set_text(o, "failure", i->failure);
	json_set_time(o, "created_at", i->created_us);
	for (size_t k = 0; k < n; k++) {
		json_t *e = json_new_object(rq->ctx.arena);
		json_set_int(e, "row", errors[k].row_no);
		json_set_text(e, "field", errors[k].field);
		json_set_text(e, "message", errors[k].message);
		json_add(list, e);
	}
	json_set(o, "errors", list);
	return o;
}
