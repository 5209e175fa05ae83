/* views_pages.c - orders as shoppers' pages show them: the API's shape with display fields beside it. */
#include "order.h"
#include "views.h"
#include "app/page.h"
#include <string.h>

static void set_address(struct request *rq, json_t *v, const char *key, const json_t *address)
{
	static const char *const MEMBERS[] = {
		"name", "line1", "line2", "city", "region", "postal_code", "country", "phone"};
	json_t *a;

	if (address == NULL) {
		json_set_null(v, key);
		return;
	}
	a = json_new_object(rq->ctx.arena);
	for (size_t i = 0; i < ARRAY_LEN(MEMBERS); i++)
		json_set_text(a, MEMBERS[i], json_text(address, MEMBERS[i], NULL));
	json_set_text(a, "country_name",
		text(rq, arena_printf(rq->ctx.arena, "country.%s", json_text(address, "country", "")), NULL, 0));
	json_set(v, key, a);
}

/* {"size": "M", "colour": "moss"} → "M, moss" */
static const char *options_text(struct request *rq, const json_t *options)
{
	const char *key;
	json_t *value;
	struct buf b;

	buf_init(&b, rq->ctx.arena, 1000);
	json_object_foreach((json_t *)(uintptr_t)options, key, value)
	{
		if (json_is_string(value))
			buf_printf(&b, "%s%s", b.len > 0 ? ", " : "", json_string_value(value));
	}
	return b.len > 0 && buf_ok(&b) ? b.p : NULL;
}

static json_t *view_image(struct request *rq, const struct order_line *l)
{
	json_t *v;

	if (l->image_url == NULL)
		return NULL;
	v = json_new_object(rq->ctx.arena);
	json_set_text(v, "url", l->image_url);
	json_set_text(v, "alt", l->name);
	return v;
}

static json_t *view_line(struct request *rq, const struct order *o, const struct order_line *l)
{
	json_t *v = json_new_object(rq->ctx.arena), *image = view_image(rq, l);

	json_set_text(v, "id", l->id.s);
	json_set_text(v, "sku", l->sku);
	json_set_text(v, "name", l->name);
	json_set_text(v, "options_text", options_text(rq, l->options));
	json_set_int(v, "quantity", l->quantity);
	json_set_int(v, "shipped", l->shipped_quantity);
	json_set_int(v, "to_ship", l->quantity - l->shipped_quantity);
	page_set_money(rq, v, "unit_price", money(l->unit_price_minor, o->currency));
	page_set_money(rq, v, "discount", money(l->discount_minor, o->currency));
	json_set_bool(v, "has_discount", l->discount_minor > 0);
	page_set_money(rq, v, "total", money(l->total_minor, o->currency));
	if (image != NULL)
		json_set(v, "image", image);
	else
		json_set_null(v, "image");
	return v;
}

static json_t *view_totals(struct request *rq, const struct order *o)
{
	json_t *v = json_new_object(rq->ctx.arena);

	page_set_money(rq, v, "subtotal", money(o->subtotal_minor, o->currency));
	page_set_money(rq, v, "discount", money(o->discount_minor, o->currency));
	json_set_bool(v, "has_discount", o->discount_minor > 0);
	page_set_money(rq, v, "shipping", money(o->shipping_minor, o->currency));
	page_set_money(rq, v, "tax", money(o->tax_minor, o->currency));
	json_set_bool(v, "has_tax", o->tax_minor > 0);
	json_set_bool(v, "tax_included", o->tax_included);
	page_set_money(rq, v, "total", money(o->total_minor, o->currency));
	return v;
}

static const char *number_text(struct request *rq, size_t n)
{
	return arena_printf(rq->ctx.arena, "%zu", n);
}

static json_t *view_parcel_lines(struct request *rq, const struct order_details *d, const struct shipment *s)
{
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < d->nshipment_lines; i++) {
		const struct order_line *l = find_line(d, &d->shipment_lines[i].line_id);
		json_t *v;

		if (l == NULL || strcmp(d->shipment_lines[i].shipment_id.s, s->id.s) != 0)
			continue;
		v = json_new_object(rq->ctx.arena);
		json_set_int(v, "quantity", d->shipment_lines[i].quantity);
		json_set_text(v, "name", l->name);
		json_set_text(v, "options_text", options_text(rq, l->options));
		json_add(list, v);
	}
	return list;
}

static json_t *view_parcel(struct request *rq, const struct order_details *d, size_t i)
{
	const struct shipment *s = &d->shipments[i];
	const char *status = s->delivered_us != 0 ? "delivered" : "shipped";
	json_t *v = json_new_object(rq->ctx.arena);

	json_set_text(v, "number_text",
		text(rq, "order.parcel",
			TEXT_ARGS({"number", number_text(rq, i + 1)}, {"count", number_text(rq, d->nshipments)})));
	json_set_text(v, "status", status);
	json_set_text(v, "status_text", text(rq, arena_printf(rq->ctx.arena, "status.parcel.%s", status), NULL, 0));
	json_set_text(v, "carrier_name", s->carrier);
	json_set_text(v, "tracking_number", s->tracking_number);
	json_set_null(v, "tracking_href");
	page_set_time(rq, v, "shipped_at", s->created_us);
	if (s->delivered_us != 0)
		page_set_time(rq, v, "delivered_at", s->delivered_us);
	else
		json_set_null(v, "delivered_at");
	json_set(v, "lines", view_parcel_lines(rq, d, s));
	json_set_bool(v, "can_deliver", s->delivered_us == 0);
	json_set_text(v, "deliver_href",
		arena_printf(rq->ctx.arena, "/admin/orders/%s/shipments/%s/deliver", d->order.id.s, s->id.s));
	return v;
}

static const char *payment_text(struct request *rq, const struct order *o, const struct payment_state *p)
{
	const char *status = p != NULL && p->status != NULL ? p->status : o->payment_status;
	const char *words = text(rq, arena_printf(rq->ctx.arena, "status.payment.%s", status), NULL, 0);

	if (p == NULL || p->method_text == NULL)
		return words;
	return arena_printf(rq->ctx.arena, "%s, %s", p->method_text, words);
}

static void set_invoice(struct request *rq, json_t *v, const struct order *o)
{
	json_t *invoice = json_new_object(rq->ctx.arena), *seller = json_new_array(rq->ctx.arena),
	       *date = json_new_object(rq->ctx.arena);

	json_add_text(seller, rq->app->shop_name);
	json_add_text(seller, rq->app->support_email);
	page_set_time(rq, date, "at", o->placed_us);
	json_set(invoice, "seller_lines", seller);
	json_set_text(invoice, "number_text", text(rq, "order.invoice", TEXT_ARGS({"number", o->number})));
	json_set_text(invoice, "date_text", json_text(json_object_get(date, "at"), "text", ""));
	json_set(v, "invoice", invoice);
}

static void set_lists(struct request *rq, json_t *v, const struct order_details *d)
{
	json_t *lines = json_new_array(rq->ctx.arena), *parcels = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < d->nlines; i++)
		json_add(lines, view_line(rq, &d->order, &d->lines[i]));
	for (size_t i = 0; i < d->nshipments; i++)
		json_add(parcels, view_parcel(rq, d, i));
	json_set(v, "lines", lines);
	json_set(v, "totals", view_totals(rq, &d->order));
	json_set_bool(v, "has_parcels", d->nshipments > 0);
	json_set(v, "parcels", parcels);
}

static bool payment_is(const struct payment_state *p, const char *status)
{
	return p != NULL && p->status != NULL && strcmp(p->status, status) == 0;
}

/* What the shopper can do; payment-service knows a moment before the order does. */
static void set_choices(struct request *rq, json_t *v, const struct order *o, const struct payment_state *p)
{
	bool unpaid = order_awaits_payment(o);
	bool arrived = unpaid && (payment_is(p, "succeeded") || payment_is(p, "authorized"));
	bool deciding = unpaid && payment_is(p, "processing");
	bool open = unpaid && !arrived && !deciding;

	json_set_text(v, "pay_href", open ? arena_printf(rq->ctx.arena, "/pay/%s", o->payment_id.s) : NULL);
	json_set_bool(v, "is_paid", order_paid(o) || arrived);
	json_set_bool(v, "is_pending", deciding);
	json_set_bool(v, "can_cancel", unpaid ? open : order_cancellable(o));
	json_set_text(v, "cancel_href", arena_printf(rq->ctx.arena, "/track/%s/cancel", o->tracking_token.s));
	json_set_text(v, "track_href", arena_printf(rq->ctx.arena, "/track/%s", o->tracking_token.s));
}

json_t *view_order_page(struct request *rq, const struct order_details *d, const struct payment_state *p)
{
	const struct order *o = &d->order;
	json_t *v = json_new_object(rq->ctx.arena);

	json_set_text(v, "id", o->id.s);
	json_set_text(v, "number", o->number);
	json_set_text(v, "email", o->email);
	json_set_text(v, "status", o->status);
	json_set_text(v, "status_text", text(rq, arena_printf(rq->ctx.arena, "status.order.%s", o->status), NULL, 0));
	json_set_text(v, "payment_status", o->payment_status);
	json_set_text(v, "fulfilment_status", o->fulfilment_status);
	page_set_time(rq, v, "placed_at", o->placed_us);
	set_lists(rq, v, d);
	set_address(rq, v, "shipping_address", o->shipping_address);
	set_address(rq, v, "billing_address", o->billing_address);
	set_choices(rq, v, o, p);
	json_set_text(v, "payment_text", payment_text(rq, o, p));
	set_invoice(rq, v, o);
	return v;
}

json_t *view_timeline(struct request *rq, const struct timeline_entry *rows, size_t n)
{
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < n; i++) {
		json_t *v = json_new_object(rq->ctx.arena);

		page_set_time(rq, v, "at", rows[i].at_us);
		json_set_text(v, "text", text(rq, arena_printf(rq->ctx.arena, "order.event.%s", rows[i].event), NULL, 0));
		/* Others' words: a reason, a failure code. Only the parcel's are for the customer. */
		json_set_text(v, "detail", strncmp(rows[i].event, "shipment_", 9) == 0 ? rows[i].detail : NULL);
		json_add(list, v);
	}
	return list;
}

struct step {
	const char *key;
	int64_t at_us;
	bool done;
};

static int64_t first_shipped(const struct order_details *d)
{
	return d->nshipments > 0 ? d->shipments[0].created_us : 0;
}

static int64_t last_delivered(const struct order_details *d)
{
	int64_t last = 0;

	for (size_t i = 0; i < d->nshipments; i++)
		if (d->shipments[i].delivered_us > last)
			last = d->shipments[i].delivered_us;
	return last;
}

/* The first step that is not done is the one the order is at; when all are, the last. */
json_t *view_progress(struct request *rq, const struct order_details *d)
{
	const struct order *o = &d->order;
	bool delivered = strcmp(o->fulfilment_status, "delivered") == 0;
	bool shipped = delivered || strcmp(o->fulfilment_status, "shipped") == 0;
	const struct step alive[] = {
		{"placed", o->placed_us, true},
		{"paid", o->paid_us, order_paid(o)},
		{"packed", first_shipped(d), shipped},
		{"shipped", first_shipped(d), delivered},
		{"delivered", delivered ? last_delivered(d) : 0, delivered},
	};
	const struct step dead[] = {{"placed", o->placed_us, true}, {"cancelled", o->cancelled_us, true}};
	const struct step *steps = o->cancelled_us != 0 ? dead : alive;
	size_t n = o->cancelled_us != 0 ? ARRAY_LEN(dead) : ARRAY_LEN(alive), current = n - 1;
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = n; i-- > 0;)
		if (!steps[i].done)
			current = i;
	for (size_t i = 0; i < n; i++) {
		json_t *v = json_new_object(rq->ctx.arena);

		json_set_text(v, "text", text(rq, arena_printf(rq->ctx.arena, "order.step.%s", steps[i].key), NULL, 0));
		if (steps[i].at_us != 0)
			page_set_time(rq, v, "at", steps[i].at_us);
		else
			json_set_null(v, "at");
		json_set_bool(v, "done", steps[i].done && i != current);
		json_set_bool(v, "current", i == current);
		json_add(list, v);
	}
	return list;
}

json_t *view_row_page(struct request *rq, const struct order *o, const char *href_prefix)
{
	const char *count = arena_printf(rq->ctx.arena, "%lld", (long long)o->item_count);
	json_t *v = json_new_object(rq->ctx.arena);

	json_set_text(v, "number", o->number);
	json_set_text(v, "href", arena_printf(rq->ctx.arena, "%s/%s", href_prefix, o->id.s));
	json_set_text(v, "email", o->email);
	json_set_text(v, "name", o->name);
	json_set_text(v, "country", o->country);
	json_set_text(v, "status", o->status);
	json_set_text(v, "status_text", text(rq, arena_printf(rq->ctx.arena, "status.order.%s", o->status), NULL, 0));
	json_set_text(v, "payment_status", o->payment_status);
	json_set_text(v, "payment_status_text",
		text(rq, arena_printf(rq->ctx.arena, "status.payment.%s", o->payment_status), NULL, 0));
	page_set_time(rq, v, "placed_at", o->placed_us);
	page_set_money(rq, v, "total", money(o->total_minor, o->currency));
	json_set_text(v, "items_text",
		text(rq, o->item_count == 1 ? "cart.items.one" : "cart.items.other", TEXT_ARGS({"count", count})));
	return v;
}

json_t *view_pager(struct request *rq, const char *path, const char *next_cursor, bool at_first)
{
	json_t *v = json_new_object(rq->ctx.arena);
	struct buf b;

	buf_init(&b, rq->ctx.arena, 4096);
	buf_puts(&b, path);
	buf_puts(&b, "?");
	for (size_t i = 0; i < rq->query.n; i++) {
		if (str_eq(rq->query.list[i].name, "cursor") || rq->query.list[i].value.n == 0)
			continue;
		buf_url(&b, rq->query.list[i].name);
		buf_putc(&b, '=');
		buf_url(&b, rq->query.list[i].value);
		buf_putc(&b, '&');
	}
	json_set_text(v, "first_href", at_first || !buf_ok(&b) ? NULL : b.p);
	json_set_text(v, "next_href",
		next_cursor == NULL || !buf_ok(&b) ? NULL
						   : arena_printf(rq->ctx.arena, "%scursor=%s", b.p, next_cursor));
	json_set_null(v, "range_text");
	return v;
}
