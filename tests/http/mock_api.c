/* The mock provider: its API for merchants, its pages for card holders, its webhooks. */
#include "testing.h"
#include "http.h"
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/clock.h"
#include "edges/webhook.h"
#include "provider.h"
#include "store_provider.h"
#include "web_stub.h"

#define KEY "the-api-key"
#define SECRET "the-webhook-secret"
#define MERCHANT "ES_LISTENER", "internal", "HTTP_AUTHORIZATION", "Bearer " KEY
#define ORDER                                                                                                          \
	"\"amount\":{\"amount\":1299,\"currency\":\"EUR\"},\"reference\":\"E-1\",\"return_url\":\"http://"             \
	"localhost:8080/pay/1\""

static const struct db_stmt *const *const STATEMENTS[] = {PROVIDER_STATEMENTS, JOB_STATEMENTS, NULL};
static const struct db_constraint *const CONSTRAINTS[] = {PROVIDER_CONSTRAINTS, NULL};
static char folder[] = "/tmp/ecostore-provider-XXXXXX";

static void secret_file(const char *variable, const char *name, const char *secret)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fchmod(fileno(f), 0600), 0);
	assert_true(fputs(secret, f) >= 0);
	assert_int_equal(fclose(f), 0);
	setenv(variable, path, 1);
}

static int start(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	secret_file("ES_PROVIDER_KEY_FILE", "key", KEY "\n");
	secret_file("ES_WEBHOOK_SECRET_FILE", "secret", SECRET "\n");
	setenv("ES_WEBHOOK_URL", stub_start(), 1);
	setenv("ES_SILENT_HOLD_MS", "5", 1);
	setenv("ES_SILENT_DECIDE_MS", "0", 1);
	test_http_open(PROVIDER_ROUTES, test_db_open("es_mock_provider", test_statements(STATEMENTS), CONSTRAINTS));
	test_config(test_ctx(), PROVIDER_CONFIG);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_http_close();
	test_db_close();
	stub_stop();
	unlink(getenv("ES_PROVIDER_KEY_FILE"));
	unlink(getenv("ES_WEBHOOK_SECRET_FILE"));
	rmdir(folder);
	return 0;
}

/* Lasts for eight more. */
static const char *kept(const char *text)
{
	static char ring[8][200];
	static size_t n;
	char *p = ring[n++ % 8];

	snprintf(p, sizeof(ring[0]), "%s", text);
	return p;
}

/* Handlers wipe what they were sent: each request has its own bytes. */
static struct request *send(const char *path, const char *key, const char *format, const char *value)
{
	static char bytes[4][1024];
	static size_t n;
	char *body = bytes[n++ % 4];
	const char *const params[] = {MERCHANT, "HTTP_IDEMPOTENCY_KEY", key, NULL};
	struct buf b;

	buf_init(&b, test_ctx()->arena, sizeof(bytes[0]) - 1);
	for (const char *p = format; *p != '\0'; p++) {
		if (*p == '@')
			buf_puts(&b, value);
		else
			buf_putc(&b, *p);
	}
	memcpy(body, b.p, b.len + 1);
	return test_http_bytes("POST", path, str_of(body), params);
}

static struct request *charge(const char *key, const char *number)
{
	return send("/mock-provider/api/v1/charges", key,
		"{" ORDER ",\"card\":{\"number\":\"@\",\"exp_month\":12,\"exp_year\":2030,\"cvc\":\"987\"}}", number);
}

static struct request *look_up(const char *key)
{
	char path[200];

	snprintf(path, sizeof(path), "/mock-provider/api/v1/charges/%s", key);
	return test_http("GET", kept(path), NULL, MERCHANT, NULL);
}

static const char *member(struct request *rq, const char *key)
{
	return json_text(test_json(rq), key, "");
}

static int64_t webhooks(const char *type)
{
	char sql[200];

	snprintf(sql, sizeof(sql),
		"select count(*) from bus.job where queue = 'mock_provider.webhooks' and payload #>> '{event,type}' = "
		"'%s'",
		type);
	return test_sql_int(sql);
}

static bool shows(struct request *rq, const char *part)
{
	return memmem(rq->res.body.p, rq->res.body.n, part, strlen(part)) != NULL;
}

/* ------------------------------------------------------------------ API */

static void merchants_only(void **state)
{
	(void)state;
	assert_status(
		test_http("GET", "/mock-provider/api/v1/charges/x", NULL, "HTTP_AUTHORIZATION", "Bearer " KEY, NULL),
		404);
	assert_status(test_http("GET", "/mock-provider/api/v1/charges/x", NULL, "ES_LISTENER", "internal", NULL), 401);
	assert_status(test_http("GET", "/mock-provider/api/v1/charges/x", NULL, "ES_LISTENER", "internal",
			      "HTTP_AUTHORIZATION", "Bearer no", NULL),
		401);
	assert_status(look_up("x"), 404);
	assert_status(charge("", "4242424242424242"), 400);
	assert_status(charge("k", "4242424242424241"), 422);
}

static void a_key_is_one_charge(void **state)
{
	(void)state;
	struct request *rq = charge("a1", "4242 4242 4242 4242");
	assert_status(rq, 200);
	assert_string_equal(member(rq, "status"), "succeeded");
	const char *id = member(rq, "id");
	assert_string_equal(member(charge("a1", "4242424242424242"), "id"), id);
	assert_string_equal(member(look_up("a1"), "id"), id);
	assert_string_equal(member(look_up("a1"), "key"), "a1");
	assert_int_equal(test_sql_int("select count(*) from mock_provider.charge where idempotency_key = 'a1'"), 1);
	assert_int_equal(webhooks("charge.succeeded"), 1);
	rq = send("/mock-provider/api/v1/charges", "a1",
		"{\"amount\":{\"amount\":1,\"currency\":\"EUR\"},\"reference\":\"E-1\",\"return_url\":\"http://"
		"localhost/\",\"method_token\":\"@\"}",
		"tok_succeeds");
	assert_string_equal(test_code(rq), "idempotency_key_reused");
	assert_string_equal(member(send("/mock-provider/api/v1/charges", "a2", "{" ORDER ",\"method_token\":\"@\"}",
					   "tok_declined"),
				    "failure_code"),
		"declined");
	assert_status(
		send("/mock-provider/api/v1/charges", "a3", "{" ORDER ",\"method_token\":\"@\"}", "tok_nothing"), 422);
}

static void the_silent_card(void **state)
{
	(void)state;
	assert_status(charge("s1", "4000000000005126"), 504);
	assert_string_equal(member(look_up("s1"), "status"), "processing");
	assert_status(charge("s1", "4000000000005126"), 200);
	int64_t before = webhooks("charge.succeeded");
	assert_ok(test_ctx(), PROVIDER_TIMERS[0].run(test_ctx()));
	assert_string_equal(member(look_up("s1"), "status"), "succeeded");
	assert_ok(test_ctx(), PROVIDER_TIMERS[0].run(test_ctx()));
	assert_int_equal(webhooks("charge.succeeded"), before + 1);
}

static void refunds(void **state)
{
	(void)state;
	static const char BODY[] = "{\"amount\":{\"amount\":@,\"currency\":\"EUR\"}}";
	assert_status(charge("r1", "4242424242424242"), 200);
	for (int n = 0; n < 2; n++)
		assert_int_equal(json_int(json_object_get(test_json(send("/mock-provider/api/v1/charges/r1/refunds",
								  "rf1", BODY, "1000")),
						  "refunded"),
					 "amount", 0),
			1000);
	assert_string_equal(
		test_code(send("/mock-provider/api/v1/charges/r1/refunds", "rf2", BODY, "300")), "refund_too_large");
	assert_status(send("/mock-provider/api/v1/charges/r1/refunds", "rf3", BODY, "299"), 200);
	assert_status(charge("r2", "4000000000000002"), 200);
	assert_string_equal(
		test_code(send("/mock-provider/api/v1/charges/r2/refunds", "rf4", BODY, "1")), "charge_not_paid");
	assert_status(send("/mock-provider/api/v1/charges/r9/refunds", "rf5", BODY, "1"), 404);
}

/* ------------------------------------------------------------------ pages */

static const char *open_session(const char *key)
{
	struct request *rq = send("/mock-provider/api/v1/sessions", key, "{" ORDER "@}", "");
	assert_status(rq, 200);
	return strstr(kept(member(rq, "url")), "/mock-provider/");
}

static struct request *pay(const char *path, const char *number, const char *exp)
{
	static char form[4][300];
	static size_t n;
	char *own = form[n++ % 4];

	snprintf(own, sizeof(form[0]), "number=%s&exp=%s&cvc=987&name=Ada+L", number, exp);
	return test_http("POST", path, own, NULL);
}

static void the_card_page(void **state)
{
	(void)state;
	const char *path = open_session("p1");
	assert_string_equal(open_session("p1"), path);
	struct request *rq = test_http("GET", path, NULL, NULL);
	assert_status(rq, 200);
	assert_true(shows(rq, "€12.99"));
	assert_true(shows(rq, "4000 0000 0000 3220"));

	rq = pay(path, "4242424242424241", "13%2F30");
	assert_status(rq, 422);
	assert_true(shows(rq, "This card number is not valid."));
	assert_true(shows(rq, "value=\"Ada L\""));
	assert_true(shows(rq, "value=\"13/30\""));
	assert_false(shows(rq, "4242424242424241"));
	assert_false(shows(rq, "\"987\""));

	rq = pay(path, "4000000000000002", "12%2F30");
	assert_status(rq, 303);
	assert_string_equal(test_header(rq, "Location"), "/pay/1");
	assert_string_equal(member(look_up("p1"), "failure_code"), "declined");
	assert_status(pay(path, "4242424242424242", "12%2F30"), 303); /* a visit is one charge */
	assert_string_equal(member(look_up("p1"), "status"), "failed");
	assert_status(test_http("GET", path, NULL, NULL), 303);
	assert_status(
		test_http("GET", "/mock-provider/sessions/00000000-0000-4000-8000-000000000000", NULL, NULL), 404);
}

static const char *asked(const char *key)
{
	struct request *rq = pay(open_session(key), "4000000000003220", "12%2F30");
	assert_status(rq, 303);
	return kept(test_header(rq, "Location"));
}

static void the_banks_question(void **state)
{
	(void)state;
	const char *path = asked("q1");
	struct request *rq = test_http("GET", path, NULL, NULL);
	assert_status(rq, 200);
	assert_true(shows(rq, "value=\"approve\""));
	assert_true(shows(rq, "Visa •••• 3220"));
	assert_status(test_http("POST", path, "action=maybe", NULL), 422);
	rq = test_http("POST", path, "action=approve", NULL);
	assert_status(rq, 303);
	assert_string_equal(test_header(rq, "Location"), "/pay/1");
	assert_string_equal(member(look_up("q1"), "status"), "succeeded");
	assert_status(test_http("POST", path, "action=fail", NULL), 303); /* too late */
	assert_string_equal(member(look_up("q1"), "status"), "succeeded");
	assert_false(shows(test_http("GET", path, NULL, NULL), "value=\"approve\""));

	path = asked("q2");
	assert_status(test_http("POST", path, "action=fail", NULL), 303);
	assert_string_equal(member(look_up("q2"), "failure_code"), "authentication_failed");
}

/* ------------------------------------------------------------------ webhooks */

static const char *header_of(struct ctx *c, const char *name)
{
	const char *at = strcasestr(stub_head(), name);

	assert_non_null(at);
	at += strlen(name) + 2;
	return arena_strndup(c->arena, at, strcspn(at, "\r"));
}

static void webhooks_are_signed(void **state)
{
	struct ctx *c = test_ctx();
	static const struct work WORK = {.jobs = PROVIDER_JOBS};
	size_t did;

	(void)state;
	test_sql("delete from bus.job");
	assert_status(charge("w1", "4242424242424242"), 200);
	stub_answers(503, "{}", 0);
	assert_ok(c, work_once(c, &WORK, &did));
	assert_int_equal(stub_requests(), 1);
	struct webhook first = {.id = header_of(c, "webhook-id")};
	test_sql("update bus.job set run_at = now()");
	stub_answers(204, "", 0);
	assert_ok(c, work_once(c, &WORK, &did));
	assert_int_equal(stub_requests(), 1);
	struct webhook w = {.id = header_of(c, "webhook-id"),
		.timestamp = header_of(c, "webhook-timestamp"),
		.signature = header_of(c, "webhook-signature"),
		.body = str_of(stub_body())};
	assert_string_equal(w.id, first.id);
	assert_true(webhook_verify(c->arena, SECRET, &w, clock_now_us()));
	assert_non_null(strstr(stub_body(), "\"type\":\"charge.succeeded\""));
	assert_non_null(strstr(stub_body(), "\"key\":\"w1\""));
	assert_int_equal(test_sql_int("select count(*) from bus.job where state = 'done'"), 1);
}

static void no_card_number_is_kept(void **state)
{
	(void)state;
	static const char *const TABLES[] = {"mock_provider.charge", "mock_provider.session", "mock_provider.refund",
		"platform.idempotency", "bus.job"};
	char sql[200];
	for (size_t i = 0; i < ARRAY_LEN(TABLES); i++) {
		snprintf(sql, sizeof(sql),
			"select count(*) from %s t where t::text ~ '(4242|4000) ?(4242|0000) ?(4242|0000)'", TABLES[i]);
		assert_int_equal(test_sql_int(sql), 0);
	}
}

static void statements_are_proven(void **state)
{
	(void)state;
	assert_ok(test_ctx(), db_prove(test_ctx()));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merchants_only),
		cmocka_unit_test(a_key_is_one_charge),
		cmocka_unit_test(the_silent_card),
		cmocka_unit_test(refunds),
		cmocka_unit_test(the_card_page),
		cmocka_unit_test(the_banks_question),
		cmocka_unit_test(webhooks_are_signed),
		cmocka_unit_test(no_card_number_is_kept),
		cmocka_unit_test(statements_are_proven),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
