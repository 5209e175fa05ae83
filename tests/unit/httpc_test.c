/* The HTTP client: limits, and the difference between "nothing was sent" and "nobody knows". */
#include "edges/httpc.h"

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

/* ------------------------------------------------------------------ a tiny server: the path says how it behaves */

struct web_server {
	int fd, port;
	int open_fd; /* the connection being served, or -1 */
	pthread_t thread;
	int connections;
	char head[4096], body[4096]; /* of the last request */
};

static void respond(int fd, const char *status, const char *body)
{
	char head[256];
	int n = snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nContent-Length: %zu\r\nLocation: /ok\r\n\r\n", status,
		strlen(body));
	assert_int_equal(write(fd, head, (size_t)n), n);
	assert_int_equal(write(fd, body, strlen(body)), (ssize_t)strlen(body));
}

static bool read_request(struct web_server *s, FILE *in)
{
	char line[1024], head[sizeof(s->head)] = "";
	size_t length = 0;
	while (fgets(line, sizeof(line), in)) {
		if (strcmp(line, "\r\n") == 0) {
			memcpy(s->head, head, sizeof(head));
			memset(s->body, 0, sizeof(s->body));
			return fread(s->body, 1, length, in) == length;
		}
		size_t have = strlen(head);
		snprintf(head + have, sizeof(head) - have, "%s", line);
		if (strncasecmp(line, "Content-Length:", 15) == 0)
			length = strtoul(line + 15, NULL, 10);
	}
	return false;
}

static bool answer(struct web_server *s, int fd)
{
	static char large[100001];
	memset(large, 'x', sizeof(large) - 1);
	if (strstr(s->head, " /ok ")) {
		respond(fd, "200 OK", "fine");
	} else if (strstr(s->head, " /large ")) {
		respond(fd, "200 OK", large);
	} else if (strstr(s->head, " /moved ")) {
		respond(fd, "302 Found", "");
	} else if (strstr(s->head, " /nonsense ")) {
		assert_int_equal(write(fd, "hello there\r\n\r\n", 15), 15);
		return false;
	} else if (strstr(s->head, " /slow ")) {
		char c;
		return read(fd, &c, 1) > 0; /* until the client gives up */
	} else {
		return false; /* /drop */
	}
	return true;
}

static void *serve(void *arg)
{
	struct web_server *s = arg;
	for (int fd; (fd = accept(s->fd, NULL, NULL)) >= 0;) {
		FILE *in = fdopen(fd, "r+");
		s->connections++;
		s->open_fd = fd;
		while (read_request(s, in) && answer(s, fd))
			;
		s->open_fd = -1;
		fclose(in);
	}
	return NULL;
}

static struct web_server server;
static struct arena *arena;
static struct ctx c;
static struct httpc_response rs;

static int start(void **state)
{
	(void)state;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	arena = arena_new(8 << 20);
	server.open_fd = -1;
	server.fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(server.fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(server.fd, 8), 0);
	assert_int_equal(getsockname(server.fd, (struct sockaddr *)&address, &len), 0);
	server.port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&server.thread, NULL, serve, &server), 0);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	shutdown(server.fd, SHUT_RDWR);
	if (server.open_fd >= 0)
		shutdown(server.open_fd, SHUT_RDWR); /* the client keeps its connection */
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

static struct httpc_request get(const char *path)
{
	return (struct httpc_request){.method = METHOD_GET,
		.url = arena_printf(arena, "http://127.0.0.1:%d%s", server.port, path),
		.timeout_ms = 10000,
		.response_max = 10000};
}

static void good_answer(void **state)
{
	(void)state;
	struct httpc_request rq = get("/ok");
	c.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
	assert_ptr_equal(httpc_exchange(&c, &rq, &rs), OK);
	assert_int_equal(rs.status, 200);
	assert_true(str_eq(rs.body, "fine"));
	assert_non_null(strstr(server.head, "traceparent: 00-0af7651916cd43dd8448eb211c80319c"));
	int connections = server.connections;
	assert_ptr_equal(httpc_exchange(&c, &rq, &rs), OK);
	assert_int_equal(server.connections, connections);
}

static void post_with_headers(void **state)
{
	(void)state;
	const struct header headers[] = {{"Content-Type", "application/json"}, {"Idempotency-Key", "k1"}};
	struct httpc_request rq = get("/ok");
	rq.method = METHOD_POST;
	rq.headers = headers;
	rq.nheaders = 2;
	rq.body = STR("{\"a\":1}");
	assert_ptr_equal(httpc_exchange(&c, &rq, &rs), OK);
	assert_non_null(strstr(server.head, "POST /ok HTTP/1.1\r\n"));
	assert_non_null(strstr(server.head, "Idempotency-Key: k1\r\n"));
	assert_null(strstr(server.head, "Expect"));
	assert_string_equal(server.body, "{\"a\":1}");

	const struct header bad[] = {{"X", "a\r\nY: b"}};
	rq.headers = bad;
	rq.nheaders = 1;
	assert_ptr_equal(httpc_exchange(&c, &rq, &rs), &ERR_INTERNAL);
}

static void redirects_are_not_followed(void **state)
{
	(void)state;
	struct httpc_request rq = get("/moved");
	assert_ptr_equal(httpc_exchange(&c, &rq, &rs), OK);
	assert_int_equal(rs.status, 302);
}

static void too_large(void **state)
{
	(void)state;
	struct httpc_request rq = get("/large");
	assert_ptr_equal(httpc_exchange(&c, &rq, &rs), &ERR_PEER);
	assert_non_null(strstr(c.detail, "larger than 10000"));
}

static void unknown_outcomes(void **state)
{
	(void)state;
	struct httpc_request rq = get("/slow");
	rq.timeout_ms = 200;
	assert_ptr_equal(httpc_exchange(&c, &rq, &rs), &ERR_TIMEOUT);
	rq = get("/drop");
	assert_ptr_equal(httpc_exchange(&c, &rq, &rs), &ERR_TIMEOUT);
}

static void nonsense(void **state)
{
	(void)state;
	struct httpc_request rq = get("/nonsense");
	assert_ptr_equal(httpc_exchange(&c, &rq, &rs), &ERR_PEER);
}

static void nothing_was_sent(void **state)
{
	(void)state;
	struct httpc_request rq = get("/");
	rq.url = "http://127.0.0.1:1/";
	assert_ptr_equal(httpc_exchange(&c, &rq, &rs), &ERR_UNAVAILABLE);
}

static void other_protocols(void **state)
{
	(void)state;
	struct httpc_request rq = get("/");
	rq.url = "file:///etc/passwd";
	assert_ptr_equal(httpc_exchange(&c, &rq, &rs), &ERR_PEER);
	rq.url = "gopher://127.0.0.1/";
	assert_ptr_equal(httpc_exchange(&c, &rq, &rs), &ERR_PEER);
}

static void private_addresses(void **state)
{
	(void)state;
	static const char *const HOSTS[] = {"127.0.0.1", "localhost", "10.1.2.3", "172.31.0.1", "192.168.0.1",
		"169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "2130706433", "0x7f.1",
		"[::1]", "[::]", "[::ffff:127.0.0.1]", "[fe80::1]", "[fd00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
		"[2001:db8::1]"};
	for (size_t i = 0; i < ARRAY_LEN(HOSTS); i++) {
		struct httpc_request rq = get("/");
		rq.url = arena_printf(arena, "http://%s:%d/ok", HOSTS[i], server.port);
		rq.public_only = true;
		int connections = server.connections;
		err_t e = httpc_exchange(&c, &rq, &rs);
		if (e != &ERR_PEER)
			print_error("%s: %s\n", HOSTS[i], e ? c.detail : "connected");
		assert_ptr_equal(e, &ERR_PEER);
		assert_int_equal(server.connections, connections);
	}
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, fresh)
	const struct CMUnitTest tests[] = {
		TEST(good_answer),
		TEST(post_with_headers),
		TEST(redirects_are_not_followed),
		TEST(too_large),
		TEST(unknown_outcomes),
		TEST(nonsense),
		TEST(nothing_was_sent),
		TEST(other_protocols),
		TEST(private_addresses),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
