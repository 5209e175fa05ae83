/* The bus' API and pages: who may look, and what they see. What they decide is bus_staff.c's. */
#include "bus_common.h"

static const struct db_stmt *const *const STATEMENTS[] = {BUS_STATEMENTS, STAFF_STATEMENTS, NULL};
static char docs_file[] = "/tmp/ecostore-openapi-XXXXXX";

static int start(void **state)
{
	static const char document[] =
		"{\"info\":{\"title\":\"T\",\"version\":\"1\"},\"x-services\":[{\"id\":\"s\",\"name\":\"Bus <b>\"}],"
		"\"paths\":{\"/p/{id}\":{\"get\":{\"operationId\":\"getIt\",\"summary\":\"Get it\",\"x-service\":\"s\","
		"\"parameters\":[{\"$ref\":\"#/components/parameters/id\"}],"
		"\"responses\":{\"200\":{\"description\":\"here\"}}}}},"
		"\"components\":{\"parameters\":{\"id\":{\"name\":\"id\",\"in\":\"path\",\"required\":true,"
		"\"schema\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}}}}}";
	static const struct config_key keys[] = {{"openapi", CONFIG_PATH, docs_file, 0, 0, "x"}};
	int fd = mkstemp(docs_file);
	struct ctx *c;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, document, sizeof(document) - 1), sizeof(document) - 1);
	(void)close(fd);
	test_http_open(BUS_ROUTES, test_db_open("es_bus", test_statements(STATEMENTS), NULL));
	c = test_ctx();
	assert_ok(c, config_load(c, keys, 1));
	add_things();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_http_close();
	test_db_close();
	(void)unlink(docs_file);
	return 0;
}

static void only_staff_looks(void **state)
{
	static const char *const paths[] = {"/api/v1/services", "/api/v1/bus/log", "/api/v1/bus/sagas",
		"/api/v1/bus/subscriptions", "/api/v1/bus/subscriptions/" SUBSCRIPTION, "/api/v1/bus/queues",
		"/api/v1/bus/dead-letters", "/api/v1/bus/dead-letters/" LETTER};
	static const char *const pages[] = {"/admin/system", "/admin/system/subscriptions/" SUBSCRIPTION,
		"/admin/system/dead-letters/" LETTER, "/admin/system/subscriptions/" SUBSCRIPTION "/pause"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		assert_status(test_http("GET", paths[i], NULL, NULL), 401);
		assert_status(test_http("GET", paths[i], NULL, AS_CUSTOMER, NULL), 403);
		assert_status(test_http("GET", paths[i], NULL, AS_ADMIN, NULL), 200);
		assert_status(
			test_http("GET", arena_printf(test_ctx()->arena, "%s?x=1", paths[i]), NULL, AS_ADMIN, NULL),
			400);
	}
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		assert_status(test_http("GET", pages[i], NULL, AS_CUSTOMER, NULL), 403);
		assert_status(test_http("GET", pages[i], NULL, AS_ADMIN, NULL), 200);
	}
}

static const json_t *first_of(struct request *rq)
{
	return json_array_get(json_object_get(test_json(rq), "data"), 0);
}

static const json_t *get(const char *path)
{
	struct request *rq = test_http("GET", path, NULL, AS_ADMIN, NULL);

	assert_status(rq, 200);
	return test_json(rq);
}

static void lists_say_what_is(void **state)
{
	const json_t *o;

	(void)state;
	o = first_of(test_http("GET", "/api/v1/services", NULL, AS_ADMIN, NULL));
	assert_string_equal(json_text(o, "name", ""), "cart-service");
	assert_string_equal(json_text(o, "state", ""), "up");
	o = first_of(test_http("GET", "/api/v1/bus/subscriptions", NULL, AS_ADMIN, NULL));
	assert_string_equal(json_text(o, "state", ""), "parked");
	assert_int_equal(json_int(o, "dead", 0), 1);
	o = first_of(test_http("GET", "/api/v1/bus/queues", NULL, AS_ADMIN, NULL));
	assert_string_equal(json_text(o, "name", ""), QUEUE);
	assert_string_equal(json_text(o, "state", ""), "failing");
	assert_int_equal(json_int(o, "dead", 0), 1);
	assert_int_equal(json_int(get("/api/v1/bus/log"), "dead_letters", 0), 2);
	o = first_of(test_http("GET", "/api/v1/events/topics", NULL, NULL));
	assert_string_equal(json_text(o, "name", ""), "audit.recorded");
	assert_true(json_is_object(json_object_get(o, "schema")));
}

static void lag_is_in_events_and_seconds(void **state)
{
	const json_t *o;

	(void)state;
	test_sql("insert into bus.event (pos, shard, event_id, topic, aggregate_type, aggregate_id, order_key, "
		 "payload, headers,"
		 " created_at) select n, 3, gen_random_uuid(), case when n < 4 then 'order.placed' else 'order.paid' "
		 "end, 'order',"
		 " 'a', 'a', '{}', '{}', now() - interval '90 seconds' from generate_series(1, 5) n");
	o = get("/api/v1/bus/subscriptions/" SUBSCRIPTION);
	assert_int_equal(json_int(o, "lag", 0), 3); /* it does not hear of order.paid */
	assert_in_range((int)json_real_value(json_object_get(o, "lag_seconds")), 89, 120);
	assert_int_equal(json_int(o, "max_attempts", 0), 8);
	assert_int_equal(json_int(get("/api/v1/bus/log"), "head", 0), 5);
}

static void jobs_are_told_apart(void **state)
{
	const json_t *o;

	(void)state;
	test_sql("insert into bus.job (queue, dedup_key, payload, run_at, last_error, lease) values"
		 " ('" QUEUE "', '1', '{}', now() - interval '1 minute', null, null), ('" QUEUE
		 "', '2', '{}', now() + interval '1 hour', null, null),"
		 " ('" QUEUE "', '3', '{}', now() + interval '1 hour', 'no', null), ('" QUEUE
		 "', '4', '{}', now() + interval '1 minute', null, gen_random_uuid()),"
		 " ('a.done', '5', '{}', now(), null, null);"
		 "update bus.job set state = 'done' where queue = 'a.done'");
	o = json_array_get(json_object_get(get("/api/v1/bus/queues"), "data"), 1);
	assert_string_equal(json_text(o, "name", ""), QUEUE);
	assert_int_equal(json_int(o, "due", 0), 1);
	assert_int_equal(json_int(o, "scheduled", 0), 1);
	assert_int_equal(json_int(o, "failing", 0), 1);
	assert_int_equal(json_int(o, "leased", 0), 1);
	assert_int_equal(json_int(o, "dead", 0), 1);
	o = json_array_get(json_object_get(get("/api/v1/bus/queues"), "data"), 0);
	assert_string_equal(json_text(o, "state", ""), "idle");
}

static void a_dead_letter_says_why_and_whence(void **state)
{
	const json_t *o = get("/api/v1/bus/dead-letters/" LETTER);

	(void)state;
	assert_string_equal(json_text(o, "error", ""), "<no>");
	assert_string_equal(json_text(o, "trace_id", ""), TRACE_ID);
	assert_string_equal(json_text(o, "request_id", ""), "request-1");
	assert_int_equal(json_int(o, "position", 0), 7);
	assert_int_equal(json_int(json_object_get(o, "payload"), "n", 0), 1);
	o = get("/api/v1/bus/dead-letters/" JOB);
	assert_string_equal(json_text(o, "kind", ""), "job");
	assert_true(json_is_null(json_object_get(o, "trace_id")));
	assert_status(
		test_http("GET", "/api/v1/bus/dead-letters/01900000-0000-7000-8000-0000000000ff", NULL, AS_ADMIN, NULL),
		404);
	assert_status(test_http("GET", "/api/v1/bus/subscriptions/nothing.here", NULL, AS_ADMIN, NULL), 404);
}

static void dead_letters_come_in_pages(void **state)
{
	struct request *rq;
	const char *cursor;

	(void)state;
	test_sql("insert into bus.parked (subscription, pos, shard, order_key, state, attempts, event, settled_at)"
		 " select '" SUBSCRIPTION
		 "', 100 + i, 1, 'k', 'dead', 8, '{\"payload\": {}}', now() - interval '1 hour' "
		 "from generate_series(1, 2) i");
	rq = test_http("GET", "/api/v1/bus/dead-letters?limit=2", NULL, AS_ADMIN, NULL);
	assert_string_equal(json_text(first_of(rq), "id", ""), LETTER);
	cursor = json_text(test_json(rq), "next_cursor", NULL);
	assert_non_null(cursor);
	rq = test_http("GET", arena_printf(rq->ctx.arena, "/api/v1/bus/dead-letters?limit=2&cursor=%s", cursor), NULL,
		AS_ADMIN, NULL);
	assert_int_equal(json_array_size(json_object_get(test_json(rq), "data")), 2);
	assert_null(json_text(test_json(rq), "next_cursor", NULL));
	assert_status(test_http("GET", "/api/v1/bus/dead-letters?cursor=nonsense", NULL, AS_ADMIN, NULL), 400);
	rq = test_http("GET", "/api/v1/bus/dead-letters?source=" QUEUE, NULL, AS_ADMIN, NULL);
	assert_string_equal(json_text(first_of(rq), "id", ""), JOB);
	assert_int_equal(json_array_size(json_object_get(test_json(rq), "data")), 1);
}

#define assert_shows(rq, part) assert_non_null(strstr((rq)->res.body.p, (part)))

static void the_page_shows_it(void **state)
{
	struct request *rq = test_http("GET", "/admin/system", NULL, AS_ADMIN, NULL);

	(void)state;
	assert_status(rq, 200);
	assert_shows(rq, SUBSCRIPTION);
	assert_shows(rq, QUEUE);
	assert_shows(rq, "cart-service");
	assert_shows(rq, "2 dead letters");
	assert_shows(rq, "&lt;no&gt;");
	assert_null(strstr(rq->res.body.p, "<no>"));
	assert_shows(rq, "/admin/system/dead-letters/" LETTER "/skip");
	rq = test_http("GET", "/admin/system?source=" QUEUE, NULL, AS_ADMIN, NULL);
	assert_null(strstr(rq->res.body.p, LETTER));
	assert_shows(rq, JOB);
}

static void all_is_well_when_it_is(void **state)
{
	struct request *rq;

	(void)state;
	test_sql("delete from bus.parked; delete from bus.job");
	rq = test_http("GET", "/admin/system", NULL, AS_ADMIN, NULL);
	assert_shows(rq, "All is well");
	test_sql("update bus.subscription set paused = true");
	rq = test_http("GET", "/admin/system", NULL, AS_ADMIN, NULL);
	assert_null(strstr(rq->res.body.p, "All is well"));
	assert_shows(rq, "1 subscription is paused");
}

static void one_of_each_has_a_page(void **state)
{
	struct request *rq;

	(void)state;
	test_sql("insert into bus.parked (subscription, pos, shard, order_key, state, attempts, last_error, event) "
		 "values"
		 " ('" SUBSCRIPTION
		 "', 50, 1, 'key-50', 'retry', 3, 'not yet', '{\"topic\": \"order.placed\", \"payload\": {}}'),"
		 " ('" SUBSCRIPTION
		 "', 51, 1, 'key-50', 'blocked', 0, null, '{\"topic\": \"order.placed\", \"payload\": {}}')");
	rq = test_http("GET", "/admin/system/subscriptions/" SUBSCRIPTION, NULL, AS_ADMIN, NULL);
	assert_shows(rq, "key-50");
	assert_shows(rq, "not yet");
	assert_shows(rq, "Waits behind another");
	assert_shows(rq, "&lt;no&gt;");
	rq = test_http("GET", "/admin/system/dead-letters/" LETTER, NULL, AS_ADMIN, NULL);
	assert_shows(rq, TRACE_ID);
	assert_shows(rq, "&quot;n&quot;: 1");
	assert_status(test_http("GET", "/admin/system/subscriptions/nothing.here", NULL, AS_ADMIN, NULL), 404);
	assert_status(test_http("GET", "/admin/system/dead-letters/nonsense", NULL, AS_ADMIN, NULL), 404);
}

/* A saga's step that failed is shown with its order. */
static void stuck_orders_are_shown(void **state)
{
	const json_t *o;
	struct request *rq;

	(void)state;
	test_sql("insert into orders.orders (id, number, tracking_token, cart_id, payment_id, email, customer_key, "
		 "name, currency, subtotal_minor,"
		 " discount_minor, shipping_minor, tax_minor, total_minor, tax_included, item_count, shipping_option, "
		 "shipping_name, country,"
		 " shipping_address, placed_at, expires_at) values ('01900000-0000-7000-8000-0000000000a1', "
		 "'E23456789', gen_random_uuid(),"
		 " gen_random_uuid(), gen_random_uuid(), 'a@example.com', 'k', 'A', 'EUR', 100, 0, 0, 0, 100, true, 1, "
		 "'s', 'S', 'DE', '{}', now(), now());"
		 "insert into orders.line (id, order_id, line_no, sku, name, options, quantity, unit_price_minor, "
		 "discount_minor, total_minor,"
		 " tax_minor, tax_rate_bp) values (gen_random_uuid(), '01900000-0000-7000-8000-0000000000a1', 0, 'S', "
		 "'S', '{}', 1, 100, 0, 100, 0, 0);"
		 "insert into orders.saga_step (order_id, step, state, attempts, last_error) values"
		 " ('01900000-0000-7000-8000-0000000000a1', 'refund_payment', 'pending', 4, 'the provider is <away>')");
	o = json_array_get(json_object_get(get("/api/v1/bus/sagas"), "data"), 0);
	assert_string_equal(json_text(o, "number", ""), "E23456789");
	assert_string_equal(json_text(o, "step", ""), "refund_payment");
	assert_int_equal(json_int(o, "attempts", 0), 4);
	rq = test_http("GET", "/admin/system", NULL, AS_ADMIN, NULL);
	assert_shows(rq, "/admin/orders/01900000-0000-7000-8000-0000000000a1");
	assert_shows(rq, "the provider is &lt;away&gt;");
	assert_shows(rq, "Stuck");
	test_sql("delete from orders.orders");
}

static void the_documentation_is_a_page(void **state)
{
	struct request *rq = test_http("GET", "/api/docs", NULL, NULL);

	(void)state;
	assert_status(rq, 200);
	assert_non_null(strstr(rq->res.body.p, "/p/{id}"));
	assert_non_null(strstr(rq->res.body.p, "array of string"));
	assert_non_null(strstr(rq->res.body.p, "Bus &lt;b&gt;"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(only_staff_looks, dead_letter),
		cmocka_unit_test_setup(lists_say_what_is, dead_letter),
		cmocka_unit_test_setup(lag_is_in_events_and_seconds, dead_letter),
		cmocka_unit_test_setup(jobs_are_told_apart, dead_letter),
		cmocka_unit_test_setup(a_dead_letter_says_why_and_whence, dead_letter),
		cmocka_unit_test_setup(dead_letters_come_in_pages, dead_letter),
		cmocka_unit_test_setup(the_page_shows_it, dead_letter),
		cmocka_unit_test_setup(all_is_well_when_it_is, dead_letter),
		cmocka_unit_test_setup(one_of_each_has_a_page, dead_letter),
		cmocka_unit_test_setup(stuck_orders_are_shown, dead_letter),
		cmocka_unit_test(the_documentation_is_a_page),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
