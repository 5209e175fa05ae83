/*
 * route.c - the way of a request: match, gate, handler, answer. The gate is one list of
 * steps, each reading columns of the route's row; what they decide in detail (who is
 * asking, tokens, idempotency) lives in the file of that name.
 */
#include "app/route.h"

#include <stdlib.h>
#include <string.h>

#include "app/audit.h"
#include "app/frame.h"
#include "app/metrics.h"
#include "app/viewing.h"
#include "base/fault.h"
#include "base/log.h"
#include "data/clock.h"
#include "data/trace.h"
#include "edges/fcgi.h"

#define SEGMENTS_MAX 16
#define BODY_MAX_BYTES (64u * 1024)
#define LOGGED_PATH_MAX 40
#define LOGGED_SEGMENT_MAX 16
#define REQUEST_ID_MAX 64

/* ------------------------------------------------------------------ matching */

struct segments {
	const char *list[SEGMENTS_MAX]; /* decoded one by one: a %2F stays inside its segment */
	size_t n;
};

static err_t split_path(struct request *rq, struct segments *s)
{
	struct str rest = str_of(rq->raw_path + 1), part, decoded;

	s->n = 0;
	while (str_next(&rest, '/', &part)) {
		if (s->n == SEGMENTS_MAX || !url_decode(rq->ctx.arena, part, false, &decoded))
			return &ERR_NOT_FOUND;
		s->list[s->n++] = str_dup(rq->ctx.arena, decoded);
	}
	if (s->n == 0)
		s->list[s->n++] = "";
	return OK;
}

static const char *join_rest(struct request *rq, const struct segments *s, size_t from)
{
	struct buf b;

	buf_init(&b, rq->ctx.arena, strlen(rq->raw_path) + 1);
	for (size_t i = from; i < s->n; i++)
		buf_printf(&b, "%s%s", i > from ? "/" : "", s->list[i]);
	return buf_ok(&b) && b.p != NULL ? b.p : "";
}

static bool match_path(struct request *rq, const struct route *r, const struct segments *s, const char **args)
{
	struct str rest = str_of(r->path + 1), part;
	size_t at = 0, nargs = 0;

	while (str_next(&rest, '/', &part)) {
		if (at == s->n)
			return false;
		if (part.n > 0 && part.p[0] == '{') {
			bool tail = part.p[part.n - 2] == '*';
			if (s->list[at][0] == '\0')
				return false;
			args[nargs++] = tail ? join_rest(rq, s, at) : s->list[at];
			if (tail)
				return true;
		} else if (!str_eq(part, s->list[at])) {
			return false;
		}
		at++;
	}
	return at == s->n || (r->path[1] == '\0' && s->n == 1 && s->list[0][0] == '\0');
}

err_t route_match(struct request *rq, const struct route *table, const char **allow_r)
{
	struct segments s;
	struct buf allow;
	bool seen[METHOD_N] = {false};

	buf_init(&allow, rq->ctx.arena, 128);
	TRY(split_path(rq, &s));
	for (const struct route *r = table; r->path != NULL; r++) {
		const char *args[PATH_ARGS_MAX] = {NULL};
		if ((r->access == ACCESS_INTERNAL && !rq->internal) || !match_path(rq, r, &s, args))
			continue;
		if (r->method == rq->method) {
			rq->route = r;
			memcpy(rq->path_args, args, sizeof(args));
			return OK;
		}
		if (!seen[r->method])
			buf_printf(&allow, "%s%s%s", allow.len > 0 ? ", " : "", method_name(r->method),
				r->method == METHOD_GET ? ", HEAD" : "");
		seen[r->method] = true;
	}
	*allow_r = allow.p;
	return allow.len > 0 ? &ERR_METHOD : &ERR_NOT_FOUND;
}

/* The n-th {…} of the route is path_args[n]. */
const char *path_arg(struct request *rq, const char *name)
{
	size_t n = 0, len = strlen(name);

	for (const char *p = strchr(rq->route->path, '{'); p != NULL; p = strchr(p + 1, '{'), n++) {
		if (strncmp(p + 1, name, len) == 0 && (p[1 + len] == '}' || p[1 + len] == '*'))
			return rq->path_args[n];
	}
	log_bug(&rq->ctx, "route has no such path argument", LS("route", rq->route->path), LS("argument", name));
	abort();
}

err_t path_uuid(struct request *rq, const char *name, struct uuid *id_r)
{
	if (!uuid_parse(str_of(path_arg(rq, name)), id_r))
		return fail(&rq->ctx, &ERR_NOT_FOUND, "%s is not an id", name);
	return OK;
}

/* ------------------------------------------------------------------ the table's own rules */

static bool is_change(const struct route *r)
{
	return r->method != METHOD_GET && r->method != METHOD_OPTIONS;
}

static const char *row_fault(const struct route *r)
{
	size_t args = 0;

	for (const char *p = strchr(r->path, '{'); p != NULL; p = strchr(p + 1, '{')) {
		args++;
		const char *end = strchr(p, '}');
		if (end == NULL || p[-1] != '/' || (end[1] != '\0' && (end[1] != '/' || end[-1] == '*')))
			return "a path argument is a whole segment, and {name*} the last one";
	}
	if (args > PATH_ARGS_MAX)
		return "too many path arguments";
	if (r->path[0] != '/' || (r->path[1] != '\0' && r->path[strlen(r->path) - 1] == '/'))
		return "a path begins with a slash and does not end with one";
	if (r->method == METHOD_UNSET || r->method >= METHOD_OPTIONS)
		return "no method, or one that the frame answers itself";
	if (r->access == ACCESS_UNSET)
		return "no access declared";
	if ((r->access == ACCESS_STAFF) != (r->permission != NULL))
		return "staff routes, and only they, name a permission";
	if (r->handler == NULL || r->help == NULL)
		return "no handler or no help";
	if ((r->flags & ROUTE_CACHED) != 0 && (is_change(r) || r->access != ACCESS_ANONYMOUS))
		return "only a GET that looks at no credentials may be cached";
	if ((r->flags & ROUTE_PAGE) != 0 && is_change(r) && r->access == ACCESS_ANONYMOUS)
		return "a form's POST without CSRF check";
	if ((r->flags & ROUTE_KEY_REQUIRED) != 0 && ((r->flags & ROUTE_KEY_IGNORED) != 0 || !is_change(r)))
		return "an idempotency key that is required and ignored, or required by a GET";
	if (r->reads != NULL && (is_change(r) || r->access == ACCESS_ANONYMOUS || r->access == ACCESS_INTERNAL))
		return "a look that nobody can be asked about, or that is a change";
	if (r->on_invalid != NULL && (r->flags & ROUTE_PAGE) == 0)
		return "only pages show a form again";
	if ((r->flags & ROUTE_VIEWABLE) != 0 && ((r->flags & ROUTE_PAGE) == 0 || is_change(r) || r->access != ACCESS_CUSTOMER))
		return "only a customer's page is shown to staff as to the customer";
	if ((r->flags & ROUTE_ENDS_VIEWING) != 0 && !is_change(r))
		return "a view that ends by a GET";
	if (r->body != NULL && (!is_change(r) || (r->flags & ROUTE_RAW_BODY) != 0))
		return "a body to bind where there is none";
	return NULL;
}

/* Whether every path that fits `late` fits `early` as well. */
static bool covers(const struct route *early, const struct route *late)
{
	struct str a = str_of(early->path + 1), b = str_of(late->path + 1), x, y;
	bool more_a = str_next(&a, '/', &x), more_b = str_next(&b, '/', &y);

	while (more_a && more_b) {
		if (x.n > 0 && x.p[0] == '{') {
			if (x.p[x.n - 2] == '*')
				return true;
			if (y.n > 1 && y.p[y.n - 2] == '*')
				return false;
		} else if (x.n != y.n || memcmp(x.p, y.p, x.n) != 0) {
			return false;
		}
		more_a = str_next(&a, '/', &x);
		more_b = str_next(&b, '/', &y);
	}
	return !more_a && !more_b;
}

bool route_table_valid(const struct route *table)
{
	bool valid = true;

	for (const struct route *r = table; r->path != NULL; r++) {
		const char *fault = row_fault(r);
		for (const struct route *e = table; fault == NULL && e < r; e++) {
			if (e->method == r->method && covers(e, r))
				fault = "never reached: an earlier row takes its requests";
		}
		if (fault == NULL)
			continue;
		valid = false;
		log_bug(NULL, "bad route", LS("method", method_name(r->method)), LS("path", r->path), LS("fault", fault));
	}
	return valid;
}

/* ------------------------------------------------------------------ the gate's steps */

static err_t step_size(struct request *rq)
{
	size_t max = rq->route->body_max != 0 ? rq->route->body_max : BODY_MAX_BYTES;

	if (rq->body.n > max)
		return fail(&rq->ctx, &ERR_TOO_LARGE, "the body may have at most %zu bytes", max);
	return OK;
}

static err_t step_type(struct request *rq)
{
	const struct route *r = rq->route;
	const char *given = request_header(rq, "Content-Type"), *wanted = "application/json";
	struct str rest = str_of(given), type = {NULL, 0};

	if (!is_change(r) || (r->flags & ROUTE_RAW_BODY) != 0 || (r->body == NULL && (r->flags & ROUTE_PAGE) == 0))
		return OK;
	if (rq->body.n == 0 && (given == NULL || given[0] == '\0'))
		return OK;
	if ((r->flags & ROUTE_UPLOAD) != 0)
		wanted = "multipart/form-data";
	else if ((r->flags & ROUTE_PAGE) != 0)
		wanted = "application/x-www-form-urlencoded";
	if (!str_next(&rest, ';', &type) || !str_eq_nocase(str_trim(type), wanted))
		return fail(&rq->ctx, &ERR_MEDIA_TYPE, "the body must be %s", wanted);
	return OK;
}

static err_t step_form(struct request *rq)
{
	if ((rq->route->flags & ROUTE_PAGE) == 0 || !is_change(rq->route))
		return OK;
	if ((rq->route->flags & ROUTE_UPLOAD) != 0)
		return multipart_parse(rq);
	return params_parse(&rq->ctx, rq->body, &rq->form);
}

static err_t step_access(struct request *rq)
{
	static const char *const none[] = {NULL};
	static const struct subject anonymous = {.kind = SUBJECT_ANONYMOUS, .roles = none, .permissions = none};
	const struct route *r = rq->route;

	rq->subject = &anonymous;
	if (r->access == ACCESS_ANONYMOUS || r->access == ACCESS_INTERNAL)
		return OK;
	TRY(auth_identify(rq));
	TRY(viewing_apply(rq));
	if (r->access == ACCESS_PUBLIC)
		return OK;
	if (!subject_signed_in(rq->subject))
		return fail(&rq->ctx, &ERR_UNAUTHENTICATED, "sign in first");
	if (r->access == ACCESS_CUSTOMER && rq->subject->kind == SUBJECT_API_KEY)
		return fail(&rq->ctx, &ERR_FORBIDDEN, "this is for people: an API key has its scopes only");
	if (r->access == ACCESS_STAFF && !(rq->subject->is_staff && subject_can(rq->subject, r->permission)))
		return fail(&rq->ctx, &ERR_FORBIDDEN, "this needs the permission %s", r->permission);
	return OK;
}

static err_t step_csrf(struct request *rq)
{
	return is_change(rq->route) && rq->route->access != ACCESS_ANONYMOUS ? csrf_check(rq) : OK;
}

static err_t step_idempotency(struct request *rq)
{
	return is_change(rq->route) ? idem_read_key(rq) : OK;
}

static const char *shop_currency(const struct request *rq)
{
	return rq->app != NULL && rq->app->currency != NULL ? rq->app->currency : "EUR";
}

static err_t step_query(struct request *rq)
{
	const struct route *r = rq->route;
	bool page = (r->flags & ROUTE_PAGE) != 0;
	void *args = NULL;

	TRY(params_parse(&rq->ctx, rq->query_string, &rq->query));
	if (r->query == NULL) {
		if (page || rq->query.n == 0 || (r->flags & ROUTE_RAW_BODY) != 0)
			return OK;
		const struct param *p = &rq->query.list[0];
		field_error(&rq->ctx, str_dup(rq->ctx.arena, p->name), "unknown", "there is no such parameter");
		return fail(&rq->ctx, &ERR_UNKNOWN_PARAMETER, "this takes no query parameters");
	}
	TRY(bind_params(&rq->ctx, r->query, &rq->query, page ? BIND_UNKNOWN_IGNORE : BIND_UNKNOWN_REFUSE,
		shop_currency(rq), &args));
	rq->args = args;
	return OK;
}

static err_t step_body(struct request *rq)
{
	const struct route *r = rq->route;
	void *input = NULL;
	json_t *value;

	if (r->body == NULL)
		return OK;
	if ((r->flags & ROUTE_PAGE) != 0) {
		TRY(bind_params(&rq->ctx, r->body, &rq->form, BIND_UNKNOWN_IGNORE, shop_currency(rq), &input));
	} else {
		/* No body at all says the same as an empty object. */
		const char *type = request_header(rq, "Content-Type"); /* nginx says "" for none */
		bool absent = rq->body.n == 0 && (type == NULL || type[0] == '\0');
		TRY(json_parse(&rq->ctx, absent ? STR("{}") : rq->body, &value));
		TRY(bind_json(&rq->ctx, r->body, value, &input));
	}
	rq->input = input;
	return OK;
}

/* ------------------------------------------------------------------ the handler */

/* Nothing that staff change is unrecorded: whose handler says nothing better is known by its route and what it was asked for. */
static void record_change(struct request *rq)
{
	json_t *after = json_new_object(rq->ctx.arena);

	json_set_text(after, "path", rq->raw_path);
	audit_record(rq, &(struct audit_entry){
				 .action = "staff.change",
				 .object_type = "route",
				 .object_id = arena_printf(rq->ctx.arena, "%s %s", method_name(rq->method), rq->route->path),
				 .after = after,
			 });
}

static err_t call_handler(struct ctx *c, void *arg)
{
	struct request *rq = arg;

	(void)c;
	rq->res = (struct response){0};
	rq->audited = false;
	if (rq->idem != NULL)
		TRY(idem_begin(rq));
	TRY(rq->route->handler(rq));
	if (rq->route->access == ACCESS_STAFF && !rq->audited)
		record_change(rq);
	if (rq->idem != NULL && rq->res.status < 400)
		idem_save(rq);
	return OK;
}

static err_t run_handler(struct request *rq)
{
	const struct route *r = rq->route;
	bool async = (r->flags & ROUTE_ASYNC_COMMIT) != 0;

	fault_unit(method_name(rq->method), r->path);
	if (r->reads != NULL) {
		rq->audited = false;
		audit_record_read(rq);
		return audit_settle_read(rq, r->handler(rq));
	}
	if (!is_change(r) || (r->flags & ROUTE_READ) != 0 || rq->ctx.db == NULL)
		return r->handler(rq);
	return db_tx(&rq->ctx, async ? DB_TX_ASYNC_COMMIT : DB_TX_DEFAULT, call_handler, rq);
}

/* Pages show the form again with what was wrong; the status stays the failure's. */
static err_t show_form_again(struct request *rq, err_t e)
{
	if (rq->route->on_invalid == NULL || e->status >= 500)
		return e;
	rq->failure = e;
	rq->res = (struct response){0};
	err_t again = rq->route->on_invalid(rq);
	if (again != OK)
		return again;
	if (rq->res.status == 200) {
		rq->res.status = e->status;
		problem_headers(rq, e);
	}
	return OK;
}

static err_t handle(struct request *rq)
{
	err_t e = step_query(rq);

	if (e == OK)
		e = step_body(rq);
	if (e == OK)
		e = run_handler(rq);
	if (e == &ERR_REPLAY) {
		idem_replay(rq);
		return OK;
	}
	if (e == OK)
		return OK;
	/* A form that was refused is shown again, and decided again when it comes again. */
	if (rq->idem != NULL && (e->flags & PROBLEM_RULE) != 0 && rq->route->on_invalid == NULL) {
		rq->res = (struct response){0};
		problem_respond(rq, e);
		idem_save_refusal(rq);
		return OK;
	}
	return show_form_again(rq, e);
}

static err_t pass_gate(struct request *rq)
{
	static handler_fn *const STEPS[] = {step_size, step_type, step_access, step_form, step_csrf, step_idempotency};

	for (size_t i = 0; i < ARRAY_LEN(STEPS); i++)
		TRY(STEPS[i](rq));
	return handle(rq);
}

/* ------------------------------------------------------------------ before and after */

static bool plain_id(const char *s)
{
	size_t n = s != NULL ? strlen(s) : 0;

	if (n < 8 || n > REQUEST_ID_MAX)
		return false;
	return strspn(s, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_") == n;
}

static void name_request(struct request *rq)
{
	const char *id = fcgi_param(rq, "REQUEST_ID");
	struct uuid fresh;

	if (!plain_id(id)) {
		fresh = uuid_v7();
		id = arena_strdup(rq->ctx.arena, fresh.s);
	}
	rq->ctx.request_id = id;
	rq->ctx.traceparent = trace_accept(rq->ctx.arena, request_header(rq, "Traceparent"));
	trace_begin(&rq->ctx); /* nginx did, but not everybody comes through it */
	if (rq->app != NULL)
		rq->https = strncmp(rq->app->public_url, "https:", 6) == 0;
}

static const char *cache_control(const struct request *rq)
{
	const struct route *r = rq->route;
	bool found = rq->res.status == 200 || rq->res.status == 304;

	if (r == NULL || !found || r->access >= ACCESS_CUSTOMER || (r->flags & ROUTE_NO_STORE) != 0)
		return "no-store";
	if ((r->flags & ROUTE_CACHED) != 0)
		return "max-age=1, stale-while-revalidate=1";
	return rq->method == METHOD_GET ? "private, no-cache" : "no-store";
}

static bool has_header(const struct response *res, const char *name)
{
	for (size_t i = 0; i < res->nheaders; i++) {
		if (strcasecmp(res->headers[i].name, name) == 0)
			return true;
	}
	return false;
}

static void finish_headers(struct request *rq)
{
	const struct route *r = rq->route;

	if (r != NULL && (r->flags & ROUTE_PAGE) != 0 && is_change(r))
		csrf_keep(rq);
	response_header(rq, "X-Request-Id", rq->ctx.request_id);
	if (!has_header(&rq->res, "Cache-Control"))
		response_header(rq, "Cache-Control", cache_control(rq));
	cors_headers(rq);
}

static void count_request(const struct request *rq, int64_t took_us)
{
	static const struct {
		int64_t below_us;
		enum metric metric;
	} BUCKETS[] = {
		{1000, METRIC_LATENCY_LE_1MS},
		{5000, METRIC_LATENCY_LE_5MS},
		{25000, METRIC_LATENCY_LE_25MS},
		{100000, METRIC_LATENCY_LE_100MS},
		{500000, METRIC_LATENCY_LE_500MS},
		{INT64_MAX, METRIC_LATENCY_LE_INF},
	};
	int class = rq->res.status / 100 < 2 ? 5 : rq->res.status / 100;

	metric_add((enum metric)(METRIC_REQUESTS_2XX + (class - 2)), 1);
	metric_add(METRIC_REQUEST_US, (uint64_t)took_us);
	for (size_t i = 0; i < ARRAY_LEN(BUCKETS); i++) {
		if (took_us <= BUCKETS[i].below_us)
			metric_add(BUCKETS[i].metric, 1);
	}
}

/* The beginning of a path that is no route's: nothing of it that is long enough to be a key. */
static const char *unknown_path(struct request *rq)
{
	size_t n = 0, segment = 0;

	for (; rq->path[n] != '\0' && n < LOGGED_PATH_MAX && segment <= LOGGED_SEGMENT_MAX; n++)
		segment = rq->path[n] == '/' ? 0 : segment + 1;
	return arena_strndup(rq->ctx.arena, rq->path, n);
}

/* An id, which says nothing of its person once the account is gone. Whoever looks as a customer is still who they are. */
static const char *who_asked(const struct request *rq)
{
	const struct subject *s = rq->viewing != NULL ? rq->viewing->staff : rq->subject;

	return s != NULL ? s->user_id.s : "";
}

/* The route's pattern, not the path: paths hold ids that act as keys. */
static void log_access(struct request *rq, err_t e, int64_t took_us)
{
	const char *path = rq->route != NULL ? rq->route->path : unknown_path(rq);
	const char *code = e != OK ? e->code : rq->failure != OK ? rq->failure->code : "";

	log_info(&rq->ctx, "request", LS("method", rq->head ? "HEAD" : method_name(rq->method)), LS("path", path),
		LI("status", rq->res.status), LI("us", took_us), LI("bytes", rq->res.body.n), LS("problem", code),
		LS("account", who_asked(rq)));
}

static err_t answer(struct request *rq, const struct route *table)
{
	const char *allow = NULL;
	bool again;
	err_t e;

	TRY(rq->broken);
	e = route_match(rq, table, &allow);
	if (e == &ERR_METHOD) {
		if (cors_preflight(rq, allow))
			return OK;
		response_header(rq, "Allow", allow);
	}
	TRY(e);
	fault_unit("gate", rq->route->path);
	e = auth_settle(rq, pass_gate(rq), &again);
	return again ? pass_gate(rq) : e;
}

void route_serve(struct request *rq, const struct route *table)
{
	int64_t start = clock_monotonic_us(), took_us;
	err_t e;

	name_request(rq);
	e = answer(rq, table);
	if (e != OK)
		problem_respond(rq, e);
	finish_headers(rq);
	took_us = clock_monotonic_us() - start;
	count_request(rq, took_us);
	log_access(rq, e, took_us);
}
