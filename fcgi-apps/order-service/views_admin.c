/* views_admin.c - orders as staff see them. */
#include "order.h"
#include "views.h"
#include "app/page.h"
#include <string.h>

/* Whom we usually give parcels to; the API takes any name. */
static const char *const CARRIERS[] = {"DHL", "DPD", "GLS", "Hermes", "UPS", "FedEx", "Post"};

json_t *view_carriers(struct request *rq)
{
	const char *chosen = form_value(rq, "carrier");
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < ARRAY_LEN(CARRIERS); i++) {
		json_t *v = json_new_object(rq->ctx.arena);

		json_set_text(v, "value", CARRIERS[i]);
		json_set_text(v, "text", CARRIERS[i]);
		json_set_bool(v, "selected", chosen != NULL ? strcmp(chosen, CARRIERS[i]) == 0 : i == 0);
		json_add(list, v);
	}
	return list;
}

/* What the form said for this line the last time, or all that is left. */
static int64_t wanted_quantity(struct request *rq, const struct order_line *l)
{
	const char *line = NULL;
	int64_t quantity;

	for (size_t i = 0; i < rq->form.n; i++) {
		const struct param *p = &rq->form.list[i];

		if (str_eq(p->name, "line_id"))
			line = p->value.p;
		else if (str_eq(p->name, "quantity") && line != NULL && strcmp(line, l->id.s) == 0 &&
			 str_int64(p->value, &quantity))
			return quantity;
	}
	return l->quantity - l->shipped_quantity;
}

json_t *view_ship_lines(struct request *rq, const struct order_details *d)
{
	json_t *page = view_order_page(rq, d, NULL), *lines = json_object_get(page, "lines"),
	       *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < d->nlines; i++) {
		const struct order_line *l = &d->lines[i];
		json_t *v;

		if (l->shipped_quantity == l->quantity)
			continue;
		v = json_new_object(rq->ctx.arena);
		json_set_text(v, "line_id", l->id.s);
		json_set_text(v, "name", l->name);
		json_set_text(v, "options_text", json_text(json_array_get(lines, i), "options_text", NULL));
		json_set_text(v, "sku", l->sku);
		json_set_int(v, "max", l->quantity - l->shipped_quantity);
		json_set_int(v, "quantity", wanted_quantity(rq, l));
		json_add(list, v);
	}
	return list;
}

static json_t *view_payment(struct request *rq, const struct order *o, const struct payment_state *p)
{
	const char *status = p != NULL && p->status != NULL ? p->status : o->payment_status;
	json_t *v = json_new_object(rq->ctx.arena);

	json_set_text(v, "status", status);
	json_set_text(v, "status_text", text(rq, arena_printf(rq->ctx.arena, "status.payment.%s", status), NULL, 0));
	page_set_money(rq, v, "amount", money(o->total_minor, o->currency));
	page_set_money(rq, v, "captured", money(order_paid(o) ? o->total_minor : 0, o->currency));
	page_set_money(rq, v, "refunded", money(0, o->currency));
	json_set_text(v, "card_text", p != NULL ? p->method_text : NULL);
	json_set_text(v, "href", arena_printf(rq->ctx.arena, "/admin/payments?q=%s", o->number));
	return v;
}

json_t *view_admin_order(struct request *rq, const struct order_details *d, const struct payment_state *p)
{
	const struct order *o = &d->order;
	json_t *v = view_order_page(rq, d, p);
	struct buf b;

	buf_init(&b, rq->ctx.arena, 2048);
	buf_puts(&b, "/admin/customers?q=");
	buf_url(&b, str_of(o->email));
	json_set_text(v, "customer_href", uuid_is_set(&o->user_id) && buf_ok(&b) ? b.p : NULL);
	json_set_text(v, "note", o->note);
	json_set_text(v, "shipping_text", o->shipping_name);
	json_set(v, "payment", view_payment(rq, o, p));
	return v;
}

json_t *view_admin_timeline(struct request *rq, const struct timeline_entry *rows, size_t n)
{
	json_t *list = json_new_array(rq->ctx.arena);

	/* Newest first. */
	for (size_t i = n; i-- > 0;) {
		const struct timeline_entry *t = &rows[i];
		json_t *v = json_new_object(rq->ctx.arena);

		page_set_time(rq, v, "at", t->at_us);
		json_set_text(v, "text", text(rq, arena_printf(rq->ctx.arena, "order.event.%s", t->event), NULL, 0));
		json_set_text(v, "actor", t->actor_name);
		json_set_text(v, "detail", t->detail);
		json_set_text(v, "state_text",
			t->state != NULL ? text(rq, arena_printf(rq->ctx.arena, "status.order.%s", t->state), NULL, 0) : NULL);
		json_set_text(v, "position",
			t->position != 0 ? arena_printf(rq->ctx.arena, "%lld", (long long)t->position) : NULL);
		json_set_text(v, "attempts", t->attempts != 0 ? arena_printf(rq->ctx.arena, "%d", t->attempts) : NULL);
		json_set_text(v, "request_id", t->request_id);
		json_add(list, v);
	}
	return list;
}

/* "2026-03-01", or "" when it is not asked for. */
static const char *day_text(struct request *rq, const char *name)
{
	const char *value = params_get(&rq->query, name);

	return value != NULL ? value : "";
}

json_t *view_filter(struct request *rq, const struct orders_query *q)
{
	static const char *const STATES[] = {
		"pending_payment", "paid", "partially_shipped", "shipped", "delivered", "cancelled", "refunded",
		"partially_refunded"};
	json_t *v = json_new_object(rq->ctx.arena), *states = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < ARRAY_LEN(STATES); i++) {
		json_t *s = json_new_object(rq->ctx.arena);

		json_set_text(s, "value", STATES[i]);
		json_set_text(s, "text", text(rq, arena_printf(rq->ctx.arena, "status.order.%s", STATES[i]), NULL, 0));
		json_set_bool(s, "selected", q->status != NULL && strcmp(q->status, STATES[i]) == 0);
		json_add(states, s);
	}
	json_set_text(v, "action", "/admin/orders");
	json_set_text(v, "q", q->q != NULL ? q->q : "");
	json_set_text(v, "q_label", text(rq, "admin.search_orders", NULL, 0));
	json_set_bool(v, "has_states", true);
	json_set(v, "states", states);
	json_set_text(v, "from", day_text(rq, "from"));
	json_set_text(v, "to", day_text(rq, "to"));
	return v;
}
