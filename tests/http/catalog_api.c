/* catalog_api.c - products, search, categories and imports as clients see them. */
#include "testing.h"
#include "http.h"
#include "shop.h"

#include <stdio.h>
#include <string.h>

#include "import.h"
#include "service.h"

#define PRODUCTS "/api/v1/products"
#define MERCHANDISER SHOP_AS(1)
#define CUSTOMER SHOP_AS(2)

static const struct db_stmt *const *const STATEMENTS[] = {
	LISTING_STATEMENTS, PRODUCT_STATEMENTS, CATEGORY_STATEMENTS, IMPORT_STATEMENTS, NULL};
static const struct db_constraint *const CONSTRAINTS[] = {CATALOG_CONSTRAINTS, NULL};

static int start(void **state)
{
	(void)state;
	test_http_open(CATALOG_ROUTES, test_db_open("es_catalog", test_statements(STATEMENTS), CONSTRAINTS));
	shop_person(1, "{customer,merchandiser}");
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

#define MUG                                                                                                            \
	"{\"sku\":\"MUG\",\"name\":\"Blue mug\",\"brand\":\"Halmbrook\",\"category\":[\"Kitchen\",\"Mugs\"],"          \
	"\"price\":{\"amount\":1299,\"currency\":\"EUR\"},\"attributes\":{\"colour\":\"blue\"},\"stock\":5}"
#define SHIRT                                                                                                          \
	"{\"sku\":\"SHIRT\",\"name\":\"Linen shirt\",\"category\":[\"Clothing\"],"                                     \
	"\"price\":{\"amount\":4900,\"currency\":\"EUR\"},\"list_price\":{\"amount\":5900,\"currency\":\"EUR\"},"      \
	"\"attributes\":{\"colour\":\"blue\"},\"images\":[\"https://pictures.example/shirt.jpg\"],\"variants\":["      \
	"{\"sku\":\"SHIRT-S\",\"options\":{\"size\":\"S\"},\"stock\":0},"                                              \
	"{\"sku\":\"SHIRT-M\",\"options\":{\"size\":\"M\"},\"price\":{\"amount\":5100,\"currency\":\"EUR\"}}]}"

static char mug_id[40];

static int clean(void **state)
{
	(void)state;
	test_sql("truncate catalog.product, catalog.variant, catalog.price, catalog.listing, catalog.category, "
		 "catalog.brand,"
		 " catalog.product_image, catalog.import, catalog.import_file, catalog.import_error, "
		 "catalog.vocabulary, bus.outbox, bus.job,"
		 " platform.idempotency;"
		 "truncate inventory.item, inventory.level, inventory.movement, inventory.reservation");
	struct request *rq = test_http("POST", PRODUCTS, MUG, MERCHANDISER, NULL);
	assert_status(rq, 201);
	memcpy(mug_id, json_text(test_json(rq), "id", ""), 37);
	assert_status(test_http("POST", PRODUCTS, SHIRT, MERCHANDISER, NULL), 201);
	return 0;
}

static const char *path_of(struct request *rq, const char *id)
{
	return arena_printf(rq->ctx.arena, PRODUCTS "/%s", id);
}

static const json_t *first_of(struct request *rq)
{
	return json_array_get(json_object_get(test_json(rq), "data"), 0);
}

static size_t count_of(struct request *rq)
{
	return json_array_size(json_object_get(test_json(rq), "data"));
}

static void staff_write_and_shoppers_read(void **state)
{
	struct request *rq = test_http("GET", PRODUCTS "/blue-mug", NULL, NULL);

	(void)state;
	assert_status(rq, 200);
	json_t *mug = test_json(rq);
	assert_string_equal(json_text(mug, "id", ""), mug_id);
	assert_string_equal(json_text(mug, "brand", ""), "Halmbrook");
	assert_string_equal(json_text(mug, "category", ""), "kitchen/mugs");
	assert_int_equal(json_int(json_object_get(mug, "price"), "amount", 0), 1299);
	assert_true(json_bool(mug, "in_stock", false));
	assert_int_equal(json_array_size(json_object_get(mug, "variants")), 1);
	assert_version(rq, 1);
	const char *weak = arena_printf(rq->ctx.arena, "W/%s", test_header(rq, "ETag"));
	assert_status(test_http("GET", PRODUCTS "/blue-mug", NULL, "HTTP_IF_NONE_MATCH", weak, NULL), 304);
	assert_status(test_http("GET", PRODUCTS "/nothing", NULL, NULL), 404);

	assert_status(test_http("POST", PRODUCTS, MUG, NULL), 401);
	assert_status(test_http("POST", PRODUCTS, MUG, CUSTOMER, NULL), 403);
	assert_status(test_http("PATCH", path_of(rq, mug_id), "{}", CUSTOMER, NULL), 403);
	assert_status(test_http("DELETE", path_of(rq, mug_id), NULL, CUSTOMER, NULL), 403);
	assert_status(test_http("PUT", path_of(rq, mug_id), "{}", MERCHANDISER, NULL), 405);
}

static void a_patch_changes_what_it_says(void **state)
{
	struct request *rq = test_http("PATCH", PRODUCTS "/blue-mug",
		"{\"name\":\"Sky "
		"mug\",\"price\":{\"amount\":999,\"currency\":\"EUR\"},\"list_price\":{\"amount\":1299,\"currency\":"
		"\"EUR\"}}",
		MERCHANDISER, "HTTP_IF_MATCH", "\"v1-of-some-content\"", NULL);

	(void)state;
	assert_status(rq, 200);
	json_t *mug = test_json(rq);
	assert_string_equal(json_text(mug, "name", ""), "Sky mug");
	assert_string_equal(json_text(mug, "slug", ""), "blue-mug");
	assert_string_equal(json_text(mug, "brand", ""), "Halmbrook");
	assert_int_equal(json_int(json_object_get(mug, "list_price"), "amount", 0), 1299);
	rq = test_http("PATCH", PRODUCTS "/blue-mug", "{\"list_price\":null,\"brand\":null,\"category\":[]}",
		MERCHANDISER, NULL);
	assert_status(rq, 200);
	mug = test_json(rq);
	assert_null(json_object_get(mug, "list_price"));
	assert_true(json_is_null(json_object_get(mug, "brand")));
	assert_true(json_is_null(json_object_get(mug, "category")));
	assert_int_equal(json_int(json_object_get(mug, "price"), "amount", 0), 999);
	rq = test_http(
		"PATCH", PRODUCTS "/blue-mug", "{\"name\":\"x\"}", MERCHANDISER, "HTTP_IF_MATCH", "\"v1-of-some-content\"", NULL);
	assert_status(rq, 412);
	assert_int_equal(test_sql_int("select count(*) from bus.outbox where topic = 'product.changed'"), 2);
}

static void bad_products_are_refused(void **state)
{
	(void)state;
	struct request *rq = test_http("POST", PRODUCTS, MUG, MERCHANDISER, NULL);
	assert_status(rq, 409);
	assert_string_equal(test_code(rq), "sku_taken");
	rq = test_http("POST", PRODUCTS, "{\"sku\":\"NEW\"}", MERCHANDISER, NULL);
	assert_status(rq, 422);
	rq = test_http("POST", PRODUCTS,
		"{\"sku\":\"NEW\",\"name\":\"x\",\"price\":{\"amount\":1,\"currency\":\"EUR\"},\"slug\":\"blue-mug\"}",
		MERCHANDISER, NULL);
	assert_status(rq, 409);
	assert_string_equal(test_code(rq), "slug_taken");
	assert_status(test_http("POST", PRODUCTS, "{\"sku\":", MERCHANDISER, NULL), 400);
	rq = test_http("PATCH", PRODUCTS "/blue-mug", "{\"sku\":\"SHIRT-S\"}", MERCHANDISER, NULL);
	assert_status(rq, 409);
	rq = test_http("PATCH", PRODUCTS "/blue-mug",
		"{\"images\":[\"javascript:alert(1)\",\"seed:x.svg\",\"/media/x.svg\"]}", MERCHANDISER, NULL);
	assert_status(rq, 422);
	assert_int_equal(json_array_size(json_object_get(test_json(rq), "errors")), 3);
}

static void an_archived_product_is_gone_for_shoppers(void **state)
{
	struct request *rq = test_http("DELETE", PRODUCTS "/blue-mug", NULL, MERCHANDISER, NULL);

	(void)state;
	assert_status(rq, 204);
	assert_status(test_http("GET", PRODUCTS "/blue-mug", NULL, NULL), 404);
	rq = test_http("GET", PRODUCTS "/blue-mug", NULL, MERCHANDISER, NULL);
	assert_status(rq, 200);
	assert_string_equal(json_text(test_json(rq), "status", ""), "archived");
	assert_int_equal(test_sql_int("select count(*) from catalog.offer where active and sku = 'MUG'"), 0);
	assert_int_equal(count_of(test_http("GET", PRODUCTS, NULL, NULL)), 1);
}

static void filters_narrow_a_list(void **state)
{
	static const struct {
		const char *query;
		size_t count;
	} CASES[] = {
		{"", 2},
		{"?category=kitchen", 1},
		{"?category=kitchen/mugs", 1},
		{"?category=Mugs", 1},
		{"?category=garden", 0},
		{"?brand=halmbrook", 1},
		{"?brand=halmbrook&brand=other", 1},
		{"?brand=Halmbrook", 1},
		{"?in_stock=1", 1},
		{"?in_stock=false", 1},
		{"?price_min=1299&price_max=1299", 1},
		{"?price_min=1300", 1},
		{"?attr.colour=blue", 2},
		{"?attr.colour=blue&attr.size=M", 1},
		{"?attr.size=S&attr.size=M", 1},
		{"?attr.colour=red", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		char path[200];
		snprintf(path, sizeof(path), PRODUCTS "%s", CASES[i].query);
		struct request *rq = test_http("GET", path, NULL, NULL);
		assert_status(rq, 200);
		if (count_of(rq) != CASES[i].count || json_int(test_json(rq), "total", -1) != (int64_t)CASES[i].count)
			fail_msg("%s: %zu", CASES[i].query, count_of(rq));
	}
	assert_status(test_http("GET", PRODUCTS "?colour=blue", NULL, NULL), 400);
	assert_status(test_http("GET", PRODUCTS "?limit=101", NULL, NULL), 422);
	assert_status(test_http("GET", PRODUCTS "?sort=cheapest", NULL, NULL), 422);
	assert_status(test_http("GET", PRODUCTS "?cursor=abc", NULL, NULL), 400);
}

static void a_cursor_goes_on(void **state)
{
	static const char *const SORTS[] = {"price", "-price", "newest", "name", "bestselling", "relevance"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(SORTS); i++) {
		struct request *rq = test_http("GET", PRODUCTS "?limit=1", NULL, NULL);
		rq = test_http("GET", arena_printf(rq->ctx.arena, PRODUCTS "?limit=1&sort=%s", SORTS[i]), NULL, NULL);
		const char *first = json_text(first_of(rq), "slug", ""),
			   *cursor = json_text(test_json(rq), "next_cursor", NULL);
		assert_non_null(cursor);
		rq = test_http("GET",
			arena_printf(rq->ctx.arena, PRODUCTS "?limit=1&sort=%s&cursor=%s", SORTS[i], cursor), NULL,
			NULL);
		assert_status(rq, 200);
		assert_string_not_equal(json_text(first_of(rq), "slug", ""), first);
		assert_true(json_is_null(json_object_get(test_json(rq), "next_cursor")));
	}
}

static void search_finds_and_corrects(void **state)
{
	struct request *rq = test_http("GET", "/api/v1/search?q=blue+mug&facets=1", NULL, NULL);

	(void)state;
	assert_status(rq, 200);
	assert_string_equal(json_text(first_of(rq), "slug", ""), "blue-mug");
	const json_t *facets = json_object_get(test_json(rq), "facets");
	assert_true(json_array_size(facets) >= 3);
	rq = test_http("GET", "/api/v1/search?q=lin", NULL, NULL);
	assert_string_equal(json_text(first_of(rq), "slug", ""), "linen-shirt");
	assert_true(json_bool(first_of(rq), "in_stock", true) == false);
	rq = test_http("GET", "/api/v1/search?q=the+shirts", NULL, NULL);
	assert_string_equal(json_text(first_of(rq), "slug", ""), "linen-shirt");
	rq = test_http("GET", "/api/v1/search?q=SHIRT-M", NULL, NULL);
	assert_int_equal(count_of(rq), 1);
	rq = test_http("GET", "/api/v1/search?q=linnen+shrit", NULL, NULL);
	assert_string_equal(json_text(test_json(rq), "corrected_query", ""), "linen shirt");
	assert_int_equal(count_of(rq), 1);
	rq = test_http("GET", "/api/v1/search?q=linnen&exact=1", NULL, NULL);
	assert_int_equal(count_of(rq), 0);
	assert_status(test_http("GET", "/api/v1/search?q=%27%22%26%7C%21%28%29%3A%2A%5C", NULL, NULL), 200);
	assert_status(test_http("GET", "/api/v1/search", NULL, NULL), 422);
	rq = test_http("GET", "/api/v1/suggest?q=mu", NULL, NULL);
	assert_status(rq, 200);
	assert_string_equal(json_string_value(json_array_get(json_object_get(test_json(rq), "queries"), 0)), "mugs");
	assert_int_equal(json_array_size(json_object_get(test_json(rq), "products")), 1);
}

static void categories_are_a_tree(void **state)
{
	struct request *rq = test_http("GET", "/api/v1/categories", NULL, NULL);

	(void)state;
	assert_int_equal(count_of(rq), 2);
	rq = test_http("GET", "/api/v1/categories/kitchen/mugs", NULL, NULL);
	assert_status(rq, 200);
	assert_string_equal(
		json_text(json_array_get(json_object_get(test_json(rq), "parents"), 0), "slug", ""), "kitchen");
	assert_int_equal(json_int(test_json(rq), "products", 0), 1);
	char etag[32];
	assert_true(snprintf(etag, sizeof(etag), "%s", test_header(rq, "ETag")) > 2);
	assert_status(test_http("GET", "/api/v1/categories/kitchen/mugs", NULL, "HTTP_IF_NONE_MATCH", etag, NULL), 304);
	assert_status(test_http("GET", "/api/v1/categories/mugs", NULL, NULL), 200);
	assert_status(test_http("GET", "/api/v1/categories/nothing", NULL, NULL), 404);
}

static void an_upload_becomes_products(void **state)
{
	static const char CSV[] =
		"sku,name,price,currency,category,stock\nC1,Cup,4.50,EUR,Kitchen > Cups,7\nC2,Cup,x,EUR,,\n";
	struct request *rq = test_http(
		"POST", "/api/v1/imports?file_name=cups.csv", CSV, MERCHANDISER, "CONTENT_TYPE", "text/csv", NULL);
	const struct work work = {.jobs = CATALOG_JOBS};
	char id[40];
	size_t did;

	(void)state;
	assert_status(rq, 202);
	assert_string_equal(json_text(test_json(rq), "state", ""), "queued");
	memcpy(id, json_text(test_json(rq), "id", ""), 37);
	assert_ok(test_ctx(), work_once(test_ctx(), &work, &did));
	assert_int_equal(did, 1);
	rq = test_http("GET", arena_printf(rq->ctx.arena, "/api/v1/imports/%s", id), NULL, MERCHANDISER, NULL);
	assert_status(rq, 200);
	json_t *report = test_json(rq);
	assert_string_equal(json_text(report, "state", ""), "done");
	assert_string_equal(json_text(report, "file_name", ""), "cups.csv");
	assert_int_equal(json_int(report, "created", 0), 1);
	assert_int_equal(json_int(report, "rejected", 0), 1);
	const json_t *error = json_array_get(json_object_get(report, "errors"), 0);
	assert_int_equal(json_int(error, "row", 0), 2);
	assert_string_equal(json_text(error, "field", ""), "price");
	assert_int_equal(test_sql_int("select count(*) from catalog.import_file"), 0);
	assert_int_equal(count_of(test_http("GET", "/api/v1/imports", NULL, MERCHANDISER, NULL)), 1);

	assert_status(
		test_http("POST", "/api/v1/imports", CSV, MERCHANDISER, "CONTENT_TYPE", "application/pdf", NULL), 415);
	assert_status(test_http("POST", "/api/v1/imports", "", MERCHANDISER, "CONTENT_TYPE", "text/csv", NULL), 422);
	assert_status(
		test_http("POST", "/api/v1/imports?kind=orders", CSV, MERCHANDISER, "CONTENT_TYPE", "text/csv", NULL),
		422);
	assert_status(test_http("POST", "/api/v1/imports", CSV, CUSTOMER, "CONTENT_TYPE", "text/csv", NULL), 403);
	assert_status(test_http("GET", "/api/v1/imports", NULL, NULL), 401);
}

static void what_is_exported_can_be_imported(void **state)
{
	static const char BEFORE[] = "select string_agg(concat_ws('|', o.sku, o.product_name, o.options, "
				     "o.price_minor, o.list_price_minor, o.category,"
				     " (select attributes from catalog.product p where p.id = o.product_id)),"
				     " E'\\n' order by o.sku) from catalog.offer o where active";
	struct request *rq = test_http("GET", "/api/v1/exports/products.csv", NULL, MERCHANDISER, NULL);
	const struct work work = {.jobs = CATALOG_JOBS};
	char before[2000] = "";
	size_t did;

	(void)state;
	assert_status(rq, 200);
	assert_non_null(strstr(str_dup(rq->ctx.arena, rq->res.body), "\"Kitchen > Mugs\",\"12.99\""));
	snprintf(before, sizeof(before), "%s", test_sql_text(BEFORE));
	const char *csv = str_dup(test_ctx()->arena, rq->res.body);
	test_sql("update catalog.product set name = 'x', category_id = null, attributes = '{}'; delete from catalog.price");
	assert_status(test_http("POST", "/api/v1/imports", csv, MERCHANDISER, "CONTENT_TYPE", "text/csv", NULL), 202);
	assert_ok(test_ctx(), work_once(test_ctx(), &work, &did));
	assert_string_equal(test_sql_text(BEFORE), before);
	rq = test_http("GET", "/api/v1/exports/products.ndjson", NULL, MERCHANDISER, NULL);
	assert_status(rq, 200);
	assert_non_null(strstr(str_dup(rq->ctx.arena, rq->res.body), "\"attributes\":{\"colour\":\"blue\"}"));
	assert_status(test_http("GET", "/api/v1/exports/products.csv", NULL, CUSTOMER, NULL), 403);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(staff_write_and_shoppers_read, clean),
		cmocka_unit_test_setup(a_patch_changes_what_it_says, clean),
		cmocka_unit_test_setup(bad_products_are_refused, clean),
		cmocka_unit_test_setup(an_archived_product_is_gone_for_shoppers, clean),
		cmocka_unit_test_setup(filters_narrow_a_list, clean),
		cmocka_unit_test_setup(a_cursor_goes_on, clean),
		cmocka_unit_test_setup(search_finds_and_corrects, clean),
		cmocka_unit_test_setup(categories_are_a_tree, clean),
		cmocka_unit_test_setup(an_upload_becomes_products, clean),
		cmocka_unit_test_setup(what_is_exported_can_be_imported, clean),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
