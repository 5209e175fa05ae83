/* What http.c reads of a request and writes of a response. */
#include "testing.h"
#include "http.h"

#include <string.h>

#include "edges/fcgi.h"

static struct request *fake(const char *name, const char *value)
{
	static struct request rq;
	const char *params[] = {"REQUEST_METHOD", "GET", "REQUEST_URI", "/", name, value, NULL};

	memset(&rq, 0, sizeof(rq));
	ctx_init(&rq.ctx, test_ctx()->arena, NULL);
	fcgi_fake(&rq, params, (struct str){NULL, 0});
	assert_true(rq.broken == OK);
	return &rq;
}

static void test_cookies(void **state)
{
	struct request *rq = fake("HTTP_COOKIE", "a=1; b=\"two\"; c ; es_x=v=w; bad");

	(void)state;
	assert_string_equal(request_cookie(rq, "a"), "1");
	assert_string_equal(request_cookie(rq, "b"), "two");
	assert_string_equal(request_cookie(rq, "es_x"), "v=w");
	assert_null(request_cookie(rq, "x"));
	assert_null(request_cookie(rq, "es"));
}

static void test_setting_cookies(void **state)
{
	struct request *rq = fake("HTTP_X", "1");
	const struct cookie plain = {.name = "es_name", .value = "Mara", .max_age_secs = 60};
	const struct cookie gone = {.name = "es_session", .max_age_secs = -1};

	(void)state;
	response_cookie(rq, &plain);
	rq->https = true;
	response_cookie(rq, &gone);
	assert_int_equal(rq->res.nheaders, 2);
	assert_string_equal(rq->res.headers[0].value, "es_name=Mara; Path=/; SameSite=Lax; Max-Age=60; HttpOnly");
	assert_string_equal(rq->res.headers[1].value, "es_session=; Path=/; SameSite=Lax; Max-Age=0; Secure; HttpOnly");
	assert_string_equal(cookie_name(rq, "es_session"), "__Host-es_session");
}

static void test_accept(void **state)
{
	static const struct {
		const char *accept;
		bool html;
	} CASES[] = {
		{"text/html,application/xhtml+xml,*/*;q=0.8", true},
		{"application/json", false},
		{"*/*", false},
		{"", false},
		{"text/html;q=0.4, application/json;q=0.9", false},
		{"application/json;q=0.4, TEXT/HTML;q=0.5", true},
		{"text/html;q=0", false},
		{";;,,;q=,text/html;q=x", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++)
		assert_int_equal(request_wants_html(fake("HTTP_ACCEPT", CASES[i].accept)), CASES[i].html);
}

static void test_safe_next(void **state)
{
	static const char *const BAD[] = {"//evil.example", "http://evil.example/", "/\\evil.example", "javascript:alert(1)", "",
		"/a\r\nSet-Cookie: x", "account", "/a b", NULL};
	struct request *rq = fake("HTTP_X", "1");

	(void)state;
	assert_string_equal(safe_next(rq, "/account?x=1", "/"), "/account?x=1");
	assert_string_equal(safe_next(rq, NULL, "/"), "/");
	for (size_t i = 0; BAD[i] != NULL; i++)
		assert_string_equal(safe_next(rq, BAD[i], "/"), "/");
	assert_true(respond_see_other(rq, "//evil.example") != OK);
}

static void test_one_value_per_header(void **state)
{
	struct request *rq = fake("HTTP_X", "1");

	(void)state;
	response_header(rq, "ETag", "\"v1\"");
	response_header(rq, "etag", "\"v2\"");
	assert_int_equal(rq->res.nheaders, 1);
	assert_string_equal(rq->res.headers[0].value, "\"v2\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cookies),
		cmocka_unit_test(test_setting_cookies),
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_safe_next),
		cmocka_unit_test(test_one_value_per_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
