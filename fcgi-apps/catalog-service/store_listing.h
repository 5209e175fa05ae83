/* store_listing.h - lists, search, facets and suggestions: catalog.listing. */
#ifndef ES_STORE_LISTING_H
#define ES_STORE_LISTING_H

#include "catalog.h"
#include "edges/db.h"

/* A product as lists show it. */
struct card {
	struct uuid id;
	const char *slug, *name, *brand, *category;
	char currency[4];
	int64_t price_minor, list_minor; /* list_minor 0: none */
	bool price_from, in_stock;
	const char *image_url, *image_alt;
	int64_t image_width, image_height, created_us;
	const char *name_key;            /* where a list by name goes on */
	int64_t number;                  /* where other lists go on */
};

struct facet {
	const char *name;                /* "brand", "category", "in_stock", or an attribute's */
	const char *value, *label;
	int64_t count;
	bool attribute;
};

struct total {
	int64_t count;                   /* exact up to COUNT_EXACT_MAX, then estimated */
};

struct suggestion {
	const char *text;
};

extern const struct db_stmt *const LISTING_STATEMENTS[];

/* Rows from q->after or q->offset, at most `limit`, their total, and the facets when q->facets; one round trip. */
struct listing_result {
	struct card *cards;
	size_t n;
	struct total total;
	struct facet *facets;
	size_t nfacets;
};
err_t listing_store_list(struct ctx *c, const struct listing_query *q, int64_t limit, struct listing_result *r) MUST_CHECK;
err_t listing_store_similar(struct ctx *c, const char *q, struct similar_word **words_r, size_t *n_r) MUST_CHECK;
err_t listing_store_suggest(struct ctx *c, const char *q, struct suggestion **queries_r, size_t *nqueries_r, struct card **cards_r,
	size_t *ncards_r) MUST_CHECK;

/* The home page: what sells, what is new, what is reduced; one round trip. */
struct home {
	struct card *bestsellers, *newest, *reduced;
	size_t nbestsellers, nnewest, nreduced;
};
err_t listing_store_home(struct ctx *c, struct home *home_r) MUST_CHECK;
/* Others of the same category that are bought often. $1: the product's id, or $2: its slug. */
extern const struct db_stmt LISTING_RELATED;
err_t listing_store_related(struct ctx *c, const struct uuid *product_id, struct card **cards_r, size_t *n_r) MUST_CHECK;

/* For the sitemap: slugs in id order behind `after` (unset: from the start). */
struct page_address {
	struct uuid id;
	const char *slug;
	int64_t updated_us;
};
err_t listing_store_addresses(struct ctx *c, int64_t offset, int64_t limit, struct page_address **rows_r, size_t *n_r) MUST_CHECK;
err_t listing_store_count(struct ctx *c, struct total *total_r) MUST_CHECK;

#endif
