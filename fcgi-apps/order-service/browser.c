/* browser.c - which orders a browser, or a request, may see. */
#include "order.h"
#include <string.h>

#define ORDERS_COOKIE "es_orders"
#define COUNT_COOKIE "es_cart_count" /* cart-service's; the cart has just become an order */
#define COOKIE_SECS (INT64_C(90) * 86400)

/* Only ids pass: what is no id would be no token of ours. */
static void add_token(struct ctx *c, struct viewer *v, struct str text)
{
	struct uuid token;

	if (v->ntokens < ORDER_TOKENS_MAX && uuid_parse(text, &token))
		v->tokens[v->ntokens++] = arena_strdup(c->arena, token.s);
}

static void add_cookie_tokens(struct request *rq, struct viewer *v)
{
	struct str rest = str_of(request_cookie(rq, cookie_name(rq, ORDERS_COOKIE))), part;

	while (str_next(&rest, '.', &part))
		add_token(&rq->ctx, v, part);
}

struct viewer viewer_of(struct request *rq)
{
	/* Who may only look does not see an order to change it. */
	const char *needed = rq->method == METHOD_GET ? "orders:read" : "orders:write";
	struct viewer v = {
		.user_id = rq->subject->user_id, .staff = rq->subject->is_staff && subject_can(rq->subject, needed)};

	add_token(&rq->ctx, &v, str_of(request_header(rq, "Order-Token")));
	if (rq->route->flags & ROUTE_PAGE)
		add_cookie_tokens(rq, &v);
	return v;
}

void browser_remember_order(struct request *rq, const struct uuid *tracking_token)
{
	struct viewer known = {.ntokens = 0};
	struct buf b;

	buf_init(&b, rq->ctx.arena, 4096);
	buf_puts(&b, tracking_token->s);
	add_cookie_tokens(rq, &known);
	for (size_t i = 0; i < known.ntokens && i + 1 < ORDER_TOKENS_MAX; i++)
		if (strcmp(known.tokens[i], tracking_token->s) != 0)
			buf_printf(&b, ".%s", known.tokens[i]);
	response_cookie(rq,
		&(struct cookie){.name = cookie_name(rq, ORDERS_COOKIE), .value = b.p, .max_age_secs = COOKIE_SECS});
	response_cookie(rq, &(struct cookie){.name = COUNT_COOKIE, .value = "", .max_age_secs = -1});
}
