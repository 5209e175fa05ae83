/* Mail: what is composed, what is refused, and what each reply of a server means. */
#include "edges/mail.h"
#include "data/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

/* ------------------------------------------------------------------ a tiny SMTP server: the recipient says how it
 * behaves */

struct smtp_server {
	int fd;
	pthread_t thread;
	char host_port[32];
	char received[65536]; /* the last message, dots and all */
};

static void say(int fd, const char *line)
{
	assert_int_equal(write(fd, line, strlen(line)), (ssize_t)strlen(line));
}

static void take_data(struct smtp_server *s, FILE *in)
{
	char line[2048];
	s->received[0] = '\0';
	while (fgets(line, sizeof(line), in) && strcmp(line, ".\r\n") != 0) {
		size_t have = strlen(s->received);
		snprintf(s->received + have, sizeof(s->received) - have, "%s", line);
	}
}

static bool answer_command(struct smtp_server *s, int fd, FILE *in, const char *line)
{
	if (strncasecmp(line, "RCPT", 4) == 0) {
		say(fd, strstr(line, "gone@")    ? "550 no such user\r\n"
			: strstr(line, "later@") ? "451 try again\r\n"
						 : "250 ok\r\n");
		return !strstr(line, "drop@");
	}
	if (strncasecmp(line, "DATA", 4) == 0) {
		say(fd, "354 go on\r\n");
		take_data(s, in);
		say(fd, strstr(s->received, "Subject: spam")   ? "554 we think this is spam\r\n"
			: strstr(s->received, "Subject: full") ? "452 disk full\r\n"
							       : "250 queued\r\n");
		return true;
	}
	if (strncasecmp(line, "QUIT", 4) == 0) {
		say(fd, "221 bye\r\n");
		return false;
	}
	say(fd, "250 ok\r\n");
	return true;
}

static void *serve(void *arg)
{
	struct smtp_server *s = arg;
	for (int fd; (fd = accept(s->fd, NULL, NULL)) >= 0;) {
		FILE *in = fdopen(fd, "r+");
		char line[2048];
		say(fd, "220 test\r\n");
		while (fgets(line, sizeof(line), in) && answer_command(s, fd, in, line))
			;
		fclose(in);
	}
	return NULL;
}

static struct smtp_server server;
static struct arena *arena;
static struct ctx c;

static int start(void **state)
{
	(void)state;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	arena = arena_new(32 << 20);
	server.fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(server.fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(server.fd, 8), 0);
	assert_int_equal(getsockname(server.fd, (struct sockaddr *)&address, &len), 0);
	snprintf(server.host_port, sizeof(server.host_port), "127.0.0.1:%d", ntohs(address.sin_port));
	assert_int_equal(pthread_create(&server.thread, NULL, serve, &server), 0);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	shutdown(server.fd, SHUT_RDWR);
	pthread_join(server.thread, NULL);
	close(server.fd);
	arena_free(arena);
	return 0;
}

static int fresh(void **state)
{
	(void)state;
	arena_reset(arena);
	ctx_init(&c, arena, NULL);
	return 0;
}

static struct mail good_mail(void)
{
	return (struct mail){.from = "shop@ecostore.test",
		.from_name = "EcoStore",
		.to = "ada@example.org",
		.to_name = "Ada Løvelace",
		.subject = "Order E1234 – thank you",
		.text = "Hello Ada,\n.\nyour “order” is here.\n",
		.html = "<p>Hello Ada</p>",
		.message_id = "order-1@ecostore.test",
		.date_us = INT64_C(1790000000) * US_PER_SEC};
}

static err_t send_to(const char *to, const char *subject)
{
	struct mail m = good_mail();
	m.to = to;
	m.subject = subject;
	const struct mail_server s = {.host_port = server.host_port, .timeout_secs = 2};
	return mail_send(&c, &s, &m);
}

static const char *composed(const struct mail *m)
{
	struct str text;
	err_t e = mail_compose(&c, m, &text);
	if (e != OK)
		print_error("%s\n", c.detail);
	assert_ptr_equal(e, OK);
	assert_int_equal(strlen(text.p), text.n);
	return text.p;
}

#define assert_has(text, part) assert_non_null(strstr((text), (part)))

/* ------------------------------------------------------------------ composing */

static void headers_and_both_parts(void **state)
{
	(void)state;
	struct mail m = good_mail();
	const char *text = composed(&m);
	assert_has(text, "From: EcoStore <shop@ecostore.test>\r\n");
	assert_has(text, "<ada@example.org>\r\n");
	assert_has(text, "Subject: Order E1234 =?UTF-8?");
	assert_has(text, "Message-Id: <order-1@ecostore.test>\r\n");
	assert_has(text, "Date: Mon, 21 Sep 2026 14:13:20 +0000\r\n");
	assert_has(text, "MIME-Version: 1.0\r\n");
	assert_has(text, "Auto-Submitted: auto-generated\r\n");
	assert_has(text, "Content-Type: multipart/alternative; boundary=");
	assert_has(text, "Content-Type: text/plain; charset=utf-8\r\n");
	assert_has(text, "Content-Type: text/html; charset=us-ascii\r\n");
	assert_has(text, "=E2=80=9Corder=E2=80=9D");
	for (const char *p = text; *p; p++) {
		assert_true((unsigned char)*p < 0x80);
		assert_true(*p != '\n' || p[-1] == '\r');
		assert_true(*p != '\r' || p[1] == '\n');
	}
}

static void says_what_caused_it(void **state)
{
	(void)state;
	struct mail m = good_mail();
	assert_null(strstr(composed(&m), "traceparent"));
	c.request_id = "0af7651916cd43dd8448eb211c80319c";
	c.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
	const char *text = composed(&m);
	assert_has(text, "X-Request-Id: 0af7651916cd43dd8448eb211c80319c\r\n");
	assert_has(text, "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n");
}

static void plain_only(void **state)
{
	(void)state;
	struct mail m = good_mail();
	m.html = NULL;
	m.to_name = m.from_name = NULL;
	const char *text = composed(&m);
	assert_null(strstr(text, "multipart"));
	assert_has(text, "To: ada@example.org\r\n");
}

static void domain_of_another_script(void **state)
{
	(void)state;
	struct mail m = good_mail();
	m.to = "ada@bücher.example";
	assert_has(composed(&m), "<ada@xn--bcher-kva.example>");
}

static void injection_is_refused(void **state)
{
	(void)state;
	static const char *const BAD[] = {"b@y>\r\nRCPT TO:<evil@z", "b@y\r\nBcc: x@y", "b c@y.z", "<b@y.z>", "b@y z",
		"@y.z", "b@", "b", "", "b@y,c@d", "b@c@d.e", "b@[127.0.0.1]", "bé@y.z", "b\x01@y.z"};
	struct mail m = good_mail();
	struct str text;
	for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
		m.to = BAD[i];
		assert_ptr_equal(mail_compose(&c, &m, &text), &ERR_PEER);
	}
	m = good_mail();
	m.subject = "hello\r\nBcc: x@y.z";
	assert_ptr_equal(mail_compose(&c, &m, &text), &ERR_PEER);
	m = good_mail();
	m.to_name = "Ada\nX: y";
	assert_ptr_equal(mail_compose(&c, &m, &text), &ERR_PEER);
	m = good_mail();
	m.message_id = "a>\r\nX: y";
	assert_ptr_equal(mail_compose(&c, &m, &text), &ERR_PEER);
}

/* ------------------------------------------------------------------ sending */

static void accepted(void **state)
{
	(void)state;
	assert_ptr_equal(send_to("ada@example.org", "first"), OK);
	assert_has(server.received, "Subject: first\r\n");
	assert_has(server.received, "\r\n..\r\n"); /* a line of one dot arrives stuffed */
	assert_null(strstr(strstr(server.received, "Date:") + 1, "\r\nDate:"));
	assert_ptr_equal(send_to("ada@example.org", "second"), OK);
	assert_has(server.received, "Subject: second\r\n");
}

static void refused_for_ever(void **state)
{
	(void)state;
	assert_ptr_equal(send_to("gone@example.org", "x"), &ERR_PEER);
	assert_has(c.detail, "550 no such user");
	assert_ptr_equal(send_to("ada@example.org", "spam"), &ERR_PEER);
	assert_has(c.detail, "554 we think this is spam");
}

static void refused_for_now(void **state)
{
	(void)state;
	assert_ptr_equal(send_to("later@example.org", "x"), &ERR_UNAVAILABLE);
	assert_has(c.detail, "451 try again");
	assert_ptr_equal(send_to("ada@example.org", "full"), &ERR_UNAVAILABLE);
	assert_has(c.detail, "452 disk full");
}

static void connection_dropped(void **state)
{
	(void)state;
	assert_ptr_equal(send_to("drop@example.org", "x"), &ERR_UNAVAILABLE);
	assert_ptr_equal(send_to("ada@example.org", "after"), OK);
}

static void no_server(void **state)
{
	(void)state;
	struct mail m = good_mail();
	const struct mail_server nobody = {.host_port = "127.0.0.1:1", .timeout_secs = 2};
	assert_ptr_equal(mail_send(&c, &nobody, &m), &ERR_UNAVAILABLE);
}

static void password_never_in_the_clear(void **state)
{
	(void)state;
	struct mail m = good_mail();
	const struct mail_server far = {
		.host_port = "mail.example.org:587", .user = "u", .password = "p", .timeout_secs = 2};
	assert_ptr_equal(mail_send(&c, &far, &m), &ERR_INTERNAL);
}

/* TLS is required when asked for: this server has none. */
static void starttls_required(void **state)
{
	(void)state;
	struct mail m = good_mail();
	const struct mail_server s = {.host_port = server.host_port, .starttls = true, .timeout_secs = 2};
	server.received[0] = '\0';
	assert_ptr_equal(mail_send(&c, &s, &m), &ERR_UNAVAILABLE);
	assert_string_equal(server.received, "");
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, fresh)
	const struct CMUnitTest tests[] = {
		TEST(headers_and_both_parts),
		TEST(says_what_caused_it),
		TEST(plain_only),
		TEST(domain_of_another_script),
		TEST(injection_is_refused),
		TEST(accepted),
		TEST(refused_for_ever),
		TEST(refused_for_now),
		TEST(connection_dropped),
		TEST(no_server),
		TEST(password_never_in_the_clear),
		TEST(starttls_required),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
