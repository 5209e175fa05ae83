/* store_category.h - the tree of categories, and brands. */
#ifndef ES_STORE_CATEGORY_H
#define ES_STORE_CATEGORY_H

#include "catalog.h"
#include "edges/db.h"

struct category {
	struct uuid id, parent_id;
	const char *name, *slug, *path, *description, *names_text; /* names joined by " › " */
	int64_t depth, position, version;
	int64_t products;            /* visible ones in it and below */
	int64_t own_products;        /* of any status, directly in it */
	int64_t children;
	const char *image_url;       /* its own, or its best selling product's */
	int64_t image_width, image_height;
};

struct category_input {
	const char *name, *slug, *description;
	struct uuid parent_id;
	int64_t position;
};

struct category_place {
	const char *const *names;    /* from the top */
	size_t n;
	const char *description;
	int64_t position;
	struct picture_of picture;   /* url NULL: none */
};

struct name {
	const char *name;
};

extern const struct db_stmt *const CATEGORY_STATEMENTS[];

/* All of them in tree order: by position, then name, parents before children. */
err_t category_store_all(struct ctx *c, struct category **rows_r, size_t *n_r) MUST_CHECK;
/* By path, else by slug; the category, those above it (top first) and those directly below. */
err_t category_store_get(struct ctx *c, const char *path, struct category *category_r, struct category **above_r, size_t *nabove_r,
	struct category **below_r, size_t *nbelow_r) MUST_CHECK;
err_t category_store_top(struct ctx *c, struct category **rows_r, size_t *n_r) MUST_CHECK;
err_t category_store_by_id(struct ctx *c, const struct uuid *id, struct category *category_r) MUST_CHECK;
/* Names from the top; an unknown id is a field error of category_id. */
err_t category_store_names(struct ctx *c, const struct uuid *id, const char ***names_r, size_t *n_r) MUST_CHECK;
/* id unset: new. A category that moves or is renamed takes those below and their products along. */
err_t category_store_save(struct ctx *c, const struct uuid *id, const struct category_input *in) MUST_CHECK;
/* The category of these names from the top, made when missing; its words, place and picture set. */
err_t category_store_place(struct ctx *c, const struct category_place *p) MUST_CHECK;
/* Only an empty one. */
err_t category_store_delete(struct ctx *c, const struct uuid *id) MUST_CHECK;
err_t brand_store_names(struct ctx *c, struct name **rows_r, size_t *n_r) MUST_CHECK;

#endif
