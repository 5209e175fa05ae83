/* cart_api.c - the cart API: what it promises, whom it refuses, and what it says when input is wrong. */
#include "testing.h"
#include "http.h"
#include "shop.h"

#include <stdio.h>
#include <string.h>

#include "cart.h"
#include "store_cart.h"

#define CARTS "/api/v1/carts"

static const struct db_stmt *const *const STATEMENTS[] = {CART_STATEMENTS, RATES_STATEMENTS, NULL};
static const struct db_constraint *const CONSTRAINTS[] = {CART_CONSTRAINTS, NULL};

static int start(void **state)
{
	(void)state;
	test_http_open(CART_ROUTES, test_db_open("es_cart", test_statements(STATEMENTS), CONSTRAINTS));
	shop_open();
	shop_person(1, "{customer}");
	shop_person(2, "{customer}");
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
	test_sql("truncate cart.cart, cart.line, platform.idempotency");
	shop_offer("MUG", "Mug", 1299);
	shop_offer("BOTTLE", "Bottle", 2400);
	return 0;
}

/* ------------------------------------------------------------------ words of these tests */

static char path_text[300];

static const char *path(const char *id, const char *rest)
{
	snprintf(path_text, sizeof(path_text), CARTS "/%s%s", id, rest);
	return path_text;
}

/* A cart of two mugs and a bottle; its id is copied to id. */
static json_t *new_cart(char id[40])
{
	struct request *rq = test_http("POST", CARTS, "{\"lines\": [{\"sku\": \"MUG\", \"quantity\": 2}, {\"sku\": \"BOTTLE\", \"quantity\": 1}]}", NULL);

	assert_status(rq, 201);
	snprintf(id, 40, "%s", json_text(test_json(rq), "id", ""));
	return test_json(rq);
}

static int64_t money_at(const json_t *o, const char *key)
{
	return json_int(json_object_get(o, key), "amount", -1);
}

static int64_t total_of(struct request *rq, const char *key)
{
	return money_at(json_object_get(test_json(rq), "totals"), key);
}

static const json_t *line_at(const json_t *cart, size_t i)
{
	return json_array_get(json_object_get(cart, "lines"), i);
}

/* "field code" of the n-th error of a 422. */
static const char *error_at(struct request *rq, size_t n)
{
	const json_t *e = json_array_get(json_object_get(test_json(rq), "errors"), n);

	return arena_printf(rq->ctx.arena, "%s %s", json_text(e, "field", "-"), json_text(e, "code", "-"));
}

#define assert_invalid(rq_, error_)                                                                                    \
	do {                                                                                                           \
		struct request *invalid_ = (rq_);                                                                      \
		assert_status(invalid_, 422);                                                                          \
		assert_string_equal(error_at(invalid_, 0), (error_));                                                  \
	} while (0)

/* ------------------------------------------------------------------ creating */

static void a_cart_is_created_with_all_it_holds(void **state)
{
	struct request *rq = test_http("POST", CARTS,
		"{\"currency\": \"EUR\", \"lines\": [{\"sku\": \"MUG\", \"quantity\": 2}], \"destination\": {\"country\": \"HU\", \"postal_code\": \"1051\"}}", NULL);
	json_t *cart = test_json(rq);
	const json_t *line = line_at(cart, 0);

	(void)state;
	assert_status(rq, 201);
	assert_version(rq, 1);
	assert_string_equal(test_header(rq, "Location"), path(json_text(cart, "id", ""), ""));
	assert_string_equal(json_text(line, "sku", ""), "MUG");
	assert_string_equal(json_text(line, "name", ""), "Mug");
	assert_int_equal(money_at(line, "unit_price"), 1299);
	assert_int_equal(money_at(line, "total"), 2598);
	assert_int_equal(money_at(line, "discount"), 0);
	assert_true(json_bool(line, "available", false));
	assert_int_equal(total_of(rq, "subtotal"), 2598);
	assert_int_equal(total_of(rq, "total"), 2598);
	assert_int_equal(total_of(rq, "tax"), 552); /* 27 % */
	assert_true(json_bool(json_object_get(cart, "totals"), "tax_included", false));
	assert_int_equal(json_array_size(json_object_get(cart, "shipping_options")), 1);
	assert_int_equal(json_array_size(json_object_get(cart, "messages")), 0);
	assert_null(test_header(rq, "Set-Cookie"));
}

static void a_cart_may_begin_empty(void **state)
{
	struct request *rq = test_http("POST", CARTS, NULL, NULL);

	(void)state;
	assert_status(rq, 201);
	assert_string_equal(json_text(test_json(rq), "currency", ""), "EUR");
	assert_int_equal(json_array_size(json_object_get(test_json(rq), "lines")), 0);
	assert_int_equal(total_of(rq, "total"), 0);
}

static void creating_with_bad_input(void **state)
{
	struct request *rq;

	(void)state;
	assert_invalid(test_http("POST", CARTS, "{\"lines\": [{\"sku\": \"MUG\", \"quantity\": 0}]}", NULL), "lines/0/quantity too_small");
	assert_invalid(test_http("POST", CARTS, "{\"lines\": [{\"sku\": \"MUG\", \"quantity\": 10000}]}", NULL), "lines/0/quantity too_large");
	assert_invalid(test_http("POST", CARTS, "{\"lines\": [{\"quantity\": 1}]}", NULL), "lines/0/sku required");
	assert_invalid(test_http("POST", CARTS, "{\"lines\": [{\"sku\": \"MUG\", \"quantity\": \"1\"}]}", NULL), "lines/0/quantity invalid");
	assert_invalid(test_http("POST", CARTS, "{\"lines\": [{\"sku\": \"MUG\", \"quantity\": 1, \"colour\": 1}]}", NULL), "lines/0/colour unknown");
	assert_invalid(test_http("POST", CARTS, "{\"coupons\": []}", NULL), "coupons unknown");
	assert_invalid(test_http("POST", CARTS, "{\"currency\": \"XYZ\"}", NULL), "currency unknown");
	assert_invalid(test_http("POST", CARTS, "{\"destination\": {\"country\": \"Germany\"}}", NULL), "destination/country unknown");
	rq = test_http("POST", CARTS, "{\"lines\": [{\"sku\": \"MUG\", \"quantity\": 1}, {\"sku\": \"NONE\", \"quantity\": 1}]}", NULL);
	assert_invalid(rq, "lines/1/sku unknown");
	assert_invalid(test_http("POST", CARTS, "{\"lines\": [{\"sku\": \"MUG\", \"quantity\": 9999}, {\"sku\": \"MUG\", \"quantity\": 1}]}", NULL),
		"lines/1/quantity too_large");
	assert_status(test_http("POST", CARTS, "{\"lines\": ", NULL), 400);
	assert_status(test_http("POST", CARTS, "a=1", NULL), 415);
	assert_status(test_http("POST", CARTS "?x=1", "{}", NULL), 400);
	assert_int_equal(test_sql_int("select count(*) from cart.cart"), 0);
}

/* ------------------------------------------------------------------ reading */

static void reading(void **state)
{
	struct request *rq;
	char id[40];

	(void)state;
	(void)new_cart(id);
	rq = test_http("GET", path(id, ""), NULL, NULL);
	assert_status(rq, 200);
	assert_version(rq, 1);
	assert_string_equal(test_header(rq, "Cache-Control"), "no-store");
	assert_int_equal(total_of(rq, "total"), 4998);
	const char *weak = arena_printf(rq->ctx.arena, "W/%s", test_header(rq, "ETag"));
	assert_status(test_http("GET", path(id, ""), NULL, "HTTP_IF_NONE_MATCH", weak, NULL), 304);
	shop_stock("MUG", 1);
	rq = test_http("GET", path(id, ""), NULL, "HTTP_IF_NONE_MATCH", weak, NULL);
	assert_status(rq, 200);
	assert_version(rq, 1);
	assert_false(json_bool(line_at(test_json(rq), 0), "available", true));
	shop_stock("MUG", 10);
	assert_status(test_http("GET", path("00000000-0000-4000-8000-000000000000", ""), NULL, NULL), 404);
	assert_status(test_http("GET", path("nonsense", ""), NULL, NULL), 404);
	assert_status(test_http("GET", path(id, "?x=1"), NULL, NULL), 400);
}

static void wrong_methods(void **state)
{
	struct request *rq;
	char id[40];

	(void)state;
	(void)new_cart(id);
	rq = test_http("PUT", path(id, ""), "{}", NULL);
	assert_status(rq, 405);
	assert_string_equal(test_header(rq, "Allow"), "GET, HEAD");
	assert_status(test_http("GET", CARTS, NULL, NULL), 405);
	assert_status(test_http("GET", path(id, "/lines"), NULL, NULL), 405);
	assert_status(test_http("GET", path(id, "/destination"), NULL, NULL), 405);
	assert_status(test_http("POST", CARTS "/mine", "{}", NULL), 405);
	assert_status(test_http("GET", path(id, "/coupons"), NULL, NULL), 404);
}

static void old_prices_are_made_new_by_reading(void **state)
{
	struct request *rq;
	char id[40];

	(void)state;
	(void)new_cart(id);
	shop_offer("MUG", "Mug", 1000);
	rq = test_http("GET", path(id, ""), NULL, NULL);
	assert_int_equal(total_of(rq, "total"), 4400);
	assert_version(rq, 2);
	rq = test_http("GET", path(id, ""), NULL, NULL);
	assert_version(rq, 2);
	assert_int_equal(test_sql_int("select (quote ->> 'subtotal_minor')::bigint from cart.cart"), 4400);
	assert_int_equal(test_sql_int("select version from cart.cart"), 2);
	shop_withdraw("BOTTLE");
	rq = test_http("GET", path(id, ""), NULL, NULL);
	assert_int_equal(total_of(rq, "total"), 2000);
	assert_false(json_bool(line_at(test_json(rq), 1), "available", true));
	assert_string_equal(json_text(line_at(test_json(rq), 1), "name", ""), "BOTTLE");
	assert_string_equal(json_text(json_array_get(json_object_get(test_json(rq), "messages"), 0), "code", ""), "not_offered");
	rq = test_http("GET", path(id, ""), NULL, NULL);
	assert_version(rq, 3);
}

static void more_than_there_is_is_said(void **state)
{
	struct request *rq = test_http("POST", CARTS, "{\"lines\": [{\"sku\": \"MUG\", \"quantity\": 11}]}", NULL);

	(void)state;
	assert_status(rq, 201);
	assert_false(json_bool(line_at(test_json(rq), 0), "available", true));
	assert_string_equal(json_text(json_array_get(json_object_get(test_json(rq), "messages"), 0), "code", ""), "out_of_stock");
}

/* ------------------------------------------------------------------ editing */

static void adding_lines(void **state)
{
	struct request *rq;
	char id[40];

	(void)state;
	(void)new_cart(id);
	rq = test_http("POST", path(id, "/lines"), "{\"sku\": \"MUG\", \"quantity\": 1}", NULL);
	assert_status(rq, 201);
	assert_int_equal(json_int(line_at(test_json(rq), 0), "quantity", 0), 3);
	assert_version(rq, 2);
	rq = test_http("POST", path(id, "/lines"), "{\"sku\": \"SOAP\", \"quantity\": 4}", NULL);
	assert_int_equal(total_of(rq, "total"), 3 * 1299 + 2400 + 4 * 450);
	assert_string_equal(json_text(line_at(test_json(rq), 2), "name", ""), "Soap <b>bar</b>");
	assert_invalid(test_http("POST", path(id, "/lines"), "{\"sku\": \"NONE\", \"quantity\": 1}", NULL), "sku unknown");
	assert_invalid(test_http("POST", path(id, "/lines"), "{\"sku\": \"MUG\", \"quantity\": 9997}", NULL), "quantity too_large");
	assert_invalid(test_http("POST", path(id, "/lines"), "{\"sku\": \"MUG\"}", NULL), "quantity required");
	assert_status(test_http("POST", path("00000000-0000-4000-8000-000000000000", "/lines"), "{\"sku\": \"MUG\", \"quantity\": 1}", NULL), 404);
	assert_int_equal(test_sql_int("select version from cart.cart"), 3);
	assert_int_equal(test_sql_int("select sum(quantity)::bigint from cart.line"), 8);
}

static void a_key_adds_once(void **state)
{
	struct request *rq;
	char id[40];

	(void)state;
	(void)new_cart(id);
	for (int i = 0; i < 3; i++) {
		rq = test_http("POST", path(id, "/lines"), "{\"sku\": \"MUG\", \"quantity\": 1}", "HTTP_IDEMPOTENCY_KEY", "add-1", NULL);
		assert_status(rq, 201);
		assert_int_equal(json_int(line_at(test_json(rq), 0), "quantity", 0), 3);
		assert_true((i > 0) == (test_header(rq, "Idempotent-Replayed") != NULL));
	}
	assert_int_equal(test_sql_int("select quantity from cart.line where sku = 'MUG'"), 3);
}

static void changing_and_removing_lines(void **state)
{
	struct request *rq;
	char id[40], mug[100], bottle[100];
	json_t *cart;

	(void)state;
	cart = new_cart(id);
	snprintf(mug, sizeof(mug), "/lines/%s", json_text(line_at(cart, 0), "id", ""));
	snprintf(bottle, sizeof(bottle), "/lines/%s", json_text(line_at(cart, 1), "id", ""));
	rq = test_http("PATCH", path(id, mug), "{\"quantity\": 5}", NULL);
	assert_status(rq, 200);
	assert_int_equal(total_of(rq, "total"), 5 * 1299 + 2400);
	assert_invalid(test_http("PATCH", path(id, mug), "{\"quantity\": -1}", NULL), "quantity too_small");
	assert_invalid(test_http("PATCH", path(id, mug), "{\"quantity\": 1, \"x\": 1}", NULL), "x unknown");
	assert_status(test_http("PATCH", path(id, "/lines/nonsense"), "{\"quantity\": 1}", NULL), 404);
	rq = test_http("PATCH", path(id, mug), "{\"quantity\": 0}", NULL);
	assert_int_equal(json_array_size(json_object_get(test_json(rq), "lines")), 1);
	assert_status(test_http("PATCH", path(id, mug), "{\"quantity\": 1}", NULL), 404);
	rq = test_http("DELETE", path(id, bottle), NULL, NULL);
	assert_status(rq, 200);
	assert_int_equal(total_of(rq, "total"), 0);
	assert_status(test_http("DELETE", path(id, bottle), NULL, NULL), 404);
	assert_int_equal(test_sql_int("select count(*) from cart.line"), 0);
}

static void emptying(void **state)
{
	struct request *rq;
	char id[40];

	(void)state;
	(void)new_cart(id);
	rq = test_http("DELETE", path(id, "/lines"), NULL, NULL);
	assert_status(rq, 200);
	assert_int_equal(json_array_size(json_object_get(test_json(rq), "lines")), 0);
	assert_int_equal(test_sql_int("select count(*) from cart.line"), 0);
	rq = test_http("POST", path(id, "/lines"), "{\"sku\": \"MUG\", \"quantity\": 1}", NULL);
	assert_int_equal(total_of(rq, "total"), 1299);
}

static void stale_copies_are_refused(void **state)
{
	struct request *rq;
	char id[40];

	(void)state;
	(void)new_cart(id);
	rq = test_http("POST", path(id, "/lines"), "{\"sku\": \"MUG\", \"quantity\": 1}", "HTTP_IF_MATCH", "\"v7-a\"", NULL);
	assert_status(rq, 412);
	assert_string_equal(test_code(rq), "precondition_failed");
	assert_status(test_http("DELETE", path(id, "/lines"), NULL, "HTTP_IF_MATCH", "\"v2-a\"", NULL), 412);
	assert_status(test_http("PUT", path(id, "/destination"), "{\"country\": \"DE\"}", "HTTP_IF_MATCH", "\"v2-a\"", NULL), 412);
	assert_status(test_http("DELETE", path(id, "/lines"), NULL, "HTTP_IF_MATCH", "\"v1-a\"", NULL), 200);
}

static void the_destination_brings_shipping_and_tax(void **state)
{
	struct request *rq;
	const json_t *option;
	char id[40];

	(void)state;
	(void)new_cart(id);
	rq = test_http("PUT", path(id, "/destination"), "{\"country\": \"DE\", \"postal_code\": \"10999\"}", NULL);
	assert_status(rq, 200);
	assert_int_equal(json_array_size(json_object_get(test_json(rq), "shipping_options")), 2);
	option = json_array_get(json_object_get(test_json(rq), "shipping_options"), 0);
	assert_string_equal(json_text(option, "id", ""), "standard");
	assert_int_equal(money_at(option, "price"), 490);
	assert_int_equal(json_int(option, "estimate_days", 0), 3);
	assert_int_equal(total_of(rq, "tax"), 415 + 383);
	rq = test_http("PUT", path(id, "/destination"), "{\"country\": \"CH\", \"postal_code\": \"8001\"}", NULL);
	assert_int_equal(total_of(rq, "tax"), 0);
	assert_int_equal(total_of(rq, "total"), 4998);
	assert_invalid(test_http("PUT", path(id, "/destination"), "{\"postal_code\": \"1\"}", NULL), "country required");
	assert_invalid(test_http("PUT", path(id, "/destination"), "{\"country\": \"DE\", \"planet\": \"x\"}", NULL), "planet unknown");
}

static void free_shipping_ends_with_the_goods(void **state)
{
	struct request *rq = test_http("POST", CARTS,
		"{\"lines\": [{\"sku\": \"BOTTLE\", \"quantity\": 3}], \"destination\": {\"country\": \"DE\", \"postal_code\": \"1\"}}", NULL);
	char id[40], line[100];
	const json_t *cart = test_json(rq);

	(void)state;
	snprintf(id, sizeof(id), "%s", json_text(cart, "id", ""));
	snprintf(line, sizeof(line), "/lines/%s", json_text(line_at(cart, 0), "id", ""));
	assert_int_equal(money_at(json_array_get(json_object_get(cart, "shipping_options"), 0), "price"), 0);
	rq = test_http("PATCH", path(id, line), "{\"quantity\": 1}", NULL);
	assert_int_equal(money_at(json_array_get(json_object_get(test_json(rq), "shipping_options"), 0), "price"), 490);
}

static void an_ordered_cart_is_closed(void **state)
{
	struct request *rq;
	char id[40];

	(void)state;
	(void)new_cart(id);
	test_sql("update cart.cart set status = 'ordered'");
	rq = test_http("POST", path(id, "/lines"), "{\"sku\": \"MUG\", \"quantity\": 1}", NULL);
	assert_status(rq, 409);
	assert_string_equal(test_code(rq), "cart_already_ordered");
	assert_status(test_http("DELETE", path(id, "/lines"), NULL, NULL), 409);
	shop_offer("MUG", "Mug", 1);
	rq = test_http("GET", path(id, ""), NULL, NULL);
	assert_status(rq, 200);
	assert_string_equal(json_text(test_json(rq), "status", ""), "ordered");
	assert_int_equal(test_sql_int("select version from cart.cart"), 1);
}

/* ------------------------------------------------------------------ customers */

static void a_customers_cart_is_theirs_alone(void **state)
{
	struct request *rq;
	char id[40];

	(void)state;
	rq = test_http("POST", CARTS, "{\"lines\": [{\"sku\": \"MUG\", \"quantity\": 1}]}", SHOP_AS(1), NULL);
	assert_status(rq, 201);
	snprintf(id, sizeof(id), "%s", json_text(test_json(rq), "id", ""));
	assert_status(test_http("GET", path(id, ""), NULL, SHOP_AS(1), NULL), 200);
	assert_status(test_http("GET", path(id, ""), NULL, SHOP_AS(2), NULL), 404);
	assert_status(test_http("GET", path(id, ""), NULL, NULL), 404);
	assert_status(test_http("POST", path(id, "/lines"), "{\"sku\": \"MUG\", \"quantity\": 1}", SHOP_AS(2), NULL), 404);
	assert_status(test_http("DELETE", path(id, "/lines"), NULL, NULL), 404);
	assert_status(test_http("PUT", path(id, "/destination"), "{\"country\": \"DE\"}", SHOP_AS(2), NULL), 404);
	assert_int_equal(test_sql_int("select version from cart.cart"), 1);
}

static void a_customer_has_one_cart(void **state)
{
	struct request *rq;

	(void)state;
	rq = test_http("GET", CARTS "/mine", NULL, NULL);
	assert_status(rq, 401);
	assert_status(test_http("GET", CARTS "/mine", NULL, SHOP_AS(1), NULL), 404);
	assert_status(test_http("POST", CARTS, "{\"lines\": [{\"sku\": \"MUG\", \"quantity\": 1}]}", SHOP_AS(1), NULL), 201);
	rq = test_http("POST", CARTS,
		"{\"lines\": [{\"sku\": \"MUG\", \"quantity\": 2}], \"destination\": {\"country\": \"FI\", \"postal_code\": \"00100\"}}", SHOP_AS(1), NULL);
	assert_status(rq, 201);
	assert_int_equal(json_int(line_at(test_json(rq), 0), "quantity", 0), 3);
	assert_int_equal(json_array_size(json_object_get(test_json(rq), "shipping_options")), 1);
	rq = test_http("GET", CARTS "/mine", NULL, SHOP_AS(1), NULL);
	assert_status(rq, 200);
	assert_int_equal(total_of(rq, "tax"), 792); /* 25.5 % of 3897 */
	assert_invalid(test_http("POST", CARTS, "{\"currency\": \"USD\"}", SHOP_AS(1), NULL), "currency invalid");
	assert_int_equal(test_sql_int("select count(*) from cart.cart"), 1);
}

static void a_customers_key_counts(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		assert_status(test_http("POST", CARTS, "{\"lines\": [{\"sku\": \"MUG\", \"quantity\": 1}]}", SHOP_AS(1), "HTTP_IDEMPOTENCY_KEY",
				      "k", NULL),
			201);
	assert_int_equal(test_sql_int("select quantity from cart.line"), 1);
	/* A guest's has no scope: two carts. */
	for (int i = 0; i < 2; i++)
		assert_status(test_http("POST", CARTS, "{}", "HTTP_IDEMPOTENCY_KEY", "k", NULL), 201);
	assert_int_equal(test_sql_int("select count(*) from cart.cart"), 3);
}

static void a_session_needs_its_token(void **state)
{
	(void)state;
	assert_status(test_http("POST", CARTS, "{}", "HTTP_COOKIE", "es_session=" SHOP_TIMES_43("1") "; es_csrf=" SHOP_CSRF, NULL), 403);
}

#define TEST(f) cmocka_unit_test_setup(f, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_cart_is_created_with_all_it_holds),
		TEST(a_cart_may_begin_empty),
		TEST(creating_with_bad_input),
		TEST(reading),
		TEST(wrong_methods),
		TEST(old_prices_are_made_new_by_reading),
		TEST(more_than_there_is_is_said),
		TEST(adding_lines),
		TEST(a_key_adds_once),
		TEST(changing_and_removing_lines),
		TEST(emptying),
		TEST(stale_copies_are_refused),
		TEST(the_destination_brings_shipping_and_tax),
		TEST(free_shipping_ends_with_the_goods),
		TEST(an_ordered_cart_is_closed),
		TEST(a_customers_cart_is_theirs_alone),
		TEST(a_customer_has_one_cart),
		TEST(a_customers_key_counts),
		TEST(a_session_needs_its_token),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
