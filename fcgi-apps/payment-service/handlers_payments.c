/* handlers_payments.c - the payment API and the provider's webhooks. */
#include "payment.h"

#include <string.h>

#include "app/idem.h"
#include "base/log.h"
#include "provider.h"
#include "store_payment.h"

#define LEASE_SECS 30 /* longer than the provider may take */

err_t get_payment(struct request *rq)
{
	struct uuid id;
	struct intent intent;

	TRY(path_uuid(rq, "id", &id));
	TRY(payment_store_get(&rq->ctx, &id, &intent));
	return respond_resource(rq, 200, view_payment(rq->ctx.arena, &intent), intent.version);
}

/* ------------------------------------------------------------------ confirm */

struct confirm {
	struct request *rq;
	struct uuid payment_id, attempt_id;
	struct attempt attempt;
	struct outcome outcome;
	bool decided; /* an answer from before stands: nothing to record */
};

/* The outcome, the answer and its idempotency key commit together. */
static err_t finish_confirm(struct ctx *c, void *arg)
{
	struct confirm *f = arg;
	struct intent intent;

	if (!f->decided)
		TRY(payment_record(c, &f->attempt_id, &f->outcome));
	TRY(payment_store_get(c, &f->payment_id, &intent));
	TRY(respond_json(f->rq, 200, view_payment(c->arena, &intent)));
	idem_save(f->rq);
	return OK;
}

/* Only the customer has the card: the attempt stays begun, and the same key may resume it at once. */
static err_t leave_open(struct confirm *f)
{
	TRY(idem_claim(f->rq, 0, &f->attempt_id));
	return fail(&f->rq->ctx, &ERR_UNAVAILABLE,
		"the payment provider is not available; send this again with the same Idempotency-Key");
}

static err_t charge(struct confirm *f, const struct intent *intent)
{
	const struct attempt *attempt = &f->attempt;
	struct request *rq = f->rq;
	const struct provider_order order = {
		.attempt_id = &f->attempt_id,
		.amount_minor = intent->amount_minor,
		.currency = intent->currency,
		.reference = intent->order_number,
		.return_url = arena_printf(rq->ctx.arena, "%s/pay/%s", rq->app->public_url, intent->id.s),
	};

	if (strcmp(attempt->status, "started") != 0) {
		f->decided = true;
		return OK;
	}
	f->outcome = provider_charge(&rq->ctx, &order, rq->input);
	if (rq->body.n > 0)
		explicit_bzero((char *)(uintptr_t)rq->body.p, rq->body.n);
	if (f->outcome.kind == OUTCOME_BROKEN)
		return leave_open(f);
	if (attempt->resumed && f->outcome.kind == OUTCOME_NOT_SENT)
		f->outcome.kind = OUTCOME_UNKNOWN;
	/* The call may have gone out, the answer did not come: until the provider says more. */
	if (f->outcome.kind == OUTCOME_UNKNOWN)
		f->outcome = (struct outcome){.kind = OUTCOME_PROCESSING};
	return OK;
}

/* One commit for both: a key is claimed exactly when its attempt exists. */
static err_t begin_confirm(struct ctx *c, void *arg)
{
	struct confirm *f = arg;

	TRY(idem_claim(f->rq, LEASE_SECS, &f->attempt_id));
	return payment_begin(c, &f->payment_id, &f->attempt_id, "card", &f->attempt);
}

err_t post_confirm(struct request *rq)
{
	struct ctx *c = &rq->ctx;
	struct confirm f = {.rq = rq};
	struct intent intent;

	TRY(path_uuid(rq, "id", &f.payment_id));
	TRY(payment_store_get(c, &f.payment_id, &intent));
	TRY(db_tx(c, DB_TX_DEFAULT, begin_confirm, &f));
	TRY(charge(&f, &intent));
	return db_tx(c, DB_TX_DEFAULT, finish_confirm, &f);
}

/* ------------------------------------------------------------------ webhooks */

/* What we don't know or heard before is thanked for as well: the provider need not say it again. */
err_t post_webhook(struct request *rq)
{
	struct ctx *c = &rq->ctx;
	struct provider_news news;
	struct attempt attempt;
	bool is_new, known = false;

	TRY(provider_read_webhook(rq, &news));
	TRY(payment_store_new_event(c, PROVIDER_NAME, news.event_id, news.type, &news.attempt_id, &is_new));
	if (is_new && uuid_is_set(&news.attempt_id))
		TRY(payment_store_attempt(c, &news.attempt_id, &attempt, &known));
	if (known)
		TRY(payment_record(c, &news.attempt_id, &news.outcome));
	else if (is_new)
		log_peer(c, "webhook about a charge that is not ours", LS("type", news.type));
	return respond_empty(rq, 204);
}
