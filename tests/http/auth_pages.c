/* Signing in and out on pages: forms, cookies, CSRF, what templates make of it. */
#include "testing.h"
#include "http.h"
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "store_account.h"
#include "store_attempt.h"
#include "store_proof.h"
#include "store_session.h"

#define PASSWORD "correct horse battery"
#define FORM_PASSWORD "correct+horse+battery"

static const struct db_stmt *const *const STATEMENTS[] = {ACCOUNT_STATEMENTS, ADDRESS_STATEMENTS, SESSION_STATEMENTS,
	ATTEMPT_STATEMENTS, PROOF_STATEMENTS, NULL};
static const struct db_constraint *const CONSTRAINTS[] = {ACCOUNT_CONSTRAINTS, NULL};

/* The browser: its Cookie header and its CSRF token. */
static char cookies[400], csrf[80];

static bool contains(const struct request *rq, const char *text)
{
	return memmem(rq->res.body.p, rq->res.body.n, text, strlen(text)) != NULL;
}

static void keep_cookies(const struct request *rq)
{
	const char *session = test_cookie(rq, "es_session"), *token = test_cookie(rq, "es_csrf");

	assert_non_null(session);
	assert_non_null(token);
	snprintf(csrf, sizeof(csrf), "%s", token);
	snprintf(cookies, sizeof(cookies), "es_session=%s; es_csrf=%s", session, token);
}

static struct request *get(const char *path)
{
	return test_http("GET", path, NULL, "HTTP_COOKIE", cookies, "HTTP_ACCEPT", "text/html", NULL);
}

static struct request *post(const char *path, const char *form)
{
	char body[1000];

	snprintf(body, sizeof(body), "csrf=%s&%s", csrf, form);
	return test_http("POST", path, body, "HTTP_COOKIE", cookies, "HTTP_ACCEPT", "text/html", NULL);
}

static void expect_redirect(const struct request *rq, const char *location)
{
	assert_status(rq, 303);
	assert_string_equal(test_header(rq, "Location"), location);
}

static void test_register(void **state)
{
	struct request *rq = test_http("GET", "/register?next=/checkout", NULL, NULL);

	(void)state;
	assert_status(rq, 200);
	assert_true(contains(rq, "value=\"/checkout\""));
	assert_non_null(test_cookie(rq, "es_csrf"));
	rq = test_http("POST", "/register", "email=mara&password=short&name=Mara+%3Cb%3E", NULL);
	assert_status(rq, 422);
	assert_true(contains(rq, "value=\"Mara &lt;b&gt;\""));
	assert_true(contains(rq, "href=\"#email\""));
	assert_true(contains(rq, "href=\"#password\""));
	assert_false(contains(rq, "value=\"short\""));
	rq = test_http("POST", "/register", "email=mara@example.com&password=" FORM_PASSWORD "&name=Mara+Lind&next=/checkout", NULL);
	expect_redirect(rq, "/checkout");
	keep_cookies(rq);
	assert_string_equal(test_cookie(rq, "es_name"), "Mara Lind");
	rq = test_http("POST", "/register", "email=Mara@example.com&password=" FORM_PASSWORD "&name=Mara", NULL);
	assert_status(rq, 409);
	assert_true(contains(rq, "already has an account"));
}

static void test_login(void **state)
{
	struct request *rq = test_http("POST", "/login", "email=mara@example.com&password=wrong", NULL);

	(void)state;
	assert_status(rq, 401);
	assert_true(contains(rq, "E-mail address and password do not match."));
	assert_true(contains(rq, "value=\"mara@example.com\""));
	rq = test_http("POST", "/login", "email=mara@example.com&password=" FORM_PASSWORD "&next=//evil.example", NULL);
	expect_redirect(rq, "/account");
	keep_cookies(rq);
	assert_status(test_http("POST", "/login", "email=mara@example.com&password=" FORM_PASSWORD, "HTTP_SEC_FETCH_SITE",
		"cross-site", NULL), 403);
	rq = test_http("POST", "/login", "", NULL);
	assert_status(rq, 422);
}

static void test_account(void **state)
{
	struct request *rq = test_http("GET", "/account", NULL, NULL);

	(void)state;
	expect_redirect(rq, "/login?next=%2Faccount");
	rq = get("/account");
	assert_status(rq, 200);
	assert_true(contains(rq, "Hello, Mara Lind"));
	assert_true(contains(rq, "value=\"Mara Lind\""));
	assert_true(contains(rq, "Customer since "));
	expect_redirect(post("/account", "name=Mara+L."), "/account");
	rq = get("/account");
	assert_true(contains(rq, "Hello, Mara L."));
	rq = post("/account", "name=");
	assert_status(rq, 422);
	assert_status(test_http("POST", "/account", "name=x", "HTTP_COOKIE", cookies, NULL), 403);
}

static void test_addresses(void **state)
{
	struct request *rq = get("/account/addresses");
	char path[200];
	const char *id;

	(void)state;
	assert_status(rq, 200);
	assert_true(contains(rq, "Add an address"));
	rq = post("/account/addresses", "name=Mara&line1=Birkenweg+4&city=&postal_code=10999&country=DE");
	assert_status(rq, 422);
	assert_true(contains(rq, "value=\"Birkenweg 4\""));
	assert_true(contains(rq, "href=\"#city\""));
	expect_redirect(post("/account/addresses", "name=Mara&line1=Birkenweg+4&city=Berlin&postal_code=10999&country=DE"),
		"/account/addresses");
	id = test_sql_text("select id from auth.address");
	snprintf(path, sizeof(path), "/account/addresses?edit=%s", id);
	rq = get(path);
	assert_true(contains(rq, "Change the address"));
	assert_true(contains(rq, "Germany"));
	snprintf(path, sizeof(path), "/account/addresses/%s", id);
	expect_redirect(post(path, "name=Mara&line1=Hafen+7&city=Hamburg&postal_code=20359&country=DE"), "/account/addresses");
	assert_true(contains(get("/account/addresses"), "Hafen 7"));
	snprintf(path, sizeof(path), "/account/addresses/%s/default", test_sql_text("select id from auth.address"));
	expect_redirect(post(path, ""), "/account/addresses");
	snprintf(path, sizeof(path), "/account/addresses/%s/delete", test_sql_text("select id from auth.address"));
	expect_redirect(post(path, ""), "/account/addresses");
	assert_status(post(path, ""), 404);
}

static void test_security(void **state)
{
	struct request *rq = get("/account/security");
	char path[200];

	(void)state;
	assert_status(rq, 200);
	assert_true(contains(rq, "this device"));
	assert_false(contains(rq, "/account/security/totp"));
	snprintf(path, sizeof(path), "/account/security/sessions/%s/revoke",
		test_sql_text("select id from auth.session where ended_at is null order by created_at limit 1"));
	rq = post(path, "");
	expect_redirect(rq, "/account/security");
	rq = post("/account/security/password", "current_password=wrong+wrong&new_password=another+long+one");
	assert_status(rq, 422);
	assert_true(contains(rq, "href=\"#current_password\""));
	expect_redirect(post("/account/security/password", "current_password=" FORM_PASSWORD "&new_password=another+long+one"),
		"/account/security");
	expect_redirect(post("/account/security/sessions/revoke-others", ""), "/account/security");
	assert_int_equal(test_sql_int("select count(*) from auth.session where ended_at is null"), 1);
}

static void test_customers(void **state)
{
	char path[200];

	(void)state;
	assert_status(get("/admin/customers"), 403);
	test_sql("update auth.account set roles = '{customer,admin}' where email_key = 'mara@example.com'");
	assert_status(test_http("POST", "/register", "email=jonas@example.com&password=" FORM_PASSWORD "&name=Jonas+Weber", NULL), 303);
	struct request *rq = get("/admin/customers?q=jonas&utm_source=x");
	assert_status(rq, 200);
	assert_true(contains(rq, "Jonas Weber"));
	assert_false(contains(rq, "data-label=\"E-mail address\">mara@example.com"));
	const char *id = test_sql_text("select id from auth.account where email_key = 'jonas@example.com'");
	snprintf(path, sizeof(path), "/admin/customers?edit=%s", id);
	assert_true(contains(get(path), "name=\"blocked\""));
	snprintf(path, sizeof(path), "/admin/customers/%s", id);
	expect_redirect(post(path, "roles=support&roles=analyst"), "/admin/customers");
	assert_string_equal(test_sql_text("select roles::text from auth.account where email_key = 'jonas@example.com'"),
		"{customer,support,analyst}");
	expect_redirect(post(path, "blocked=1"), "/admin/customers");
	assert_string_equal(test_sql_text("select roles::text || state from auth.account where email_key = 'jonas@example.com'"),
		"{customer}blocked");
	rq = post(path, "roles=pirate");
	assert_status(rq, 422);
	assert_true(contains(rq, "There is no such role."));
}

static void test_flash_is_shown_once(void **state)
{
	struct request *rq = post("/account", "name=Mara");
	char jar[600];

	(void)state;
	snprintf(jar, sizeof(jar), "%s; es_flash=%s", cookies, test_cookie(rq, "es_flash"));
	rq = test_http("GET", "/account", NULL, "HTTP_COOKIE", jar, NULL);
	assert_true(contains(rq, "Saved."));
	assert_string_equal(test_cookie(rq, "es_flash"), "");
	snprintf(jar, sizeof(jar), "%s; es_flash=info.%%3Cscript%%3E", cookies);
	rq = test_http("GET", "/account", NULL, "HTTP_COOKIE", jar, NULL);
	assert_true(contains(rq, "&lt;script&gt;"));
}

static void test_logout(void **state)
{
	struct request *rq = test_http("POST", "/logout", "a=1", "HTTP_COOKIE", cookies, NULL);

	(void)state;
	assert_status(rq, 403);
	rq = post("/logout", "");
	expect_redirect(rq, "/");
	assert_string_equal(test_cookie(rq, "es_session"), "");
	assert_string_equal(test_cookie(rq, "es_name"), "");
	expect_redirect(get("/account"), "/login?next=%2Faccount");
}

static void load_config(void)
{
	test_auth_settings();
	test_config(test_ctx(), AUTH_CONFIG);
}

static int start(void **state)
{
	(void)state;
	struct db *db = test_db_open("es_auth", test_statements(STATEMENTS), CONSTRAINTS);
	load_config();
	test_http_open(AUTH_ROUTES, db);
	assert_non_null(test_app()->templates);
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
		cmocka_unit_test(test_register),
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_account),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_security),
		cmocka_unit_test(test_customers),
		cmocka_unit_test(test_flash_is_shown_once),
		cmocka_unit_test(test_logout),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
