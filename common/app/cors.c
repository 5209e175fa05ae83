/*
 * cors.c - which other origins' scripts may call the API: those of config cors_origins
 * (comma-separated), with credentials only by token, never by cookie.
 */
#include <string.h>

#include "app/frame.h"
#include "edges/fcgi.h"

#define EXPOSED "ETag, Location, Retry-After, X-Request-Id, Idempotent-Replayed"
#define ACCEPTED "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Order-Token, Traceparent"

static const char *allowed_origin(struct request *rq)
{
	const char *origin = request_header(rq, "Origin");
	struct str rest = {NULL, 0}, one;

	if (origin == NULL || rq->app == NULL || rq->app->cors_origins == NULL)
		return NULL;
	if (strncmp(rq->path, "/api/", 5) != 0 && strncmp(rq->path, "/.well-known/", 13) != 0)
		return NULL;
	rest = str_of(rq->app->cors_origins);
	while (rest.n > 0 && str_next(&rest, ',', &one)) {
		if (str_eq(str_trim(one), origin))
			return origin;
	}
	return NULL;
}

void cors_headers(struct request *rq)
{
	const char *origin = allowed_origin(rq);

	if (origin == NULL)
		return;
	response_header(rq, "Access-Control-Allow-Origin", origin);
	response_header(rq, "Access-Control-Expose-Headers", EXPOSED);
	response_header(rq, "Vary", "Origin");
}

bool cors_preflight(struct request *rq, const char *allow)
{
	if (rq->method != METHOD_OPTIONS || allowed_origin(rq) == NULL)
		return false;
	response_header(rq, "Access-Control-Allow-Methods", allow);
	response_header(rq, "Access-Control-Allow-Headers", ACCEPTED);
	response_header(rq, "Access-Control-Max-Age", "600");
	return respond_empty(rq, 204) == OK;
}
