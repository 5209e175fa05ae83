/*
 * trust_test.c - whom the HTTP client and mail believe to be who they say: a server on this machine shows a good
 * certificate, then one of an unknown issuer, of another name, and an old one. What is refused is told nothing.
 */
#include "edges/httpc.h"
#include "edges/mail.h"
#include "data/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define DAY_SECS (24L * 60 * 60)

/* ------------------------------------------------------------------ certificates */

struct identity {
	EVP_PKEY *key;
	X509 *certificate;
};

static void add_extension(X509 *certificate, int nid, const char *value)
{
	X509V3_CTX context;
	X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

/* issuer NULL: its own; names NULL: of an authority. from, to: days from now. */
static struct identity new_identity(const char *name, const struct identity *issuer, const char *names, long from, long to)
{
	static long serial = 1;
	struct identity i = {.key = EVP_EC_gen("P-256"), .certificate = X509_new()};
	X509_NAME *subject = X509_get_subject_name(i.certificate);

	assert_true(i.key != NULL && X509_set_version(i.certificate, 2) == 1);
	ASN1_INTEGER_set(X509_get_serialNumber(i.certificate), serial++);
	X509_gmtime_adj(X509_getm_notBefore(i.certificate), from * DAY_SECS);
	X509_gmtime_adj(X509_getm_notAfter(i.certificate), to * DAY_SECS);
	assert_int_equal(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0), 1);
	assert_int_equal(X509_set_issuer_name(i.certificate,
				 X509_get_subject_name(issuer != NULL ? issuer->certificate : i.certificate)), 1);
	assert_int_equal(X509_set_pubkey(i.certificate, i.key), 1);
	add_extension(i.certificate, NID_basic_constraints, names != NULL ? "critical,CA:FALSE" : "critical,CA:TRUE");
	if (names != NULL)
		add_extension(i.certificate, NID_subject_alt_name, names);
	assert_true(X509_sign(i.certificate, issuer != NULL ? issuer->key : i.key, EVP_sha256()) > 0);
	return i;
}

static void free_identity(struct identity *i)
{
	EVP_PKEY_free(i->key);
	X509_free(i->certificate);
}

/* ------------------------------------------------------------------ a server of both kinds */

enum kind { HTTPS, SMTP };

static struct {
	int fd, port;
	pthread_t thread;
	_Atomic(enum kind) kind;
	_Atomic(SSL_CTX *) shows;
	_Atomic(int) told; /* requests and messages that came whole */
} server;

static void say(SSL *tls, int fd, const char *line)
{
	ssize_t done = tls != NULL ? SSL_write(tls, line, (int)strlen(line)) : write(fd, line, strlen(line));
	(void)done; /* a client that has gone is what is tested */
}

/* A line without its end; false: there is none. */
static bool hear(SSL *tls, int fd, char *line, size_t max)
{
	size_t n = 0;
	for (char ch; n < max - 1 && (tls != NULL ? SSL_read(tls, &ch, 1) == 1 : read(fd, &ch, 1) == 1);) {
		if (ch == '\n') {
			line[n > 0 && line[n - 1] == '\r' ? n - 1 : n] = '\0';
			return true;
		}
		line[n++] = ch;
	}
	return false;
}

static SSL *shake_hands(int fd)
{
	SSL *tls = SSL_new(server.shows);
	SSL_set_fd(tls, fd);
	if (SSL_accept(tls) == 1)
		return tls;
	SSL_free(tls);
	return NULL;
}

static void serve_https(int fd)
{
	char line[1024];
	SSL *tls = shake_hands(fd);
	bool heard;

	if (tls == NULL)
		return;
	/* A client that looks at the name after the handshake leaves without a word. */
	while ((heard = hear(tls, fd, line, sizeof(line))) && line[0] != '\0')
		;
	if (heard) {
		server.told++;
		say(tls, fd, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nfine");
	}
	SSL_shutdown(tls);
	SSL_free(tls);
}

static void serve_smtp(int fd)
{
	char line[1024];
	SSL *tls = NULL;
	bool data = false, more = true;

	say(NULL, fd, "220 test\r\n");
	while (more && hear(tls, fd, line, sizeof(line))) {
		if (data) {
			data = strcmp(line, ".") != 0;
			server.told += data ? 0 : 1;
			say(tls, fd, data ? "" : "250 queued\r\n");
		} else if (strcasecmp(line, "STARTTLS") == 0) {
			say(NULL, fd, "220 go on\r\n");
			tls = shake_hands(fd);
			more = tls != NULL;
		} else if (strncasecmp(line, "EHLO", 4) == 0 && tls == NULL) {
			say(NULL, fd, "250-test\r\n250 STARTTLS\r\n");
		} else {
			data = strcasecmp(line, "DATA") == 0;
			more = strcasecmp(line, "QUIT") != 0;
			say(tls, fd, data ? "354 go on\r\n" : more ? "250 ok\r\n" : "221 bye\r\n");
		}
	}
	SSL_free(tls);
}

static void *serve(void *arg)
{
	(void)arg;
	for (int fd; (fd = accept(server.fd, NULL, NULL)) >= 0; close(fd)) {
		if (server.kind == HTTPS)
			serve_https(fd);
		else
			serve_smtp(fd);
	}
	return NULL;
}

/* ------------------------------------------------------------------ who is believed */

static struct identity authority, stranger;
static struct arena *arena;
static struct ctx c;
static char trusted[] = "/tmp/ecostore-trust-XXXXXX";

static void trust(const struct identity *i)
{
	int fd = mkstemp(trusted);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, i->certificate), 1);
	fclose(file);
	setenv("SSL_CERT_FILE", trusted, 1);
}

static int start(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	arena = arena_new(8 << 20);
	authority = new_identity("Trusted", NULL, NULL, -10, 10);
	stranger = new_identity("Unknown", NULL, NULL, -10, 10);
	trust(&authority);
	server.fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(server.fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(server.fd, 8), 0);
	assert_int_equal(getsockname(server.fd, (struct sockaddr *)&address, &len), 0);
	server.port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&server.thread, NULL, serve, NULL), 0);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	shutdown(server.fd, SHUT_RDWR);
	pthread_join(server.thread, NULL);
	close(server.fd);
	unlink(trusted);
	free_identity(&authority);
	free_identity(&stranger);
	arena_free(arena);
	return 0;
}

static err_t ask(void)
{
	const char *url = arena_printf(arena, "https://localhost:%d/", server.port);
	const struct httpc_request rq = {.method = METHOD_GET, .url = url, .timeout_ms = 5000, .response_max = 1000};
	struct httpc_response rs;
	return httpc_exchange(&c, &rq, &rs);
}

static err_t post(void)
{
	const struct mail_server to = {.host_port = arena_printf(arena, "localhost:%d", server.port), .timeout_secs = 5, .starttls = true};
	const struct mail m = {.from = "shop@ecostore.test", .to = "ada@example.org", .subject = "s", .text = "t", .html = "<p>t</p>",
		.message_id = "1@ecostore.test", .date_us = INT64_C(1790000000) * US_PER_SEC};
	return mail_send(&c, &to, &m);
}

/* The server shows this and is asked: whether it was believed. */
static bool believed(enum kind kind, struct identity shown)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	int before = server.told;

	assert_int_equal(SSL_CTX_use_certificate(context, shown.certificate), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(context, shown.key), 1);
	server.shows = context;
	server.kind = kind;
	arena_reset(arena);
	ctx_init(&c, arena, NULL);
	err_t e = kind == HTTPS ? ask() : post();
	if (e != OK)
		assert_ptr_equal(e, &ERR_UNAVAILABLE); /* nothing was sent: to be tried again */
	assert_int_equal(server.told - before, e == OK ? 1 : 0);
	SSL_CTX_free(context);
	free_identity(&shown);
	return e == OK;
}

static void check(enum kind kind)
{
	assert_true(believed(kind, new_identity("a", &authority, "DNS:localhost", -1, 1)));
	assert_false(believed(kind, new_identity("b", &stranger, "DNS:localhost", -1, 1)));
	assert_false(believed(kind, new_identity("localhost", NULL, "DNS:localhost", -1, 1)));
	assert_false(believed(kind, new_identity("c", &authority, "DNS:shop.example", -1, 1)));
	assert_false(believed(kind, new_identity("localhost", &authority, "DNS:localhost.example", -1, 1)));
	assert_false(believed(kind, new_identity("d", &authority, "DNS:localhost", -3, -2)));
	assert_false(believed(kind, new_identity("e", &authority, "DNS:localhost", 2, 3)));
	assert_true(believed(kind, new_identity("f", &authority, "DNS:localhost", -1, 1)));
}

static void https_knows_whom_it_asks(void **state)
{
	(void)state;
	check(HTTPS);
}

static void mail_knows_whom_it_gives_letters(void **state)
{
	(void)state;
	check(SMTP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(https_knows_whom_it_asks),
		cmocka_unit_test(mail_knows_whom_it_gives_letters),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
