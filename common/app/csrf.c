/*
 * csrf.c - whether a change was asked for by our own pages (design §6).
 *
 * With a session: the token of the cookie must come back in the form field `csrf` or the
 * header X-CSRF-Token. Without one there is nothing to ride on, and cached pages may hold
 * no token yet: refused only when the browser says that another site sent it. A bearer
 * token is never sent by a browser on its own: nothing to check.
 */
#include <string.h>

#include "app/frame.h"
#include "edges/fcgi.h"

static bool looks_like_token(const char *s)
{
	static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	return s != NULL && strlen(s) == CSRF_TOKEN_LENGTH && strspn(s, ALPHABET) == CSRF_TOKEN_LENGTH;
}

/* The host between "://" and the port: a site is not told apart by its port. */
static struct str host_of(const char *url)
{
	const char *start = strstr(url, "://");

	start = start != NULL ? start + 3 : url;
	return (struct str){.p = start, .n = strcspn(start, ":/")};
}

static bool same_origin(struct request *rq, const char *origin)
{
	const char *host = request_header(rq, "Host");
	struct str theirs = host_of(origin), ours = str_of(host);

	if (rq->app != NULL && strcmp(origin, rq->app->public_url) == 0)
		return true;
	if (host == NULL || strstr(origin, "://") == NULL)
		return false;
	ours = host_of(host);
	return theirs.n == ours.n && strncasecmp(theirs.p, ours.p, ours.n) == 0;
}

static bool cross_site(struct request *rq)
{
	const char *site = request_header(rq, "Sec-Fetch-Site"), *origin = request_header(rq, "Origin");

	if (site != NULL)
		return strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
	return origin != NULL && !same_origin(rq, origin);
}

err_t csrf_check(struct request *rq)
{
	const char *cookie = request_cookie(rq, CSRF_COOKIE), *sent = request_header(rq, "X-CSRF-Token");
	bool page = (rq->route->flags & ROUTE_PAGE) != 0;

	if (rq->subject->kind == SUBJECT_TOKEN || rq->subject->kind == SUBJECT_API_KEY)
		return OK;
	if (page || rq->subject->kind == SUBJECT_SESSION) {
		if (cross_site(rq))
			return fail(&rq->ctx, &ERR_CSRF, "the form was sent by another site");
	}
	if (rq->subject->kind != SUBJECT_SESSION)
		return OK;
	if (sent == NULL && page)
		sent = params_get(&rq->form, "csrf");
	if (!looks_like_token(cookie) || sent == NULL || !str_same_secret(str_of(cookie), str_of(sent)))
		return fail(&rq->ctx, &ERR_CSRF, "the form is too old; reload the page and try again");
	return OK;
}

void csrf_renew(struct request *rq)
{
	struct cookie k = {.name = CSRF_COOKIE, .value = token_new(rq->ctx.arena, 32)};

	response_cookie(rq, &k);
}

const char *csrf_token(struct request *rq)
{
	const char *token = request_cookie(rq, CSRF_COOKIE);
	struct cookie k = {.name = CSRF_COOKIE};

	if (looks_like_token(token))
		return token;
	k.value = token_new(rq->ctx.arena, 32);
	response_cookie(rq, &k);
	return k.value;
}

/* The answer to a guest's form: the page it leads to may come from nginx' cache, which sets no cookie. */
void csrf_keep(struct request *rq)
{
	for (size_t i = 0; i < rq->res.nheaders; i++) {
		const struct header *h = &rq->res.headers[i];
		if (strcmp(h->name, "Set-Cookie") == 0 && strncmp(h->value, CSRF_COOKIE "=", sizeof(CSRF_COOKIE)) == 0)
			return;
	}
	(void)csrf_token(rq);
}
