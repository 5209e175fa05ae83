/* Orders as people see them: placing by form, thanks, tracking, the account, the back office. */
#include "testing.h"
#include "http.h"
#include "orders.h"

#include <stdio.h>
#include <string.h>

#include "order.h"
#include "store_order.h"

#define STAFF_TOKEN "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define CUSTOMER_TOKEN "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC"
#define CSRF "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define AS(token) "HTTP_COOKIE", "es_session=" token "; es_csrf=" CSRF

static const struct db_stmt *const *const STATEMENTS[] = {
	ORDER_STATEMENTS, CHECKOUT_STATEMENTS, CHANGE_STATEMENTS, NULL};
static const struct db_constraint *const CONSTRAINTS[] = {ORDER_CONSTRAINTS, NULL};
static const struct work WORK = {.consumers = ORDER_CONSUMERS};

static int start(void **state)
{
	(void)state;
	test_http_open(ORDER_ROUTES, test_db_open("es_orders", test_statements(STATEMENTS), CONSTRAINTS));
	orders_prepare();
	orders_account("1", "{customer,warehouse}", STAFF_TOKEN);
	orders_account("2", "{customer}", CUSTOMER_TOKEN);
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

static struct request *place_form(const struct uuid *cart, int64_t version, const char *cookie)
{
	char body[200];

	snprintf(body, sizeof(body), "cart_id=%s&quote_version=%lld&idempotency_key=k&csrf=" CSRF, cart->s,
		(long long)version);
	return test_http("POST", "/checkout/place", body, "HTTP_COOKIE", cookie, NULL);
}

#define GUEST "es_csrf=" CSRF

static bool shows(struct request *rq, const char *words)
{
	bool found = memmem(rq->res.body.p, rq->res.body.n, words, strlen(words)) != NULL;

	if (!found)
		print_error("not found: %s\n", words);
	return found;
}

static const char *location(const struct request *rq)
{
	const char *l = test_header(rq, "Location");

	return l != NULL ? l : "";
}

static void placing_leads_to_the_payment(void **state)
{
	struct uuid cart = orders_cart("MUG", 2);
	struct request *rq = place_form(&cart, 1, GUEST), *again;
	const char *pay = test_sql_text("select '/pay/' || payment_id from orders.orders");

	(void)state;
	assert_status(rq, 303);
	assert_string_equal(location(rq), pay);
	assert_string_equal(
		test_cookie(rq, "es_orders"), test_sql_text("select tracking_token::text from orders.orders"));
	assert_string_equal(
		test_sql_text("select email || ' ' || note from orders.orders"), "mara@example.com ring twice");
	/* The same form again: the same order. */
	again = place_form(&cart, 1, GUEST);
	assert_status(again, 303);
	assert_string_equal(location(again), location(rq));
	assert_int_equal(test_sql_int("select count(*) from orders.orders"), 1);
}

static void refusals_lead_back(void **state)
{
	struct uuid cart = orders_cart("MUG", 6), nobody = uuid_v4();
	struct request *rq = place_form(&cart, 1, GUEST);

	(void)state;
	assert_status(rq, 303);
	assert_string_equal(location(rq), "/cart");
	assert_non_null(test_cookie(rq, "es_flash"));
	rq = place_form(&cart, 7, GUEST);
	assert_string_equal(location(rq), "/checkout/review");
	assert_non_null(test_cookie(rq, "es_flash"));
	rq = place_form(&nobody, 1, GUEST);
	assert_string_equal(location(rq), "/cart");
	test_sql("update cart.cart set contact = null where status = 'open'");
	orders_stock("MUG", 50);
	rq = place_form(&cart, 1, GUEST);
	assert_string_equal(location(rq), "/checkout");
	assert_int_equal(test_sql_int("select count(*) from orders.orders"), 0);
}

static void a_browser_remembers_its_orders(void **state)
{
	struct uuid one = orders_cart("MUG", 1), two = orders_cart("MUG", 1);
	struct request *rq = place_form(&one, 1, GUEST);
	char cookie[200], path[80];

	(void)state;
	snprintf(cookie, sizeof(cookie), GUEST "; es_orders=%s", test_cookie(rq, "es_orders"));
	rq = place_form(&two, 1, cookie);
	assert_int_equal(strlen(test_cookie(rq, "es_orders")), 2 * 36 + 1);
	snprintf(path, sizeof(path), "/orders/%s/thanks", test_sql_text("select min(id::text) from orders.orders"));
	rq = test_http("GET", path, NULL, "HTTP_COOKIE", cookie, NULL);
	assert_status(rq, 200);
	assert_true(shows(rq, "waiting for its payment"));
	assert_true(shows(rq, "/pay/"));
	assert_status(test_http("GET", path, NULL, NULL), 404);
	/* Paid a moment ago: the event is still on its way, the page already says thank you. */
	test_sql("update payment.intent set status = 'processing' where order_id in (select id from orders.orders)");
	rq = test_http("GET", path, NULL, "HTTP_COOKIE", cookie, NULL);
	assert_true(shows(rq, "still being checked"));
	assert_null(memmem(rq->res.body.p, rq->res.body.n, "/pay/", 5));
	test_sql("update payment.intent set status = 'succeeded' where order_id in (select id from orders.orders)");
	rq = test_http("GET", path, NULL, "HTTP_COOKIE", cookie, NULL);
	assert_true(shows(rq, "Thank you for your order"));
	assert_true(shows(rq, "mara@example.com"));
}

static const char *first_path(const char *prefix, const char *column)
{
	static char path[200];
	char sql[200];

	snprintf(sql, sizeof(sql), "select '%s' || %s from orders.orders limit 1", prefix, column);
	snprintf(path, sizeof(path), "%s", test_sql_text(sql));
	return path;
}

static void tracking_and_cancelling(void **state)
{
	struct uuid cart = orders_cart("MUG", 1);
	struct request *rq;
	char cancel[220];

	(void)state;
	(void)place_form(&cart, 1, GUEST);
	rq = test_http("GET", first_path("/track/", "tracking_token"), NULL, NULL);
	assert_status(rq, 200);
	assert_true(shows(rq, "Blue mug"));
	assert_true(shows(rq, "€17.40"));
	assert_true(shows(rq, "Birkenweg 4"));
	assert_true(shows(rq, "Waiting for payment"));
	assert_true(shows(rq, "noindex"));
	snprintf(cancel, sizeof(cancel), "%s/cancel", first_path("/track/", "tracking_token"));
	rq = test_http("POST", cancel, "csrf=" CSRF, "HTTP_COOKIE", GUEST, NULL);
	assert_status(rq, 303);
	assert_string_equal(location(rq), first_path("/track/", "tracking_token"));
	rq = test_http("POST", cancel, "csrf=" CSRF, "HTTP_COOKIE", GUEST, NULL);
	assert_status(rq, 409);
	assert_true(shows(rq, "Cancelled"));
	assert_status(test_http("GET", "/track/0198f1c2-6b1d-4e8f-a1b2-c3d4e5f60718", NULL, NULL), 404);
	assert_status(test_http("GET", "/track/%3Cscript%3E", NULL, NULL), 404);
}

static void the_accounts_orders(void **state)
{
	struct uuid cart = orders_cart("MUG", 1);
	struct request *rq;

	(void)state;
	rq = test_http("GET", "/account/orders", NULL, AS(CUSTOMER_TOKEN), NULL);
	assert_status(rq, 200);
	rq = place_form(&cart, 1, "es_session=" CUSTOMER_TOKEN "; es_csrf=" CSRF);
	assert_status(rq, 303);
	rq = test_http("GET", "/account/orders?utm_source=x", NULL, AS(CUSTOMER_TOKEN), NULL);
	assert_status(rq, 200);
	assert_true(shows(rq, test_sql_text("select number from orders.orders")));
	rq = test_http("GET", first_path("/account/orders/", "id"), NULL, AS(CUSTOMER_TOKEN), NULL);
	assert_status(rq, 200);
	assert_true(shows(rq, "Mara Lind"));
	assert_true(shows(rq, "/cancel"));
	assert_status(test_http("GET", first_path("/account/orders/", "id"), NULL, AS(STAFF_TOKEN), NULL), 404);
	assert_status(test_http("GET", "/account/orders", NULL, NULL), 303);
	rq = test_http(
		"POST", first_path("/account/orders/", "id || '/cancel'"), "csrf=" CSRF, AS(CUSTOMER_TOKEN), NULL);
	assert_status(rq, 303);
	assert_string_equal(test_sql_text("select status from orders.orders"), "cancelled");
}

static void pay(void)
{
	struct ctx *c = test_ctx_of(test_db_open(NULL, NULL, NULL));
	size_t did;

	orders_pay(test_sql_text("select id::text from orders.orders limit 1"), "payment.succeeded");
	orders_sequence();
	assert_ok(c, work_once(c, &WORK, &did));
}

static struct request *ship_form(const char *quantity)
{
	char body[300], line[40];

	snprintf(line, sizeof(line), "%s", test_sql_text("select id::text from orders.line"));
	snprintf(body, sizeof(body), "csrf=" CSRF "&line_id=%s&quantity=%s&carrier=DHL&tracking_number=JD1", line,
		quantity);
	return test_http("POST", first_path("/admin/orders/", "id || '/shipments'"), body, AS(STAFF_TOKEN), NULL);
}

static void the_back_office(void **state)
{
	struct uuid cart = orders_cart("MUG", 3);
	struct request *rq;

	(void)state;
	(void)place_form(&cart, 1, GUEST);
	assert_status(test_http("GET", "/admin/orders", NULL, AS(CUSTOMER_TOKEN), NULL), 403);
	rq = test_http("GET", "/admin/orders?q=mara&state=pending_payment&from=&to=", NULL, AS(STAFF_TOKEN), NULL);
	assert_status(rq, 200);
	assert_true(shows(rq, "Mara Lind"));
	pay();
	rq = test_http("GET", first_path("/admin/orders/", "id"), NULL, AS(STAFF_TOKEN), NULL);
	assert_status(rq, 200);
	assert_true(shows(rq, "Payment received"));
	assert_true(shows(rq, "ring twice"));
	rq = ship_form("0");
	assert_status(rq, 422);
	assert_true(shows(rq, "Enter how many"));
	rq = ship_form("4");
	assert_status(rq, 422);
	assert_true(shows(rq, "Only 3"));
	assert_status(ship_form("x"), 422);
	assert_status(ship_form("3"), 303);
	assert_string_equal(test_sql_text("select status from orders.orders"), "shipped");
	rq = test_http("POST",
		first_path("/admin/orders/", "id || '/shipments/' || (select id from orders.shipment) || '/deliver'"),
		"csrf=" CSRF, AS(STAFF_TOKEN), NULL);
	assert_status(rq, 303);
	assert_string_equal(test_sql_text("select status from orders.orders"), "delivered");
	rq = test_http("POST", first_path("/admin/orders/", "id || '/cancel'"), "csrf=" CSRF "&cancel_reason=no",
		AS(STAFF_TOKEN), NULL);
	assert_status(rq, 409);
	assert_true(shows(rq, "Parcel delivered"));
}

static void staff_cancels(void **state)
{
	struct uuid cart = orders_cart("MUG", 3);
	struct request *rq;

	(void)state;
	(void)place_form(&cart, 1, GUEST);
	rq = test_http("POST", first_path("/admin/orders/", "id || '/cancel'"), "csrf=" CSRF "&cancel_reason=fraud",
		AS(STAFF_TOKEN), NULL);
	assert_status(rq, 303);
	assert_string_equal(test_sql_text("select cancel_reason from orders.orders"), "fraud");
	assert_string_equal(orders_stock_text("MUG"), "5/0");
	assert_string_equal(
		test_sql_text("select actor || ' ' || actor_name from orders.timeline where event = 'order_cancelled'"),
		"staff Jo");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup(f, each)
		TEST(placing_leads_to_the_payment),
		TEST(refusals_lead_back),
		TEST(a_browser_remembers_its_orders),
		TEST(tracking_and_cancelling),
		TEST(the_accounts_orders),
		TEST(the_back_office),
		TEST(staff_cancels),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
