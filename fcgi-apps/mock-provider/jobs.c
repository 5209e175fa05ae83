/* jobs.c - webhooks to the merchant, and banks that answer late. */
#include "provider.h"

#include "data/clock.h"
#include "edges/config.h"
#include "edges/httpc.h"
#include "edges/webhook.h"

#define LEASE_SECS 30
#define TIMEOUT_MS 8000
#define ANSWER_MAX 65536
#define DECIDE_EVERY_MS 500

static err_t deliver(struct ctx *c, const struct job *j)
{
	struct webhook w = {
		.id = json_text(j->payload, "id", ""),
		.timestamp = arena_printf(c->arena, "%lld", (long long)(clock_now_us() / US_PER_SEC)),
		.body = json_render(c->arena, json_object_get(j->payload, "event")),
	};
	w.signature = webhook_sign(c->arena, config_text("webhook_secret"), &w);
	const struct header headers[] = {
		{"Content-Type", "application/json"},
		{"webhook-id", w.id},
		{"webhook-timestamp", w.timestamp},
		{"webhook-signature", w.signature},
	};
	const struct httpc_request rq = {
		.method = METHOD_POST,
		.url = config_text("webhook_url"),
		.headers = headers,
		.nheaders = ARRAY_LEN(headers),
		.body = w.body,
		.timeout_ms = TIMEOUT_MS,
		.response_max = ANSWER_MAX,
	};
	struct httpc_response rs;

	TRY(httpc_exchange(c, &rq, &rs));
	if (rs.status / 100 != 2)
		return fail(c, &ERR_UNAVAILABLE, "the merchant answered %d", rs.status);
	return OK;
}

const struct job_worker PROVIDER_JOBS[] = {
	{WEBHOOK_QUEUE, LEASE_SECS, deliver},
	{0},
};

const struct timer PROVIDER_TIMERS[] = {
	{.name = "mock_provider.decide", .every_ms = DECIDE_EVERY_MS, .run = charges_decide},
	{0},
};
