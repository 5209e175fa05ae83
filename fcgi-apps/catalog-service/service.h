/*
 * service.h - what catalog-service answers and does: problems, handlers, views, jobs.
 */
#ifndef ES_CATALOG_SERVICE_H
#define ES_CATALOG_SERVICE_H

#include "app/audit.h"
#include "app/app.h"
#include "app/auth.h"
#include "app/page.h"
#include "store_category.h"
#include "store_import.h"
#include "store_listing.h"
#include "store_product.h"

extern const struct problem ERR_SKU_TAKEN;       /* 409 sku_taken */
extern const struct problem ERR_SLUG_TAKEN;      /* 409 slug_taken */
extern const struct problem ERR_NAME_TAKEN;      /* 409 name_taken */
extern const struct problem ERR_CATEGORY_IN_USE; /* 409 category_in_use */

extern const struct route CATALOG_ROUTES[];
extern const struct config_key CATALOG_CONFIG[];
extern const struct command CATALOG_COMMANDS[];
extern const struct consumer CATALOG_CONSUMERS[];
extern const struct job_worker CATALOG_JOBS[];
extern const struct timer CATALOG_TIMERS[];

/* Further inputs (inputs.c). */
struct import_query {
	const char *kind, *file_name, *cursor;
	int64_t limit;
};
struct admin_query {
	const char *q, *state, *cursor;
	const char *edit;
};
struct product_form {
	const char *sku, *name, *slug, *brand, *description, *status, *attributes;
	struct money price, list_price;
	struct uuid category_id;
	int64_t version;
	const char **variant_sku, **variant_options, **variant_price, **variant_barcode;
	size_t nsku, noptions, nprice, nbarcode;
};
struct image_form {
	const char *image, *alt;
};
struct import_form {
	const char *file, *kind;
};
extern const struct bind IMPORT_BIND, IMPORT_LIST_BIND, ADMIN_BIND, PRODUCT_FORM_BIND, CATEGORY_FORM_BIND, IMAGE_FORM_BIND,
	IMPORT_FORM_BIND;

/* ------------------------------------------------------------------ what the API shows (views.c) */
json_t *view_card(struct request *rq, const struct card *p);
json_t *view_cards(struct request *rq, const struct card *cards, size_t n);
json_t *view_product(struct request *rq, const struct full_product *p, const struct card *related, size_t nrelated);
json_t *view_facets(struct request *rq, const struct facet *facets, size_t n);
json_t *view_category(struct request *rq, const struct category *k);
json_t *view_category_tree(struct request *rq, const struct category *all, size_t n);
json_t *view_import(struct request *rq, const struct import *i, const struct import_error *errors, size_t n);
json_t *view_image(struct request *rq, const char *url, const char *alt, int64_t width, int64_t height);

/* ------------------------------------------------------------------ what pages show (views_shop.c, views_admin.c) */
json_t *page_cards(struct request *rq, const struct card *cards, size_t n);
/* Filters, sort, chosen filters, products, pagination: partials/filters and partials/product-list. */
void page_listing(struct request *rq, json_t *context, const char *path, const struct listing_query *q, const struct listing_result *r);
void page_product_view(struct request *rq, json_t *context, const struct full_product *p, const struct card *related, size_t nrelated);
const char *page_product_ld(struct request *rq, const struct full_product *p);
json_t *page_crumb(struct request *rq, const char *name, const char *href);
/* "1 product", "12 products": key holds {one, other} with {count}. */
const char *count_text(struct request *rq, const char *key, int64_t n);
/* path with the page's own parameters; one name dropped, one pair switched on or off; either may be NULL. */
char *link_with(struct request *rq, const char *path, const char *drop, const char *name, const char *value);

void admin_product_context(struct request *rq, json_t *context, const struct full_product *p, const struct category *categories,
	size_t ncategories, const struct name *brands, size_t nbrands);
json_t *admin_products_view(struct request *rq, const struct product *rows, size_t n);
json_t *admin_import_view(struct request *rq, const struct import *i);
json_t *page_pager(struct request *rq, const char *path, bool first, const char *next_cursor);

/* ------------------------------------------------------------------ searching (searching.c) */
/* The list of q; when its words find nothing at all, that of the words that were probably meant. */
err_t find(struct ctx *c, struct listing_query *q, int64_t limit, struct listing_result *r, const char **corrected_r) MUST_CHECK;

/* ------------------------------------------------------------------ writing (writing.c) */
/* Apply one row for staff. key: product to change; NULL: a new one. The product afterwards. */
/* Into the audit log: staff did this to that. */
void audit_of(struct request *rq, const char *action, const char *object_type, const struct uuid *id);
err_t write_product(struct request *rq, const struct product_row *row, const char *key, struct full_product *p_r) MUST_CHECK;
/* Bytes of an upload into the media table, as a picture of the product. */
err_t write_picture(struct request *rq, const struct uuid *product_id, struct str bytes, const char *alt) MUST_CHECK;
err_t start_import(struct request *rq, const char *file_name, const char *content_type, struct import *import_r) MUST_CHECK;

/* ------------------------------------------------------------------ handlers */
handler_fn get_products, get_product, post_product, patch_product, delete_product, get_search, get_suggest, get_categories, get_category,
	post_import, get_imports, get_import, export_csv, export_ndjson;
handler_fn page_home, page_category, page_product, page_search, get_media, get_sitemap, get_sitemap_part, get_robots, page_privacy;
handler_fn page_admin_products, page_admin_product, page_admin_product_new, page_admin_product_create, page_admin_product_save,
	page_admin_product_archive, page_admin_image_add, page_admin_image_delete, page_admin_image_first;
handler_fn page_admin_categories, page_admin_category_create, page_admin_category_save, page_admin_category_again,
	page_admin_category_delete;
handler_fn page_admin_imports, page_admin_import, page_admin_import_create;

#endif
