/* store_product.h - one product with all that belongs to it; writing; pictures. */
#ifndef ES_STORE_PRODUCT_H
#define ES_STORE_PRODUCT_H

#include "catalog.h"
#include "edges/db.h"

struct product {
	struct uuid id, category_id;
	const char *sku, *slug, *name, *description, *brand, *brand_slug, *status;
	const char *category, *category_name; /* path; names joined by " › " */
	json_t *attributes;
	json_t *categories;          /* [{name, slug, path}] from the top */
	char currency[4];            /* of the prices below: the shop's when it has one there */
	int64_t price_minor, high_minor, list_minor, nvariants, popularity, version, updated_us;
	bool in_stock, visible;      /* visible: shoppers see it */
	const char *image_url, *image_alt;
	int64_t image_width, image_height;
};

struct variant {
	struct uuid id;
	const char *sku, *barcode;
	json_t *options;
	char currency[4];
	int64_t price_minor, list_minor, available;
	bool in_stock, has_price;
};

struct image {
	struct uuid id, product_id;
	const char *url, *alt;
	int64_t width, height;
};

struct full_product {
	struct product product;
	struct variant *variants;
	size_t nvariants;
	struct image *images;
	size_t nimages;
};

struct row_result {
	int64_t row_no;
	const char *outcome;         /* created, updated, rejected */
	struct uuid product_id;
	const char *slug, *field, *code, *message;
};

struct media_file {
	const char *content_type;
	struct str bytes;
};

struct admin_list {
	const char *q, *state, *cursor;
	int64_t limit;
};

extern const struct db_stmt *const PRODUCT_STATEMENTS[];
extern const struct db_constraint CATALOG_CONSTRAINTS[];

/* key: an id or a slug. Hidden ones only when staff asks. ERR_NOT_FOUND. */
err_t product_store_get(struct ctx *c, const char *key, bool hidden_too, struct full_product *p_r) MUST_CHECK;
/* The same with what goes well with it, in the same round trip. */
struct shown_product {
	struct full_product full;
	struct card *related;
	size_t nrelated;
};
err_t product_store_show(struct ctx *c, const char *key, bool hidden_too, struct shown_product *s_r) MUST_CHECK;
/* Before a product is read in order to change it: nobody else changes it meanwhile. */
void product_store_lock(struct ctx *c);
/* Newest change first; q is part of the name or a SKU; cursor is the last row's id. */
err_t product_store_admin_list(struct ctx *c, const struct admin_list *list, struct product **rows_r, size_t *n_r) MUST_CHECK;
/* catalog.apply_products in the open transaction, or in one of its own. */
err_t product_store_apply(struct ctx *c, const json_t *rows, struct row_result **results_r, size_t *n_r) MUST_CHECK;
err_t product_store_archive(struct ctx *c, const struct uuid *id) MUST_CHECK;

/* Store the bytes unless they are there; *url_r is "/media/<hash>.<ext>". */
err_t media_store_put(struct ctx *c, struct str bytes, const struct picture *picture, const char **url_r) MUST_CHECK;
err_t media_store_get(struct ctx *c, const char *hash, const char *extension, struct media_file *file_r) MUST_CHECK;
/* In the open transaction; the product's search row follows. */
err_t image_store_add(struct ctx *c, const struct uuid *product_id, const struct image *image) MUST_CHECK;
err_t image_store_delete(struct ctx *c, const struct uuid *image_id, struct uuid *product_id_r) MUST_CHECK;
err_t image_store_first(struct ctx *c, const struct uuid *image_id, struct uuid *product_id_r) MUST_CHECK;

/* What inventory's events and the clock ask for. */
err_t product_store_refresh_stock(struct ctx *c, const char *sku) MUST_CHECK;
err_t product_store_follow_prices(struct ctx *c) MUST_CHECK;
/* Whole products in the import's shape, in SKU order behind after. */
struct exported {
	const char *sku;
	json_t *row;
};
err_t product_store_export(struct ctx *c, const char *after, int64_t limit, struct exported **rows_r, size_t *n_r) MUST_CHECK;

#endif
