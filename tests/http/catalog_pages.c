/* catalog_pages.c - the shop's and the back office's catalogue pages, as a browser without script sees them. */
#include "testing.h"
#include "http.h"
#include "shop.h"

#include <stdio.h>
#include <string.h>

#include "service.h"
#include "store_setting.h"

#define MERCHANDISER SHOP_AS(1)
#define CUSTOMER SHOP_AS(2)
#define FORM                                                                                                           \
	"name=Glass+jar&sku=JAR&status=active&price=4.50&variant_sku=JAR-S&variant_options=size%3A+S&variant_price=&"  \
	"variant_barcode="                                                                                             \
	"&variant_sku=JAR-L&variant_options=size%3A+L&variant_price=6.50&variant_barcode=40&variant_sku=&variant_"     \
	"options="                                                                                                     \
	"&variant_price=&variant_barcode=&attributes=colour%3A+clear&csrf=" SHOP_CSRF

static const struct db_stmt *const *const STATEMENTS[] = {
	LISTING_STATEMENTS, PRODUCT_STATEMENTS, CATEGORY_STATEMENTS, IMPORT_STATEMENTS, SETTING_STATEMENTS, NULL};
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

static void row(struct ctx *c, json_t *rows, const char *text)
{
	json_t *json, *apply;
	void *input;
	struct picture_of picture = {.url = "https://pictures.example/1.jpg", .width = 800, .height = 800};

	assert_ok(c, json_parse(c, str_of(text), &json));
	assert_ok(c, bind_json(c, &ROW_BIND, json, &input));
	apply = row_to_apply(c, input, (int64_t)json_array_size(rows) + 1, NULL, &picture);
	json_add(rows, apply);
}

static int clean(void **state)
{
	struct ctx *c = test_ctx();
	json_t *rows = json_new_array(c->arena);
	struct row_result *results;
	size_t n;

	(void)state;
	test_sql("truncate catalog.product, catalog.variant, catalog.price, catalog.listing, catalog.category, "
		 "catalog.brand,"
		 " catalog.product_image, catalog.import, catalog.import_file, catalog.import_error, "
		 "catalog.vocabulary, catalog.media,"
		 " bus.outbox, bus.job;"
		 "truncate inventory.item, inventory.level, inventory.movement, inventory.reservation");
	row(c, rows,
		"{\"sku\":\"MUG\",\"name\":\"Blue <b>mug</b> <!--#echo var=\\\"x\\\" -->\",\"brand\":\"Halm & Brook\","
		"\"description\":\"First.\\n\\nSecond "
		"</script>.\",\"category\":[\"Kitchen\",\"Mugs\"],\"images\":[\"x\"],"
		"\"price\":{\"amount\":1299,\"currency\":\"EUR\"},\"list_price\":{\"amount\":1599,\"currency\":\"EUR\"}"
		","
		"\"attributes\":{\"colour\":\"blue\"},\"stock\":3,\"popularity\":9}");
	for (int i = 0; i < 30; i++) {
		char text[300];
		snprintf(text, sizeof(text),
			"{\"sku\":\"P%02d\",\"name\":\"Plate %02d\",\"category\":[\"Kitchen\",\"Plates\"],\"stock\":9,"
			"\"price\":{\"amount\":%d,\"currency\":\"EUR\"},\"attributes\":{\"colour\":\"%s\"}}",
			i, i, 500 + i, i % 2 == 0 ? "white" : "grey");
		row(c, rows, text);
	}
	assert_ok(c, product_store_apply(c, rows, &results, &n));
	assert_int_equal(n, 31);
	return 0;
}

static bool shows(struct request *rq, const char *text)
{
	return strstr(str_dup(rq->ctx.arena, rq->res.body), text) != NULL;
}

static void the_shop_shows_what_it_has(void **state)
{
	static const char *const PAGES[] = {"/", "/c/kitchen", "/c/kitchen/mugs", "/p/blue-b-mug-b-echo-var-x",
		"/search?q=mug", "/search", "/search?sort=newest", "/search?brand=halm-brook&utm_source=x",
		"/c/kitchen?price_min=abc&page=2", "/search?q=xyzzyplugh"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(PAGES); i++) {
		struct request *rq = test_http("GET", PAGES[i], NULL, NULL);
		assert_status(rq, 200);
		assert_true(shows(rq, "<h1"));
		assert_true(shows(rq, "rel=\"canonical\""));
		/* A cached page sets no cookie, and what products are called stays text: SSI runs on these pages. */
		assert_null(test_header(rq, "Set-Cookie"));
		assert_false(shows(rq, "<b>mug"));
		assert_false(shows(rq, "<!--#echo var=\"x\""));
	}
	assert_status(test_http("GET", "/c/nothing", NULL, NULL), 404);
	assert_status(test_http("GET", "/p/nothing", NULL, NULL), 404);
	/* The last part of a category's path leads to its one address. */
	struct request *rq = test_http("GET", "/c/mugs", NULL, NULL);
	assert_status(rq, 303);
	assert_string_equal(test_header(rq, "Location"), "/c/kitchen/mugs");
}

static void a_product_page_says_everything(void **state)
{
	struct request *rq = test_http("GET", "/p/blue-b-mug-b-echo-var-x", NULL, NULL);

	(void)state;
	assert_true(shows(rq, "€12.99") && shows(rq, "€15.99") && shows(rq, "Halm &amp; Brook"));
	assert_true(shows(rq, "<p>First.</p>") && shows(rq, "Only 3 left"));
	assert_true(shows(rq, "\"@type\":\"Product\"") && shows(rq, "\"price\":\"12.99\"") &&
		    shows(rq, "https://schema.org/InStock"));
	assert_true(shows(rq, "Second \\u003c/script\\u003e"));
	assert_true(
		shows(rq, "property=\"og:type\" content=\"product\"") && shows(rq, "https://pictures.example/1.jpg"));
	assert_true(shows(rq, "name=\"sku\" value=\"MUG\""));
}

static void filters_and_pages_are_links(void **state)
{
	struct request *rq = test_http("GET", "/c/kitchen/plates", NULL, NULL);

	(void)state;
	assert_true(shows(rq, "30 products") && shows(rq, "1–24 of 30") && shows(rq, "?page=2"));
	rq = test_http("GET", "/c/kitchen/plates?page=2", NULL, NULL);
	assert_true(shows(rq, "25–30 of 30"));
	rq = test_http("GET", "/c/kitchen/plates?attr.colour=white&sort=-price", NULL, NULL);
	assert_true(shows(rq, "15 products") && shows(rq, "Plate 28") && !shows(rq, "Plate 29"));
	assert_true(shows(rq, "Colour: white") && shows(rq, "attr.colour=white&amp;sort=-price&amp;attr.colour=grey"));
	rq = test_http("GET", "/c/kitchen/plates?price_min=5.20&price_max=5.22", NULL, NULL);
	assert_true(shows(rq, "3 products") && shows(rq, "over €5.20"));
	rq = test_http("GET", "/search?q=plaet", NULL, NULL);
	assert_true(shows(rq, "Showing results for “plate”") && shows(rq, "/search?q=plaet&amp;exact=1"));
}

static void machines_are_served(void **state)
{
	struct request *rq = test_http("GET", "/sitemap.xml", NULL, NULL);

	(void)state;
	assert_status(rq, 200);
	assert_string_equal(rq->res.content_type, "application/xml");
	assert_true(shows(rq, "/p/plate-07</loc><lastmod>") && shows(rq, "/c/kitchen/mugs</loc>"));
	assert_true(shows(test_http("GET", "/robots.txt", NULL, NULL), "Sitemap: "));
	assert_status(test_http("GET", "/sitemap/0", NULL, NULL), 404);
	assert_status(test_http("GET", "/media/../../etc/passwd", NULL, NULL), 400);
	assert_status(test_http("GET", "/media/abc.svg", NULL, NULL), 404);
}

static void staff_only(void **state)
{
	static const char *const PAGES[] = {
		"/admin/products", "/admin/products/new", "/admin/categories", "/admin/imports"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(PAGES); i++) {
		assert_status(test_http("GET", PAGES[i], NULL, NULL), 303);
		assert_status(test_http("GET", PAGES[i], NULL, CUSTOMER, NULL), 403);
		assert_status(test_http("GET", PAGES[i], NULL, MERCHANDISER, NULL), 200);
	}
	struct request *rq = test_http("GET", "/admin/products?q=mug", NULL, MERCHANDISER, NULL);
	assert_true(shows(rq, "MUG") && !shows(rq, "Plate 01"));
	assert_status(test_http("POST", "/admin/products", FORM, CUSTOMER, NULL), 403);
	assert_status(test_http("POST", "/admin/products", FORM, NULL), 303);
	assert_int_equal(test_sql_int("select count(*) from catalog.product where sku = 'JAR'"), 0);
}

static void a_form_makes_and_changes_a_product(void **state)
{
	struct request *rq = test_http("POST", "/admin/products", FORM, MERCHANDISER, NULL);
	char path[100], body[1200];

	(void)state;
	assert_status(rq, 303);
	snprintf(path, sizeof(path), "%s", test_header(rq, "Location"));
	assert_int_equal(test_sql_int("select count(*) from catalog.offer where slug = 'glass-jar' and active"), 2);
	assert_int_equal(test_sql_int("select price_minor from catalog.offer where sku = 'JAR-S'"), 450);
	rq = test_http("GET", path, NULL, MERCHANDISER, NULL);
	assert_true(shows(rq, "value=\"Glass jar\"") && shows(rq, "size: L") && shows(rq, "colour: clear"));
	/* The product's price is also that of variants without one of their own. */
	snprintf(body, sizeof(body), "version=1&%s", FORM);
	char *price = strstr(body, "price=4.50");
	memcpy(price, "price=4.80", 10);
	assert_status(test_http("POST", path, body, MERCHANDISER, NULL), 303);
	assert_int_equal(test_sql_int("select price_minor from catalog.offer where sku = 'JAR-S'"), 480);
	assert_int_equal(test_sql_int("select price_minor from catalog.offer where sku = 'JAR-L'"), 650);
	/* Someone else saved meanwhile: nothing is lost silently. */
	rq = test_http("POST", path, body, MERCHANDISER, NULL);
	assert_status(rq, 409);
	assert_true(shows(rq, "Someone else has changed this product") && shows(rq, "value=\"4.80\""));
	/* Every problem beside its field, what was typed still there. */
	rq = test_http("POST", "/admin/products",
		"name=&sku=MUG&status=active&price=x&variant_sku=MUG&variant_options=size&variant_price=1&variant_"
		"barcode=&csrf=" SHOP_CSRF,
		MERCHANDISER, NULL);
	assert_status(rq, 422);
	assert_true(shows(rq, "href=\"#name\"") && shows(rq, "href=\"#price\"") && shows(rq, "value=\"x\""));
	rq = test_http("POST", "/admin/products", "name=Mug&sku=MUG&status=active&price=1.00&csrf=" SHOP_CSRF,
		MERCHANDISER, NULL);
	assert_status(rq, 409);
	assert_true(shows(rq, "There is a product with this SKU already."));
	snprintf(body, sizeof(body), "%s/archive", path);
	assert_status(test_http("POST", body, "csrf=" SHOP_CSRF, MERCHANDISER, NULL), 303);
	assert_status(test_http("GET", "/p/glass-jar", NULL, NULL), 404);
}

static struct request *upload(const char *path, const char *field, const char *file_name, struct str file)
{
	static const char *const PARAMS[] = {"CONTENT_TYPE", "multipart/form-data; boundary=XX", MERCHANDISER, NULL};
	struct buf body;

	buf_init(&body, test_ctx()->arena, 1 << 20);
	buf_puts(&body, "--XX\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n" SHOP_CSRF "\r\n");
	buf_printf(&body, "--XX\r\nContent-Disposition: form-data; name=\"%s\"; filename=\"%s\"\r\n\r\n", field,
		file_name);
	buf_put(&body, file.p, file.n);
	buf_puts(&body, "\r\n--XX--\r\n");
	return test_http_bytes("POST", path, buf_str(&body), PARAMS);
}

static void pictures_are_kept_by_their_bytes(void **state)
{
	static const char SVG[] =
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 40 30\"><script>alert(1)</script></svg>";
	const char *id = test_sql_text("select id::text from catalog.product where sku = 'P01'");
	char path[100], url[120], action[120];

	(void)state;
	snprintf(path, sizeof(path), "/admin/products/%s/images", id);
	assert_status(upload(path, "image", "x.svg", str_of(SVG)), 303);
	assert_status(upload(path, "image", "again.svg", str_of(SVG)), 303);
	assert_int_equal(test_sql_int("select count(*) from catalog.media"), 1);
	snprintf(
		url, sizeof(url), "%s", test_sql_text("select image_url from catalog.listing where slug = 'plate-01'"));
	struct request *rq = test_http("GET", url, NULL, NULL);
	assert_status(rq, 200);
	assert_true(rq->res.body.n == strlen(SVG) && memcmp(rq->res.body.p, SVG, rq->res.body.n) == 0);
	assert_non_null(strstr(test_header(rq, "Cache-Control"), "immutable"));
	assert_non_null(strstr(test_header(rq, "Content-Security-Policy"), "sandbox"));
	rq = upload(path, "image", "x.png", STR("<html>"));
	assert_status(rq, 422);
	assert_true(shows(rq, "The file is no PNG"));
	snprintf(action, sizeof(action), "/admin/products/images/%s/first",
		test_sql_text("select id::text from catalog.product_image order by position desc limit 1"));
	assert_status(test_http("POST", action, "csrf=" SHOP_CSRF, MERCHANDISER, NULL), 303);
	snprintf(action, sizeof(action), "/admin/products/images/%s/delete",
		test_sql_text("select id::text from catalog.product_image limit 1"));
	assert_status(test_http("POST", action, "csrf=" SHOP_CSRF, MERCHANDISER, NULL), 303);
	assert_status(test_http("POST", action, "csrf=" SHOP_CSRF, MERCHANDISER, NULL), 404);
}

static void the_tree_can_be_moved(void **state)
{
	const char *plates = test_sql_text("select id::text from catalog.category where slug = 'plates'");
	char path[100], body[300];

	(void)state;
	snprintf(path, sizeof(path), "/admin/categories/%s", plates);
	assert_status(
		test_http("POST", "/admin/categories", "name=Table&position=1&csrf=" SHOP_CSRF, MERCHANDISER, NULL),
		303);
	snprintf(body, sizeof(body), "name=Fine+plates&parent_id=%s&csrf=" SHOP_CSRF,
		test_sql_text("select id::text from catalog.category where slug = 'table'"));
	assert_status(test_http("POST", path, body, MERCHANDISER, NULL), 303);
	assert_status(test_http("GET", "/c/kitchen/plates", NULL, NULL), 404);
	assert_true(shows(test_http("GET", "/c/table/fine-plates", NULL, NULL), "30 products"));
	assert_true(shows(test_http("GET", "/c/table", NULL, NULL), "30 products"));
	struct request *rq = test_http("POST", "/admin/categories", "name=Kitchen&csrf=" SHOP_CSRF, MERCHANDISER, NULL);
	assert_status(rq, 409);
	snprintf(body, sizeof(body), "%s/delete", path);
	assert_status(test_http("POST", body, "csrf=" SHOP_CSRF, MERCHANDISER, NULL), 409);
	assert_status(test_http("POST", "/admin/categories", "name=Empty&csrf=" SHOP_CSRF, MERCHANDISER, NULL), 303);
	snprintf(body, sizeof(body), "/admin/categories/%s/delete",
		test_sql_text("select id::text from catalog.category where slug = 'empty'"));
	assert_status(test_http("POST", body, "csrf=" SHOP_CSRF, MERCHANDISER, NULL), 303);
}

static void an_upload_is_imported(void **state)
{
	const struct work work = {.jobs = CATALOG_JOBS};
	char path[100];
	size_t did;
	struct request *rq =
		upload("/admin/imports", "file", "jars.csv", STR("sku,name,price\nJ1,Jar,1.00\nJ2,,2.00\n"));

	(void)state;
	assert_status(rq, 303);
	snprintf(path, sizeof(path), "%s", test_header(rq, "Location"));
	assert_true(shows(test_http("GET", path, NULL, MERCHANDISER, NULL), "Waiting"));
	assert_ok(test_ctx(), work_once(test_ctx(), &work, &did));
	rq = test_http("GET", path, NULL, MERCHANDISER, NULL);
	assert_true(shows(rq, "jars.csv") && shows(rq, "A new product needs a name.") && shows(rq, "Done"));
	assert_status(upload("/admin/imports", "file", "jars.xls", STR("x")), 415);
	rq = upload("/admin/imports", "file", "jars.csv", STR(""));
	assert_status(rq, 422);
	assert_true(shows(rq, "The file is empty."));
}

/* The privacy notice tells the days by which carts and messages are deleted, and every page leads to it. */
static void the_privacy_notice_is_true(void **state)
{
	struct request *rq = test_http("GET", "/privacy", NULL, "HTTP_ACCEPT", "text/html", NULL);

	(void)state;
	assert_status(rq, 200);
	assert_true(shows(rq, "is deleted 90 days after its last change") && shows(rq, "is deleted after 180 days"));
	assert_true(shows(rq, "support@ecostore.example") && shows(rq, "What EcoStore stores about you"));
	assert_true(shows(rq, "is kept for 400 days") && shows(rq, "your account&#39;s number and your network address"));
	assert_false(shows(rq, "privacy_notice.") || shows(rq, "{cart_days}") || shows(rq, "{message_days}"));
	test_sql("update platform.setting set value = '14' where key = 'cart_keep_days'");
	assert_true(shows(test_http("GET", "/privacy", NULL, NULL), "is deleted 14 days after its last change"));
	test_sql("update platform.setting set value = '90' where key = 'cart_keep_days'");
	assert_true(shows(test_http("GET", "/", NULL, NULL), "href=\"/privacy\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_shop_shows_what_it_has, clean),
		cmocka_unit_test_setup(a_product_page_says_everything, clean),
		cmocka_unit_test_setup(filters_and_pages_are_links, clean),
		cmocka_unit_test_setup(machines_are_served, clean),
		cmocka_unit_test_setup(staff_only, clean),
		cmocka_unit_test_setup(a_form_makes_and_changes_a_product, clean),
		cmocka_unit_test_setup(pictures_are_kept_by_their_bytes, clean),
		cmocka_unit_test_setup(the_tree_can_be_moved, clean),
		cmocka_unit_test_setup(an_upload_is_imported, clean),
		cmocka_unit_test_setup(the_privacy_notice_is_true, clean),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
