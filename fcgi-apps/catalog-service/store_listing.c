/*
 * store_listing.c - statements over catalog.listing. All lists share one set of filters
 * and differ in order, so they are composed of the same literals.
 */
#include "store_listing.h"

#include <string.h>

#define CARD_FIELDS                                                                                                    \
	"l.product_id as id, l.slug, l.name, l.brand, l.category, l.currency, l.price_minor,"                          \
	" coalesce(l.list_minor, 0) as list_minor, l.price_from, l.in_stock, l.image_url, l.image_alt,"                \
	" l.image_width::bigint as image_width, l.image_height::bigint as image_height,"                               \
	" l.created_at as created_us, l.name_key"

static const struct db_column CARD_COLUMNS[] = {
	DB_COLUMN(struct card, id, DB_UUID),
	DB_COLUMN(struct card, slug, DB_TEXT),
	DB_COLUMN(struct card, name, DB_TEXT),
	DB_COLUMN(struct card, brand, DB_TEXT),
	DB_COLUMN(struct card, category, DB_TEXT),
	DB_COLUMN(struct card, currency, DB_CURRENCY),
	DB_COLUMN(struct card, price_minor, DB_INT64),
	DB_COLUMN(struct card, list_minor, DB_INT64),
	DB_COLUMN(struct card, price_from, DB_BOOL),
	DB_COLUMN(struct card, in_stock, DB_BOOL),
	DB_COLUMN(struct card, image_url, DB_TEXT),
	DB_COLUMN(struct card, image_alt, DB_TEXT),
	DB_COLUMN(struct card, image_width, DB_INT64),
	DB_COLUMN(struct card, image_height, DB_INT64),
	DB_COLUMN(struct card, created_us, DB_TIME),
	DB_COLUMN(struct card, name_key, DB_TEXT),
	DB_COLUMN(struct card, number, DB_INT64),
};

/*
 * Parameters of every list: 1 words, 2 category, 3 brands, 4 and 5 price, 6 in stock, 7 attributes as an object of
 * arrays. IN_CATEGORY, BRAND_FITS … are named because facets leave out one at a time.
 */
#define CATEGORY_FITS                                                                                                  \
	"($2::text is null or l.categories @> array(select k.path from catalog.category k where k.path = $2 or "       \
	"k.slug = $2"                                                                                                  \
	" or k.name = $2 or array_to_string(k.names, ' > ') = $2 order by (k.path = $2) desc, length(k.path) limit 1)" \
	" and exists (select from catalog.category k where k.path = $2 or k.slug = $2 or k.name = $2"                  \
	" or array_to_string(k.names, ' > ') = $2))"
#define BRAND_FITS "($3::text[] is null or coalesce(l.brand_slug = any ($3) or l.brand = any ($3), false))"
#define PRICE_FITS "(($4::bigint is null or l.price_minor >= $4) and ($5::bigint is null or l.price_minor <= $5))"
#define STOCK_FITS "($6::boolean is null or l.in_stock = $6)"
/* Names of the attribute filters that this row fails. */
#define FACTS_FAILED                                                                                                   \
	"array(select f.key from jsonb_each($7::jsonb) f where not l.pairs && array(select f.key || E'\\x1f' || w"     \
	" from jsonb_array_elements_text(f.value) w))"
#define FILTER                                                                                                         \
	CATEGORY_FITS " and " BRAND_FITS " and " PRICE_FITS " and " STOCK_FITS                                         \
		      " and ($7::jsonb is null or cardinality(" FACTS_FAILED ") = 0)"

/* Without words the whole listing; with words, what matches them. */
#define ALL "catalog.listing l where $1::text is null and "
/* "offset 0": the query is made once, not for every row it is compared with. */
#define WORDS "(select catalog.query_of($1::text) as tsq, catalog.plain($1) as plain offset 0) s"
#define FOUND WORDS " join catalog.listing l on l.tsv @@ s.tsq where "

/* 8 is whether to go on behind (9 number, 10 text, 11 id), 12 rows to skip, 13 how many. */
#define BEHIND(condition) " and (not $8::boolean or " condition ")"
#define LIMITS " offset $12::bigint limit $13::bigint"
#define UNUSED_PARAMS " and ($9::bigint is null or $10::text is null or $11::uuid is null or true)"

#define LIST(name_, from_, number_, behind_, order_)                                                                   \
	DB_ROWS(name_, struct card, CARD_COLUMNS,                                                                      \
		SQL("select " CARD_FIELDS ", " number_ " as number from " from_ FILTER BEHIND(behind_) UNUSED_PARAMS   \
			" order by " order_ LIMITS))
#define BY_PRICE "l.price_minor", "(l.price_minor, l.product_id) > ($9, $11)", "l.price_minor, l.product_id"
#define BY_PRICE_DOWN                                                                                                  \
	"l.price_minor", "(l.price_minor, l.product_id) < ($9, $11)", "l.price_minor desc, l.product_id desc"
#define BY_AGE "0::bigint", "l.product_id < $11", "l.product_id desc"
#define BY_NAME "0::bigint", "(l.name_key, l.product_id) > ($10 collate \"C\", $11)", "l.name_key, l.product_id"
#define BY_SALES "l.popularity", "(l.popularity, l.product_id) < ($9, $11)", "l.popularity desc, l.product_id desc"
#define RANK "catalog.rank_of(l.tsv, s.tsq, s.plain, l.name_key, l.popularity)"
#define BY_RANK RANK, "(" RANK ", l.product_id) < ($9, $11)", "number desc, l.product_id desc"
#define LIST_OF(name_, from_, by_) LIST(name_, from_, by_)

static const struct db_stmt LIST_PRICE = LIST_OF("list_price", ALL, BY_PRICE);
static const struct db_stmt LIST_PRICE_DOWN = LIST_OF("list_price_down", ALL, BY_PRICE_DOWN);
static const struct db_stmt LIST_NEWEST = LIST_OF("list_newest", ALL, BY_AGE);
static const struct db_stmt LIST_NAME = LIST_OF("list_name", ALL, BY_NAME);
static const struct db_stmt LIST_BESTSELLING = LIST_OF("list_bestselling", ALL, BY_SALES);
static const struct db_stmt FIND_PRICE = LIST_OF("find_price", FOUND, BY_PRICE);
static const struct db_stmt FIND_PRICE_DOWN = LIST_OF("find_price_down", FOUND, BY_PRICE_DOWN);
static const struct db_stmt FIND_NEWEST = LIST_OF("find_newest", FOUND, BY_AGE);
static const struct db_stmt FIND_NAME = LIST_OF("find_name", FOUND, BY_NAME);
static const struct db_stmt FIND_BESTSELLING = LIST_OF("find_bestselling", FOUND, BY_SALES);
static const struct db_stmt FIND_RELEVANCE = LIST_OF("find_relevance", FOUND, BY_RANK);

/*
 * A list without words, filters and page number is what most ask for. No parameter changes the plan of these, so each
 * worker plans them once; those above are planned at every call. LIST_ROWS_MAX, a constant, tells the planner that few
 * rows are wanted, or it would plan them each time too. They always go on behind something: 1 number, 2 text, 3 id;
 * 4 is how many.
 */
#define DIGITS_OF_(number) #number
#define DIGITS_OF(number) DIGITS_OF_(number)
#define LIST_ROWS_MAX DIGITS_OF(LIST_MAX) " + 1" /* one more shows whether the list goes on */
#define PLAIN(name_, number_, behind_, order_, order_of_rows_)                                                         \
	DB_ROWS(name_, struct card, CARD_COLUMNS,                                                                      \
		SQL("select * from (select " CARD_FIELDS ", " number_ " as number from catalog.listing l where " behind_ \
		    " and ($1::bigint is null or $2::text is null or $3::uuid is null or true)"                        \
		    " order by " order_ " limit " LIST_ROWS_MAX ") x order by " order_of_rows_ " limit $4::bigint"))

static const struct db_stmt PLAIN_PRICE = PLAIN("plain_price", "l.price_minor",
	"(l.price_minor, l.product_id) > ($1, $3)", "l.price_minor, l.product_id", "number, id");
static const struct db_stmt PLAIN_PRICE_DOWN = PLAIN("plain_price_down", "l.price_minor",
	"(l.price_minor, l.product_id) < ($1, $3)", "l.price_minor desc, l.product_id desc", "number desc, id desc");
static const struct db_stmt PLAIN_NEWEST =
	PLAIN("plain_newest", "0::bigint", "l.product_id < $3", "l.product_id desc", "id desc");
static const struct db_stmt PLAIN_NAME = PLAIN("plain_name", "0::bigint",
	"(l.name_key, l.product_id) > ($2 collate \"C\", $3)", "l.name_key, l.product_id", "name_key, id");
static const struct db_stmt PLAIN_BESTSELLING = PLAIN("plain_bestselling", "l.popularity",
	"(l.popularity, l.product_id) < ($1, $3)", "l.popularity desc, l.product_id desc", "number desc, id desc");

/* Where a list begins: before every row there can be. */
static const struct uuid LOWEST_ID = {"00000000-0000-0000-0000-000000000000"};
static const struct uuid HIGHEST_ID = {"ffffffff-ffff-ffff-ffff-ffffffffffff"};
static const struct plain_list {
	const struct db_stmt *stmt;
	int64_t number;
	const struct uuid *id;
} PLAIN_LISTS[SORT_N] = {
	[SORT_RELEVANCE] = {&PLAIN_BESTSELLING, INT64_MAX, &HIGHEST_ID},
	[SORT_PRICE] = {&PLAIN_PRICE, INT64_MIN, &LOWEST_ID},
	[SORT_PRICE_DOWN] = {&PLAIN_PRICE_DOWN, INT64_MAX, &HIGHEST_ID},
	[SORT_NEWEST] = {&PLAIN_NEWEST, 0, &HIGHEST_ID},
	[SORT_NAME] = {&PLAIN_NAME, 0, &LOWEST_ID},
	[SORT_BESTSELLING] = {&PLAIN_BESTSELLING, INT64_MAX, &HIGHEST_ID},
};

static const struct db_stmt *const LISTS[SORT_N] = {
	[SORT_RELEVANCE] = &LIST_BESTSELLING,
	[SORT_PRICE] = &LIST_PRICE,
	[SORT_PRICE_DOWN] = &LIST_PRICE_DOWN,
	[SORT_NEWEST] = &LIST_NEWEST,
	[SORT_NAME] = &LIST_NAME,
	[SORT_BESTSELLING] = &LIST_BESTSELLING,
};
static const struct db_stmt *const FINDS[SORT_N] = {
	[SORT_RELEVANCE] = &FIND_RELEVANCE,
	[SORT_PRICE] = &FIND_PRICE,
	[SORT_PRICE_DOWN] = &FIND_PRICE_DOWN,
	[SORT_NEWEST] = &FIND_NEWEST,
	[SORT_NAME] = &FIND_NAME,
	[SORT_BESTSELLING] = &FIND_BESTSELLING,
};

/* Exact while it is cheap; then every sixteenth row stands for its neighbours. */
#define COUNT_ROWS(from_)                                                                                              \
	SQL("select case when n.n <= 1000 then n.n else greatest(1001, 16 * (select count(*) from " from_ FILTER       \
	    " and l.sample = 0)) end as count from (select count(*) as n from (select from " from_ FILTER              \
	    " limit 1001) x) n")
static const struct db_column TOTAL_COLUMNS[] = {DB_COLUMN(struct total, count, DB_INT64)};
static const struct db_stmt LIST_TOTAL = DB_ROWS("list_total", struct total, TOTAL_COLUMNS, COUNT_ROWS(ALL));
/* All there are: beyond the exact ones, as the database last counted them. */
static const struct db_stmt PLAIN_TOTAL = DB_ROWS("plain_total", struct total, TOTAL_COLUMNS,
	SQL("select case when n.n <= 1000 then n.n else greatest(1001, (select reltuples::bigint from pg_catalog.pg_class"
	    " where oid = 'catalog.listing'::regclass)) end as count"
	    " from (select count(*) as n from (select from catalog.listing limit 1001) x) n"));
static const struct db_stmt FIND_TOTAL = DB_ROWS("find_total", struct total, TOTAL_COLUMNS, COUNT_ROWS(FOUND));

/* Each facet counts what all other filters leave: choosing a second brand must show what it would add. */
#define FACET_ROWS(from_)                                                                                              \
	SQL("with base as materialized (select l.brand, l.brand_slug, l.categories, l.pairs, l.in_stock,"              \
	    " " BRAND_FITS " as brand_fits, " PRICE_FITS " as price_fits, " STOCK_FITS " as stock_fits,"               \
	    " case when $7::jsonb is null then '{}'::text[] else " FACTS_FAILED " end as failed"                       \
	    " from " from_ CATEGORY_FITS "),"                                                                          \
	    " counted as ("                                                                                            \
	    " select 1 as part, 'brand' as name, brand_slug as value, min(brand) as label, count(*) as count, false "  \
	    "as attribute"                                                                                             \
	    " from base where price_fits and stock_fits and failed = '{}' and brand_slug is not null group by "        \
	    "brand_slug"                                                                                               \
	    " union all select 0, 'category', c, null, count(*), false from base cross join lateral "                  \
	    "unnest(categories) c"                                                                                     \
	    " where brand_fits and price_fits and stock_fits and failed = '{}' group by c"                             \
	    " union all select 3, 'in_stock', 'true', null, count(*), false from base"                                 \
	    " where brand_fits and price_fits and in_stock and failed = '{}'"                                          \
	    " union all select 2, split_part(f, E'\\x1f', 1), substr(f, strpos(f, E'\\x1f') + 1), null, count(*), "    \
	    "true"                                                                                                     \
	    " from base cross join lateral unnest(pairs) f where brand_fits and price_fits and stock_fits"             \
	    " and failed <@ array[split_part(f, E'\\x1f', 1)] group by f),"                                            \
	    " numbered as (select c.*, row_number() over (partition by part, name order by count desc, value) as "     \
	    "turn,"                                                                                                    \
	    " sum(count) over (partition by part, name) as weight from counted c)"                                     \
	    " select n.name, n.value, coalesce(n.label, k.name, n.value) as label, n.count, n.attribute from "         \
	    "numbered n"                                                                                               \
	    " left join catalog.category k on n.part = 0 and k.path = n.value"                                         \
	    " where n.turn <= 20 order by n.part, n.weight desc, n.name, n.count desc, n.value limit 400")
static const struct db_column FACET_COLUMNS[] = {
	DB_COLUMN(struct facet, name, DB_TEXT),
	DB_COLUMN(struct facet, value, DB_TEXT),
	DB_COLUMN(struct facet, label, DB_TEXT),
	DB_COLUMN(struct facet, count, DB_INT64),
	DB_COLUMN(struct facet, attribute, DB_BOOL),
};
static const struct db_stmt LIST_FACETS = DB_ROWS("list_facets", struct facet, FACET_COLUMNS, FACET_ROWS(ALL));
static const struct db_stmt FIND_FACETS = DB_ROWS("find_facets", struct facet, FACET_COLUMNS, FACET_ROWS(FOUND));

static const struct db_column SIMILAR_COLUMNS[] = {
	DB_COLUMN(struct similar_word, n, DB_INT64),
	DB_COLUMN(struct similar_word, typed, DB_TEXT),
	DB_COLUMN(struct similar_word, candidate, DB_TEXT),
	DB_COLUMN(struct similar_word, hits, DB_INT64),
};
static const struct db_stmt SIMILAR = DB_ROWS("similar_words", struct similar_word, SIMILAR_COLUMNS,
	SQL("select n, typed, candidate, hits from catalog.similar_words($1::text)"));

/* Names of categories and brands first, then the last word completed. */
static const struct db_column SUGGESTION_COLUMNS[] = {DB_COLUMN(struct suggestion, text, DB_TEXT)};
static const struct db_stmt SUGGEST_QUERIES = DB_ROWS("suggest_queries", struct suggestion, SUGGESTION_COLUMNS,
	SQL("with typed as (select catalog.plain($1::text) as q),"
	    " words as (select regexp_replace(q, '[^ ]*$', '') as head, substring(q from '[^ ]*$') as tail from typed),"
	    " likely as (select n.text, min(n.part) as part, min(length(n.text)) as size from ("
	    " select lower(k.name) as text, 0 as part from catalog.category k where lower(k.name) ^@ lower($1)"
	    " union all select lower(b.name), 0 from catalog.brand b where lower(b.name) ^@ lower($1)"
	    " union all select w.head || v.word, 1 from words w"
	    " join catalog.vocabulary v on v.word ^@ w.tail where length(w.tail) >= 2) n"
	    " group by n.text order by 2, 3, 1 limit 24)"
	    " select c.text from likely c"
	    " cross join lateral (select catalog.query_of(c.text) as tsq offset 0) s"
	    " where exists (select from catalog.listing l where l.tsv @@ s.tsq)"
	    " order by c.part, c.size, c.text limit 8"));
static const struct db_stmt SUGGEST_PRODUCTS = DB_ROWS("suggest_products", struct card, CARD_COLUMNS,
	SQL("select " CARD_FIELDS ", " RANK " as number from " WORDS
	    " join catalog.listing l on l.tsv @@ s.tsq order by number desc, l.product_id desc limit 5"));

static const struct db_stmt HOME_BESTSELLERS = DB_ROWS("home_bestsellers", struct card, CARD_COLUMNS,
	SQL("select " CARD_FIELDS ", 0::bigint as number from catalog.listing l where l.in_stock"
	    " order by l.popularity desc, l.product_id desc limit 8"));
static const struct db_stmt HOME_NEWEST = DB_ROWS("home_newest", struct card, CARD_COLUMNS,
	SQL("select " CARD_FIELDS ", 0::bigint as number from catalog.listing l where l.in_stock"
	    " order by l.product_id desc limit 8"));
static const struct db_stmt HOME_REDUCED = DB_ROWS("home_reduced", struct card, CARD_COLUMNS,
	SQL("select " CARD_FIELDS
	    ", 0::bigint as number from catalog.listing l where l.in_stock and l.list_minor is not null"
	    " order by l.popularity desc, l.product_id desc limit 4"));
const struct db_stmt LISTING_RELATED = DB_ROWS("related", struct card, CARD_COLUMNS,
	SQL("select " CARD_FIELDS ", 0::bigint as number from catalog.product p join catalog.category k on k.id = p.category_id"
	    " join catalog.listing l on l.category = k.path and l.product_id <> p.id"
	    " where (p.id = $1::uuid or p.slug = $2::text)"
	    " order by l.in_stock desc, l.popularity desc, l.product_id desc limit 4"));

static const struct db_column ADDRESS_COLUMNS[] = {
	DB_COLUMN(struct page_address, id, DB_UUID),
	DB_COLUMN(struct page_address, slug, DB_TEXT),
	DB_COLUMN_AS(struct page_address, updated_us, DB_TIME, "updated_at"),
};
static const struct db_stmt ADDRESSES = DB_ROWS("listing_addresses", struct page_address, ADDRESS_COLUMNS,
	SQL("select l.product_id as id, l.slug, p.updated_at from catalog.listing l join catalog.product p on p.id = "
	    "l.product_id"
	    " order by l.product_id offset $1::bigint limit $2::bigint"));
static const struct db_stmt COUNT_ALL =
	DB_ROWS("listing_count", struct total, TOTAL_COLUMNS, SQL("select count(*) as count from catalog.listing"));

const struct db_stmt *const LISTING_STATEMENTS[] = {
	&LIST_PRICE,
	&LIST_PRICE_DOWN,
	&LIST_NEWEST,
	&LIST_NAME,
	&LIST_BESTSELLING,
	&PLAIN_PRICE,
	&PLAIN_PRICE_DOWN,
	&PLAIN_NEWEST,
	&PLAIN_NAME,
	&PLAIN_BESTSELLING,
	&FIND_PRICE,
	&FIND_PRICE_DOWN,
	&FIND_NEWEST,
	&FIND_NAME,
	&FIND_BESTSELLING,
	&FIND_RELEVANCE,
	&LIST_TOTAL,
	&PLAIN_TOTAL,
	&FIND_TOTAL,
	&LIST_FACETS,
	&FIND_FACETS,
	&SIMILAR,
	&SUGGEST_QUERIES,
	&SUGGEST_PRODUCTS,
	&HOME_BESTSELLERS,
	&HOME_NEWEST,
	&HOME_REDUCED,
	&LISTING_RELATED,
	&ADDRESSES,
	&COUNT_ALL,
	NULL,
};

/* {"colour": ["green", "blue"]}; NULL when nothing is asked for. */
static const json_t *wanted_facts(struct ctx *c, const struct params *attributes)
{
	json_t *o = json_new_object(c->arena);

	for (size_t i = 0; i < attributes->n; i++) {
		const char *name = str_dup(c->arena, attributes->list[i].name);
		json_t *values = json_object_get(o, name);
		if (values == NULL) {
			values = json_new_array(c->arena);
			json_set(o, name, values);
		}
		json_add_text(values, attributes->list[i].value.p);
	}
	return attributes->n > 0 ? o : NULL;
}

static bool is_plain(const struct listing_query *q)
{
	return q->q == NULL && q->category == NULL && q->nbrands == 0 && q->price_min == 0 && q->price_max == 0 &&
	       !q->in_stock_present && q->attributes.n == 0 && !q->facets && q->offset == 0;
}

static err_t list_plain(struct ctx *c, const struct listing_query *q, int64_t limit, struct listing_result *r)
{
	const struct plain_list *list = &PLAIN_LISTS[q->order];
	const struct db_call calls[] = {
		CALL_ROWS(list->stmt, &r->cards, &r->n, P_INT(q->after.set ? q->after.number : list->number),
			P_TEXT(q->after.set ? q->after.text : ""), P_UUID(q->after.set ? &q->after.id : list->id),
			P_INT(limit)),
		{.stmt = &PLAIN_TOTAL, .row = &r->total},
	};
	return db_run(c, calls, ARRAY_LEN(calls));
}

err_t listing_store_list(struct ctx *c, const struct listing_query *q, int64_t limit, struct listing_result *r)
{
	const struct db_param p[] = {
		P_TEXT(q->q),
		P_TEXT(q->category),
		q->nbrands > 0 ? P_TEXTS(q->brands, q->nbrands) : P_NULL,
		P_INT_OR_NULL(q->price_min, q->price_min > 0),
		P_INT_OR_NULL(q->price_max, q->price_max > 0),
		q->in_stock_present ? P_BOOL(q->in_stock) : P_NULL,
		P_JSON(wanted_facts(c, &q->attributes)),
		P_BOOL(q->after.set),
		P_INT(q->after.number),
		P_TEXT(q->after.text),
		P_UUID(&q->after.id),
		P_INT(q->offset),
		P_INT(limit),
	};
	enum { FILTERS = 7 };
	struct db_call calls[] = {
		{.stmt = (q->q != NULL ? FINDS : LISTS)[q->order],
			.params = p,
			.nparams = ARRAY_LEN(p),
			.rows = &r->cards,
			.count = &r->n},
		{.stmt = q->q != NULL ? &FIND_TOTAL : &LIST_TOTAL, .params = p, .nparams = FILTERS, .row = &r->total},
		{.stmt = q->q != NULL ? &FIND_FACETS : &LIST_FACETS,
			.params = p,
			.nparams = FILTERS,
			.rows = &r->facets,
			.count = &r->nfacets},
	};

	*r = (struct listing_result){0};
	if (is_plain(q))
		return list_plain(c, q, limit, r);
	return db_run(c, calls, q->facets ? 3 : 2);
}

err_t listing_store_similar(struct ctx *c, const char *q, struct similar_word **words_r, size_t *n_r)
{
	return db_rows(c, &SIMILAR, PARAMS(P_TEXT(q)), words_r, n_r);
}

err_t listing_store_suggest(struct ctx *c, const char *q, struct suggestion **queries_r, size_t *nqueries_r,
	struct card **cards_r, size_t *ncards_r)
{
	const struct db_call calls[] = {
		CALL_ROWS(&SUGGEST_QUERIES, queries_r, nqueries_r, P_TEXT(q)),
		CALL_ROWS(&SUGGEST_PRODUCTS, cards_r, ncards_r, P_TEXT(q)),
	};
	return db_run(c, calls, ARRAY_LEN(calls));
}

err_t listing_store_home(struct ctx *c, struct home *h)
{
	const struct db_call calls[] = {
		{.stmt = &HOME_BESTSELLERS, .rows = &h->bestsellers, .count = &h->nbestsellers},
		{.stmt = &HOME_NEWEST, .rows = &h->newest, .count = &h->nnewest},
		{.stmt = &HOME_REDUCED, .rows = &h->reduced, .count = &h->nreduced},
	};
	return db_run(c, calls, ARRAY_LEN(calls));
}

err_t listing_store_related(struct ctx *c, const struct uuid *product_id, struct card **cards_r, size_t *n_r)
{
	return db_rows(c, &LISTING_RELATED, PARAMS(P_UUID(product_id), P_NULL), cards_r, n_r);
}

err_t listing_store_addresses(struct ctx *c, int64_t offset, int64_t limit, struct page_address **rows_r, size_t *n_r)
{
	return db_rows(c, &ADDRESSES, PARAMS(P_INT(offset), P_INT(limit)), rows_r, n_r);
}

err_t listing_store_count(struct ctx *c, struct total *total_r)
{
	return db_one(c, &COUNT_ALL, NO_PARAMS, total_r);
}
