/*
 * http.h - a request as handlers see it, and the response they fill.
 *
 * The response is buffered: nothing leaves before the handler, and its transaction,
 * succeeded. Layer: edges. Standards: RFC 9110, 6265 (cookies).
 */
#ifndef ES_HTTP_H
#define ES_HTTP_H

#include "data/bind.h"
#include "data/ids.h"

enum method { METHOD_UNSET = 0, METHOD_GET, METHOD_POST, METHOD_PUT, METHOD_PATCH, METHOD_DELETE, METHOD_OPTIONS, METHOD_N };
const char *method_name(enum method m);

struct route;
struct idem;    /* app/idem.c */
struct subject; /* app/auth.h */
enum subject_claim { CLAIM_NONE = 0, CLAIM_MADE, CLAIM_HELD, CLAIM_BROKEN, CLAIM_NEVER };
struct viewing; /* app/viewing.h */
struct app;     /* app/app.h */

#define PATH_ARGS_MAX 4
#define RESPONSE_HEADERS_MAX 24

struct header {
	const char *name, *value;
};

struct response {
	int status;                /* 0: not answered yet */
	struct str body;
	const char *content_type;
	struct header headers[RESPONSE_HEADERS_MAX];
	size_t nheaders;
};

struct request {
	struct ctx ctx;            /* first: a request is a unit of work */
	struct app *app;
	enum method method;        /* HEAD arrives as GET, its body dropped at the end */
	bool head;
	bool internal;             /* came through the loopback listener */
	bool https;                /* of the public URL */
	const char *path;          /* decoded, starts with '/', no "//", ".", ".."; never logged with secret ids whole */
	const char *raw_path;      /* the same still percent-encoded: what routes are matched by, so that %2F stays inside its segment */
	struct str query_string;
	struct params query;
	struct str body;
	struct params form;        /* pages: the decoded form, for showing it again */
	const struct route *route;
	const char *path_args[PATH_ARGS_MAX]; /* in order of the {…} in the route */
	const struct subject *subject;        /* never NULL after the gate; anonymous has no id */
	enum subject_claim claim;             /* app/auth.c: whether that is known, or still to be confirmed */
	const struct viewing *viewing;        /* staff look at the shop as a customer; NULL: nobody does */
	const void *input;         /* route's .body bound; its struct */
	const void *args;          /* route's .query bound; its struct */
	const char *client_ip;
	err_t broken;              /* by the source: bad length, path or encoding; answered without a look at the table */
	err_t failure;             /* why .on_invalid is called */
	bool audited;              /* app/audit.c: an entry was queued */
	struct idem *idem;         /* app/idem.c's; NULL: no idempotency key in play */
	struct response res;
	const void *env;           /* fcgi.c's parameters: use request_header() */
};

/* Case-insensitive; NULL when absent. Values are copied into the arena. */
const char *request_header(struct request *rq, const char *name);
const char *request_cookie(struct request *rq, const char *name);
/* The path argument by its name in the route ("id"); aborts when the route has none of that name. */
const char *path_arg(struct request *rq, const char *name);
/* The same as a UUID: 404 not_found when it is none. */
err_t path_uuid(struct request *rq, const char *name, struct uuid *id_r) MUST_CHECK;
/* Whether the client prefers HTML to JSON (Accept). */
bool request_wants_html(struct request *rq);

/* Each sets status, type and body, and returns OK, so that a handler can end with `return respond_…`. */
err_t respond_json(struct request *rq, int status, const json_t *body);
/* {"data": [...], "next_cursor": "..."|null}; next_cursor NULL: this was the last page. */
err_t respond_list(struct request *rq, json_t *data, const char *next_cursor);
/*
 * A single resource: ETag "v<version>-<of the content>", 304 when If-None-Match has it. The content counts too: a cart
 * shows availability, a product what goes well with it, and neither changes the version.
 */
err_t respond_resource(struct request *rq, int status, const json_t *body, int64_t version);
/* The same for what has no version of its own: the ETag is that of its content. */
err_t respond_content(struct request *rq, const json_t *body);
err_t respond_empty(struct request *rq, int status);
err_t respond_bytes(struct request *rq, int status, const char *content_type, struct str body);
/* 303 to a path of this shop (must start with a single '/'). */
err_t respond_see_other(struct request *rq, const char *location);
/* If-Match given, and neither "*" nor a tag of this version: 412. */
err_t request_if_match(struct request *rq, int64_t version) MUST_CHECK;

/* CR, LF and NUL in a value abort the request as a bug. */
void response_header(struct request *rq, const char *name, const char *value);
struct cookie {
	const char *name, *value;
	int64_t max_age_secs; /* 0: session cookie; −1: delete */
};
/* Path=/, SameSite=Lax, HttpOnly: pages' scripts read none; Secure when https. */
void response_cookie(struct request *rq, const struct cookie *k);
/* "es_session" or, when the public URL is https, "__Host-es_session": for secret cookies. */
const char *cookie_name(struct request *rq, const char *base);
/* A safe local path to go to after a form: value when it is one, else fallback. */
const char *safe_next(struct request *rq, const char *value, const char *fallback);

#endif
