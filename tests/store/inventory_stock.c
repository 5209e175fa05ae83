/*
 * inventory_stock.c - what stock promises in SQL: all or nothing, never more than there
 * is, once however often it is told, and others hear of crossings exactly once.
 */
#include "testing.h"
#include "shop.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inventory.h"
#include "store_stock.h"

#define ORDER(n) "'0199000" #n "-0000-7000-8000-000000000000'::uuid"
#define SHIPMENT(n) "'0199100" #n "-0000-7000-8000-000000000000'::uuid"
#define BUYERS 8
#define TRIES_EACH 25
#define LAST_UNITS 37

static const struct problem OUT_OF_STOCK = {.code = "out_of_stock", .status = 409, .title = "Out of stock", .flags = PROBLEM_RULE};
static const struct db_constraint ORDER_CONSTRAINTS[] = {{"out_of_stock", &OUT_OF_STOCK, NULL, NULL}, {0}};
static const struct db_constraint *const ORDER_TABLES[] = {ORDER_CONSTRAINTS, NULL};
static const struct db_constraint *const STOCK_TABLES[] = {STOCK_CONSTRAINTS, NULL};
static const struct db_stmt *const *const STATEMENTS[] = {STOCK_STATEMENTS, EVENT_STATEMENTS, NULL};

static const struct db_stmt RESERVE =
	DB_EXEC("test_reserve", SQL("select inventory.reserve($1::uuid, $2::text[], $3::bigint[], $4::text[])"));

/* order-service's connection */
static struct db *orders;

static int start(void **state)
{
	(void)state;
	(void)test_db_open("es_inventory", STATEMENTS, STOCK_TABLES);
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
	test_sql("truncate inventory.movement, inventory.reservation, inventory.level, inventory.item;"
		 "delete from inventory.warehouse where code <> 'MAIN'; delete from bus.outbox");
	shop_stock("MUG", 10);
	shop_stock("SOAP", 5);
	test_sql("delete from bus.outbox");
	return 0;
}

static err_t reserve(struct ctx *c, const struct uuid *order, size_t n, const char *const *skus, const int64_t *quantities)
{
	static const char *const fields[] = {"lines/0/quantity", "lines/1/quantity", "lines/2/quantity"};

	return db_exec(c, &RESERVE, PARAMS(P_UUID(order), P_TEXTS(skus, n), P_INTS(quantities, n), P_TEXTS(fields, n)), NULL);
}

#define SKUS(...) ((const char *const[]){__VA_ARGS__})
#define QUANTITIES(...) ((const int64_t[]){__VA_ARGS__})

static const char *stock_of(const char *sku)
{
	char sql[300];

	(void)snprintf(sql, sizeof(sql), "select on_hand || ' ' || reserved || ' ' || shortfall from inventory.item where sku = '%s'", sku);
	return test_sql_text(sql);
}

static const char *told(void)
{
	return test_sql_text("select string_agg(topic || ' ' || (payload ->> 'sku') || ' ' || (payload ->> 'available'), ', ' order by seq)"
			     " from bus.outbox");
}

/* The sum of a SKU's movements and of its shelves is what the item says. */
static void assert_books_balance(void)
{
	assert_int_equal(test_sql_int("select count(*) from inventory.item i where on_hand <>"
				      " coalesce((select sum(on_hand) from inventory.level l where l.sku = i.sku), 0)"
				      " or on_hand <> coalesce((select sum(delta) from inventory.movement m where m.sku = i.sku), 0)"),
		0);
	assert_int_equal(test_sql_int("select count(*) from inventory.item i where reserved <>"
				      " coalesce((select sum(quantity - shipped - released) from inventory.reservation r where r.sku = i.sku), 0)"),
		0);
}

static void reserving_is_all_or_nothing(void **state)
{
	struct ctx *c = test_ctx_of(orders);
	struct uuid order = uuid_v7();

	(void)state;
	assert_err(c, reserve(c, &order, 2, SKUS("MUG", "SOAP"), QUANTITIES(2, 6)), &OUT_OF_STOCK);
	assert_string_equal(c->errors->field, "lines/1/quantity");
	assert_string_equal(stock_of("MUG"), "10 0 0");
	assert_int_equal(test_sql_int("select count(*) from inventory.reservation"), 0);
	ctx_clear_failure(c);
	assert_ok(c, reserve(c, &order, 2, SKUS("MUG", "SOAP"), QUANTITIES(2, 5)));
	assert_string_equal(stock_of("MUG"), "10 2 0");
	assert_string_equal(stock_of("SOAP"), "5 5 0");
	assert_err(c, reserve(c, &(struct uuid){"01990001-0000-7000-8000-000000000001"}, 1, SKUS("NOBODY-KNOWS"), QUANTITIES(1)), &OUT_OF_STOCK);
	assert_books_balance();
}

static void lines_of_one_sku_count_together(void **state)
{
	struct ctx *c = test_ctx_of(orders);
	struct uuid order = uuid_v7();

	(void)state;
	assert_err(c, reserve(c, &order, 3, SKUS("SOAP", "MUG", "SOAP"), QUANTITIES(3, 1, 3)), &OUT_OF_STOCK);
	assert_string_equal(c->errors->field, "lines/0/quantity");
	ctx_clear_failure(c);
	assert_ok(c, reserve(c, &order, 3, SKUS("SOAP", "MUG", "SOAP"), QUANTITIES(2, 1, 3)));
	assert_string_equal(stock_of("SOAP"), "5 5 0");
	assert_int_equal(test_sql_int("select quantity from inventory.reservation where sku = 'SOAP'"), 5);
}

static void backorders_may_be_promised(void **state)
{
	struct ctx *c = test_ctx_of(orders);
	struct uuid order = uuid_v7();

	(void)state;
	test_sql("update inventory.item set backorder_limit = 3 where sku = 'SOAP'");
	assert_ok(c, reserve(c, &order, 1, SKUS("SOAP"), QUANTITIES(8)));
	order = uuid_v7();
	assert_err(c, reserve(c, &order, 1, SKUS("SOAP"), QUANTITIES(1)), &OUT_OF_STOCK);
}

/* A child buys one unit at a time; its exit status says how many it got. */
static pid_t buyer(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	struct db_setup setup = {.conninfo = test_conninfo("es_orders"), .application_name = "buyer", .constraints = ORDER_TABLES};
	struct ctx c;
	int got = 0;

	ctx_init(&c, arena_new(TEST_ARENA_MAX), db_open(&setup));
	for (int i = 0; i < TRIES_EACH; i++) {
		struct uuid order = uuid_v7();
		err_t e = reserve(&c, &order, 2, SKUS("SOAP", "MUG"), QUANTITIES(1, 1));

		if (e != OK && e != &OUT_OF_STOCK)
			_exit(255);
		got += e == OK;
		ctx_clear_failure(&c);
	}
	_exit(got);
}

static void many_buyers_get_what_there_is(void **state)
{
	pid_t pids[BUYERS];
	int status, sold = 0;

	(void)state;
	shop_stock("MUG", LAST_UNITS);
	shop_stock("SOAP", 1000);
	test_sql("delete from bus.outbox");
	for (size_t i = 0; i < BUYERS; i++)
		pids[i] = buyer();
	for (size_t i = 0; i < BUYERS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		assert_int_not_equal(WEXITSTATUS(status), 255);
		sold += WEXITSTATUS(status);
	}
	assert_int_equal(sold, LAST_UNITS);
	assert_string_equal(stock_of("MUG"), "37 37 0");
	assert_string_equal(stock_of("SOAP"), "1000 37 0");
	assert_string_equal(told(), "stock.low MUG 5, stock.depleted MUG 0");
	assert_books_balance();
}

static void releasing_again_is_harmless(void **state)
{
	struct ctx *c = test_ctx_of(orders);

	(void)state;
	assert_ok(c, reserve(c, &(struct uuid){"01990001-0000-7000-8000-000000000000"}, 2, SKUS("MUG", "SOAP"), QUANTITIES(4, 5)));
	for (int i = 0; i < 3; i++)
		test_sql("select inventory.release(" ORDER(1) ")");
	assert_string_equal(stock_of("MUG"), "10 0 0");
	assert_string_equal(told(), "stock.depleted SOAP 0, stock.replenished SOAP 5");
	test_sql("select inventory.release(" ORDER(2) ")");
	assert_books_balance();
}

static void two_warehouses(void)
{
	test_sql("insert into inventory.warehouse (code, name, country, priority) values ('NORTH', 'North', 'SE', 20);"
		 "select inventory.move('MUG', (select id from inventory.warehouse where code = 'NORTH'), 4, 'found', null, 'test');"
		 "delete from bus.outbox");
}

static const char *shelves_of_mug(void)
{
	return test_sql_text("select string_agg(w.code || ' ' || l.on_hand, ', ' order by w.priority) from inventory.level l"
			     " join inventory.warehouse w on w.id = l.warehouse_id where l.sku = 'MUG'");
}

static json_t *parcel(struct ctx *c, const char *sku, int64_t quantity)
{
	json_t *list = json_new_array(c->arena), *line = json_new_object(c->arena);

	json_set_text(line, "sku", sku);
	json_set_int(line, "quantity", quantity);
	json_add(list, line);
	return list;
}

static void shipping_empties_shelves_once(void **state)
{
	struct ctx *c = test_ctx();
	struct ctx *o = test_ctx_of(orders);
	const char *order = "01990001-0000-7000-8000-000000000000";

	(void)state;
	two_warehouses();
	assert_ok(o, reserve(o, &(struct uuid){"01990001-0000-7000-8000-000000000000"}, 1, SKUS("MUG"), QUANTITIES(14)));
	assert_string_equal(told(), "stock.depleted MUG 0");
	for (int i = 0; i < 3; i++)
		assert_ok(c, stock_store_ship(c, order, "01991001-0000-7000-8000-000000000000", parcel(c, "MUG", 12)));
	assert_string_equal(stock_of("MUG"), "2 2 0");
	assert_string_equal(shelves_of_mug(), "MAIN 0, NORTH 2");
	assert_books_balance();
	assert_string_equal(test_sql_text("select string_agg(delta || ' ' || on_hand_after, ', ' order by id) from inventory.movement"
					  " where reference like 'shipment:%'"),
		"-10 4, -2 2");
	/* Nothing came back and went again. */
	assert_string_equal(told(), "stock.depleted MUG 0");
	assert_ok(c, stock_store_ship(c, order, "01991002-0000-7000-8000-000000000000", parcel(c, "MUG", 2)));
	assert_string_equal(stock_of("MUG"), "0 0 0");
	test_sql("select inventory.release(" ORDER(1) ")");
	assert_string_equal(stock_of("MUG"), "0 0 0");
}

static void what_was_not_promised_is_not_shipped(void **state)
{
	struct ctx *c = test_ctx();
	struct ctx *o = test_ctx_of(orders);

	(void)state;
	assert_err(c, stock_store_ship(c, "01990009-0000-7000-8000-000000000000", "01991009-0000-7000-8000-000000000000", parcel(c, "MUG", 1)),
		&ERR_INTERNAL);
	assert_ok(o, reserve(o, &(struct uuid){"01990001-0000-7000-8000-000000000000"}, 1, SKUS("MUG"), QUANTITIES(2)));
	assert_err(c, stock_store_ship(c, "01990001-0000-7000-8000-000000000000", "01991001-0000-7000-8000-000000000000", parcel(c, "MUG", 3)),
		&ERR_INTERNAL);
	assert_string_equal(stock_of("MUG"), "10 2 0");
}

static void a_count_below_what_is_promised(void **state)
{
	struct ctx *c = test_ctx();
	struct ctx *o = test_ctx_of(orders);
	struct uuid order = {"01990001-0000-7000-8000-000000000000"}, other = uuid_v7();

	(void)state;
	assert_ok(o, reserve(o, &order, 1, SKUS("MUG"), QUANTITIES(8)));
	shop_stock("MUG", 5);
	assert_string_equal(stock_of("MUG"), "5 8 3");
	assert_err(o, reserve(o, &other, 1, SKUS("MUG"), QUANTITIES(1)), &OUT_OF_STOCK);
	/* A parcel with what there is: the missing stays missing. */
	assert_ok(c, stock_store_ship(c, order.s, "01991001-0000-7000-8000-000000000000", parcel(c, "MUG", 4)));
	assert_string_equal(stock_of("MUG"), "1 4 3");
	shop_stock("MUG", 3);
	assert_string_equal(stock_of("MUG"), "3 4 1");
	test_sql("select inventory.release(" ORDER(1) ")");
	assert_string_equal(stock_of("MUG"), "3 0 0");
	assert_books_balance();
}

/* Staff hold in their hands what the count had missed. */
static void shipping_more_than_was_counted(void **state)
{
	struct ctx *c = test_ctx(), *o = test_ctx_of(orders);
	struct uuid order = uuid_v7(), other = uuid_v7();

	(void)state;
	assert_ok(o, reserve(o, &order, 1, SKUS("MUG"), QUANTITIES(6)));
	assert_ok(o, reserve(o, &other, 1, SKUS("MUG"), QUANTITIES(3)));
	test_sql("select inventory.count_stock('{MUG}', '{2}', 'counted')");
	assert_string_equal(stock_of("MUG"), "2 9 7");
	assert_ok(c, stock_store_ship(c, order.s, "01991011-0000-7000-8000-000000000001", parcel(c, "MUG", 6)));
	assert_string_equal(stock_of("MUG"), "0 3 3");
	assert_int_equal(test_sql_int("select delta from inventory.movement where reason = 'shipped, so it was there'"), 4);
	assert_ok(c, stock_store_ship(c, order.s, "01991011-0000-7000-8000-000000000001", parcel(c, "MUG", 6)));
	assert_string_equal(stock_of("MUG"), "0 3 3");
	assert_books_balance();
}

static void counting(void **state)
{
	(void)state;
	two_warehouses();
	test_sql("select inventory.count_stock(array['MUG', 'NEW', 'MUG', 'ONLY'], array[20, 3, 9, null]::bigint[], 'import')");
	assert_string_equal(stock_of("MUG"), "9 0 0");
	assert_string_equal(shelves_of_mug(), "MAIN 5, NORTH 4");
	assert_string_equal(stock_of("NEW"), "3 0 0");
	assert_string_equal(stock_of("ONLY"), "0 0 0");
	/* Less than the other warehouses hold. */
	shop_stock("MUG", 2);
	assert_string_equal(shelves_of_mug(), "MAIN 0, NORTH 2");
	shop_stock("MUG", 2);
	assert_int_equal(test_sql_int("select count(*) from inventory.movement where sku = 'MUG' and reason = 'test'"), 3);
	assert_books_balance();
}

static void crossings_are_told_once(void **state)
{
	struct ctx *c = test_ctx();
	const struct adjustment less = {.warehouse = "MAIN", .delta = -1, .reason = "damaged"};
	const struct adjustment more = {.warehouse = "MAIN", .delta = 20, .reason = "found"};

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_ok(c, stock_store_adjust(c, "MUG", &less, "test"));
	assert_string_equal(told(), "stock.low MUG 5, stock.depleted MUG 0");
	assert_ok(c, stock_store_adjust(c, "MUG", &more, "test"));
	assert_ok(c, stock_store_adjust(c, "MUG", &more, "test"));
	assert_string_equal(told(), "stock.low MUG 5, stock.depleted MUG 0, stock.replenished MUG 20");
	assert_books_balance();
}

static void adjustments_that_are_refused(void **state)
{
	struct ctx *c = test_ctx();
	struct ctx *o = test_ctx_of(orders);
	struct uuid order = uuid_v7();
	struct adjustment a = {.warehouse = "MAIN", .delta = -11, .reason = "lost"};

	(void)state;
	assert_err(c, stock_store_adjust(c, "MUG", &a, "test"), &ERR_STOCK_NEGATIVE);
	ctx_clear_failure(c);
	assert_ok(o, reserve(o, &order, 1, SKUS("MUG"), QUANTITIES(8)));
	a.delta = -3;
	assert_err(c, stock_store_adjust(c, "MUG", &a, "test"), &ERR_STOCK_PROMISED);
	assert_string_equal(c->errors->field, "delta");
	ctx_clear_failure(c);
	assert_err(c, stock_store_adjust(c, "NOBODY-KNOWS", &a, "test"), &ERR_SKU_UNKNOWN);
	ctx_clear_failure(c);
	a.warehouse = "MOON";
	assert_err(c, stock_store_adjust(c, "MUG", &a, "test"), &ERR_INVALID);
	ctx_clear_failure(c);
	two_warehouses();
	a = (struct adjustment){.warehouse = "NORTH", .delta = -5, .reason = "lost"};
	assert_err(c, stock_store_adjust(c, "MUG", &a, "test"), &ERR_STOCK_NEGATIVE);
	assert_books_balance();
}

static void the_event_of_a_shipment(void **state)
{
	static const struct work work = {.consumers = INVENTORY_CONSUMERS};
	struct ctx *c = test_ctx();
	struct ctx *o = test_ctx_of(orders);
	size_t did;

	(void)state;
	assert_ok(o, reserve(o, &(struct uuid){"01990001-0000-7000-8000-000000000000"}, 1, SKUS("MUG"), QUANTITIES(2)));
	assert_ok(c, work_once(c, &work, &did));
	test_sql("set role es_orders; select bus.emit('shipment.created', 'shipment', '01991001-0000-7000-8000-000000000000',"
		 " '01990001-0000-7000-8000-000000000000', '{\"order_id\": \"01990001-0000-7000-8000-000000000000\", \"number\": \"E1\","
		 " \"shipment_id\": \"01991001-0000-7000-8000-000000000000\", \"carrier\": \"DHL\","
		 " \"lines\": [{\"sku\": \"MUG\", \"quantity\": 2}]}'); reset role; select bus.sequence_batch()");
	assert_ok(c, work_once(c, &work, &did));
	assert_int_equal(did, 1);
	assert_string_equal(stock_of("MUG"), "8 0 0");
	assert_ok(c, work_once(c, &work, &did));
	assert_int_equal(did, 0);
}

static void others_reach_only_what_is_published(void **state)
{
	static const struct db_stmt PEEK = DB_EXEC("test_peek", SQL("select on_hand from inventory.item"));
	static const struct db_stmt WRITE = DB_EXEC("test_write", SQL("update inventory.item set reserved = 0"));
	struct ctx *o = test_ctx_of(orders), *c = test_ctx();

	(void)state;
	assert_err(o, db_exec(o, &PEEK, NO_PARAMS, NULL), &ERR_INTERNAL);
	assert_err(c, db_exec(c, &WRITE, NO_PARAMS, NULL), &ERR_INTERNAL);
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
		TEST(reserving_is_all_or_nothing),
		TEST(lines_of_one_sku_count_together),
		TEST(backorders_may_be_promised),
		TEST(many_buyers_get_what_there_is),
		TEST(releasing_again_is_harmless),
		TEST(shipping_empties_shelves_once),
		TEST(what_was_not_promised_is_not_shipped),
		TEST(a_count_below_what_is_promised),
		TEST(shipping_more_than_was_counted),
		TEST(counting),
		TEST(crossings_are_told_once),
		TEST(adjustments_that_are_refused),
		TEST(the_event_of_a_shipment),
		TEST(others_reach_only_what_is_published),
		TEST(statements_are_proven),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
