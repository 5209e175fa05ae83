/*
 * fcgi.c - the two sources of requests: FastCGI through libfcgi, and plain CGI. Everything
 * libfcgi lends is copied into the request's arena before anybody else sees it.
 *
 * Workers are single-threaded and keep their signals blocked: libfcgi's reads do not
 * survive EINTR. The listening socket is non-blocking and polled together with stop_fd,
 * because a process inside accept() can't be asked to stop.
 */
#include "edges/fcgi.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define PARAMS_MAX 200
#define PATH_MAX_BYTES 2048
#define HEADER_BLOCK_MAX 16384
/* Requests already queued on the socket are still served after the word to stop, up to this many. */
#define DRAIN_MAX 128

struct pair {
	const char *name, *value;
};

/* What rq->env points to. */
struct environment {
	struct pair list[PARAMS_MAX];
	size_t n;
};

struct fcgi {
	FCGX_Request fcgx;
	int listen_fd, stop_fd;
	bool cgi;         /* plain CGI: one request */
	bool served;
	unsigned drained; /* requests served after the word to stop */
};

extern char **environ;

struct fcgi *fcgi_open(int listen_fd, int stop_fd)
{
	struct fcgi *f = calloc(1, sizeof(*f));

	if (f == NULL)
		abort();
	f->listen_fd = listen_fd;
	f->stop_fd = stop_fd;
	f->cgi = listen_fd < 0;
	signal(SIGPIPE, SIG_IGN);
	if (f->cgi)
		return f;
	/* Installs handlers of its own for SIGPIPE, SIGUSR1 and SIGTERM: ours are put back. */
	struct sigaction term;
	sigaction(SIGTERM, NULL, &term);
	if (FCGX_Init() != 0 || FCGX_InitRequest(&f->fcgx, listen_fd, FCGI_FAIL_ACCEPT_ON_INTR) != 0)
		abort();
	sigaction(SIGTERM, &term, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, SIG_DFL);
	if (fcntl(listen_fd, F_SETFL, fcntl(listen_fd, F_GETFL) | O_NONBLOCK) != 0)
		abort();
	return f;
}

void fcgi_close(struct fcgi *f)
{
	if (f == NULL)
		return;
	if (!f->cgi)
		FCGX_Free(&f->fcgx, 1);
	free(f);
}

/* ------------------------------------------------------------------ parameters */

const char *fcgi_param(const struct request *rq, const char *name)
{
	const struct environment *env = rq->env;

	for (size_t i = 0; env != NULL && i < env->n; i++) {
		if (strcmp(env->list[i].name, name) == 0)
			return env->list[i].value;
	}
	return NULL;
}

static struct environment *copy_environment(struct arena *a, char *const *envp)
{
	struct environment *env = arena_new_of(a, struct environment);

	for (; envp != NULL && *envp != NULL && env->n < PARAMS_MAX; envp++) {
		char *copy = arena_strdup(a, *envp), *equals = strchr(copy, '=');
		if (equals == NULL)
			continue;
		*equals = '\0';
		env->list[env->n++] = (struct pair){.name = copy, .value = equals + 1};
	}
	return env;
}

static enum method method_of(const char *name, bool *head_r)
{
	*head_r = name != NULL && strcmp(name, "HEAD") == 0;
	if (*head_r)
		return METHOD_GET;
	for (enum method m = METHOD_GET; name != NULL && m < METHOD_N; m++) {
		if (strcmp(name, method_name(m)) == 0)
			return m;
	}
	return METHOD_UNSET;
}

/* PATH_INFO comes decoded: escape it again, so that one rule reads every path. */
static const char *encoded_path(struct arena *a, const char *decoded)
{
	struct buf b;
	struct str rest = str_of(decoded), segment;
	bool first = true;

	buf_init(&b, a, PATH_MAX_BYTES * 3);
	while (str_next(&rest, '/', &segment)) {
		if (!first)
			buf_putc(&b, '/');
		first = false;
		buf_url(&b, segment);
		if (rest.p == NULL)
			break;
	}
	return buf_ok(&b) && b.p != NULL ? b.p : "";
}

static const char *find_raw_path(const struct request *rq, bool cgi)
{
	const char *info = fcgi_param(rq, "PATH_INFO"), *uri = fcgi_param(rq, "REQUEST_URI");

	/* A script's own URL is not part of ours. */
	if (cgi && info != NULL && info[0] != '\0')
		return encoded_path(rq->ctx.arena, info);
	if (uri != NULL && uri[0] != '\0')
		return arena_strndup(rq->ctx.arena, uri, strcspn(uri, "?#"));
	uri = fcgi_param(rq, "SCRIPT_NAME");
	return encoded_path(rq->ctx.arena, uri != NULL ? uri : "/");
}

static err_t check_segments(struct ctx *c, const char *path)
{
	for (const char *p = path; *p != '\0'; p++) {
		if (*p != '/')
			continue;
		size_t n = strcspn(p + 1, "/");
		bool last = p[1 + n] == '\0';
		if ((n == 0 && !last) || (n == 1 && p[1] == '.') || (n == 2 && p[1] == '.' && p[2] == '.'))
			return fail(c, &ERR_BAD_REQUEST, "the path has an empty or a dot segment");
	}
	return OK;
}

static err_t read_path(struct request *rq, bool cgi)
{
	struct ctx *c = &rq->ctx;
	struct str decoded;

	rq->raw_path = find_raw_path(rq, cgi);
	rq->path = "/";
	/* An absolute-form target (RFC 9112 §3.2.2) is not for us: nginx turns it into a path. */
	if (rq->raw_path[0] != '/' || strlen(rq->raw_path) > PATH_MAX_BYTES)
		return fail(c, &ERR_BAD_REQUEST, "the path is too long or does not begin with a slash");
	if (!url_decode(c->arena, str_of(rq->raw_path), false, &decoded) || !utf8_valid(decoded) ||
	    utf8_has_control(decoded, false))
		return fail(c, &ERR_BAD_REQUEST, "the path is not percent-encoded UTF-8");
	TRY(check_segments(c, rq->raw_path));
	rq->path = str_dup(c->arena, decoded);
	return check_segments(c, rq->path);
}

static err_t fill(struct request *rq, bool cgi)
{
	const char *query, *listener = fcgi_param(rq, "ES_LISTENER"), *https = fcgi_param(rq, "HTTPS");

	rq->method = method_of(fcgi_param(rq, "REQUEST_METHOD"), &rq->head);
	query = fcgi_param(rq, "QUERY_STRING");
	rq->query_string = str_of(query);
	rq->client_ip = fcgi_param(rq, "REMOTE_ADDR");
	rq->internal = listener != NULL && strcmp(listener, "internal") == 0;
	rq->https = https != NULL && strcmp(https, "on") == 0;
	return read_path(rq, cgi);
}

/* ------------------------------------------------------------------ the body */

static err_t body_length(struct request *rq, size_t limit, size_t *length_r)
{
	const char *text = fcgi_param(rq, "CONTENT_LENGTH");
	int64_t length = 0;

	if (text != NULL && text[0] != '\0' && (!str_int64(str_of(text), &length) || length < 0))
		return fail(&rq->ctx, &ERR_BAD_REQUEST, "Content-Length is not a number");
	if ((uint64_t)length > limit)
		return fail(&rq->ctx, &ERR_TOO_LARGE, "the body may have at most %zu bytes", limit);
	*length_r = (size_t)length;
	return OK;
}

static size_t read_stdin(char *p, size_t n)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r = read(STDIN_FILENO, p + got, n - got);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			break;
		got += (size_t)r;
	}
	return got;
}

static size_t read_stream(FCGX_Stream *in, char *p, size_t n)
{
	size_t got = 0;

	while (got < n) {
		int r = FCGX_GetStr(p + got, (int)(n - got > 1 << 20 ? 1 << 20 : n - got), in);
		if (r <= 0 || FCGX_GetError(in) != 0)
			break;
		got += (size_t)r;
	}
	return got;
}

static err_t read_body(struct fcgi *f, struct request *rq, size_t limit)
{
	size_t length = 0, got;

	TRY(body_length(rq, limit, &length));
	if (length == 0)
		return OK;
	char *p = arena_alloc(rq->ctx.arena, length + 1);
	got = f->cgi ? read_stdin(p, length) : read_stream(f->fcgx.in, p, length);
	if (got != length)
		return fail(&rq->ctx, &ERR_BAD_REQUEST, "the body ended after %zu of %zu bytes", got, length);
	rq->body = (struct str){.p = p, .n = length};
	return OK;
}

/* ------------------------------------------------------------------ accept and finish */

/* True: libfcgi holds a request. False: stop. */
static bool wait_for_request(struct fcgi *f, struct ctx *c)
{
	for (;;) {
		struct pollfd fds[2] = {{.fd = f->listen_fd, .events = POLLIN}, {.fd = f->stop_fd, .events = POLLIN}};
		bool stopping = f->drained > 0;

		if (poll(fds, 2, stopping ? 0 : -1) < 0 && errno != EINTR)
			abort();
		stopping = stopping || fds[1].revents != 0;
		if (stopping && (fds[0].revents == 0 || f->drained >= DRAIN_MAX))
			return false;
		int rc = FCGX_Accept_r(&f->fcgx);
		if (rc == 0) {
			f->drained += stopping ? 1 : 0;
			return true;
		}
		if (stopping)
			return false;
		if (rc != -EAGAIN && rc != -EINTR && rc != -ECONNABORTED)
			log_peer(c, "could not accept a FastCGI connection", LS("error", strerror(-rc)));
	}
}

err_t fcgi_accept(struct fcgi *f, struct request *rq, size_t body_limit, bool *got_r)
{
	*got_r = f->cgi ? !f->served : wait_for_request(f, &rq->ctx);
	if (!*got_r)
		return OK;
	f->served = true;
	rq->env = copy_environment(rq->ctx.arena, f->cgi ? environ : f->fcgx.envp);
	TRY(fill(rq, f->cgi));
	return read_body(f, rq, body_limit);
}

static bool write_stdout(struct str s)
{
	while (s.n > 0) {
		ssize_t w = write(STDOUT_FILENO, s.p, s.n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return false;
		s = (struct str){.p = s.p + w, .n = s.n - (size_t)w};
	}
	return true;
}

static bool put(struct fcgi *f, struct str s)
{
	if (f->cgi)
		return write_stdout(s);
	while (s.n > 0) {
		int n = s.n > 1 << 20 ? 1 << 20 : (int)s.n;
		if (FCGX_PutStr(s.p, n, f->fcgx.out) != n)
			return false;
		s = (struct str){.p = s.p + n, .n = s.n - (size_t)n};
	}
	return true;
}

/* nginx passes the phrase on, and a status line without its space is malformed (RFC 9112 §4). */
static const char *reason_of(int status)
{
	static const struct {
		int status;
		const char *reason;
	} REASONS[] = {
		{200, "OK"},
		{201, "Created"},
		{202, "Accepted"},
		{204, "No Content"},
		{303, "See Other"},
		{304, "Not Modified"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{409, "Conflict"},
		{412, "Precondition Failed"},
		{413, "Content Too Large"},
		{415, "Unsupported Media Type"},
		{422, "Unprocessable Content"},
		{429, "Too Many Requests"},
		{500, "Internal Server Error"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
	};

	for (size_t i = 0; i < ARRAY_LEN(REASONS); i++) {
		if (REASONS[i].status == status)
			return REASONS[i].reason;
	}
	return status < 400 ? "Done" : "Error";
}

bool fcgi_finish(struct fcgi *f, struct request *rq)
{
	const struct response *res = &rq->res;
	bool bodyless = res->status == 204 || res->status == 304;
	struct buf head;
	bool sent;

	buf_init(&head, rq->ctx.arena, HEADER_BLOCK_MAX);
	buf_printf(&head, "Status: %d %s\r\n", res->status, reason_of(res->status));
	if (res->content_type != NULL && !bodyless)
		buf_printf(&head, "Content-Type: %s\r\n", res->content_type);
	if (!bodyless)
		buf_printf(&head, "Content-Length: %zu\r\n", res->body.n);
	for (size_t i = 0; i < res->nheaders; i++)
		buf_printf(&head, "%s: %s\r\n", res->headers[i].name, res->headers[i].value);
	buf_puts(&head, "\r\n");
	if (!buf_ok(&head)) {
		log_bug(&rq->ctx, "response headers are too long");
		buf_init(&head, rq->ctx.arena, HEADER_BLOCK_MAX);
		buf_puts(&head, "Status: 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n");
		bodyless = true;
	}
	sent = put(f, buf_str(&head));
	if (sent && !bodyless && !rq->head)
		sent = put(f, res->body);
	if (!f->cgi) {
		sent = FCGX_FClose(f->fcgx.out) == 0 && sent;
		FCGX_Finish_r(&f->fcgx);
	}
	return sent;
}

void fcgi_fake(struct request *rq, const char *const *params, struct str body)
{
	struct environment *env = arena_new_of(rq->ctx.arena, struct environment);

	for (; params != NULL && params[0] != NULL && env->n < PARAMS_MAX; params += 2)
		env->list[env->n++] = (struct pair){.name = params[0], .value = params[1]};
	rq->env = env;
	rq->body = body;
	rq->broken = fill(rq, false);
}
