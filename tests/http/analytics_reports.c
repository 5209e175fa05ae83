/* analytics_reports.c - the sales report and the dashboard, for those who may read them. */
#include "testing.h"
#include "http.h"
#include "shop.h"

#include <stdio.h>
#include <string.h>

#include "analytics.h"
#include "store_sales.h"

#define SUMMARY "/api/v1/analytics/summary"
#define ANALYST SHOP_AS(1)
#define CUSTOMER SHOP_AS(2)
#define WAREHOUSE_MAN SHOP_AS(3) /* staff without analytics:read */

static const struct db_stmt *const *const STATEMENTS[] = {SALES_STATEMENTS, NULL};

static int start(void **state)
{
	(void)state;
	test_http_open(ANALYTICS_ROUTES, test_db_open("es_analytics", test_statements(STATEMENTS), NULL));
	shop_open();
	shop_person(1, "{customer,analyst}");
	shop_person(2, "{customer}");
	shop_person(3, "{customer,warehouse}");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_http_close();
	test_db_close();
	return 0;
}

static int clean(void **state)
{
	(void)state;
	test_sql("truncate analytics.order_fact, analytics.line_fact;"
		 "insert into analytics.order_fact (order_id, number, placed_at, paid_at, currency, total_minor, country, customer_key) values"
		 " ('01990000-0000-7000-8000-000000000001', 'E2345678', '2026-03-01T10:00:00Z', '2026-03-01T10:05:00Z', 'EUR', 4380, 'DE', 'a'),"
		 " ('01990000-0000-7000-8000-000000000002', 'E2345679', now(), now(), 'EUR', 1000, 'FR', 'a'),"
		 " ('01990000-0000-7000-8000-000000000003', 'E234567A', now(), null, 'EUR', 77, null, 'b');"
		 "insert into analytics.line_fact (order_id, line_no, sku, name, quantity, total_minor) values"
		 " ('01990000-0000-7000-8000-000000000002', 1, 'SOAP', 'Soap <b>bar</b>', 2, 900)");
	return 0;
}

static bool shows(struct request *rq, const char *text)
{
	return strstr(str_dup(rq->ctx.arena, rq->res.body), text) != NULL;
}

static void who_may(void **state)
{
	(void)state;
	assert_status(test_http("GET", SUMMARY, NULL, NULL), 401);
	assert_status(test_http("GET", SUMMARY, NULL, CUSTOMER, NULL), 403);
	assert_status(test_http("GET", SUMMARY, NULL, WAREHOUSE_MAN, NULL), 403);
	assert_status(test_http("GET", SUMMARY, NULL, ANALYST, NULL), 200);
	assert_status(test_http("POST", SUMMARY, "{}", ANALYST, NULL), 405);
	assert_status(test_http("GET", "/admin", NULL, NULL), 303);
	assert_status(test_http("GET", "/admin", NULL, CUSTOMER, NULL), 403);
	assert_status(test_http("GET", "/admin", NULL, ANALYST, NULL), 200);
	assert_status(test_http("DELETE", "/admin", NULL, ANALYST, NULL), 405);
}

static void the_summary(void **state)
{
	struct request *rq = test_http("GET", SUMMARY "?from=2026-03-01&to=2026-03-01", NULL, ANALYST, NULL);
	const json_t *o = test_json(rq);

	(void)state;
	assert_status(rq, 200);
	assert_int_equal(json_int(o, "orders", -1), 1);
	assert_int_equal(json_int(o, "customers", -1), 1);
	assert_int_equal(json_int(json_object_get(o, "revenue"), "amount", -1), 4380);
	assert_int_equal(json_int(json_object_get(o, "average_order"), "amount", -1), 4380);
	assert_string_equal(json_text(o, "from", ""), "2026-02-28T23:00:00Z");
	assert_string_equal(json_text(o, "to", ""), "2026-03-01T23:00:00Z");
	rq = test_http("GET", SUMMARY, NULL, ANALYST, NULL);
	assert_int_equal(json_int(json_object_get(test_json(rq), "revenue"), "amount", -1), 1000);
	rq = test_http("GET", SUMMARY "?currency=USD", NULL, ANALYST, NULL);
	assert_int_equal(json_int(test_json(rq), "orders", -1), 0);
	assert_string_equal(json_text(json_object_get(test_json(rq), "revenue"), "currency", ""), "USD");
}

static void bad_periods(void **state)
{
	static const char *const queries[] = {"?from=yesterday", "?to=2026-13-01", "?from=2026-02-30", "?from=0000-01-01", "?currency=XYZ",
		"?from=2026-03-01T00:00:00", "?from=10000-01-01", "?from=1969-12-31", "?to=9999-01-01"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
		struct request *rq = test_http("GET", "/api/v1/analytics/summary", NULL, ANALYST, "QUERY_STRING", queries[i] + 1, NULL);
		assert_status(rq, 422);
	}
	assert_status(test_http("GET", SUMMARY "?days=3", NULL, ANALYST, NULL), 400);
	assert_status(test_http("GET", SUMMARY "?from=1970-01-01&to=9998-12-31", NULL, ANALYST, NULL), 200);
	assert_status(test_http("GET", SUMMARY "?from=2026-03-01T12:00:00%2B02:00", NULL, ANALYST, NULL), 200);
}

static void the_dashboard(void **state)
{
	struct request *rq = test_http("GET", "/admin?days=7", NULL, ANALYST, NULL);

	(void)state;
	assert_true(shows(rq, "€10.00"));
	assert_true(shows(rq, "Soap &lt;b&gt;bar&lt;/b&gt;"));
	assert_true(shows(rq, "E2345678"));
	assert_true(shows(rq, "Germany"));
	assert_true(shows(rq, "France"));
	assert_true(shows(rq, "Waiting for payment"));
	assert_true(shows(rq, "<svg viewBox=\"0 0 720 260\""));
	assert_true(shows(rq, "href=\"/admin?days=7\" aria-current=\"true\""));
	assert_status(test_http("GET", "/admin?days=8", NULL, ANALYST, NULL), 422);
	assert_status(test_http("GET", "/admin?utm_source=x", NULL, ANALYST, NULL), 200);
	test_sql("truncate analytics.order_fact, analytics.line_fact");
	assert_status(test_http("GET", "/admin?days=90", NULL, ANALYST, NULL), 200);
}

#define TEST(f) cmocka_unit_test_setup(f, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(who_may), TEST(the_summary), TEST(bad_periods), TEST(the_dashboard)};

	return cmocka_run_group_tests(tests, start, stop);
}
