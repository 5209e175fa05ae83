/* The bus' API and pages: who may look, what they see, what a decision does. */
#include "testing.h"
#include "http.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bus.h"
#include "store_bus.h"

#define ADMIN_TOKEN "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define CUSTOMER_TOKEN "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC"
#define CSRF "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define AS_ADMIN "HTTP_COOKIE", "es_session=" ADMIN_TOKEN "; es_csrf=" CSRF
#define AS_CUSTOMER "HTTP_COOKIE", "es_session=" CUSTOMER_TOKEN "; es_csrf=" CSRF
#define LETTER "01900000-0000-7000-8000-0000000000d1"

static const struct db_stmt *const *const STATEMENTS[] = {BUS_STATEMENTS, NULL};
static char docs_file[] = "/tmp/ecostore-openapi-XXXXXX";

static void add_account(const char *number, const char *roles, const char *token)
{
	char sql[1024];

	snprintf(sql, sizeof(sql),
		"insert into auth.account (id, email, email_key, name, password_hash, roles) values"
		" ('01900000-0000-7000-8000-00000000000%s', 'u%s@example.com', 'u%s@example.com', 'Jo', 'x', '%s');"
		"insert into auth.session (id, account_id, kind, token_hash, expires_at) values"
		" ('01900000-0000-7000-8000-00000000001%s', '01900000-0000-7000-8000-00000000000%s', 'page',"
		" encode(sha256('%s'), 'hex'), now() + interval '1 day')",
		number, number, number, roles, number, number, token);
	test_sql(sql);
}

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
	add_account("1", "{customer,admin}", ADMIN_TOKEN);
	add_account("2", "{customer}", CUSTOMER_TOKEN);
	test_sql("insert into bus.subscription (name, owner, topics) values ('orders.test', 'es_orders', "
		 "'{order.placed}');"
		 "insert into bus.cursor (subscription, shard, pos) select 'orders.test', s, 0 from generate_series(0, "
		 "15) s;"
		 "select platform.register_service('cart-service', '1.0', 'host', 1, '/s', 'web')");
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

static int dead_letter(void **state)
{
	(void)state;
	test_sql("delete from bus.parked; insert into bus.parked (subscription, pos, id, shard, order_key, state, "
		 "attempts, last_error,"
		 " event, settled_at) values ('orders.test', 7, '" LETTER "', 1, 'o', 'dead', 8, '<no>',"
		 " '{\"topic\": \"order.placed\", \"payload\": {\"n\": 1}, \"created_at\": \"2026-03-01T12:00:00Z\"}', "
		 "now())");
	return 0;
}

static void only_staff_looks(void **state)
{
	static const char *const paths[] = {
		"/api/v1/services", "/api/v1/bus/subscriptions", "/api/v1/bus/dead-letters"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		assert_status(test_http("GET", paths[i], NULL, NULL), 401);
		assert_status(test_http("GET", paths[i], NULL, AS_CUSTOMER, NULL), 403);
		assert_status(test_http("GET", paths[i], NULL, AS_ADMIN, NULL), 200);
	}
	assert_status(test_http("GET", "/admin/system", NULL, AS_CUSTOMER, NULL), 403);
	assert_status(test_http("GET", "/api/v1/services?x=1", NULL, AS_ADMIN, NULL), 400);
}

static const json_t *first_of(struct request *rq)
{
	return json_array_get(json_object_get(test_json(rq), "data"), 0);
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
	o = first_of(test_http("GET", "/api/v1/events/topics", NULL, NULL));
	assert_string_equal(json_text(o, "name", ""), "audit.recorded");
	assert_true(json_is_object(json_object_get(o, "schema")));
}

static void dead_letters_come_in_pages(void **state)
{
	struct request *rq;
	const char *cursor;

	(void)state;
	test_sql("insert into bus.parked (subscription, pos, shard, order_key, state, attempts, event, settled_at)"
		 " select 'orders.test', 100 + i, 1, 'k', 'dead', 8, '{\"payload\": {}}', now() - interval '1 hour' "
		 "from generate_series(1, 2) i");
	rq = test_http("GET", "/api/v1/bus/dead-letters?limit=2", NULL, AS_ADMIN, NULL);
	assert_string_equal(json_text(first_of(rq), "id", ""), LETTER);
	cursor = json_text(test_json(rq), "next_cursor", NULL);
	assert_non_null(cursor);
	rq = test_http("GET", arena_printf(rq->ctx.arena, "/api/v1/bus/dead-letters?limit=2&cursor=%s", cursor), NULL,
		AS_ADMIN, NULL);
	assert_int_equal(json_array_size(json_object_get(test_json(rq), "data")), 1);
	assert_null(json_text(test_json(rq), "next_cursor", NULL));
	assert_status(test_http("GET", "/api/v1/bus/dead-letters?cursor=nonsense", NULL, AS_ADMIN, NULL), 400);
}

static void retry_and_skip_decide_once(void **state)
{
	(void)state;
	assert_status(test_http("POST", "/api/v1/bus/dead-letters/" LETTER "/retry", NULL, AS_ADMIN, NULL),
		403); /* no CSRF token */
	assert_status(test_http("POST", "/api/v1/bus/dead-letters/" LETTER "/retry", NULL, AS_ADMIN,
			      "HTTP_X_CSRF_TOKEN", CSRF, NULL),
		204);
	assert_string_equal(test_sql_text("select state || attempts from bus.parked"), "retry0");
	assert_status(test_http("POST", "/api/v1/bus/dead-letters/" LETTER "/skip", NULL, AS_ADMIN, "HTTP_X_CSRF_TOKEN",
			      CSRF, NULL),
		404);
	assert_status(test_http("POST", "/api/v1/bus/dead-letters/none/skip", NULL, AS_ADMIN, "HTTP_X_CSRF_TOKEN", CSRF,
			      NULL),
		404);
}

static void the_page_shows_and_decides(void **state)
{
	struct request *rq = test_http("GET", "/admin/system", NULL, AS_ADMIN, NULL);

	(void)state;
	assert_status(rq, 200);
	assert_non_null(strstr(rq->res.body.p, "orders.test"));
	assert_non_null(strstr(rq->res.body.p, "cart-service"));
	assert_non_null(strstr(rq->res.body.p, "&lt;no&gt;"));
	assert_null(strstr(rq->res.body.p, "<no>"));
	rq = test_http("POST", "/admin/system/dead-letters/" LETTER "/skip", "csrf=" CSRF, AS_ADMIN, NULL);
	assert_status(rq, 303);
	assert_string_equal(test_header(rq, "Location"), "/admin/system");
	assert_string_equal(test_sql_text("select state from bus.parked"), "skipped");
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
		cmocka_unit_test(only_staff_looks),
		cmocka_unit_test_setup(lists_say_what_is, dead_letter),
		cmocka_unit_test_setup(dead_letters_come_in_pages, dead_letter),
		cmocka_unit_test_setup(retry_and_skip_decide_once, dead_letter),
		cmocka_unit_test_setup(the_page_shows_and_decides, dead_letter),
		cmocka_unit_test(the_documentation_is_a_page),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
