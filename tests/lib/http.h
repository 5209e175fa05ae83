/*
 * http.h - a test sends requests to a route table in its own process: no nginx, no
 * socket, the same gate and renderer as in production. Include it after testing.h.
 *
 *   test_http_open(CART_ROUTES, test_db_open("es_cart", STATEMENTS, CONSTRAINTS));
 *   struct request *rq = test_http("POST", "/api/v1/carts", "{}", "HTTP_IDEMPOTENCY_KEY", "a", NULL);
 *   assert_status(rq, 201);
 *   assert_string_equal(json_text(test_json(rq), "currency", ""), "EUR");
 *
 * An answer lives until the sixteenth request after it.
 */
#ifndef ES_TEST_HTTP_H
#define ES_TEST_HTTP_H

#include "app/app.h"

/* db may be NULL. Templates are read from templates/ of the repository (or ES_TEMPLATES_DIR) when they are there. */
void test_http_open(const struct route *routes, struct db *db);
void test_http_close(void);
/* The app that requests see: tests may change public_url or cors_origins. */
struct app *test_app(void);
/* What the common statements are, and after them a service's: for test_db_open. At most 8 tables of the service. */
const struct db_stmt *const *const *test_statements(const struct db_stmt *const *const *own);

/*
 * path with its query; body NULL: none. Then CGI parameters as name, value pairs, ended by NULL.
 * A body's type is application/json when it begins with { or [, else a form, unless CONTENT_TYPE is given.
 */
struct request *test_http(const char *method, const char *path, const char *body, ...) __attribute__((sentinel));
struct request *test_http_bytes(const char *method, const char *path, struct str body, const char *const *params);

/* A header of the response, or NULL. */
const char *test_header(const struct request *rq, const char *name);
/* The value that the response sets a cookie to, or NULL. */
const char *test_cookie(const struct request *rq, const char *name);
/* The response's body as JSON; fails the test when it is none. */
json_t *test_json(struct request *rq);
/* The member "code" of a problem document. */
const char *test_code(struct request *rq);

/* The response's ETag is one of this version of the resource. */
#define assert_version(rq, expected) test_assert_version((rq), (expected), __FILE__, __LINE__)
void test_assert_version(const struct request *rq, int expected, const char *file, int line);
#define assert_status(rq, expected) test_assert_status((rq), (expected), __FILE__, __LINE__)
void test_assert_status(const struct request *rq, int expected, const char *file, int line);

#endif
