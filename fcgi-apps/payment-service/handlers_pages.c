/* handlers_pages.c - the customer's payment page and the staff's list. */
#include "payment.h"

#include <string.h>

#include "app/auth.h"
#include "app/page.h"
#include "base/log.h"
#include "data/clock.h"
#include "provider.h"
#include "store_payment.h"

/* The provider keeps its page a little longer. */
#define PAGE_GOOD_US (25 * 60 * US_PER_SEC)

/* What the provider knows by now; when it can't be asked the page shows what we know. */
static err_t refresh(struct ctx *c, struct intent *intent)
{
	struct attempt attempt;
	bool found;

	TRY(payment_store_live_attempt(c, &intent->id, &attempt, &found));
	if (!found)
		return OK;
	TRY(payment_ask(c, &attempt));
	return payment_store_get(c, &intent->id, intent);
}

static err_t see_order(struct request *rq, const struct intent *intent)
{
	return respond_see_other(rq, arena_printf(rq->ctx.arena, "/orders/%s/thanks", intent->order_id.s));
}

/* The browser that placed the order, or its customer, may see the thanks page; others find their way by this one. */
static bool placed_it(struct request *rq)
{
	return subject_signed_in(rq->subject) || request_cookie(rq, cookie_name(rq, "es_orders")) != NULL;
}

err_t page_pay(struct request *rq)
{
	struct uuid id;
	struct intent intent;
	struct order_link link;
	struct page_info info = {.title = text(rq, "pay.title", NULL, 0), .noindex = true};

	TRY(path_uuid(rq, "id", &id));
	TRY(payment_store_get(&rq->ctx, &id, &intent));
	TRY(refresh(&rq->ctx, &intent));
	if (strcmp(intent.status, "succeeded") == 0 && placed_it(rq))
		return see_order(rq, &intent);
	TRY(payment_store_order_link(&rq->ctx, &intent.order_id, &link));
	return page_respond(rq, 200, "payment/pay", view_payment_page(rq, &intent, &link), &info);
}

/* A page of this shop by its path: the address the customer used may differ from the configured one. */
static err_t go_to(struct request *rq, const char *url)
{
	const char *own = rq->app->public_url;
	size_t n = strlen(own);

	if (strncmp(url, own, n) == 0 && url[n] == '/')
		return respond_see_other(rq, url + n);
	TRY(respond_empty(rq, 303));
	response_header(rq, "Location", url);
	return OK;
}

static err_t open_page(struct request *rq, const struct intent *intent, const char **url_r)
{
	struct ctx *c = &rq->ctx;
	struct attempt attempt;
	bool found;

	TRY(payment_store_live_attempt(c, &intent->id, &attempt, &found));
	if (found && strcmp(attempt.kind, "hosted") == 0 && attempt.page_url != NULL &&
		clock_now_us() - attempt.created_us < PAGE_GOOD_US) {
		*url_r = attempt.page_url;
		return OK;
	}
	struct uuid attempt_id = uuid_v7();
	TRY(payment_begin(c, &intent->id, &attempt_id, "hosted", &attempt));
	const struct provider_order order = {
		.attempt_id = &attempt.id,
		.amount_minor = intent->amount_minor,
		.currency = intent->currency,
		.reference = intent->order_number,
		.return_url = arena_printf(c->arena, "%s/pay/%s", rq->app->public_url, intent->id.s),
	};
	TRY(provider_open_page(c, &order, url_r));
	return payment_store_set_page(c, &attempt.id, *url_r);
}

err_t page_pay_start(struct request *rq)
{
	struct uuid id;
	struct intent intent;
	const char *url;

	TRY(path_uuid(rq, "id", &id));
	TRY(payment_store_get(&rq->ctx, &id, &intent));
	err_t e = open_page(rq, &intent, &url);
	if (e == OK)
		return go_to(rq, url);
	if ((e->flags & PROBLEM_RULE) == 0) {
		log_peer(&rq->ctx, "could not open the provider's page", LS("why", rq->ctx.detail));
		page_flash(rq, "error", text(rq, "pay.failure.processing_error", NULL, 0));
	}
	return respond_see_other(rq, arena_printf(rq->ctx.arena, "/pay/%s", id.s));
}

/* ------------------------------------------------------------------ staff */

static json_t *filter_of(struct request *rq, const struct payment_query *q)
{
	struct arena *a = rq->ctx.arena;
	json_t *filter = json_new_object(a), *states = json_new_array(a);

	json_set_text(filter, "action", "/admin/payments");
	json_set_text(filter, "q", q->q != NULL ? q->q : "");
	json_set_text(filter, "q_label", text(rq, "admin.payments.search", NULL, 0));
	json_set_bool(filter, "has_states", true);
	for (const char *const *s = PAYMENT_STATES; *s != NULL; s++) {
		json_t *o = json_new_object(a);
		json_set_text(o, "value", *s);
		json_set_text(o, "text", view_status_text(rq, *s));
		json_set_bool(o, "selected", q->state != NULL && strcmp(q->state, *s) == 0);
		json_add(states, o);
	}
	json_set(filter, "states", states);
	return filter;
}

static const char *list_href(struct request *rq, const struct payment_query *q, int64_t before)
{
	struct buf b;

	buf_init(&b, rq->ctx.arena, 1024);
	buf_puts(&b, "/admin/payments?q=");
	buf_url(&b, str_of(q->q));
	buf_puts(&b, "&state=");
	buf_url(&b, str_of(q->state));
	if (before > 0)
		buf_printf(&b, "&cursor=%lld", (long long)before);
	return buf_ok(&b) ? b.p : "/admin/payments";
}

static json_t *pager_of(struct request *rq, const struct payment_query *q, int64_t before, int64_t next)
{
	json_t *pager = json_new_object(rq->ctx.arena);

	json_set_text(pager, "first_href", before > 0 ? list_href(rq, q, 0) : NULL);
	json_set_text(pager, "next_href", next > 0 ? list_href(rq, q, next) : NULL);
	json_set_null(pager, "range_text");
	return pager;
}

static err_t set_accounts(struct request *rq, json_t *context)
{
	json_t *list = json_new_array(rq->ctx.arena);
	struct account *rows;
	size_t n;

	TRY(payment_store_accounts(&rq->ctx, &rows, &n));
	for (size_t i = 0; i < n; i++)
		json_add(list, view_account(rq, &rows[i]));
	json_set_bool(context, "has_accounts", n > 0);
	json_set(context, "accounts", list);
	return OK;
}

err_t page_payments(struct request *rq)
{
	const struct payment_query *q = rq->args;
	json_t *context = json_new_object(rq->ctx.arena), *list = json_new_array(rq->ctx.arena);
	struct page_info info = {.title = text(rq, "admin.payments.title", NULL, 0), .noindex = true};
	struct intent *rows;
	int64_t before = 0;
	size_t n;

	if (q->cursor != NULL && !str_int64(str_of(q->cursor), &before))
		return fail(&rq->ctx, &ERR_BAD_REQUEST, "the cursor is not one of this list");
	TRY(payment_store_list(&rq->ctx, q, before, PAGE_ROWS + 1, &rows, &n));
	for (size_t i = 0; i < n && i < PAGE_ROWS; i++)
		json_add(list, view_payment_row(rq, &rows[i]));
	json_set(context, "filter", filter_of(rq, q));
	json_set_bool(context, "has_payments", n > 0);
	json_set(context, "payments", list);
	json_set(context, "pager", pager_of(rq, q, before, n > PAGE_ROWS ? rows[PAGE_ROWS - 1].seq : 0));
	TRY(set_accounts(rq, context));
	return page_respond(rq, 200, "payment/admin-payments", context, &info);
}
