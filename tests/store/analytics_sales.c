/* analytics_sales.c - facts of sales: noted once in any order, summed by the shop's days. */
#include "testing.h"
#include "shop.h"

#include <string.h>

#include "analytics.h"
#include "data/clock.h"
#include "store_sales.h"

static const struct db_stmt *const *const STATEMENTS[] = {SALES_STATEMENTS, NULL};

static int start(void **state)
{
	(void)state;
	(void)test_db_open("es_analytics", STATEMENTS, NULL);
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
	test_sql("truncate analytics.order_fact, analytics.line_fact;"
		 "update platform.setting set value = 'Europe/Berlin' where key = 'time_zone'");
	return 0;
}

/* What an event says of order n: placed_at, paid_at and cancelled_at, NULL for none. */
static json_t *order(struct ctx *c, int n, int64_t total, const char *const moments[3])
{
	static const char *const names[] = {"placed_at", "paid_at", "cancelled_at"};
	json_t *o = json_new_object(c->arena), *lines = json_new_array(c->arena), *line = json_new_object(c->arena);

	json_set_text(o, "order_id", arena_printf(c->arena, "01990000-0000-7000-8000-%012d", n));
	json_set_text(o, "number", arena_printf(c->arena, "E%08d", n));
	json_set_text(o, "currency", "EUR");
	json_set_int(o, "total_minor", total);
	json_set_text(o, "country", "DE");
	json_set_text(o, "customer_key", arena_printf(c->arena, "c%d", n % 2));
	for (size_t i = 0; i < 3; i++)
		json_set_text_if(o, names[i], moments[i]);
	json_set_text(line, "sku", n % 2 ? "MUG" : "SOAP");
	json_set_text(line, "name", n % 2 ? "Mug" : "Soap");
	json_set_int(line, "quantity", n);
	json_set_int(line, "total_minor", total);
	json_add(lines, line);
	json_set(o, "lines", lines);
	return o;
}
#define MOMENTS(placed, paid, cancelled) ((const char *const[3]){(placed), (paid), (cancelled)})

static struct summary sum(const char *from, const char *to)
{
	struct ctx *c = test_ctx();
	struct summary s;

	assert_ok(c, sales_store_summary(c, &(struct summary_query){from, to, "EUR"}, &s));
	return s;
}

static const char *facts(void)
{
	return test_sql_text("select string_agg(number || case when paid_at is null then '' else ' paid' end"
			     " || case when cancelled_at is null then '' else ' cancelled' end, ', ' order by number) from analytics.order_fact");
}

static void noted_once(void **state)
{
	struct ctx *c = test_ctx();
	const char *placed = "2026-03-01T10:00:00Z", *paid = "2026-03-01T10:05:00Z";

	(void)state;
	assert_ok(c, sales_store_note(c, order(c, 1, 1000, MOMENTS(placed, NULL, NULL))));
	assert_string_equal(facts(), "E00000001");
	for (int i = 0; i < 3; i++)
		assert_ok(c, sales_store_note(c, order(c, 1, 1000, MOMENTS(placed, paid, NULL))));
	assert_ok(c, sales_store_note(c, order(c, 1, 1000, MOMENTS(placed, NULL, NULL))));
	assert_string_equal(facts(), "E00000001 paid");
	assert_int_equal(test_sql_int("select count(*) from analytics.line_fact"), 1);
	/* A later repetition doesn't move the moment. */
	assert_ok(c, sales_store_note(c, order(c, 1, 1000, MOMENTS(placed, "2026-05-05T00:00:00Z", NULL))));
	assert_int_equal(sum("2026-03-01", "2026-03-01").orders, 1);
}

static void noted_out_of_order(void **state)
{
	struct ctx *c = test_ctx();
	const char *placed = "2026-03-01T10:00:00Z", *paid = "2026-03-01T10:05:00Z", *cancelled = "2026-03-01T11:00:00Z";

	(void)state;
	assert_ok(c, sales_store_note(c, order(c, 1, 1000, MOMENTS(placed, NULL, cancelled))));
	assert_ok(c, sales_store_note(c, order(c, 1, 1000, MOMENTS(placed, paid, NULL))));
	assert_ok(c, sales_store_note(c, order(c, 1, 1000, MOMENTS(placed, NULL, NULL))));
	assert_string_equal(facts(), "E00000001 paid cancelled");
}

static void revenue_is_what_was_paid(void **state)
{
	struct ctx *c = test_ctx();
	struct summary s;

	(void)state;
	assert_ok(c, sales_store_note(c, order(c, 1, 1000, MOMENTS("2026-03-01T10:00:00Z", "2026-03-01T10:05:00Z", NULL))));
	assert_ok(c, sales_store_note(c, order(c, 2, 500, MOMENTS("2026-03-01T10:00:00Z", "2026-03-02T10:05:00Z", NULL))));
	assert_ok(c, sales_store_note(c, order(c, 3, 70, MOMENTS("2026-03-01T10:00:00Z", "2026-03-02T12:00:00Z", NULL))));
	assert_ok(c, sales_store_note(c, order(c, 4, 9999, MOMENTS("2026-03-01T10:00:00Z", NULL, NULL))));
	assert_ok(c, sales_store_note(c, order(c, 6, 8888, MOMENTS("2026-03-01T10:00:00Z", NULL, "2026-03-01T11:00:00Z"))));
	s = sum("2026-03-01", "2026-03-02");
	assert_int_equal(s.orders, 3);
	assert_int_equal(s.revenue_minor, 1570);
	assert_int_equal(s.customers, 2);
	s = sum("2026-03-02", "2026-03-02");
	assert_int_equal(s.orders, 2);
	s = sum("2026-04-01", "2026-04-02");
	assert_int_equal(s.orders, 0);
	assert_int_equal(s.revenue_minor, 0);
	assert_int_equal(sum("2026-03-03", "2026-03-01").orders, 0);
}

static void days_are_the_shops(void **state)
{
	struct ctx *c = test_ctx();

	(void)state;
	/* Half past eleven at night in UTC: the next day in Berlin. */
	assert_ok(c, sales_store_note(c, order(c, 1, 1000, MOMENTS("2026-03-01T23:00:00Z", "2026-03-01T23:30:00Z", NULL))));
	assert_int_equal(sum("2026-03-01", "2026-03-01").orders, 0);
	assert_int_equal(sum("2026-03-02", "2026-03-02").orders, 1);
	assert_int_equal(sum("2026-03-01T23:30:00Z", "2026-03-01T23:30:01Z").orders, 1);
	assert_int_equal(sum("2026-03-01T23:00:00Z", "2026-03-01T23:30:00Z").orders, 0);
	test_sql("update platform.setting set value = 'UTC' where key = 'time_zone'");
	assert_int_equal(sum("2026-03-01", "2026-03-01").orders, 1);
	/* The day the clocks go forward has 23 hours. */
	test_sql("update platform.setting set value = 'Europe/Berlin' where key = 'time_zone'");
	assert_int_equal(sum("2026-03-29", "2026-03-29").to_us - sum("2026-03-29", "2026-03-29").from_us, INT64_C(23) * 3600 * US_PER_SEC);
}

static void the_dashboard_in_one_look(void **state)
{
	struct ctx *c = test_ctx();
	struct dashboard d;
	const char *now = arena_strdup(c->arena, test_sql_text("select to_char(now() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"));
	const char *before = arena_strdup(c->arena,
		test_sql_text("select to_char(now() at time zone 'UTC' - interval '7 days', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"));

	(void)state;
	assert_ok(c, sales_store_note(c, order(c, 1, 1000, MOMENTS(now, now, NULL))));
	assert_ok(c, sales_store_note(c, order(c, 3, 3000, MOMENTS(now, now, NULL))));
	assert_ok(c, sales_store_note(c, order(c, 2, 500, MOMENTS(before, before, NULL))));
	assert_ok(c, sales_store_dashboard(c, "EUR", 7, &d));
	assert_int_equal(d.now.orders, 2);
	assert_int_equal(d.now.customers, 1);
	assert_int_equal(d.before.orders, 1);
	assert_int_equal(d.before.revenue_minor, 500);
	assert_int_equal(d.ndays, 7);
	assert_int_equal(d.days[6].revenue_minor, 4000);
	assert_int_equal(d.days[0].revenue_minor, 0);
	assert_int_equal(d.ntop, 1);
	assert_string_equal(d.top[0].name, "Mug");
	assert_int_equal(d.top[0].quantity, 4);
	assert_int_equal(d.nrecent, 3);
	assert_string_equal(d.recent[2].number, "E00000002");
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
		TEST(noted_once),
		TEST(noted_out_of_order),
		TEST(revenue_is_what_was_paid),
		TEST(days_are_the_shops),
		TEST(the_dashboard_in_one_look),
		TEST(statements_are_proven),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
