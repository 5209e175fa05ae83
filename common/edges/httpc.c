/*
 * httpc.c - one blocking HTTP exchange by libcurl, and what its outcomes mean to a caller
 * that must know whether the other side may have acted.
 *
 * Retries belong to the caller: here nothing is sent twice.
 */
#include "edges/httpc.h"
#include "base/log.h"
#include "edges/db.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_MS 3000L

/* The process' handle with its open connections; a child made by fork() makes its own. */
static CURL *handle;
static pid_t handle_owner;

struct exchange {
	struct buf body;
	bool refused_private;
	bool too_large;
};

/* ------------------------------------------------------------------ addresses */

struct net4 {
	uint32_t net;
	int bits;
};

/* IANA's special-purpose registry: nothing of the public Internet is there. */
static const struct net4 SPECIAL4[] = {
	{0x00000000, 8},
	{0x0a000000, 8},
	{0x64400000, 10},
	{0x7f000000, 8},
	{0xa9fe0000, 16},
	{0xac100000, 12},
	{0xc0000000, 24},
	{0xc0000200, 24},
	{0xc0586300, 24},
	{0xc0a80000, 16},
	{0xc6120000, 15},
	{0xc6336400, 24},
	{0xcb007100, 24},
	{0xe0000000, 4},
	{0xf0000000, 4},
};

static bool public4(uint32_t address)
{
	for (size_t i = 0; i < ARRAY_LEN(SPECIAL4); i++)
		if (address >> (32 - SPECIAL4[i].bits) == SPECIAL4[i].net >> (32 - SPECIAL4[i].bits))
			return false;
	return true;
}

/* Only global unicast 2000::/3, and of it nothing that wraps or documents another address. */
static bool public6(const uint8_t a[16])
{
	if ((a[0] & 0xe0) != 0x20)
		return false;
	bool teredo_or_orchid = a[0] == 0x20 && a[1] == 0x01 && a[2] < 0x02;
	bool documentation = (a[0] == 0x20 && a[1] == 0x01 && a[2] == 0x0d && a[3] == 0xb8) ||
			     (a[0] == 0x3f && a[1] == 0xff && a[2] < 0x10);
	bool six_to_four = a[0] == 0x20 && a[1] == 0x02;
	return !teredo_or_orchid && !documentation && !six_to_four;
}

static bool is_public(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, sa, sizeof(in));
		return public4(ntohl(in.sin_addr.s_addr));
	}
	if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, sa, sizeof(in6));
		return public6(in6.sin6_addr.s6_addr);
	}
	return false;
}

/* After name resolution, for every address tried: what a name means can't change between check and use. */
static curl_socket_t open_public_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct exchange *x = arg;
	if (purpose != CURLSOCKTYPE_IPCXN || !is_public(&address->addr)) {
		x->refused_private = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ------------------------------------------------------------------ the exchange */

static size_t receive(char *bytes, size_t size, size_t n, void *arg)
{
	struct exchange *x = arg;
	buf_put(&x->body, bytes, size * n);
	x->too_large = !buf_ok(&x->body);
	return x->too_large ? 0 : size * n;
}

static CURL *own_handle(void)
{
	if (handle_owner != getpid()) {
		/* One made before fork() is the parent's: its connections must not be closed from here. */
		if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
			abort();
		handle = curl_easy_init();
		if (!handle)
			abort();
		handle_owner = getpid();
	}
	curl_easy_reset(handle);
	return handle;
}

static void release_headers(void *list)
{
	curl_slist_free_all(list);
}

static struct curl_slist *with_header(struct curl_slist *list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(list, line);
	if (!longer)
		abort();
	return longer;
}

static err_t set_headers(struct ctx *c, CURL *h, const struct httpc_request *rq)
{
	struct curl_slist *list = with_header(NULL, "Expect:");
	if (c->traceparent)
		list = with_header(list, arena_printf(c->arena, "traceparent: %s", c->traceparent));
	for (size_t i = 0; i < rq->nheaders; i++) {
		if (utf8_has_control(str_of(rq->headers[i].value), false) ||
			utf8_has_control(str_of(rq->headers[i].name), false)) {
			curl_slist_free_all(list);
			return fail_bug(c, "control character in header %s", rq->headers[i].name);
		}
		list = with_header(list, arena_printf(c->arena, "%s: %s", rq->headers[i].name, rq->headers[i].value));
	}
	arena_defer(c->arena, release_headers, list);
	curl_easy_setopt(h, CURLOPT_HTTPHEADER, list);
	return OK;
}

static void set_limits(CURL *h, const struct httpc_request *rq, struct exchange *x)
{
	curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, rq->timeout_ms);
	curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS,
		rq->timeout_ms < CONNECT_TIMEOUT_MS ? rq->timeout_ms : CONNECT_TIMEOUT_MS);
	curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(h, CURLOPT_PROXY, "");
	curl_easy_setopt(h, CURLOPT_USERAGENT, "EcoStore");
	/* OpenSSL's own variable, which mail heeds by itself and libcurl does not. */
	if (getenv("SSL_CERT_FILE") != NULL)
		curl_easy_setopt(h, CURLOPT_CAINFO, getenv("SSL_CERT_FILE"));
	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(h, CURLOPT_WRITEDATA, x);
	if (rq->public_only) {
		/* A connection opened for someone we trust must not serve an address that strangers gave us. */
		curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, open_public_socket);
		curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, x);
		curl_easy_setopt(h, CURLOPT_FRESH_CONNECT, 1L);
		curl_easy_setopt(h, CURLOPT_FORBID_REUSE, 1L);
	}
}

static void set_method(CURL *h, const struct httpc_request *rq)
{
	if (rq->method == METHOD_GET && rq->body.n == 0)
		return;
	curl_easy_setopt(h, CURLOPT_POSTFIELDS, rq->body.n ? rq->body.p : "");
	curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)rq->body.n);
	curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, method_name(rq->method));
}

/* Only a failure before the request left is harmless; after it the effect is unknown. */
static err_t outcome(struct ctx *c, CURL *h, CURLcode code, const struct exchange *x)
{
	const char *why = curl_easy_strerror(code);
	curl_off_t ready_us = 0;

	if (x->refused_private)
		return fail(c, &ERR_PEER, "the address is not public");
	if (x->too_large)
		return fail(c, &ERR_PEER, "the answer is larger than %zu bytes", x->body.max);
	switch (code) {
	case CURLE_OK:
		return OK;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_HTTP2:
		return fail(c, &ERR_PEER, "HTTP exchange failed: %s", why);
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
		return fail(c, &ERR_UNAVAILABLE, "could not connect: %s", why);
	default:
		curl_easy_getinfo(h, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
		if (ready_us == 0)
			return fail(c, &ERR_UNAVAILABLE, "could not connect: %s", why);
		return fail(c, &ERR_TIMEOUT, "the answer never came: %s", why);
	}
}

err_t httpc_exchange(struct ctx *c, const struct httpc_request *rq, struct httpc_response *rs_r)
{
	if (c->db && db_in_tx(c)) {
		log_bug(c, "HTTP exchange inside a transaction");
		abort();
	}
	if (rq->timeout_ms <= 0 || rq->response_max == 0 || rq->method == METHOD_UNSET)
		return fail_bug(c, "HTTP exchange without method or limits");

	struct exchange x = {0};
	buf_init(&x.body, c->arena, rq->response_max);
	CURL *h = own_handle();
	curl_easy_setopt(h, CURLOPT_URL, rq->url);
	set_limits(h, rq, &x);
	set_method(h, rq);
	TRY(set_headers(c, h, rq));

	CURLcode code = curl_easy_perform(h);
	long status = 0;
	curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
	err_t e = outcome(c, h, code, &x);
	curl_easy_reset(h); /* holds pointers into this arena no longer */
	if (e != OK)
		return e;
	*rs_r = (struct httpc_response){.status = (int)status, .body = buf_str(&x.body)};
	return OK;
}
