/* views.c - the only place that names output fields of payments. */
#include "payment.h"

#include <string.h>

#include "app/page.h"

static json_t *view_card(struct arena *a, const struct card *card)
{
	json_t *o = json_new_object(a);

	json_set_text(o, "brand", card->brand);
	json_set_text(o, "last4", card->last4);
	json_set_int(o, "exp_month", card->exp_month);
	json_set_int(o, "exp_year", card->exp_year);
	return o;
}

json_t *view_payment(struct arena *a, const struct intent *i)
{
	json_t *o = json_new_object(a);

	json_set_text(o, "id", i->id.s);
	json_set_text(o, "order_id", i->order_id.s);
	json_set_text(o, "status", i->status);
	json_set_money(o, "amount", money(i->amount_minor, i->currency));
	json_set_money(o, "captured", money(i->captured_minor, i->currency));
	json_set_money(o, "refunded", money(i->refunded_minor, i->currency));
	json_set_text_if(o, "failure_code", strcmp(i->status, "failed") == 0 ? i->failure_code : NULL);
	if (i->card.brand != NULL)
		json_set(o, "card", view_card(a, &i->card));
	if (strcmp(i->status, "requires_action") == 0 && i->page_url != NULL) {
		json_t *next = json_new_object(a);
		json_set_text(next, "url", i->page_url);
		json_set(o, "next_action", next);
	}
	json_set_time(o, "created_at", i->created_us);
	return o;
}

/* ------------------------------------------------------------------ pages */

const char *const PAYMENT_STATES[] = {
	"requires_payment", "requires_action", "processing", "succeeded", "failed", "cancelled", "refunded", NULL};

/* Words for the codes a provider gives; others are a plain decline. */
static const struct {
	const char *code, *key;
} FAILURES[] = {
	{"declined", "pay.failure.declined"},
	{"insufficient_funds", "pay.failure.insufficient_funds"},
	{"expired_card", "pay.failure.expired_card"},
	{"incorrect_cvc", "pay.failure.incorrect_cvc"},
	{"authentication_failed", "pay.failure.authentication_failed"},
	{"processing_error", "pay.failure.processing_error"},
};

static const char *failure_text(struct request *rq, const struct intent *i)
{
	if (strcmp(i->status, "failed") != 0)
		return NULL;
	for (size_t k = 0; k < ARRAY_LEN(FAILURES); k++) {
		if (i->failure_code != NULL && strcmp(FAILURES[k].code, i->failure_code) == 0)
			return text(rq, FAILURES[k].key, NULL, 0);
	}
	return text(rq, FAILURES[0].key, NULL, 0);
}

const char *view_status_text(struct request *rq, const char *status)
{
	const char *name = strcmp(status, "requires_payment") == 0 ? "pending" : status;

	return text(rq, arena_printf(rq->ctx.arena, "status.payment.%s", name), NULL, 0);
}

static const char *card_text(struct request *rq, const struct card *card)
{
	if (card->brand == NULL)
		return NULL;
	return text(rq, "pay.card_ending", TEXT_ARGS({"brand", card->brand}, {"last4", card->last4}));
}

static bool is(const struct intent *i, const char *status)
{
	return strcmp(i->status, status) == 0;
}

json_t *view_payment_page(struct request *rq, const struct intent *i, const struct order_link *link)
{
	struct arena *a = rq->ctx.arena;
	json_t *context = json_new_object(a), *o = json_new_object(a), *order = json_new_object(a);
	const char *self = arena_printf(a, "/pay/%s", i->id.s), *failure = failure_text(rq, i);

	json_set_text(o, "id", i->id.s);
	json_set_text(o, "status", i->status);
	json_set_text(o, "status_text", view_status_text(rq, i->status));
	page_set_money(rq, o, "amount", money(i->amount_minor, i->currency));
	json_set_text(o, "card_text", card_text(rq, &i->card));
	json_set_bool(o, "can_pay", is(i, "requires_payment") || is(i, "requires_action") || is(i, "failed"));
	json_set_bool(o, "is_processing", is(i, "processing"));
	json_set_bool(o, "is_paid", is(i, "succeeded"));
	json_set_bool(o, "is_closed", is(i, "cancelled") || is(i, "refunded"));
	json_set_text(o, "failure_text", failure);
	json_set_text(o, "failure_hint", failure != NULL ? text(rq, "pay.failure_hint", NULL, 0) : NULL);
	json_set(context, "payment", o);
	json_set_text(order, "number", i->order_number);
	/* Works in every browser: the thanks page only where the order was placed. */
	bool tracked = uuid_is_set(&link->tracking_token);
	json_set_text(order, "href",
		tracked ? arena_printf(a, "/track/%s", link->tracking_token.s)
			: arena_printf(a, "/orders/%s/thanks", i->order_id.s));
	json_set(context, "order", order);
	json_set_text(context, "action", self);
	json_set_text(context, "reload_href", self);
	json_set_bool(context, "test_mode", true);
	json_set_text(context, "idempotency_key", uuid_v4().s);
	return context;
}

json_t *view_payment_row(struct request *rq, const struct intent *i)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "id_short", uuid_short(rq->ctx.arena, &i->reference));
	json_set_text(o, "order_number", i->order_number);
	json_set_text(o, "order_href", arena_printf(rq->ctx.arena, "/admin/orders/%s", i->order_id.s));
	json_set_text(o, "status", i->status);
	json_set_text(o, "status_text", view_status_text(rq, i->status));
	json_set_text(o, "failure_text", failure_text(rq, i));
	page_set_money(rq, o, "amount", money(i->amount_minor, i->currency));
	page_set_money(rq, o, "captured", money(i->captured_minor, i->currency));
	page_set_money(rq, o, "refunded", money(i->refunded_minor, i->currency));
	json_set_text(o, "card_text", card_text(rq, &i->card));
	page_set_time(rq, o, "created_at", i->created_us);
	return o;
}

json_t *view_account(struct request *rq, const struct account *account)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "name", account->name);
	page_set_money(rq, o, "balance", money(account->balance_minor, account->currency));
	return o;
}
