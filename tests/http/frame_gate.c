/* The gate over a real database: access, CSRF, bodies, idempotency, transactions, answers. */
#include "testing.h"
#include "http.h"

#include <stdio.h>
#include <string.h>

#include "app/audit.h"
#include "app/auth.h"
#include "app/page.h"
#include "data/bind.h"

#define COOKIE_TOKEN "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define CSRF_TOKEN "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define SESSION "HTTP_COOKIE", "es_session=" COOKIE_TOKEN "; es_csrf=" CSRF_TOKEN
#define WITH_CSRF SESSION, "HTTP_X_CSRF_TOKEN", CSRF_TOKEN

DEFINE_PROBLEM(ERR_TEST_RULE, "sold_out", 409, "Sold out", PROBLEM_RULE);

struct thing_input {
	const char *name;
	int64_t quantity;
	const char *cart_id;
};
static const struct bind_field THING_FIELDS[] = {
	{"name", BIND_LINE, offsetof(struct thing_input, name), .required = true, .min = 1, .max = 10},
	{"quantity", BIND_INT, offsetof(struct thing_input, quantity), .min = 1, .max = 9},
	{"cart_id", BIND_LINE, offsetof(struct thing_input, cart_id), .max = 40},
};
static const struct bind THING = BIND(struct thing_input, THING_FIELDS);
static const struct bind_field SEARCH_FIELDS[] = {
	{"q", BIND_LINE, offsetof(struct thing_input, name), .max = 100},
	{"state", BIND_LINE, offsetof(struct thing_input, cart_id), .max = 40},
};
static const struct bind SEARCH = BIND(struct thing_input, SEARCH_FIELDS);

static const struct db_stmt ADD_THING =
	DB_EXEC("test_add_thing", SQL("insert into platform.test_thing (name) values ($1)"));
struct thing_row {
	int64_t n;
};
static const struct db_column THING_COLUMNS[] = {DB_COLUMN(struct thing_row, n, DB_INT64)};
static const struct db_stmt COUNT_THINGS = DB_ROWS("test_count_things", struct thing_row, THING_COLUMNS,
	SQL("select count(*) as n from platform.test_thing"));
static const struct db_stmt *const THING_STATEMENTS[] = {&ADD_THING, &COUNT_THINGS, NULL};
static const struct db_stmt *const *const STATEMENTS[] = {THING_STATEMENTS, NULL};

static err_t post_thing(struct request *rq)
{
	const struct thing_input *in = rq->input;
	json_t *o = json_new_object(rq->ctx.arena);
	struct uuid id = uuid_v7();

	db_defer(&rq->ctx, &ADD_THING, PARAMS(P_TEXT(in->name)));
	if (strcmp(in->name, "rule") == 0)
		return fail(&rq->ctx, &ERR_TEST_RULE, "nothing of it is left");
	json_set_text(o, "id", id.s);
	response_header(rq, "Location", "/api/v1/things/1");
	return respond_json(rq, 201, o);
}

static err_t put_thing(struct request *rq)
{
	audit_record(rq, &(struct audit_entry){.action = "thing.put", .object_type = "thing", .object_id = path_arg(rq, "id")});
	return post_thing(rq);
}

static err_t get_thing(struct request *rq)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "user", subject_signed_in(rq->subject) ? rq->subject->email : NULL);
	return respond_resource(rq, 200, o, 7);
}

static err_t get_count(struct request *rq)
{
	json_t *o = json_new_object(rq->ctx.arena);
	struct thing_row row;

	TRY(db_one(&rq->ctx, &COUNT_THINGS, NO_PARAMS, &row));
	json_set_int(o, "n", row.n);
	return respond_json(rq, 200, o);
}

static err_t get_nothing(struct request *rq)
{
	return fail(&rq->ctx, &ERR_NOT_FOUND, "refused before anything was asked");
}

static err_t patch_thing(struct request *rq)
{
	TRY(request_if_match(rq, 7));
	return respond_empty(rq, 204);
}

static err_t leave_open(struct request *rq)
{
	(void)rq;
	return fail_bug(&rq->ctx, "a secret detail");
}

static err_t post_form(struct request *rq)
{
	return respond_see_other(rq, "/done");
}

static err_t show_form(struct request *rq)
{
	const char *name = form_value(rq, "name");

	return respond_bytes(rq, 200, "text/html", str_of(name != NULL ? name : "empty"));
}

static err_t get_upload(struct request *rq)
{
	const char *note = params_get(&rq->form, "note"), *file = params_get(&rq->form, "file");

	return respond_bytes(rq, 200, "text/plain",
		str_of(arena_printf(rq->ctx.arena, "%s|%s|%.*s", note, file, (int)rq->body.n, rq->body.p)));
}

static const struct route TABLE[] = {
	{METHOD_GET, "/api/v1/things/{id}", get_thing, ACCESS_PUBLIC, .help = "x"},
	{METHOD_PATCH, "/api/v1/things/{id}", patch_thing, ACCESS_CUSTOMER, .help = "x"},
	{METHOD_POST, "/api/v1/things", post_thing, ACCESS_PUBLIC, .body = &THING, .body_max = 1000, .help = "x"},
	{METHOD_POST, "/api/v1/keyed", post_thing, ACCESS_PUBLIC, .flags = ROUTE_KEY_REQUIRED, .body = &THING, .help = "x"},
	{METHOD_GET, "/api/v1/mine", get_thing, ACCESS_CUSTOMER, .help = "x"},
	{METHOD_GET, "/api/v1/staff", get_thing, ACCESS_STAFF, .permission = "orders:read", .help = "x"},
	{METHOD_POST, "/api/v1/staff/{id}", post_thing, ACCESS_STAFF, .permission = "orders:write", .body = &THING, .help = "x"},
	{METHOD_PUT, "/api/v1/staff/{id}", put_thing, ACCESS_STAFF, .permission = "orders:write", .body = &THING, .help = "x"},
	{METHOD_GET, "/api/v1/unread/{id}", get_count, ACCESS_STAFF, .permission = "orders:read", .help = "x"},
	{METHOD_GET, "/api/v1/read/{id}", get_count, ACCESS_PUBLIC, .reads = "thing", .help = "x"},
	{METHOD_GET, "/api/v1/read", get_count, ACCESS_STAFF, .permission = "orders:read", .reads = "thing", .query = &SEARCH,
		.help = "x"},
	{METHOD_GET, "/api/v1/refused/{id}", get_nothing, ACCESS_STAFF, .permission = "orders:read", .reads = "thing", .help = "x"},
	{METHOD_GET, "/api/v1/bug", leave_open, ACCESS_ANONYMOUS, .help = "x"},
	{METHOD_GET, "/mine", show_form, ACCESS_CUSTOMER, .flags = ROUTE_PAGE, .help = "x"},
	{METHOD_GET, "/cached", show_form, ACCESS_ANONYMOUS, .flags = ROUTE_PAGE | ROUTE_CACHED, .help = "x"},
	{METHOD_POST, "/form", post_form, ACCESS_PUBLIC, .flags = ROUTE_PAGE, .body = &THING, .on_invalid = show_form,
		.help = "x"},
	{METHOD_POST, "/upload", get_upload, ACCESS_PUBLIC, .flags = ROUTE_PAGE | ROUTE_UPLOAD, .help = "x"},
	{0},
};

static int64_t things(void)
{
	return test_sql_int("select count(*) from platform.test_thing");
}

static const char *body_of(const struct request *rq)
{
	return str_dup(rq->ctx.arena, rq->res.body);
}

/* ------------------------------------------------------------------ access */

static void test_access(void **state)
{
	struct request *rq = test_http("GET", "/api/v1/mine", NULL, NULL);

	(void)state;
	assert_status(rq, 401);
	assert_string_equal(test_header(rq, "WWW-Authenticate"), "Bearer realm=\"ecostore\"");
	rq = test_http("GET", "/api/v1/mine", NULL, SESSION, NULL);
	assert_status(rq, 200);
	assert_string_equal(json_text(test_json(rq), "user", ""), "mara@example.com");
	assert_string_equal(test_header(rq, "Cache-Control"), "no-store");
	rq = test_http("GET", "/api/v1/staff", NULL, SESSION, NULL);
	assert_status(rq, 403);
	assert_string_equal(test_code(rq), "forbidden");
	test_sql("update auth.account set roles = '{customer,support}' where email = 'mara@example.com'");
	assert_status(test_http("GET", "/api/v1/staff", NULL, SESSION, NULL), 200);
	test_sql("update auth.account set roles = '{customer}' where email = 'mara@example.com'");
}

static int64_t entries(const char *what)
{
	char query[400];

	snprintf(query, sizeof(query), "select count(*) from auth.audit_entry where %s", what);
	return test_sql_int(query);
}

/* A handler that records nothing is recorded by the gate, one that does is not recorded twice, and what failed not at all. */
static void test_every_change_of_staff_is_recorded(void **state)
{
	(void)state;
	test_sql("update auth.account set roles = '{customer,support}' where email = 'mara@example.com'");
	assert_status(test_http("POST", "/api/v1/staff/7", "{\"name\":\"a\"}", WITH_CSRF, NULL), 201);
	assert_int_equal(entries("true"), 1);
	assert_int_equal(entries("action = 'staff.change' and object_id = 'POST /api/v1/staff/{id}' and after->>'path' = '/api/v1/staff/7'"
				 " and actor_id = (select id from auth.account where email = 'mara@example.com')"), 1);
	assert_status(test_http("PUT", "/api/v1/staff/7", "{\"name\":\"a\"}", WITH_CSRF, NULL), 201);
	assert_int_equal(entries("action = 'thing.put'"), 1);
	assert_int_equal(entries("true"), 2);
	assert_status(test_http("POST", "/api/v1/staff/7", "{\"name\":\"rule\"}", WITH_CSRF, NULL), 409);
	assert_int_equal(entries("true"), 2);
	test_sql("update auth.account set roles = '{customer}' where email = 'mara@example.com'; delete from platform.test_thing");
}

#define READ_ID "0198f1c2-0000-7000-8000-000000000001"

static uint64_t trips_of(const char *path)
{
	uint64_t before = db_stats(test_ctx()->db)->round_trips;

	assert_status(test_http("GET", path, NULL, SESSION, NULL), 200);
	return db_stats(test_ctx()->db)->round_trips - before;
}

/* What staff look at: by its id or by what was looked for, once in a while, and in the round trips of the look itself. */
static void test_what_staff_look_at_is_recorded(void **state)
{
	(void)state;
	test_sql("delete from auth.audit_entry; update auth.account set roles = '{customer,support}' where email = 'mara@example.com'");
	(void)trips_of("/api/v1/unread/" READ_ID);
	uint64_t plain = trips_of("/api/v1/unread/" READ_ID);
	assert_int_equal(entries("true"), 0);
	assert_int_equal(trips_of("/api/v1/read/" READ_ID), plain);
	assert_int_equal(trips_of("/api/v1/read/" READ_ID), plain);
	assert_int_equal(entries("action = 'thing.read' and object_type = 'thing' and object_id = '" READ_ID "' and actor_kind = 'session'"
				 " and actor_id = (select id from auth.account where email = 'mara@example.com')"), 1);
	test_sql("update auth.audit_look set at = now() - interval '11 minutes'");
	assert_int_equal(trips_of("/api/v1/read/" READ_ID), plain);
	assert_int_equal(entries("action = 'thing.read'"), 2);
	assert_status(test_http("GET", "/api/v1/read/none", NULL, SESSION, NULL), 200);
	assert_int_equal(entries("true"), 2);
	assert_status(test_http("GET", "/api/v1/refused/" READ_ID, NULL, SESSION, NULL), 404);
	test_sql("delete from auth.audit_look");
	assert_status(test_http("GET", "/api/v1/refused/" READ_ID, NULL, SESSION, NULL), 404);
	assert_int_equal(entries("action = 'thing.read'"), 3);
	test_sql("delete from auth.audit_entry; update auth.account set roles = '{customer}' where email = 'mara@example.com'");
	assert_status(test_http("GET", "/api/v1/read/" READ_ID, NULL, SESSION, NULL), 200);
	assert_status(test_http("GET", "/api/v1/read/" READ_ID, NULL, NULL), 200);
	assert_int_equal(entries("true"), 0);
}

static void test_a_search_is_recorded_without_its_words(void **state)
{
	(void)state;
	test_sql("update auth.account set roles = '{customer,support}' where email = 'mara@example.com'");
	(void)trips_of("/api/v1/read");
	(void)trips_of("/api/v1/read?q=Jo%40Example.org&state=");
	(void)trips_of("/api/v1/read?q=jo%40example.org&state=open");
	(void)trips_of("/api/v1/read?q=mo%40example.org");
	assert_int_equal(entries("action = 'thing.search'"), 3);
	assert_int_equal(entries("object_type is null and after = '{\"parameters\": []}'"), 1);
	assert_int_equal(entries("object_type = 'search' and object_id = encode(sha256('jo@example.org'), 'hex')"
				 " and after = '{\"parameters\": [\"q\"]}'"), 1);
	assert_int_equal(entries("to_jsonb(audit_entry)::text ilike '%example.org%'"), 0);
	test_sql("delete from auth.audit_entry; update auth.account set roles = '{customer}' where email = 'mara@example.com'");
}

static void test_ended_session_is_a_guest(void **state)
{
	(void)state;
	test_sql("update auth.session set ended_at = now()");
	struct request *rq = test_http("GET", "/api/v1/things/1", NULL, SESSION, NULL);
	assert_status(rq, 200);
	assert_true(json_is_null(json_object_get(test_json(rq), "user")));
	test_sql("update auth.session set ended_at = null");
	test_sql("update auth.account set state = 'blocked'");
	assert_status(test_http("GET", "/api/v1/mine", NULL, SESSION, NULL), 401);
	test_sql("update auth.account set state = 'active'");
}

static void test_bad_bearer_tokens(void **state)
{
	static const char *const BAD[] = {"Bearer ", "Bearer x", "Bearer a.b.c", "Basic YTpi", "Bearer es_live_abc", ""};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
		struct request *rq = test_http("GET", "/api/v1/things/1", NULL, "HTTP_AUTHORIZATION", BAD[i], NULL);
		assert_status(rq, 401);
		assert_non_null(strstr(test_header(rq, "WWW-Authenticate"), "invalid_token"));
	}
}

static void test_page_leads_to_sign_in(void **state)
{
	struct request *rq = test_http("GET", "/mine?a=1", NULL, "HTTP_ACCEPT", "text/html", NULL);

	(void)state;
	if (test_app()->templates == NULL)
		skip();
	assert_status(rq, 303);
	assert_string_equal(test_header(rq, "Location"), "/login?next=%2Fmine%3Fa%3D1");
}

/* ------------------------------------------------------------------ CSRF */

static void test_csrf_of_sessions(void **state)
{
	(void)state;
	assert_status(test_http("PATCH", "/api/v1/things/1", NULL, WITH_CSRF, NULL), 204);
	struct request *rq = test_http("PATCH", "/api/v1/things/1", NULL, SESSION, NULL);
	assert_status(rq, 403);
	assert_string_equal(test_code(rq), "csrf_failed");
	assert_status(test_http("PATCH", "/api/v1/things/1", NULL, SESSION, "HTTP_X_CSRF_TOKEN", "wrong", NULL), 403);
	assert_status(test_http("PATCH", "/api/v1/things/1", NULL, WITH_CSRF, "HTTP_SEC_FETCH_SITE", "cross-site", NULL), 403);
	assert_status(test_http("POST", "/form", "name=a&csrf=" CSRF_TOKEN, SESSION, NULL), 303);
	assert_status(test_http("POST", "/form", "name=a", SESSION, NULL), 403);
}

static void test_csrf_of_guests(void **state)
{
	static const struct {
		const char *header, *value;
		int status;
	} CASES[] = {
		{"HTTP_ACCEPT", "text/html", 303},
		{"HTTP_SEC_FETCH_SITE", "same-origin", 303},
		{"HTTP_SEC_FETCH_SITE", "none", 303},
		{"HTTP_SEC_FETCH_SITE", "cross-site", 403},
		{"HTTP_SEC_FETCH_SITE", "same-site", 403},
		{"HTTP_ORIGIN", "http://localhost:8080", 303},
		{"HTTP_ORIGIN", "http://evil.example", 403},
		{"HTTP_ORIGIN", "http://localhost.evil.example", 403},
		{"HTTP_ORIGIN", "null", 403},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++)
		assert_status(test_http("POST", "/form", "name=a", CASES[i].header, CASES[i].value, NULL), CASES[i].status);
}

/* ------------------------------------------------------------------ bodies, queries, answers */

static void test_forms_bring_a_token(void **state)
{
	struct request *rq = test_http("POST", "/form", "name=a", NULL);

	(void)state;
	assert_int_equal(strlen(test_cookie(rq, "es_csrf")), 43);
	rq = test_http("POST", "/form", "name=a", "HTTP_COOKIE", "es_csrf=" CSRF_TOKEN, NULL);
	assert_null(test_cookie(rq, "es_csrf"));
}

static void test_bodies(void **state)
{
	char big[1100];

	(void)state;
	memset(big, ' ', sizeof(big));
	memcpy(big, "{", 1);
	big[sizeof(big) - 1] = '\0';
	assert_status(test_http("POST", "/api/v1/things", big, NULL), 413);
	assert_status(test_http("POST", "/api/v1/things", "{\"name\":\"a\"}", "CONTENT_TYPE", "text/plain", NULL), 415);
	assert_status(test_http("POST", "/api/v1/things", "{\"name\":\"a\"", NULL), 400);
	struct request *rq = test_http("POST", "/api/v1/things", "{\"quantity\":10,\"colour\":1}", NULL);
	assert_status(rq, 422);
	assert_string_equal(test_header(rq, "X-Request-Id"), json_text(test_json(rq), "request_id", ""));
	assert_int_equal(json_array_size(json_object_get(test_json(rq), "errors")), 3);
	assert_status(test_http("POST", "/api/v1/things", "{\"name\":\"a\"}", "CONTENT_TYPE", "application/json; charset=utf-8",
		NULL), 201);
	rq = test_http("POST", "/api/v1/things", NULL, NULL);
	assert_status(rq, 422);
	assert_status(test_http("GET", "/api/v1/things/1?a=b", NULL, NULL), 400);
}

static void test_forms_come_back(void **state)
{
	struct request *rq = test_http("POST", "/form", "name=much+too+long+a+name&csrf=x", NULL);

	(void)state;
	assert_status(rq, 422);
	assert_string_equal(body_of(rq), "much too long a name");
	assert_status(test_http("POST", "/form?utm_source=x", "name=a&extra=1", NULL), 303);
	assert_status(test_http("POST", "/form", "{\"name\":\"a\"}", NULL), 415);
}

static void test_uploads(void **state)
{
	static const char BODY[] = "--xyz\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n"
				   "--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n"
				   "Content-Type: text/csv\r\n\r\nsku\r\n1--xyz\r\n--xyz--\r\n";
	static const char *const params[] = {"CONTENT_TYPE", "multipart/form-data; boundary=xyz", NULL};
	struct request *rq = test_http_bytes("POST", "/upload", str_of(BODY), params);

	(void)state;
	assert_status(rq, 200);
	assert_string_equal(body_of(rq), "hello|a.csv|sku\r\n1--xyz");
	for (size_t n = 0; n < sizeof(BODY) - 5; n += 7) {
		struct request *cut = test_http_bytes("POST", "/upload", (struct str){.p = BODY, .n = n}, params);
		assert_status(cut, 400);
	}
}

static void test_etags(void **state)
{
	struct request *rq = test_http("GET", "/api/v1/things/1", NULL, NULL);

	(void)state;
	assert_version(rq, 7);
	rq = test_http("GET", "/api/v1/things/1", NULL, "HTTP_IF_NONE_MATCH",
		arena_printf(rq->ctx.arena, "\"v6-a\", W/%s", test_header(rq, "ETag")), NULL);
	assert_status(rq, 304);
	assert_int_equal(rq->res.body.n, 0);
	assert_status(test_http("GET", "/api/v1/things/1", NULL, "HTTP_IF_NONE_MATCH", "\"v7-a\"", NULL), 200);
	assert_status(test_http("PATCH", "/api/v1/things/1", NULL, WITH_CSRF, "HTTP_IF_MATCH", "\"v6-b\", W/\"v7-a\"", NULL), 204);
	assert_status(test_http("PATCH", "/api/v1/things/1", NULL, WITH_CSRF, "HTTP_IF_MATCH", "\"v70-a\"", NULL), 412);
}

static void test_bugs_say_nothing(void **state)
{
	struct request *rq = test_http("GET", "/api/v1/bug", NULL, NULL);

	(void)state;
	assert_status(rq, 500);
	assert_null(strstr(body_of(rq), "secret"));
	assert_string_equal(test_header(rq, "Content-Type") != NULL ? "" : rq->res.content_type, "application/problem+json");
}

static void test_cached_pages_set_no_cookie(void **state)
{
	struct request *rq = test_http("GET", "/cached", NULL, SESSION, NULL);

	(void)state;
	assert_status(rq, 200);
	assert_string_equal(test_header(rq, "Cache-Control"), "max-age=1, stale-while-revalidate=1");
	assert_null(test_header(rq, "Set-Cookie"));
}

static void test_cors(void **state)
{
	(void)state;
	struct request *rq = test_http("GET", "/api/v1/things/1", NULL, "HTTP_ORIGIN", "https://app.example", NULL);
	assert_null(test_header(rq, "Access-Control-Allow-Origin"));
	test_app()->cors_origins = "https://other.example, https://app.example";
	rq = test_http("GET", "/api/v1/things/1", NULL, "HTTP_ORIGIN", "https://app.example", NULL);
	assert_string_equal(test_header(rq, "Access-Control-Allow-Origin"), "https://app.example");
	rq = test_http("OPTIONS", "/api/v1/things/1", NULL, "HTTP_ORIGIN", "https://app.example", NULL);
	assert_status(rq, 204);
	assert_string_equal(test_header(rq, "Access-Control-Allow-Methods"), "GET, HEAD, PATCH");
	assert_status(test_http("OPTIONS", "/api/v1/things/1", NULL, "HTTP_ORIGIN", "https://evil.example", NULL), 405);
	test_app()->cors_origins = NULL;
}

/* ------------------------------------------------------------------ idempotency */

#define KEY(k) WITH_CSRF, "HTTP_IDEMPOTENCY_KEY", k

static void test_replays(void **state)
{
	int64_t before = things();
	struct request *first = test_http("POST", "/api/v1/things", "{\"name\":\"once\"}", KEY("k1"), NULL), *again;

	(void)state;
	assert_status(first, 201);
	assert_null(test_header(first, "Idempotent-Replayed"));
	again = test_http("POST", "/api/v1/things", "{\"name\":\"once\"}", KEY("\"k1\""), NULL);
	assert_status(again, 201);
	assert_string_equal(body_of(again), body_of(first));
	assert_string_equal(test_header(again, "Idempotent-Replayed"), "true");
	assert_string_equal(test_header(again, "Location"), "/api/v1/things/1");
	assert_int_equal(things(), before + 1);
	again = test_http("POST", "/api/v1/things", "{\"name\":\"other\"}", KEY("k1"), NULL);
	assert_status(again, 422);
	assert_string_equal(test_code(again), "idempotency_key_reused");
	assert_int_equal(things(), before + 1);
}

static void test_refusals_are_replayed(void **state)
{
	int64_t before = things();
	struct request *first = test_http("POST", "/api/v1/things", "{\"name\":\"rule\"}", KEY("k2"), NULL), *again;

	(void)state;
	assert_status(first, 409);
	assert_int_equal(things(), before);
	again = test_http("POST", "/api/v1/things", "{\"name\":\"rule\"}", KEY("k2"), NULL);
	assert_status(again, 409);
	assert_string_equal(test_header(again, "Idempotent-Replayed"), "true");
	assert_string_equal(body_of(again), body_of(first));
}

static void test_keys_of_others_are_others(void **state)
{
	int64_t before = things();

	(void)state;
	assert_status(test_http("POST", "/api/v1/things", "{\"name\":\"g\",\"cart_id\":\"c1\"}", "HTTP_IDEMPOTENCY_KEY", "k3",
		NULL), 201);
	assert_status(test_http("POST", "/api/v1/things", "{\"name\":\"g\",\"cart_id\":\"c2\"}", "HTTP_IDEMPOTENCY_KEY", "k3",
		NULL), 201);
	struct request *rq = test_http("POST", "/api/v1/things", "{\"name\":\"g\",\"cart_id\":\"c1\"}",
		"HTTP_IDEMPOTENCY_KEY", "k3", NULL);
	assert_string_equal(test_header(rq, "Idempotent-Replayed"), "true");
	assert_int_equal(things(), before + 2);
	/* a guest who names nothing has no scope */
	assert_status(test_http("POST", "/api/v1/things", "{\"name\":\"g\"}", "HTTP_IDEMPOTENCY_KEY", "k4", NULL), 201);
	assert_status(test_http("POST", "/api/v1/things", "{\"name\":\"h\"}", "HTTP_IDEMPOTENCY_KEY", "k4", NULL), 201);
}

static void test_key_rules(void **state)
{
	(void)state;
	struct request *rq = test_http("POST", "/api/v1/keyed", "{\"name\":\"a\"}", WITH_CSRF, NULL);
	assert_status(rq, 400);
	assert_string_equal(test_code(rq), "idempotency_key_required");
	assert_status(test_http("POST", "/api/v1/keyed", "{\"name\":\"a\"}", KEY("\"\""), NULL), 400);
	assert_status(test_http("POST", "/api/v1/keyed", "{\"name\":\"a\"}", KEY("a b"), NULL), 400);
	assert_status(test_http("POST", "/api/v1/keyed", "{\"name\":\"a\"}", KEY("fine"), NULL), 201);
}

static void test_key_in_use(void **state)
{
	const char *lock = "(hashtextextended('es_cart ' || encode(sha256('01900000-0000-7000-8000-000000000001 POST "
			   "/api/v1/things'), 'hex') || ' k5', 0))";
	char sql[300];

	(void)state;
	snprintf(sql, sizeof(sql), "select pg_advisory_lock%s", lock);
	test_sql(sql);
	struct request *rq = test_http("POST", "/api/v1/things", "{\"name\":\"once\"}", KEY("k5"), NULL);
	assert_status(rq, 409);
	assert_string_equal(test_code(rq), "idempotency_key_in_use");
	assert_string_equal(test_header(rq, "Retry-After"), "1");
	snprintf(sql, sizeof(sql), "select pg_advisory_unlock%s", lock);
	test_sql(sql);
	assert_status(test_http("POST", "/api/v1/things", "{\"name\":\"once\"}", KEY("k5"), NULL), 201);
}

static int start(void **state)
{
	(void)state;
	struct db *db = test_db_open("es_cart", test_statements(STATEMENTS), NULL);
	test_http_open(TABLE, db);
	test_sql("create table platform.test_thing (name text); grant select, insert on platform.test_thing to es_cart;"
		 "insert into auth.account (id, email, email_key, name, password_hash) values "
		 "('01900000-0000-7000-8000-000000000001', 'mara@example.com', 'mara@example.com', 'Mara', 'x');"
		 "insert into auth.session (id, account_id, kind, token_hash, expires_at) values "
		 "('01900000-0000-7000-8000-000000000002', '01900000-0000-7000-8000-000000000001', 'page', "
		 "encode(sha256('" COOKIE_TOKEN "'), 'hex'), now() + interval '1 day')");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_http_close();
	test_db_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_access),
		cmocka_unit_test(test_every_change_of_staff_is_recorded),
		cmocka_unit_test(test_what_staff_look_at_is_recorded),
		cmocka_unit_test(test_a_search_is_recorded_without_its_words),
		cmocka_unit_test(test_ended_session_is_a_guest),
		cmocka_unit_test(test_bad_bearer_tokens),
		cmocka_unit_test(test_page_leads_to_sign_in),
		cmocka_unit_test(test_csrf_of_sessions),
		cmocka_unit_test(test_csrf_of_guests),
		cmocka_unit_test(test_forms_bring_a_token),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_forms_come_back),
		cmocka_unit_test(test_uploads),
		cmocka_unit_test(test_etags),
		cmocka_unit_test(test_bugs_say_nothing),
		cmocka_unit_test(test_cached_pages_set_no_cookie),
		cmocka_unit_test(test_cors),
		cmocka_unit_test(test_replays),
		cmocka_unit_test(test_refusals_are_replayed),
		cmocka_unit_test(test_keys_of_others_are_others),
		cmocka_unit_test(test_key_rules),
		cmocka_unit_test(test_key_in_use),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
