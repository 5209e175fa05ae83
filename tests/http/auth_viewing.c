/* Staff view the shop as a customer: what they see, that nothing changes, who can't be viewed, and how it ends. */
#include "testing.h"
#include "http.h"
#include "shop.h"

#include <stdio.h>
#include <string.h>

#include "access.h"
#include "audit_log.h"
#include "factors.h"
#include "passkeys.h"
#include "store_access.h"
#include "store_account.h"
#include "store_attempt.h"
#include "store_factor.h"
#include "store_passkey.h"
#include "store_proof.h"
#include "store_session.h"
#include "store_viewing.h"

#define SUPPORT SHOP_AS(1)
#define CUSTOMER SHOP_AS(2)
#define ANALYST SHOP_AS(4) /* may see accounts, but not view as one */
#define ID(digit) "01900000-0000-7000-8000-00000000000" #digit
#define PAGE(digit) "/admin/customers/" ID(digit)
#define START PAGE(2) "/view"
#define END PAGE(2) "/view/end"
#define NOBODY "00000000-0000-4000-8000-000000000000"

static const struct db_stmt *const *const STATEMENTS[] = {ACCOUNT_STATEMENTS, ADDRESS_STATEMENTS, SESSION_STATEMENTS, PROOF_STATEMENTS,
	ACCESS_STATEMENTS, AUDIT_LOG_STATEMENTS, FACTOR_STATEMENTS, VIEWING_STATEMENTS, NULL};
static const struct db_constraint *const CONSTRAINTS[] = {ACCOUNT_CONSTRAINTS, NULL};

static int clean(void **state)
{
	(void)state;
	test_sql("truncate auth.account, auth.viewing, auth.audit_entry, bus.outbox cascade; delete from auth.role where not is_builtin;"
		 "insert into auth.role (name, title) values ('reader', 'Reader');"
		 "insert into auth.role_permission values ('reader', 'users:read'), ('reader', 'users:write')");
	shop_person(1, "{customer,support}");
	shop_person(2, "{customer}");
	shop_person(3, "{customer,admin}");
	shop_person(4, "{customer,reader}");
	test_sql("insert into auth.address (id, account_id, name, line1, city, postal_code, country) values"
		 " (gen_random_uuid(), '" ID(1) "', 'Own', 'Staff street 1', 'Bonn', '53111', 'DE'),"
		 " (gen_random_uuid(), '" ID(2) "', 'Theirs', 'Customer street 2', 'Bonn', '53111', 'DE')");
	return 0;
}

static int64_t entries(const char *what)
{
	char query[400];

	snprintf(query, sizeof(query), "select count(*) from auth.audit_entry where %s", what);
	return test_sql_int(query);
}

static size_t times(const struct request *rq, const char *words)
{
	size_t n = 0;
	const char *p = rq->res.body.p, *end = rq->res.body.p + rq->res.body.n;

	while (p != NULL && p < end && (p = memmem(p, (size_t)(end - p), words, strlen(words))) != NULL) {
		p += strlen(words);
		n++;
	}
	return n;
}

static struct request *get(const char *path)
{
	return test_http("GET", path, NULL, SUPPORT, "HTTP_ACCEPT", "text/html", NULL);
}

static struct request *post(const char *path)
{
	return test_http("POST", path, "a=1", SUPPORT, "HTTP_ACCEPT", "text/html", NULL);
}

static void start(void)
{
	struct request *rq = post(START);

	assert_status(rq, 303);
	assert_string_equal(test_header(rq, "Location"), "/account");
}

static void assert_own_again(void)
{
	struct request *rq = get("/account");

	assert_status(rq, 200);
	assert_int_equal(times(rq, "Hello, Person 1"), 1);
	assert_int_equal(times(rq, "class=\"viewing\""), 0);
}

/* ------------------------------------------------------------------ what is seen */

static void test_the_way_in(void **state)
{
	struct request *rq = get(PAGE(2));

	(void)state;
	assert_status(rq, 200);
	assert_int_equal(times(rq, "person2@example.com"), 1);
	assert_int_equal(times(rq, "action=\"" START "\""), 1);
	assert_int_equal(times(get(PAGE(3)), "/view\""), 0);
	rq = test_http("GET", PAGE(2), NULL, ANALYST, NULL);
	assert_status(rq, 200);
	assert_int_equal(times(rq, "/view\""), 0);
	assert_status(get("/admin/customers/" NOBODY), 404);
	assert_int_equal(times(get("/admin/customers"), "href=\"" PAGE(2) "\""), 1);
}

static void test_the_customers_pages_are_shown(void **state)
{
	static const char *const PATHS[] = {"/account", "/account/addresses", "/account/security"};

	(void)state;
	start();
	for (size_t i = 0; i < ARRAY_LEN(PATHS); i++) {
		struct request *rq = get(PATHS[i]);
		assert_status(rq, 200);
		assert_int_equal(times(rq, "class=\"viewing\""), 1);
		assert_int_equal(times(rq, "You see what Person 2 (person2@example.com) sees."), 1);
		assert_int_equal(times(rq, "action=\"" END "\""), 1);
		/* One form on it can be sent, and that one leaves. */
		assert_int_equal(times(rq, "name=\"csrf\" value=\"" SHOP_CSRF "\""), 1);
		assert_int_equal(times(rq, SHOP_CSRF), 1);
		assert_int_equal(times(rq, "Staff street"), 0);
		assert_int_equal(times(rq, "href=\"/admin\""), 0);
		assert_string_equal(test_header(rq, "Cache-Control"), "no-store");
		assert_status(test_http("HEAD", PATHS[i], NULL, SUPPORT, NULL), 200);
	}
	assert_int_equal(times(get("/account"), "Hello, Person 2"), 1);
	assert_true(times(get("/account/addresses"), "Customer street 2") > 0);
	assert_int_equal(times(get("/account/security"), "this device"), 0);
	assert_int_equal(times(get("/account/security"), "/account/factors"), 0);
}

static void test_nobody_else_sees_them(void **state)
{
	(void)state;
	start();
	test_sql("insert into auth.session (id, account_id, kind, token_hash, expires_at) values"
		 " (gen_random_uuid(), '" ID(1) "', 'page', encode(sha256('" SHOP_TIMES_43("9") "'), 'hex'), now() + interval '1 day')");
	struct request *rq = test_http("GET", "/account", NULL, SHOP_AS(9), NULL);
	assert_int_equal(times(rq, "Hello, Person 1"), 1);
	rq = test_http("GET", "/account", NULL, CUSTOMER, NULL);
	assert_int_equal(times(rq, "Hello, Person 2"), 1);
	assert_int_equal(times(rq, "class=\"viewing\""), 0);
	assert_status(test_http("POST", "/account", "name=Other", CUSTOMER, NULL), 303);
	assert_int_equal(times(test_http("GET", "/account", NULL, SHOP_AS(3), NULL), "Hello, Person 3"), 1);
}

static void test_back_office_says_so_too(void **state)
{
	(void)state;
	start();
	struct request *rq = get(PAGE(2));
	assert_status(rq, 200);
	assert_int_equal(times(rq, "class=\"viewing\""), 1);
	assert_int_equal(times(rq, "action=\"" START "\""), 0);
	rq = get("/account/factors");
	assert_status(rq, 403);
	assert_int_equal(times(rq, "action=\"" END "\""), 1);
	rq = post("/account");
	assert_status(rq, 403);
	assert_int_equal(times(rq, "action=\"" END "\""), 1);
}

/* ------------------------------------------------------------------ every route */

static const char *path_of(const struct route *r, char *path, size_t n)
{
	size_t used = 0;

	for (const char *p = r->path; *p != '\0' && used + 40 < n; p++) {
		if (*p != '{') {
			path[used++] = *p;
			continue;
		}
		used += (size_t)snprintf(path + used, n - used, "%s", ID(2));
		p = strchr(p, '}');
	}
	path[used] = '\0';
	return path;
}

/* By what its row says, whatever the row is. */
static int expected(const struct route *r)
{
	bool page = (r->flags & ROUTE_PAGE) != 0;

	if (r->access == ACCESS_ANONYMOUS || r->access == ACCESS_INTERNAL || (r->flags & ROUTE_ENDS_VIEWING) != 0)
		return 0;
	if (r->method != METHOD_GET)
		return 403;
	if ((r->flags & ROUTE_VIEWABLE) != 0)
		return 200;
	return r->access == ACCESS_STAFF || (r->access == ACCESS_PUBLIC && !page) ? 0 : 403;
}

static void test_every_route_keeps_to_it(void **state)
{
	const char *before;
	size_t refused = 0, shown = 0;
	char path[300];

	(void)state;
	start();
	before = test_sql_text("select md5(string_agg(a::text, '' order by id)) from auth.account a");
	for (const struct route *r = AUTH_ROUTES; r->path != NULL; r++) {
		const char *body = r->method == METHOD_GET ? NULL : (r->flags & ROUTE_PAGE) != 0 ? "a=1" : "{}";
		int status = expected(r);
		if (status == 0)
			continue;
		struct request *rq = test_http(method_name(r->method), path_of(r, path, sizeof(path)), body, SUPPORT, NULL);
		if (rq->res.status != status)
			fail_msg("%s %s: %d instead of %d", method_name(r->method), r->path, rq->res.status, status);
		refused += status == 403;
		shown += status == 200;
	}
	assert_int_equal(shown, 3);
	assert_true(refused > 80);
	assert_string_equal(before, test_sql_text("select md5(string_agg(a::text, '' order by id)) from auth.account a"));
	assert_int_equal(entries("true"), 1);
}

/* ------------------------------------------------------------------ who can't be viewed */

static void test_only_customers(void **state)
{
	(void)state;
	assert_status(post(PAGE(3) "/view"), 409);
	assert_status(post(PAGE(1) "/view"), 409);
	assert_status(post("/admin/customers/" NOBODY "/view"), 404);
	assert_status(post("/admin/customers/x/view"), 404);
	test_sql("update auth.account set state = 'blocked' where id = '" ID(2) "'");
	assert_status(post(START), 409);
	test_sql("update auth.account set state = 'active', kind = 'service', password_hash = null where id = '" ID(2) "'");
	assert_status(post(START), 409);
	test_sql("update auth.account set kind = 'person', password_hash = 'x' where id = '" ID(2) "'");
	assert_status(test_http("POST", START, "a=1", ANALYST, NULL), 403);
	assert_status(test_http("POST", START, "a=1", CUSTOMER, NULL), 403);
	assert_status(test_http("POST", START, "a=1", NULL), 303); /* to the sign-in */
	assert_status(test_http("POST", START, "a=1", SUPPORT, "HTTP_SEC_FETCH_SITE", "cross-site", NULL), 403);
	assert_int_equal(test_sql_int("select count(*) from auth.viewing"), 0);
	assert_int_equal(entries("action like 'customer.%'"), 0);
	start();
}

/* ------------------------------------------------------------------ beginning and end */

static void test_both_are_recorded(void **state)
{
	(void)state;
	start();
	assert_int_equal(entries("action = 'customer.view_start' and actor_id = '" ID(1) "' and actor_kind = 'session' and object_type = 'account'"
				 " and object_id = '" ID(2) "' and (after->>'until')::timestamptz between now() + interval '14 minutes'"
				 " and now() + interval '15 minutes'"), 1);
	assert_status(post(PAGE(3) "/view/end"), 303); /* viewed is another: nothing ends */
	assert_int_equal(times(get("/account"), "Hello, Person 2"), 1);
	struct request *rq = post(END);
	assert_status(rq, 303);
	assert_string_equal(test_header(rq, "Location"), PAGE(2));
	assert_own_again();
	assert_int_equal(entries("action = 'customer.view_end' and actor_id = '" ID(1) "' and object_id = '" ID(2) "' and after->>'how' = 'left'"), 1);
	assert_status(post(END), 303);
	assert_int_equal(entries("true"), 2);
}

static void test_leaving_needs_the_form(void **state)
{
	(void)state;
	start();
	assert_status(test_http("POST", END, "a=1", "HTTP_COOKIE", "es_session=" SHOP_TIMES_43("1") "; es_csrf=" SHOP_CSRF, NULL), 403);
	assert_int_equal(times(get("/account"), "Hello, Person 2"), 1);
}

static void test_signing_out_ends_it(void **state)
{
	(void)state;
	start();
	assert_status(post("/logout"), 303);
	assert_int_equal(entries("action = 'customer.view_end' and actor_id = '" ID(1) "' and after->>'how' = 'signed_out'"), 1);
	assert_int_equal(test_sql_int("select count(*) from auth.viewing"), 0);
	assert_status(get("/account"), 303);
	assert_string_equal(test_sql_text("select ended_at is null from auth.session where account_id = '" ID(2) "'"), "t");
}

static void test_it_ends_by_itself(void **state)
{
	(void)state;
	start();
	assert_ok(test_ctx(), viewing_end_old(test_ctx()));
	assert_int_equal(test_sql_int("select count(*) from auth.viewing"), 1);
	test_sql("update auth.viewing set expires_at = now()");
	assert_own_again();
	assert_ok(test_ctx(), viewing_end_old(test_ctx()));
	assert_ok(test_ctx(), viewing_end_old(test_ctx()));
	assert_int_equal(entries("action = 'customer.view_end' and actor_kind = 'system' and object_id = '" ID(2) "' and after->>'how' = 'expired'"
				 " and after->>'staff_id' = '" ID(1) "'"), 1);
	assert_int_equal(entries("true"), 2);
	assert_int_equal(test_sql_int("select count(*) from auth.viewing"), 0);
}

/* What somebody may is asked with every request, and so is whether the customer still is one. */
static void test_it_ends_with_its_reasons(void **state)
{
	static const char *const REASONS[][2] = {
		{"update auth.account set roles = '{customer,analyst}' where id = '" ID(1) "'",
			"update auth.account set roles = '{customer,support}' where id = '" ID(1) "'"},
		{"update auth.session set limited = true where account_id = '" ID(1) "'",
			"update auth.session set limited = false where account_id = '" ID(1) "'"},
		{"update auth.account set roles = '{customer,admin}' where id = '" ID(2) "'",
			"update auth.account set roles = '{customer}' where id = '" ID(2) "'"},
		{"update auth.account set state = 'blocked' where id = '" ID(2) "'",
			"update auth.account set state = 'active' where id = '" ID(2) "'"},
	};

	(void)state;
	start();
	for (size_t i = 0; i < ARRAY_LEN(REASONS); i++) {
		test_sql(REASONS[i][0]);
		assert_own_again();
		test_sql(REASONS[i][1]);
		assert_int_equal(times(get("/account"), "Hello, Person 2"), 1);
	}
	test_sql("delete from auth.account where id = '" ID(2) "'");
	assert_own_again();
	test_sql("update auth.session set ended_at = now() where account_id = '" ID(1) "'");
	assert_status(get("/account"), 303);
}

static void test_the_next_one_ends_what_was_left(void **state)
{
	(void)state;
	start();
	test_sql("update auth.account set state = 'blocked' where id = '" ID(2) "';"
		 "update auth.account set roles = '{customer}' where id = '" ID(4) "'");
	assert_status(post(PAGE(4) "/view"), 303);
	assert_int_equal(times(get("/account"), "Hello, Person 4"), 1);
	assert_int_equal(entries("action = 'customer.view_end' and object_id = '" ID(2) "' and after->>'how' = 'replaced'"), 1);
	assert_int_equal(entries("action = 'customer.view_start'"), 2);
}

static void test_others_may_not_ask(void **state)
{
	(void)state;
	assert_string_equal(test_sql_text("select has_function_privilege('es_orders', 'auth.session_viewing(uuid)', 'execute')"), "t");
	assert_string_equal(test_sql_text("select has_table_privilege('es_orders', 'auth.viewing', 'select,insert,update,delete')"), "f");
	assert_string_equal(test_sql_text("select has_table_privilege('es_auth', 'auth.viewing', 'update')"), "f");
	assert_string_equal(test_sql_text("select delegable from auth.permission where name = 'customers:view_as'"), "f");
}

static int open_all(void **state)
{
	test_http_open(AUTH_ROUTES, test_db_open("es_auth", test_statements(STATEMENTS), CONSTRAINTS));
	return clean(state);
}

static int close_all(void **state)
{
	(void)state;
	test_http_close();
	test_db_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_the_way_in, clean),
		cmocka_unit_test_setup(test_the_customers_pages_are_shown, clean),
		cmocka_unit_test_setup(test_nobody_else_sees_them, clean),
		cmocka_unit_test_setup(test_back_office_says_so_too, clean),
		cmocka_unit_test_setup(test_every_route_keeps_to_it, clean),
		cmocka_unit_test_setup(test_only_customers, clean),
		cmocka_unit_test_setup(test_both_are_recorded, clean),
		cmocka_unit_test_setup(test_leaving_needs_the_form, clean),
		cmocka_unit_test_setup(test_signing_out_ends_it, clean),
		cmocka_unit_test_setup(test_it_ends_by_itself, clean),
		cmocka_unit_test_setup(test_it_ends_with_its_reasons, clean),
		cmocka_unit_test_setup(test_the_next_one_ends_what_was_left, clean),
		cmocka_unit_test_setup(test_others_may_not_ask, clean),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
