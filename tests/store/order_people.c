/* order_people.c - whose orders they are: attached by a proven mailbox alone, and anonymised when their person leaves. */
#include "testing.h"
#include "orders.h"

#include <stdio.h>
#include <string.h>

#include "order.h"
#include "people.h"
#include "store_order.h"
#include "store_people.h"

#define USER "01900000-0000-7000-8000-0000000000b1"

static const struct db_stmt *const *const STATEMENTS[] = {
	ORDER_STATEMENTS, CHECKOUT_STATEMENTS, CHANGE_STATEMENTS, PEOPLE_STATEMENTS, EVENT_STATEMENTS, WORK_STATEMENTS, NULL};
static const struct db_constraint *const CONSTRAINTS[] = {ORDER_CONSTRAINTS, NULL};
static const struct work WORK = {.consumers = ORDER_CONSUMERS};

static err_t buy(struct ctx *c, void *arg)
{
	static const char *const none[] = {NULL};
	static const struct subject anonymous = {.kind = SUBJECT_ANONYMOUS, .roles = none, .permissions = none};
	struct request rq = {.ctx = *c, .subject = &anonymous};
	struct placing p = {.cart_id = orders_cart("MUG", 1)};
	struct order_details d;

	(void)arg;
	rq.ctx.errors_end = &rq.ctx.errors;
	return order_place(&rq, &p, &d);
}

/* A guest's order with this address; answers its id. */
static const char *order_of(const char *email)
{
	static char id[37], sql[300];
	struct ctx *c = test_ctx();

	assert_ok(c, order_store_tx(c, buy, NULL));
	snprintf(id, sizeof(id), "%s", test_sql_text("select id from orders.orders order by id desc limit 1"));
	snprintf(sql, sizeof(sql), "update orders.orders set email = '%s', name = 'Mara Lind', note = 'ring twice' where id = '%s'", email, id);
	test_sql(sql);
	return id;
}

static void tell(const char *topic)
{
	char sql[300];
	size_t did;

	snprintf(sql, sizeof(sql),
		"select bus.emit('%s', 'user', '" USER "', '" USER "', '{\"user_id\": \"" USER "\"}'); select bus.sequence_batch()", topic);
	test_sql(sql);
	do
		assert_ok(test_ctx(), work_once(test_ctx(), &WORK, &did));
	while (did > 0);
}

static int64_t owned(void)
{
	return test_sql_int("select count(*) from orders.orders where user_id = '" USER "'");
}

static void only_a_proven_mailbox_attaches(void **state)
{
	(void)state;
	order_of("Mara@Example.com");
	order_of("mara@example.com.evil.example");
	order_of("xmara@example.com");
	order_of("ｍara@example.com"); /* folds to the same, and is another mailbox */
	/* the event alone proves nothing: the account says whether */
	tell("user.email_verified");
	assert_int_equal(owned(), 0);
	test_sql("update auth.account set verified_at = now(), state = 'blocked'");
	tell("user.email_verified");
	assert_int_equal(owned(), 0);
	test_sql("update auth.account set state = 'active'");
	tell("user.email_verified");
	assert_int_equal(owned(), 1);
	/* what is somebody's stays theirs */
	test_sql("update orders.orders set user_id = gen_random_uuid() where user_id is not null");
	tell("user.email_verified");
	assert_int_equal(owned(), 0);
}

static void an_export_names_no_keys(void **state)
{
	const char *text;

	(void)state;
	order_of("mara@example.com");
	test_sql("update auth.account set verified_at = now()");
	tell("user.email_verified");
	text = test_sql_text("select orders.export_of('" USER "')::text");
	assert_non_null(strstr(text, "ring twice"));
	assert_non_null(strstr(text, "mara@example.com"));
	assert_null(strstr(text, "tracking_token"));
	assert_null(strstr(text, "payment_id"));
	assert_string_equal(test_sql_text("select orders.export_of(gen_random_uuid())::text"), "[]");
}

static void who_leaves_is_forgotten_as_orders_are_finished(void **state)
{
	(void)state;
	order_of("mara@example.com");
	order_of("mara@example.com");
	order_of("other@example.com");
	test_sql("update auth.account set verified_at = now()");
	tell("user.email_verified");
	test_sql("update orders.orders set cancelled_at = now(), payment_status = 'cancelled'"
		 " where id = (select min(id::text)::uuid from orders.orders)");
	tell("user.erased");
	assert_int_equal(owned(), 1); /* on its way */
	assert_int_equal(test_sql_int("select count(*) from orders.orders where email = '' and name = '' and note is null"
				      " and shipping_address ->> 'line1' = '' and shipping_address ->> 'country' = 'DE' and total_minor > 0"), 1);
	assert_int_equal(test_sql_int("select count(*) from bus.outbox where topic = 'order.anonymised'"), 1);
	assert_int_equal(test_sql_int("select count(*) from orders.orders where email = 'other@example.com'"), 1);
	test_sql("update orders.orders set payment_status = 'cancelled', cancelled_at = now() where cancelled_at is null;"
		 "update orders.erasure set requested_at = now() - interval '2 days'");
	assert_ok(test_ctx(), anonymise_orders(test_ctx()));
	assert_int_equal(owned(), 0);
	assert_int_equal(test_sql_int("select count(*) from orders.erasure"), 0);
	assert_int_equal(test_sql_int("select count(*) from orders.orders where email = ''"), 2);
	/* a second time there is nothing to do, and a person who was erased gets nothing back */
	tell("user.erased");
	tell("user.email_verified");
	assert_int_equal(owned(), 0);
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
	(void)state;
	test_sql("truncate orders.orders cascade; truncate inventory.reservation; delete from orders.erasure; delete from bus.outbox;"
		 "delete from auth.account; insert into auth.account (id, email, email_key, name, password_hash) values"
		 " ('" USER "', 'mara@example.com', 'mara@example.com', 'Mara Lind', 'x')");
	orders_stock("MUG", 50);
	test_sql("update inventory.item set reserved = 0");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(only_a_proven_mailbox_attaches, each),
		cmocka_unit_test_setup(an_export_names_no_keys, each),
		cmocka_unit_test_setup(who_leaves_is_forgotten_as_orders_are_finished, each),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
