/* web_stub.c - see web_stub.h. One connection at a time. */
#include "web_stub.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define TEXT_MAX 16384

static struct {
	int fd, open_fd;
	char base[64];
	pthread_t thread;
	pthread_mutex_t lock;
	int status, delay_ms, requests;
	char answer[TEXT_MAX], head[TEXT_MAX], body[TEXT_MAX];
	char shown_head[TEXT_MAX], shown_body[TEXT_MAX];
} stub = {.fd = -1, .open_fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER, .status = 200, .answer = "{}"};

static bool read_request(FILE *in)
{
	char line[4096], head[TEXT_MAX] = "", body[TEXT_MAX] = "";
	size_t length = 0, used = 0;

	while (fgets(line, sizeof(line), in) != NULL) {
		if (strcmp(line, "\r\n") != 0) {
			size_t n = strlen(line);
			if (used + n >= sizeof(head))
				return false;
			memcpy(head + used, line, n + 1);
			used += n;
			if (strncasecmp(line, "Content-Length:", 15) == 0)
				length = strtoul(line + 15, NULL, 10);
			continue;
		}
		if (length >= sizeof(body) || fread(body, 1, length, in) != length)
			return false;
		pthread_mutex_lock(&stub.lock);
		memcpy(stub.head, head, sizeof(head));
		memcpy(stub.body, body, sizeof(body));
		stub.requests++;
		pthread_mutex_unlock(&stub.lock);
		return true;
	}
	return false;
}

static bool answer(int fd)
{
	char text[TEXT_MAX + 200];

	pthread_mutex_lock(&stub.lock);
	int status = stub.status, delay_ms = stub.delay_ms;
	int n = snprintf(text, sizeof(text),
		"HTTP/1.1 %d Status\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", status,
		strlen(stub.answer), stub.answer);
	pthread_mutex_unlock(&stub.lock);
	usleep((useconds_t)delay_ms * 1000);
	return status != 0 && send(fd, text, (size_t)n, MSG_NOSIGNAL) == n;
}

static void *serve(void *arg)
{
	(void)arg;
	for (int fd; (fd = accept(stub.fd, NULL, NULL)) >= 0;) {
		FILE *in = fdopen(fd, "r");
		stub.open_fd = fd;
		while (read_request(in) && answer(fd))
			;
		stub.open_fd = -1;
		fclose(in);
	}
	return NULL;
}

const char *stub_start(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);

	stub.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (stub.fd < 0 || bind(stub.fd, (struct sockaddr *)&address, len) != 0 || listen(stub.fd, 16) != 0 ||
		getsockname(stub.fd, (struct sockaddr *)&address, &len) != 0 ||
		pthread_create(&stub.thread, NULL, serve, NULL) != 0)
		abort();
	snprintf(stub.base, sizeof(stub.base), "http://127.0.0.1:%d", ntohs(address.sin_port));
	return stub.base;
}

void stub_stop(void)
{
	shutdown(stub.fd, SHUT_RDWR);
	if (stub.open_fd >= 0)
		shutdown(stub.open_fd, SHUT_RDWR); /* the client keeps its connection */
	pthread_join(stub.thread, NULL);
	close(stub.fd);
}

void stub_answers(int status, const char *body, int delay_ms)
{
	pthread_mutex_lock(&stub.lock);
	stub.status = status;
	stub.delay_ms = delay_ms;
	stub.requests = 0;
	snprintf(stub.answer, sizeof(stub.answer), "%s", body != NULL ? body : "");
	pthread_mutex_unlock(&stub.lock);
}

int stub_requests(void)
{
	pthread_mutex_lock(&stub.lock);
	int n = stub.requests;
	pthread_mutex_unlock(&stub.lock);
	return n;
}

static const char *shown(char *to, const char *from)
{
	pthread_mutex_lock(&stub.lock);
	memcpy(to, from, TEXT_MAX);
	pthread_mutex_unlock(&stub.lock);
	return to;
}

const char *stub_head(void)
{
	return shown(stub.shown_head, stub.head);
}

const char *stub_body(void)
{
	return shown(stub.shown_body, stub.body);
}
