/* inventory_staff.c - stock as staff see and change it: API and back office. */
#include "testing.h"
#include "http.h"
#include "shop.h"

#include <stdio.h>
#include <string.h>

#include "inventory.h"
#include "store_stock.h"

#define STOCK "/api/v1/stock"
#define WAREHOUSE_MAN SHOP_AS(1)
#define CUSTOMER SHOP_AS(2)
#define READER SHOP_AS(3) /* inventory:read without :write */

static const struct db_stmt *const *const STATEMENTS[] = {STOCK_STATEMENTS, NULL};
static const struct db_constraint *const CONSTRAINTS[] = {STOCK_CONSTRAINTS, NULL};

static int start(void **state)
{
	(void)state;
	test_http_open(INVENTORY_ROUTES, test_db_open("es_inventory", test_statements(STATEMENTS), CONSTRAINTS));
	shop_open();
	shop_person(1, "{customer,warehouse}");
	shop_person(2, "{customer}");
	shop_person(3, "{customer,merchandiser}");
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
	test_sql("truncate inventory.movement, inventory.reservation, inventory.level, inventory.item, platform.idempotency");
	shop_stock("MUG", 10);
	shop_stock("BOTTLE", 3);
	shop_stock("SOAP", 0);
	shop_stock("odd/sku & more", 7);
	return 0;
}

static bool shows(struct request *rq, const char *text)
{
	return strstr(str_dup(rq->ctx.arena, rq->res.body), text) != NULL;
}

static const json_t *data_of(struct request *rq)
{
	return json_object_get(test_json(rq), "data");
}

static const char *error_of(struct request *rq)
{
	const json_t *e = json_array_get(json_object_get(test_json(rq), "errors"), 0);

	return arena_printf(rq->ctx.arena, "%s %s", json_text(e, "field", "-"), json_text(e, "code", "-"));
}

static void who_may(void **state)
{
	static const char *const READ[] = {STOCK, STOCK "/MUG", STOCK "/MUG/movements", "/api/v1/warehouses"};
	static const char *const PAGES[] = {"/admin/inventory", "/admin/inventory/MUG"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(READ); i++) {
		assert_status(test_http("GET", READ[i], NULL, NULL), 401);
		assert_status(test_http("GET", READ[i], NULL, CUSTOMER, NULL), 403);
		assert_status(test_http("GET", READ[i], NULL, READER, NULL), 200);
	}
	for (size_t i = 0; i < ARRAY_LEN(PAGES); i++) {
		assert_status(test_http("GET", PAGES[i], NULL, NULL), 303);
		assert_status(test_http("GET", PAGES[i], NULL, CUSTOMER, NULL), 403);
		assert_status(test_http("GET", PAGES[i], NULL, READER, NULL), 200);
	}
	assert_status(test_http("POST", STOCK "/MUG/adjustments", "{}", NULL), 401);
	assert_status(test_http("POST", STOCK "/MUG/adjustments", "{}", READER, NULL), 403);
	assert_status(test_http("POST", "/admin/inventory/adjustments", "sku=MUG", READER, NULL), 403);
	assert_status(test_http("POST", STOCK "/MUG/adjustments", "{}", "HTTP_COOKIE", "es_session=" SHOP_TIMES_43("1"), NULL), 403);
	assert_status(test_http("DELETE", STOCK "/MUG", NULL, WAREHOUSE_MAN, NULL), 405);
	assert_status(test_http("POST", STOCK, "{}", WAREHOUSE_MAN, NULL), 405);
	assert_status(test_http("GET", STOCK "/MUG/adjustments", NULL, WAREHOUSE_MAN, NULL), 405);
	assert_status(test_http("DELETE", "/admin/inventory", NULL, WAREHOUSE_MAN, NULL), 405);
}

static void the_list(void **state)
{
	struct request *rq = test_http("GET", STOCK "?limit=2", NULL, READER, NULL);

	(void)state;
	assert_status(rq, 200);
	assert_int_equal(json_array_size(data_of(rq)), 2);
	assert_string_equal(json_text(json_array_get(data_of(rq), 0), "sku", ""), "BOTTLE");
	assert_string_equal(json_text(json_array_get(data_of(rq), 0), "name", ""), "Bottle");
	assert_string_equal(json_text(test_json(rq), "next_cursor", ""), "MUG");
	rq = test_http("GET", STOCK "?cursor=MUG", NULL, READER, NULL);
	assert_int_equal(json_array_size(data_of(rq)), 2);
	assert_true(json_is_null(json_object_get(test_json(rq), "next_cursor")));
	rq = test_http("GET", STOCK "?sku=SOAP", NULL, READER, NULL);
	assert_int_equal(json_array_size(data_of(rq)), 1);
	assert_string_equal(json_text(json_array_get(data_of(rq), 0), "state", ""), "out");
	assert_int_equal(json_array_size(data_of(test_http("GET", STOCK "?sku=NONE", NULL, READER, NULL))), 0);
	assert_status(test_http("GET", STOCK "?limit=0", NULL, READER, NULL), 422);
	assert_status(test_http("GET", STOCK "?limit=101", NULL, READER, NULL), 422);
	assert_status(test_http("GET", STOCK "?colour=red", NULL, READER, NULL), 400);
}

static void one_sku(void **state)
{
	struct request *rq = test_http("GET", STOCK "/MUG", NULL, READER, NULL);
	const json_t *shelf = json_array_get(json_object_get(test_json(rq), "warehouses"), 0);

	(void)state;
	assert_status(rq, 200);
	assert_non_null(test_header(rq, "ETag"));
	assert_int_equal(json_int(test_json(rq), "on_hand", -1), 10);
	assert_int_equal(json_int(test_json(rq), "available", -1), 10);
	assert_string_equal(json_text(shelf, "code", ""), "MAIN");
	assert_int_equal(json_int(shelf, "on_hand", -1), 10);
	assert_status(test_http("GET", STOCK "/MUG", NULL, READER, "HTTP_IF_NONE_MATCH", test_header(rq, "ETag"), NULL), 304);
	assert_status(test_http("GET", STOCK "/NONE", NULL, READER, NULL), 404);
	rq = test_http("GET", STOCK "/odd%2Fsku%20%26%20more", NULL, READER, NULL);
	assert_int_equal(json_int(test_json(rq), "on_hand", -1), 7);
	rq = test_http("GET", "/api/v1/warehouses", NULL, READER, NULL);
	assert_int_equal(json_int(json_array_get(data_of(rq), 0), "on_hand", -1), 20);
}

static void adjusting(void **state)
{
	struct request *rq;

	(void)state;
	for (int i = 0; i < 2; i++) {
		rq = test_http("POST", STOCK "/MUG/adjustments", "{\"warehouse\": \"MAIN\", \"delta\": -4, \"reason\": \"damaged\"}", WAREHOUSE_MAN,
			"HTTP_IDEMPOTENCY_KEY", "a1", NULL);
		assert_status(rq, 201);
		assert_int_equal(json_int(test_json(rq), "on_hand", -1), 6);
	}
	rq = test_http("GET", STOCK "/MUG/movements?limit=1", NULL, READER, NULL);
	assert_int_equal(json_int(json_array_get(data_of(rq), 0), "delta", 0), -4);
	assert_int_equal(json_int(json_array_get(data_of(rq), 0), "on_hand_after", 0), 6);
	assert_string_equal(json_text(json_array_get(data_of(rq), 0), "reason", ""), "damaged");
	assert_string_equal(test_sql_text("select actor from inventory.movement order by id desc limit 1"), "01900000-0000-7000-8000-000000000001");
	rq = test_http("GET", arena_printf(rq->ctx.arena, STOCK "/MUG/movements?cursor=%s", json_text(test_json(rq), "next_cursor", "")), NULL,
		READER, NULL);
	assert_int_equal(json_int(json_array_get(data_of(rq), 0), "delta", 0), 10);
	assert_status(test_http("GET", STOCK "/MUG/movements?cursor=x", NULL, READER, NULL), 400);
}

static void adjusting_with_bad_input(void **state)
{
	static const struct {
		const char *body, *error;
	} cases[] = {
		{"{\"delta\": 1, \"reason\": \"x\"}", "warehouse required"},
		{"{\"warehouse\": \"MAIN\", \"reason\": \"x\"}", "delta required"},
		{"{\"warehouse\": \"MAIN\", \"delta\": 0, \"reason\": \"x\"}", "delta invalid"},
		{"{\"warehouse\": \"MAIN\", \"delta\": 1.5, \"reason\": \"x\"}", "delta invalid"},
		{"{\"warehouse\": \"MAIN\", \"delta\": 1000001, \"reason\": \"x\"}", "delta too_large"},
		{"{\"warehouse\": \"MAIN\", \"delta\": 1}", "reason required"},
		{"{\"warehouse\": \"MOON\", \"delta\": 1, \"reason\": \"x\"}", "warehouse unknown"},
		{"{\"warehouse\": \"MAIN\", \"delta\": 1, \"reason\": \"x\", \"y\": 1}", "y unknown"},
	};
	struct request *rq;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		rq = test_http("POST", STOCK "/MUG/adjustments", cases[i].body, WAREHOUSE_MAN, NULL);
		assert_status(rq, 422);
		assert_string_equal(error_of(rq), cases[i].error);
	}
	rq = test_http("POST", STOCK "/MUG/adjustments", "{\"warehouse\": \"MAIN\", \"delta\": -11, \"reason\": \"lost\"}", WAREHOUSE_MAN, NULL);
	assert_status(rq, 409);
	assert_string_equal(test_code(rq), "stock_negative");
	test_sql("update inventory.item set reserved = 9 where sku = 'MUG'");
	rq = test_http("POST", STOCK "/MUG/adjustments", "{\"warehouse\": \"MAIN\", \"delta\": -2, \"reason\": \"lost\"}", WAREHOUSE_MAN, NULL);
	assert_status(rq, 409);
	assert_string_equal(test_code(rq), "stock_promised");
	rq = test_http("POST", STOCK "/NONE/adjustments", "{\"warehouse\": \"MAIN\", \"delta\": 2, \"reason\": \"found\"}", WAREHOUSE_MAN, NULL);
	assert_status(rq, 404);
	assert_string_equal(test_code(rq), "sku_unknown");
	assert_int_equal(test_sql_int("select on_hand from inventory.item where sku = 'MUG'"), 10);
}

static void the_page_of_all_stock(void **state)
{
	struct request *rq = test_http("GET", "/admin/inventory", NULL, WAREHOUSE_MAN, NULL);

	(void)state;
	assert_status(rq, 200);
	assert_true(shows(rq, "/admin/inventory/odd%2Fsku%20%26%20more"));
	assert_true(shows(rq, "odd/sku &amp; more"));
	assert_true(shows(rq, "Sold out"));
	assert_true(shows(rq, "name=\"delta\""));
	rq = test_http("GET", "/admin/inventory?state=low&utm=x", NULL, READER, NULL);
	assert_true(shows(rq, "BOTTLE"));
	assert_false(shows(rq, "<code>MUG"));
	assert_false(shows(rq, "name=\"delta\""));
	rq = test_http("GET", "/admin/inventory?q=soap+%3Cb", NULL, READER, NULL);
	assert_true(shows(rq, "<code>SOAP"));
	assert_false(shows(rq, "<code>MUG"));
	test_sql("update inventory.item set reserved = 12, shortfall = 2 where sku = 'MUG'");
	assert_true(shows(test_http("GET", "/admin/inventory?state=short", NULL, READER, NULL), "Promised, but missing"));
	assert_true(shows(test_http("GET", "/admin/inventory?q=nothing", NULL, READER, NULL), "class=\"empty\""));
	for (int i = 0; i < 60; i++)
		shop_sql("select inventory.count_stock(array['X%02d'], array[1::bigint], 'test')", i);
	assert_true(shows(test_http("GET", "/admin/inventory?q=x", NULL, READER, NULL), "/admin/inventory?cursor=X49&amp;q=x"));
	assert_true(shows(test_http("GET", "/admin/inventory?q=x&cursor=X49", NULL, READER, NULL), "<code>X59"));
}

static void the_page_of_one_sku(void **state)
{
	struct request *rq = test_http("GET", "/admin/inventory/MUG", NULL, WAREHOUSE_MAN, NULL);

	(void)state;
	assert_status(rq, 200);
	assert_true(shows(rq, "href=\"/p/mug\""));
	assert_true(shows(rq, "+10"));
	assert_true(shows(rq, "Main warehouse"));
	assert_true(shows(rq, "value=\"MUG\""));
	assert_status(test_http("GET", "/admin/inventory/NONE", NULL, WAREHOUSE_MAN, NULL), 404);
	assert_status(test_http("GET", "/admin/inventory/MUG?cursor=x", NULL, WAREHOUSE_MAN, NULL), 404);
}

static void adjusting_by_form(void **state)
{
	struct request *rq;

	(void)state;
	rq = test_http("POST", "/admin/inventory/adjustments", "sku=MUG&warehouse=MAIN&delta=-3&reason=damaged", WAREHOUSE_MAN, NULL);
	assert_status(rq, 303);
	assert_string_equal(test_header(rq, "Location"), "/admin/inventory");
	assert_int_equal(test_sql_int("select on_hand from inventory.item where sku = 'MUG'"), 7);
	rq = test_http("POST", "/admin/inventory/adjustments", "sku=MUG&warehouse=MAIN&delta=many&reason=damaged", WAREHOUSE_MAN, NULL);
	assert_status(rq, 422);
	assert_true(shows(rq, "id=\"delta-error\""));
	assert_true(shows(rq, "value=\"many\""));
	rq = test_http("POST", "/admin/inventory/adjustments", "sku=MUG&warehouse=MAIN&delta=-8&reason=lost", WAREHOUSE_MAN, NULL);
	assert_status(rq, 409);
	assert_true(shows(rq, "id=\"delta-error\""));
	assert_true(shows(rq, "value=\"lost\" selected"));
	rq = test_http("POST", "/admin/inventory/adjustments", "sku=NONE&warehouse=MAIN&delta=8&reason=found", WAREHOUSE_MAN, NULL);
	assert_status(rq, 404);
	assert_true(shows(rq, "id=\"sku-error\""));
	assert_status(test_http("POST", "/admin/inventory/adjustments", "sku=MUG&warehouse=MAIN&delta=1&reason=found", WAREHOUSE_MAN,
			      "HTTP_X_CSRF_TOKEN", "x", NULL),
		303);
	assert_int_equal(test_sql_int("select on_hand from inventory.item where sku = 'MUG'"), 8);
}

#define TEST(f) cmocka_unit_test_setup(f, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_may),
		TEST(the_list),
		TEST(one_sku),
		TEST(adjusting),
		TEST(adjusting_with_bad_input),
		TEST(the_page_of_all_stock),
		TEST(the_page_of_one_sku),
		TEST(adjusting_by_form),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
