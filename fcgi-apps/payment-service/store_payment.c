/* store_payment.c - the statements of payment-service. What may follow what is said in the schema (sql/payment). */
#include "store_payment.h"

static const struct db_column INTENT_COLUMNS[] = {
	DB_COLUMN(struct intent, id, DB_UUID),
	DB_COLUMN(struct intent, reference, DB_UUID),
	DB_COLUMN(struct intent, seq, DB_INT64),
	DB_COLUMN(struct intent, order_id, DB_UUID),
	DB_COLUMN(struct intent, order_number, DB_TEXT),
	DB_COLUMN(struct intent, amount_minor, DB_INT64),
	DB_COLUMN(struct intent, captured_minor, DB_INT64),
	DB_COLUMN(struct intent, refunded_minor, DB_INT64),
	DB_COLUMN(struct intent, currency, DB_CURRENCY),
	DB_COLUMN(struct intent, status, DB_TEXT),
	DB_COLUMN(struct intent, failure_code, DB_TEXT),
	DB_COLUMN_AS(struct intent, card.brand, DB_TEXT, "card_brand"),
	DB_COLUMN_AS(struct intent, card.last4, DB_TEXT, "card_last4"),
	DB_COLUMN_AS(struct intent, card.exp_month, DB_INT32, "card_exp_month"),
	DB_COLUMN_AS(struct intent, card.exp_year, DB_INT32, "card_exp_year"),
	DB_COLUMN(struct intent, version, DB_INT64),
	DB_COLUMN_AS(struct intent, created_us, DB_TIME, "created_at"),
	DB_COLUMN(struct intent, page_url, DB_TEXT),
};

#define INTENT_SELECT                                                                                                  \
	"select i.id, i.reference, i.seq, i.order_id, i.order_number, i.amount_minor, i.captured_minor, "              \
	"i.refunded_minor, i.currency,"                                                                                \
	" i.status, i.failure_code, i.card_brand, i.card_last4, i.card_exp_month, i.card_exp_year, i.version, "        \
	"i.created_at,"                                                                                                \
	" (select a.page_url from payment.attempt a where a.payment_id = i.id and a.status = 'requires_action') as "   \
	"page_url"                                                                                                     \
	" from payment.intent i "

static const struct db_stmt INTENT_BY_ID =
	DB_ROWS("payment_by_id", struct intent, INTENT_COLUMNS, SQL(INTENT_SELECT "where i.id = $1::uuid"));
static const struct db_stmt INTENT_LOCK = DB_ROWS(
	"payment_lock", struct intent, INTENT_COLUMNS, SQL(INTENT_SELECT "where i.id = $1::uuid for update of i"));
static const struct db_stmt INTENT_LOCK_OF_ATTEMPT = DB_ROWS("payment_lock_of_attempt", struct intent, INTENT_COLUMNS,
	SQL(INTENT_SELECT
		"where i.id = (select a.payment_id from payment.attempt a where a.id = $1::uuid) for update of i"));
static const struct db_stmt INTENT_LIST = DB_ROWS("payment_list", struct intent, INTENT_COLUMNS,
	SQL(INTENT_SELECT "where ($1::bigint = 0 or i.seq < $1) and ($2::text is null or i.status = $2)"
			  " and ($3::text is null or i.order_number = upper($3) or i.reference::text = lower($3) or "
			  "i.id::text = lower($3))"
			  " order by i.seq desc limit $4::bigint"));

static const struct db_stmt INTENT_SET = DB_EXEC("payment_set",
	SQL("update payment.intent set status = $2, failure_code = $3, card_brand = coalesce($4, card_brand),"
	    " card_last4 = coalesce($5, card_last4), card_exp_month = coalesce($6::integer, card_exp_month),"
	    " card_exp_year = coalesce($7::integer, card_exp_year) where id = $1::uuid"));

static const struct db_column ATTEMPT_COLUMNS[] = {
	DB_COLUMN(struct attempt, id, DB_UUID),
	DB_COLUMN(struct attempt, payment_id, DB_UUID),
	DB_COLUMN(struct attempt, kind, DB_TEXT),
	DB_COLUMN(struct attempt, status, DB_TEXT),
	DB_COLUMN(struct attempt, charge_id, DB_TEXT),
	DB_COLUMN(struct attempt, page_url, DB_TEXT),
	DB_COLUMN_AS(struct attempt, created_us, DB_TIME, "created_at"),
};
#define ATTEMPT_FIELDS "id, payment_id, kind, status, charge_id, page_url, created_at"
#define ATTEMPT_LIVE "status in ('started', 'processing', 'requires_action')"

static const struct db_stmt ATTEMPT_BY_ID = DB_ROWS("attempt_by_id", struct attempt, ATTEMPT_COLUMNS,
	SQL("select " ATTEMPT_FIELDS " from payment.attempt where id = $1::uuid"));
static const struct db_stmt LIVE_ATTEMPT = DB_ROWS("attempt_live", struct attempt, ATTEMPT_COLUMNS,
	SQL("select " ATTEMPT_FIELDS " from payment.attempt where payment_id = $1::uuid and " ATTEMPT_LIVE));
/* Asked about after the call that began it must have ended; a page gives its customer time. */
static const struct db_stmt ATTEMPT_NEW = DB_EXEC("attempt_new",
	SQL("insert into payment.attempt (id, payment_id, kind, check_at) values ($1::uuid, $2::uuid, $3::text,"
	    " now() + case $3::text when 'card' then interval '10 seconds' else interval '30 seconds' end)"));
static const struct db_stmt ATTEMPT_SET = DB_EXEC("attempt_set",
	SQL("update payment.attempt set status = $2, failure_code = $3, charge_id = coalesce($4, charge_id), page_url "
	    "= coalesce($5, page_url),"
	    " checks = 0, check_at = now() + interval '2 seconds', updated_at = now() where id = $1::uuid"));
static const struct db_stmt ATTEMPT_SET_PAGE = DB_EXEC(
	"attempt_set_page", SQL("update payment.attempt set page_url = $2, updated_at = now() where id = $1::uuid"));
static const struct db_stmt ATTEMPT_SUPERSEDE =
	DB_EXEC("attempt_supersede", SQL("update payment.attempt set status = 'superseded', updated_at = now() where "
					 "payment_id = $1::uuid and " ATTEMPT_LIVE));
static const struct db_stmt ATTEMPTS_DUE = DB_ROWS("attempts_due", struct attempt, ATTEMPT_COLUMNS,
	SQL("update payment.attempt set checks = checks + 1,"
	    " check_at = now() + least(interval '10 minutes', interval '2 seconds' * power(2, least(checks, 12)))"
	    " where id in (select id from payment.attempt where " ATTEMPT_LIVE
	    " and check_at <= now() order by check_at limit 20"
	    " for update skip locked) returning " ATTEMPT_FIELDS));

static const struct db_stmt EVENTS_FORGET = DB_EXEC("provider_events_forget",
	SQL("delete from payment.provider_event where ctid in (select ctid from payment.provider_event"
	    " where received_at < now() - interval '30 days' limit 5000)"));
static const struct db_stmt EVENT_NEW =
	DB_EXEC("provider_event_new", SQL("insert into payment.provider_event (provider, event_id, type, attempt_id) "
					  "values ($1, $2, $3, $4::uuid) on conflict do nothing"));

static const struct db_stmt POST =
	DB_EXEC("ledger_post", SQL("select payment.post($1::uuid, $2, $3::uuid, $4::bigint, $5)"));

static const struct db_column REFUND_COLUMNS[] = {
	DB_COLUMN(struct refund, id, DB_UUID),
	DB_COLUMN(struct refund, payment_id, DB_UUID),
	DB_COLUMN(struct refund, attempt_id, DB_UUID),
	DB_COLUMN(struct refund, amount_minor, DB_INT64),
	DB_COLUMN(struct refund, currency, DB_CURRENCY),
	DB_COLUMN(struct refund, status, DB_TEXT),
	DB_COLUMN(struct refund, reason, DB_TEXT),
};
static const struct db_column OWED_COLUMNS[] = {
	DB_COLUMN_AS(struct attempt, id, DB_UUID, "attempt_id"),
	DB_COLUMN(struct attempt, payment_id, DB_UUID),
	DB_COLUMN(struct attempt, amount_minor, DB_INT64),
};
static const struct db_stmt LOCK_OF_ORDER = DB_EXEC(
	"payment_lock_of_order", SQL("select from payment.intent where order_id = $1::uuid for update"));
static const struct db_stmt OWED_BACK = DB_ROWS("payment_owed_back", struct attempt, OWED_COLUMNS,
	SQL("select attempt_id, payment_id, amount_minor from payment.owed_back($1::uuid)"));
static const struct db_stmt REFUND_NEW =
	DB_EXEC("refund_new", SQL("insert into payment.refund (id, payment_id, attempt_id, amount_minor, reason)"
				  " values ($1::uuid, $2::uuid, $3::uuid, $4::bigint, $5)"));
static const struct db_stmt REFUND_BY_ID = DB_ROWS("refund_by_id", struct refund, REFUND_COLUMNS,
	SQL("select r.id, r.payment_id, r.attempt_id, r.amount_minor, i.currency, r.status, r.reason"
	    " from payment.refund r join payment.intent i on i.id = r.payment_id where r.id = $1::uuid"));
static const struct db_stmt REFUND_DONE =
	DB_EXEC("refund_done", SQL("update payment.refund set status = 'succeeded', settled_at = now() where id = "
				   "$1::uuid and status = 'requested'"));

static const struct db_column LINK_COLUMNS[] = {DB_COLUMN(struct order_link, tracking_token, DB_UUID)};
static const struct db_stmt ORDER_LINK = DB_ROWS("payment_order_link", struct order_link, LINK_COLUMNS,
	SQL("select tracking_token from orders.payment_page($1::uuid)"));

static const struct db_column ACCOUNT_COLUMNS[] = {
	DB_COLUMN(struct account, name, DB_TEXT),
	DB_COLUMN(struct account, balance_minor, DB_INT64),
	DB_COLUMN(struct account, currency, DB_CURRENCY),
};
static const struct db_stmt ACCOUNTS = DB_ROWS("ledger_accounts", struct account, ACCOUNT_COLUMNS,
	SQL("select a.name, sum(e.amount_minor)::bigint as balance_minor, e.currency"
	    " from payment.account a join payment.entry e on e.account = a.code group by a.name, a.position, "
	    "e.currency order by e.currency, a.position"));

const struct db_stmt *const PAYMENT_STATEMENTS[] = {
	&INTENT_BY_ID,
	&INTENT_LOCK,
	&INTENT_LOCK_OF_ATTEMPT,
	&INTENT_LIST,
	&INTENT_SET,
	&ATTEMPT_BY_ID,
	&LIVE_ATTEMPT,
	&ATTEMPT_NEW,
	&ATTEMPT_SET,
	&ATTEMPT_SET_PAGE,
	&ATTEMPT_SUPERSEDE,
	&ATTEMPTS_DUE,
	&EVENT_NEW,
	&EVENTS_FORGET,
	&POST,
	&LOCK_OF_ORDER,
	&OWED_BACK,
	&REFUND_NEW,
	&REFUND_BY_ID,
	&REFUND_DONE,
	&ORDER_LINK,
	&ACCOUNTS,
	NULL,
};

const struct db_constraint PAYMENT_CONSTRAINTS[] = {
	{"payment_transition", &ERR_PAYMENT_STATE, NULL, "the payment can't do this now"},
	{"one_live_attempt", &ERR_PAYMENT_PROCESSING, NULL, "another attempt to pay has begun"},
	{0},
};

err_t payment_store_get(struct ctx *c, const struct uuid *id, struct intent *intent_r)
{
	return db_one(c, &INTENT_BY_ID, PARAMS(P_UUID(id)), intent_r);
}

/* Two statements: the second sees what the holder of the lock has written. */
err_t payment_store_lock(struct ctx *c, const struct uuid *id, const struct uuid *attempt_id, struct intent *intent_r,
	struct attempt *attempt_r, bool *found_r)
{
	const struct db_call calls[] = {
		CALL_ONE(&INTENT_LOCK, intent_r, P_UUID(id)),
		CALL_MAYBE(&ATTEMPT_BY_ID, attempt_r, found_r, P_UUID(attempt_id)),
	};
	return db_run(c, calls, ARRAY_LEN(calls));
}

err_t payment_store_lock_of_attempt(
	struct ctx *c, const struct uuid *attempt_id, struct intent *intent_r, struct attempt *attempt_r)
{
	const struct db_call calls[] = {
		CALL_ONE(&INTENT_LOCK_OF_ATTEMPT, intent_r, P_UUID(attempt_id)),
		CALL_ONE(&ATTEMPT_BY_ID, attempt_r, P_UUID(attempt_id)),
	};
	return db_run(c, calls, ARRAY_LEN(calls));
}

void payment_store_set_status(struct ctx *c, const struct uuid *id, const char *status, const char *failure_code)
{
	db_defer(c, &INTENT_SET,
		PARAMS(P_UUID(id), P_TEXT(status), P_TEXT(failure_code), P_NULL, P_NULL, P_NULL, P_NULL));
}

void payment_store_set_intent(struct ctx *c, const struct uuid *id, const struct decision *d, const struct outcome *o)
{
	bool card = o->card.brand != NULL;

	db_defer(c, &INTENT_SET,
		PARAMS(P_UUID(id), P_TEXT(d->intent_status), P_TEXT(d->failure_code), P_TEXT(o->card.brand),
			P_TEXT(o->card.last4), P_INT_OR_NULL(o->card.exp_month, card),
			P_INT_OR_NULL(o->card.exp_year, card)));
}

err_t payment_store_attempt(struct ctx *c, const struct uuid *id, struct attempt *attempt_r, bool *found_r)
{
	return db_maybe(c, &ATTEMPT_BY_ID, PARAMS(P_UUID(id)), attempt_r, found_r);
}

err_t payment_store_live_attempt(struct ctx *c, const struct uuid *payment_id, struct attempt *attempt_r, bool *found_r)
{
	return db_maybe(c, &LIVE_ATTEMPT, PARAMS(P_UUID(payment_id)), attempt_r, found_r);
}

void payment_store_new_attempt(struct ctx *c, const struct attempt *a)
{
	db_defer(c, &ATTEMPT_NEW, PARAMS(P_UUID(&a->id), P_UUID(&a->payment_id), P_TEXT(a->kind)));
}

void payment_store_set_attempt(
	struct ctx *c, const struct attempt *a, const struct decision *d, const struct outcome *o)
{
	db_defer(c, &ATTEMPT_SET,
		PARAMS(P_UUID(&a->id), P_TEXT(d->attempt_status), P_TEXT(d->failure_code), P_TEXT(o->charge_id),
			P_TEXT(o->page_url)));
}

err_t payment_store_set_page(struct ctx *c, const struct uuid *attempt_id, const char *page_url)
{
	return db_exec(c, &ATTEMPT_SET_PAGE, PARAMS(P_UUID(attempt_id), P_TEXT(page_url)), NULL);
}

void payment_store_supersede(struct ctx *c, const struct uuid *payment_id)
{
	db_defer(c, &ATTEMPT_SUPERSEDE, PARAMS(P_UUID(payment_id)));
}

err_t payment_store_due(struct ctx *c, struct attempt **rows_r, size_t *n_r)
{
	return db_rows(c, &ATTEMPTS_DUE, NO_PARAMS, rows_r, n_r);
}

err_t payment_store_new_event(struct ctx *c, const char *provider, const char *event_id, const char *type,
	const struct uuid *attempt_id, bool *is_new_r)
{
	int64_t inserted;

	TRY(db_exec(c, &EVENT_NEW, PARAMS(P_TEXT(provider), P_TEXT(event_id), P_TEXT(type), P_UUID(attempt_id)),
		&inserted));
	*is_new_r = inserted == 1;
	return OK;
}

err_t payment_store_forget_events(struct ctx *c)
{
	return db_exec(c, &EVENTS_FORGET, NO_PARAMS, NULL);
}

void payment_store_post(struct ctx *c, const struct uuid *payment_id, const char *kind, const struct uuid *source,
	int64_t amount_minor, const char *currency)
{
	db_defer(c, &POST,
		PARAMS(P_UUID(payment_id), P_TEXT(kind), P_UUID(source), P_INT(amount_minor), P_TEXT(currency)));
}

err_t payment_store_owed_back(struct ctx *c, const struct uuid *order_id, struct attempt **rows_r, size_t *n_r)
{
	const struct db_call calls[] = {
		{.stmt = &LOCK_OF_ORDER, .params = PARAMS(P_UUID(order_id))},
		CALL_ROWS(&OWED_BACK, rows_r, n_r, P_UUID(order_id)),
	};
	return db_run(c, calls, ARRAY_LEN(calls));
}

void payment_store_new_refund(struct ctx *c, const struct refund *r)
{
	db_defer(c, &REFUND_NEW,
		PARAMS(P_UUID(&r->id), P_UUID(&r->payment_id), P_UUID(&r->attempt_id), P_INT(r->amount_minor), P_TEXT(r->reason)));
}

err_t payment_store_refund(struct ctx *c, const struct uuid *id, struct refund *refund_r, bool *found_r)
{
	return db_maybe(c, &REFUND_BY_ID, PARAMS(P_UUID(id)), refund_r, found_r);
}

void payment_store_refund_done(struct ctx *c, const struct refund *r)
{
	db_defer(c, &REFUND_DONE, PARAMS(P_UUID(&r->id)));
	payment_store_post(c, &r->payment_id, "refund", &r->id, r->amount_minor, r->currency);
}

err_t payment_store_order_link(struct ctx *c, const struct uuid *order_id, struct order_link *link_r)
{
	bool found;

	*link_r = (struct order_link){{""}};
	return db_maybe(c, &ORDER_LINK, PARAMS(P_UUID(order_id)), link_r, &found);
}

err_t payment_store_list(struct ctx *c, const struct payment_query *q, int64_t before, int64_t limit,
	struct intent **rows_r, size_t *n_r)
{
	return db_rows(
		c, &INTENT_LIST, PARAMS(P_INT(before), P_TEXT(q->state), P_TEXT(q->q), P_INT(limit)), rows_r, n_r);
}

err_t payment_store_accounts(struct ctx *c, struct account **rows_r, size_t *n_r)
{
	return db_rows(c, &ACCOUNTS, NO_PARAMS, rows_r, n_r);
}
