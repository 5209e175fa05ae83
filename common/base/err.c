/*
 * err.c - the outcomes every service shares. What is a service's own is in its
 * problems.c; how an outcome is shown is app/problem.c's business.
 *
 * Layer: base.
 */
#include "base/err.h"

DEFINE_PROBLEM(ERR_BAD_REQUEST, "bad_request", 400, "The request can't be understood", 0);
DEFINE_PROBLEM(ERR_MALFORMED_JSON, "malformed_json", 400, "The body is not valid JSON", 0);
DEFINE_PROBLEM(
	ERR_UNKNOWN_PARAMETER, "unknown_parameter", 400, "The query has a parameter this address doesn't know", 0);
DEFINE_PROBLEM(ERR_IDEMPOTENCY_REQUIRED, "idempotency_key_required", 400, "An Idempotency-Key header is required", 0);
DEFINE_PROBLEM(ERR_UNAUTHENTICATED, "unauthenticated", 401, "Please sign in", 0);
DEFINE_PROBLEM(ERR_FORBIDDEN, "forbidden", 403, "You may not do this", 0);
DEFINE_PROBLEM(ERR_CSRF, "csrf_failed", 403, "The form is too old or came from another site", 0);
DEFINE_PROBLEM(ERR_NOT_FOUND, "not_found", 404, "There is nothing here", 0);
DEFINE_PROBLEM(ERR_METHOD, "method_not_allowed", 405, "This address doesn't know that method", 0);
DEFINE_PROBLEM(ERR_CONFLICT, "conflict", 409, "The request doesn't fit the current state", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_IDEMPOTENCY_RUNNING, "idempotency_key_in_use", 409,
	"A request with this Idempotency-Key is still running", PROBLEM_RETRY);
DEFINE_PROBLEM(ERR_PRECONDITION, "precondition_failed", 412, "It was changed meanwhile", 0);
DEFINE_PROBLEM(ERR_TOO_LARGE, "body_too_large", 413, "The body is too large", 0);
DEFINE_PROBLEM(ERR_MEDIA_TYPE, "unsupported_media_type", 415, "The body has a type this address doesn't take", 0);
DEFINE_PROBLEM(ERR_INVALID, "invalid", 422, "Some fields need another value", 0);
DEFINE_PROBLEM(
	ERR_IDEMPOTENCY_REUSED, "idempotency_key_reused", 422, "This Idempotency-Key was used with another request", 0);
DEFINE_PROBLEM(ERR_RATE_LIMITED, "rate_limited", 429, "Too many requests", PROBLEM_RETRY);

DEFINE_PROBLEM(ERR_INTERNAL, "internal", 500, "Something went wrong on our side", PROBLEM_BUG);
DEFINE_PROBLEM(ERR_PEER, "peer_failed", 502, "A system we depend on didn't answer as expected", 0);
DEFINE_PROBLEM(ERR_UNAVAILABLE, "unavailable", 503, "The service is not available right now", PROBLEM_RETRY);
DEFINE_PROBLEM(ERR_UNCERTAIN, "uncertain", 503, "It is not known whether the request succeeded", PROBLEM_RETRY);
DEFINE_PROBLEM(ERR_TIMEOUT, "timeout", 504, "It took too long", PROBLEM_RETRY);

DEFINE_PROBLEM(ERR_REPLAY, "replay", 500, "A stored answer is to be sent", PROBLEM_BUG);
DEFINE_PROBLEM(ERR_RETRY, "retry", 503, "The transaction is to be run again", PROBLEM_RETRY);
