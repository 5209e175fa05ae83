/*
 * fcgi_peer.c - see fcgi_peer.h.
 */
#include "fcgi_peer.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_MAX (1u << 20)
#define RECORD_MAX 65535u
#define WAIT_MS 15000

enum record { BEGIN = 1, PARAMS = 4, STDIN = 5, STDOUT = 6 };

static void put(int fd, const void *p, size_t n)
{
	const char *bytes = p;

	while (n > 0) {
		ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
		if (sent <= 0)
			return;
		bytes += sent;
		n -= (size_t)sent;
	}
}

static void put_record(int fd, enum record type, const void *p, size_t n)
{
	unsigned char head[8] = {1, (unsigned char)type, 0, 1, (unsigned char)(n >> 8), (unsigned char)(n & 255), 0, 0};

	put(fd, head, sizeof(head));
	put(fd, p, n);
}

static size_t add_param(unsigned char *out, const char *name, const char *value)
{
	size_t n = strlen(name), v = strlen(value);

	if (n > 127 || v > 127)
		abort();
	out[0] = (unsigned char)n;
	out[1] = (unsigned char)v;
	memcpy(out + 2, name, n);
	memcpy(out + 2 + n, value, v);
	return 2 + n + v;
}

static struct peer send_request(const char *socket_path, const char *method, const char *path, struct str body,
	size_t claimed)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct peer p = {.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	const unsigned char begin[8] = {0, 1};
	unsigned char params[2048];
	char length[24];
	size_t n = 0;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
	if (connect(p.fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		close(p.fd);
		p.fd = -1;
		return p;
	}
	snprintf(length, sizeof(length), "%zu", claimed);
	n += add_param(params + n, "REQUEST_METHOD", method);
	n += add_param(params + n, "REQUEST_URI", path);
	n += add_param(params + n, "QUERY_STRING", "");
	n += add_param(params + n, "CONTENT_LENGTH", claimed > 0 ? length : "");
	n += add_param(params + n, "REMOTE_ADDR", "127.0.0.1");
	n += add_param(params + n, "ES_LISTENER", "internal");
	put_record(p.fd, BEGIN, begin, sizeof(begin));
	put_record(p.fd, PARAMS, params, n);
	put_record(p.fd, PARAMS, NULL, 0);
	while (body.n > 0) {
		size_t part = body.n < RECORD_MAX ? body.n : RECORD_MAX;
		put_record(p.fd, STDIN, body.p, part);
		body = (struct str){.p = body.p + part, .n = body.n - part};
	}
	put_record(p.fd, STDIN, NULL, 0);
	return p;
}

struct peer peer_send(const char *socket_path, const char *method, const char *path, struct str body)
{
	return send_request(socket_path, method, path, body, body.n);
}

static size_t receive_all(int fd, unsigned char *bytes)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	size_t got = 0;

	while (got < ANSWER_MAX && poll(&wait, 1, WAIT_MS) > 0) {
		ssize_t n = recv(fd, bytes + got, ANSWER_MAX - got, 0);
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	return got;
}

/* The STDOUT records' contents, one after the other. */
static size_t unwrap(const unsigned char *bytes, size_t n, char *out)
{
	size_t used = 0;

	for (size_t at = 0; at + 8 <= n;) {
		size_t length = ((size_t)bytes[at + 4] << 8) | bytes[at + 5];
		if (at + 8 + length > n)
			break;
		if (bytes[at + 1] == STDOUT) {
			memcpy(out + used, bytes + at + 8, length);
			used += length;
		}
		at += 8 + length + bytes[at + 6];
	}
	out[used] = '\0';
	return used;
}

struct peer_answer peer_receive(struct peer *p)
{
	static unsigned char bytes[ANSWER_MAX];
	static char text[ANSWER_MAX + 1];
	struct peer_answer a = {.head = "", .body = ""};
	size_t n;
	char *end;

	if (p->fd < 0)
		return a;
	n = unwrap(bytes, receive_all(p->fd, bytes), text);
	close(p->fd);
	p->fd = -1;
	end = strstr(text, "\r\n\r\n");
	if (end == NULL || strncmp(text, "Status: ", 8) != 0)
		return a;
	*end = '\0';
	a.status = (int)strtol(text + 8, NULL, 10);
	a.head = text;
	a.body = end + 4;
	a.body_length = n - (size_t)(end + 4 - text);
	return a;
}

struct peer_answer peer_request(const char *socket_path, const char *method, const char *path, struct str body)
{
	struct peer p = peer_send(socket_path, method, path, body);

	return peer_receive(&p);
}

struct peer_answer peer_cut_short(const char *socket_path, const char *path, struct str body)
{
	struct peer p = send_request(socket_path, "POST", path, body, body.n + 1);

	return peer_receive(&p);
}
