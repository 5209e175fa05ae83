/* order_rules.c - fcgi-apps/order-service/rules.c and what views derive, without database or HTTP. */
#include "testing.h"

#include <string.h>

#include "order.h"
#include "views.h"

static struct order_line lines[2];
static struct shipment shipments[2];
static struct order_details d;
static struct ctx *c;

static int each(void **state)
{
	(void)state;
	c = test_ctx_of(NULL);
	lines[0] = (struct order_line){.id = uuid_v7(), .sku = "A", .name = "A", .quantity = 3};
	lines[1] = (struct order_line){.id = uuid_v7(), .sku = "B", .name = "B", .quantity = 1};
	d = (struct order_details){.order = {.id = uuid_v7(),
					   .number = "E1",
					   .payment_status = "succeeded",
					   .fulfilment_status = "unfulfilled",
					   .paid_us = 1},
		.lines = lines,
		.nlines = 2,
		.shipments = shipments};
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_db_close();
	return 0;
}

static const char *ship(const struct shipment_line_input *list, size_t n)
{
	struct shipment_input in = {.lines = list, .nlines = n, .carrier = "dhl"};
	const char *becomes = NULL;

	c->errors = NULL;
	c->errors_end = &c->errors;
	if (check_shipment(c, &d, &in, &becomes) == OK)
		return becomes;
	return c->errors != NULL ? c->errors->code : "refused";
}

static void shipments_fit_what_is_left(void **state)
{
	const struct uuid a = lines[0].id, b = lines[1].id, other = uuid_v7();

	(void)state;
	assert_string_equal(ship((struct shipment_line_input[]){{a, 3}, {b, 1}}, 2), "shipped");
	assert_string_equal(ship((struct shipment_line_input[]){{a, 3}}, 1), "partially_shipped");
	assert_string_equal(ship((struct shipment_line_input[]){{a, 4}}, 1), "too_large");
	assert_string_equal(ship((struct shipment_line_input[]){{a, 1}, {a, 2}}, 2), "duplicate");
	assert_string_equal(ship((struct shipment_line_input[]){{other, 1}}, 1), "unknown");
	lines[0].shipped_quantity = 2;
	assert_string_equal(ship((struct shipment_line_input[]){{a, 2}}, 1), "too_large");
	assert_string_equal(ship((struct shipment_line_input[]){{a, 1}, {b, 1}}, 2), "shipped");
	d.order.cancelled_us = 1;
	assert_string_equal(ship((struct shipment_line_input[]){{a, 1}}, 1), "refused");
	d.order.cancelled_us = 0;
	d.order.paid_us = 0;
	assert_string_equal(ship((struct shipment_line_input[]){{a, 1}}, 1), "refused");
	assert_false(order_shippable(&d));
}

static void what_has_not_left_is_cancelled(void **state)
{
	(void)state;
	assert_ok(c, check_cancellable(c, &d.order));
	assert_true(order_cancellable(&d.order));
	assert_false(order_awaits_payment(&d.order));
	d.order.fulfilment_status = "shipped";
	assert_err(c, check_cancellable(c, &d.order), &ERR_ORDER_SHIPPED);
	d.order.fulfilment_status = "unfulfilled";
	d.order.paid_us = 0;
	assert_ok(c, check_cancellable(c, &d.order));
	assert_true(order_cancellable(&d.order));
	d.order.cancelled_us = 5;
	assert_err(c, check_cancellable(c, &d.order), &ERR_ORDER_CANCELLED);
	assert_false(order_cancellable(&d.order));
}

static void the_last_parcel_completes_the_delivery(void **state)
{
	(void)state;
	shipments[0] = (struct shipment){.id = uuid_v7()};
	shipments[1] = (struct shipment){.id = uuid_v7()};
	d.nshipments = 2;
	lines[0].shipped_quantity = 3;
	assert_false(completes_delivery(&d, &shipments[0].id)); /* B is not shipped */
	lines[1].shipped_quantity = 1;
	assert_false(completes_delivery(&d, &shipments[0].id)); /* the other parcel is on its way */
	shipments[1].delivered_us = 9;
	assert_true(completes_delivery(&d, &shipments[0].id));
}

static void quotes_belong_to_their_customer(void **state)
{
	struct quote q = {.country = "DE"};
	struct uuid nobody = {""}, me = uuid_v7();
	json_t *address = json_new_object(c->arena);

	(void)state;
	json_set_text(address, "country", "DE");
	assert_ok(c, check_quote(c, &q, &nobody, address));
	q.user_id = me;
	assert_ok(c, check_quote(c, &q, &me, address));
	assert_err(c, check_quote(c, &q, &nobody, address), &ERR_CART_NOT_FOUND);
	json_set_text(address, "country", "AT");
	assert_err(c, check_quote(c, &q, &me, address), &ERR_INVALID);
	assert_string_equal(c->errors->field, "shipping_address/country");
}

/* Events name nobody: no e-mail address, no name, no token. */
static void events_hold_no_person(void **state)
{
	struct str text;

	(void)state;
	d.order.email = "mara@example.com";
	d.order.name = "Mara Lind";
	d.order.tracking_token = uuid_v4();
	d.order.payment_id = uuid_v4();
	d.order.cart_id = uuid_v4();
	d.order.customer_key = "abc";
	d.order.country = "DE";
	text = json_render(c->arena, order_event_payload(c, &d));
	assert_null(strstr(text.p, "mara"));
	assert_null(strstr(text.p, "Mara"));
	assert_null(strstr(text.p, d.order.tracking_token.s));
	assert_null(strstr(text.p, d.order.payment_id.s));
	assert_null(strstr(text.p, d.order.cart_id.s));
	assert_non_null(strstr(text.p, "\"customer_key\":\"abc\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup(f, each)
		TEST(shipments_fit_what_is_left),
		TEST(what_has_not_left_is_cancelled),
		TEST(the_last_parcel_completes_the_delivery),
		TEST(quotes_belong_to_their_customer),
		TEST(events_hold_no_person),
	};

	return cmocka_run_group_tests(tests, NULL, stop);
}
