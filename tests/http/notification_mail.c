/*
 * notification_mail.c - from the news to the mailbox: what is written, to whom, how often,
 * and what staff sees of it. The mail server is the one of `make run`.
 */
#include "testing.h"
#include "http.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "notification.h"
#include "store_message.h"

#define ADMIN_TOKEN "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define CSRF "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define AS_ADMIN "HTTP_COOKIE", "es_session=" ADMIN_TOKEN "; es_csrf=" CSRF
#define WITH_CSRF AS_ADMIN, "HTTP_X_CSRF_TOKEN", CSRF
#define ORDER "01900000-0000-7000-8000-0000000000a1"
#define USER "01900000-0000-7000-8000-0000000000b1"
#define LETTER "01900000-0000-7000-8000-0000000000d1"
#define SHIPMENT "01900000-0000-7000-8000-0000000000c1"
#define TOKEN "3f0e8d0c-1b1f-4a0c-9a5e-2f6a7b8c9d0e"

static const struct db_stmt *const *const STATEMENTS[] = {MESSAGE_STATEMENTS, NULL};
static const struct work WORK = {.consumers = NOTIFICATION_CONSUMERS, .jobs = NOTIFICATION_JOBS, .timers = NOTIFICATION_TIMERS};

static char mailbox_dir[] = "/tmp/ecostore-mail-XXXXXX";
static char smtp[32];
static pid_t sink;

/* ------------------------------------------------------------------ the mail server */

static int connected(const struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int result = connect(fd, (const struct sockaddr *)(const void *)address, sizeof(*address));

	(void)close(fd);
	return result == 0;
}

static void start_sink(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	/* A port that was free a moment ago. */
	assert_int_equal(bind(fd, (const struct sockaddr *)(const void *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&address, &n), 0);
	(void)close(fd);
	snprintf(smtp, sizeof(smtp), "127.0.0.1:%d", ntohs(address.sin_port));
	assert_non_null(mkdtemp(mailbox_dir));
	sink = fork();
	assert_true(sink >= 0);
	if (sink == 0) {
		execl("/usr/bin/python3", "/usr/bin/python3", "common/install/mail_sink.py", smtp, mailbox_dir,
			(char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 200 && !connected(&address); i++)
		usleep(50000);
	assert_true(connected(&address));
}

static DIR *open_new_mail(char path[static 512])
{
	snprintf(path, 512, "%s/new", mailbox_dir);
	return opendir(path);
}

static int mails(void)
{
	char path[512];
	DIR *d = open_new_mail(path);
	int n = 0;

	for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
		n += e->d_name[0] != '.';
	if (d != NULL)
		(void)closedir(d);
	return n;
}

/* All mails as one text, and empties the box. */
static const char *take_mail(void)
{
	static char text[1 << 17];
	char path[512], file[1024];
	DIR *d = open_new_mail(path);
	size_t have = 0;

	for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
		FILE *in;

		if (e->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
		in = fopen(file, "r");
		assert_non_null(in);
		have += fread(text + have, 1, sizeof(text) - 1 - have, in);
		(void)fclose(in);
		(void)unlink(file);
	}
	if (d != NULL)
		(void)closedir(d);
	text[have] = '\0';
	return text;
}

/* ------------------------------------------------------------------ the shop around it */

static int start(void **state)
{
	static const struct config_key keys[] = {
		{"smtp", CONFIG_TEXT, smtp, 0, 0, "x"},
		{"smtp_user", CONFIG_TEXT, "", 0, 0, "x"},
		{"smtp_password", CONFIG_SECRET, "", 0, 0, "x"},
		{"smtp_starttls", CONFIG_BOOL, "false", 0, 0, "x"},
		{"smtp_timeout_secs", CONFIG_INT, "5", 1, 120, "x"},
		{"mail_from", CONFIG_TEXT, "", 0, 0, "x"},
	};
	struct ctx *c;

	(void)state;
	start_sink();
	test_http_open(NOTIFICATION_ROUTES, test_db_open("es_notification", test_statements(STATEMENTS), NULL));
	c = test_ctx();
	assert_ok(c, config_load(c, keys, ARRAY_LEN(keys)));
	test_sql("insert into auth.account (id, email, email_key, name, password_hash, roles) values"
		 " ('" USER "', 'mara@example.com', 'mara@example.com', 'Mara Lind', 'x', '{customer,admin}');"
		 "insert into auth.session (id, account_id, kind, token_hash, expires_at) values"
		 " ('01900000-0000-7000-8000-0000000000b2', '" USER "', 'page', encode(sha256('" ADMIN_TOKEN
		 "'), 'hex'),"
		 " now() + interval '1 day')");
	return 0;
}

static int stop(void **state)
{
	char path[512];

	(void)state;
	test_http_close();
	test_db_close();
	(void)kill(sink, SIGTERM);
	(void)waitpid(sink, NULL, 0);
	(void)take_mail();
	for (size_t i = 0; i < 3; i++) {
		static const char *const parts[] = {"new", "cur", "tmp"};

		snprintf(path, sizeof(path), "%s/%s", mailbox_dir, parts[i]);
		(void)rmdir(path);
	}
	(void)rmdir(mailbox_dir);
	return 0;
}

static int clean(void **state)
{
	(void)state;
	(void)take_mail();
	test_sql("delete from notification.message; delete from bus.job; delete from bus.outbox; delete from bus.event;"
		 "delete from bus.subscription; delete from auth.letter;"
		 "delete from orders.shipment; delete from orders.orders;"
		 "insert into orders.orders (id, number, tracking_token, cart_id, payment_id, email, customer_key, "
		 "name, currency,"
		 " subtotal_minor, discount_minor, shipping_minor, tax_minor, total_minor, tax_included, item_count, "
		 "shipping_option,"
		 " shipping_name, country, shipping_address, placed_at, expires_at) values"
		 " ('" ORDER "', 'E7K2M9QXP', '" TOKEN "', gen_random_uuid(), gen_random_uuid(), 'jo@example.com', 'k',"
		 " 'Jo <b>Doe', 'EUR', 4980, 0, 490, 873, 5470, true, 2, 'standard', 'Standard', 'DE',"
		 " '{\"name\": \"Jo <b>Doe\", \"line1\": \"Way 1\", \"city\": \"Berlin\", \"postal_code\": \"10999\", "
		 "\"country\": \"DE\"}',"
		 " '2026-03-01T23:30:00Z', now() + interval '30 minutes');"
		 "insert into orders.line (id, order_id, line_no, sku, name, options, quantity, unit_price_minor, "
		 "discount_minor,"
		 " total_minor, tax_minor, tax_rate_bp) values (gen_random_uuid(), '" ORDER "', 0, 'S', 'Steel bottle',"
		 " '{\"colour\": \"Moss\"}', 2, 2490, 0, 4980, 795, 1900)");
	return 0;
}

static void work(void)
{
	struct ctx *c = test_ctx();
	size_t did;

	do
		assert_ok(c, work_once(c, &WORK, &did));
	while (did > 0);
}

static void tell(const char *topic, const char *payload)
{
	char sql[1024];

	snprintf(sql, sizeof(sql),
		"select bus.emit('%s', 'order', '" ORDER "', '" ORDER "', '%s'); select bus.sequence_batch()", topic,
		payload);
	test_sql(sql);
	work();
}

static void tell_paid(void)
{
	test_sql("update orders.orders set payment_status = 'succeeded', paid_at = now()");
	tell("order.paid", "{\"order_id\": \"" ORDER "\"}");
}

/* auth-service asks for a letter; sql: what happens before it leaves. */
static void tell_letter(const char *kind, const char *sql)
{
	char request[1200];

	snprintf(request, sizeof(request),
		"insert into auth.letter (id, kind, account_id, recipient, name, other_email, about, expires_at) values"
		" ('" LETTER "', '%s', '" USER "', 'mara@example.com', 'Mara Lind', 'old@example.com', 'Firefox, Windows', now() + interval '1 day');"
		"select bus.emit('user.letter_requested', 'user', '" USER "', '" USER "',"
		" '{\"letter_id\": \"" LETTER "\", \"user_id\": \"" USER "\", \"kind\": \"%s\"}'); select bus.sequence_batch(); %s",
		kind, kind, sql);
	test_sql(request);
	work();
}

static const char *states(void)
{
	return test_sql_text("select string_agg(purpose || ' ' || state, ', ' order by id) from notification.message");
}

/* ------------------------------------------------------------------ tests */

static void a_paid_order_is_confirmed_once(void **state)
{
	const char *mail;

	(void)state;
	tell_paid();
	assert_string_equal(states(), "order_confirmation sent");
	assert_int_equal(mails(), 1);
	mail = take_mail();
	assert_non_null(strstr(mail, "Subject: Your order E7K2M9QXP"));
	assert_non_null(strstr(mail, "jo@example.com"));
	assert_non_null(strstr(mail, "/track/" TOKEN));
	assert_non_null(strstr(mail, ".0@localhost>"));
	assert_non_null(strstr(mail, "2 March 2026")); /* Berlin's day, not UTC's */
	assert_non_null(strstr(mail, "multipart/alternative"));
	assert_string_equal(test_sql_text("select recipient || attempts from notification.message"), "jo@example.com1");
	/* the acknowledgement was lost: the job comes again, the mail does not */
	test_sql("update bus.job set state = 'ready', run_at = now(), attempts = 0");
	work();
	assert_int_equal(mails(), 0);
	assert_string_equal(test_sql_text("select state from bus.job"), "done");
}

static void names_stay_text_in_html(void **state)
{
	(void)state;
	tell_paid();
	assert_null(strstr(test_sql_text("select html_body from notification.message"), "<b>Doe"));
	assert_non_null(strstr(test_sql_text("select html_body from notification.message"), "&lt;b&gt;Doe"));
	assert_non_null(strstr(test_sql_text("select text_body from notification.message"), "Jo <b>Doe"));
	assert_non_null(
		strstr(test_sql_text("select text_body from notification.message"), "2 × Steel bottle (Moss): €49.80"));
}

static void each_kind_of_news_has_its_mail(void **state)
{
	const char *mail;

	(void)state;
	tell("payment.failed", "{\"order_id\": \"" ORDER "\", \"failure_code\": \"insufficient_funds\"}");
	mail = take_mail();
	assert_non_null(strstr(mail, "did not go through"));
	assert_non_null(strstr(mail, "not enough funds"));
	assert_non_null(strstr(mail, "/pay/"));
	test_sql("update orders.orders set payment_status = 'succeeded', paid_at = now();"
		 "update orders.orders set fulfilment_status = 'partially_shipped';"
		 "insert into orders.shipment (id, order_id, carrier, tracking_number, created_at) values"
		 " ('" SHIPMENT "', '" ORDER "', 'DHL', 'T-1', now());"
		 "insert into orders.shipment_line select '" SHIPMENT "', id, 1 from orders.line;"
		 "update orders.line set shipped_quantity = 1");
	tell("shipment.created", "{\"order_id\": \"" ORDER "\", \"shipment_id\": \"" SHIPMENT "\"}");
	mail = take_mail();
	assert_non_null(strstr(mail, "DHL: T-1"));
	assert_non_null(strstr(mail, "The rest follows"));
	tell_letter("welcome", "");
	mail = take_mail();
	assert_non_null(strstr(mail, "mara@example.com"));
	assert_non_null(strstr(mail, "Hello Mara,"));
	assert_non_null(strstr(mail, "/verify?token=3D"));
}

static void a_cancelled_order_says_why_and_what_of_the_money(void **state)
{
	const char *mail;

	(void)state;
	test_sql("update orders.orders set cancelled_at = now(), cancel_reason = 'expired', payment_status = "
		 "'cancelled'");
	tell("order.cancelled", "{\"order_id\": \"" ORDER "\"}");
	mail = take_mail();
	assert_non_null(strstr(mail, "had not been paid in time"));
	assert_non_null(strstr(mail, "Nothing was charged"));
}

static void failed_payments_do_not_become_a_flood(void **state)
{
	(void)state;
	tell("payment.failed", "{\"order_id\": \"" ORDER "\", \"failure_code\": \"declined\"}");
	tell("payment.failed", "{\"order_id\": \"" ORDER "\", \"failure_code\": \"declined\"}");
	assert_string_equal(states(), "payment_failed sent");
	test_sql("delete from notification.message; update orders.orders set payment_status = 'succeeded', paid_at = "
		 "now()");
	tell("payment.failed", "{\"order_id\": \"" ORDER "\", \"failure_code\": \"declined\"}");
	assert_string_equal(states(), "payment_failed dead");
	assert_int_equal(mails(), 1);
}

static void old_news_and_lost_people_get_no_mail(void **state)
{
	(void)state;
	test_sql("select bus.emit('order.paid', 'order', '" ORDER "', '" ORDER "', '{\"order_id\": \"" ORDER "\"}');"
		 "update bus.outbox set created_at = now() - interval '3 days'; select bus.sequence_batch()");
	work();
	assert_int_equal(test_sql_int("select count(*) from notification.message"), 0);
	tell_letter("welcome", "update auth.account set state = 'blocked'");
	assert_string_equal(states(), "welcome dead");
	assert_int_equal(mails(), 0);
	test_sql("update auth.account set state = 'active'");
}

static void a_refusal_for_ever_is_given_up(void **state)
{
	(void)state;
	test_sql("update orders.orders set email = 'bounce@example.com'");
	tell_paid();
	assert_string_equal(states(), "order_confirmation dead");
	assert_non_null(strstr(test_sql_text("select error from notification.message"), "550"));
	assert_string_equal(test_sql_text("select state from bus.job"), "dead");
}

static void a_refusal_for_now_is_tried_again(void **state)
{
	(void)state;
	test_sql("update orders.orders set email = 'busy@example.com'");
	tell_paid();
	assert_string_equal(states(), "order_confirmation failed");
	test_sql("update orders.orders set email = 'jo@example.com'; update bus.job set run_at = now()");
	work();
	assert_string_equal(states(), "order_confirmation sent");
	assert_int_equal(mails(), 1);
}

static const char *only_id(void)
{
	return test_sql_text("select id from notification.message");
}

static void staff_sends_again(void **state)
{
	struct request *rq;
	char path[128];

	(void)state;
	tell_paid();
	(void)take_mail();
	snprintf(path, sizeof(path), "/api/v1/notifications/%s/resend", only_id());
	assert_status(test_http("POST", path, NULL, NULL), 401);
	rq = test_http("POST", path, NULL, WITH_CSRF, NULL);
	assert_status(rq, 202);
	assert_string_equal(json_text(test_json(rq), "state", ""), "queued");
	rq = test_http("POST", path, NULL, WITH_CSRF, NULL);
	assert_status(rq, 409);
	assert_string_equal(test_code(rq), "message_waiting");
	work();
	assert_int_equal(mails(), 1);
	assert_non_null(strstr(take_mail(), ".1@localhost>"));
	/* the job's row was removed with its week */
	test_sql("delete from bus.job");
	assert_status(test_http("POST", path, NULL, WITH_CSRF, NULL), 202);
	work();
	assert_int_equal(mails(), 1);
}

static void staff_finds_messages(void **state)
{
	struct request *rq;

	(void)state;
	tell_paid();
	tell_letter("welcome", "");
	rq = test_http("GET", "/api/v1/notifications?recipient=JO@example.com&state=sent", NULL, AS_ADMIN, NULL);
	assert_status(rq, 200);
	assert_int_equal(json_array_size(json_object_get(test_json(rq), "data")), 1);
	rq = test_http("GET", "/api/v1/notifications?limit=1", NULL, AS_ADMIN, NULL);
	assert_string_equal(
		json_text(json_array_get(json_object_get(test_json(rq), "data"), 0), "purpose", ""), "welcome");
	rq = test_http("GET",
		arena_printf(
			rq->ctx.arena, "/api/v1/notifications?cursor=%s", json_text(test_json(rq), "next_cursor", "")),
		NULL, AS_ADMIN, NULL);
	assert_int_equal(json_array_size(json_object_get(test_json(rq), "data")), 1);
	assert_status(test_http("GET", "/api/v1/notifications?state=lost", NULL, AS_ADMIN, NULL), 422);
	assert_status(test_http("GET", "/api/v1/notifications?cursor=1", NULL, AS_ADMIN, NULL), 400);
	assert_status(test_http("GET", "/api/v1/notifications", NULL, NULL), 401);
}

static void pages_show_list_detail_and_preview(void **state)
{
	struct request *rq;
	char path[128];

	(void)state;
	tell_paid();
	rq = test_http("GET", "/admin/messages?q=JO%40&state=sent", NULL, AS_ADMIN, NULL);
	assert_status(rq, 200);
	assert_non_null(strstr(rq->res.body.p, "jo@example.com"));
	rq = test_http("GET", "/admin/messages?q=%25", NULL, AS_ADMIN, NULL);
	assert_null(strstr(rq->res.body.p, "jo@example.com"));
	snprintf(path, sizeof(path), "/admin/messages/%s", only_id());
	rq = test_http("GET", path, NULL, AS_ADMIN, NULL);
	assert_status(rq, 200);
	assert_non_null(strstr(rq->res.body.p, "/preview"));
	assert_non_null(strstr(rq->res.body.p, "Jo &lt;b&gt;Doe"));
	snprintf(path, sizeof(path), "/admin/messages/%s/preview", only_id());
	rq = test_http("GET", path, NULL, AS_ADMIN, NULL);
	assert_status(rq, 200);
	assert_non_null(strstr(test_header(rq, "Content-Security-Policy"), "sandbox"));
	snprintf(path, sizeof(path), "/admin/messages/%s/resend", only_id());
	assert_status(test_http("POST", path, "csrf=" CSRF, AS_ADMIN, NULL), 303);
	assert_string_equal(states(), "order_confirmation queued");
	assert_status(test_http("GET", "/admin/messages/none", NULL, AS_ADMIN, NULL), 404);
}

/* ------------------------------------------------------------------ letters about an account */

/* The secret after ?token= in a mail: quoted-printable breaks long lines. */
static void secret_of(const char *mail, char secret_r[static 44])
{
	const char *at = strstr(mail, "?token=3D");
	size_t n = 0;

	assert_non_null(at);
	for (at += strlen("?token=3D"); n < 43; at++) {
		if (strncmp(at, "=\r\n", 3) == 0 || strncmp(at, "=\n", 2) == 0)
			at += at[1] == '\r' ? 2 : 1;
		else
			secret_r[n++] = *at;
	}
	secret_r[n] = '\0';
}

static int64_t tokens_of(const char *secret)
{
	char sql[200];

	snprintf(sql, sizeof(sql), "select count(*) from auth.letter_token where token_hash = encode(sha256('%s'), 'hex')", secret);
	return test_sql_int(sql);
}

static void a_link_is_in_its_mail_and_nowhere_else(void **state)
{
	char secret[44], sql[700];

	(void)state;
	tell_letter("reset_password", "");
	assert_string_equal(states(), "reset_password sent");
	secret_of(take_mail(), secret);
	assert_int_equal(tokens_of(secret), 1);
	snprintf(sql, sizeof(sql),
		"select count(*) from (select m::text as row from notification.message m union all select j::text from bus.job j"
		" union all select e::text from bus.event e union all select o::text from bus.outbox o"
		" union all select l::text from auth.letter l union all select t::text from auth.letter_token t) everything"
		" where row like '%%%s%%'", secret);
	assert_int_equal(test_sql_int(sql), 0);
	assert_non_null(strstr(test_sql_text("select html_body from notification.message"), "/reset?token=…"));
	assert_non_null(strstr(test_sql_text("select text_body from notification.message"), "/reset?token=…"));
	assert_int_equal(test_sql_int("select count(*) from bus.event where payload::text like '%@%'"), 0);
}

/* A mail whose sending was not confirmed leaves again, with another link; either will do. */
static void every_attempt_has_a_link_of_its_own(void **state)
{
	char first[44], second[44];

	(void)state;
	tell_letter("verify_email", "");
	secret_of(take_mail(), first);
	test_sql("update notification.message set state = 'queued'; update bus.job set state = 'ready', run_at = now(), attempts = 0");
	work();
	secret_of(take_mail(), second);
	assert_string_not_equal(first, second);
	assert_int_equal(tokens_of(first), 1);
	assert_int_equal(tokens_of(second), 1);
}

static void a_letter_nobody_waits_for_stays(void **state)
{
	(void)state;
	tell_letter("reset_password", "update auth.letter set spent_at = now()");
	assert_string_equal(states(), "reset_password dead");
	test_sql("delete from auth.letter");
	tell_letter("email_change", "update auth.letter set expires_at = now()");
	assert_string_equal(states(), "reset_password dead, email_change dead");
	assert_int_equal(mails(), 0);
	assert_int_equal(test_sql_int("select count(*) from auth.letter_token"), 0);
}

static void each_kind_of_letter_has_its_words(void **state)
{
	static const char *const KINDS[] = {"welcome", "verify_email", "reset_password", "password_changed", "email_change",
		"email_change_notice", "email_changed", "account_erased", "invitation", "factor_changed",
		"new_device", "code_reused", "key_expiring"};

	(void)state;
	assert_int_equal(test_sql_int("select count(*) from auth.letter_kind"), ARRAY_LEN(KINDS));
	for (size_t i = 0; i < ARRAY_LEN(KINDS); i++) {
		tell_letter(KINDS[i], "");
		const char *mail = take_mail();
		assert_non_null(strstr(mail, "Hello Mara,"));
		assert_null(strstr(mail, "Subject: mail."));
		assert_true((strstr(mail, "Firefox, Windows") != NULL) == (strcmp(KINDS[i], "new_device") == 0 || strcmp(KINDS[i], "key_expiring") == 0));
		test_sql("delete from auth.letter");
	}
	assert_int_equal(test_sql_int("select count(*) from notification.message where state = 'sent'"), ARRAY_LEN(KINDS));
	assert_int_equal(test_sql_int("select count(*) from notification.message where text_body like '%mail.%.%'"), 0);
}

static void who_left_is_forgotten(void **state)
{
	(void)state;
	tell_letter("password_changed", "");
	tell_paid();
	(void)take_mail();
	tell("user.erased", "{\"user_id\": \"" USER "\"}");
	assert_string_equal(test_sql_text("select string_agg(purpose || recipient || (text_body is null)::text, ' ' order by id)"
					  " from notification.message"), "password_changedtrue order_confirmationjo@example.comfalse");
	/* on its way at that moment: it must not write the person back */
	test_sql("update notification.message set state = 'queued' where purpose = 'password_changed';"
		 "update bus.job set state = 'ready', run_at = now(), attempts = 0");
	work();
	assert_string_equal(take_mail()[0] != '\0' ? "sent" : "", "sent");
	assert_int_equal(test_sql_int("select count(*) from notification.message where user_id is not null and"
				      " (recipient <> '' or text_body is not null or html_body is not null)"), 0);
	tell("order.anonymised", "{\"order_id\": \"" ORDER "\"}");
	assert_int_equal(test_sql_int("select count(*) from notification.message where recipient <> '' or text_body is not null"), 0);
	/* the last letter keeps nothing at all */
	test_sql("delete from auth.letter");
	tell_letter("account_erased", "");
	assert_int_equal(mails(), 1);
	assert_int_equal(test_sql_int("select count(*) from notification.message where recipient <> '' or text_body is not null"), 0);
}

/* What a message said, and to whom, is kept for some time: that it was sent, for ever. */
static void what_is_old_is_forgotten(void **state)
{
	const char *const text = "select string_agg(purpose || ' ' || state || ' ' || recipient || ' ' || (text_body is null)::text"
				 " || (html_body is null)::text || (error is null)::text, ',' order by id) from notification.message";

	(void)state;
	tell_paid();
	(void)take_mail();
	test_sql("update notification.message set error = '550 <jo@example.com> is unknown', created_at = now() - interval '179 days'");
	work();
	assert_string_equal(test_sql_text(text), "order_confirmation sent jo@example.com falsefalsefalse");
	test_sql("update notification.message set created_at = now() - interval '181 days'");
	work();
	assert_string_equal(test_sql_text(text), "order_confirmation sent  truetruetrue");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_paid_order_is_confirmed_once, clean),
		cmocka_unit_test_setup(names_stay_text_in_html, clean),
		cmocka_unit_test_setup(each_kind_of_news_has_its_mail, clean),
		cmocka_unit_test_setup(a_cancelled_order_says_why_and_what_of_the_money, clean),
		cmocka_unit_test_setup(failed_payments_do_not_become_a_flood, clean),
		cmocka_unit_test_setup(old_news_and_lost_people_get_no_mail, clean),
		cmocka_unit_test_setup(a_refusal_for_ever_is_given_up, clean),
		cmocka_unit_test_setup(a_refusal_for_now_is_tried_again, clean),
		cmocka_unit_test_setup(staff_sends_again, clean),
		cmocka_unit_test_setup(staff_finds_messages, clean),
		cmocka_unit_test_setup(pages_show_list_detail_and_preview, clean),
		cmocka_unit_test_setup(a_link_is_in_its_mail_and_nowhere_else, clean),
		cmocka_unit_test_setup(every_attempt_has_a_link_of_its_own, clean),
		cmocka_unit_test_setup(a_letter_nobody_waits_for_stays, clean),
		cmocka_unit_test_setup(each_kind_of_letter_has_its_words, clean),
		cmocka_unit_test_setup(who_left_is_forgotten, clean),
		cmocka_unit_test_setup(what_is_old_is_forgotten, clean),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
