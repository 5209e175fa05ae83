/* handlers_admin.c - orders in the back office. */
#include "order.h"
#include "app/page.h"
#include "store_order.h"
#include "views.h"
#include <string.h>

#define PAGE_SIZE 50

static const struct viewer EVERYTHING = {.staff = true};

static const char *given(const char *s)
{
	return s != NULL && s[0] != '\0' ? s : NULL;
}

err_t page_admin_orders(struct request *rq)
{
	struct orders_query q = *(const struct orders_query *)rq->args;
	struct orders_wanted w = {.query = &q};
	json_t *context = json_new_object(rq->ctx.arena), *orders = json_new_array(rq->ctx.arena);
	struct order *rows;
	size_t n;
	bool at_first = q.cursor == NULL || !uuid_parse(str_of(q.cursor), &w.before);

	q.limit = PAGE_SIZE;
	q.q = given(q.q);
	q.status = given(q.status);
	if (q.to_us != 0)
		q.to_us += INT64_C(86400000000); /* the day named is included */
	TRY(order_store_list(&rq->ctx, &w, &rows, &n));
	for (size_t i = 0; i < n && i < PAGE_SIZE; i++)
		json_add(orders, view_row_page(rq, &rows[i], "/admin/orders"));
	json_set(context, "filter", view_filter(rq, &q));
	json_set_bool(context, "has_orders", n > 0);
	json_set(context, "orders", orders);
	json_set(context, "pager",
		view_pager(rq, "/admin/orders", n > PAGE_SIZE ? rows[PAGE_SIZE - 1].id.s : NULL, at_first));
	return page_respond(rq, 200, "order/admin-orders", context,
		&(struct page_info){.title = text(rq, "admin.orders.title", NULL, 0), .noindex = true});
}

static void set_actions(struct request *rq, json_t *context, const struct order_details *d)
{
	const char *id = d->order.id.s;
	bool may = subject_can(rq->subject, "orders:write");
	struct uuid key = uuid_v4();

	json_set_bool(context, "can_ship", may && order_shippable(d));
	json_set_text(context, "ship_action", arena_printf(rq->ctx.arena, "/admin/orders/%s/shipments", id));
	json_set(context, "ship_lines", view_ship_lines(rq, d));
	json_set(context, "carriers", view_carriers(rq));
	json_set_bool(context, "can_cancel", may && order_cancellable(&d->order));
	json_set_text(context, "cancel_action", arena_printf(rq->ctx.arena, "/admin/orders/%s/cancel", id));
	json_set_text(context, "idempotency_key", key.s);
}

err_t page_admin_order(struct request *rq)
{
	struct order_details d;
	struct payment_state p;
	struct timeline_entry *events;
	struct uuid id;
	size_t n;
	bool known;
	json_t *context = json_new_object(rq->ctx.arena);

	TRY(path_uuid(rq, "id", &id));
	TRY(order_store_get(&rq->ctx, &id, &EVERYTHING, false, &d));
	TRY(order_store_payment(&rq->ctx, &id, &p, &known));
	TRY(order_store_timeline(&rq->ctx, &id, &events, &n));
	json_set(context, "order", view_admin_order(rq, &d, known ? &p : NULL));
	json_set(context, "timeline", view_admin_timeline(rq, events, n));
	set_actions(rq, context, &d);
	return page_respond(rq, 200, "order/admin-order", context,
		&(struct page_info){
			.title = arena_printf(rq->ctx.arena, "%s %s", text(rq, "order.title", NULL, 0), d.order.number),
			.noindex = true});
}

static err_t lock_order(struct request *rq, struct order_details *d)
{
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	return order_store_get(&rq->ctx, &id, &EVERYTHING, true, d);
}

static err_t back_to_order(struct request *rq, const struct order *o)
{
	return respond_see_other(rq, arena_printf(rq->ctx.arena, "/admin/orders/%s", o->id.s));
}

/* The form's lines: line_id and quantity in pairs; quantity 0 or empty leaves the line out. */
static err_t read_pairs(struct request *rq, struct shipment_input *in)
{
	struct shipment_line_input *lines = arena_array_of(rq->ctx.arena, rq->form.n + 1, struct shipment_line_input);
	struct uuid line = {""};
	int64_t quantity;

	for (size_t i = 0; i < rq->form.n; i++) {
		const struct param *p = &rq->form.list[i];

		if (str_eq(p->name, "line_id") && !uuid_parse(p->value, &line))
			return fail(&rq->ctx, &ERR_BAD_REQUEST, "a line's id is not one");
		if (!str_eq(p->name, "quantity") || p->value.n == 0)
			continue;
		if (!str_int64(p->value, &quantity) || quantity < 0 || quantity > 9999) {
			field_error(&rq->ctx, "quantity", "invalid", "enter a number of items");
			return ctx_check(&rq->ctx);
		}
		if (quantity > 0)
			lines[in->nlines++] = (struct shipment_line_input){.line_id = line, .quantity = quantity};
	}
	in->lines = lines;
	if (in->nlines == 0)
		field_error(&rq->ctx, "quantity", "required", "%s", text(rq, "admin.order.ship_none", NULL, 0));
	return ctx_check(&rq->ctx);
}

/* The API's field names are not the form's: one message beside the quantities. */
static err_t as_form_error(struct request *rq, err_t e)
{
	const char *message;

	if (e != &ERR_INVALID || rq->ctx.errors == NULL)
		return e;
	message = rq->ctx.errors->message;
	ctx_clear_failure(&rq->ctx);
	field_error(&rq->ctx, "quantity", "invalid", "%s", message);
	return ctx_check(&rq->ctx);
}

err_t page_admin_ship(struct request *rq)
{
	struct shipment_input in = *(const struct shipment_input *)rq->input;
	struct actor by = actor_of(rq);
	struct order_details d;
	struct shipment s;

	in.nlines = 0;
	TRY(read_pairs(rq, &in));
	TRY(lock_order(rq, &d));
	TRY(as_form_error(rq, order_ship(&rq->ctx, &d, &by, &in, &s)));
	audit_order(rq, "order.ship", &d.order.id);
	return back_to_order(rq, &d.order);
}

err_t page_admin_deliver(struct request *rq)
{
	struct actor by = actor_of(rq);
	struct order_details d;
	struct uuid shipment;

	TRY(path_uuid(rq, "shipment_id", &shipment));
	TRY(lock_order(rq, &d));
	for (size_t i = 0; i < d.nshipments; i++) {
		if (strcmp(d.shipments[i].id.s, shipment.s) != 0)
			continue;
		TRY(order_deliver(&rq->ctx, &d, &by, &d.shipments[i]));
		audit_order(rq, "order.deliver", &d.order.id);
		return back_to_order(rq, &d.order);
	}
	return fail(&rq->ctx, &ERR_NOT_FOUND, "the order has no such parcel");
}

err_t page_admin_cancel(struct request *rq)
{
	const struct cancel_input *in = rq->input;
	struct actor by = actor_of(rq);
	struct order_details d;

	TRY(lock_order(rq, &d));
	TRY(order_cancel(&rq->ctx, &d, &by, given(in->reason) != NULL ? in->reason : "staff"));
	audit_order(rq, "order.cancel", &d.order.id);
	page_flash(rq, "success", text(rq, "order.cancelled", NULL, 0));
	return back_to_order(rq, &d.order);
}
