/* cart_pages.c - the cart and the checkout as a browser without script walks through them. */
#include "testing.h"
#include "http.h"
#include "shop.h"

#include <stdio.h>
#include <string.h>

#include "cart.h"
#include "store_cart.h"

#define ADDRESS "email=mara%40example.com&name=Mara+Lind&line1=Birkenweg+4&city=Berlin&postal_code=10999&country=DE"

static const struct db_stmt *const *const STATEMENTS[] = {CART_STATEMENTS, RATES_STATEMENTS, NULL};
static const struct db_constraint *const CONSTRAINTS[] = {CART_CONSTRAINTS, NULL};

static int start(void **state)
{
	(void)state;
	test_http_open(CART_ROUTES, test_db_open("es_cart", test_statements(STATEMENTS), CONSTRAINTS));
	shop_open();
	shop_person(1, "{customer}");
	shop_person(2, "{customer}");
	test_sql("insert into auth.address (id, account_id, name, line1, city, postal_code, country, is_default) values"
		 " ('01900000-0000-7000-8000-000000000201', '01900000-0000-7000-8000-000000000001', 'Person 1', 'Kade 1', 'Utrecht', '3511',"
		 " 'NL', true),"
		 " ('01900000-0000-7000-8000-000000000202', '01900000-0000-7000-8000-000000000002', 'Person 2', 'Secret street', 'Hidden', '1',"
		 " 'NL', true)");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_http_close();
	test_db_close();
	return 0;
}

/* ------------------------------------------------------------------ a browser */

static char cart_cookie[40], cookies[400];

static int clean(void **state)
{
	(void)state;
	test_sql("truncate cart.cart, cart.line");
	shop_offer("MUG", "Mug", 1299);
	shop_offer("BOTTLE", "Bottle", 2400);
	cart_cookie[0] = '\0';
	return 0;
}

/* Person 0 is a guest. The cart's cookie is sent, and kept when it changes. */
static struct request *browse(int person, const char *method, const char *path, const char *form)
{
	static const char digits[] = "0123456789";
	char session[44] = "", body[2000];
	struct request *rq;
	const char *set;

	if (person > 0)
		memset(session, digits[person], sizeof(session) - 1);
	snprintf(cookies, sizeof(cookies), "es_csrf=" SHOP_CSRF "%s%s%s%s", person > 0 ? "; es_session=" : "", session,
		cart_cookie[0] != '\0' ? "; es_cart=" : "", cart_cookie);
	snprintf(body, sizeof(body), "csrf=" SHOP_CSRF "&%s", form != NULL ? form : "");
	rq = test_http(method, path, form != NULL ? body : NULL, "HTTP_COOKIE", cookies, NULL);
	set = test_cookie(rq, "es_cart");
	if (set != NULL)
		snprintf(cart_cookie, sizeof(cart_cookie), "%s", set);
	return rq;
}

static struct request *get(const char *path)
{
	return browse(0, "GET", path, NULL);
}

static struct request *post(const char *path, const char *form)
{
	return browse(0, "POST", path, form);
}

static bool shows(struct request *rq, const char *text)
{
	return strstr(str_dup(rq->ctx.arena, rq->res.body), text) != NULL;
}

#define assert_shows(rq, text)                                                                                         \
	do {                                                                                                           \
		if (!shows((rq), (text)))                                                                              \
			fail_msg("not on the page: %s\n%.*s", (text), (int)(rq)->res.body.n, (rq)->res.body.p);        \
	} while (0)

#define assert_leads_to(rq_, path_)                                                                                    \
	do {                                                                                                           \
		struct request *answer_ = (rq_);                                                                       \
		assert_status(answer_, 303);                                                                           \
		assert_string_equal(test_header(answer_, "Location"), (path_));                                        \
	} while (0)

/* "/cart/lines/<id of the line with this SKU><rest>" */
static const char *line_path(const char *sku, const char *rest)
{
	static char path[200];
	char sql[200];

	snprintf(sql, sizeof(sql), "select id from cart.line where sku = '%s'", sku);
	snprintf(path, sizeof(path), "/cart/lines/%s%s", test_sql_text(sql), rest);
	return path;
}

/* ------------------------------------------------------------------ the cart */

static void an_empty_cart(void **state)
{
	struct request *rq = get("/cart");

	(void)state;
	assert_status(rq, 200);
	assert_shows(rq, "Your cart is empty");
	assert_string_equal(test_header(rq, "Cache-Control"), "no-store");
	assert_status(get("/cart?utm_source=x"), 200);
	snprintf(cart_cookie, sizeof(cart_cookie), "00000000-0000-4000-8000-000000000000");
	assert_shows(get("/cart"), "Your cart is empty");
	snprintf(cart_cookie, sizeof(cart_cookie), "nonsense");
	assert_shows(get("/cart"), "Your cart is empty");
}

static void adding_updating_removing(void **state)
{
	struct request *rq = post("/cart/lines", "sku=MUG&quantity=2");

	(void)state;
	assert_leads_to(rq, "/cart");
	assert_string_equal(test_cookie(rq, "es_cart_count"), "2");
	assert_int_equal(strlen(cart_cookie), 36);
	assert_non_null(test_cookie(rq, "es_flash"));
	assert_leads_to(post("/cart/lines", "sku=SOAP&quantity=1"), "/cart");
	rq = get("/cart");
	assert_shows(rq, "Mug");
	assert_shows(rq, "3 items");
	assert_shows(rq, "Soap &lt;b&gt;bar&lt;/b&gt;");
	assert_shows(rq, "€25.98");
	assert_shows(rq, "€30.48");
	assert_shows(rq, "/checkout");
	assert_false(shows(rq, "/cart/coupons"));
	assert_leads_to(post("/cart/lines", "sku=MUG&quantity=1"), "/cart");
	rq = post(line_path("MUG", ""), "quantity=5");
	assert_leads_to(rq, "/cart");
	assert_string_equal(test_cookie(rq, "es_cart_count"), "6");
	assert_leads_to(post(line_path("SOAP", "/remove"), ""), "/cart");
	assert_shows(get("/cart"), "€64.95");
	assert_leads_to(post(line_path("MUG", ""), "quantity=0"), "/cart");
	assert_shows(get("/cart"), "Your cart is empty");
	assert_int_equal(test_sql_int("select count(*) from cart.cart"), 1);
}

static void errors_stand_beside_their_fields(void **state)
{
	struct request *rq;

	(void)state;
	(void)post("/cart/lines", "sku=MUG&quantity=2");
	(void)post("/cart/lines", "sku=SOAP&quantity=1");
	rq = post(line_path("MUG", ""), "quantity=twelve");
	assert_status(rq, 422);
	assert_shows(rq, "value=\"twelve\" aria-invalid=\"true\"");
	assert_shows(rq, "field-error");
	assert_shows(rq, "value=\"1\"");
	rq = post(line_path("MUG", ""), "quantity=10000");
	assert_status(rq, 422);
	assert_shows(rq, "value=\"10000\" aria-invalid=\"true\"");
	rq = post("/cart/lines", "sku=NONE&quantity=1");
	assert_status(rq, 422);
	assert_shows(rq, "Please check the following");
	rq = post("/cart/destination", "country=Mars&postal_code=%3Cscript%3E");
	assert_status(rq, 422);
	assert_shows(rq, "id=\"country-error\"");
	assert_shows(rq, "value=\"&lt;script&gt;\"");
	assert_int_equal(test_sql_int("select sum(quantity)::bigint from cart.line"), 3);
	assert_status(post("/cart/lines/01900000-0000-7000-8000-000000000001", "quantity=1"), 404);
	assert_status(browse(0, "DELETE", "/cart", NULL), 405);
	assert_status(get("/cart/lines"), 405);
}

static void shipping_is_estimated(void **state)
{
	struct request *rq;

	(void)state;
	(void)post("/cart/lines", "sku=MUG&quantity=2");
	assert_leads_to(post("/cart/destination", "country=DE&postal_code=10999"), "/cart");
	rq = get("/cart");
	assert_shows(rq, "€4.90");
	assert_shows(rq, "arrives in 2–3 working days");
	assert_shows(rq, "<option value=\"DE\" selected>Germany</option>");
}

static void what_changed_meanwhile_is_shown(void **state)
{
	struct request *rq;

	(void)state;
	(void)post("/cart/lines", "sku=MUG&quantity=2");
	shop_offer("MUG", "Mug", 2000);
	assert_shows(get("/cart"), "€40.00");
	assert_int_equal(test_sql_int("select version from cart.cart"), 2);
	shop_stock("MUG", 1);
	rq = get("/cart");
	assert_shows(rq, "Only 1 available");
	assert_shows(rq, "Please solve the problems above");
	shop_stock("MUG", 10);
	shop_withdraw("MUG");
	assert_shows(get("/cart"), "Not available at the moment");
}

static void anothers_cart_is_no_cart(void **state)
{
	(void)state;
	assert_leads_to(browse(1, "POST", "/cart/lines", "sku=MUG&quantity=2"), "/cart");
	assert_shows(get("/cart"), "Your cart is empty");
	assert_shows(browse(2, "GET", "/cart", NULL), "Your cart is empty");
	assert_leads_to(post("/cart/lines", "sku=SOAP&quantity=1"), "/cart");
	assert_int_equal(test_sql_int("select count(*) from cart.cart"), 2);
	assert_shows(browse(1, "GET", "/cart", NULL), "Mug");
}

static void forms_of_other_sites_are_refused(void **state)
{
	(void)state;
	assert_status(test_http("POST", "/cart/lines", "sku=MUG&quantity=1", "HTTP_SEC_FETCH_SITE", "cross-site", NULL), 403);
	assert_status(test_http("POST", "/cart/lines", "sku=MUG&quantity=1", SHOP_AS(1), "HTTP_X_CSRF_TOKEN", "wrong", NULL), 303);
	assert_status(test_http("POST", "/cart/lines", "sku=MUG&quantity=1", "HTTP_COOKIE", "es_session=" SHOP_TIMES_43("1"), NULL), 403);
}

/* ------------------------------------------------------------------ signing in */

static void a_guests_cart_becomes_the_customers(void **state)
{
	(void)state;
	(void)post("/cart/lines", "sku=MUG&quantity=2");
	assert_shows(browse(1, "GET", "/cart", NULL), "2 items");
	assert_string_equal(test_sql_text("select user_id from cart.cart"), "01900000-0000-7000-8000-000000000001");
	assert_shows(get("/cart"), "Your cart is empty");
	cart_cookie[0] = '\0';
	assert_shows(browse(1, "GET", "/cart", NULL), "2 items");
}

static void a_guests_cart_joins_the_customers(void **state)
{
	struct request *rq;

	(void)state;
	(void)browse(1, "POST", "/cart/lines", "sku=MUG&quantity=2");
	cart_cookie[0] = '\0';
	(void)post("/cart/lines", "sku=MUG&quantity=1");
	(void)post("/cart/lines", "sku=SOAP&quantity=4");
	rq = browse(1, "GET", "/cart", NULL);
	assert_shows(rq, "7 items");
	assert_string_equal(test_cookie(rq, "es_cart_count"), "7");
	assert_string_equal(test_sql_text("select string_agg(status || coalesce(user_id::text, ''), ' ' order by status) from cart.cart"),
		"merged open01900000-0000-7000-8000-000000000001");
	assert_shows(browse(1, "GET", "/cart", NULL), "7 items");
	assert_int_equal(test_sql_int("select (quote ->> 'subtotal_minor')::bigint from cart.cart where status = 'open'"), 3 * 1299 + 4 * 450);
}

static void merging_happens_where_the_customer_acts(void **state)
{
	(void)state;
	(void)browse(1, "POST", "/cart/lines", "sku=MUG&quantity=2");
	cart_cookie[0] = '\0';
	(void)post("/cart/lines", "sku=SOAP&quantity=1");
	assert_leads_to(browse(1, "POST", "/cart/lines", "sku=BOTTLE&quantity=1"), "/cart");
	assert_shows(browse(1, "GET", "/cart", NULL), "4 items");
}

/* ------------------------------------------------------------------ the checkout */

static void nothing_to_check_out(void **state)
{
	(void)state;
	assert_leads_to(get("/checkout"), "/cart");
	assert_leads_to(get("/checkout/shipping"), "/cart");
	assert_leads_to(get("/checkout/review"), "/cart");
	assert_leads_to(post("/checkout/address", ADDRESS), "/cart");
	assert_leads_to(post("/checkout/shipping", "shipping_option=standard"), "/cart");
	(void)post("/cart/lines", "sku=MUG&quantity=11");
	assert_leads_to(get("/checkout"), "/cart");
}

static void steps_can_not_be_skipped(void **state)
{
	(void)state;
	(void)post("/cart/lines", "sku=MUG&quantity=1");
	assert_leads_to(get("/checkout/shipping"), "/checkout");
	assert_leads_to(get("/checkout/review"), "/checkout");
	(void)post("/checkout/address", ADDRESS);
	assert_leads_to(get("/checkout/review"), "/checkout/shipping");
}

static void the_whole_checkout(void **state)
{
	struct request *rq;

	(void)state;
	(void)post("/cart/lines", "sku=MUG&quantity=2");
	rq = get("/checkout");
	assert_status(rq, 200);
	assert_shows(rq, "Where shall it go?");
	assert_shows(rq, "<option value=\"DE\" selected>Germany</option>");
	assert_shows(rq, "/login?next=/checkout");
	assert_leads_to(post("/checkout/address", ADDRESS "&phone=%2B49+30+1&note=Ring+twice%0D%0Aplease"), "/checkout/shipping");
	rq = get("/checkout/shipping");
	assert_shows(rq, "10999 Berlin, Germany");
	assert_shows(rq, "value=\"standard\" required checked");
	assert_shows(rq, "€11.90");
	assert_leads_to(post("/checkout/shipping", "shipping_option=express"), "/checkout/review");
	rq = get("/checkout/review");
	assert_status(rq, 200);
	assert_shows(rq, "mara@example.com");
	assert_shows(rq, "Birkenweg 4");
	assert_shows(rq, "Germany");
	assert_shows(rq, "Ring twice");
	assert_shows(rq, "Express");
	assert_shows(rq, "Place order and pay €37.88");
	assert_shows(rq, "action=\"/checkout/place\"");
	assert_shows(rq, cart_cookie);
	assert_shows(rq, "name=\"quote_version\" value=\"3\"");
	/* Going back shows what was entered. */
	assert_shows(get("/checkout"), "value=\"Mara Lind\"");
	assert_shows(get("/checkout/shipping"), "value=\"express\" required checked");
	assert_string_equal(test_sql_text("select contact -> 'shipping_address' ->> 'phone' from cart.cart"), "+49 30 1");
}

static void the_review_is_of_today(void **state)
{
	struct request *rq;

	(void)state;
	(void)post("/cart/lines", "sku=MUG&quantity=2");
	(void)post("/checkout/address", ADDRESS);
	(void)post("/checkout/shipping", "shipping_option=standard");
	shop_offer("MUG", "Mug", 1000);
	rq = get("/checkout/review");
	assert_shows(rq, "Place order and pay €24.90");
	assert_shows(rq, "name=\"quote_version\" value=\"4\"");
	assert_int_equal(test_sql_int("select version from cart.cart"), 4);
}

static void a_wrong_address_comes_back(void **state)
{
	struct request *rq;

	(void)state;
	(void)post("/cart/lines", "sku=MUG&quantity=1");
	rq = post("/checkout/address", "email=mara&name=%3Cb%3EMara&line1=&city=Berlin&postal_code=&country=DE&note=hello");
	assert_status(rq, 422);
	assert_shows(rq, "id=\"email-error\"");
	assert_shows(rq, "value=\"mara\"");
	assert_shows(rq, "value=\"&lt;b&gt;Mara\"");
	assert_shows(rq, ">hello</textarea>");
	rq = post("/checkout/address", "email=mara%40example.com&name=Mara&line1=&city=Berlin&postal_code=&country=DE");
	assert_status(rq, 422);
	assert_shows(rq, "id=\"line1-error\"");
	assert_shows(rq, "id=\"postal_code-error\"");
	assert_false(shows(rq, "id=\"name-error\""));
	assert_status(post("/checkout/address", ADDRESS "&country=ZZ"), 303); /* the first of two counts */
	assert_status(post("/checkout/shipping", "shipping_option=drone"), 422);
	rq = post("/checkout/shipping", "");
	assert_status(rq, 422);
	assert_shows(rq, "id=\"shipping_option-error\"");
	assert_status(browse(0, "DELETE", "/checkout", NULL), 405);
}

static void saved_addresses(void **state)
{
	struct request *rq;

	(void)state;
	(void)browse(1, "POST", "/cart/lines", "sku=MUG&quantity=1");
	rq = browse(1, "GET", "/checkout", NULL);
	assert_shows(rq, "value=\"person1@example.com\"");
	assert_shows(rq, "Person 1, Kade 1, 3511 Utrecht, Netherlands");
	assert_shows(rq, "value=\"01900000-0000-7000-8000-000000000201\" checked");
	assert_false(shows(rq, "Secret street"));
	rq = browse(1, "POST", "/checkout/address", "email=person1%40example.com&address_id=01900000-0000-7000-8000-000000000202");
	assert_status(rq, 422);
	assert_shows(rq, "Choose one of your addresses.");
	assert_false(shows(rq, "Secret street"));
	assert_leads_to(browse(1, "POST", "/checkout/address", "email=person1%40example.com&address_id=01900000-0000-7000-8000-000000000201"),
		"/checkout/shipping");
	assert_shows(browse(1, "GET", "/checkout/shipping", NULL), "3511 Utrecht, Netherlands");
	assert_string_equal(test_sql_text("select country from cart.cart"), "NL");
}

static void where_we_do_not_ship(void **state)
{
	(void)state;
	(void)post("/cart/lines", "sku=MUG&quantity=1");
	(void)post("/checkout/address", ADDRESS);
	test_sql("update cart.cart set currency = 'EUR'; create table public.kept as select * from cart.shipping_price;"
		 "delete from cart.shipping_price");
	assert_shows(get("/checkout/shipping"), "We cannot ship to this address yet.");
	test_sql("insert into cart.shipping_price select * from public.kept; drop table public.kept");
}

#define TEST(f) cmocka_unit_test_setup(f, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_empty_cart),
		TEST(adding_updating_removing),
		TEST(errors_stand_beside_their_fields),
		TEST(shipping_is_estimated),
		TEST(what_changed_meanwhile_is_shown),
		TEST(anothers_cart_is_no_cart),
		TEST(forms_of_other_sites_are_refused),
		TEST(a_guests_cart_becomes_the_customers),
		TEST(a_guests_cart_joins_the_customers),
		TEST(merging_happens_where_the_customer_acts),
		TEST(nothing_to_check_out),
		TEST(steps_can_not_be_skipped),
		TEST(the_whole_checkout),
		TEST(the_review_is_of_today),
		TEST(a_wrong_address_comes_back),
		TEST(saved_addresses),
		TEST(where_we_do_not_ship),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
