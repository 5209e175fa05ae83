/* Which row a path finds, and which tables are refused. */
#include "testing.h"
#include "http.h"

#include <string.h>

#include "edges/fcgi.h"

static err_t say_route(struct request *rq)
{
	return respond_bytes(rq, 200, "text/plain", str_of(rq->route->help));
}

static const struct route TABLE[] = {
	{METHOD_GET, "/", say_route, ACCESS_ANONYMOUS, .flags = ROUTE_PAGE, .help = "home"},
	{METHOD_GET, "/c/{path*}", say_route, ACCESS_ANONYMOUS, .help = "category"},
	{METHOD_GET, "/api/v1/carts/mine", say_route, ACCESS_ANONYMOUS, .help = "mine"},
	{METHOD_GET, "/api/v1/carts/{id}", say_route, ACCESS_ANONYMOUS, .help = "one"},
	{METHOD_PATCH, "/api/v1/carts/{id}", say_route, ACCESS_ANONYMOUS, .help = "change"},
	{METHOD_POST, "/api/v1/carts/{id}/lines/{line_id}", say_route, ACCESS_ANONYMOUS, .help = "line"},
	{METHOD_GET, "/internal/x", say_route, ACCESS_INTERNAL, .help = "internal"},
	{0},
};

static void expect(const char *method, const char *path, const char *help)
{
	struct request *rq = test_http(method, path, NULL, NULL);

	assert_status(rq, 200);
	assert_int_equal(rq->res.body.n, strlen(help));
	assert_memory_equal(rq->res.body.p, help, strlen(help));
}

static void test_finds_rows(void **state)
{
	(void)state;
	expect("GET", "/", "home");
	expect("GET", "/?utm=1", "home");
	expect("GET", "/c/kitchen", "category");
	expect("GET", "/c/kitchen/bottles", "category");
	expect("GET", "/api/v1/carts/mine", "mine");
	expect("GET", "/api/v1/carts/abc", "one");
	expect("PATCH", "/api/v1/carts/abc", "change");
	expect("POST", "/api/v1/carts/a/lines/b", "line");
}

static void test_misses(void **state)
{
	static const char *const PATHS[] = {"/c", "/c/", "/api/v1/carts", "/api/v1/carts/", "/api/v1/carts/a/b",
		"/api/v1/carts/a/", "/API/v1/carts/a", "/internal/x", "/x", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(PATHS); i++) {
		struct request *rq = test_http("GET", PATHS[i], NULL, NULL);
		assert_status(rq, 404);
		assert_string_equal(test_code(rq), "not_found");
	}
}

static void test_refuses_odd_paths(void **state)
{
	static const char *const PATHS[] = {"/a//b", "//", "/./a", "/a/..", "/%2e%2e/a", "/a/%00", "/%ff", "/%zz", "/%",
		"/a%0ab", "http://x/", "*"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(PATHS); i++) {
		struct request *rq = test_http("GET", PATHS[i], NULL, NULL);
		assert_status(rq, 400);
	}
}

static void test_arguments_are_decoded(void **state)
{
	struct request *rq = test_http("GET", "/api/v1/carts/a%2Fb%20%C3%B8", NULL, NULL);

	(void)state;
	assert_status(rq, 200);
	assert_string_equal(path_arg(rq, "id"), "a/b ø");
	rq = test_http("GET", "/c/a%20b/c", NULL, NULL);
	assert_string_equal(path_arg(rq, "path"), "a b/c");
}

static void test_wrong_method(void **state)
{
	struct request *rq = test_http("DELETE", "/api/v1/carts/a", NULL, NULL);

	(void)state;
	assert_status(rq, 405);
	assert_string_equal(test_header(rq, "Allow"), "GET, HEAD, PATCH");
	rq = test_http("BREW", "/", NULL, NULL);
	assert_status(rq, 405);
	rq = test_http("OPTIONS", "/", NULL, NULL);
	assert_status(rq, 405);
}

static void test_internal_listener_only(void **state)
{
	(void)state;
	assert_status(test_http("GET", "/internal/x", NULL, NULL), 404);
	assert_status(test_http("POST", "/internal/x", NULL, NULL), 404);
	assert_status(test_http("GET", "/internal/x", NULL, "HTTP_ES_LISTENER", "internal", NULL), 404);
	assert_status(test_http("GET", "/internal/x", NULL, "ES_LISTENER", "internal", NULL), 200);
}

static void test_bad_tables(void **state)
{
	static const struct route NO_ACCESS[] = {{METHOD_GET, "/a", say_route, .help = "x"}, {0}};
	static const struct route STAFF_FOR_ALL[] = {{METHOD_GET, "/a", say_route, ACCESS_STAFF, .help = "x"}, {0}};
	static const struct route PERMISSION_FOR_NOTHING[] = {
		{METHOD_GET, "/a", say_route, ACCESS_PUBLIC, .permission = "orders:read", .help = "x"}, {0}};
	static const struct route FORM_WITHOUT_CSRF[] = {
		{METHOD_POST, "/a", say_route, ACCESS_ANONYMOUS, .flags = ROUTE_PAGE, .help = "x"}, {0}};
	static const struct route CACHED_AND_PERSONAL[] = {
		{METHOD_GET, "/a", say_route, ACCESS_PUBLIC, .flags = ROUTE_PAGE | ROUTE_CACHED, .help = "x"}, {0}};
	static const struct route SHADOWED[] = {
		{METHOD_GET, "/a/{id}", say_route, ACCESS_ANONYMOUS, .help = "x"},
		{METHOD_GET, "/a/mine", say_route, ACCESS_ANONYMOUS, .help = "x"}, {0}};
	static const struct route SHADOWED_BY_REST[] = {
		{METHOD_GET, "/a/{all*}", say_route, ACCESS_ANONYMOUS, .help = "x"},
		{METHOD_GET, "/a/{id}/b", say_route, ACCESS_ANONYMOUS, .help = "x"}, {0}};
	static const struct route TRAILING_SLASH[] = {{METHOD_GET, "/a/", say_route, ACCESS_PUBLIC, .help = "x"}, {0}};
	static const struct route PART_OF_A_SEGMENT[] = {{METHOD_GET, "/a-{id}", say_route, ACCESS_PUBLIC, .help = "x"}, {0}};
	static const struct route KEYED_GET[] = {
		{METHOD_GET, "/a", say_route, ACCESS_PUBLIC, .flags = ROUTE_KEY_REQUIRED, .help = "x"}, {0}};
	static const struct route VIEWABLE_BY_API[] = {{METHOD_GET, "/a", say_route, ACCESS_CUSTOMER, .flags = ROUTE_VIEWABLE, .help = "x"}, {0}};
	static const struct route VIEWABLE_CHANGE[] = {
		{METHOD_POST, "/a", say_route, ACCESS_CUSTOMER, .flags = ROUTE_PAGE | ROUTE_VIEWABLE, .help = "x"}, {0}};
	static const struct route VIEWABLE_CACHED[] = {
		{METHOD_GET, "/a", say_route, ACCESS_ANONYMOUS, .flags = ROUTE_PAGE | ROUTE_CACHED | ROUTE_VIEWABLE, .help = "x"}, {0}};
	static const struct route LEFT_BY_A_LINK[] = {
		{METHOD_GET, "/a", say_route, ACCESS_PUBLIC, .flags = ROUTE_PAGE | ROUTE_ENDS_VIEWING, .help = "x"}, {0}};
	static const struct route READ_BY_A_CHANGE[] = {{METHOD_POST, "/a", say_route, ACCESS_PUBLIC, .reads = "order", .help = "x"}, {0}};
	static const struct route READ_BY_NOBODY[] = {{METHOD_GET, "/a", say_route, ACCESS_ANONYMOUS, .reads = "order", .help = "x"}, {0}};
	static const struct route *const BAD[] = {NO_ACCESS, STAFF_FOR_ALL, PERMISSION_FOR_NOTHING, FORM_WITHOUT_CSRF,
		CACHED_AND_PERSONAL, SHADOWED, SHADOWED_BY_REST, TRAILING_SLASH, PART_OF_A_SEGMENT, KEYED_GET,
		VIEWABLE_BY_API, VIEWABLE_CHANGE, VIEWABLE_CACHED, LEFT_BY_A_LINK,
		READ_BY_A_CHANGE, READ_BY_NOBODY};

	(void)state;
	assert_true(route_table_valid(TABLE));
	for (size_t i = 0; i < ARRAY_LEN(BAD); i++)
		assert_false(route_table_valid(BAD[i]));
}

static int start(void **state)
{
	(void)state;
	test_http_open(TABLE, NULL);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_http_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_rows),
		cmocka_unit_test(test_misses),
		cmocka_unit_test(test_refuses_odd_paths),
		cmocka_unit_test(test_arguments_are_decoded),
		cmocka_unit_test(test_wrong_method),
		cmocka_unit_test(test_internal_listener_only),
		cmocka_unit_test(test_bad_tables),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
