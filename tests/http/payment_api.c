/* The payment API, its pages and webhooks, against a provider that answers whatever the test says. */
#include "testing.h"
#include "http.h"
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/idem.h"
#include "data/clock.h"
#include "edges/webhook.h"
#include "payment.h"
#include "store_payment.h"
#include "web_stub.h"

#define PATIENT_MS "10000"
#define PROVIDER_KEY "the-api-key"
#define WEBHOOK_SECRET "the-webhook-secret"
#define STAFF_TOKEN "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define CUSTOMER_TOKEN "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC"
#define AS(token) "HTTP_COOKIE", "es_session=" token
#define NUMBER "4242424242424242"
#define CARD                                                                                                           \
	"{\"card\":{\"number\":\"" NUMBER "\",\"exp_month\":12,\"exp_year\":2030,\"cvc\":\"987\",\"name\":\"Ada\"}}"
#define CHARGE(status, more)                                                                                           \
	"{\"id\":\"ch_1\",\"status\":\"" status "\",\"amount\":{\"amount\":1299,\"currency\":\"EUR\"},"                \
	"\"card\":{\"brand\":\"Visa\",\"last4\":\"4242\",\"exp_month\":12,\"exp_year\":2030}" more "}"
#define PAID CHARGE("succeeded", "")

static const struct db_stmt *const *const STATEMENTS[] = {PAYMENT_STATEMENTS, NULL};
static const struct db_constraint *const CONSTRAINTS[] = {PAYMENT_CONSTRAINTS, NULL};
static char folder[] = "/tmp/ecostore-payment-XXXXXX";

static const char *secret_file(const char *name, const char *secret)
{
	static char path[4][128];
	static size_t n;
	char *p = path[n++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", folder, name);
	FILE *f = fopen(p, "w");
	assert_non_null(f);
	assert_int_equal(fchmod(fileno(f), 0600), 0);
	assert_true(fputs(secret, f) >= 0);
	assert_int_equal(fclose(f), 0);
	return p;
}

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
	(void)state;
	assert_non_null(mkdtemp(folder));
	setenv("ES_PROVIDER_URL", stub_start(), 1);
	setenv("ES_PROVIDER_TIMEOUT_MS", PATIENT_MS, 1);
	setenv("ES_PROVIDER_KEY_FILE", secret_file("key", PROVIDER_KEY "\n"), 1);
	setenv("ES_WEBHOOK_SECRET_FILE", secret_file("secret", WEBHOOK_SECRET "\n"), 1);
	test_http_open(PAYMENT_ROUTES, test_db_open("es_payment", test_statements(STATEMENTS), CONSTRAINTS));
	test_config(test_ctx(), PAYMENT_CONFIG);
	idem_hide_bodies(PROVIDER_KEY);
	add_account("1", "{customer,admin}", STAFF_TOKEN);
	add_account("2", "{customer}", CUSTOMER_TOKEN);
	return 0;
}

static int stop(void **state)
{
	char path[160];

	(void)state;
	test_http_close();
	test_db_close();
	stub_stop();
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, i == 0 ? "key" : "secret");
		unlink(path);
	}
	rmdir(folder);
	return 0;
}

/* ------------------------------------------------------------------ helpers */

static char payment_id[37], order_id[37];

static const char *kept(const char *before, const char *after)
{
	static char path[4][128];
	static size_t n;
	char *p = path[n++ % 4];

	snprintf(p, sizeof(path[0]), "%s%s%s", before, payment_id, after);
	return p;
}

static const char *api_path(const char *below)
{
	return kept("/api/v1/payments/", below);
}

static const char *page_path(void)
{
	return kept("/pay/", "");
}

static void open_payment(void)
{
	struct uuid id = uuid_v4(), order = uuid_v7();
	char sql[300];

	memcpy(payment_id, id.s, sizeof(payment_id));
	memcpy(order_id, order.s, sizeof(order_id));
	snprintf(
		sql, sizeof(sql), "select payment.open_intent('%s', '%s', 'E-%.8s', 1299, 'EUR')", id.s, order.s, id.s);
	test_sql(sql);
}

/* The body is wiped by the handler: each request has its own. */
static struct request *confirm(const char *key, const char *body)
{
	static char bytes[4][1024];
	static size_t n;
	char *own = bytes[n++ % 4];
	const char *const params[] = {"HTTP_IDEMPOTENCY_KEY", key, NULL};

	snprintf(own, sizeof(bytes[0]), "%s", body);
	return test_http_bytes("POST", api_path("/confirm"), str_of(own), key != NULL ? params : NULL);
}

static const char *member(struct request *rq, const char *key)
{
	return json_text(test_json(rq), key, "");
}

static const char *status_now(void)
{
	return member(test_http("GET", api_path(""), NULL, NULL), "status");
}

static const char *attempt_id(void)
{
	char sql[200];

	snprintf(sql, sizeof(sql),
		"select id from payment.attempt where payment_id = '%s' order by created_at desc limit 1", payment_id);
	return test_sql_text(sql);
}

/* ------------------------------------------------------------------ the API */

static void get_a_payment(void **state)
{
	(void)state;
	open_payment();
	struct request *rq = test_http("GET", api_path(""), NULL, NULL);
	assert_status(rq, 200);
	assert_string_equal(member(rq, "id"), payment_id);
	assert_string_equal(member(rq, "status"), "requires_payment");
	assert_int_equal(json_int(json_object_get(test_json(rq), "amount"), "amount", 0), 1299);
	assert_null(json_object_get(test_json(rq), "card"));
	assert_string_equal(test_header(rq, "Cache-Control"), "no-store");
	assert_status(test_http("GET", api_path(""), NULL, "HTTP_IF_NONE_MATCH", test_header(rq, "ETag"), NULL), 304);
	assert_status(test_http("GET", "/api/v1/payments/00000000-0000-4000-8000-000000000000", NULL, NULL), 404);
	assert_status(test_http("GET", "/api/v1/payments/x", NULL, NULL), 404);
}

static void pay_with_a_card(void **state)
{
	(void)state;
	open_payment();
	stub_answers(200, PAID, 0);
	struct request *rq = confirm("k1", CARD);
	assert_status(rq, 200);
	assert_string_equal(member(rq, "status"), "succeeded");
	assert_string_equal(json_text(json_object_get(test_json(rq), "card"), "last4", ""), "4242");
	assert_non_null(strstr(stub_head(), "POST /api/v1/charges HTTP/1.1"));
	assert_non_null(strstr(stub_head(), "Authorization: Bearer " PROVIDER_KEY "\r\n"));
	assert_non_null(strstr(stub_head(), attempt_id()));
	assert_non_null(strstr(stub_body(), "\"number\":\"" NUMBER "\""));
	assert_non_null(strstr(stub_body(), "\"amount\":{\"amount\":1299,\"currency\":\"EUR\"}"));

	stub_answers(200, PAID, 0);
	struct request *again = confirm("k1", CARD);
	assert_status(again, 200);
	assert_string_equal(test_header(again, "Idempotent-Replayed"), "true");
	assert_int_equal(again->res.body.n, rq->res.body.n);
	assert_memory_equal(again->res.body.p, rq->res.body.p, rq->res.body.n);
	assert_int_equal(stub_requests(), 0);
	assert_string_equal(test_code(confirm("k1", "{\"method_token\":\"t\"}")), "idempotency_key_reused");
	rq = confirm("k2", CARD);
	assert_status(rq, 409);
	assert_string_equal(test_code(rq), "payment_already_paid");
	assert_int_equal(stub_requests(), 0);
}

static void a_decline_is_an_answer(void **state)
{
	(void)state;
	open_payment();
	stub_answers(200, CHARGE("failed", ",\"failure_code\":\"insufficient_funds\""), 0);
	struct request *rq = confirm("k1", CARD);
	assert_status(rq, 200);
	assert_string_equal(member(rq, "status"), "failed");
	assert_string_equal(member(rq, "failure_code"), "insufficient_funds");
	stub_answers(200, PAID, 0);
	rq = confirm("k2", CARD);
	assert_string_equal(member(rq, "status"), "succeeded");
	assert_null(json_object_get(test_json(rq), "failure_code"));
}

static void the_bank_asks(void **state)
{
	(void)state;
	open_payment();
	stub_answers(200, CHARGE("requires_action", ",\"next_action\":{\"url\":\"https://bank.example/q\"}"), 0);
	struct request *rq = confirm("k1", "{\"method_token\":\"tok\"}");
	assert_string_equal(member(rq, "status"), "requires_action");
	assert_string_equal(
		json_text(json_object_get(test_json(rq), "next_action"), "url", ""), "https://bank.example/q");
	assert_non_null(strstr(stub_body(), "\"method_token\":\"tok\""));
}

static void set_config(const char *variable, const char *value)
{
	struct ctx *c = test_ctx();
	setenv(variable, value, 1);
	test_config(c, PAYMENT_CONFIG);
}

static void no_answer_is_no_decision(void **state)
{
	(void)state;
	static const struct {
		int status, delay_ms;
	} SILENT[] = {{200, 600}, {0, 0}, {504, 0}, {500, 0}};
	for (size_t i = 0; i < ARRAY_LEN(SILENT); i++) {
		open_payment();
		set_config("ES_PROVIDER_TIMEOUT_MS", SILENT[i].delay_ms > 0 ? "200" : PATIENT_MS);
		stub_answers(SILENT[i].status, PAID, SILENT[i].delay_ms);
		struct request *rq = confirm("k1", CARD);
		assert_status(rq, 200);
		assert_string_equal(member(rq, "status"), "processing");
		rq = confirm("k2", CARD);
		assert_status(rq, 409);
		assert_string_equal(test_code(rq), "payment_processing");
	}
	/* The timer asks, and is told. */
	stub_answers(200, PAID, 0);
	test_sql("update payment.attempt set check_at = now() where status = 'processing'");
	assert_ok(test_ctx(), PAYMENT_TIMERS[1].run(test_ctx()));
	assert_string_equal(status_now(), "succeeded");
	assert_int_equal(stub_requests(), 4);
}

static void nobody_there(void **state)
{
	(void)state;
	open_payment();
	static char before[100];
	snprintf(before, sizeof(before), "%s", config_text("provider_url"));
	set_config("ES_PROVIDER_URL", "http://127.0.0.1:1");
	struct request *rq = confirm("k1", CARD);
	assert_status(rq, 200);
	assert_string_equal(member(rq, "status"), "failed");
	assert_string_equal(member(rq, "failure_code"), "processing_error");
	set_config("ES_PROVIDER_URL", before);
}

static void bad_input(void **state)
{
	(void)state;
	open_payment();
	stub_answers(200, PAID, 0);
	assert_string_equal(test_code(confirm(NULL, CARD)), "idempotency_key_required");
	struct request *rq = confirm("k1",
		"{\"card\":{\"number\":\"4242424242424241\",\"exp_month\":13,\"exp_year\":2030,\"cvc\":\"12a\"}}");
	assert_status(rq, 422);
	assert_null(memmem(rq->res.body.p, rq->res.body.n, "4242424242424241", 16));
	assert_status(confirm("k1", "{}"), 422);
	assert_status(confirm("k1", "{\"method_token\":\"t\",\"card\":{\"number\":\"" NUMBER
				    "\",\"exp_month\":1,\"exp_year\":2030,\"cvc\":\"123\"}}"),
		422);
	assert_status(confirm("k1", "{\"card\":"), 400);
	assert_status(test_http("DELETE", api_path(""), NULL, NULL), 405);
	assert_int_equal(stub_requests(), 0);
	stub_answers(422, "{\"code\":\"invalid\"}", 0);
	assert_string_equal(member(confirm("k2", "{\"method_token\":\"t\"}"), "failure_code"), "invalid_method");
}

static void a_stranger_finds_nothing(void **state)
{
	(void)state;
	open_payment();
	memcpy(payment_id, "00000000-0000-4000-8000-000000000000", sizeof(payment_id));
	assert_status(confirm("k1", CARD), 404);
	assert_status(test_http("GET", page_path(), NULL, NULL), 404);
}

static void cancelled_payments_stay_so(void **state)
{
	char sql[100];

	(void)state;
	open_payment();
	snprintf(sql, sizeof(sql), "select payment.cancel_intent('%s')", order_id);
	test_sql(sql);
	struct request *rq = confirm("k1", CARD);
	assert_status(rq, 409);
	assert_string_equal(test_code(rq), "payment_cancelled");
}

/* Paid on the provider's page after all: the job sends it back, and only then the books say so. */
static void money_goes_back(void **state)
{
	struct ctx *c = test_ctx();
	struct job job = {.queue = REFUND_QUEUE, .attempts = 1, .max_attempts = 10};
	char sql[200];

	(void)state;
	open_payment();
	stub_answers(200, "{\"id\":\"s\",\"url\":\"https://pay.example/1\"}", 0);
	assert_status(test_http("POST", page_path(), "x=1", NULL), 303);
	snprintf(sql, sizeof(sql), "select payment.cancel_intent('%s')", order_id);
	test_sql(sql);
	stub_answers(200, PAID, 0);
	assert_status(test_http("GET", page_path(), NULL, NULL), 200);
	assert_string_equal(status_now(), "cancelled");

	snprintf(sql, sizeof(sql),
		"select payload from bus.job where queue = 'payment.refunds' and payload ->> 'refund_id' in"
		" (select id::text from payment.refund where payment_id = '%s')",
		payment_id);
	assert_ok(c, json_parse(c, str_of(test_sql_text(sql)), &job.payload));
	stub_answers(500, "{}", 0);
	assert_err(c, PAYMENT_JOBS[0].handle(c, &job), &ERR_UNAVAILABLE);
	snprintf(sql, sizeof(sql), "select refunded_minor from payment.intent where id = '%s'", payment_id);
	assert_int_equal(test_sql_int(sql), 0);
	stub_answers(200, PAID, 0);
	assert_ok(c, PAYMENT_JOBS[0].handle(c, &job));
	assert_ok(c, PAYMENT_JOBS[0].handle(c, &job)); /* its worker died before it could say so */
	assert_int_equal(test_sql_int(sql), 1299);
	assert_int_equal(test_sql_int("select coalesce(sum(amount_minor), 0) from payment.entry"), 0);
}

/* A worker died between the provider's answer and the record of it; the client sends the same again. */
static void resumes_when(const char *resumes)
{
	char sql[600];

	open_payment();
	stub_answers(0, NULL, 0); /* the answer is lost */
	assert_string_equal(member(confirm("k1", CARD), "status"), "processing");
	char attempt[37];
	snprintf(attempt, sizeof(attempt), "%s", attempt_id());
	snprintf(sql, sizeof(sql),
		"update payment.attempt set status = 'started' where id = '%s';"
		"update platform.idempotency set state = 'running', status = null, lease_until = now() + interval '1 "
		"minute' where attempt_id = '%s'",
		attempt, attempt);
	test_sql(sql);
	stub_answers(200, PAID, 0);
	assert_string_equal(test_code(confirm("k1", CARD)), "idempotency_key_in_use");
	/* The connection that claimed it is gone; or, of a release before, its time is over. */
	test_sql(resumes);
	assert_string_equal(member(confirm("k1", CARD), "status"), "succeeded");
	assert_non_null(strstr(stub_head(), attempt));
	assert_int_equal(stub_requests(), 1);
	snprintf(sql, sizeof(sql), "select count(*) from payment.attempt where payment_id = '%s'", payment_id);
	assert_int_equal(test_sql_int(sql), 1);
}

static void the_same_key_resumes(void **state)
{
	(void)state;
	resumes_when("update platform.idempotency set lease_until = now() - interval '1 second' where state = 'running'");
}

static void the_same_key_of_a_dead_worker_resumes_at_once(void **state)
{
	(void)state;
	resumes_when("update platform.idempotency set holder = 2147483647 where state = 'running'");
}

static void the_same_key_survives_a_broken_provider(void **state)
{
	(void)state;
	open_payment();
	for (int status = 502; status <= 503; status++) {
		stub_answers(status, "", 0);
		struct request *rq = confirm("k1", CARD);
		assert_status(rq, 503);
		assert_non_null(test_header(rq, "Retry-After"));
	}
	stub_answers(200, PAID, 0);
	assert_string_equal(member(confirm("k1", CARD), "status"), "succeeded");
	char sql[100];
	snprintf(sql, sizeof(sql), "select count(*) from payment.attempt where payment_id = '%s'", payment_id);
	assert_int_equal(test_sql_int(sql), 1);
}

/* Every row of every table this service can write, as text. */
static void no_card_number_is_kept(void **state)
{
	(void)state;
	static const char *const TABLES[] = {"payment.intent", "payment.attempt", "payment.provider_event",
		"platform.idempotency", "bus.outbox", "bus.job"};
	char sql[200];
	for (size_t i = 0; i < ARRAY_LEN(TABLES); i++) {
		snprintf(sql, sizeof(sql),
			"select count(*) from %s t where t::text like '%%%s%%' or t::text like '%%%.12s%%'", TABLES[i],
			NUMBER, NUMBER);
		assert_int_equal(test_sql_int(sql), 0);
	}
	assert_int_equal(
		test_sql_int("select count(*) from platform.idempotency where fingerprint like encode(sha256('" CARD
			     "'), 'hex') || '%'"),
		0);
	assert_int_equal(test_sql_int("select count(*) from platform.idempotency where position('\\x"
				      "34323432343234323432343234323432"
				      "'::bytea in coalesce(body, '')) > 0"),
		0);
}

/* ------------------------------------------------------------------ webhooks */

static struct request *webhook(const char *id, const char *body, int64_t age_secs, const char *secret)
{
	struct ctx *c = test_ctx();
	struct webhook w = {.id = id,
		.timestamp = arena_printf(c->arena, "%lld", (long long)(clock_now_us() / US_PER_SEC - age_secs)),
		.body = str_of(body)};

	return test_http("POST", "/webhooks/payment/mock", body, "HTTP_WEBHOOK_ID", w.id, "HTTP_WEBHOOK_TIMESTAMP",
		w.timestamp, "HTTP_WEBHOOK_SIGNATURE", webhook_sign(c->arena, secret, &w), NULL);
}

static const char *news(const char *key, const char *status)
{
	static char text[1024];

	snprintf(text, sizeof(text),
		"{\"type\":\"charge.%s\",\"data\":{\"key\":\"%s\",\"id\":\"ch_1\",\"status\":\"%s\",\"amount\":{"
		"\"amount\":1299,\"currency\":\"EUR\"},"
		"\"card\":{\"brand\":\"Visa\",\"last4\":\"5126\",\"exp_month\":12,\"exp_year\":2030}}}",
		status, key, status);
	return text;
}

static void webhooks_decide(void **state)
{
	(void)state;
	open_payment();
	stub_answers(504, "{}", 0);
	assert_string_equal(member(confirm("k1", CARD), "status"), "processing");
	const char *paid = news(attempt_id(), "succeeded");
	assert_status(webhook("evt_1", paid, 0, "another secret"), 401);
	assert_status(webhook("evt_1", paid, WEBHOOK_TOLERANCE_SECS + 5, WEBHOOK_SECRET), 401);
	assert_status(test_http("POST", "/webhooks/payment/mock", paid, NULL), 401);
	assert_string_equal(status_now(), "processing");
	assert_status(webhook("evt_1", paid, 0, WEBHOOK_SECRET), 204);
	assert_string_equal(status_now(), "succeeded");
	assert_status(webhook("evt_1", paid, 0, WEBHOOK_SECRET), 204);
	assert_status(webhook("evt_2", paid, 0, WEBHOOK_SECRET), 204);
	paid = news(attempt_id(), "failed");
	assert_status(webhook("evt_0", paid, 0, WEBHOOK_SECRET), 204); /* said earlier, came later */
	assert_string_equal(status_now(), "succeeded");
	assert_status(
		webhook("evt_3", news("00000000-0000-4000-8000-000000000000", "succeeded"), 0, WEBHOOK_SECRET), 204);
	assert_status(webhook("evt_4", "{\"type\":\"other\"}", 0, WEBHOOK_SECRET), 204);
	assert_status(webhook("evt_5", "no json", 0, WEBHOOK_SECRET), 400);
}

/* ------------------------------------------------------------------ pages */

static bool shows(struct request *rq, const char *part)
{
	return memmem(rq->res.body.p, rq->res.body.n, part, strlen(part)) != NULL;
}

static void the_payment_page(void **state)
{
	(void)state;
	open_payment();
	struct request *rq = test_http("GET", page_path(), NULL, NULL);
	assert_status(rq, 200);
	assert_true(shows(rq, "€12.99"));
	assert_true(shows(rq, "noindex"));
	assert_string_equal(test_header(rq, "Cache-Control"), "no-store");

	stub_answers(200, "{\"id\":\"s\",\"url\":\"http://localhost:8080/mock-provider/sessions/1\"}", 0);
	rq = test_http("POST", page_path(), "x=1", NULL);
	assert_status(rq, 303);
	assert_string_equal(test_header(rq, "Location"), "/mock-provider/sessions/1");
	assert_non_null(strstr(stub_body(), "/pay/"));
	rq = test_http("POST", page_path(), "x=1", NULL);
	assert_string_equal(test_header(rq, "Location"), "/mock-provider/sessions/1");
	assert_int_equal(stub_requests(), 1); /* the same page, not another */

	stub_answers(200, CHARGE("failed", ",\"failure_code\":\"expired_card\""), 0);
	rq = test_http("GET", page_path(), NULL, NULL);
	assert_true(shows(rq, "The card has expired."));
	assert_true(shows(rq, "Try again"));

	stub_answers(200, "{\"id\":\"s\",\"url\":\"https://pay.example/2\"}", 0);
	rq = test_http("POST", page_path(), "x=1", NULL);
	assert_string_equal(test_header(rq, "Location"), "https://pay.example/2");
	stub_answers(200, PAID, 0);
	rq = test_http("GET", page_path(), NULL, NULL);
	assert_status(rq, 200);
	assert_true(shows(rq, "This order is paid."));
	rq = test_http("GET", page_path(), NULL, "HTTP_COOKIE", "es_orders=x", NULL);
	assert_status(rq, 303);
	assert_non_null(strstr(test_header(rq, "Location"), order_id));
	rq = test_http("POST", page_path(), "x=1", NULL);
	assert_status(rq, 303);
	assert_string_equal(test_header(rq, "Location"), page_path());
}

static void provider_down_on_the_page(void **state)
{
	(void)state;
	open_payment();
	stub_answers(500, "{}", 0);
	struct request *rq = test_http("POST", page_path(), "x=1", NULL);
	assert_status(rq, 303);
	assert_string_equal(test_header(rq, "Location"), page_path());
	assert_non_null(test_cookie(rq, "es_flash"));
	assert_status(test_http("GET", page_path(), NULL, NULL), 200); /* not able to ask, still a page */
}

static void the_staff_list(void **state)
{
	(void)state;
	assert_status(test_http("GET", "/admin/payments", NULL, AS(CUSTOMER_TOKEN), NULL), 403);
	assert_true(test_http("GET", "/admin/payments", NULL, NULL)->res.status != 200);
	struct request *rq = test_http("GET", "/admin/payments", NULL, AS(STAFF_TOKEN), NULL);
	assert_status(rq, 200);
	assert_true(shows(rq, "Provider clearing"));
	assert_true(shows(rq, "Visa •••• 4242"));
	assert_false(shows(rq, payment_id));
	rq = test_http("GET", "/admin/payments?state=cancelled&q=", NULL, AS(STAFF_TOKEN), NULL);
	assert_status(rq, 200);
	assert_false(shows(rq, "Visa"));
	assert_status(test_http("GET", "/admin/payments?cursor=abc", NULL, AS(STAFF_TOKEN), NULL), 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(get_a_payment),
		cmocka_unit_test(pay_with_a_card),
		cmocka_unit_test(a_decline_is_an_answer),
		cmocka_unit_test(the_bank_asks),
		cmocka_unit_test(no_answer_is_no_decision),
		cmocka_unit_test(nobody_there),
		cmocka_unit_test(bad_input),
		cmocka_unit_test(a_stranger_finds_nothing),
		cmocka_unit_test(cancelled_payments_stay_so),
		cmocka_unit_test(the_same_key_resumes),
		cmocka_unit_test(the_same_key_of_a_dead_worker_resumes_at_once),
		cmocka_unit_test(the_same_key_survives_a_broken_provider),
		cmocka_unit_test(webhooks_decide),
		cmocka_unit_test(money_goes_back),
		cmocka_unit_test(no_card_number_is_kept),
		cmocka_unit_test(the_payment_page),
		cmocka_unit_test(provider_down_on_the_page),
		cmocka_unit_test(the_staff_list),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
