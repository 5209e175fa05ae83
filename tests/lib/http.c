/*
 * http.c - see http.h.
 */
#include "testing.h"
#include "http.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/audit.h"
#include "app/frame.h"
#include "edges/fcgi.h"

#define ANSWERS_KEPT 16
#define PARAMS_MAX 64

static struct {
	const struct route *routes;
	struct db *db;
	struct app app;
	struct arena *lasting, *arenas[ANSWERS_KEPT];
	struct request *requests[ANSWERS_KEPT];
	size_t next;
} http;

static const struct tmpl_set *load_templates(void)
{
	const char *dir = getenv("ES_TEMPLATES_DIR");
	struct tmpl_set *set = NULL;
	struct ctx c;

	dir = dir != NULL ? dir : "templates";
	if (access(dir, R_OK) != 0)
		return NULL;
	ctx_init(&c, http.lasting, NULL);
	if (tmpl_load(&c, dir, &set) != OK)
		fail_msg("templates: %s", c.detail);
	return set;
}

void test_http_open(const struct route *routes, struct db *db)
{
	http.routes = routes;
	http.db = db;
	http.lasting = arena_new(TEST_ARENA_MAX);
	http.app = (struct app){
		.templates = load_templates(),
		.public_url = "http://localhost:8080",
		.shop_name = "EcoStore",
		.currency = "EUR",
		.country = "DE",
		.support_email = "support@ecostore.example",
		.assets = json_new_object(http.lasting),
	};
	app_set(&http.app);
	assert_true(route_table_valid(routes));
}

void test_http_close(void)
{
	for (size_t i = 0; i < ANSWERS_KEPT; i++) {
		if (http.arenas[i] != NULL)
			arena_free(http.arenas[i]);
		free(http.requests[i]);
	}
	if (http.app.templates != NULL)
		tmpl_free((struct tmpl_set *)(uintptr_t)http.app.templates);
	if (http.lasting != NULL)
		arena_free(http.lasting);
	memset(&http, 0, sizeof(http));
}

struct app *test_app(void)
{
	return &http.app;
}

const struct db_stmt *const *const *test_statements(const struct db_stmt *const *const *own)
{
	static const struct db_stmt *const *lists[16];
	size_t n = 0;

	for (; own != NULL && *own != NULL && n < 8; own++)
		lists[n++] = *own;
	lists[n++] = AUTH_STATEMENTS;
	lists[n++] = IDEM_STATEMENTS;
	lists[n++] = PAGE_STATEMENTS;
	lists[n++] = EVENT_STATEMENTS;
	lists[n++] = AUDIT_STATEMENTS;
	lists[n] = NULL;
	return lists;
}

static struct request *fresh_request(void)
{
	size_t i = http.next++ % ANSWERS_KEPT;

	if (http.arenas[i] != NULL)
		arena_free(http.arenas[i]);
	http.arenas[i] = arena_new(TEST_ARENA_MAX);
	free(http.requests[i]);
	http.requests[i] = calloc(1, sizeof(struct request));
	assert_non_null(http.requests[i]);
	ctx_init(&http.requests[i]->ctx, http.arenas[i], http.db);
	http.requests[i]->app = &http.app;
	return http.requests[i];
}

/* The first of two equal parameters counts: what the test says comes before what we assume. */
struct request *test_http_bytes(const char *method, const char *path, struct str body, const char *const *params)
{
	struct request *rq = fresh_request();
	const char *all[PARAMS_MAX * 2 + 16], *query = strchr(path, '?');
	bool json = body.n > 0 && (body.p[0] == '{' || body.p[0] == '[');
	size_t n = 0;

	for (; params != NULL && params[0] != NULL && n < (size_t)PARAMS_MAX * 2; params += 2) {
		all[n++] = params[0];
		all[n++] = params[1];
	}
	const char *assumed[] = {"REQUEST_METHOD", method, "REQUEST_URI", path, "QUERY_STRING",
		query != NULL ? query + 1 : "", "REMOTE_ADDR", "192.0.2.7", "HTTP_HOST", "localhost"};
	for (size_t i = 0; i < ARRAY_LEN(assumed); i++)
		all[n++] = assumed[i];
	if (body.n > 0) {
		all[n++] = "CONTENT_TYPE";
		all[n++] = json ? "application/json" : "application/x-www-form-urlencoded";
	}
	all[n] = NULL;
	fcgi_fake(rq, all, body);
	route_serve(rq, http.routes);
	if (http.db != NULL)
		assert_true(db_idle(http.db));
	return rq;
}

struct request *test_http(const char *method, const char *path, const char *body, ...)
{
	const char *params[PARAMS_MAX * 2 + 2] = {NULL}, *name;
	size_t n = 0;
	va_list ap;

	va_start(ap, body);
	while ((name = va_arg(ap, const char *)) != NULL && n < (size_t)PARAMS_MAX * 2) {
		params[n++] = name;
		params[n++] = va_arg(ap, const char *);
	}
	va_end(ap);
	return test_http_bytes(method, path, str_of(body), params);
}

const char *test_header(const struct request *rq, const char *name)
{
	for (size_t i = 0; i < rq->res.nheaders; i++) {
		if (strcasecmp(rq->res.headers[i].name, name) == 0)
			return rq->res.headers[i].value;
	}
	return NULL;
}

const char *test_cookie(const struct request *rq, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < rq->res.nheaders; i++) {
		struct str rest = str_of(rq->res.headers[i].value), key, text;
		if (strcmp(rq->res.headers[i].name, "Set-Cookie") != 0 || !str_next(&rest, '=', &key) || !str_eq(key, name))
			continue;
		if (str_next(&rest, ';', &text))
			value = str_dup(rq->ctx.arena, text);
	}
	return value;
}

json_t *test_json(struct request *rq)
{
	json_t *value = NULL;
	struct ctx c;

	ctx_init(&c, rq->ctx.arena, NULL);
	if (json_parse(&c, rq->res.body, &value) != OK)
		fail_msg("the body is not JSON: %.*s", (int)rq->res.body.n, rq->res.body.p);
	return value;
}

const char *test_code(struct request *rq)
{
	return json_text(test_json(rq), "code", "");
}

void test_assert_version(const struct request *rq, int expected, const char *file, int line)
{
	const char *etag = test_header(rq, "ETag");
	char beginning[32];

	(void)snprintf(beginning, sizeof(beginning), "\"v%d-", expected);
	if (etag != NULL && strncmp(etag, beginning, strlen(beginning)) == 0)
		return;
	print_error("ETag %s instead of %s…\"\n", etag != NULL ? etag : "missing", beginning);
	_fail(file, line);
}

void test_assert_status(const struct request *rq, int expected, const char *file, int line)
{
	if (rq->res.status == expected)
		return;
	print_error("status %d, expected %d: %.*s\n", rq->res.status, expected,
		(int)(rq->res.body.n < 600 ? rq->res.body.n : 600), rq->res.body.p);
	_fail(file, line);
}
