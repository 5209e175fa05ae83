/*
 * httpc.h - HTTP client: libcurl with timeouts, a body limit, no redirects.
 *
 * Blocking; never called inside a transaction (it aborts when one is open).
 * The handle and its connection are kept per process. Whom https believes: the system's authorities, or those of
 * the file that the environment names in SSL_CERT_FILE; the same for mail. Layer: edges.
 */
#ifndef ES_HTTPC_H
#define ES_HTTPC_H

#include "edges/http.h"

struct httpc_request {
	enum method method;
	const char *url;
	const struct header *headers; /* nheaders; Content-Type included by the caller */
	size_t nheaders;
	struct str body;
	long timeout_ms;          /* whole exchange; required */
	size_t response_max;      /* bytes; more is ERR_PEER */
	bool public_only;         /* refuse private and loopback addresses: webhooks to others */
};

struct httpc_response {
	int status;
	struct str body;          /* in the arena */
};

/* ERR_TIMEOUT: the answer never came, the effect is unknown. ERR_UNAVAILABLE: could not connect, nothing was sent. ERR_PEER: nonsense. */
err_t httpc_exchange(struct ctx *c, const struct httpc_request *rq, struct httpc_response *rs_r) MUST_CHECK;

#endif
