/* handlers_pages.c - stock in the back office. */
#include "inventory.h"
#include "app/auth.h"
#include "app/page.h"
#include "store_stock.h"
#include <string.h>

#define LIST_PATH "/admin/inventory"

static const struct {
	const char *state, *level, *key; /* stock_state() → the badge and its words */
} LEVELS[] = {
	{"ok", "good", "product.in_stock"},
	{"low", "low", "admin.inventory.states.low"},
	{"out", "none", "admin.inventory.states.out"},
	{"short", "none", "admin.inventory.states.short"},
};

static json_t *new_choice(struct request *rq, const char *value, const char *words, bool selected)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "value", value);
	json_set_text(o, "text", words);
	json_set_bool(o, "selected", selected);
	return o;
}

static json_t *view_filter(struct request *rq, const struct stock_query *q)
{
	json_t *filter = json_new_object(rq->ctx.arena), *states = json_new_array(rq->ctx.arena);

	for (size_t i = 1; i < ARRAY_LEN(LEVELS); i++)
		json_add(states, new_choice(rq, LEVELS[i].state, text(rq, LEVELS[i].key, NULL, 0),
					 q->state != NULL && strcmp(q->state, LEVELS[i].state) == 0));
	json_set_text(filter, "action", LIST_PATH);
	json_set_text(filter, "q", q->q);
	json_set_text(filter, "q_label", text(rq, "admin.sku", NULL, 0));
	json_set_bool(filter, "has_states", true);
	json_set(filter, "states", states);
	return filter;
}

static json_t *view_row(struct request *rq, const struct stock *s)
{
	json_t *o = view_stock(rq, s, NULL, 0);
	struct buf href;

	buf_init(&href, rq->ctx.arena, 512);
	buf_puts(&href, LIST_PATH "/");
	buf_url(&href, str_of(s->sku));
	json_set_text(o, "href", href.p);
	json_set_text(o, "product_name", s->name);
	for (size_t i = 0; i < ARRAY_LEN(LEVELS); i++) {
		if (strcmp(LEVELS[i].state, stock_state(s)) != 0)
			continue;
		json_set_text(o, "level", LEVELS[i].level);
		json_set_text(o, "level_text", text(rq, LEVELS[i].key, NULL, 0));
	}
	return o;
}

/* What the adjustment form offers. */
static err_t add_form(struct request *rq, json_t *context, const char *sku)
{
	static const char *const reasons[] = {"count", "damaged", "lost", "found", "other"};
	json_t *warehouses = json_new_array(rq->ctx.arena), *choices = json_new_array(rq->ctx.arena);
	const char *chosen = form_value(rq, "warehouse"), *reason = form_value(rq, "reason");
	struct uuid key = uuid_v4();
	struct shelf *rows;
	size_t n;

	TRY(stock_store_warehouses(&rq->ctx, &rows, &n));
	for (size_t i = 0; i < n; i++)
		json_add(warehouses, new_choice(rq, rows[i].code, rows[i].name, chosen ? strcmp(chosen, rows[i].code) == 0 : i == 0));
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		json_add(choices, new_choice(rq, reasons[i],
					  text(rq, arena_printf(rq->ctx.arena, "admin.inventory.reasons.%s", reasons[i]), NULL, 0),
					  reason ? strcmp(reason, reasons[i]) == 0 : i == 0));
	json_set(context, "warehouses", warehouses);
	json_set(context, "reasons", choices);
	json_set_text(context, "adjust_action", LIST_PATH "/adjustments");
	json_set_text(context, "idempotency_key", key.s);
	json_set_bool(context, "can_write", subject_can(rq->subject, "inventory:write"));
	if (sku != NULL) {
		json_t *form = json_new_object(rq->ctx.arena), *values = json_new_object(rq->ctx.arena);

		json_set_text(values, "sku", sku);
		json_set(form, "values", values);
		json_set(context, "form", form);
	}
	return OK;
}

static json_t *view_pager(struct request *rq, const char *first_href, const char *next_href)
{
	json_t *pager = json_new_object(rq->ctx.arena);

	json_set_text(pager, "first_href", first_href);
	json_set_text(pager, "next_href", next_href);
	json_set_null(pager, "range_text");
	return pager;
}

static const char *next_list_href(struct request *rq, const struct stock_query *q, const char *last_sku)
{
	struct buf b;

	buf_init(&b, rq->ctx.arena, 2048);
	buf_puts(&b, LIST_PATH "?cursor=");
	buf_url(&b, str_of(last_sku));
	if (q->q != NULL) {
		buf_puts(&b, "&q=");
		buf_url(&b, str_of(q->q));
	}
	if (q->state != NULL) {
		buf_puts(&b, "&state=");
		buf_puts(&b, q->state);
	}
	return b.p;
}

err_t page_inventory(struct request *rq)
{
	static const struct stock_query none;
	struct stock_query q = rq->args ? *(const struct stock_query *)rq->args : none;
	json_t *context = json_new_object(rq->ctx.arena), *list = json_new_array(rq->ctx.arena);
	struct stock *rows;
	size_t n;

	q.limit = PAGE_ROWS + 1;
	TRY(stock_store_list(&rq->ctx, &q, &rows, &n));
	for (size_t i = 0; i < n && i < PAGE_ROWS; i++)
		json_add(list, view_row(rq, &rows[i]));
	TRY(add_form(rq, context, NULL));
	json_set(context, "filter", view_filter(rq, &q));
	json_set_bool(context, "has_stock", n > 0);
	json_set(context, "stock", list);
	json_set(context, "pager", view_pager(rq, q.cursor ? LIST_PATH : NULL, n > PAGE_ROWS ? next_list_href(rq, &q, rows[PAGE_ROWS - 1].sku) : NULL));
	return page_respond(rq, 200, "inventory/admin-inventory", context,
		&(struct page_info){.title = text(rq, "admin.inventory.title", NULL, 0), .noindex = true});
}

static json_t *view_movement_row(struct request *rq, const struct movement *m)
{
	json_t *o = json_new_object(rq->ctx.arena);
	bool shipped = m->reference != NULL;

	page_set_time(rq, o, "at", m->created_us);
	json_set_text(o, "kind", shipped ? "ship" : "adjust");
	json_set_text(o, "kind_text", text(rq, shipped ? "admin.inventory.kinds.ship" : "admin.inventory.kinds.adjust", NULL, 0));
	json_set_text(o, "warehouse_name", m->warehouse);
	json_set_text(o, "delta_text", arena_printf(rq->ctx.arena, m->delta > 0 ? "+%lld" : "−%lld", (long long)(m->delta > 0 ? m->delta : -m->delta)));
	json_set_int(o, "on_hand_after", m->on_hand_after);
	json_set_text(o, "reason_text", m->reason);
	json_set_null(o, "actor");
	json_set_null(o, "reference_text");
	json_set_null(o, "reference_href");
	return o;
}

static json_t *view_shelves(struct request *rq, const struct shelf *shelves, size_t n)
{
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < n; i++) {
		json_t *o = json_new_object(rq->ctx.arena);

		json_set_text(o, "warehouse_name", shelves[i].name);
		json_set_int(o, "on_hand", shelves[i].on_hand);
		json_add(list, o);
	}
	return list;
}

err_t page_stock(struct request *rq)
{
	const struct stock_query *q = rq->args;
	const char *sku = path_arg(rq, "sku"), *next = NULL;
	json_t *context = json_new_object(rq->ctx.arena), *list = json_new_array(rq->ctx.arena);
	struct stock stock;
	struct shelf *shelves;
	struct movement *rows;
	size_t nshelves, n;
	int64_t before = 0;

	if (q->cursor != NULL && !str_int64(str_of(q->cursor), &before))
		return fail(&rq->ctx, &ERR_NOT_FOUND, "there is no such page");
	TRY(stock_store_get(&rq->ctx, sku, &stock, &shelves, &nshelves));
	TRY(stock_store_movements(&rq->ctx, sku, before, PAGE_ROWS + 1, &rows, &n));
	for (size_t i = 0; i < n && i < PAGE_ROWS; i++)
		json_add(list, view_movement_row(rq, &rows[i]));
	if (n > PAGE_ROWS)
		next = arena_printf(rq->ctx.arena, "?cursor=%lld", (long long)rows[PAGE_ROWS - 1].id);
	TRY(add_form(rq, context, sku));
	json_set_text(context, "sku", sku);
	json_set_text(context, "product_name", stock.name);
	json_set_text(context, "product_href", stock.slug ? arena_printf(rq->ctx.arena, "/p/%s", stock.slug) : NULL);
	json_set(context, "stock", view_stock(rq, &stock, NULL, 0));
	json_set(context, "warehouses_stock", view_shelves(rq, shelves, nshelves));
	json_set_bool(context, "has_movements", n > 0);
	json_set(context, "movements", list);
	json_set(context, "pager", view_pager(rq, before ? "?" : NULL, next));
	return page_respond(rq, 200, "inventory/admin-stock", context, &(struct page_info){.title = sku, .noindex = true});
}

err_t page_adjust(struct request *rq)
{
	const struct adjustment *in = rq->input;

	TRY(stock_store_adjust(&rq->ctx, in->sku, in, rq->subject->user_id.s));
	audit_adjustment(rq, in->sku, in);
	page_flash(rq, "success", text(rq, "form.saved", NULL, 0));
	return respond_see_other(rq, LIST_PATH);
}
