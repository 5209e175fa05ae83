/*
 * route.h - the route table: everything about a route is a column of its row, and one
 * gate reads it. Nothing about access, limits or formats is decided in a handler.
 *
 * The gate, in order: match (404, 405 with Allow) → body size → content type → access
 * (session, bearer token or API key; app/viewing.h) → CSRF → idempotency → bind query (400/422) → bind body
 * (400/422) → transaction → handler → COMMIT → response.
 *
 * Layer: app.
 */
#ifndef ES_ROUTE_H
#define ES_ROUTE_H

#include "edges/http.h"

enum access {
	ACCESS_UNSET = 0,  /* a table with such a row refuses to start */
	ACCESS_PUBLIC,     /* anyone; a subject is looked up when credentials are there */
	ACCESS_ANONYMOUS,  /* anyone, and credentials are not even looked at: cached pages, webhooks, health */
	ACCESS_CUSTOMER,   /* signed in as a person: no API key */
	ACCESS_STAFF,      /* signed in with the row's .permission; or an API key that has it */
	ACCESS_INTERNAL,   /* loopback listener only; elsewhere 404 */
};

enum route_flags {
	ROUTE_PAGE = 1u << 0,          /* HTML: errors as pages, unknown query parameters ignored, CSRF on POST; forms instead of JSON */
	ROUTE_CACHED = 1u << 1,        /* nginx may keep it: Cache-Control for the page cache, no cookie set, context says cached */
	ROUTE_READ = 1u << 2,          /* a POST that changes nothing, or a handler with its own transactions: none is opened */
	ROUTE_ASYNC_COMMIT = 1u << 3,  /* synchronous_commit off: cart edits only */
	ROUTE_KEY_REQUIRED = 1u << 4,  /* Idempotency-Key required: else 400 */
	ROUTE_KEY_IGNORED = 1u << 5,   /* Idempotency-Key has no meaning here (auth, answers with secrets) */
	ROUTE_RAW_BODY = 1u << 6,      /* any content type, body not parsed: webhooks, uploads */
	ROUTE_NO_STORE = 1u << 7,      /* Cache-Control: no-store (implied by CUSTOMER, STAFF) */
	ROUTE_UPLOAD = 1u << 8,        /* page form is multipart/form-data with one file: rq->body is the file's bytes, rq->form the other fields */
	ROUTE_VIEWABLE = 1u << 9,      /* shown as to the customer to staff who view the shop as one (app/viewing.h) */
	ROUTE_ENDS_VIEWING = 1u << 10, /* the change that such staff may make: to leave */
};

typedef err_t handler_fn(struct request *rq);

struct route {
	enum method method;
	const char *path;            /* "/api/v1/carts/{id}/lines"; {name*} last matches the rest with its slashes */
	handler_fn *handler;
	enum access access;
	const char *permission;      /* ACCESS_STAFF: "orders:write"; auth-service owns the list */
	unsigned flags;              /* enum route_flags */
	const char *reads;           /* a GET that shows data of people: of what kind, "order". The audit log says which staff looked */
	const struct bind *query;    /* NULL: no parameters (API: any is refused) */
	const struct bind *body;     /* NULL: no body */
	size_t body_max;             /* bytes; 0: 64 KiB */
	handler_fn *on_invalid;      /* pages: show the form again; called after 4xx of bind or handler, status kept */
	const char *help;            /* one line; must equal the OpenAPI summary for API routes */
};

/* Match path and method. ERR_NOT_FOUND, or ERR_METHOD with *allow_r ("GET, HEAD, POST"). Fills rq->route and path_args. */
err_t route_match(struct request *rq, const struct route *table, const char **allow_r) MUST_CHECK;
/* Problems of the table itself (unset access, staff without permission, POST page without CSRF…): logged; false refuses to start. */
bool route_table_valid(const struct route *table);
/* The whole way of a request, from match to a filled rq->res. Never fails: every failure is rendered. */
void route_serve(struct request *rq, const struct route *table);

#endif
