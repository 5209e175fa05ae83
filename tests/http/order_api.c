/* The order API: placing, seeing, cancelling, paying, shipping; who may and who may not. */
#include "testing.h"
#include "http.h"
#include "orders.h"

#include <stdio.h>
#include <string.h>

#include "order.h"
#include "store_order.h"

#define STAFF_TOKEN "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define CUSTOMER_TOKEN "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC"
#define OTHER_TOKEN "DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDD"
#define ANALYST_TOKEN "EEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEE"
#define CSRF "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define AS(token) "HTTP_COOKIE", "es_session=" token "; es_csrf=" CSRF, "HTTP_X_CSRF_TOKEN", CSRF
#define KEY(k) "HTTP_IDEMPOTENCY_KEY", (k)
#define ADDRESS                                                                                                        \
	"{\"name\": \"Mara Lind\", \"line1\": \"Birkenweg 4\", \"city\": \"Berlin\", \"postal_code\": \"10999\", "     \
	"\"country\": \"%s\"}"

static const struct db_stmt *const *const STATEMENTS[] = {
	ORDER_STATEMENTS, CHECKOUT_STATEMENTS, CHANGE_STATEMENTS, NULL};
static const struct db_constraint *const CONSTRAINTS[] = {ORDER_CONSTRAINTS, NULL};
static const struct work WORK = {.consumers = ORDER_CONSUMERS, .timers = ORDER_TIMERS};

static int start(void **state)
{
	(void)state;
	test_http_open(ORDER_ROUTES, test_db_open("es_orders", test_statements(STATEMENTS), CONSTRAINTS));
	orders_prepare();
	orders_account("1", "{customer,warehouse}", STAFF_TOKEN);
	orders_account("2", "{customer}", CUSTOMER_TOKEN);
	orders_account("3", "{customer}", OTHER_TOKEN);
	orders_account("4", "{customer,analyst}", ANALYST_TOKEN);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_http_close();
	test_db_close();
	return 0;
}

static int each(void **state)
{
	(void)state;
	test_sql("truncate orders.orders cascade; truncate inventory.reservation; delete from platform.idempotency");
	orders_stock("MUG", 5);
	test_sql("update inventory.item set reserved = 0");
	return 0;
}

/* In memory that lasts until the next call. */
static const char *order_body(const struct uuid *cart, const char *country)
{
	static char body[1200];

	snprintf(body, sizeof(body),
		"{\"cart_id\": \"%s\", \"email\": \"Mara@example.com\", \"shipping_address\": " ADDRESS
		", \"shipping_option\": \"standard\"}",
		cart->s, country);
	return body;
}

struct placed {
	char id[40], token[40], line[40], path[80];
};

static struct placed remember(struct request *rq)
{
	struct placed p;
	json_t *o = test_json(rq);

	assert_status(rq, 201);
	snprintf(p.id, sizeof(p.id), "%s", json_text(o, "id", ""));
	snprintf(p.token, sizeof(p.token), "%s", json_text(o, "tracking_token", ""));
	snprintf(p.line, sizeof(p.line), "%s", json_text(json_array_get(json_object_get(o, "lines"), 0), "id", ""));
	snprintf(p.path, sizeof(p.path), "/api/v1/orders/%s", p.id);
	return p;
}

static struct placed place(int64_t quantity)
{
	struct uuid cart = orders_cart("MUG", quantity);

	return remember(test_http("POST", "/api/v1/orders", order_body(&cart, "DE"), KEY(cart.s), NULL));
}

static size_t work(void)
{
	struct ctx *c = test_ctx_of(test_db_open(NULL, NULL, NULL));
	size_t did, all = 0;

	do {
		orders_sequence();
		assert_ok(c, work_once(c, &WORK, &did));
		all += did;
	} while (did > 0);
	return all;
}

static const char *status_of(const struct placed *p)
{
	return json_text(test_json(test_http("GET", p->path, NULL, "HTTP_ORDER_TOKEN", p->token, NULL)), "status", "");
}

static const char *path_of(const struct placed *p, const char *end)
{
	static char path[120];

	snprintf(path, sizeof(path), "%s%s", p->path, end);
	return path;
}

static void placing_an_order(void **state)
{
	struct uuid cart = orders_cart("MUG", 2);
	struct request *rq;
	json_t *o, *totals;
	uint64_t trips;

	(void)state;
	(void)place(1); /* statements are prepared */
	trips = db_stats(test_ctx()->db)->round_trips;
	rq = test_http("POST", "/api/v1/orders", order_body(&cart, "DE"), KEY("k1"), NULL);
	assert_status(rq, 201);
	assert_int_equal(db_stats(test_ctx()->db)->round_trips - trips, 2);
	o = test_json(rq);
	totals = json_object_get(o, "totals");
	assert_string_equal(json_text(o, "status", ""), "pending_payment");
	assert_string_equal(json_text(o, "email", ""), "Mara@example.com");
	assert_int_equal(json_int(json_object_get(totals, "total"), "amount", 0), 2990);
	assert_int_equal(json_int(json_object_get(json_object_get(o, "payment"), "amount"), "amount", 0), 2990);
	assert_string_equal(orders_stock_text("MUG"), "5/3");
	assert_string_equal(
		test_sql_text("select string_agg(step || ':' || state, ' ' order by step) from orders.saga_step s join "
			      "orders.orders o on o.id = s.order_id where o.item_count = 2"),
		"await_payment:pending open_payment:done reserve_stock:done");
	assert_int_equal(test_sql_int("select count(*) from bus.outbox where topic = 'order.placed' and payload ->> "
				      "'customer_key' is not null and payload::text !~* 'mara'"),
		2);
}

static void the_same_key_again(void **state)
{
	struct uuid cart = orders_cart("MUG", 1);
	const char *first;
	struct request *rq;

	(void)state;
	rq = test_http("POST", "/api/v1/orders", order_body(&cart, "DE"), KEY("same"), NULL);
	assert_status(rq, 201);
	first = str_dup(rq->ctx.arena, rq->res.body);
	rq = test_http("POST", "/api/v1/orders", order_body(&cart, "DE"), KEY("same"), NULL);
	assert_status(rq, 201);
	assert_string_equal(str_dup(rq->ctx.arena, rq->res.body), first);
	assert_string_equal(test_header(rq, "Idempotent-Replayed"), "true");
	rq = test_http("POST", "/api/v1/orders", order_body(&cart, "FR"), KEY("same"), NULL);
	assert_status(rq, 422);
	assert_string_equal(test_code(rq), "idempotency_key_reused");
	rq = test_http("POST", "/api/v1/orders", order_body(&cart, "DE"), KEY("another"), NULL);
	assert_status(rq, 409);
	assert_string_equal(test_code(rq), "cart_already_ordered");
	rq = test_http("POST", "/api/v1/orders", order_body(&cart, "DE"), NULL);
	assert_status(rq, 400);
	assert_string_equal(test_code(rq), "idempotency_key_required");
	assert_int_equal(test_sql_int("select count(*) from orders.orders"), 1);
}

static void refusals_leave_nothing(void **state)
{
	struct uuid cart = orders_cart("MUG", 6), nobody = uuid_v4();
	struct request *rq = test_http("POST", "/api/v1/orders", order_body(&cart, "DE"), KEY("a"), NULL);

	(void)state;
	assert_status(rq, 409);
	assert_string_equal(test_code(rq), "out_of_stock");
	assert_string_equal(json_text(json_array_get(json_object_get(test_json(rq), "errors"), 0), "field", ""),
		"lines/0/quantity");
	rq = test_http("POST", "/api/v1/orders", order_body(&cart, "FR"), KEY("b"), NULL);
	assert_status(rq, 422);
	assert_string_equal(json_text(json_array_get(json_object_get(test_json(rq), "errors"), 0), "field", ""),
		"shipping_address/country");
	rq = test_http("POST", "/api/v1/orders", order_body(&nobody, "DE"), KEY("c"), NULL);
	assert_status(rq, 404);
	assert_string_equal(test_code(rq), "cart_not_found");
	test_sql("update cart.pricing_version set version = version + 1");
	rq = test_http("POST", "/api/v1/orders", order_body(&cart, "DE"), KEY("d"), NULL);
	assert_status(rq, 409);
	assert_string_equal(test_code(rq), "cart_changed");
	rq = test_http("POST", "/api/v1/orders", "{\"email\": \"no\"}", KEY("e"), NULL);
	assert_status(rq, 422);
	assert_int_equal(test_sql_int("select count(*) from orders.orders"), 0);
	assert_string_equal(orders_stock_text("MUG"), "5/0");
	assert_string_equal(test_sql_text("select status from cart.cart order by created_at desc limit 1"), "open");
}

static void who_may_see_an_order(void **state)
{
	struct uuid cart = orders_cart("MUG", 1);
	struct placed guest = place(1), mine;
	char path[120];

	(void)state;
	mine = remember(
		test_http("POST", "/api/v1/orders", order_body(&cart, "DE"), KEY("mine"), AS(CUSTOMER_TOKEN), NULL));
	assert_status(test_http("GET", guest.path, NULL, NULL), 404);
	assert_status(test_http("GET", guest.path, NULL, "HTTP_ORDER_TOKEN", mine.token, NULL), 404);
	assert_status(test_http("GET", guest.path, NULL, "HTTP_ORDER_TOKEN", "no token", NULL), 404);
	assert_status(test_http("GET", guest.path, NULL, "HTTP_ORDER_TOKEN", guest.token, NULL), 200);
	assert_status(test_http("GET", guest.path, NULL, AS(STAFF_TOKEN), NULL), 200);
	assert_status(test_http("GET", mine.path, NULL, AS(CUSTOMER_TOKEN), NULL), 200);
	assert_status(test_http("GET", mine.path, NULL, AS(OTHER_TOKEN), NULL), 404);
	assert_status(test_http("GET", path_of(&mine, "/timeline"), NULL, AS(OTHER_TOKEN), NULL), 404);
	assert_status(test_http("POST", path_of(&mine, "/cancel"), NULL, AS(OTHER_TOKEN), NULL), 404);
	assert_status(test_http("GET", mine.path, NULL, AS(ANALYST_TOKEN), NULL), 200);
	assert_status(test_http("POST", path_of(&mine, "/cancel"), NULL, AS(ANALYST_TOKEN), NULL), 404);
	assert_status(test_http("POST", path_of(&mine, "/shipments"), "{}", AS(ANALYST_TOKEN), NULL), 403);
	snprintf(path, sizeof(path), "/api/v1/orders/track/%s", guest.token);
	assert_status(test_http("GET", path, NULL, NULL), 200);
	assert_status(test_http("GET", "/api/v1/orders/track/0198f1c2-6b1d-4e8f-a1b2-c3d4e5f60718", NULL, NULL), 404);
	assert_status(test_http("GET", "/api/v1/orders/nonsense", NULL, NULL), 404);
	assert_status(test_http("GET", "/api/v1/orders", NULL, NULL), 401);
	assert_int_equal(
		json_array_size(json_object_get(
			test_json(test_http("GET", "/api/v1/orders", NULL, AS(CUSTOMER_TOKEN), NULL)), "data")),
		1);
	assert_int_equal(json_array_size(json_object_get(
				 test_json(test_http("GET", "/api/v1/orders", NULL, AS(OTHER_TOKEN), NULL)), "data")),
		0);
	assert_status(test_http("GET", "/api/v1/admin/orders", NULL, AS(CUSTOMER_TOKEN), NULL), 403);
}

static void lists_come_in_pages(void **state)
{
	struct request *rq;
	const char *cursor;
	json_t *first;

	(void)state;
	(void)place(1);
	(void)place(1);
	(void)place(1);
	rq = test_http("GET", "/api/v1/admin/orders?limit=2", NULL, AS(STAFF_TOKEN), NULL);
	assert_status(rq, 200);
	first = json_array_get(json_object_get(test_json(rq), "data"), 0);
	assert_string_equal(json_text(first, "name", ""), "Mara Lind");
	cursor = json_text(test_json(rq), "next_cursor", NULL);
	assert_non_null(cursor);
	rq = test_http("GET", arena_printf(rq->ctx.arena, "/api/v1/admin/orders?limit=2&cursor=%s", cursor), NULL,
		AS(STAFF_TOKEN), NULL);
	assert_int_equal(json_array_size(json_object_get(test_json(rq), "data")), 1);
	assert_true(json_is_null(json_object_get(test_json(rq), "next_cursor")));
	assert_status(test_http("GET", "/api/v1/admin/orders?cursor=x", NULL, AS(STAFF_TOKEN), NULL), 400);
	assert_status(test_http("GET", "/api/v1/admin/orders?nonsense=1", NULL, AS(STAFF_TOKEN), NULL), 400);
#define FOUND(query)                                                                                                   \
	json_array_size(json_object_get(                                                                               \
		test_json(test_http("GET", "/api/v1/admin/orders?" query, NULL, AS(STAFF_TOKEN), NULL)), "data"))
	assert_int_equal(FOUND("status=pending_payment"), 3);
	assert_int_equal(FOUND("status=paid"), 0);
	assert_int_equal(FOUND("payment_status=pending&email=MARA%40example.com"), 3);
	assert_int_equal(FOUND("q=lind"), 3);
	assert_int_equal(FOUND("q=%25"), 0);
	assert_int_equal(FOUND("from=2020-01-01&to=2020-01-02"), 0);
	assert_int_equal(FOUND("from=2020-01-01"), 3);
}

static void cancelling_gives_stock_back(void **state)
{
	struct placed p = place(2);
	struct request *rq;

	(void)state;
	rq = test_http("POST", path_of(&p, "/cancel"), NULL, "HTTP_ORDER_TOKEN", p.token, KEY("c"), NULL);
	assert_status(rq, 200);
	assert_string_equal(json_text(test_json(rq), "status", ""), "cancelled");
	assert_string_equal(json_text(test_json(rq), "payment_status", ""), "cancelled");
	assert_string_equal(orders_stock_text("MUG"), "5/0");
	assert_int_equal(test_sql_int("select count(*) from bus.outbox where topic = 'order.cancelled' and payload ->> "
				      "'reason' = 'customer'"),
		1);
	rq = test_http("POST", path_of(&p, "/cancel"), "{\"reason\": \"again\"}", "HTTP_ORDER_TOKEN", p.token, NULL);
	assert_status(rq, 409);
	assert_string_equal(test_code(rq), "order_cancelled");
}

static void payment_is_noted_exactly_once(void **state)
{
	struct placed p = place(1);
	struct request *rq;

	(void)state;
	orders_pay(p.id, "payment.failed");
	orders_pay(p.id, "payment.succeeded");
	orders_pay(p.id, "payment.succeeded");
	(void)work();
	assert_string_equal(status_of(&p), "paid");
	assert_int_equal(test_sql_int("select count(*) from bus.event where topic = 'order.paid'"), 1);
	rq = test_http("GET", path_of(&p, "/timeline"), NULL, "HTTP_ORDER_TOKEN", p.token, NULL);
	assert_int_equal(json_array_size(json_object_get(test_json(rq), "data")), 3);
	assert_string_equal(
		json_text(json_array_get(json_object_get(test_json(rq), "data"), 1), "detail", ""), "card_declined");
	rq = test_http("POST", path_of(&p, "/cancel"), NULL, "HTTP_ORDER_TOKEN", p.token, NULL);
	assert_status(rq, 200);
	assert_string_equal(json_text(test_json(rq), "status", ""), "cancelled");
	assert_string_equal(json_text(test_json(rq), "payment_status", ""), "succeeded");
	assert_int_equal(test_sql_int("select count(*) from orders.saga_step where step = 'refund_payment' and state = 'pending'"), 1);
	assert_int_equal(test_sql_int("select count(*) from inventory.item where reserved > 0"), 0);
	orders_pay(p.id, "payment.refunded");
	orders_pay(p.id, "payment.refunded");
	(void)work();
	assert_string_equal(status_of(&p), "cancelled");
	assert_int_equal(test_sql_int("select count(*) from orders.orders where payment_status = 'refunded' and cancelled_at is not null"), 1);
	assert_int_equal(test_sql_int("select count(*) from orders.saga_step where step = 'refund_payment' and state = 'done'"), 1);
	rq = test_http("GET", path_of(&p, "/timeline"), NULL, "HTTP_ORDER_TOKEN", p.token, NULL);
	const json_t *last = json_array_get(json_object_get(test_json(rq), "data"), 4);
	assert_string_equal(json_text(last, "event", ""), "payment_refunded");
	assert_string_equal(json_text(last, "state", ""), "cancelled");
	assert_true(json_int(last, "position", 0) > 0);
}

static void unpaid_orders_expire(void **state)
{
	struct placed p = place(1), paid = place(1), fresh = place(1);

	(void)state;
	orders_pay(paid.id, "payment.succeeded");
	(void)work();
	test_sql("update orders.saga_step set next_at = now() - interval '1 second' where step = 'await_payment' and "
		 "order_id = (select min(id::text)::uuid from orders.orders)");
	(void)work();
	assert_string_equal(status_of(&p), "cancelled");
	assert_string_equal(status_of(&paid), "paid");
	assert_string_equal(status_of(&fresh), "pending_payment");
	assert_string_equal(orders_stock_text("MUG"), "5/2");
	assert_string_equal(
		test_sql_text("select cancel_reason from orders.orders where cancelled_at is not null"), "expired");
	/* Money that arrives now changes nothing here: payment-service sends it back. */
	orders_pay(p.id, "payment.succeeded");
	(void)work();
	assert_string_equal(status_of(&p), "cancelled");
	assert_int_equal(test_sql_int("select count(*) from orders.timeline where event = 'payment_after_cancel'"), 1);
}

static void money_on_its_way_is_waited_for(void **state)
{
	struct placed p = place(1);

	(void)state;
	test_sql("update payment.intent set status = 'processing' where order_id in (select id from orders.orders)");
	test_sql("update orders.saga_step set next_at = now() - interval '1 second' where step = 'await_payment'");
	(void)work();
	assert_string_equal(status_of(&p), "pending_payment");
	assert_int_equal(
		test_sql_int("select attempts from orders.saga_step where step = 'await_payment' and next_at > now()"),
		1);
	assert_string_equal(
		test_code(test_http("POST", path_of(&p, "/cancel"), NULL, "HTTP_ORDER_TOKEN", p.token, NULL)),
		"payment_in_progress");
}

static struct request *ship(const struct placed *p, int64_t quantity, const char *line)
{
	char body[300];

	snprintf(body, sizeof(body),
		"{\"lines\": [{\"line_id\": \"%s\", \"quantity\": %lld}], \"carrier\": \"dhl\", \"tracking_number\": "
		"\"JD1\"}",
		line, (long long)quantity);
	return test_http("POST", path_of(p, "/shipments"), body, AS(STAFF_TOKEN), NULL);
}

static struct request *deliver(struct request *shipped)
{
	return test_http("POST",
		arena_printf(
			shipped->ctx.arena, "/api/v1/shipments/%s/deliver", json_text(test_json(shipped), "id", "")),
		NULL, AS(STAFF_TOKEN), NULL);
}

static void parcels_in_parts(void **state)
{
	struct placed p = place(3);
	struct request *one, *two;

	(void)state;
	assert_string_equal(test_code(ship(&p, 1, p.line)), "order_not_paid");
	orders_pay(p.id, "payment.succeeded");
	(void)work();
	assert_status(ship(&p, 4, p.line), 422);
	assert_status(ship(&p, 1, p.id), 422);
	assert_status(test_http("POST", path_of(&p, "/shipments"), "{}", AS(CUSTOMER_TOKEN), NULL), 403);
	one = ship(&p, 2, p.line);
	assert_status(one, 201);
	assert_string_equal(json_text(test_json(one), "status", ""), "shipped");
	assert_string_equal(status_of(&p), "partially_shipped");
	assert_status(deliver(one), 200);
	assert_string_equal(status_of(&p), "partially_shipped");
	assert_string_equal(test_code(deliver(one)), "shipment_delivered");
	assert_status(ship(&p, 2, p.line), 422);
	two = ship(&p, 1, p.line);
	assert_status(two, 201);
	assert_string_equal(status_of(&p), "shipped");
	assert_status(deliver(two), 200);
	assert_string_equal(status_of(&p), "delivered");
	assert_int_equal(test_sql_int("select count(*) from orders.saga_step where state = 'pending'"), 0);
	assert_int_equal(test_sql_int("select sum((l ->> 'quantity')::int) from bus.outbox, "
				      "jsonb_array_elements(payload -> 'lines') l where topic = 'shipment.created'"),
		3);
	assert_int_equal(test_sql_int("select count(*) from bus.outbox where topic = 'shipment.delivered'"), 2);
}

static void statements_prove(void **state)
{
	struct ctx *c = test_ctx();

	(void)state;
	assert_ok(c, db_prove(c));
	assert_true(route_table_valid(ORDER_ROUTES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup(f, each)
		TEST(statements_prove),
		TEST(placing_an_order),
		TEST(the_same_key_again),
		TEST(refusals_leave_nothing),
		TEST(who_may_see_an_order),
		TEST(lists_come_in_pages),
		TEST(cancelling_gives_stock_back),
		TEST(payment_is_noted_exactly_once),
		TEST(unpaid_orders_expire),
		TEST(money_on_its_way_is_waited_for),
		TEST(parcels_in_parts),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
