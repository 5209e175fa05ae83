/*
 * provider_mock.c - the provider port, spoken to the mock provider over HTTP.
 *
 * What its words mean to us is decided here; what follows from them in rules.c.
 */
#include "provider.h"

#include <string.h>

#include "base/log.h"
#include "data/clock.h"
#include "edges/config.h"
#include "edges/httpc.h"
#include "edges/webhook.h"

#define ANSWER_MAX 16384
#define REQUEST_MAX 8192

const struct config_key PAYMENT_CONFIG[] = {
	{"provider_url", CONFIG_URL, NULL, 0, 0, "where the payment provider's API is; no slash at the end"},
	{"provider_key", CONFIG_SECRET, NULL, 0, 0, "our API key at the payment provider"},
	{"provider_timeout_ms", CONFIG_INT, "4000", 100, 20000, "how long the provider may take to answer"},
	{"webhook_secret", CONFIG_SECRET, NULL, 0, 0, "what the provider signs its webhooks with"},
	{0},
};

static void wipe(const char *text)
{
	if (text != NULL)
		explicit_bzero((char *)(uintptr_t)text, strlen(text));
}

/* ------------------------------------------------------------------ calls */

static err_t call(struct ctx *c, enum method method, const char *path, const char *key, struct str body,
	struct httpc_response *rs_r)
{
	const struct header headers[] = {
		{"Content-Type", "application/json"},
		{"Authorization", arena_printf(c->arena, "Bearer %s", config_text("provider_key"))},
		{"Idempotency-Key", key != NULL ? key : ""},
	};
	const struct httpc_request rq = {
		.method = method,
		.url = arena_printf(c->arena, "%s/api/v1%s", config_text("provider_url"), path),
		.headers = headers,
		.nheaders = key != NULL ? 3 : 2,
		.body = body,
		.timeout_ms = config_int("provider_timeout_ms"),
		.response_max = ANSWER_MAX,
	};
	return httpc_exchange(c, &rq, rs_r);
}

static void put_member(struct buf *b, const char *name, const char *value)
{
	buf_printf(b, ",\"%s\":", name);
	buf_json_string(b, str_of(value));
}

static void put_order(struct buf *b, const struct provider_order *o)
{
	buf_printf(b, "{\"amount\":{\"amount\":%lld,\"currency\":\"%s\"}", (long long)o->amount_minor, o->currency);
	put_member(b, "reference", o->reference);
	put_member(b, "return_url", o->return_url);
}

static void put_method(struct buf *b, const struct confirm_input *m)
{
	if (m->card == NULL) {
		put_member(b, "method_token", m->method_token);
		return;
	}
	buf_puts(b, ",\"card\":{\"number\":");
	buf_json_string(b, str_of(m->card->number));
	buf_printf(b, ",\"exp_month\":%lld,\"exp_year\":%lld", (long long)m->card->exp_month,
		(long long)m->card->exp_year);
	put_member(b, "cvc", m->card->cvc);
	if (m->card->name != NULL)
		put_member(b, "name", m->card->name);
	buf_putc(b, '}');
}

/* ------------------------------------------------------------------ answers */

static const struct {
	const char *status;
	enum outcome_kind kind;
} KINDS[] = {
	{"processing", OUTCOME_PROCESSING},
	{"requires_action", OUTCOME_REQUIRES_ACTION},
	{"succeeded", OUTCOME_SUCCEEDED},
	{"failed", OUTCOME_FAILED},
};

static const char *kept(struct ctx *c, const json_t *object, const char *key)
{
	return arena_strdup(c->arena, json_text(object, key, NULL));
}

static struct outcome outcome_of_charge(struct ctx *c, const json_t *charge)
{
	const json_t *card = json_object_get(charge, "card"), *amount = json_object_get(charge, "amount");
	struct money m = money(json_int(amount, "amount", 0), json_text(amount, "currency", ""));
	struct outcome o = {
		.charge_id = kept(c, charge, "id"),
		.failure_code = kept(c, charge, "failure_code"),
		.page_url = kept(c, json_object_get(charge, "next_action"), "url"),
		.amount_minor = m.minor,
	};

	memcpy(o.currency, m.currency, sizeof(o.currency));
	for (size_t i = 0; i < ARRAY_LEN(KINDS); i++) {
		if (strcmp(json_text(charge, "status", ""), KINDS[i].status) == 0)
			o.kind = KINDS[i].kind;
	}
	if (card != NULL) {
		o.card.brand = kept(c, card, "brand");
		o.card.last4 = kept(c, card, "last4");
		o.card.exp_month = (int32_t)json_int(card, "exp_month", 0);
		o.card.exp_year = (int32_t)json_int(card, "exp_year", 0);
	}
	return o;
}

/* What stands before the provider lost it, or finds nobody: not the silence of one that thinks. */
static bool is_gateway_failure(int status)
{
	return status == 502 || status == 503;
}

/* 4xx is an answer: there is no charge, and won't be. Anything else but 2xx says nothing. */
static struct outcome outcome_of(struct ctx *c, err_t e, const struct httpc_response *rs)
{
	json_t *answer;

	if (e == &ERR_UNAVAILABLE)
		return (struct outcome){.kind = OUTCOME_NOT_SENT};
	if (e != OK || rs->status >= 500 || rs->status < 200 || json_parse(c, rs->body, &answer) != OK) {
		log_peer(c, "the payment provider gave no answer", LS("why", e != OK ? c->detail : "not understood"),
			LI("status", e == OK ? rs->status : 0));
		ctx_clear_failure(c);
		return (struct outcome){.kind = e == OK && is_gateway_failure(rs->status) ? OUTCOME_BROKEN : OUTCOME_UNKNOWN};
	}
	if (rs->status == 404)
		return (struct outcome){.kind = OUTCOME_NO_CHARGE};
	if (rs->status == 422)
		return (struct outcome){.kind = OUTCOME_FAILED, .failure_code = "invalid_method"};
	if (rs->status >= 300) {
		log_bug(c, "the payment provider refused our request", LI("status", rs->status),
			LS("code", json_text(answer, "code", "")));
		return (struct outcome){.kind = OUTCOME_FAILED, .failure_code = "processing_error"};
	}
	return outcome_of_charge(c, answer);
}

struct outcome provider_charge(struct ctx *c, const struct provider_order *o, const struct confirm_input *method)
{
	struct httpc_response rs;
	struct buf body;
	err_t e;

	buf_init(&body, c->arena, REQUEST_MAX);
	/* One allocation that never moves: a copy left behind would hold the card. */
	buf_printf(&body, "%*s", REQUEST_MAX - 1, "");
	body.len = 0;
	put_order(&body, o);
	put_method(&body, method);
	buf_putc(&body, '}');
	if (!buf_ok(&body))
		return (struct outcome){.kind = OUTCOME_FAILED, .failure_code = "processing_error"};
	e = call(c, METHOD_POST, "/charges", o->attempt_id->s, buf_str(&body), &rs);
	explicit_bzero(body.p, body.cap);
	if (method->card != NULL) {
		wipe(method->card->number);
		wipe(method->card->cvc);
	}
	return outcome_of(c, e, &rs);
}

err_t provider_open_page(struct ctx *c, const struct provider_order *o, const char **url_r)
{
	struct httpc_response rs;
	struct buf body;
	json_t *answer;

	buf_init(&body, c->arena, REQUEST_MAX);
	put_order(&body, o);
	buf_putc(&body, '}');
	TRY(call(c, METHOD_POST, "/sessions", o->attempt_id->s, buf_str(&body), &rs));
	TRY(json_parse(c, rs.body, &answer));
	const char *url = json_text(answer, "url", NULL);
	if (rs.status / 100 != 2 || url == NULL)
		return fail(c, &ERR_PEER, "the payment provider answered %d", rs.status);
	*url_r = arena_strdup(c->arena, url);
	return OK;
}

struct outcome provider_look_up(struct ctx *c, const struct uuid *attempt_id)
{
	struct httpc_response rs;
	err_t e = call(c, METHOD_GET, arena_printf(c->arena, "/charges/%s", attempt_id->s), NULL, (struct str){0}, &rs);
	struct outcome o = outcome_of(c, e, &rs);

	/* Not being able to ask says nothing about the attempt. */
	if (o.kind == OUTCOME_NOT_SENT || (e == OK && rs.status >= 300 && rs.status != 404))
		o.kind = OUTCOME_UNKNOWN;
	return o;
}

err_t provider_refund_known(struct ctx *c, const struct refund *r, bool *known_r)
{
	struct httpc_response rs;

	TRY(call(c, METHOD_GET, arena_printf(c->arena, "/charges/%s/refunds/%s", r->attempt_id.s, r->id.s), NULL,
		(struct str){0}, &rs));
	if (rs.status / 100 != 2 && rs.status != 404)
		return fail(c, &ERR_UNAVAILABLE, "the payment provider answered %d when asked about a refund", rs.status);
	*known_r = rs.status != 404;
	return OK;
}

err_t provider_refund(struct ctx *c, const struct refund *r)
{
	struct httpc_response rs;
	const char *path = arena_printf(c->arena, "/charges/%s/refunds", r->attempt_id.s);
	const char *body = arena_printf(c->arena, "{\"amount\":{\"amount\":%lld,\"currency\":\"%s\"}}",
		(long long)r->amount_minor, r->currency);

	TRY(call(c, METHOD_POST, path, r->id.s, str_of(body), &rs));
	if (rs.status / 100 != 2)
		return fail(c, &ERR_UNAVAILABLE, "the payment provider answered %d to a refund", rs.status);
	return OK;
}

/* ------------------------------------------------------------------ webhooks */

err_t provider_read_webhook(struct request *rq, struct provider_news *news_r)
{
	struct ctx *c = &rq->ctx;
	const struct webhook w = {
		.id = request_header(rq, "webhook-id"),
		.timestamp = request_header(rq, "webhook-timestamp"),
		.signature = request_header(rq, "webhook-signature"),
		.body = rq->body,
	};
	json_t *event;

	if (!webhook_verify(c->arena, config_text("webhook_secret"), &w, clock_now_us()))
		return fail(c, &ERR_UNAUTHENTICATED, "the webhook's signature or time is not right");
	TRY(json_parse(c, rq->body, &event));
	const json_t *charge = json_object_get(event, "data");
	*news_r = (struct provider_news){
		.event_id = w.id, .type = json_text(event, "type", ""), .outcome = outcome_of_charge(c, charge)};
	if (!uuid_parse(str_of(json_text(charge, "key", "")), &news_r->attempt_id))
		news_r->attempt_id = (struct uuid){""};
	return OK;
}
