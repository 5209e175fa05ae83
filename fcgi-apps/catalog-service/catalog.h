/*
 * catalog.h - the nouns of catalog-service: what comes in, what goes out, and the
 * decisions that need neither database nor HTTP (rules.c, media.c).
 */
#ifndef ES_CATALOG_H
#define ES_CATALOG_H

#include "data/bind.h"
#include "data/ids.h"

#define SKU_MAX 64
#define NAME_MAX_CHARS 300       /* what a form takes; an import may bring longer ones */
#define VARIANTS_MAX 100
#define IMAGES_MAX 20
#define PAIR_SEPARATOR '\x1f'    /* between name and value in catalog.listing.pairs */
#define LIST_DEFAULT 24
#define LIST_MAX 100             /* rows that a client may ask for at once */
#define DEPTH_MAX 1000           /* how far a list ordered by relevance goes */
#define COUNT_EXACT_MAX 1000     /* above, totals are estimates */
#define CURSOR_MAX 400
#define IMPORT_MAX_BYTES ((size_t)32 * 1024 * 1024)
#define PICTURE_MAX_BYTES ((size_t)8 * 1024 * 1024)

/* ------------------------------------------------------------------ a product as it is written (rows.c) */

struct variant_row {
	const char *sku;
	json_t *options;             /* an object of texts, or NULL */
	struct money price, list_price;
	bool list_price_present;
	int64_t stock;
	json_t *stock_said;          /* not NULL: a stock was said; null is none */
	const char *barcode;
	bool barcode_present;
};

/* The import's row, the body of POST and of PATCH /products. What is not present stays as it is. */
struct product_row {
	const char *sku, *name, *description, *slug, *brand, *barcode, *status;
	bool description_present, brand_present, barcode_present, slug_present;
	const char **category;       /* names from the top */
	size_t ncategory;
	bool category_present;
	struct money price, list_price;
	bool list_price_present;
	const char **images;
	size_t nimages;
	bool images_present;
	json_t *attributes;
	bool attributes_present;
	int64_t stock, popularity;
	json_t *stock_said, *popularity_said; /* not NULL: said; null is not */
	struct variant_row *variants;
	size_t nvariants;
	bool variants_present;
};

extern const struct bind ROW_BIND;   /* import rows and POST /products: sku required */
extern const struct bind PATCH_BIND; /* the same, nothing required */

struct picture_of {
	const char *reference, *alt;     /* what the row says; alt may be NULL */
	const char *url;                 /* what is stored */
	int64_t width, height;
};
/*
 * The row as catalog.apply_products takes it. product_id: of the product to change, NULL to match by sku.
 * pictures: one per row->images, already resolved.
 */
json_t *row_to_apply(struct ctx *c, const struct product_row *row, int64_t row_no, const char *product_id,
	const struct picture_of *pictures);
/* Field errors of what a bind table can't say: attributes, options, prices in two currencies. */
void row_check(struct ctx *c, const struct product_row *row);
/* "colour: moss\nsize: M" or "size: M, colour: moss" into an object; field names the form's field for errors. */
json_t *facts_of_text(struct ctx *c, const char *text, const char *separators, const char *field);

/* ------------------------------------------------------------------ lists (rules.c) */

enum sort { SORT_UNSET = 0, SORT_RELEVANCE, SORT_PRICE, SORT_PRICE_DOWN, SORT_NEWEST, SORT_NAME, SORT_BESTSELLING, SORT_N };
extern const char *const SORT_NAMES[]; /* by enum sort - 1, NULL-terminated */

/* Where a list goes on: behind this row. */
struct cursor {
	bool set;
	int64_t depth;               /* rows already given */
	int64_t number;              /* the row's price, popularity or rank */
	const char *text;            /* its name_key */
	struct uuid id;
};

struct listing_query {
	const char *q, *category, *sort, *cursor_text;
	const char **brands;
	size_t nbrands;
	int64_t price_min, price_max; /* minor units; price_max 0: none */
	const char *price_min_text, *price_max_text; /* pages: decimals as typed */
	bool in_stock, in_stock_present, facets, exact;
	int64_t limit, page;
	struct params attributes;    /* name without "attr." */
	/* derived by list_prepare */
	enum sort order;
	struct cursor after;
	int64_t offset;
};
extern const struct bind PRODUCTS_BIND, SEARCH_BIND, SUGGEST_BIND, LIST_PAGE_BIND;

/* The sort that is meant, and the cursor understood. ERR_BAD_REQUEST for a cursor that isn't one of this list. */
err_t list_prepare(struct ctx *c, struct listing_query *q) MUST_CHECK;
char *cursor_write(struct arena *a, enum sort order, const struct cursor *at);
bool cursor_read(struct arena *a, const char *text, enum sort order, struct cursor *at_r) MUST_CHECK;

/* A word that was typed and a product word that looks like it. */
struct similar_word {
	int64_t n;                   /* the word's place in the query, from 1 */
	const char *typed, *candidate;
	int64_t hits;
};
/* The query with the likeliest words in place of unknown ones; NULL when there is nothing better. */
const char *corrected_query(struct arena *a, const struct similar_word *words, size_t n);
/* Insertions, deletions, replacements and swaps of neighbours; in code points, capped. */
int edit_distance(const char *a, const char *b);
int64_t percent_off(int64_t price_minor, int64_t list_minor);

/* ------------------------------------------------------------------ pictures (media.c) */

struct picture {
	const char *extension, *content_type;
	int64_t width, height;
};
/* By the bytes themselves, never by a name; false for what is no picture we show. */
bool picture_sniff(struct str bytes, struct picture *picture_r) MUST_CHECK;

#endif
