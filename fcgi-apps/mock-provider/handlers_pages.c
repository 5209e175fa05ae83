/* handlers_pages.c - the provider's own pages: the card form, and the bank's question. */
#include "provider.h"

#include <string.h>

#include "app/page.h"
#include "data/clock.h"
#include "edges/config.h"
#include "store_provider.h"

/* Back to the merchant. A shop on this very address is found by its path: the customer may use another name for it. */
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

/* Where a charge sends its card holder next. */
static err_t go_on(struct request *rq, const struct charge *ch)
{
	if (strcmp(ch->status, "requires_action") == 0)
		return respond_see_other(rq, arena_printf(rq->ctx.arena, "/mock-provider/challenges/%s", ch->id.s));
	return go_to(rq, ch->return_url);
}

/* The form comes back without what must not be seen twice. */
static void forget_card(struct request *rq)
{
	static const char *const SECRETS[] = {"number", "cvc"};

	for (size_t i = 0; i < rq->form.n; i++) {
		const struct param *p = &rq->form.list[i];
		for (size_t k = 0; k < ARRAY_LEN(SECRETS); k++) {
			if (str_eq(p->name, SECRETS[k]) && p->value.n > 0)
				explicit_bzero((char *)(uintptr_t)p->value.p, p->value.n);
		}
	}
	if (rq->body.n > 0)
		explicit_bzero((char *)(uintptr_t)rq->body.p, rq->body.n);
}

err_t page_session(struct request *rq)
{
	struct uuid id;
	struct session s;
	struct charge ch;
	bool found;
	struct page_info info = {.title = text(rq, "provider.card_title", NULL, 0), .noindex = true};

	forget_card(rq);
	TRY(path_uuid(rq, "id", &id));
	TRY(provider_store_session(&rq->ctx, &id, &s));
	TRY(provider_store_find_charge(&rq->ctx, s.key, &ch, &found));
	if (found)
		return go_on(rq, &ch);
	if (s.expires_us < clock_now_us())
		return go_to(rq, s.return_url);
	return page_respond(rq, 200, "mock-provider/hosted-card", view_card_page(rq, &s), &info);
}

err_t page_session_pay(struct request *rq)
{
	const struct card_form *f = rq->input;
	const struct test_card *card = card_by_number(f->number);
	int64_t month, year, now_us = clock_now_us();
	struct uuid id;
	struct session s;
	bool is_new;

	TRY(path_uuid(rq, "id", &id));
	TRY(provider_store_session(&rq->ctx, &id, &s));
	if (s.expires_us < now_us || !card_expiry_parse(f->exp, &month, &year))
		return go_to(rq, s.return_url);
	struct charge ch = {.id = uuid_v4(),
		.key = s.key,
		.amount_minor = s.amount_minor,
		.reference = s.reference,
		.return_url = s.return_url,
		.exp_month = (int32_t)month,
		.exp_year = (int32_t)year,
		.created_us = now_us};
	memcpy(ch.currency, s.currency, sizeof(ch.currency));
	ch.decide_us = card->effect == CARD_SILENT ? now_us + config_int("silent_decide_ms") * 1000 : 0;
	card_decide(rq->ctx.arena, &ch, card, f->number, now_us);
	forget_card(rq);
	TRY(charge_make(&rq->ctx, &ch, &is_new));
	return go_on(rq, &ch);
}

err_t page_challenge(struct request *rq)
{
	struct uuid id;
	struct charge ch;
	struct page_info info = {.title = text(rq, "provider.challenge_title", NULL, 0), .noindex = true};

	TRY(path_uuid(rq, "id", &id));
	TRY(provider_store_charge(&rq->ctx, &id, &ch));
	return page_respond(rq, 200, "mock-provider/challenge", view_challenge(rq, &ch), &info);
}

err_t page_challenge_answer(struct request *rq)
{
	const struct answer_form *f = rq->input;
	struct uuid id;
	struct charge ch;

	TRY(path_uuid(rq, "id", &id));
	TRY(charge_answer(&rq->ctx, &id, strcmp(f->action, "approve") == 0, &ch));
	return go_to(rq, ch.return_url);
}
