/*
 * cart_quotes.c - carts in PostgreSQL and the quote that order-service takes: whole and
 * once, or refused by name.
 */
#include "testing.h"
#include "shop.h"

#include <stdio.h>
#include <string.h>

#include "cart.h"
#include "store_cart.h"

#define USER "01900000-0000-7000-8000-000000000001"

static const struct problem REFUSALS[] = {
	{.code = "cart_not_found", .status = 404, .title = "x", .flags = PROBLEM_RULE},
	{.code = "cart_already_ordered", .status = 409, .title = "x", .flags = PROBLEM_RULE},
	{.code = "cart_empty", .status = 409, .title = "x", .flags = PROBLEM_RULE},
	{.code = "destination_missing", .status = 409, .title = "x", .flags = PROBLEM_RULE},
	{.code = "cart_changed", .status = 409, .title = "x", .flags = PROBLEM_RULE},
	{.code = "shipping_option_unknown", .status = 422, .title = "x", .flags = PROBLEM_RULE},
	{.code = "out_of_stock", .status = 409, .title = "x", .flags = PROBLEM_RULE},
};
enum { NOT_FOUND, ALREADY_ORDERED, EMPTY, NO_DESTINATION, CHANGED, OPTION_UNKNOWN, OUT_OF_STOCK };
static const struct db_constraint ORDER_CONSTRAINTS[] = {
	{"cart_not_found", &REFUSALS[NOT_FOUND], NULL, NULL},
	{"cart_already_ordered", &REFUSALS[ALREADY_ORDERED], NULL, NULL},
	{"cart_empty", &REFUSALS[EMPTY], NULL, NULL},
	{"destination_missing", &REFUSALS[NO_DESTINATION], NULL, NULL},
	{"cart_changed", &REFUSALS[CHANGED], NULL, NULL},
	{"shipping_option_unknown", &REFUSALS[OPTION_UNKNOWN], NULL, NULL},
	{"out_of_stock", &REFUSALS[OUT_OF_STOCK], NULL, NULL},
	{0},
};
static const struct db_constraint *const ORDER_TABLES[] = {ORDER_CONSTRAINTS, NULL};
static const struct db_constraint *const CART_TABLES[] = {CART_CONSTRAINTS, NULL};
static const struct db_stmt *const *const STATEMENTS[] = {CART_STATEMENTS, RATES_STATEMENTS, NULL};

struct quote {
	char currency[4];
	int64_t subtotal_minor, discount_minor, shipping_minor, tax_minor, total_minor;
	bool tax_included;
	const char *shipping_option, *shipping_name, *country, *postal_code;
	struct uuid user_id;
	const json_t *contact, *lines;
};
static const struct db_column QUOTE_COLUMNS[] = {
	DB_COLUMN(struct quote, currency, DB_CURRENCY),
	DB_COLUMN(struct quote, subtotal_minor, DB_INT64),
	DB_COLUMN(struct quote, discount_minor, DB_INT64),
	DB_COLUMN(struct quote, shipping_minor, DB_INT64),
	DB_COLUMN(struct quote, tax_minor, DB_INT64),
	DB_COLUMN(struct quote, total_minor, DB_INT64),
	DB_COLUMN(struct quote, tax_included, DB_BOOL),
	DB_COLUMN(struct quote, shipping_option, DB_TEXT),
	DB_COLUMN(struct quote, shipping_name, DB_TEXT),
	DB_COLUMN(struct quote, country, DB_TEXT),
	DB_COLUMN(struct quote, postal_code, DB_TEXT),
	DB_COLUMN(struct quote, user_id, DB_UUID),
	DB_COLUMN(struct quote, contact, DB_JSON),
	DB_COLUMN(struct quote, lines, DB_JSON),
};
static const struct db_stmt TAKE = DB_ROWS("test_take_quote", struct quote, QUOTE_COLUMNS,
	SQL("select currency, subtotal_minor, discount_minor, shipping_minor, tax_minor, total_minor, tax_included, shipping_option,"
	    " shipping_name, country, postal_code, user_id, contact, lines from cart.take_quote($1::uuid, $2::bigint, $3::text)"));

/* order-service's connection */
static struct db *orders;

static int start(void **state)
{
	(void)state;
	(void)test_db_open("es_cart", STATEMENTS, CART_TABLES);
	orders = test_db_again("es_orders", NULL, ORDER_TABLES);
	shop_open();
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
	test_sql("truncate cart.cart, cart.line; delete from cart.tax_rate where country = 'XX'");
	shop_offer("MUG", "Mug", 1299);
	shop_offer("BOTTLE", "Bottle", 2400);
	return 0;
}

struct wish {
	struct cart *cart;
	const char *user, *country;
	size_t n;
	const struct line_input *list;
};

static err_t create(struct ctx *c, void *arg)
{
	struct wish *w = arg;
	const struct lines_input wishes = {w->list, w->n};
	struct cart cart = {.id = uuid_v4(), .status = "open", .version = 1, .currency = "EUR", .country = w->country, .postal_code = "10999"};
	struct offer *offers = NULL;

	if (w->user != NULL && !uuid_parse(str_of(w->user), &cart.user_id))
		return &ERR_INTERNAL;
	TRY(cart_store_offers(c, &cart, "EUR", &wishes, &offers));
	TRY(cart_add(c, &cart, &wishes, offers, false));
	TRY(cart_store_rates(c, "DE", &cart));
	TRY(cart_price(c, &cart));
	cart_store_insert(c, &cart);
	*w->cart = cart;
	return OK;
}

static const struct line_input MUGS[] = {{"MUG", 2}, {"BOTTLE", 1}};

static struct cart new_cart(const char *country)
{
	struct ctx *c = test_ctx_of(test_ctx()->db);
	struct cart cart;

	assert_ok(c, cart_store_edit(c, create, &(struct wish){.cart = &cart, .country = country, .n = 2, .list = MUGS}));
	return cart;
}

static err_t take(struct ctx *c, const struct cart *cart, int64_t version, const char *option, struct quote *quote_r)
{
	return db_one(c, &TAKE, PARAMS(P_UUID(&cart->id), P_INT_OR_NULL(version, version > 0), P_TEXT(option)), quote_r);
}

#define assert_refused(cart, version, option, which)                                                                   \
	do {                                                                                                           \
		struct quote refused_;                                                                                 \
		struct ctx *ctx_ = test_ctx_of(orders);                                                                \
		assert_err(ctx_, take(ctx_, (cart), (version), (option), &refused_), &REFUSALS[which]);                \
	} while (0)

static void a_quote_is_taken_whole(void **state)
{
	struct cart cart = new_cart("FI");
	struct ctx *c = test_ctx_of(orders);
	struct quote q;
	const json_t *line;

	(void)state;
	assert_ok(c, take(c, &cart, 1, "standard", &q));
	assert_string_equal(q.currency, "EUR");
	assert_int_equal(q.subtotal_minor, 4998);
	assert_int_equal(q.discount_minor, 0);
	assert_int_equal(q.shipping_minor, 1090);
	assert_int_equal(q.total_minor, 6088);
	assert_true(q.tax_included);
	assert_string_equal(q.shipping_option, "standard");
	assert_string_equal(q.country, "FI");
	assert_false(uuid_is_set(&q.user_id));
	assert_null(q.contact);
	assert_int_equal(json_array_size(q.lines), 2);
	line = json_array_get(q.lines, 0);
	assert_string_equal(json_text(line, "sku", ""), "MUG");
	assert_int_equal(json_int(line, "line_no", -1), 0);
	assert_int_equal(json_int(line, "quantity", 0), 2);
	assert_int_equal(json_int(line, "unit_price_minor", 0), 1299);
	assert_int_equal(json_int(line, "total_minor", 0), 2598);
	assert_int_equal(json_int(line, "tax_rate_bp", 0), 2550);
	assert_int_equal(json_int(line, "tax_minor", 0), 528); /* 2598 - 2070.12 */
	assert_int_equal(q.tax_minor, 528 + 488 + 221);
	assert_string_equal(json_text(json_object_get(line, "options"), "size", ""), "M");
	assert_refused(&cart, 1, "standard", ALREADY_ORDERED);
	assert_refused(&cart, 0, NULL, ALREADY_ORDERED);
	assert_int_equal(test_sql_int("select count(*) from cart.cart where status = 'ordered'"), 1);
}

static void refusals_by_name(void **state)
{
	struct cart cart = new_cart("DE"), nowhere = new_cart(NULL), none = {.id = uuid_v4()};
	struct ctx *c = test_ctx_of(test_ctx()->db);
	struct cart empty;

	(void)state;
	assert_refused(&none, 0, "standard", NOT_FOUND);
	assert_ok(c, cart_store_edit(c, create, &(struct wish){.cart = &empty, .country = "DE", .n = 0, .list = MUGS}));
	assert_refused(&empty, 0, "standard", EMPTY);
	assert_refused(&nowhere, 0, "standard", NO_DESTINATION);
	assert_refused(&cart, 7, "standard", CHANGED);
	assert_refused(&cart, 1, "drone", OPTION_UNKNOWN);
	assert_refused(&cart, 1, NULL, OPTION_UNKNOWN); /* none was chosen on the pages */
	shop_sql("update cart.cart set status = 'merged' where id = '%s'", cart.id.s);
	assert_refused(&cart, 1, "standard", NOT_FOUND);
}

static void prices_that_moved(void **state)
{
	struct cart cart = new_cart("DE");

	(void)state;
	shop_offer("MUG", "Mug", 1399);
	assert_refused(&cart, 0, "standard", CHANGED);
	cart = new_cart("DE");
	/* A price that begins by the calendar moves no version. */
	test_sql("update public.offer set price_minor = 1000 where sku = 'MUG'");
	assert_refused(&cart, 0, "standard", CHANGED);
	cart = new_cart("DE");
	shop_withdraw("MUG");
	assert_refused(&cart, 0, "standard", CHANGED);
}

static void what_left_the_catalogue(void **state)
{
	struct cart cart;

	(void)state;
	cart = new_cart("DE");
	shop_sql("update cart.cart set quote = jsonb_set(quote, '{lines,1,price_version}', 'null') where id = '%s'", cart.id.s);
	shop_withdraw("BOTTLE");
	struct quote q;
	struct ctx *c = test_ctx_of(orders);
	assert_err(c, take(c, &cart, 0, "standard", &q), &REFUSALS[OUT_OF_STOCK]);
	assert_string_equal(c->errors->field, "lines/1/quantity");
}

static void rates_that_moved(void **state)
{
	struct cart cart;
	int64_t version = test_sql_int("select version from cart.pricing_version");

	(void)state;
	test_sql("insert into cart.tax_rate (country, rate_bp) values ('XX', 500)");
	assert_int_equal(test_sql_int("select version from cart.pricing_version"), version + 1);
	cart = new_cart("XX");
	test_sql("update cart.tax_rate set rate_bp = 600 where country = 'XX'");
	assert_int_equal(test_sql_int("select version from cart.pricing_version"), version + 2);
	assert_refused(&cart, 0, "standard", CHANGED);
	cart = new_cart("XX");
	test_sql("update cart.shipping_price set price_minor = price_minor + 1 where country = '*'");
	assert_refused(&cart, 0, "standard", CHANGED);
	test_sql("update cart.shipping_price set price_minor = price_minor - 1 where country = '*'");
	/* Announced long ago, it begins today: the quote is of yesterday. */
	test_sql("delete from cart.tax_rate where country = 'XX'; insert into cart.tax_rate (country, rate_bp, valid) values"
		 " ('XX', 600, daterange(null, current_date)), ('XX', 700, daterange(current_date, null))");
	cart = new_cart("XX");
	struct quote q;
	struct ctx *c = test_ctx_of(orders);
	assert_ok(c, take(c, &cart, 0, "standard", &q));
	assert_int_equal(json_int(json_array_get(q.lines, 0), "tax_rate_bp", 0), 700);
	cart = new_cart("XX");
	shop_sql("update cart.cart set updated_at = now() - interval '1 day' where id = '%s'", cart.id.s);
	assert_refused(&cart, 0, "standard", CHANGED);
	cart = new_cart("DE");
	assert_ok(c, take(c, &cart, 0, "standard", &q));
}

static void one_open_cart_per_customer(void **state)
{
	struct ctx *c = test_ctx();
	struct cart first, second;
	struct wish w = {.cart = &first, .user = USER, .country = "DE", .n = 1, .list = MUGS};
	struct uuid id;
	bool found;

	(void)state;
	assert_ok(c, cart_store_edit(c, create, &w));
	w.cart = &second;
	assert_err(c, cart_store_edit(c, create, &w), &ERR_CONFLICT);
	ctx_clear_failure(c);
	assert_ok(c, cart_store_of_user(c, &first.user_id, &id, &found));
	assert_true(found);
	assert_string_equal(id.s, first.id.s);
	test_sql("update cart.cart set status = 'ordered'");
	assert_ok(c, cart_store_edit(c, create, &w));
}

static void loading_shows_what_is_offered_now(void **state)
{
	struct ctx *c = test_ctx();
	struct cart cart = new_cart("DE"), loaded;
	const struct line_input wish = {"SOAP", 1};
	const struct lines_input wishes = {&wish, 1};
	struct cart_wanted wanted = {.id = cart.id.s, .home_country = "DE", .wishes = &wishes};
	struct offer *offers;

	(void)state;
	shop_offer("MUG", "Mug", 1500);
	shop_withdraw("BOTTLE");
	assert_ok(c, cart_store_load(c, &wanted, &loaded, &offers));
	assert_int_equal(loaded.nlines, 2);
	assert_int_equal(loaded.lines[0].offer.price_minor, 1500);
	assert_int_equal(loaded.lines[0].offer.in_stock, 10);
	assert_null(loaded.lines[1].offer.name);
	assert_string_equal(loaded.lines[1].offer.sku, "BOTTLE");
	assert_string_equal(offers[0].name, "Soap <b>bar</b>");
	assert_int_equal(loaded.ntax_rates, 1);
	assert_int_equal(loaded.tax_rates[0].rate_bp, 1900);
	assert_int_equal(loaded.nshipping, 2);
	assert_string_equal(loaded.shipping[0].id, "standard");
	wanted.id = "00000000-0000-4000-8000-000000000000";
	assert_err(c, cart_store_load(c, &wanted, &loaded, &offers), &ERR_NOT_FOUND);
}

static void everywhere_is_shipped_to(void **state)
{
	struct cart cart = {.currency = "EUR", .country = "NZ"};
	struct ctx *c = test_ctx();
	struct offer *offers;

	(void)state;
	assert_ok(c, cart_store_offers(c, &cart, "EUR", &(struct lines_input){0}, &offers));
	assert_ok(c, cart_store_rates(c, "DE", &cart));
	assert_int_equal(cart.nshipping, 1);
	assert_int_equal(cart.shipping[0].price_minor, 2490);
	assert_int_equal(cart.ntax_rates, 0);
	cart.country = NULL;
	assert_ok(c, cart_store_rates(c, "DE", &cart));
	assert_int_equal(cart.nshipping, 0);
	assert_int_equal(cart.ntax_rates, 1);
}

static void a_new_cart_is_written_whole(void **state)
{
	(void)state;
	(void)new_cart("DE");
	assert_int_equal(test_sql_int("select count(*) from cart.line"), 2);
	assert_int_equal(test_sql_int("select version from cart.cart"), 1);
	assert_string_equal(test_sql_text("select string_agg(sku || quantity, ' ' order by position) from cart.line"), "MUG2 BOTTLE1");
	assert_int_equal(test_sql_int("select (quote ->> 'subtotal_minor')::bigint from cart.cart"), 4998);
	assert_int_equal(test_sql_int("select jsonb_array_length(quote -> 'options') from cart.cart"), 2);
}

static void others_reach_only_what_is_published(void **state)
{
	static const struct db_stmt PEEK = DB_EXEC("test_peek", SQL("select id from cart.cart"));
	static const struct db_stmt RATE = DB_EXEC("test_rate", SQL("update cart.tax_rate set rate_bp = 0"));
	struct ctx *o = test_ctx_of(orders), *c = test_ctx();

	(void)state;
	assert_err(o, db_exec(o, &PEEK, NO_PARAMS, NULL), &ERR_INTERNAL);
	assert_err(c, db_exec(c, &RATE, NO_PARAMS, NULL), &ERR_INTERNAL);
}

static void keep(struct cart cart, const char *set)
{
	char sql[300];

	snprintf(sql, sizeof(sql), "update cart.cart set %s where id = '%s'", set, cart.id.s);
	test_sql(sql);
}

/* A guest's cart and what an order took go when nobody changed them for so long; a customer's open cart stays theirs. */
static void old_carts_go(void **state)
{
	struct ctx *c = test_ctx();
	struct cart typed = new_cart("DE"), ordered = new_cart("DE"), merged = new_cart("DE"), customers = new_cart("DE"),
		    used = new_cart("DE"), customers_ordered = new_cart("DE");
	struct quote q;

	(void)state;
	assert_ok(test_ctx_of(orders), take(test_ctx_of(orders), &ordered, 1, "standard", &q));
	keep(typed, "contact = '{\"email\": \"jo@example.com\"}'");
	keep(merged, "status = 'merged'");
	keep(customers, "user_id = '" USER "'");
	keep(customers_ordered, "user_id = '" USER "', status = 'ordered'");
	test_sql("update cart.cart set created_at = now() - interval '91 days', updated_at = now() - interval '89 days'");
	assert_ok(c, cart_store_purge(c));
	assert_int_equal(test_sql_int("select count(*) from cart.cart"), 6);
	test_sql("update cart.cart set updated_at = now() - interval '91 days'");
	keep(used, "updated_at = now()");
	assert_ok(c, cart_store_purge(c));
	assert_int_equal(test_sql_int("select count(*) from cart.cart"), 2);
	assert_int_equal(test_sql_int("select count(*) from cart.cart where user_id = '" USER "' and status = 'open' or updated_at > now() - interval '1 day'"), 2);
	assert_int_equal(test_sql_int("select count(*) from cart.line l where not exists (select from cart.cart where id = l.cart_id)"), 0);
}

static void statements_are_proven(void **state)
{
	struct ctx *c = test_ctx();

	(void)state;
	assert_ok(c, db_prove(c));
}

#define TEST(f) cmocka_unit_test_setup(f, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_quote_is_taken_whole),
		TEST(refusals_by_name),
		TEST(prices_that_moved),
		TEST(what_left_the_catalogue),
		TEST(rates_that_moved),
		TEST(one_open_cart_per_customer),
		TEST(loading_shows_what_is_offered_now),
		TEST(everywhere_is_shipped_to),
		TEST(a_new_cart_is_written_whole),
		TEST(others_reach_only_what_is_published),
		TEST(old_carts_go),
		TEST(statements_are_proven),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
