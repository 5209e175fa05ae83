/*
 * order_race.c - buyers at the same moment, each a process with a connection of its own:
 * the last unit is sold once, a cart becomes one order, a cancellation and the expiry agree.
 */
#include "testing.h"
#include "orders.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "order.h"
#include "store_order.h"

#define BUYERS 24

static const struct db_stmt *const *const STATEMENTS[] = {
	ORDER_STATEMENTS, CHECKOUT_STATEMENTS, CHANGE_STATEMENTS, EVENT_STATEMENTS, NULL};
static const struct db_constraint *const CONSTRAINTS[] = {ORDER_CONSTRAINTS, NULL};

enum outcome { ORDERED = 0, SOLD_OUT, CART_ORDERED, CANCELLED, OTHER, OUTCOMES };

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
	(void)state;
	test_sql("truncate orders.orders cascade; truncate inventory.reservation, bus.outbox");
	orders_stock("MUG", 5);
	test_sql("update inventory.item set reserved = 0");
	return 0;
}

struct buyer {
	struct request rq;
	struct uuid cart;
};

static err_t buy(struct ctx *c, void *arg)
{
	struct buyer *b = arg;
	struct placing p = {.cart_id = b->cart};
	struct order_details placed;

	(void)c;
	return order_place(&b->rq, &p, &placed);
}

static enum outcome outcome_of(err_t e)
{
	if (e == OK)
		return ORDERED;
	if (e == &ERR_OUT_OF_STOCK)
		return SOLD_OUT;
	if (e == &ERR_CART_ORDERED)
		return CART_ORDERED;
	return e == &ERR_ORDER_CANCELLED ? CANCELLED : OTHER;
}

static struct ctx *own_ctx(void)
{
	/* The parent's connections are not ours to use. */
	return test_ctx_of(test_db_again("es_orders", STATEMENTS, CONSTRAINTS));
}

/* A child of its own: connected, then waiting for the gate. */
static void child(int gate, enum outcome (*act)(struct ctx *c, size_t i), size_t i)
{
	struct ctx *c = own_ctx();
	char go;

	if (db_prepare_all(c) != OK || read(gate, &go, 1) != 0)
		_exit(OTHER);
	_exit((int)act(c, i));
}

static int64_t connected(void)
{
	return test_sql_int("select count(*) from pg_stat_activity where usename = 'es_orders' and datname = "
			    "current_database() and state = 'idle'");
}

static void all_at_once(size_t n, enum outcome (*act)(struct ctx *c, size_t i), size_t counts[static OUTCOMES])
{
	int gate[2], status;

	memset(counts, 0, OUTCOMES * sizeof(counts[0]));
	assert_int_equal(pipe(gate), 0);
	for (size_t i = 0; i < n; i++) {
		if (fork() == 0) {
			close(gate[1]);
			child(gate[0], act, i);
		}
	}
	close(gate[0]);
	/* Everybody connects first; closing the gate lets all go. */
	for (int tries = 0; tries < 3000 && connected() < (int64_t)n; tries++)
		usleep(10000);
	close(gate[1]);
	for (size_t i = 0; i < n; i++) {
		assert_true(wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) < OUTCOMES);
		counts[WEXITSTATUS(status)]++;
	}
}

static struct uuid carts[BUYERS];
static struct uuid order_id;

static enum outcome buy_from(struct ctx *c, size_t i)
{
	static const char *const none[] = {NULL};
	static const struct subject anonymous = {.kind = SUBJECT_ANONYMOUS, .roles = none, .permissions = none};
	struct buyer b = {.rq = {.subject = &anonymous}, .cart = carts[i]};

	b.rq.ctx = *c;
	b.rq.ctx.errors_end = &b.rq.ctx.errors;
	return outcome_of(order_store_tx(&b.rq.ctx, buy, &b));
}

static void the_last_unit_is_sold_once(void **state)
{
	size_t counts[OUTCOMES];

	(void)state;
	orders_stock("MUG", 1);
	for (size_t i = 0; i < BUYERS; i++)
		carts[i] = orders_cart("MUG", 1);
	all_at_once(BUYERS, buy_from, counts);
	assert_int_equal(counts[ORDERED], 1);
	assert_int_equal(counts[SOLD_OUT], BUYERS - 1);
	assert_string_equal(orders_stock_text("MUG"), "1/1");
	assert_int_equal(test_sql_int("select count(*) from orders.orders"), 1);
	assert_int_equal(
		test_sql_int("select count(*) from payment.intent where order_id in (select id from orders.orders)"),
		1);
	assert_int_equal(test_sql_int("select count(*) from bus.outbox where topic = 'order.placed'"), 1);
	assert_int_equal(test_sql_int("select count(*) from cart.cart where status = 'ordered' and id in (select "
				      "cart_id from orders.orders)"),
		1);
}

static void one_cart_becomes_one_order(void **state)
{
	size_t counts[OUTCOMES];
	struct uuid cart = orders_cart("MUG", 1);

	(void)state;
	for (size_t i = 0; i < BUYERS; i++)
		carts[i] = cart;
	all_at_once(BUYERS, buy_from, counts);
	assert_int_equal(counts[ORDERED], 1);
	assert_int_equal(counts[CART_ORDERED], BUYERS - 1);
	assert_string_equal(orders_stock_text("MUG"), "5/1");
}

static err_t cancel(struct ctx *c, void *arg)
{
	const struct viewer staff = {.staff = true};
	const struct actor by = {.kind = "customer"};
	struct order_details d;

	(void)arg;
	TRY(order_store_get(c, &order_id, &staff, true, &d));
	return order_cancel(c, &d, &by, "customer");
}

/* Every other one is the timer. */
static enum outcome cancel_or_expire(struct ctx *c, size_t i)
{
	if (i % 2 == 0)
		return outcome_of(order_store_tx(c, cancel, NULL));
	return ORDER_TIMERS[0].run(c) == OK ? CANCELLED : OTHER;
}

static void cancellation_and_expiry_agree(void **state)
{
	size_t counts[OUTCOMES];

	(void)state;
	carts[0] = orders_cart("MUG", 2);
	assert_int_equal(buy_from(test_ctx(), 0), ORDERED);
	assert_true(uuid_parse(str_of(test_sql_text("select id::text from orders.orders")), &order_id));
	test_sql("update orders.saga_step set next_at = now() where step = 'await_payment'");
	all_at_once(10, cancel_or_expire, counts);
	assert_int_equal(counts[OTHER], 0);
	assert_string_equal(orders_stock_text("MUG"), "5/0");
	assert_int_equal(test_sql_int("select count(*) from bus.outbox where topic = 'order.cancelled'"), 1);
	assert_int_equal(test_sql_int("select count(*) from orders.timeline where event = 'order_cancelled'"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup(f, each)
		TEST(the_last_unit_is_sold_once),
		TEST(one_cart_becomes_one_order),
		TEST(cancellation_and_expiry_agree),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
