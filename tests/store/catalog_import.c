/*
 * catalog_import.c - files of products into the database: reports, updates, prices in time,
 * stock, search, and catalogues of real shops.
 */
#include "testing.h"

#include <string.h>

#include "catalogues.h"
#include "data/clock.h"
#include "import.h"
#include "service.h"
#include "shared.h"

#define BIG_ARENA ((size_t)1024 * 1024 * 1024)
#define REAL_IMPORT_SECS 120 /* generous: other tests share the machine */

static const struct db_stmt *const *const STATEMENTS[] = {
	LISTING_STATEMENTS, PRODUCT_STATEMENTS, CATEGORY_STATEMENTS, IMPORT_STATEMENTS, NULL};
static const struct db_constraint *const CONSTRAINTS[] = {CATALOG_CONSTRAINTS, NULL};

static int start(void **state)
{
	(void)state;
	(void)test_db_open("es_catalog", STATEMENTS, CONSTRAINTS);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_db_close();
	return 0;
}

static int clean(void **state)
{
	(void)state;
	test_sql("truncate catalog.product, catalog.variant, catalog.price, catalog.listing, catalog.category, "
		 "catalog.brand,"
		 " catalog.product_image, catalog.import, catalog.import_file, catalog.import_error, "
		 "catalog.vocabulary, bus.outbox;"
		 "truncate inventory.item, inventory.level, inventory.movement, inventory.reservation");
	return 0;
}

static struct import report;
static struct import_error *report_errors;
static size_t report_nerrors;

static void import(struct ctx *c, const char *format, struct str bytes)
{
	struct import i = {.id = uuid_v7(), .file_name = "test", .format = format, .created_by = "test"};

	assert_ok(c, import_store_create(c, &i, bytes, false));
	assert_ok(c, import_run(c, &i.id, NULL, "EUR"));
	assert_ok(c, import_store_get(c, &i.id, &report, &report_errors, &report_nerrors));
	assert_string_equal(report.state, "done");
}

static void import_text(const char *format, const char *text)
{
	import(test_ctx(), format, str_of(text));
}

static void good_rows_go_in_and_bad_ones_are_named(void **state)
{
	(void)state;
	import_text("ndjson",
		"{\"sku\":\"A\",\"name\":\"Mug\",\"price\":{\"amount\":1299,\"currency\":\"EUR\"},\"category\":["
		"\"Kitchen\",\"Mugs\"],\"stock\":3}\n"
		"\n"
		"not json\n"
		"{\"sku\":\"B\",\"name\":\"No price\"}\n"
		"{\"sku\":\"C\",\"price\":{\"amount\":5,\"currency\":\"EUR\"}}\n"
		"{\"sku\":\"D\",\"name\":\"Shirt\",\"price\":{\"amount\":900,\"currency\":\"EUR\"},\"brand\":\"Ted\","
		"\"variants\":[{\"sku\":\"D-S\",\"options\":{\"size\":\"S\"}},{\"sku\":\"A\"}]}\n"
		"{\"sku\":\"E\",\"name\":\"Shirt\",\"price\":{\"amount\":900,\"currency\":\"EUR\"},\"extra\":1}");
	assert_int_equal(report.rows, 6);
	assert_int_equal(report.created, 1);
	assert_int_equal(report.rejected, 5);
	static const struct {
		int64_t row;
		const char *field;
	} WANT[] = {{2, "row"}, {3, "price"}, {4, "name"}, {5, "variants/1/sku"}, {6, "extra"}};
	assert_int_equal(report_nerrors, ARRAY_LEN(WANT));
	for (size_t i = 0; i < ARRAY_LEN(WANT); i++) {
		assert_int_equal(report_errors[i].row_no, WANT[i].row);
		assert_string_equal(report_errors[i].field, WANT[i].field);
	}
	assert_int_equal(test_sql_int("select count(*) from catalog.listing where in_stock and categories = "
				      "'{kitchen,kitchen/mugs}'"),
		1);
	assert_int_equal(test_sql_int("select available from inventory.availability where sku = 'A'"), 3);
	assert_int_equal(test_sql_int("select count(*) from bus.outbox where topic = 'product.created'"), 1);
	assert_string_equal(test_sql_text("select value from platform.setting where key = 'nav'"),
		"[{\"href\": \"/c/kitchen\", \"name\": \"Kitchen\"}]");
}

static void importing_again_updates_by_sku(void **state)
{
	(void)state;
	import_text("csv", "sku,name,price,currency,stock,brand\r\nA,Mug,12.99,EUR,3,Ted\r\nB,Mug,8.00,EUR,,\r\nA,Mug "
			   "again,13.99,EUR,,\r\n");
	assert_int_equal(report.created, 2);
	assert_int_equal(report.updated, 1);
	/* Names need not be unique; addresses are. */
	assert_int_equal(test_sql_int("select count(distinct slug) from catalog.product"), 2);
	assert_string_equal(
		test_sql_text(
			"select p.name || ' ' || (select on_hand from inventory.item where sku = 'A') || ' ' || b.name"
			" from catalog.product p join catalog.brand b on b.id = p.brand_id where sku = 'A'"),
		"Mug again 3 Ted");
	/* Two prices in time, the later one now; an unchanged one makes no third. */
	import_text("csv", "sku,price\nA,13.99\n");
	assert_int_equal(report.updated, 1);
	assert_int_equal(test_sql_int("select count(*) from catalog.price p join catalog.variant v on v.id = "
				      "p.variant_id where v.sku = 'A'"),
		2);
	assert_int_equal(test_sql_int("select price_minor from catalog.offer where sku = 'A'"), 1399);
	assert_int_equal(test_sql_int("select price_version from catalog.offer where sku = 'A'"), 2);
	assert_int_equal(test_sql_int("select count(*) from catalog.staged") +
				 test_sql_int("select count(*) from catalog.staged_variant"),
		0);
}

static void variants_come_and_go(void **state)
{
	(void)state;
	import_text("ndjson",
		"{\"sku\":\"S\",\"name\":\"Shirt\",\"price\":{\"amount\":900,\"currency\":\"EUR\"},\"variants\":["
		"{\"sku\":\"S-S\",\"options\":{\"size\":\"S\"},\"stock\":1},{\"sku\":\"S-M\",\"options\":{\"size\":"
		"\"M\"},"
		"\"price\":{\"amount\":1000,\"currency\":\"EUR\"}}]}");
	assert_int_equal(test_sql_int("select price_minor from catalog.listing where price_from"), 900);
	import_text("ndjson", "{\"sku\":\"S\",\"variants\":[{\"sku\":\"S-M\"},{\"sku\":\"S-L\",\"price\":{\"amount\":"
			      "1100,\"currency\":\"EUR\"}}]}");
	assert_string_equal(test_sql_text("select string_agg(sku || case when active then '' else '-' end, ' ' order "
					  "by sku) from catalog.variant"),
		"S-L S-M S-S-");
	assert_string_equal(test_sql_text("select options ->> 'size' from catalog.variant where sku = 'S-M'"), "M");
	assert_int_equal(test_sql_int("select price_minor from catalog.listing"), 1000);
	/* Without variants the price is all of theirs. */
	import_text("ndjson", "{\"sku\":\"S\",\"price\":{\"amount\":700,\"currency\":\"EUR\"}}");
	assert_int_equal(test_sql_int("select count(*) from catalog.offer where active and price_minor = 700"), 2);
	assert_string_equal(test_sql_text("select list_price_minor::text from catalog.offer where sku = 'S-M'") == NULL
				    ? "none"
				    : "some",
		"none");
}

static void an_interrupted_import_goes_on(void **state)
{
	struct ctx *c = test_ctx();
	struct import i = {.id = uuid_v7(), .file_name = "test", .format = "csv", .created_by = "test"};
	struct import_batch elsewhere = {.rows = json_new_array(c->arena), .rows_before = 0, .rows_after = 2};

	(void)state;
	assert_ok(c, import_store_create(c, &i, STR("sku,name,price\nA,a,1.00\nB,b,1.00\nC,c,1.00\n"), false));
	/* Another process took the first two rows; a third one that believes nothing was done is stopped. */
	test_sql("update catalog.import set state = 'running'");
	assert_ok(c, import_store_batch(c, &i.id, &elsewhere));
	assert_err(c, import_store_batch(c, &i.id, &elsewhere), &ERR_CONFLICT);
	ctx_clear_failure(c);
	assert_ok(c, import_run(c, &i.id, NULL, "EUR"));
	assert_ok(c, import_store_get(c, &i.id, &report, &report_errors, &report_nerrors));
	assert_int_equal(report.rows, 3);
	assert_int_equal(report.created, 1);
	assert_string_equal(test_sql_text("select string_agg(sku, ',') from catalog.product"), "C");
	assert_err(c, import_run(c, &i.id, NULL, "EUR"), &ERR_NOT_FOUND);
}

static void text_is_kept_byte_for_byte(void **state)
{
	struct ctx *c = test_ctx();
	struct str text;
	json_t *list, *line;
	struct buf file;
	size_t i;

	(void)state;
	if (!shared_read(c->arena, "suites/blns/blns.json", &text))
		skip();
	assert_ok(c, json_parse(c, text, &list));
	buf_init(&file, c->arena, 4 << 20);
	json_array_foreach(list, i, line)
	{
		json_t *row = json_new_object(c->arena), *facts = json_new_object(c->arena);
		json_set_text(row, "sku", arena_printf(c->arena, "BLNS-%03zu", i));
		json_set_text(row, "name", arena_printf(c->arena, "%s ", json_string_value(line)));
		json_set(row, "description", line);
		json_set(facts, "odd", line);
		json_set(row, "attributes", facts);
		json_set_money(row, "price", money(100, "EUR"));
		struct str json = json_render(c->arena, row);
		buf_put(&file, json.p, json.n);
		buf_putc(&file, '\n');
	}
	import(c, "ndjson", buf_str(&file));
	assert_int_equal(report.rejected, 0);
	assert_int_equal(report.created, (int64_t)json_array_size(list));
	json_array_foreach(list, i, line)
	{
		struct full_product p;
		const char *slug = test_sql_text(
			arena_printf(c->arena, "select slug from catalog.product where sku = 'BLNS-%03zu'", i));
		assert_ok(c, product_store_get(c, slug, true, &p));
		assert_string_equal(
			p.product.description == NULL ? "" : p.product.description, json_string_value(line));
		assert_string_equal(json_text(p.product.attributes, "odd", ""), json_string_value(line));
	}
}

static void csv_oddities_are_read(void **state)
{
	(void)state;
	import_text("csv", "\xEF\xBB\xBFsku,name,price,colour\n\"A\",\"a, \"\"b\"\"\nc\",1.00,x\nB, spaces kept "
			   ",2.00\nC,too,3.00,many,cells\n");
	assert_int_equal(report.created, 2);
	assert_int_equal(report.rejected, 1);
	assert_string_equal(report_errors[0].field, "colour");
	assert_int_equal(report_errors[0].row_no, 0);
	assert_string_equal(test_sql_text("select name from catalog.product where sku = 'A'"), "a, \"b\"\nc");
	assert_string_equal(test_sql_text("select name from catalog.product where sku = 'B'"), " spaces kept ");
}

static void stock_events_move_the_copy(void **state)
{
	struct ctx *c = test_ctx();

	(void)state;
	import_text("csv", "sku,name,price,stock\nA,a,1.00,1\n");
	assert_int_equal(test_sql_int("select in_stock::int from catalog.listing"), 1);
	test_sql("update inventory.item set reserved = 1 where sku = 'A'");
	assert_ok(c, product_store_refresh_stock(c, "A"));
	assert_int_equal(test_sql_int("select in_stock::int from catalog.listing"), 0);
	assert_int_equal(test_sql_int("select version from catalog.product"), 2);
	assert_ok(c, product_store_refresh_stock(c, "A"));
	assert_int_equal(test_sql_int("select version from catalog.product"), 2);
}

static void prices_begin_and_end_by_the_clock(void **state)
{
	struct ctx *c = test_ctx();

	(void)state;
	import_text("csv", "sku,name,price\nA,a,10.00\n");
	test_sql("update catalog.price set valid = tstzrange(now() - interval '2 hours', now() - interval '1 minute');"
		 "insert into catalog.price (variant_id, currency, valid, amount_minor) select id, 'EUR', "
		 "tstzrange(now() - interval '1 minute', null), 800"
		 " from catalog.variant; update catalog.price_watch set seen_at = now() - interval '1 hour'");
	assert_int_equal(test_sql_int("select price_minor from catalog.listing"), 1000);
	assert_ok(c, product_store_follow_prices(c));
	assert_int_equal(test_sql_int("select price_minor from catalog.listing"), 800);
}

static void the_seed_says_what_rows_cannot(void **state)
{
	static const char *const PATH[] = {"Kitchen", "Cups & Mugs"};
	const struct category_place place = {PATH, 2, "For drinking.", 7, {.url = "/media/x.svg", .width = 1200, .height = 600}};
	struct category k, *above, *below;
	size_t nabove, nbelow;
	struct ctx *c = test_ctx();

	(void)state;
	assert_ok(c, category_store_place(c, &place));
	assert_ok(c, category_store_place(c, &place));
	assert_ok(c, category_store_get(c, "kitchen/cups-mugs", &k, &above, &nabove, &below, &nbelow));
	assert_string_equal(k.description, "For drinking.");
	assert_int_equal(k.position, 7);
	assert_int_equal(nabove, 1);
	assert_int_equal(test_sql_int("select image_width from catalog.category where slug = 'cups-mugs'"), 1200);
	/* What staff wrote wins. */
	test_sql("update catalog.category set description = 'Ours', version = 2 where slug = 'cups-mugs'");
	assert_ok(c, category_store_place(c, &place));
	assert_string_equal(test_sql_text("select description from catalog.category where slug = 'cups-mugs'"), "Ours");
}

static void seed_pictures_come_from_their_folder_only(void **state)
{
	struct ctx *c = test_ctx();
	struct picture_of p = {0};

	(void)state;
	assert_ok(c, picture_from_file(c, "sql/seed/pictures", "apron-canvas.svg", &p));
	assert_true(str_starts(str_of(p.url), "/media/") && p.width == 800 && p.height == 800);
	assert_err(c, picture_from_file(c, "sql/seed/pictures", "../products.ndjson", &p), &ERR_INVALID);
	assert_err(c, picture_from_file(c, "sql/seed/pictures", "nothing.svg", &p), &ERR_INVALID);
	assert_err(c, picture_from_file(c, NULL, "apron-canvas.svg", &p), &ERR_INVALID);
}

/* ------------------------------------------------------------------ real catalogues */

static struct listing_result search(struct ctx *c, const char *q, const char **corrected_r)
{
	struct listing_query query = {.q = q, .facets = true};
	struct listing_result r;

	assert_ok(c, list_prepare(c, &query));
	assert_ok(c, find(c, &query, query.limit, &r, corrected_r));
	return r;
}

static void a_phone_shop_moves_in(void **state)
{
	struct arena *a = arena_new(BIG_ARENA);
	struct ctx c;
	struct str ndjson;
	size_t rows;
	const char *corrected;

	(void)state;
	ctx_init(&c, a, test_ctx()->db);
	if (!phones_ndjson(&c, &ndjson, &rows)) {
		arena_free(a);
		skip();
	}
	int64_t began = clock_monotonic_us();
	import(&c, "ndjson", ndjson);
	assert_int_equal(report.created, (int64_t)rows);
	assert_int_equal(report.rejected, 0);
	assert_true(clock_monotonic_us() - began < REAL_IMPORT_SECS * US_PER_SEC);
	import(&c, "ndjson", ndjson);
	assert_int_equal(report.updated, (int64_t)rows);
	assert_int_equal(test_sql_int("select count(*) from catalog.brand"), 263);
	assert_int_equal(test_sql_int("select count(*) from catalog.price"), (int64_t)rows);

	struct listing_result r = search(&c, "samsung galaxy", &corrected);
	assert_true(r.total.count > 50 && corrected == NULL);
	assert_non_null(strstr(r.cards[0].name, "Samsung"));
	r = search(&c, "samsng galxy", &corrected);
	assert_string_equal(corrected, "samsung galaxy");
	r = search(&c, "iphnoe", &corrected);
	assert_string_equal(corrected, "iphone");
	r = search(&c, "sams", &corrected);
	assert_true(r.total.count > 50 && corrected == NULL);
	arena_free(a);
}

static void every_page_of_a_list_fits_the_next(void **state)
{
	struct ctx *c = test_ctx();
	struct arena *a = arena_new(BIG_ARENA);
	struct ctx big;
	struct str ndjson;
	size_t rows;

	(void)state;
	ctx_init(&big, a, c->db);
	if (!phones_ndjson(&big, &ndjson, &rows)) {
		arena_free(a);
		skip();
	}
	/* The shop that moved in just before. */
	assert_int_equal(test_sql_int("select count(*) from catalog.listing"), (int64_t)rows);
	for (int order = SORT_PRICE; order < SORT_N; order++) {
		struct listing_query q = {.sort = SORT_NAMES[order - 1], .limit = 100};
		struct listing_result r;
		size_t seen = 0;
		assert_ok(&big, list_prepare(&big, &q));
		do {
			assert_ok(&big, listing_store_list(&big, &q, q.limit, &r));
			seen += r.n;
			if (r.n == 0)
				break;
			const struct card *last = &r.cards[r.n - 1];
			q.after = (struct cursor){true, 1, last->number, last->name_key, last->id};
		} while (r.n == (size_t)q.limit && seen < 2 * rows);
		assert_int_equal(seen, rows);
	}
	/* Facets count what filters then find. */
	struct listing_query q = {.facets = true};
	struct listing_result all, one;
	assert_ok(&big, list_prepare(&big, &q));
	assert_ok(&big, listing_store_list(&big, &q, q.limit, &all));
	assert_true(all.total.count > COUNT_EXACT_MAX && all.total.count > (int64_t)rows / 2 &&
		    all.total.count < (int64_t)rows * 2);
	for (size_t i = 0; i < all.nfacets && i < 12; i++) {
		const char *value = all.facets[i].value;
		struct listing_query narrow = {.limit = 1};
		if (strcmp(all.facets[i].name, "category") == 0)
			narrow.category = value;
		else if (strcmp(all.facets[i].name, "brand") == 0)
			narrow.brands = &value, narrow.nbrands = 1;
		else
			continue;
		assert_ok(&big, list_prepare(&big, &narrow));
		assert_ok(&big, listing_store_list(&big, &narrow, 1, &one));
		if (all.facets[i].count <= COUNT_EXACT_MAX)
			assert_int_equal(one.total.count, all.facets[i].count);
	}
	arena_free(a);
}

static void a_gift_shop_moves_in(void **state)
{
	struct arena *a = arena_new(BIG_ARENA);
	struct ctx c;
	struct str csv;
	size_t rows;

	(void)state;
	ctx_init(&c, a, test_ctx()->db);
	if (!gifts_csv(&c, &csv, &rows)) {
		arena_free(a);
		skip();
	}
	int64_t began = clock_monotonic_us();
	import(&c, "csv", csv);
	assert_true(rows > 3000);
	assert_int_equal(report.created, (int64_t)rows);
	assert_true(clock_monotonic_us() - began < REAL_IMPORT_SECS * US_PER_SEC);
	/* Prices are in pounds only: the shop in euros shows those. */
	assert_int_equal(test_sql_int("select count(*) from catalog.listing where currency = 'GBP' and in_stock"),
		(int64_t)rows);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(good_rows_go_in_and_bad_ones_are_named, clean),
		cmocka_unit_test_setup(importing_again_updates_by_sku, clean),
		cmocka_unit_test_setup(variants_come_and_go, clean),
		cmocka_unit_test_setup(an_interrupted_import_goes_on, clean),
		cmocka_unit_test_setup(text_is_kept_byte_for_byte, clean),
		cmocka_unit_test_setup(csv_oddities_are_read, clean),
		cmocka_unit_test_setup(stock_events_move_the_copy, clean),
		cmocka_unit_test_setup(prices_begin_and_end_by_the_clock, clean),
		cmocka_unit_test_setup(the_seed_says_what_rows_cannot, clean),
		cmocka_unit_test_setup(seed_pictures_come_from_their_folder_only, clean),
		cmocka_unit_test_setup(a_phone_shop_moves_in, clean),
		cmocka_unit_test(every_page_of_a_list_fits_the_next),
		cmocka_unit_test_setup(a_gift_shop_moves_in, clean),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
