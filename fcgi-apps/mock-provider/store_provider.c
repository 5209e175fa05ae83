/* store_provider.c - the statements of the mock provider. */
#include "store_provider.h"

static const struct db_column CHARGE_COLUMNS[] = {
	DB_COLUMN(struct charge, id, DB_UUID),
	DB_COLUMN_AS(struct charge, key, DB_TEXT, "idempotency_key"),
	DB_COLUMN(struct charge, amount_minor, DB_INT64),
	DB_COLUMN(struct charge, refunded_minor, DB_INT64),
	DB_COLUMN(struct charge, currency, DB_CURRENCY),
	DB_COLUMN(struct charge, reference, DB_TEXT),
	DB_COLUMN(struct charge, return_url, DB_TEXT),
	DB_COLUMN(struct charge, status, DB_TEXT),
	DB_COLUMN(struct charge, failure_code, DB_TEXT),
	DB_COLUMN(struct charge, brand, DB_TEXT),
	DB_COLUMN(struct charge, last4, DB_TEXT),
	DB_COLUMN(struct charge, exp_month, DB_INT32),
	DB_COLUMN(struct charge, exp_year, DB_INT32),
	DB_COLUMN_AS(struct charge, decide_us, DB_TIME, "decide_at"),
	DB_COLUMN_AS(struct charge, created_us, DB_TIME, "created_at"),
};
#define CHARGE_FIELDS                                                                                                  \
	"id, idempotency_key, amount_minor, refunded_minor, currency, reference, return_url, status, failure_code, "   \
	"brand, last4,"                                                                                                \
	" exp_month, exp_year, decide_at, created_at"
#define CHARGE_SELECT "select " CHARGE_FIELDS " from mock_provider.charge "

static const struct db_stmt CHARGE_NEW =
	DB_EXEC("charge_new", SQL("insert into mock_provider.charge (id, idempotency_key, amount_minor, currency, "
				  "reference, return_url, status, failure_code,"
				  " brand, last4, exp_month, exp_year, decide_at)"
				  " values ($1::uuid, $2, $3::bigint, $4, $5, $6, $7, $8, $9, $10, $11::integer, "
				  "$12::integer, $13::timestamptz)"
				  " on conflict on constraint charge_once do nothing"));
static const struct db_stmt CHARGE_BY_KEY =
	DB_ROWS("charge_by_key", struct charge, CHARGE_COLUMNS, SQL(CHARGE_SELECT "where idempotency_key = $1::text"));
static const struct db_stmt CHARGE_BY_ID =
	DB_ROWS("charge_by_id", struct charge, CHARGE_COLUMNS, SQL(CHARGE_SELECT "where id = $1::uuid"));
static const struct db_stmt CHARGE_LOCK =
	DB_ROWS("charge_lock", struct charge, CHARGE_COLUMNS, SQL(CHARGE_SELECT "where id = $1::uuid for update"));
static const struct db_stmt CHARGE_LOCK_BY_KEY = DB_ROWS("charge_lock_by_key", struct charge, CHARGE_COLUMNS,
	SQL(CHARGE_SELECT "where idempotency_key = $1::text for update"));
static const struct db_stmt CHARGE_SET =
	DB_EXEC("charge_set", SQL("update mock_provider.charge set status = $2, failure_code = $3, refunded_minor = "
				  "$4::bigint, updated_at = now() where id = $1::uuid"));
static const struct db_stmt CHARGES_DECIDE = DB_ROWS("charges_decide", struct charge, CHARGE_COLUMNS,
	SQL("update mock_provider.charge set status = 'succeeded', updated_at = now() where id in"
	    " (select id from mock_provider.charge where status = 'processing' and decide_at <= now() order by "
	    "decide_at limit 50"
	    " for update skip locked) returning " CHARGE_FIELDS));

static const struct db_column SESSION_COLUMNS[] = {
	DB_COLUMN(struct session, id, DB_UUID),
	DB_COLUMN_AS(struct session, key, DB_TEXT, "idempotency_key"),
	DB_COLUMN(struct session, amount_minor, DB_INT64),
	DB_COLUMN(struct session, currency, DB_CURRENCY),
	DB_COLUMN(struct session, reference, DB_TEXT),
	DB_COLUMN(struct session, return_url, DB_TEXT),
	DB_COLUMN_AS(struct session, expires_us, DB_TIME, "expires_at"),
};
#define SESSION_SELECT                                                                                                 \
	"select id, idempotency_key, amount_minor, currency, reference, return_url, expires_at from "                  \
	"mock_provider.session "

static const struct db_stmt SESSION_NEW =
	DB_EXEC("session_new", SQL("insert into mock_provider.session (id, idempotency_key, amount_minor, currency, "
				   "reference, return_url, expires_at)"
				   " values ($1::uuid, $2, $3::bigint, $4, $5, $6, $7::timestamptz) on conflict on "
				   "constraint session_once do nothing"));
static const struct db_stmt SESSION_BY_KEY = DB_ROWS(
	"session_by_key", struct session, SESSION_COLUMNS, SQL(SESSION_SELECT "where idempotency_key = $1::text"));
static const struct db_stmt SESSION_BY_ID =
	DB_ROWS("session_by_id", struct session, SESSION_COLUMNS, SQL(SESSION_SELECT "where id = $1::uuid"));

static const struct db_stmt REFUND_NEW =
	DB_EXEC("provider_refund_new", SQL("insert into mock_provider.refund (id, charge_id, idempotency_key, "
					   "amount_minor) values ($1::uuid, $2::uuid, $3, $4::bigint)"
					   " on conflict on constraint refund_once do nothing"));

struct given_back {
	int64_t amount_minor;
};
static const struct db_column GIVEN_BACK_COLUMNS[] = {DB_COLUMN(struct given_back, amount_minor, DB_INT64)};
static const struct db_stmt REFUND_BY_KEY = DB_ROWS("provider_refund_by_key", struct given_back, GIVEN_BACK_COLUMNS,
	SQL("select amount_minor from mock_provider.refund where charge_id = $1::uuid and idempotency_key = $2"));

const struct db_stmt *const PROVIDER_STATEMENTS[] = {
	&CHARGE_NEW,
	&CHARGE_BY_KEY,
	&CHARGE_BY_ID,
	&CHARGE_LOCK,
	&CHARGE_LOCK_BY_KEY,
	&CHARGE_SET,
	&CHARGES_DECIDE,
	&SESSION_NEW,
	&SESSION_BY_KEY,
	&SESSION_BY_ID,
	&REFUND_NEW,
	&REFUND_BY_KEY,
	NULL,
};

const struct db_constraint PROVIDER_CONSTRAINTS[] = {
	{"refunded_at_most_charged", &ERR_REFUND_TOO_MUCH, "amount", "more than was charged can't be refunded"},
	{0},
};

err_t provider_store_new_charge(struct ctx *c, const struct charge *ch, bool *is_new_r)
{
	int64_t inserted;

	TRY(db_exec(c, &CHARGE_NEW,
		PARAMS(P_UUID(&ch->id), P_TEXT(ch->key), P_INT(ch->amount_minor), P_TEXT(ch->currency),
			P_TEXT(ch->reference), P_TEXT(ch->return_url), P_TEXT(ch->status), P_TEXT(ch->failure_code),
			P_TEXT(ch->brand), P_TEXT(ch->last4), P_INT(ch->exp_month), P_INT(ch->exp_year),
			P_TIME(ch->decide_us)),
		&inserted));
	*is_new_r = inserted == 1;
	return OK;
}

err_t provider_store_charge_by_key(struct ctx *c, const char *key, struct charge *charge_r)
{
	return db_one(c, &CHARGE_BY_KEY, PARAMS(P_TEXT(key)), charge_r);
}

err_t provider_store_find_charge(struct ctx *c, const char *key, struct charge *charge_r, bool *found_r)
{
	return db_maybe(c, &CHARGE_BY_KEY, PARAMS(P_TEXT(key)), charge_r, found_r);
}

err_t provider_store_charge(struct ctx *c, const struct uuid *id, struct charge *charge_r)
{
	return db_one(c, &CHARGE_BY_ID, PARAMS(P_UUID(id)), charge_r);
}

err_t provider_store_lock_charge(struct ctx *c, const struct uuid *id, struct charge *charge_r)
{
	return db_one(c, &CHARGE_LOCK, PARAMS(P_UUID(id)), charge_r);
}

err_t provider_store_lock_charge_by_key(struct ctx *c, const char *key, struct charge *charge_r)
{
	return db_one(c, &CHARGE_LOCK_BY_KEY, PARAMS(P_TEXT(key)), charge_r);
}

void provider_store_set_charge(struct ctx *c, const struct charge *ch)
{
	db_defer(c, &CHARGE_SET,
		PARAMS(P_UUID(&ch->id), P_TEXT(ch->status), P_TEXT(ch->failure_code), P_INT(ch->refunded_minor)));
}

err_t provider_store_decide_due(struct ctx *c, struct charge **rows_r, size_t *n_r)
{
	return db_rows(c, &CHARGES_DECIDE, NO_PARAMS, rows_r, n_r);
}

err_t provider_store_open_session(struct ctx *c, const struct session *s, struct session *session_r)
{
	TRY(db_exec(c, &SESSION_NEW,
		PARAMS(P_UUID(&s->id), P_TEXT(s->key), P_INT(s->amount_minor), P_TEXT(s->currency),
			P_TEXT(s->reference), P_TEXT(s->return_url), P_TIME(s->expires_us)),
		NULL));
	return db_one(c, &SESSION_BY_KEY, PARAMS(P_TEXT(s->key)), session_r);
}

err_t provider_store_session(struct ctx *c, const struct uuid *id, struct session *session_r)
{
	return db_one(c, &SESSION_BY_ID, PARAMS(P_UUID(id)), session_r);
}

err_t provider_store_refund(struct ctx *c, const struct charge *ch, const char *key, int64_t *amount_minor_r)
{
	struct given_back row;

	TRY(db_one(c, &REFUND_BY_KEY, PARAMS(P_UUID(&ch->id), P_TEXT(key)), &row));
	*amount_minor_r = row.amount_minor;
	return OK;
}

err_t provider_store_new_refund(
	struct ctx *c, const struct charge *ch, const char *key, int64_t amount_minor, bool *is_new_r)
{
	struct uuid id = uuid_v7();
	int64_t inserted;

	TRY(db_exec(c, &REFUND_NEW, PARAMS(P_UUID(&id), P_UUID(&ch->id), P_TEXT(key), P_INT(amount_minor)), &inserted));
	*is_new_r = inserted == 1;
	return OK;
}
