/*
 * http.c - reading a request and filling its response. Where bytes come from and go
 * to is fcgi.c's; which handler runs, and the arguments in its path, are app/route.c's.
 */
#include "edges/http.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "edges/fcgi.h"

#define HEADER_NAME_MAX 80
#define COOKIE_MAX_BYTES 4096

static const char *const METHOD_NAMES[METHOD_N] = {
	[METHOD_UNSET] = "?",
	[METHOD_GET] = "GET",
	[METHOD_POST] = "POST",
	[METHOD_PUT] = "PUT",
	[METHOD_PATCH] = "PATCH",
	[METHOD_DELETE] = "DELETE",
	[METHOD_OPTIONS] = "OPTIONS",
};

const char *method_name(enum method m)
{
	return m < METHOD_N ? METHOD_NAMES[m] : METHOD_NAMES[METHOD_UNSET];
}

/* ------------------------------------------------------------------ the request */

/* "If-Match" → "HTTP_IF_MATCH": CGI's names (RFC 3875 §4.1.18). */
const char *request_header(struct request *rq, const char *name)
{
	char cgi[HEADER_NAME_MAX + 6] = "HTTP_";
	size_t at = 5;

	if (strcasecmp(name, "Content-Type") == 0)
		return fcgi_param(rq, "CONTENT_TYPE");
	for (const char *p = name; *p != '\0' && at < sizeof(cgi) - 1; p++)
		cgi[at++] = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
	cgi[at] = '\0';
	return fcgi_param(rq, cgi);
}

const char *request_cookie(struct request *rq, const char *name)
{
	struct str rest = str_of(request_header(rq, "Cookie")), pair, key;

	while (rest.n > 0 && str_next(&rest, ';', &pair)) {
		pair = str_trim(pair);
		if (!str_next(&pair, '=', &key) || !str_eq(key, name))
			continue;
		if (pair.n >= 2 && pair.p[0] == '"' && pair.p[pair.n - 1] == '"')
			pair = (struct str){.p = pair.p + 1, .n = pair.n - 2};
		return str_dup(rq->ctx.arena, pair);
	}
	return NULL;
}

/* q values are thousandths; what is not a number counts as 1. */
static int quality(struct str params)
{
	struct str part, key;

	while (params.n > 0 && str_next(&params, ';', &part)) {
		part = str_trim(part);
		if (!str_next(&part, '=', &key) || !str_eq_nocase(str_trim(key), "q"))
			continue;
		int value = part.n > 0 && part.p[0] == '0' ? 0 : 1000, unit = 100;
		for (size_t i = 2; value < 1000 && i < part.n && isdigit((unsigned char)part.p[i]) && unit > 0; i++) {
			value += (part.p[i] - '0') * unit;
			unit /= 10;
		}
		return value;
	}
	return 1000;
}

bool request_wants_html(struct request *rq)
{
	struct str rest = str_of(request_header(rq, "Accept")), range, type;
	int html = 0, json = 0;

	while (rest.n > 0 && str_next(&rest, ',', &range)) {
		if (!str_next(&range, ';', &type))
			continue;
		type = str_trim(type);
		int q = quality(range);
		if ((str_eq_nocase(type, "text/html") || str_eq_nocase(type, "application/xhtml+xml")) && q > html)
			html = q;
		if ((str_eq_nocase(type, "application/json") || str_eq_nocase(type, "application/problem+json")) && q > json)
			json = q;
	}
	return html > json;
}

/* Entity tags are compared weakly: nginx's gzip turns "v1" into W/"v1" (RFC 9110 §8.8.3.2). */
static struct str without_weakness(struct str tag)
{
	return str_starts(tag, "W/") ? (struct str){.p = tag.p + 2, .n = tag.n - 2} : tag;
}

static bool etag_listed(const char *list, const char *etag)
{
	struct str rest = str_of(list), one;

	while (rest.n > 0 && str_next(&rest, ',', &one)) {
		one = without_weakness(str_trim(one));
		if (str_eq(one, "*") || str_eq(one, etag))
			return true;
	}
	return false;
}

/* Whatever content the tag had beside the version, "v1-5feceb66", or none: "v1". */
static bool version_listed(const char *list, const char *version)
{
	struct str rest = str_of(list), one;

	while (rest.n > 0 && str_next(&rest, ',', &one)) {
		one = without_weakness(str_trim(one));
		if (str_eq(one, "*"))
			return true;
		if (str_starts(one, version) && one.n > strlen(version) && strchr("-\"", one.p[strlen(version)]) != NULL)
			return true;
	}
	return false;
}

err_t request_if_match(struct request *rq, int64_t version)
{
	const char *given = request_header(rq, "If-Match");

	if (given != NULL && !version_listed(given, arena_printf(rq->ctx.arena, "\"v%lld", (long long)version)))
		return fail(&rq->ctx, &ERR_PRECONDITION, "the resource changed since it was read");
	return OK;
}

/* ------------------------------------------------------------------ the response */

err_t respond_bytes(struct request *rq, int status, const char *content_type, struct str body)
{
	rq->res.status = status;
	rq->res.content_type = content_type;
	rq->res.body = body;
	return OK;
}

err_t respond_json(struct request *rq, int status, const json_t *body)
{
	return respond_bytes(rq, status, "application/json", json_render(rq->ctx.arena, body));
}

err_t respond_empty(struct request *rq, int status)
{
	return respond_bytes(rq, status, NULL, (struct str){.p = "", .n = 0});
}

err_t respond_list(struct request *rq, json_t *data, const char *next_cursor)
{
	json_t *list = json_new_object(rq->ctx.arena);

	json_set(list, "data", data);
	json_set_text(list, "next_cursor", next_cursor);
	return respond_json(rq, 200, list);
}

static err_t respond_tagged(struct request *rq, int status, struct str text, const char *etag)
{
	const char *seen = request_header(rq, "If-None-Match");

	response_header(rq, "ETag", etag);
	if (status == 200 && rq->method == METHOD_GET && seen != NULL && etag_listed(seen, etag))
		return respond_empty(rq, 304);
	return respond_bytes(rq, status, "application/json", text);
}

err_t respond_resource(struct request *rq, int status, const json_t *body, int64_t version)
{
	struct str text = json_render(rq->ctx.arena, body);

	return respond_tagged(rq, status, text,
		arena_printf(rq->ctx.arena, "\"v%lld-%.8s\"", (long long)version, token_hash(rq->ctx.arena, text)));
}

err_t respond_content(struct request *rq, const json_t *body)
{
	struct str text = json_render(rq->ctx.arena, body);

	return respond_tagged(
		rq, 200, text, arena_printf(rq->ctx.arena, "\"%.16s\"", token_hash(rq->ctx.arena, text)));
}

static bool is_local_path(const char *s)
{
	if (s == NULL || s[0] != '/' || s[1] == '/' || s[1] == '\\')
		return false;
	for (const char *p = s; *p != '\0'; p++) {
		if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == '\\')
			return false;
	}
	return true;
}

err_t respond_see_other(struct request *rq, const char *location)
{
	if (!is_local_path(location))
		return fail_bug(&rq->ctx, "redirect to something that is no path of this shop");
	response_header(rq, "Location", location);
	return respond_empty(rq, 303);
}

const char *safe_next(struct request *rq, const char *value, const char *fallback)
{
	if (value == NULL || strlen(value) > 1024 || !is_local_path(value))
		return fallback;
	return arena_strdup(rq->ctx.arena, value);
}

void response_header(struct request *rq, const char *name, const char *value)
{
	struct response *res = &rq->res;

	if (strpbrk(value, "\r\n") != NULL || res->nheaders == RESPONSE_HEADERS_MAX) {
		log_bug(&rq->ctx, "response header refused", LS("header", name));
		abort();
	}
	for (size_t i = 0; i < res->nheaders; i++) {
		if (strcasecmp(name, "Set-Cookie") != 0 && strcasecmp(res->headers[i].name, name) == 0) {
			res->headers[i].value = arena_strdup(rq->ctx.arena, value);
			return;
		}
	}
	res->headers[res->nheaders++] = (struct header){
		.name = name,
		.value = arena_strdup(rq->ctx.arena, value),
	};
}

void response_cookie(struct request *rq, const struct cookie *k)
{
	struct buf b;

	buf_init(&b, rq->ctx.arena, COOKIE_MAX_BYTES);
	buf_printf(&b, "%s=%s; Path=/; SameSite=Lax", k->name, k->max_age_secs < 0 ? "" : k->value);
	if (k->max_age_secs != 0)
		buf_printf(&b, "; Max-Age=%lld", k->max_age_secs < 0 ? 0LL : (long long)k->max_age_secs);
	if (rq->https)
		buf_puts(&b, "; Secure");
	buf_puts(&b, "; HttpOnly");
	if (!buf_ok(&b)) {
		log_bug(&rq->ctx, "cookie too long", LS("cookie", k->name));
		abort();
	}
	response_header(rq, "Set-Cookie", b.p);
}

const char *cookie_name(struct request *rq, const char *base)
{
	return rq->https ? arena_printf(rq->ctx.arena, "__Host-%s", base) : base;
}
