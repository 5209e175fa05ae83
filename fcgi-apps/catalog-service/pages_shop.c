/* pages_shop.c - home, category, product and search pages; pictures, sitemap, robots. */
#include <string.h>

#include "data/clock.h"
#include "service.h"

#define SITEMAP_PAGE 10000
#define MEDIA_HASH_LENGTH 64
#define DESCRIPTION_META_MAX 160

/* ------------------------------------------------------------------ home */

static json_t *category_tile(struct request *rq, const struct category *k)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "name", k->name);
	json_set_text(o, "href", arena_printf(rq->ctx.arena, "/c/%s", k->path));
	if (k->image_url != NULL)
		json_set(o, "image", view_image(rq, k->image_url, k->name, k->image_width, k->image_height));
	else
		json_set_null(o, "image");
	json_set_text(o, "count_text", count_text(rq, "home.products_count", k->products));
	return o;
}

static void add_section(
	struct request *rq, json_t *sections, const char *id, const char *href, const struct card *cards, size_t n)
{
	json_t *o = json_new_object(rq->ctx.arena);

	if (n == 0)
		return;
	json_set_text(o, "id", id);
	json_set_text(o, "title", text(rq, arena_printf(rq->ctx.arena, "home.%s", id), NULL, 0));
	json_set_text(o, "href", href);
	json_set(o, "products", page_cards(rq, cards, n));
	json_add(sections, o);
}

err_t page_home(struct request *rq)
{
	struct home home;
	struct category *top;
	size_t ntop;
	json_t *context = json_new_object(rq->ctx.arena), *tiles = json_new_array(rq->ctx.arena),
	       *sections = json_new_array(rq->ctx.arena);
	json_t *hero = json_new_object(rq->ctx.arena);
	struct page_info info = {.title = text(rq, "home.page_title", NULL, 0),
		.description = text(rq, "home.page_description", NULL, 0),
		.canonical = "/"};

	TRY(listing_store_home(&rq->ctx, &home));
	TRY(category_store_top(&rq->ctx, &top, &ntop));
	for (size_t i = 0; i < ntop; i++)
		json_add(tiles, category_tile(rq, &top[i]));
	json_set(context, "featured_categories", tiles);
	add_section(rq, sections, "bestsellers", "/search?sort=bestselling", home.bestsellers, home.nbestsellers);
	add_section(rq, sections, "newest", "/search?sort=newest", home.newest, home.nnewest);
	add_section(rq, sections, "reduced", NULL, home.reduced, home.nreduced);
	json_set(context, "sections", sections);
	if (home.nbestsellers > 0)
		json_set(hero, "product", json_array_get(page_cards(rq, home.bestsellers, 1), 0));
	else
		json_set_null(hero, "product");
	json_set(context, "hero", hero);
	json_set_text(context, "q", "");
	return page_respond(rq, 200, "catalog/home", context, &info);
}

/* ------------------------------------------------------------------ lists */

static void page_query(struct request *rq, struct listing_query *q)
{
	int64_t minor;

	/* A page is forgiving: what is no amount is no limit. */
	if (q->price_min_text != NULL && money_parse(str_trim(str_of(q->price_min_text)), rq->app->currency, &minor) &&
		minor > 0)
		q->price_min = minor;
	if (q->price_max_text != NULL && money_parse(str_trim(str_of(q->price_max_text)), rq->app->currency, &minor) &&
		minor > 0)
		q->price_max = minor;
	q->facets = true;
}

static void set_subcategories(struct request *rq, json_t *context, const struct category *below, size_t n)
{
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < n; i++) {
		json_t *o = json_new_object(rq->ctx.arena);
		if (below[i].products == 0)
			continue;
		json_set_text(o, "name", below[i].name);
		json_set_text(o, "href", arena_printf(rq->ctx.arena, "/c/%s", below[i].path));
		json_set_int(o, "count", below[i].products);
		json_add(list, o);
	}
	json_set(context, "subcategories", list);
	json_set_bool(context, "has_subcategories", json_array_size(list) > 0);
}

static json_t *category_crumbs(struct request *rq, const struct category *k, const struct category *above, size_t n)
{
	json_t *list = json_new_array(rq->ctx.arena);

	json_add(list, page_crumb(rq, rq->app->shop_name, "/"));
	for (size_t i = 0; i < n; i++)
		json_add(list, page_crumb(rq, above[i].name, arena_printf(rq->ctx.arena, "/c/%s", above[i].path)));
	json_add(list, page_crumb(rq, k->name, NULL));
	return list;
}

err_t page_category(struct request *rq)
{
	struct listing_query q = *(const struct listing_query *)rq->args;
	struct listing_result r;
	struct category k, *above, *below;
	size_t nabove, nbelow;
	json_t *context = json_new_object(rq->ctx.arena), *category = json_new_object(rq->ctx.arena);

	TRY(category_store_get(&rq->ctx, path_arg(rq, "path"), &k, &above, &nabove, &below, &nbelow));
	const char *path = arena_printf(rq->ctx.arena, "/c/%s", k.path);
	/* One address per category: a slug alone leads to the whole path. */
	if (strcmp(rq->path, path) != 0)
		return respond_see_other(rq, path);
	q.category = k.path;
	q.q = NULL;
	page_query(rq, &q);
	TRY(list_prepare(&rq->ctx, &q));
	TRY(listing_store_list(&rq->ctx, &q, q.limit, &r));
	json_set_text(category, "name", k.name);
	json_set_text(category, "description", k.description);
	json_set(context, "category", category);
	json_set(context, "breadcrumbs", category_crumbs(rq, &k, above, nabove));
	set_subcategories(rq, context, below, nbelow);
	page_listing(rq, context, path, &q, &r);
	json_set_text(context, "q", "");
	struct page_info info = {.title = k.name,
		.description = k.description,
		.canonical = q.page > 1 ? arena_printf(rq->ctx.arena, "%s?page=%lld", path, (long long)q.page) : path};
	return page_respond(rq, 200, "catalog/category", context, &info);
}

/* Top categories, where words found nothing. */
static err_t set_suggestions(struct request *rq, json_t *context, bool wanted)
{
	json_t *list = json_new_array(rq->ctx.arena);
	struct category *top;
	size_t n = 0;

	if (wanted)
		TRY(category_store_top(&rq->ctx, &top, &n));
	for (size_t i = 0; i < n; i++)
		json_add(list, page_crumb(rq, top[i].name, arena_printf(rq->ctx.arena, "/c/%s", top[i].path)));
	json_set(context, "suggestions", list);
	return OK;
}

static void set_corrected(struct request *rq, json_t *context, const char *typed, const char *corrected)
{
	json_t *o = json_new_object(rq->ctx.arena);
	struct buf href;

	if (corrected == NULL) {
		json_set_null(context, "corrected");
		return;
	}
	buf_init(&href, rq->ctx.arena, 2048);
	buf_puts(&href, "/search?q=");
	buf_url(&href, str_of(typed));
	buf_puts(&href, "&exact=1");
	json_set_text(o, "query", corrected);
	json_set_text(o, "text", text(rq, "search.corrected", TEXT_ARGS({"query", corrected})));
	json_set_text(o, "instead_href", buf_ok(&href) ? href.p : "/search");
	json_set_text(o, "instead_text", text(rq, "search.instead", TEXT_ARGS({"query", typed})));
	json_set(context, "corrected", o);
}

err_t page_search(struct request *rq)
{
	struct listing_query q = *(const struct listing_query *)rq->args;
	struct listing_result r;
	const char *typed = q.q, *corrected = NULL;
	json_t *context = json_new_object(rq->ctx.arena);
	bool asked = q.q != NULL || q.nbrands > 0 || q.sort != NULL || q.attributes.n > 0 || q.in_stock_present ||
		     q.price_min_text != NULL;

	page_query(rq, &q);
	TRY(list_prepare(&rq->ctx, &q));
	TRY(find(&rq->ctx, &q, q.limit, &r, &corrected));
	const char *title = typed == NULL ? text(rq, "search.title_empty", NULL, 0)
					  : text(rq, "search.title", TEXT_ARGS({"query", typed}));
	json_set_text(context, "q", typed == NULL ? "" : typed);
	json_set_bool(context, "has_query", asked);
	json_set_text(context, "title_text", title);
	set_corrected(rq, context, typed, corrected);
	page_listing(rq, context, "/search", &q, &r);
	TRY(set_suggestions(rq, context, asked && r.n == 0));
	struct buf canonical;
	buf_init(&canonical, rq->ctx.arena, 2048);
	buf_puts(&canonical, "/search");
	if (typed != NULL) {
		buf_puts(&canonical, "?q=");
		buf_url(&canonical, str_of(typed));
	}
	struct page_info info = {.title = title, .canonical = buf_ok(&canonical) ? canonical.p : "/search"};
	return page_respond(rq, 200, "catalog/search", context, &info);
}

/* ------------------------------------------------------------------ product */

static const char *meta_description(struct request *rq, const char *description)
{
	if (description == NULL)
		return NULL;
	char *line = str_dup(rq->ctx.arena, utf8_prefix(str_of(description), DESCRIPTION_META_MAX));
	for (char *at = line; *at != '\0'; at++)
		if (*at == '\n' || *at == '\r' || *at == '\t')
			*at = ' ';
	return line;
}

err_t page_product(struct request *rq)
{
	struct shown_product shown;
	json_t *context = json_new_object(rq->ctx.arena), *page = json_new_object(rq->ctx.arena);

	TRY(product_store_show(&rq->ctx, path_arg(rq, "slug"), false, &shown));
	const struct full_product *p = &shown.full;
	page_product_view(rq, context, p, shown.related, shown.nrelated);
	json_set_text(page, "og_type", "product");
	const char *image = p->product.image_url;
	if (image != NULL && image[0] == '/')
		image = arena_printf(rq->ctx.arena, "%s%s", rq->app->public_url, image);
	json_set_text(page, "image", image);
	json_set(context, "page", page);
	json_set_text(context, "q", "");
	struct page_info info = {
		.title = p->product.name,
		.description = meta_description(rq, p->product.description),
		.canonical = arena_printf(rq->ctx.arena, "/p/%s", p->product.slug),
		.json_ld = page_product_ld(rq, p),
	};
	return page_respond(rq, 200, "catalog/product", context, &info);
}

/* ------------------------------------------------------------------ pictures, sitemap, robots */

err_t get_media(struct request *rq)
{
	struct str rest = str_of(path_arg(rq, "file")), hash, extension;
	struct media_file file;

	if (!str_next(&rest, '.', &hash) || hash.n != MEDIA_HASH_LENGTH || !str_next(&rest, '.', &extension) ||
		extension.n > 5)
		return &ERR_NOT_FOUND;
	TRY(media_store_get(&rq->ctx, str_dup(rq->ctx.arena, hash), str_dup(rq->ctx.arena, extension), &file));
	response_header(rq, "Cache-Control", "public, max-age=31536000, immutable");
	response_header(rq, "X-Content-Type-Options", "nosniff");
	/* A drawing may hold scripts: opened on its own it can't run them. */
	response_header(rq, "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox");
	return respond_bytes(rq, 200, file.content_type, file.bytes);
}

static void add_url(struct request *rq, json_t *list, const char *path, int64_t updated_us)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "loc", arena_printf(rq->ctx.arena, "%s%s", rq->app->public_url, path));
	json_set_text(o, "lastmod",
		updated_us == 0 ? NULL : arena_strndup(rq->ctx.arena, time_rfc3339(rq->ctx.arena, updated_us), 10));
	json_add(list, o);
}

static err_t respond_sitemap(struct request *rq, json_t *context)
{
	struct buf out;

	buf_init(&out, rq->ctx.arena, (size_t)4 * 1024 * 1024);
	TRY(tmpl_render(&rq->ctx, rq->app->templates, "catalog/sitemap", context, &out));
	if (!buf_ok(&out))
		return fail_bug(&rq->ctx, "the sitemap is too long");
	return respond_bytes(rq, 200, "application/xml", buf_str(&out));
}

static err_t sitemap_part(struct request *rq, int64_t part)
{
	json_t *context = json_new_object(rq->ctx.arena), *urls = json_new_array(rq->ctx.arena);
	struct page_address *rows;
	struct category *all;
	size_t n, nall = 0;

	if (part == 1) {
		TRY(category_store_all(&rq->ctx, &all, &nall));
		add_url(rq, urls, "/", 0);
	}
	for (size_t i = 0; i < nall; i++)
		if (all[i].products > 0)
			add_url(rq, urls, arena_printf(rq->ctx.arena, "/c/%s", all[i].path), 0);
	TRY(listing_store_addresses(&rq->ctx, (part - 1) * SITEMAP_PAGE, SITEMAP_PAGE, &rows, &n));
	for (size_t i = 0; i < n; i++)
		add_url(rq, urls, arena_printf(rq->ctx.arena, "/p/%s", rows[i].slug), rows[i].updated_us);
	json_set_bool(context, "is_index", false);
	json_set(context, "urls", urls);
	return respond_sitemap(rq, context);
}

err_t get_sitemap(struct request *rq)
{
	json_t *context = json_new_object(rq->ctx.arena), *maps = json_new_array(rq->ctx.arena);
	struct total total;

	TRY(listing_store_count(&rq->ctx, &total));
	if (total.count <= SITEMAP_PAGE)
		return sitemap_part(rq, 1);
	for (int64_t part = 1; (part - 1) * SITEMAP_PAGE < total.count; part++)
		add_url(rq, maps, arena_printf(rq->ctx.arena, "/sitemap/%lld", (long long)part), 0);
	json_set_bool(context, "is_index", true);
	json_set(context, "maps", maps);
	return respond_sitemap(rq, context);
}

err_t get_sitemap_part(struct request *rq)
{
	int64_t part;

	if (!str_int64(str_of(path_arg(rq, "part")), &part) || part < 1 || part > 10000)
		return &ERR_NOT_FOUND;
	return sitemap_part(rq, part);
}

err_t get_robots(struct request *rq)
{
	const char *lines = arena_printf(rq->ctx.arena,
		"User-agent: *\nDisallow: /admin\nDisallow: /api/\nDisallow: /cart\nDisallow: /checkout\nDisallow: "
		"/account\n"
		"Disallow: /orders/\nDisallow: /pay/\nDisallow: /track/\nSitemap: %s/sitemap.xml\n",
		rq->app->public_url);

	return respond_bytes(rq, 200, "text/plain; charset=utf-8", str_of(lines));
}
