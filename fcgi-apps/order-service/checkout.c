/* checkout.c - a cart becomes an order: one transaction, two round trips. */
#include "order.h"
#include "store_order.h"
#include "views.h"
#include "data/clock.h"
#include <ctype.h>
#include <sodium.h>
#include <string.h>

#define CUSTOMER_KEY_BYTES 16

static const char *or_null(const char *s)
{
	return s != NULL && s[0] != '\0' ? s : NULL;
}

static struct uuid uuid_of(const json_t *object, const char *key)
{
	struct uuid id;

	return uuid_parse(str_of(json_text(object, key, NULL)), &id) ? id : (struct uuid){""};
}

/* Tells returning customers apart in events without saying who they are (HMAC-SHA-256 of the address). */
static const char *customer_key_of(struct ctx *c, const char *email, const char *secret)
{
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state state;
	char *lower = arena_strdup(c->arena, email);

	for (char *p = lower; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	crypto_auth_hmacsha256_init(&state, (const unsigned char *)secret, strlen(secret));
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)lower, strlen(lower));
	crypto_auth_hmacsha256_final(&state, mac);
	return hex(c->arena, mac, CUSTOMER_KEY_BYTES);
}

static void read_line(struct ctx *c, const json_t *from, struct order_line *l)
{
	json_t *options = json_object_get(from, "options");

	*l = (struct order_line){
		.id = uuid_v7(),
		.product_id = uuid_of(from, "product_id"),
		.variant_id = uuid_of(from, "variant_id"),
		.sku = json_text(from, "sku", ""),
		.name = json_text(from, "name", ""),
		.image_url = or_null(json_text(from, "image_url", NULL)),
		.category = or_null(json_text(from, "category", NULL)),
		.options = options != NULL ? options : json_new_object(c->arena),
		.quantity = json_int(from, "quantity", 0),
		.unit_price_minor = json_int(from, "unit_price_minor", -1),
		.discount_minor = json_int(from, "discount_minor", 0),
		.total_minor = json_int(from, "total_minor", -1),
		.tax_minor = json_int(from, "tax_minor", 0),
		.tax_rate_bp = (int32_t)json_int(from, "tax_rate_bp", 0),
	};
}

static void copy_quote(struct ctx *c, const struct quote *q, struct order_details *d)
{
	struct order *o = &d->order;
	size_t i;
	json_t *line;

	memcpy(o->currency, q->currency, sizeof(o->currency));
	o->subtotal_minor = q->subtotal_minor;
	o->discount_minor = q->discount_minor;
	o->shipping_minor = q->shipping_minor;
	o->tax_minor = q->tax_minor;
	o->total_minor = q->total_minor;
	o->tax_included = q->tax_included;
	o->shipping_option = q->shipping_option;
	o->shipping_name = q->shipping_name;
	o->country = q->country;
	d->nlines = json_array_size(q->lines);
	d->lines = arena_array_of(c->arena, d->nlines, struct order_line);
	json_array_foreach(q->lines, i, line)
	{
		read_line(c, line, &d->lines[i]);
		o->item_count += d->lines[i].quantity;
	}
}

/* Given with the request, or stored with the cart by the checkout pages. */
static err_t copy_contact(struct ctx *c, const struct placing *p, const struct quote *q, struct order *o)
{
	o->email = p->email != NULL ? p->email : or_null(json_text(q->contact, "email", NULL));
	o->note = p->email != NULL ? or_null(p->note) : or_null(json_text(q->contact, "note", NULL));
	o->shipping_address =
		p->shipping_address != NULL ? p->shipping_address : json_object_get(q->contact, "shipping_address");
	o->billing_address = p->billing_address;
	if (o->email == NULL || o->shipping_address == NULL)
		return fail(c, &ERR_CONTACT_MISSING, "the order needs an e-mail address and a shipping address");
	o->name = json_text(o->shipping_address, "name", "");
	o->customer_key = customer_key_of(c, o->email, q->pseudonym_secret);
	return OK;
}

static void write_order(struct request *rq, const struct order_details *d)
{
	struct ctx *c = &rq->ctx;
	const struct actor by = {.kind = "customer"};

	checkout_store_insert(c, d);
	change_store_note(c, &d->order.id, &by, "order_placed", NULL);
	checkout_store_open_payment(c, &d->order);
	event_emit(c, &(struct event){.topic = "order.placed",
			      .aggregate_type = "order",
			      .aggregate_id = d->order.id.s,
			      .order_key = d->order.id.s,
			      .payload = order_event_payload(c, d)});
	checkout_store_reserve(c, d);
}

err_t order_place(struct request *rq, const struct placing *p, struct order_details *placed_r)
{
	struct ctx *c = &rq->ctx;
	struct order_details d = {.order = {
					  .id = uuid_v7(),
					  .user_id = rq->subject->user_id,
					  .cart_id = p->cart_id,
					  .payment_id = uuid_v4(),
					  .tracking_token = uuid_v4(),
					  .number = order_number_new(c->arena),
					  .status = "pending_payment",
					  .payment_status = "pending",
					  .fulfilment_status = "unfulfilled",
					  .placed_us = clock_now_us(),
					  .version = 1,
				  }};
	struct quote quote;

	TRY(checkout_store_take_quote(c, p, &quote));
	copy_quote(c, &quote, &d);
	TRY(copy_contact(c, p, &quote, &d.order));
	TRY(check_quote(c, &quote, &rq->subject->user_id, d.order.shipping_address));
	write_order(rq, &d);
	*placed_r = d;
	return OK;
}
