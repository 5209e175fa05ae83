/* store_product.c - statements over products, variants, pictures. Writing rules are in sql/catalog/0003_write.sql. */
#include "store_product.h"
#include "service.h"
#include "store_listing.h"

#include <string.h>

static const struct db_column PRODUCT_COLUMNS[] = {
	DB_COLUMN(struct product, id, DB_UUID),
	DB_COLUMN(struct product, category_id, DB_UUID),
	DB_COLUMN(struct product, sku, DB_TEXT),
	DB_COLUMN(struct product, slug, DB_TEXT),
	DB_COLUMN(struct product, name, DB_TEXT),
	DB_COLUMN(struct product, description, DB_TEXT),
	DB_COLUMN(struct product, brand, DB_TEXT),
	DB_COLUMN(struct product, brand_slug, DB_TEXT),
	DB_COLUMN(struct product, status, DB_TEXT),
	DB_COLUMN(struct product, category, DB_TEXT),
	DB_COLUMN(struct product, category_name, DB_TEXT),
	DB_COLUMN(struct product, attributes, DB_JSON),
	DB_COLUMN(struct product, categories, DB_JSON),
	DB_COLUMN(struct product, currency, DB_CURRENCY),
	DB_COLUMN(struct product, price_minor, DB_INT64),
	DB_COLUMN(struct product, high_minor, DB_INT64),
	DB_COLUMN(struct product, list_minor, DB_INT64),
	DB_COLUMN(struct product, nvariants, DB_INT64),
	DB_COLUMN(struct product, popularity, DB_INT64),
	DB_COLUMN(struct product, version, DB_INT64),
	DB_COLUMN_AS(struct product, updated_us, DB_TIME, "updated_at"),
	DB_COLUMN(struct product, in_stock, DB_BOOL),
	DB_COLUMN(struct product, visible, DB_BOOL),
	DB_COLUMN(struct product, image_url, DB_TEXT),
	DB_COLUMN(struct product, image_alt, DB_TEXT),
	DB_COLUMN(struct product, image_width, DB_INT64),
	DB_COLUMN(struct product, image_height, DB_INT64),
};

/* A product's currency is the shop's, or, where it has no price in it, its first. */
#define CURRENCY_OF                                                                                                    \
	" left join lateral (select cp.currency from catalog.variant v join catalog.current_price cp on "              \
	"cp.variant_id = v.id"                                                                                         \
	" where v.product_id = p.id and v.active order by (cp.currency = catalog.shop_currency()) desc, cp.currency "  \
	"limit 1) cur on true"
#define PRODUCT_SELECT                                                                                                 \
	"select p.id, p.category_id, p.sku, p.slug, p.name, p.description, b.name as brand, b.slug as brand_slug, "    \
	"p.status,"                                                                                                    \
	" k.path as category, array_to_string(k.names, ' › ') as category_name, p.attributes,"                       \
	" coalesce((select jsonb_agg(jsonb_build_object('name', a.name, 'slug', a.slug, 'path', a.path) order by "     \
	"length(a.path))"                                                                                              \
	" from catalog.category a where k.path = a.path or k.path ^@ (a.path || '/')), '[]') as categories,"           \
	" cur.currency, s.price_minor, s.high_minor, coalesce((select min(cp.list_minor) from catalog.variant v"       \
	" join catalog.current_price cp on cp.variant_id = v.id and cp.currency = cur.currency"                        \
	" where v.product_id = p.id and v.active and cp.amount_minor = s.price_minor), 0) as list_minor,"              \
	" coalesce(s.nvariants, 0) as nvariants, p.popularity, p.version, p.updated_at, coalesce(s.in_stock, false) "  \
	"as in_stock,"                                                                                                 \
	" (p.status = 'active' and s.price_minor is not null) as visible,"                                             \
	" i.url as image_url, i.alt as image_alt, i.width::bigint as image_width, i.height::bigint as image_height"    \
	" from catalog.product p left join catalog.brand b on b.id = p.brand_id"                                       \
	" left join catalog.category k on k.id = p.category_id" CURRENCY_OF                                            \
	" left join lateral (select min(cp.amount_minor) as price_minor, max(cp.amount_minor) as high_minor, "         \
	"count(*) as nvariants,"                                                                                       \
	" bool_or(v.in_stock) as in_stock from catalog.variant v"                                                      \
	" left join catalog.current_price cp on cp.variant_id = v.id and cp.currency = cur.currency"                   \
	" where v.product_id = p.id and v.active) s on true"                                                           \
	" left join lateral (select url, alt, width, height from catalog.product_image where product_id = p.id"        \
	" order by position limit 1) i on true "

#define KEY_MATCHES "(p.id = $1::uuid or p.slug = $2::text)"
static const struct db_stmt PRODUCT = DB_ROWS("product", struct product, PRODUCT_COLUMNS,
	SQL(PRODUCT_SELECT "where " KEY_MATCHES " and ($3::boolean or p.status = 'active')"));

static const struct db_column VARIANT_COLUMNS[] = {
	DB_COLUMN(struct variant, id, DB_UUID),
	DB_COLUMN(struct variant, sku, DB_TEXT),
	DB_COLUMN(struct variant, barcode, DB_TEXT),
	DB_COLUMN(struct variant, options, DB_JSON),
	DB_COLUMN(struct variant, currency, DB_CURRENCY),
	DB_COLUMN(struct variant, price_minor, DB_INT64),
	DB_COLUMN(struct variant, list_minor, DB_INT64),
	DB_COLUMN(struct variant, available, DB_INT64),
	DB_COLUMN(struct variant, in_stock, DB_BOOL),
	DB_COLUMN(struct variant, has_price, DB_BOOL),
};
static const struct db_stmt VARIANTS = DB_ROWS("product_variants", struct variant, VARIANT_COLUMNS,
	SQL("select v.id, v.sku, v.barcode, v.options, cur.currency, coalesce(cp.amount_minor, 0) as price_minor,"
	    " coalesce(cp.list_minor, 0) as list_minor, coalesce(a.available, 0) as available, v.in_stock,"
	    " cp.amount_minor is not null as has_price"
	    " from catalog.product p join catalog.variant v on v.product_id = p.id" CURRENCY_OF
	    " left join catalog.current_price cp on cp.variant_id = v.id and cp.currency = cur.currency"
	    " left join inventory.availability a on a.sku = v.sku"
	    " where " KEY_MATCHES " and v.active order by v.position, v.sku"));

static const struct db_column IMAGE_COLUMNS[] = {
	DB_COLUMN(struct image, id, DB_UUID),
	DB_COLUMN(struct image, product_id, DB_UUID),
	DB_COLUMN(struct image, url, DB_TEXT),
	DB_COLUMN(struct image, alt, DB_TEXT),
	DB_COLUMN(struct image, width, DB_INT64),
	DB_COLUMN(struct image, height, DB_INT64),
};
static const struct db_stmt IMAGES = DB_ROWS("product_images", struct image, IMAGE_COLUMNS,
	SQL("select i.id, i.product_id, i.url, i.alt, i.width::bigint as width, i.height::bigint as height"
	    " from catalog.product p join catalog.product_image i on i.product_id = p.id"
	    " where " KEY_MATCHES " order by i.position"));

static const struct db_stmt ADMIN_LIST = DB_ROWS("product_admin_list", struct product, PRODUCT_COLUMNS,
	SQL(PRODUCT_SELECT
		"where ($1::text is null or strpos(lower(p.name), lower($1)) > 0 or lower(p.sku) = lower($1)"
		" or exists (select from catalog.variant x where x.product_id = p.id and lower(x.sku) = lower($1)))"
		" and ($2::text is null or p.status = $2) and ($3::uuid is null or p.id < $3)"
		" order by p.id desc limit $4::bigint"));

static const struct db_column RESULT_COLUMNS[] = {
	DB_COLUMN(struct row_result, row_no, DB_INT64),
	DB_COLUMN(struct row_result, outcome, DB_TEXT),
	DB_COLUMN(struct row_result, product_id, DB_UUID),
	DB_COLUMN(struct row_result, slug, DB_TEXT),
	DB_COLUMN(struct row_result, field, DB_TEXT),
	DB_COLUMN(struct row_result, code, DB_TEXT),
	DB_COLUMN(struct row_result, message, DB_TEXT),
};
static const struct db_stmt APPLY = DB_ROWS("apply_products", struct row_result, RESULT_COLUMNS,
	SQL("select row_no, outcome, product_id, slug, field, code, message from catalog.apply_products($1::jsonb)"),
	DB_TRACED);
static const struct db_stmt ARCHIVE =
	DB_EXEC("product_archive", SQL("select catalog.archive_product($1::uuid)"), DB_TRACED);

static const struct db_stmt MEDIA_PUT = DB_EXEC("media_put",
	SQL("insert into catalog.media (hash, extension, content_type, bytes, width, height)"
	    " values ($1::text, $2::text, $3::text, $4::bytea, $5::bigint, $6::bigint) on conflict (hash) do nothing"));
static const struct db_column MEDIA_COLUMNS[] = {
	DB_COLUMN(struct media_file, content_type, DB_TEXT),
	DB_COLUMN(struct media_file, bytes, DB_BYTES),
};
static const struct db_stmt MEDIA_GET = DB_ROWS("media_get", struct media_file, MEDIA_COLUMNS,
	SQL("select content_type, bytes from catalog.media where hash = $1::text and extension = $2::text"));

struct owner {
	struct uuid product_id;
};
static const struct db_column OWNER_COLUMNS[] = {DB_COLUMN(struct owner, product_id, DB_UUID)};
static const struct db_stmt IMAGE_ADD = DB_EXEC(
	"image_add", SQL("select catalog.add_image($1::uuid, $2::text, $3::text, $4::bigint, $5::bigint)"), DB_TRACED);
static const struct db_stmt IMAGE_DELETE = DB_ROWS("image_delete", struct owner, OWNER_COLUMNS,
	SQL("select product_id from catalog.delete_image($1::uuid) as product_id where product_id is not null"),
	DB_TRACED);
static const struct db_stmt IMAGE_FIRST = DB_ROWS("image_first", struct owner, OWNER_COLUMNS,
	SQL("select product_id from catalog.first_image($1::uuid) as product_id where product_id is not null"),
	DB_TRACED);

static const struct db_stmt REFRESH_STOCK =
	DB_EXEC("refresh_stock", SQL("select catalog.refresh_stock(array[$1::text])"));
/* The lock that every writer of the catalogue takes: sql/catalog/0003. */
static const struct db_stmt WRITERS_LOCK =
	DB_EXEC("catalog_writers_lock", SQL("select pg_advisory_xact_lock(hashtext('catalog.apply_products'))"));
static const struct db_stmt FOLLOW_PRICES = DB_EXEC("follow_prices", SQL("select catalog.follow_prices()"));

static const struct db_column EXPORT_COLUMNS[] = {
	DB_COLUMN(struct exported, sku, DB_TEXT),
	DB_COLUMN(struct exported, row, DB_JSON),
};
static const struct db_stmt EXPORT = DB_ROWS("product_export", struct exported, EXPORT_COLUMNS,
	SQL("select sku, catalog.export_row(p) as row from catalog.product p where ($1::text is null or sku > $1)"
	    " order by sku limit $2::bigint"));

const struct db_stmt *const PRODUCT_STATEMENTS[] = {
	&PRODUCT,
	&VARIANTS,
	&IMAGES,
	&ADMIN_LIST,
	&APPLY,
	&ARCHIVE,
	&MEDIA_PUT,
	&MEDIA_GET,
	&IMAGE_ADD,
	&IMAGE_DELETE,
	&IMAGE_FIRST,
	&REFRESH_STOCK,
	&WRITERS_LOCK,
	&FOLLOW_PRICES,
	&EXPORT,
	NULL,
};

const struct db_constraint CATALOG_CONSTRAINTS[] = {
	{"product_slug_key", &ERR_SLUG_TAKEN, "slug", "another product has this address"},
	{"product_sku_key", &ERR_SKU_TAKEN, "sku", "another product has this SKU"},
	{"variant_sku_key", &ERR_SKU_TAKEN, "sku", "another product has this SKU"},
	{"category_path_key", &ERR_SLUG_TAKEN, "slug", "another category has this address"},
	{"category_name_key", &ERR_NAME_TAKEN, "name", "there is a category of this name here already"},
	{"category_parent", &ERR_INVALID, "parent_id", NULL},
	{"category_missing", &ERR_NOT_FOUND, NULL, NULL},
	{"category_in_use", &ERR_CATEGORY_IN_USE, NULL, NULL},
	{"product_missing", &ERR_NOT_FOUND, NULL, NULL},
	{0},
};

static err_t get(struct ctx *c, const char *key, bool hidden_too, struct shown_product *s_r, bool related_too)
{
	struct uuid id = {{0}};
	bool is_id = uuid_parse(str_of(key), &id);
	const char *slug = is_id ? NULL : key;
	struct shown_product s = {0};
	struct full_product *p = &s.full;
	const struct db_call calls[] = {
		CALL_ONE(&PRODUCT, &p->product, P_UUID(&id), P_TEXT(slug), P_BOOL(hidden_too)),
		CALL_ROWS(&VARIANTS, &p->variants, &p->nvariants, P_UUID(&id), P_TEXT(slug)),
		CALL_ROWS(&IMAGES, &p->images, &p->nimages, P_UUID(&id), P_TEXT(slug)),
		CALL_ROWS(&LISTING_RELATED, &s.related, &s.nrelated, P_UUID(&id), P_TEXT(slug)),
	};

	TRY(db_run(c, calls, related_too ? ARRAY_LEN(calls) : ARRAY_LEN(calls) - 1));
	if (!hidden_too && !p->product.visible)
		return &ERR_NOT_FOUND;
	*s_r = s;
	return OK;
}

err_t product_store_get(struct ctx *c, const char *key, bool hidden_too, struct full_product *p_r)
{
	struct shown_product s;

	TRY(get(c, key, hidden_too, &s, false));
	*p_r = s.full;
	return OK;
}

err_t product_store_show(struct ctx *c, const char *key, bool hidden_too, struct shown_product *s_r)
{
	return get(c, key, hidden_too, s_r, true);
}

void product_store_lock(struct ctx *c)
{
	db_defer(c, &WRITERS_LOCK, NO_PARAMS);
}

err_t product_store_admin_list(struct ctx *c, const struct admin_list *list, struct product **rows_r, size_t *n_r)
{
	return db_rows(c, &ADMIN_LIST,
		PARAMS(P_TEXT(list->q), P_TEXT(list->state), P_TEXT(list->cursor), P_INT(list->limit)), rows_r, n_r);
}

struct apply {
	const json_t *rows;
	struct row_result **results;
	size_t *n;
};

static err_t apply_in_tx(struct ctx *c, void *arg)
{
	struct apply *a = arg;

	return db_rows(c, &APPLY, PARAMS(P_JSON(a->rows)), a->results, a->n);
}

err_t product_store_apply(struct ctx *c, const json_t *rows, struct row_result **results_r, size_t *n_r)
{
	struct apply a = {rows, results_r, n_r};

	return db_tx(c, DB_TX_DEFAULT, apply_in_tx, &a);
}

err_t product_store_archive(struct ctx *c, const struct uuid *id)
{
	return db_exec(c, &ARCHIVE, PARAMS(P_UUID(id)), NULL);
}

err_t media_store_put(struct ctx *c, struct str bytes, const struct picture *picture, const char **url_r)
{
	const char *hash = token_hash(c->arena, bytes);

	TRY(db_exec(c, &MEDIA_PUT,
		PARAMS(P_TEXT(hash), P_TEXT(picture->extension), P_TEXT(picture->content_type), P_BYTES(bytes),
			P_INT(picture->width), P_INT(picture->height)),
		NULL));
	*url_r = arena_printf(c->arena, "/media/%s.%s", hash, picture->extension);
	return OK;
}

err_t media_store_get(struct ctx *c, const char *hash, const char *extension, struct media_file *file_r)
{
	return db_one(c, &MEDIA_GET, PARAMS(P_TEXT(hash), P_TEXT(extension)), file_r);
}

err_t image_store_add(struct ctx *c, const struct uuid *product_id, const struct image *i)
{
	return db_exec(c, &IMAGE_ADD,
		PARAMS(P_UUID(product_id), P_TEXT(i->url), P_TEXT(i->alt), P_INT(i->width), P_INT(i->height)), NULL);
}

static err_t image_change(
	struct ctx *c, const struct db_stmt *s, const struct uuid *image_id, struct uuid *product_id_r)
{
	struct owner owner;

	TRY(db_one(c, s, PARAMS(P_UUID(image_id)), &owner));
	*product_id_r = owner.product_id;
	return OK;
}

err_t image_store_delete(struct ctx *c, const struct uuid *image_id, struct uuid *product_id_r)
{
	return image_change(c, &IMAGE_DELETE, image_id, product_id_r);
}

err_t image_store_first(struct ctx *c, const struct uuid *image_id, struct uuid *product_id_r)
{
	return image_change(c, &IMAGE_FIRST, image_id, product_id_r);
}

err_t product_store_refresh_stock(struct ctx *c, const char *sku)
{
	return db_exec(c, &REFRESH_STOCK, PARAMS(P_TEXT(sku)), NULL);
}

err_t product_store_follow_prices(struct ctx *c)
{
	return db_exec(c, &FOLLOW_PRICES, NO_PARAMS, NULL);
}

err_t product_store_export(struct ctx *c, const char *after, int64_t limit, struct exported **rows_r, size_t *n_r)
{
	return db_rows(c, &EXPORT, PARAMS(P_TEXT(after), P_INT(limit)), rows_r, n_r);
}
