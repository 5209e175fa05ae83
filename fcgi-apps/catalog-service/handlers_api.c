/* handlers_api.c - products, search, categories and imports as JSON. */
#include <string.h>

#include "service.h"

/* One row more than asked for tells whether there is another page. */
static const char *next_cursor(
	struct request *rq, const struct listing_query *q, const struct listing_result *r, size_t limit)
{
	if (r->n <= limit)
		return NULL;
	const struct card *last = &r->cards[limit - 1];
	struct cursor at = {.depth = q->after.depth + (int64_t)limit, .number = last->number, .id = last->id};
	if (q->order == SORT_NAME)
		at.text = last->name_key;
	if (q->order == SORT_RELEVANCE && at.depth >= DEPTH_MAX)
		return NULL;
	return cursor_write(rq->ctx.arena, q->order, &at);
}

static json_t *list_body(struct request *rq, const struct listing_query *q, const struct listing_result *r)
{
	size_t limit = (size_t)q->limit;
	json_t *o = json_new_object(rq->ctx.arena);

	json_set(o, "data", view_cards(rq, r->cards, r->n < limit ? r->n : limit));
	json_set_text(o, "next_cursor", next_cursor(rq, q, r, limit));
	json_set_int(o, "total", r->total.count);
	if (q->facets)
		json_set(o, "facets", view_facets(rq, r->facets, r->nfacets));
	return o;
}

err_t get_products(struct request *rq)
{
	struct listing_query q = *(const struct listing_query *)rq->args;
	struct listing_result r;

	TRY(list_prepare(&rq->ctx, &q));
	TRY(listing_store_list(&rq->ctx, &q, q.limit + 1, &r));
	return respond_json(rq, 200, list_body(rq, &q, &r));
}

err_t get_search(struct request *rq)
{
	struct listing_query q = *(const struct listing_query *)rq->args;
	struct listing_result r;
	const char *corrected = NULL;

	TRY(list_prepare(&rq->ctx, &q));
	TRY(find(&rq->ctx, &q, q.limit + 1, &r, &corrected));
	json_t *o = list_body(rq, &q, &r);
	json_set_text_if(o, "corrected_query", corrected);
	return respond_json(rq, 200, o);
}

err_t get_suggest(struct request *rq)
{
	const struct listing_query *q = rq->args;
	struct suggestion *queries;
	struct card *cards;
	size_t nqueries, ncards;
	json_t *o = json_new_object(rq->ctx.arena), *list = json_new_array(rq->ctx.arena);

	TRY(listing_store_suggest(&rq->ctx, q->q, &queries, &nqueries, &cards, &ncards));
	for (size_t i = 0; i < nqueries; i++)
		json_add_text(list, queries[i].text);
	json_set(o, "queries", list);
	json_set(o, "products", view_cards(rq, cards, ncards));
	return respond_json(rq, 200, o);
}

/* What shoppers don't see is there for staff only. */
static bool sees_hidden(const struct request *rq)
{
	return subject_can(rq->subject, "products:read");
}

static err_t respond_product(struct request *rq, int status, const struct full_product *p)
{
	struct card *related;
	size_t n;

	TRY(listing_store_related(&rq->ctx, &p->product.id, &related, &n));
	return respond_resource(rq, status, view_product(rq, p, related, n), p->product.version);
}

err_t get_product(struct request *rq)
{
	struct shown_product s;

	TRY(product_store_show(&rq->ctx, path_arg(rq, "id"), sees_hidden(rq), &s));
	return respond_resource(rq, 200, view_product(rq, &s.full, s.related, s.nrelated), s.full.product.version);
}

err_t post_product(struct request *rq)
{
	struct full_product p;

	TRY(write_product(rq, rq->input, NULL, &p));
	response_header(rq, "Location", arena_printf(rq->ctx.arena, "/api/v1/products/%s", p.product.id.s));
	return respond_product(rq, 201, &p);
}

err_t patch_product(struct request *rq)
{
	struct full_product p;

	TRY(write_product(rq, rq->input, path_arg(rq, "id"), &p));
	return respond_product(rq, 200, &p);
}

err_t delete_product(struct request *rq)
{
	struct full_product p;

	product_store_lock(&rq->ctx);
	TRY(product_store_get(&rq->ctx, path_arg(rq, "id"), true, &p));
	TRY(request_if_match(rq, p.product.version));
	TRY(product_store_archive(&rq->ctx, &p.product.id));
	audit_of(rq, "product.archive", "product", &p.product.id);
	return respond_empty(rq, 204);
}

err_t get_categories(struct request *rq)
{
	struct category *all;
	size_t n;
	json_t *o = json_new_object(rq->ctx.arena);

	TRY(category_store_all(&rq->ctx, &all, &n));
	json_set(o, "data", view_category_tree(rq, all, n));
	json_set_null(o, "next_cursor");
	return respond_content(rq, o);
}

err_t get_category(struct request *rq)
{
	struct category k, *above, *below;
	size_t nabove, nbelow;
	json_t *parents = json_new_array(rq->ctx.arena), *children = json_new_array(rq->ctx.arena), *o;

	TRY(category_store_get(&rq->ctx, path_arg(rq, "slug"), &k, &above, &nabove, &below, &nbelow));
	for (size_t i = 0; i < nabove; i++)
		json_add(parents, view_category(rq, &above[i]));
	for (size_t i = 0; i < nbelow; i++)
		json_add(children, view_category(rq, &below[i]));
	o = view_category(rq, &k);
	json_set(o, "parents", parents);
	json_set(o, "children", children);
	return respond_content(rq, o);
}

err_t post_import(struct request *rq)
{
	const struct import_query *q = rq->args;
	struct import import;

	TRY(start_import(rq, q->file_name, request_header(rq, "Content-Type"), &import));
	response_header(rq, "Location", arena_printf(rq->ctx.arena, "/api/v1/imports/%s", import.id.s));
	return respond_json(rq, 202, view_import(rq, &import, NULL, 0));
}

err_t get_imports(struct request *rq)
{
	const struct import_query *q = rq->args;
	size_t limit = q->limit > 0 ? (size_t)q->limit : LIST_DEFAULT, n;
	struct import *rows;
	struct uuid behind;
	json_t *list = json_new_array(rq->ctx.arena);

	if (q->cursor != NULL && !uuid_parse(str_of(q->cursor), &behind))
		return fail(&rq->ctx, &ERR_BAD_REQUEST, "the cursor is not one of this list");
	TRY(import_store_list(&rq->ctx, q->cursor, (int64_t)limit + 1, &rows, &n));
	for (size_t i = 0; i < n && i < limit; i++)
		json_add(list, view_import(rq, &rows[i], NULL, 0));
	return respond_list(rq, list, n > limit ? rows[limit - 1].id.s : NULL);
}

err_t get_import(struct request *rq)
{
	struct uuid id;
	struct import import;
	struct import_error *errors;
	size_t n;

	TRY(path_uuid(rq, "id", &id));
	TRY(import_store_get(&rq->ctx, &id, &import, &errors, &n));
	return respond_content(rq, view_import(rq, &import, errors, n));
}
