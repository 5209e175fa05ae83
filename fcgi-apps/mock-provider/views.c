/* views.c - the only place that names output fields of the mock provider. */
#include "provider.h"

#include <string.h>

#include "app/page.h"

json_t *view_charge(struct arena *a, const struct charge *ch)
{
	json_t *o = json_new_object(a), *card = json_new_object(a);

	json_set_text(o, "id", ch->id.s);
	json_set_text(o, "key", ch->key);
	json_set_text(o, "status", ch->status);
	json_set_text_if(o, "failure_code", ch->failure_code);
	json_set_money(o, "amount", money(ch->amount_minor, ch->currency));
	json_set_money(o, "refunded", money(ch->refunded_minor, ch->currency));
	json_set_text(o, "reference", ch->reference);
	json_set_text(card, "brand", ch->brand);
	json_set_text(card, "last4", ch->last4);
	json_set_int(card, "exp_month", ch->exp_month);
	json_set_int(card, "exp_year", ch->exp_year);
	json_set(o, "card", card);
	if (strcmp(ch->status, "requires_action") == 0) {
		json_t *next = json_new_object(a);
		json_set_text(next, "url",
			arena_printf(a, "%s/mock-provider/challenges/%s", app_get()->public_url, ch->id.s));
		json_set(o, "next_action", next);
	}
	return o;
}

/* ------------------------------------------------------------------ pages */

static json_t *provider_context(struct request *rq, const char *return_url, const char *reference, struct money amount)
{
	json_t *context = json_new_object(rq->ctx.arena);

	json_set_text(context, "merchant", rq->app->shop_name);
	json_set_text(context, "return_href", return_url);
	json_set_text(context, "action", rq->path);
	json_set_text(context, "reference", reference);
	page_set_money(rq, context, "amount", amount);
	return context;
}

/* "4242 4242 4242 4242" */
static const char *spaced(struct arena *a, const char *number)
{
	return arena_printf(a, "%.4s %.4s %.4s %.4s", number, number + 4, number + 8, number + 12);
}

json_t *view_card_page(struct request *rq, const struct session *s)
{
	struct arena *a = rq->ctx.arena;
	struct money amount = money(s->amount_minor, s->currency);
	json_t *context = provider_context(rq, s->return_url, s->reference, amount), *cards = json_new_array(a),
	       *form = json_new_object(a);
	json_t *values = json_new_object(a);

	json_set_text(context, "pay_text", text(rq, "provider.pay", TEXT_ARGS({"amount", money_text(a, amount)})));
	for (const struct test_card *t = TEST_CARDS; t->number != NULL; t++) {
		json_t *o = json_new_object(a);
		json_set_text(o, "number", spaced(a, t->number));
		json_set_text(o, "text", text(rq, t->text_key, NULL, 0));
		json_add(cards, o);
	}
	json_set(context, "test_cards", cards);
	json_set_null(values, "exp");
	json_set_null(values, "name");
	json_set(form, "values", values);
	json_set(context, "form", form);
	return context;
}

json_t *view_challenge(struct request *rq, const struct charge *ch)
{
	struct money amount = money(ch->amount_minor, ch->currency);
	json_t *context = provider_context(rq, ch->return_url, ch->reference, amount);

	json_set_text(context, "card_text",
		text(rq, "pay.card_ending", TEXT_ARGS({"brand", ch->brand}, {"last4", ch->last4})));
	json_set_bool(context, "expired", strcmp(ch->status, "requires_action") != 0);
	return context;
}
