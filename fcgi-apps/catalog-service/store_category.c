/* store_category.c - statements over catalog.category and catalog.brand. */
#include "store_category.h"

static const struct db_column CATEGORY_COLUMNS[] = {
	DB_COLUMN(struct category, id, DB_UUID),
	DB_COLUMN(struct category, parent_id, DB_UUID),
	DB_COLUMN(struct category, name, DB_TEXT),
	DB_COLUMN(struct category, slug, DB_TEXT),
	DB_COLUMN(struct category, path, DB_TEXT),
	DB_COLUMN(struct category, description, DB_TEXT),
	DB_COLUMN(struct category, names_text, DB_TEXT),
	DB_COLUMN(struct category, depth, DB_INT64),
	DB_COLUMN(struct category, position, DB_INT64),
	DB_COLUMN(struct category, version, DB_INT64),
	DB_COLUMN(struct category, products, DB_INT64),
	DB_COLUMN(struct category, own_products, DB_INT64),
	DB_COLUMN(struct category, children, DB_INT64),
	DB_COLUMN(struct category, image_url, DB_TEXT),
	DB_COLUMN(struct category, image_width, DB_INT64),
	DB_COLUMN(struct category, image_height, DB_INT64),
};

#define FIELDS                                                                                                         \
	"k.id, k.parent_id, k.name, k.slug, k.path, k.description, array_to_string(k.names, ' › ') as names_text,"   \
	" cardinality(k.names)::bigint - 1 as depth, k.position, k.version"
#define COUNTS                                                                                                         \
	", (select count(*) from catalog.listing l where l.categories @> array[k.path]) as products"                   \
	", (select count(*) from catalog.product p where p.category_id = k.id) as own_products"                        \
	", (select count(*) from catalog.category b where b.parent_id = k.id) as children"
#define NO_PICTURE ", null::text as image_url, 0::bigint as image_width, 0::bigint as image_height"
#define PICTURE                                                                                                        \
	", coalesce(k.image_url, i.image_url) as image_url, coalesce(k.image_width, i.image_width)::bigint as image_width," \
	" coalesce(k.image_height, i.image_height)::bigint as image_height"
#define PICTURE_JOIN                                                                                                   \
	" left join lateral (select l.image_url, l.image_width, l.image_height from catalog.listing l"                 \
	" where l.categories @> array[k.path] and l.image_url is not null order by l.popularity desc limit 1) i on "   \
	"true"

/* Counts of a whole tree in one pass over the listing, not one per category. */
static const struct db_stmt ALL = DB_ROWS("categories", struct category, CATEGORY_COLUMNS,
	SQL("with recursive tree as (select k.*, array[lpad(k.position::text, 10, '0') || k.name] as place from "
	    "catalog.category k"
	    " where k.parent_id is null union all select k.*, t.place || (lpad(k.position::text, 10, '0') || k.name)"
	    " from catalog.category k join tree t on t.id = k.parent_id),"
	    " seen as (select c as path, count(*) as n from catalog.listing l cross join lateral unnest(l.categories) "
	    "c group by c),"
	    " owned as (select category_id, count(*) as n from catalog.product group by category_id),"
	    " below as (select parent_id, count(*) as n from catalog.category group by parent_id)"
	    " select " FIELDS
	    ", coalesce(s.n, 0) as products, coalesce(o.n, 0) as own_products, coalesce(b.n, 0) as children" NO_PICTURE
	    " from tree k left join seen s on s.path = k.path left join owned o on o.category_id = k.id"
	    " left join below b on b.parent_id = k.id order by k.place"));
static const struct db_stmt TOP = DB_ROWS("categories_top", struct category, CATEGORY_COLUMNS,
	SQL("select " FIELDS COUNTS PICTURE " from catalog.category k" PICTURE_JOIN
	    " where k.parent_id is null order by k.position, k.name limit 12"));

#define THE_ONE                                                                                                        \
	"(select id, path from catalog.category where path = $1::text or slug = $1 order by (path = $1) desc, "        \
	"length(path) limit 1)"
static const struct db_stmt ONE = DB_ROWS("category", struct category, CATEGORY_COLUMNS,
	SQL("select " FIELDS COUNTS NO_PICTURE " from catalog.category k join " THE_ONE " o on o.id = k.id"));
static const struct db_stmt ABOVE = DB_ROWS("categories_above", struct category, CATEGORY_COLUMNS,
	SQL("select " FIELDS ", 0::bigint as products, 0::bigint as own_products, 0::bigint as children" NO_PICTURE
	    " from " THE_ONE " o join catalog.category k on o.path ^@ (k.path || '/') order by length(k.path)"));
static const struct db_stmt BELOW = DB_ROWS("categories_below", struct category, CATEGORY_COLUMNS,
	SQL("select " FIELDS COUNTS NO_PICTURE " from " THE_ONE " o join catalog.category k on k.parent_id = o.id"
	    " order by k.position, k.name"));
static const struct db_stmt BY_ID = DB_ROWS("category_by_id", struct category, CATEGORY_COLUMNS,
	SQL("select " FIELDS COUNTS NO_PICTURE " from catalog.category k where k.id = $1::uuid"));

static const struct db_column NAME_COLUMNS[] = {DB_COLUMN(struct name, name, DB_TEXT)};
static const struct db_stmt NAMES = DB_ROWS("category_names", struct name, NAME_COLUMNS,
	SQL("select n.name from catalog.category k cross join lateral unnest(k.names) with ordinality as n(name, place)"
	    " where k.id = $1::uuid order by n.place"));

static const struct db_stmt SAVE = DB_EXEC("category_save",
	SQL("select catalog.save_category($1::uuid, $2::text, $3::text, $4::text, $5::uuid, $6::bigint)"));
static const struct db_stmt DELETE = DB_EXEC("category_delete", SQL("select catalog.delete_category($1::uuid)"));

static const struct db_stmt PLACE = DB_EXEC("category_place",
	SQL("select catalog.place_category($1::jsonb, $2::text, $3::bigint, $4::text, $5::bigint, $6::bigint)"));

static const struct db_stmt BRANDS = DB_ROWS(
	"brand_names", struct name, NAME_COLUMNS, SQL("select name from catalog.brand order by name limit 500"));

const struct db_stmt *const CATEGORY_STATEMENTS[] = {
	&ALL, &TOP, &ONE, &ABOVE, &BELOW, &BY_ID, &NAMES, &SAVE, &DELETE, &PLACE, &BRANDS, NULL};

err_t category_store_all(struct ctx *c, struct category **rows_r, size_t *n_r)
{
	return db_rows(c, &ALL, NO_PARAMS, rows_r, n_r);
}

err_t category_store_top(struct ctx *c, struct category **rows_r, size_t *n_r)
{
	return db_rows(c, &TOP, NO_PARAMS, rows_r, n_r);
}

err_t category_store_get(struct ctx *c, const char *path, struct category *category_r, struct category **above_r,
	size_t *nabove_r, struct category **below_r, size_t *nbelow_r)
{
	const struct db_call calls[] = {
		CALL_ONE(&ONE, category_r, P_TEXT(path)),
		CALL_ROWS(&ABOVE, above_r, nabove_r, P_TEXT(path)),
		CALL_ROWS(&BELOW, below_r, nbelow_r, P_TEXT(path)),
	};
	return db_run(c, calls, ARRAY_LEN(calls));
}

err_t category_store_by_id(struct ctx *c, const struct uuid *id, struct category *category_r)
{
	return db_one(c, &BY_ID, PARAMS(P_UUID(id)), category_r);
}

err_t category_store_names(struct ctx *c, const struct uuid *id, const char ***names_r, size_t *n_r)
{
	struct name *rows;
	size_t n;

	TRY(db_rows(c, &NAMES, PARAMS(P_UUID(id)), &rows, &n));
	if (n == 0) {
		field_error(c, "category_id", "unknown", "There is no such category.");
		return ctx_check(c);
	}
	*names_r = arena_array_of(c->arena, n, const char *);
	for (size_t i = 0; i < n; i++)
		(*names_r)[i] = rows[i].name;
	*n_r = n;
	return OK;
}

err_t category_store_save(struct ctx *c, const struct uuid *id, const struct category_input *in)
{
	const char *slug = in->slug != NULL ? in->slug : slug_of(c->arena, in->name);

	return db_exec(c, &SAVE,
		PARAMS(P_UUID(id), P_TEXT(in->name), P_TEXT(slug), P_TEXT(in->description), P_UUID(&in->parent_id),
			P_INT(in->position)),
		NULL);
}

err_t category_store_place(struct ctx *c, const struct category_place *p)
{
	json_t *levels = json_new_array(c->arena);
	bool pictured = p->picture.url != NULL;

	for (size_t i = 0; i < p->n; i++) {
		json_t *level = json_new_object(c->arena);
		json_set_text(level, "name", p->names[i]);
		json_set_text(level, "slug", slug_of(c->arena, p->names[i]));
		json_add(levels, level);
	}
	return db_exec(c, &PLACE,
		PARAMS(P_JSON(levels), P_TEXT(p->description), P_INT(p->position), P_TEXT(p->picture.url),
			P_INT_OR_NULL(p->picture.width, pictured), P_INT_OR_NULL(p->picture.height, pictured)),
		NULL);
}

err_t category_store_delete(struct ctx *c, const struct uuid *id)
{
	return db_exec(c, &DELETE, PARAMS(P_UUID(id)), NULL);
}

err_t brand_store_names(struct ctx *c, struct name **rows_r, size_t *n_r)
{
	return db_rows(c, &BRANDS, NO_PARAMS, rows_r, n_r);
}
