/*
 * err.h - outcomes. Every fallible function returns err_t: OK (NULL) or a pointer
 * to the constant row that names the failure. common/ defines the rows below;
 * a service defines its own the same way, in its problems.c (see DEFINE_PROBLEM).
 *
 * The row becomes an RFC 9457 problem document, or an error page, in exactly one
 * place: app/problem.c. Which row a constraint violation becomes is said in the
 * store's constraint table (edges/db.h).
 *
 * Layer: base.
 */
#ifndef ES_ERR_H
#define ES_ERR_H

#include "base/base.h"

enum problem_flags {
	/* A decision of a business rule: stored with its idempotency key and replayed. */
	PROBLEM_RULE = 1u << 0,
	/* Ours to mend: logged at error level; the detail is never shown to the client. */
	PROBLEM_BUG = 1u << 1,
	/* The same request may succeed later: answered with Retry-After. */
	PROBLEM_RETRY = 1u << 2,
};

struct problem {
	const char *code;  /* stable, snake_case: "out_of_stock" */
	int status;        /* HTTP status, 400..599 */
	const char *title; /* one English sentence without full stop */
	unsigned flags;    /* enum problem_flags */
};

/* In a header: extern const struct problem ERR_X; in one .c: DEFINE_PROBLEM(ERR_X, "x", 409, "…", PROBLEM_RULE); */
#define DEFINE_PROBLEM(NAME, CODE, STATUS, TITLE, FLAGS) \
	const struct problem NAME = {.code = (CODE), .status = (STATUS), .title = (TITLE), .flags = (FLAGS)}

/* The request itself. */
extern const struct problem ERR_BAD_REQUEST;           /* 400 bad_request */
extern const struct problem ERR_MALFORMED_JSON;        /* 400 malformed_json */
extern const struct problem ERR_UNKNOWN_PARAMETER;     /* 400 unknown_parameter: query of an API route */
extern const struct problem ERR_IDEMPOTENCY_REQUIRED;  /* 400 idempotency_key_required */
extern const struct problem ERR_UNAUTHENTICATED;       /* 401 unauthenticated */
extern const struct problem ERR_FORBIDDEN;             /* 403 forbidden */
extern const struct problem ERR_CSRF;                  /* 403 csrf_failed */
extern const struct problem ERR_NOT_FOUND;             /* 404 not_found */
extern const struct problem ERR_METHOD;                /* 405 method_not_allowed */
extern const struct problem ERR_CONFLICT;              /* 409 conflict (rule) */
extern const struct problem ERR_IDEMPOTENCY_RUNNING;   /* 409 idempotency_key_in_use (retry) */
extern const struct problem ERR_PRECONDITION;          /* 412 precondition_failed */
extern const struct problem ERR_TOO_LARGE;             /* 413 body_too_large */
extern const struct problem ERR_MEDIA_TYPE;            /* 415 unsupported_media_type */
extern const struct problem ERR_INVALID;               /* 422 invalid: with field errors */
extern const struct problem ERR_IDEMPOTENCY_REUSED;    /* 422 idempotency_key_reused */
extern const struct problem ERR_RATE_LIMITED;          /* 429 rate_limited (retry) */

/* Us and those we depend on. */
extern const struct problem ERR_INTERNAL;    /* 500 internal (bug) */
extern const struct problem ERR_PEER;        /* 502 peer_failed: another system answered nonsense */
extern const struct problem ERR_UNAVAILABLE; /* 503 unavailable (retry): no database, shutting down */
extern const struct problem ERR_UNCERTAIN;   /* 503 uncertain (retry): link lost during COMMIT; only the idempotency key can tell */
extern const struct problem ERR_TIMEOUT;     /* 504 timeout (retry) */

/*
 * Not failures of a request but ways out of it, never shown: the frame turns
 * them into what they mean.
 */
extern const struct problem ERR_REPLAY; /* the idempotency key has a stored answer: send that */
extern const struct problem ERR_RETRY;  /* serialization failure or deadlock: run the transaction again */

#endif
