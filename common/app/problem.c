/*
 * problem.c - the one place where a failure becomes an answer: RFC 9457 problem JSON
 * for the API, the page errors/error for people. Handlers never write either.
 */
#include <string.h>

#include "app/frame.h"
#include "base/log.h"
#include "edges/fcgi.h"

#define RETRY_AFTER_SECS 1

/* "out_of_stock" → "/problems/out-of-stock" */
static const char *type_of(struct request *rq, err_t e)
{
	char *type = arena_printf(rq->ctx.arena, "/problems/%s", e->code);

	for (char *p = type; *p != '\0'; p++) {
		if (*p == '_')
			*p = '-';
	}
	return type;
}

static bool api_path(const char *path)
{
	static const char *const PREFIXES[] = {"/api/", "/internal/", "/webhooks/", "/.well-known/"};

	for (size_t i = 0; i < ARRAY_LEN(PREFIXES); i++) {
		if (strncmp(path, PREFIXES[i], strlen(PREFIXES[i])) == 0)
			return true;
	}
	return false;
}

bool problem_as_page(struct request *rq)
{
	if (rq->app == NULL || rq->app->templates == NULL)
		return false;
	if (rq->route != NULL)
		return (rq->route->flags & ROUTE_PAGE) != 0;
	return !api_path(rq->path) && request_wants_html(rq);
}

static json_t *field_errors(struct request *rq)
{
	json_t *list = json_new_array(rq->ctx.arena);

	for (const struct field_error *f = rq->ctx.errors; f != NULL; f = f->next) {
		json_t *item = json_new_object(rq->ctx.arena);
		json_set_text(item, "field", f->field);
		json_set_text(item, "code", f->code);
		json_set_text(item, "message", f->message);
		json_add(list, item);
	}
	return list;
}

static void respond_document(struct request *rq, err_t e)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "type", type_of(rq, e));
	json_set_text(o, "title", e->title);
	json_set_int(o, "status", e->status);
	if ((e->flags & PROBLEM_BUG) == 0)
		json_set_text_if(o, "detail", rq->ctx.detail);
	json_set_text(o, "code", e->code);
	if (rq->ctx.errors != NULL)
		json_set(o, "errors", field_errors(rq));
	json_set_text_if(o, "request_id", rq->ctx.request_id);
	(void)respond_bytes(rq, e->status, "application/problem+json", json_render(rq->ctx.arena, o));
}

/* People who must sign in are led there, and back afterwards. */
static bool respond_sign_in(struct request *rq)
{
	struct buf b;
	struct str next = str_of(rq->raw_path);

	if (rq->route == NULL || rq->route->access < ACCESS_CUSTOMER)
		return false;
	buf_init(&b, rq->ctx.arena, 4096);
	buf_puts(&b, "/login");
	if (rq->method == METHOD_GET) {
		buf_puts(&b, "?next=");
		buf_url(&b, next);
		if (rq->query_string.n > 0) {
			buf_puts(&b, "%3F");
			buf_url(&b, rq->query_string);
		}
	}
	return buf_ok(&b) && respond_see_other(rq, b.p) == OK;
}

/* What an earlier attempt at an answer left behind; Allow was set for this one. */
static void drop_headers(struct response *res)
{
	size_t kept = 0;

	for (size_t i = 0; i < res->nheaders; i++) {
		if (strcmp(res->headers[i].name, "Allow") == 0)
			res->headers[kept++] = res->headers[i];
	}
	*res = (struct response){.nheaders = kept, .headers = {res->headers[0]}};
}

void problem_headers(struct request *rq, err_t e)
{
	long after = rq->ctx.retry_after_secs > 0 ? rq->ctx.retry_after_secs : RETRY_AFTER_SECS;

	if (e->status == 401)
		response_header(rq, "WWW-Authenticate",
			request_header(rq, "Authorization") != NULL ?
				"Bearer realm=\"ecostore\", error=\"invalid_token\"" :
				"Bearer realm=\"ecostore\"");
	if ((e->flags & PROBLEM_RETRY) != 0)
		response_header(rq, "Retry-After", arena_printf(rq->ctx.arena, "%ld", after));
}

void problem_respond(struct request *rq, err_t e)
{
	if ((e->flags & PROBLEM_BUG) != 0)
		log_bug(&rq->ctx, "request failed", LS("problem", e->code), LS("detail", rq->ctx.detail));
	else if (e->status >= 500)
		log_peer(&rq->ctx, "request failed", LS("problem", e->code), LS("detail", rq->ctx.detail));
	drop_headers(&rq->res);
	if (problem_as_page(rq)) {
		if (e == &ERR_UNAUTHENTICATED && respond_sign_in(rq))
			return;
		if (page_error(rq, e) == OK) {
			problem_headers(rq, e);
			return;
		}
		drop_headers(&rq->res);
	}
	respond_document(rq, e);
	problem_headers(rq, e);
}
