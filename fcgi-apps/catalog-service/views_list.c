/* views_list.c - a list page's parts: cards, filters, sort, chosen filters, pagination. */
#include <string.h>

#include "service.h"

#define PAGES_AROUND 2
#define PAGES_MAX 42

static void set_image(struct request *rq, json_t *o, const char *url, const char *alt, int64_t width, int64_t height)
{
	if (url == NULL)
		json_set_null(o, "image");
	else
		json_set(o, "image", view_image(rq, url, alt, width, height));
}

static const char *badge_text(struct request *rq, const struct card *p)
{
	int64_t off = percent_off(p->price_minor, p->list_minor);

	if (off < 1)
		return NULL;
	return text(rq, "product.badge_reduced",
		TEXT_ARGS({"percent", arena_printf(rq->ctx.arena, "%lld", (long long)off)}));
}

static json_t *page_card(struct request *rq, const struct card *p)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "id", p->id.s);
	json_set_text(o, "slug", p->slug);
	json_set_text(o, "href", arena_printf(rq->ctx.arena, "/p/%s", p->slug));
	json_set_text(o, "name", p->name);
	json_set_text(o, "brand", p->brand);
	page_set_money(rq, o, "price", money(p->price_minor, p->currency));
	if (p->list_minor > p->price_minor)
		page_set_money(rq, o, "list_price", money(p->list_minor, p->currency));
	else
		json_set_null(o, "list_price");
	json_set_bool(o, "from", p->price_from);
	json_set_bool(o, "in_stock", p->in_stock);
	set_image(rq, o, p->image_url, p->image_alt != NULL ? p->image_alt : p->name, p->image_width, p->image_height);
	json_set_text(o, "badge", badge_text(rq, p));
	return o;
}

json_t *page_cards(struct request *rq, const struct card *cards, size_t n)
{
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < n; i++)
		json_add(list, page_card(rq, &cards[i]));
	return list;
}

/* ------------------------------------------------------------------ filters */

static bool chosen(struct request *rq, const char *name, const char *value)
{
	for (size_t i = 0; i < rq->query.n; i++)
		if (str_eq(rq->query.list[i].name, name) && str_eq(rq->query.list[i].value, value))
			return true;
	return false;
}

/* "Colour": the shop's own word for it, or the attribute's name as it is. */
static const char *facet_title(struct request *rq, const char *name)
{
	static const char *const KNOWN[] = {"brand", "category", "colour", "material", "size"};
	char *title = arena_strdup(rq->ctx.arena, name);

	for (size_t i = 0; i < ARRAY_LEN(KNOWN); i++)
		if (strcmp(KNOWN[i], name) == 0)
			return text(rq, arena_printf(rq->ctx.arena, "list.facet.%s", name), NULL, 0);
	if (title[0] >= 'a' && title[0] <= 'z')
		title[0] = (char)(title[0] - 'a' + 'A');
	return title;
}

static void add_facet_value(
	struct request *rq, json_t *values, const char *path, const char *parameter, const struct facet *f)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "text", f->label);
	json_set_int(o, "count", f->count);
	json_set_text(o, "href", link_with(rq, path, NULL, parameter, f->value));
	json_set_bool(o, "selected", chosen(rq, parameter, f->value));
	json_add(values, o);
}

/* Brands and attributes; the tree of categories has its own links. An attribute everything shares filters nothing. */
static json_t *facets_of(struct request *rq, const char *path, const struct listing_result *r)
{
	enum { SHOWN_MAX = 8 };
	json_t *list = json_new_array(rq->ctx.arena), *values = NULL;
	const struct facet *first = NULL;

	for (size_t i = 0; i < r->nfacets; i++) {
		const struct facet *f = &r->facets[i];
		if (!f->attribute && strcmp(f->name, "brand") != 0)
			continue;
		const char *parameter = f->attribute ? arena_printf(rq->ctx.arena, "attr.%s", f->name) : f->name;
		if (first == NULL || strcmp(first->name, f->name) != 0 || first->attribute != f->attribute) {
			first = f;
			if (json_array_size(list) == SHOWN_MAX)
				break;
			json_t *facet = json_new_object(rq->ctx.arena);
			values = json_new_array(rq->ctx.arena);
			json_set_text(facet, "name", slug_of(rq->ctx.arena, f->name));
			json_set_text(facet, "title", facet_title(rq, f->name));
			json_set(facet, "values", values);
			json_add(list, facet);
		}
		add_facet_value(rq, values, path, parameter, f);
	}
	return list;
}

static json_t *stock_filter(struct request *rq, const char *path, const struct listing_result *r)
{
	json_t *o = json_new_object(rq->ctx.arena);
	int64_t count = 0;

	for (size_t i = 0; i < r->nfacets; i++)
		if (!r->facets[i].attribute && strcmp(r->facets[i].name, "in_stock") == 0)
			count = r->facets[i].count;
	json_set_text(o, "href", link_with(rq, path, NULL, "in_stock", "1"));
	json_set_bool(o, "selected", chosen(rq, "in_stock", "1"));
	json_set_int(o, "count", count);
	return o;
}

/* The other parameters, for a form that changes these. */
static json_t *others(struct request *rq, const char *without, const char *nor)
{
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < rq->query.n; i++) {
		const struct param *p = &rq->query.list[i];
		json_t *o = json_new_object(rq->ctx.arena);
		const char *name = str_dup(rq->ctx.arena, p->name);
		if (p->value.n == 0 || strcmp(name, without) == 0 || (nor != NULL && strcmp(name, nor) == 0))
			continue;
		/* Only what link_with would keep: asking it says which. */
		if (strncmp(name, "attr.", 5) != 0 && strcmp(name, "q") != 0 && strcmp(name, "brand") != 0 &&
			strcmp(name, "in_stock") != 0 && strcmp(name, "price_min") != 0 &&
			strcmp(name, "price_max") != 0 && strcmp(name, "sort") != 0)
			continue;
		json_set_text(o, "name", name);
		json_set_text(o, "value", p->value.p);
		json_add(list, o);
	}
	return list;
}

static void set_sort(struct request *rq, json_t *context, const struct listing_query *q)
{
	json_t *sort = json_new_object(rq->ctx.arena), *options = json_new_array(rq->ctx.arena);

	for (int i = 0; SORT_NAMES[i] != NULL; i++) {
		json_t *o = json_new_object(rq->ctx.arena);
		if (i + 1 == SORT_RELEVANCE && q->q == NULL)
			continue;
		json_set_text(o, "value", SORT_NAMES[i]);
		json_set_text(
			o, "text", text(rq, arena_printf(rq->ctx.arena, "list.sort_by.%s", SORT_NAMES[i]), NULL, 0));
		json_set_bool(o, "selected", (int)q->order == i + 1);
		json_add(options, o);
	}
	json_set(sort, "options", options);
	json_set(context, "sort", sort);
	json_set(context, "sort_kept", others(rq, "sort", NULL));
}

/* ------------------------------------------------------------------ chosen filters */

static void add_applied(struct request *rq, json_t *list, const char *label, const char *href)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "text", label);
	json_set_text(o, "href", href);
	json_add(list, o);
}

static const char *applied_text(struct request *rq, const struct param *p, const struct listing_query *q)
{
	struct arena *a = rq->ctx.arena;
	const char *name = str_dup(a, p->name);

	if (strcmp(name, "in_stock") == 0)
		return text(rq, "list.in_stock", NULL, 0);
	if (strcmp(name, "price_min") == 0)
		return text(rq, "list.price_over",
			TEXT_ARGS({"min", money_text(a, money(q->price_min, rq->app->currency))}));
	if (strcmp(name, "price_max") == 0)
		return text(rq, "list.price_under",
			TEXT_ARGS({"max", money_text(a, money(q->price_max, rq->app->currency))}));
	if (strncmp(name, "attr.", 5) == 0)
		return arena_printf(a, "%s: %s", facet_title(rq, name + 5), p->value.p);
	return arena_printf(a, "%s: %s", facet_title(rq, name), p->value.p);
}

static void set_applied(struct request *rq, json_t *context, const char *path, const struct listing_query *q)
{
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < rq->query.n; i++) {
		const struct param *p = &rq->query.list[i];
		bool filter = str_eq(p->name, "brand") || str_starts(p->name, "attr.") || str_eq(p->name, "in_stock") ||
			      (str_eq(p->name, "price_min") && q->price_min > 0) ||
			      (str_eq(p->name, "price_max") && q->price_max > 0);
		if (filter && p->value.n > 0)
			add_applied(rq, list, applied_text(rq, p, q),
				link_with(rq, path, NULL, str_dup(rq->ctx.arena, p->name), p->value.p));
	}
	json_set(context, "applied", list);
	json_set_bool(context, "has_applied", json_array_size(list) > 0);
	const char *words = params_get(&rq->query, "q");
	struct buf clear;
	buf_init(&clear, rq->ctx.arena, 2048);
	buf_puts(&clear, path);
	if (words != NULL && words[0] != '\0') {
		buf_puts(&clear, "?q=");
		buf_url(&clear, str_of(words));
	}
	json_set_text(context, "clear_href", buf_ok(&clear) ? clear.p : path);
}

/* ------------------------------------------------------------------ pages */

static char *page_href(struct request *rq, const char *path, int64_t page)
{
	return link_with(
		rq, path, NULL, page > 1 ? "page" : NULL, arena_printf(rq->ctx.arena, "%lld", (long long)page));
}

static void add_page(struct request *rq, json_t *pages, const char *path, int64_t page, int64_t current)
{
	json_t *o = json_new_object(rq->ctx.arena);
	bool gap = page == 0;

	if (gap) {
		json_set_null(o, "number");
		json_set_null(o, "href");
	} else {
		json_set_int(o, "number", page);
		json_set_text(o, "href", page_href(rq, path, page));
	}
	json_set_bool(o, "current", page == current);
	json_set_bool(o, "gap", gap);
	json_add(pages, o);
}

static json_t *pagination_of(
	struct request *rq, const char *path, const struct listing_query *q, const struct listing_result *r)
{
	struct arena *a = rq->ctx.arena;
	json_t *o = json_new_object(a), *pages = json_new_array(a);
	int64_t current = q->page > 0 ? q->page : 1, last = (r->total.count + q->limit - 1) / q->limit;

	if (last > PAGES_MAX)
		last = PAGES_MAX;
	for (int64_t page = 1, before = 0; page <= last; page++) {
		if (page != 1 && page != last && (page < current - PAGES_AROUND || page > current + PAGES_AROUND))
			continue;
		if (page > before + 1)
			add_page(rq, pages, path, 0, current);
		add_page(rq, pages, path, page, current);
		before = page;
	}
	json_set_text(o, "prev_href", current > 1 ? page_href(rq, path, current - 1) : NULL);
	json_set_text(o, "next_href", current < last ? page_href(rq, path, current + 1) : NULL);
	json_set_bool(o, "has_pages", last > 1);
	json_set_text(o, "range_text",
		text(rq, "pagination.range",
			TEXT_ARGS({"from", arena_printf(a, "%lld", (long long)(q->offset + 1))},
				{"to", arena_printf(a, "%lld", (long long)(q->offset + (int64_t)r->n))},
				{"total", arena_printf(a, "%lld", (long long)r->total.count)})));
	json_set(o, "pages", pages);
	return o;
}

void page_listing(struct request *rq, json_t *context, const char *path, const struct listing_query *q,
	const struct listing_result *r)
{
	json_t *price = json_new_object(rq->ctx.arena);
	const char *count = arena_printf(rq->ctx.arena, "%lld", (long long)r->total.count);

	json_set_text(context, "action", path);
	json_set(context, "facets", facets_of(rq, path, r));
	json_set(context, "in_stock_filter", stock_filter(rq, path, r));
	json_set_text(price, "min", q->price_min_text != NULL ? q->price_min_text : "");
	json_set_text(price, "max", q->price_max_text != NULL ? q->price_max_text : "");
	json_set_text(price, "currency", rq->app->currency);
	json_set(context, "price_filter", price);
	json_set(context, "kept", others(rq, "price_min", "price_max"));
	json_set_text(context, "total_text",
		r->total.count > COUNT_EXACT_MAX ? text(rq, "list.total_about", TEXT_ARGS({"count", count}))
						 : count_text(rq, "list.total", r->total.count));
	set_sort(rq, context, q);
	set_applied(rq, context, path, q);
	json_set(context, "products", page_cards(rq, r->cards, r->n));
	json_set_bool(context, "has_products", r->n > 0);
	json_set(context, "pagination", pagination_of(rq, path, q, r));
}
