/* handlers_stock.c - the stock API. */
#include "inventory.h"
#include "app/auth.h"
#include "store_stock.h"

#define LIST_DEFAULT 24

static int64_t limit_of(const struct stock_query *q)
{
	return q->limit > 0 ? q->limit : LIST_DEFAULT;
}

err_t get_stock_list(struct request *rq)
{
	struct stock_query q = *(const struct stock_query *)rq->args;
	size_t limit = (size_t)limit_of(&q), n;
	struct stock *rows;
	json_t *data = json_new_array(rq->ctx.arena);

	q.limit = (int64_t)limit + 1;
	TRY(stock_store_list(&rq->ctx, &q, &rows, &n));
	for (size_t i = 0; i < n && i < limit; i++)
		json_add(data, view_stock(rq, &rows[i], NULL, 0));
	return respond_list(rq, data, n > limit ? rows[limit - 1].sku : NULL);
}

static err_t respond_stock(struct request *rq, int status, const char *sku)
{
	struct stock stock;
	struct shelf *shelves;
	size_t n;

	TRY(stock_store_get(&rq->ctx, sku, &stock, &shelves, &n));
	return respond_resource(rq, status, view_stock(rq, &stock, shelves, n), stock.version);
}

err_t get_stock(struct request *rq)
{
	return respond_stock(rq, 200, path_arg(rq, "sku"));
}

void audit_adjustment(struct request *rq, const char *sku, const struct adjustment *in)
{
	json_t *after = json_new_object(rq->ctx.arena);

	json_set_text(after, "warehouse", in->warehouse);
	json_set_int(after, "delta", in->delta);
	json_set_text(after, "reason", in->reason);
	audit_record(rq,
		&(struct audit_entry){
			.action = "stock.adjust", .object_type = "stock", .object_id = sku, .after = after});
}

err_t post_adjustment(struct request *rq)
{
	TRY(stock_store_adjust(&rq->ctx, path_arg(rq, "sku"), rq->input, rq->subject->user_id.s));
	audit_adjustment(rq, path_arg(rq, "sku"), rq->input);
	return respond_stock(rq, 201, path_arg(rq, "sku"));
}

err_t get_movements(struct request *rq)
{
	const struct stock_query *q = rq->args;
	size_t limit = (size_t)limit_of(q), n;
	struct movement *rows;
	int64_t before = 0;
	json_t *data = json_new_array(rq->ctx.arena);

	if (q->cursor != NULL && !str_int64(str_of(q->cursor), &before))
		return fail(&rq->ctx, &ERR_BAD_REQUEST, "the cursor is not one of this list");
	TRY(stock_store_movements(&rq->ctx, path_arg(rq, "sku"), before, (int64_t)limit + 1, &rows, &n));
	for (size_t i = 0; i < n && i < limit; i++)
		json_add(data, view_movement(rq, &rows[i]));
	return respond_list(rq, data, n > limit ? arena_printf(rq->ctx.arena, "%lld", (long long)rows[limit - 1].id) : NULL);
}

err_t get_warehouses(struct request *rq)
{
	struct shelf *rows;
	size_t n;
	json_t *data = json_new_array(rq->ctx.arena);

	TRY(stock_store_warehouses(&rq->ctx, &rows, &n));
	for (size_t i = 0; i < n; i++)
		json_add(data, view_warehouse(rq, &rows[i]));
	return respond_list(rq, data, NULL);
}
