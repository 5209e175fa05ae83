/* order_facts.c - what the schema refuses whoever asks, what it publishes, and to whom. */
#include "testing.h"
#include "orders.h"

#include <stdio.h>
#include <string.h>

#include "order.h"
#include "store_order.h"

static const struct db_stmt *const *const STATEMENTS[] = {
	ORDER_STATEMENTS, CHECKOUT_STATEMENTS, CHANGE_STATEMENTS, EVENT_STATEMENTS, NULL};
static const struct db_constraint *const CONSTRAINTS[] = {ORDER_CONSTRAINTS, NULL};

static err_t buy(struct ctx *c, void *arg)
{
	static const char *const none[] = {NULL};
	static const struct subject anonymous = {.kind = SUBJECT_ANONYMOUS, .roles = none, .permissions = none};
	struct request rq = {.ctx = *c, .subject = &anonymous};
	struct placing p = {.cart_id = orders_cart("MUG", 2)};

	rq.ctx.errors_end = &rq.ctx.errors;
	return order_place(&rq, &p, arg);
}

static int start(void **state)
{
	(void)state;
	test_db_open("es_orders", STATEMENTS, CONSTRAINTS);
	orders_prepare();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_db_close();
	return 0;
}

static int each(void **state)
{
	struct order_details d;
	struct ctx *c = test_ctx();

	(void)state;
	test_sql("truncate orders.orders cascade; truncate inventory.reservation");
	orders_stock("MUG", 5);
	test_sql("update inventory.item set reserved = 0");
	assert_ok(c, order_store_tx(c, buy, &d));
	return 0;
}

/* The name of the constraint that refuses the statement, "" when none does. */
static const char *refused_by(const char *statement)
{
	static char name[100];
	char sql[2000];

	snprintf(sql, sizeof(sql),
		"create temp table if not exists verdict (name text); truncate verdict;"
		"do $do$ declare n text; begin begin %s; set constraints all immediate; raise exception using errcode "
		"= 'TT000';"
		" exception when others then get stacked diagnostics n = constraint_name; insert into verdict values "
		"(n); end; end $do$",
		statement);
	test_sql(sql);
	snprintf(name, sizeof(name), "%s", test_sql_text("select name from verdict"));
	return name;
}

static void illegal_changes_are_refused(void **state)
{
	static const struct {
		const char *change, *by;
	} CASES[] = {
		{"update orders.orders set payment_status = 'succeeded', paid_at = now()", ""},
		{"update orders.orders set payment_status = 'succeeded'", "order_paid_has_time"},
		{"update orders.orders set payment_status = 'refunded', paid_at = now()", "order_transition"},
		{"update orders.orders set payment_status = 'nonsense'", "order_transition"},
		{"update orders.orders set fulfilment_status = 'shipped'", "order_ships_when_paid"},
		{"update orders.orders set fulfilment_status = 'delivered'", "order_transition"},
		{"update orders.orders set cancelled_at = now(), payment_status = 'cancelled'", ""},
		{"update orders.orders set cancelled_at = now(); update orders.orders set cancelled_at = null",
			"order_transition"},
		{"update orders.orders set payment_status = 'succeeded', paid_at = now(), fulfilment_status = "
		 "'shipped', cancelled_at = now()",
			"order_cancelled_unshipped"},
		{"update orders.orders set total_minor = total_minor - 1", "order_total_adds_up"},
		{"update orders.orders set subtotal_minor = subtotal_minor + 1, total_minor = total_minor + 1",
			"order_lines_add_up"},
		{"update orders.orders set item_count = 7", "order_lines_add_up"},
		{"update orders.line set quantity = 1, total_minor = unit_price_minor", "order_lines_add_up"},
		{"update orders.line set total_minor = 1", "line_total_adds_up"},
		{"delete from orders.line", "order_lines_add_up"},
		{"update orders.line set shipped_quantity = 3", "line_not_overshipped"},
		{"update orders.line set shipped_quantity = 1", "line_shipments_add_up"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		const char *by = refused_by(CASES[i].change);

		if (strcmp(by, CASES[i].by) != 0)
			fail_msg("%s: refused by '%s', expected '%s'", CASES[i].change, by, CASES[i].by);
	}
}

static void status_is_derived(void **state)
{
	(void)state;
	assert_string_equal(test_sql_text("select status from orders.orders"), "pending_payment");
	test_sql("update orders.orders set payment_status = 'failed'");
	assert_string_equal(test_sql_text("select status || version from orders.orders"), "pending_payment2");
	test_sql("update orders.orders set payment_status = 'succeeded', paid_at = now()");
	assert_string_equal(test_sql_text("select status from orders.orders"), "paid");
	test_sql("update orders.orders set fulfilment_status = 'partially_shipped'");
	assert_string_equal(test_sql_text("select status from orders.orders"), "partially_shipped");
}

static void what_is_published(void **state)
{
	(void)state;
	test_sql("set session authorization es_notification");
	assert_string_equal(test_sql_text("select concat_ws(' ', m ->> 'email', m ->> 'name', m -> 'totals' ->> "
					  "'total_minor', jsonb_array_length(m -> 'lines'),"
					  " jsonb_array_length(m -> 'shipments')) from (select "
					  "orders.mail_details(aggregate_id::uuid) as m"
					  " from (values ('00000000-0000-0000-0000-000000000000')) v(aggregate_id)) x"),
		"");
	test_sql("reset session authorization");
	assert_string_equal(test_sql_text("select concat_ws(' ', m ->> 'email', m ->> 'name', m -> 'totals' ->> "
					  "'total_minor', jsonb_array_length(m -> 'lines'),"
					  " jsonb_array_length(m -> 'shipments')) from (select orders.mail_details(id) "
					  "as m from orders.orders) x"),
		"mara@example.com Mara Lind 2990 1 0");
	assert_string_equal(test_sql_text("select p.status || ' ' || p.total_minor || ' ' || p.item_count from "
					  "orders.orders o, orders.payment_page(o.id) p"
					  " where (p.number, p.tracking_token) = (o.number, o.tracking_token) limit 1"),
		"pending_payment 2990 2");
}

/* Nobody but es_orders touches the tables; functions are granted one by one. */
static void who_may_what(void **state)
{
	(void)state;
	assert_int_equal(
		test_sql_int("select count(*) from information_schema.role_table_grants where table_schema = 'orders'"
			     " and grantee not in ('es_orders', 'es_orders_owner') and (table_name, grantee) <> ('saga_state', 'es_bus')"),
		0);
	assert_int_equal(
		test_sql_int("select count(*) from information_schema.role_table_grants where table_schema = 'orders'"
			     " and grantee = 'es_orders' and privilege_type in ('DELETE', 'TRUNCATE')"),
		0);
	assert_string_equal(test_sql_text("select string_agg(routine_name || ':' || grantee, ' ' order by "
					  "routine_name) from information_schema.role_routine_grants"
					  " where routine_schema = 'orders' and grantee <> 'es_orders_owner'"),
		"anonymise:es_orders attach_guest_orders:es_orders export_of:es_auth mail_details:es_notification"
		" payment_page:es_payment");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup(f, each)
		TEST(illegal_changes_are_refused),
		TEST(status_is_derived),
		TEST(what_is_published),
		TEST(who_may_what),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
