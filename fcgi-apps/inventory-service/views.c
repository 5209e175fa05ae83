/* views.c - the only place that names output fields of stock. */
#include "inventory.h"
#include "app/page.h"

json_t *view_warehouse(struct request *rq, const struct shelf *w)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "id", w->warehouse_id.s);
	json_set_text(o, "code", w->code);
	json_set_text(o, "name", w->name);
	json_set_text(o, "country", w->country);
	json_set_int(o, "on_hand", w->on_hand);
	return o;
}

json_t *view_stock(struct request *rq, const struct stock *s, const struct shelf *shelves, size_t nshelves)
{
	json_t *o = json_new_object(rq->ctx.arena);
	json_t *list = json_new_array(rq->ctx.arena);

	json_set_text(o, "sku", s->sku);
	json_set_text(o, "name", s->name);
	json_set_int(o, "on_hand", s->on_hand);
	json_set_int(o, "reserved", s->reserved);
	json_set_int(o, "available", s->available);
	json_set_int(o, "backorder_limit", s->backorder_limit);
	json_set_int(o, "shortfall", s->shortfall);
	json_set_text(o, "state", stock_state(s));
	if (shelves == NULL)
		return o;
	for (size_t i = 0; i < nshelves; i++)
		json_add(list, view_warehouse(rq, &shelves[i]));
	json_set(o, "warehouses", list);
	return o;
}

json_t *view_movement(struct request *rq, const struct movement *m)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_int(o, "id", m->id);
	json_set_text(o, "warehouse", m->warehouse);
	json_set_int(o, "delta", m->delta);
	json_set_int(o, "on_hand_after", m->on_hand_after);
	json_set_text(o, "reason", m->reason);
	json_set_text(o, "reference", m->reference);
	json_set_time(o, "created_at", m->created_us);
	return o;
}
