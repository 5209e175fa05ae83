/* views_product.c - the product page: what a shopper reads, and what machines do (JSON-LD). */
#include <string.h>

#include "service.h"

#define LOW_STOCK 5
#define QUANTITY_MAX 99

/* "S, green": the values; the names are the group's title. */
static const char *options_text(struct request *rq, const json_t *options, bool names)
{
	struct buf b;
	const char *name;
	json_t *value;

	buf_init(&b, rq->ctx.arena, 4096);
	json_object_foreach((json_t *)(uintptr_t)options, name, value) buf_printf(
		&b, "%s%s", b.len > 0 ? (names ? " / " : ", ") : "", names ? name : json_string_value(value));
	if (names && b.len > 0 && b.p[0] >= 'a' && b.p[0] <= 'z')
		b.p[0] = (char)(b.p[0] - 'a' + 'A');
	return buf_str(&b).p;
}

static const struct variant *chosen_variant(const struct full_product *p)
{
	for (size_t i = 0; i < p->nvariants; i++)
		if (p->variants[i].in_stock && p->variants[i].has_price)
			return &p->variants[i];
	return p->nvariants > 0 ? &p->variants[0] : NULL;
}

static void set_variants(struct request *rq, json_t *o, const struct full_product *p, const struct variant *chosen)
{
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < p->nvariants; i++) {
		const struct variant *v = &p->variants[i];
		json_t *item = json_new_object(rq->ctx.arena);
		const char *label = options_text(rq, v->options, false);
		if (!v->has_price)
			continue;
		json_set_text(item, "id", v->id.s);
		json_set_text(item, "sku", v->sku);
		json_set_text(item, "options_text", label[0] != '\0' ? label : v->sku);
		page_set_money(rq, item, "price", money(v->price_minor, v->currency));
		json_set_null(item, "list_price");
		json_set_bool(item, "in_stock", v->in_stock);
		json_set_bool(item, "selected", v == chosen);
		json_add(list, item);
	}
	json_set_bool(o, "has_variants", json_array_size(list) > 1);
	json_set_text(o, "option_title", p->nvariants > 0 ? options_text(rq, p->variants[0].options, true) : "");
	json_set_text(o, "sku", chosen != NULL ? chosen->sku : p->product.sku);
	json_set(o, "variants", list);
}

static void set_images(struct request *rq, json_t *o, const struct full_product *p)
{
	json_t *list = json_new_array(rq->ctx.arena);
	struct arena *a = rq->ctx.arena;

	for (size_t i = 0; i < p->nimages; i++) {
		const struct image *m = &p->images[i];
		json_t *image = view_image(rq, m->url, m->alt != NULL ? m->alt : p->product.name, m->width, m->height);
		json_set_text(image, "thumb_url", m->url);
		json_set_text(image, "id", arena_printf(a, "image-%zu", i + 1));
		json_set_text(image, "number_text",
			text(rq, "product.picture",
				TEXT_ARGS({"number", arena_printf(a, "%zu", i + 1)},
					{"count", arena_printf(a, "%zu", p->nimages)})));
		json_add(list, image);
	}
	json_set(o, "images", list);
	json_set_bool(o, "has_images", p->nimages > 0);
	json_set_bool(o, "has_gallery", p->nimages > 1);
}

static const char *fact_text(struct request *rq, const json_t *value)
{
	if (json_is_string(value))
		return json_string_value(value);
	if (!json_is_array(value))
		return json_render(rq->ctx.arena, value).p;
	struct buf b;
	size_t i;
	json_t *item;
	buf_init(&b, rq->ctx.arena, 65536);
	json_array_foreach((json_t *)(uintptr_t)value, i, item)
		buf_printf(&b, "%s%s", i > 0 ? ", " : "", fact_text(rq, item));
	return buf_str(&b).p;
}

static void set_facts(struct request *rq, json_t *o, const struct product *p)
{
	json_t *list = json_new_array(rq->ctx.arena), *value;
	const char *name;

	json_object_foreach(p->attributes, name, value)
	{
		json_t *fact = json_new_object(rq->ctx.arena);
		char *title = arena_strdup(rq->ctx.arena, name);
		if (title[0] >= 'a' && title[0] <= 'z')
			title[0] = (char)(title[0] - 'a' + 'A');
		json_set_text(fact, "name", title);
		json_set_text(fact, "value", fact_text(rq, value));
		json_add(list, fact);
	}
	json_set(o, "attributes", list);
	json_set_bool(o, "has_attributes", json_array_size(list) > 0);
}

static void set_stock(struct request *rq, json_t *o, const struct full_product *p, const struct variant *chosen)
{
	const char *level = "none", *words = text(rq, "product.out_of_stock", NULL, 0);

	if (p->product.in_stock && chosen != NULL && chosen->available > 0 && chosen->available <= LOW_STOCK) {
		level = "low";
		words = count_text(rq, "product.low_stock", chosen->available);
	} else if (p->product.in_stock) {
		level = "good";
		words = text(rq, "product.in_stock", NULL, 0);
	}
	json_set_bool(o, "in_stock", p->product.in_stock);
	json_set_text(o, "stock_text", words);
	json_set_text(o, "stock_level", level);
}

static json_t *paragraphs(struct request *rq, const char *text_or_null)
{
	json_t *list = json_new_array(rq->ctx.arena);
	const char *at = text_or_null == NULL ? "" : text_or_null;

	while (*at != '\0') {
		const char *end = strstr(at, "\n\n");
		size_t n = end == NULL ? strlen(at) : (size_t)(end - at);
		if (n > 0)
			json_add_text(list, arena_strndup(rq->ctx.arena, at, n));
		at += n + (end == NULL ? 0 : 2);
	}
	return list;
}

static json_t *crumbs_of(struct request *rq, const struct product *p)
{
	json_t *list = json_new_array(rq->ctx.arena), *k;
	size_t i;

	json_add(list, page_crumb(rq, rq->app->shop_name, "/"));
	json_array_foreach(p->categories, i, k)
		json_add(list, page_crumb(rq, json_text(k, "name", ""),
				       arena_printf(rq->ctx.arena, "/c/%s", json_text(k, "path", ""))));
	json_add(list, page_crumb(rq, p->name, NULL));
	return list;
}

void page_product_view(struct request *rq, json_t *context, const struct full_product *full, const struct card *related,
	size_t nrelated)
{
	const struct product *p = &full->product;
	const struct variant *chosen = chosen_variant(full);
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "id", p->id.s);
	json_set_text(o, "slug", p->slug);
	json_set_text(o, "name", p->name);
	json_set_text(o, "brand", p->brand);
	json_set_text(o, "brand_href",
		p->brand == NULL ? NULL : arena_printf(rq->ctx.arena, "/search?brand=%s", p->brand_slug));
	json_set(o, "description_paragraphs", paragraphs(rq, p->description));
	page_set_money(rq, o, "price", money(p->price_minor, p->currency));
	if (p->list_minor > p->price_minor)
		page_set_money(rq, o, "list_price", money(p->list_minor, p->currency));
	else
		json_set_null(o, "list_price");
	json_set_bool(o, "from", p->high_minor > p->price_minor);
	json_set_text(o, "tax_text", text(rq, "product.tax_included", NULL, 0));
	json_set_int(o, "quantity_max", QUANTITY_MAX);
	set_stock(rq, o, full, chosen);
	set_variants(rq, o, full, chosen);
	set_images(rq, o, full);
	set_facts(rq, o, p);
	json_set(context, "product", o);
	json_set(context, "breadcrumbs", crumbs_of(rq, p));
	json_set(context, "related", page_cards(rq, related, nrelated));
	json_set_bool(context, "has_related", nrelated > 0);
}

/* ------------------------------------------------------------------ schema.org */

static const char *absolute(struct request *rq, const char *url)
{
	return url[0] == '/' ? arena_printf(rq->ctx.arena, "%s%s", rq->app->public_url, url) : url;
}

static json_t *offer_ld(struct request *rq, const struct product *p)
{
	json_t *o = json_new_object(rq->ctx.arena);
	bool several = p->high_minor > p->price_minor;

	json_set_text(o, "@type", several ? "AggregateOffer" : "Offer");
	json_set_text(
		o, several ? "lowPrice" : "price", money_decimal(rq->ctx.arena, money(p->price_minor, p->currency)));
	if (several) {
		json_set_text(o, "highPrice", money_decimal(rq->ctx.arena, money(p->high_minor, p->currency)));
		json_set_int(o, "offerCount", p->nvariants);
	}
	json_set_text(o, "priceCurrency", p->currency);
	json_set_text(o, "availability", p->in_stock ? "https://schema.org/InStock" : "https://schema.org/OutOfStock");
	json_set_text(o, "url", arena_printf(rq->ctx.arena, "%s/p/%s", rq->app->public_url, p->slug));
	return o;
}

const char *page_product_ld(struct request *rq, const struct full_product *full)
{
	const struct product *p = &full->product;
	json_t *o = json_new_object(rq->ctx.arena), *images = json_new_array(rq->ctx.arena);

	json_set_text(o, "@context", "https://schema.org");
	json_set_text(o, "@type", "Product");
	json_set_text(o, "name", p->name);
	json_set_text_if(o, "description", p->description);
	json_set_text(o, "sku", p->sku);
	if (p->brand != NULL) {
		json_t *brand = json_new_object(rq->ctx.arena);
		json_set_text(brand, "@type", "Brand");
		json_set_text(brand, "name", p->brand);
		json_set(o, "brand", brand);
	}
	for (size_t i = 0; i < full->nimages; i++)
		json_add_text(images, absolute(rq, full->images[i].url));
	json_set(o, "image", images);
	json_set(o, "offers", offer_ld(rq, p));
	return json_render(rq->ctx.arena, o).p;
}
