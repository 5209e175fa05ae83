/*
 * books.c - a charge from first call to last webhook. Whatever is decided commits together
 * with the job that tells the merchant, so that nothing is decided in silence.
 */
#include "provider.h"

#include <string.h>

#include "data/clock.h"
#include "store_provider.h"

/* The same news has the same key: the queue takes it once. */
static void tell_merchant(struct ctx *c, const struct charge *ch)
{
	json_t *payload = json_new_object(c->arena), *event = json_new_object(c->arena);
	const char *id = arena_printf(c->arena, "evt_%s_%s", ch->id.s, ch->status);

	json_set_text(event, "type", arena_printf(c->arena, "charge.%s", ch->status));
	json_set_time(event, "timestamp", clock_now_us());
	json_set(event, "data", view_charge(c->arena, ch));
	json_set_text(payload, "id", id);
	json_set(payload, "event", event);
	job_enqueue(c, WEBHOOK_QUEUE, id, payload);
}

struct make {
	struct charge *charge;
	bool is_new;
};

static err_t make_body(struct ctx *c, void *arg)
{
	struct make *m = arg;
	struct charge before = *m->charge;

	TRY(provider_store_new_charge(c, m->charge, &m->is_new));
	if (m->is_new) {
		tell_merchant(c, m->charge);
		return OK;
	}
	TRY(provider_store_charge_by_key(c, before.key, m->charge));
	if (m->charge->amount_minor != before.amount_minor || strcmp(m->charge->currency, before.currency) != 0)
		return fail(c, &ERR_CHARGE_KEY, "this key was used for another amount");
	return OK;
}

err_t charge_make(struct ctx *c, struct charge *charge, bool *is_new_r)
{
	struct charge wanted = *charge;
	struct make m = {.charge = &wanted};

	TRY(db_tx(c, DB_TX_DEFAULT, make_body, &m));
	*charge = wanted;
	*is_new_r = m.is_new;
	return OK;
}

struct answer {
	const struct uuid *id;
	bool approved;
	struct charge *charge;
};

static err_t answer_body(struct ctx *c, void *arg)
{
	struct answer *a = arg;
	struct charge *ch = a->charge;

	TRY(provider_store_lock_charge(c, a->id, ch));
	if (strcmp(ch->status, "requires_action") != 0)
		return OK;
	ch->status = a->approved ? "succeeded" : "failed";
	ch->failure_code = a->approved ? NULL : "authentication_failed";
	provider_store_set_charge(c, ch);
	tell_merchant(c, ch);
	return OK;
}

err_t charge_answer(struct ctx *c, const struct uuid *id, bool approved, struct charge *charge_r)
{
	struct answer a = {id, approved, charge_r};

	return db_tx(c, DB_TX_DEFAULT, answer_body, &a);
}

static err_t decide_body(struct ctx *c, void *arg)
{
	struct charge *rows;
	size_t n;

	(void)arg;
	TRY(provider_store_decide_due(c, &rows, &n));
	for (size_t i = 0; i < n; i++)
		tell_merchant(c, &rows[i]);
	return OK;
}

err_t charges_decide(struct ctx *c)
{
	return db_tx(c, DB_TX_DEFAULT, decide_body, NULL);
}

struct giving_back {
	const char *key, *refund_key;
	const struct money *amount;
	struct charge *charge;
};

static err_t refund_body(struct ctx *c, void *arg)
{
	struct giving_back *g = arg;
	struct charge *ch = g->charge;
	bool is_new;

	TRY(provider_store_lock_charge_by_key(c, g->key, ch));
	if (strcmp(ch->status, "succeeded") != 0)
		return fail(c, &ERR_CHARGE_UNPAID, "the charge is %s", ch->status);
	if (strcmp(ch->currency, g->amount->currency) != 0)
		return fail(c, &ERR_REFUND_TOO_MUCH, "the charge was in %s", ch->currency);
	TRY(provider_store_new_refund(c, ch, g->refund_key, g->amount->minor, &is_new));
	if (!is_new)
		return OK;
	ch->refunded_minor += g->amount->minor;
	provider_store_set_charge(c, ch);
	return OK;
}

err_t charge_refund(
	struct ctx *c, const char *key, const char *refund_key, const struct money *amount, struct charge *charge_r)
{
	struct giving_back g = {key, refund_key, amount, charge_r};

	return db_tx(c, DB_TX_DEFAULT, refund_body, &g);
}
