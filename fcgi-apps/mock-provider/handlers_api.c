/* handlers_api.c - what merchants call. */
#include "provider.h"

#include <string.h>
#include <time.h>

#include "data/clock.h"
#include "edges/config.h"
#include "store_provider.h"

#define SESSION_LASTS_US (30 * 60 * US_PER_SEC)

const struct config_key PROVIDER_CONFIG[] = {
	{"provider_key", CONFIG_SECRET, NULL, 0, 0, "the API key of our one merchant"},
	{"webhook_secret", CONFIG_SECRET, NULL, 0, 0, "what webhooks to the merchant are signed with"},
	{"webhook_url", CONFIG_URL, NULL, 0, 0, "where the merchant takes webhooks"},
	{"silent_hold_ms", CONFIG_INT, "300", 0, 5000,
		"how long a call with the silent card waits before it ends without an answer"},
	{"silent_decide_ms", CONFIG_INT, "3000", 0, 3600000, "when the silent card's bank decides"},
	{0},
};

/* The provider's own notion of who calls, not the shop's: its one merchant, by API key, on every call. */
static err_t merchant(struct request *rq, const char **key_r)
{
	const char *given = request_header(rq, "Authorization"), *key = request_header(rq, "Idempotency-Key");
	const char *wanted = arena_printf(rq->ctx.arena, "Bearer %s", config_text("provider_key"));

	if (given == NULL || !str_same_secret(str_of(given), str_of(wanted)))
		return fail(&rq->ctx, &ERR_UNAUTHENTICATED, "the API key is not right");
	if (key_r == NULL)
		return OK;
	if (key == NULL || key[0] == '\0' || strlen(key) > KEY_MAX)
		return fail(&rq->ctx, &ERR_IDEMPOTENCY_REQUIRED, "send an Idempotency-Key of at most %d characters",
			KEY_MAX);
	*key_r = key;
	return OK;
}

static void hold(long ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

static void wipe(const char *text)
{
	if (text != NULL)
		explicit_bzero((char *)(uintptr_t)text, strlen(text));
}

static err_t find_card(
	struct request *rq, const struct charge_input *in, struct charge *ch, const struct test_card **card_r)
{
	if (in->card != NULL) {
		ch->exp_month = (int32_t)in->card->exp_month;
		ch->exp_year = (int32_t)in->card->exp_year;
		*card_r = card_by_number(in->card->number);
		return OK;
	}
	ch->exp_month = 12;
	ch->exp_year = 2099;
	*card_r = card_by_token(in->method_token);
	if (*card_r != NULL)
		return OK;
	field_error(&rq->ctx, "method_token", "unknown", "there is no such method token");
	return ctx_check(&rq->ctx);
}

err_t post_charge(struct request *rq)
{
	const struct charge_input *in = rq->input;
	struct charge ch = {.id = uuid_v4(),
		.amount_minor = in->amount.minor,
		.reference = in->reference,
		.return_url = in->return_url};
	const struct test_card *card;
	int64_t now_us = clock_now_us();
	bool is_new;

	TRY(merchant(rq, &ch.key));
	TRY(find_card(rq, in, &ch, &card));
	memcpy(ch.currency, in->amount.currency, sizeof(ch.currency));
	ch.created_us = now_us;
	ch.decide_us = card->effect == CARD_SILENT ? now_us + config_int("silent_decide_ms") * 1000 : 0;
	card_decide(rq->ctx.arena, &ch, card, in->card != NULL ? in->card->number : card->number, now_us);
	if (in->card != NULL) {
		wipe(in->card->number);
		wipe(in->card->cvc);
	}
	if (rq->body.n > 0)
		explicit_bzero((char *)(uintptr_t)rq->body.p, rq->body.n);
	TRY(charge_make(&rq->ctx, &ch, &is_new));
	if (is_new && strcmp(ch.status, "processing") == 0) {
		hold((long)config_int("silent_hold_ms"));
		return fail(&rq->ctx, &ERR_TIMEOUT, "the card's bank does not answer");
	}
	return respond_json(rq, 200, view_charge(rq->ctx.arena, &ch));
}

err_t get_charge(struct request *rq)
{
	struct charge ch;

	TRY(merchant(rq, NULL));
	TRY(provider_store_charge_by_key(&rq->ctx, path_arg(rq, "key"), &ch));
	return respond_json(rq, 200, view_charge(rq->ctx.arena, &ch));
}

err_t post_refund(struct request *rq)
{
	const struct refund_input *in = rq->input;
	const char *key;
	struct charge ch;

	TRY(merchant(rq, &key));
	TRY(charge_refund(&rq->ctx, path_arg(rq, "key"), key, &in->amount, &ch));
	return respond_json(rq, 200, view_charge(rq->ctx.arena, &ch));
}

err_t get_refund(struct request *rq)
{
	json_t *o = json_new_object(rq->ctx.arena);
	struct charge ch;
	int64_t amount_minor;

	TRY(merchant(rq, NULL));
	TRY(provider_store_charge_by_key(&rq->ctx, path_arg(rq, "key"), &ch));
	TRY(provider_store_refund(&rq->ctx, &ch, path_arg(rq, "refund_key"), &amount_minor));
	json_set_text(o, "key", path_arg(rq, "refund_key"));
	json_set_money(o, "amount", money(amount_minor, ch.currency));
	return respond_json(rq, 200, o);
}

err_t post_session(struct request *rq)
{
	const struct charge_input *in = rq->input;
	struct session s = {.id = uuid_v4(),
		.amount_minor = in->amount.minor,
		.reference = in->reference,
		.return_url = in->return_url,
		.expires_us = clock_now_us() + SESSION_LASTS_US};
	json_t *o = json_new_object(rq->ctx.arena);

	TRY(merchant(rq, &s.key));
	memcpy(s.currency, in->amount.currency, sizeof(s.currency));
	TRY(provider_store_open_session(&rq->ctx, &s, &s));
	json_set_text(o, "id", s.id.s);
	json_set_text(
		o, "url", arena_printf(rq->ctx.arena, "%s/mock-provider/sessions/%s", rq->app->public_url, s.id.s));
	json_set_time(o, "expires_at", s.expires_us);
	return respond_json(rq, 200, o);
}
