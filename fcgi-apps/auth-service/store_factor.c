/* store_factor.c - second factors and half-done sign-ins: one statement, one function. */
#include "store_factor.h"

static const struct db_column STATE_COLUMNS[] = {
	DB_COLUMN_AS(struct factor_state, sealed.bytes, DB_BYTES, "secret"),
	DB_COLUMN_AS(struct factor_state, sealed.by, DB_TEXT, "sealed_by"),
	DB_COLUMN(struct factor_state, enabled, DB_BOOL),
	DB_COLUMN_AS(struct factor_state, enabled_us, DB_TIME, "confirmed_at"),
	DB_COLUMN(struct factor_state, last_counter, DB_INT64),
	DB_COLUMN(struct factor_state, codes_left, DB_INT64),
};
static const struct db_stmt STATE = DB_ROWS("totp_state", struct factor_state, STATE_COLUMNS,
	SQL("select t.secret, t.sealed_by, t.confirmed_at is not null as enabled, t.confirmed_at, t.last_counter,"
	    " (select count(*) from auth.recovery_code r where r.account_id = t.account_id and r.used_at is null) as codes_left"
	    " from auth.totp t where t.account_id = $1::uuid"));
static const struct db_stmt BEGIN = DB_EXEC("totp_begin",
	SQL("insert into auth.totp as t (account_id, secret, sealed_by) values ($1::uuid, $2::bytea, $3) on conflict (account_id) do update"
	    " set secret = excluded.secret, sealed_by = excluded.sealed_by, created_at = now(), last_counter = 0 where t.confirmed_at is null"));
static const struct db_stmt CONFIRM = DB_EXEC("totp_confirm",
	SQL("update auth.totp set confirmed_at = now() where account_id = $1::uuid and confirmed_at is null"));
static const struct db_stmt SPEND_COUNTER = DB_EXEC("totp_spend",
	SQL("update auth.totp set last_counter = $2::bigint where account_id = $1::uuid and last_counter < $2::bigint"));
static const struct db_stmt SPEND_CODE = DB_EXEC("recovery_spend",
	SQL("update auth.recovery_code set used_at = now() where account_id = $1::uuid and code_hash = $2 and used_at is null"));
static const struct db_stmt CODES_CLEAR =
	DB_EXEC("recovery_clear", SQL("delete from auth.recovery_code where account_id = $1::uuid"));
static const struct db_stmt CODES_INSERT = DB_EXEC("recovery_insert",
	SQL("insert into auth.recovery_code (account_id, code_hash) select $1::uuid, h from unnest($2::text[]) as h"));
static const struct db_stmt REMOVE = DB_EXEC("totp_remove", SQL("delete from auth.totp where account_id = $1::uuid"));

static const struct db_stmt LIMIT = DB_EXEC("session_limit",
	SQL("update auth.session s set limited = true where s.account_id = $1::uuid and ($2::uuid is null or s.id = $2::uuid)"
	    " and s.ended_at is null and exists (select from auth.account a where a.id = s.account_id and a.roles <> '{customer}')"
	    " and not exists (select from auth.totp t where t.account_id = s.account_id and t.confirmed_at is not null)"));
static const struct db_stmt UNLIMIT =
	DB_EXEC("session_unlimit", SQL("update auth.session set limited = false where id = $1::uuid and limited"));

static const struct db_stmt CHALLENGE = DB_EXEC("challenge_insert",
	SQL("insert into auth.sign_in_challenge (token_hash, account_id, remember, next) values ($1, $2::uuid, $3::boolean, $4)"));
static const struct db_column CHALLENGE_COLUMNS[] = {
	DB_COLUMN(struct challenge, account_id, DB_UUID),
	DB_COLUMN(struct challenge, email, DB_TEXT),
	DB_COLUMN(struct challenge, name, DB_TEXT),
	DB_COLUMN(struct challenge, next, DB_TEXT),
	DB_COLUMN(struct challenge, remember, DB_BOOL),
};
static const struct db_stmt CHALLENGE_FIND = DB_ROWS("challenge_find", struct challenge, CHALLENGE_COLUMNS,
	SQL("select c.account_id, a.email, a.name, c.next, c.remember from auth.sign_in_challenge c join auth.account a on a.id = c.account_id"
	    " where c.token_hash = $1 and c.expires_at > now() and a.state = 'active'"));
static const struct db_stmt CHALLENGE_END =
	DB_EXEC("challenge_end", SQL("delete from auth.sign_in_challenge where token_hash = $1"));
static const struct db_stmt PURGE = DB_EXEC("challenge_purge", SQL("select auth.purge_challenges()"));

const struct db_stmt *const FACTOR_STATEMENTS[] = {&STATE, &BEGIN, &CONFIRM, &SPEND_COUNTER, &SPEND_CODE, &CODES_CLEAR,
	&CODES_INSERT, &REMOVE, &LIMIT, &UNLIMIT, &CHALLENGE, &CHALLENGE_FIND, &CHALLENGE_END, &PURGE, NULL};

err_t factor_store_get(struct ctx *c, const struct uuid *account, struct factor_state *state_r)
{
	struct factor_state s = {.enabled = false};
	bool found;

	TRY(db_maybe(c, &STATE, PARAMS(P_UUID(account)), &s, &found));
	*state_r = found ? s : (struct factor_state){.enabled = false};
	return OK;
}

void factor_store_begin(struct ctx *c, const struct uuid *account, const struct sealed *sealed)
{
	db_defer(c, &BEGIN, PARAMS(P_UUID(account), P_BYTES(sealed->bytes), P_TEXT(sealed->by)));
}

void factor_store_confirm(struct ctx *c, const struct uuid *account)
{
	db_defer(c, &CONFIRM, PARAMS(P_UUID(account)));
}

err_t factor_store_spend_counter(struct ctx *c, const struct uuid *account, int64_t counter, bool *good_r)
{
	int64_t spent = 0;

	TRY(db_exec(c, &SPEND_COUNTER, PARAMS(P_UUID(account), P_INT(counter)), &spent));
	*good_r = spent == 1;
	return OK;
}

err_t factor_store_spend_code(struct ctx *c, const struct uuid *account, const char *code_hash, bool *good_r)
{
	int64_t spent = 0;

	TRY(db_exec(c, &SPEND_CODE, PARAMS(P_UUID(account), P_TEXT(code_hash)), &spent));
	*good_r = spent == 1;
	return OK;
}

void factor_store_codes(struct ctx *c, const struct uuid *account, const char *const *hashes, size_t n)
{
	db_defer(c, &CODES_CLEAR, PARAMS(P_UUID(account)));
	db_defer(c, &CODES_INSERT, PARAMS(P_UUID(account), P_TEXTS(hashes, n)));
}

void factor_store_remove(struct ctx *c, const struct uuid *account)
{
	db_defer(c, &CODES_CLEAR, PARAMS(P_UUID(account)));
	db_defer(c, &REMOVE, PARAMS(P_UUID(account)));
}

void factor_store_limit(struct ctx *c, const struct uuid *account, const struct uuid *session)
{
	db_defer(c, &LIMIT, PARAMS(P_UUID(account), session != NULL ? P_UUID(session) : P_NULL));
}

void factor_store_unlimit(struct ctx *c, const struct uuid *session)
{
	db_defer(c, &UNLIMIT, PARAMS(P_UUID(session)));
}

void factor_store_challenge(struct ctx *c, const char *token_hash, const struct uuid *account, const struct credentials *in)
{
	db_defer(c, &CHALLENGE, PARAMS(P_TEXT(token_hash), P_UUID(account), P_BOOL(in->remember), P_TEXT(in->next)));
}

err_t factor_store_find_challenge(struct ctx *c, const char *token_hash, struct challenge *row_r, bool *found_r)
{
	return db_maybe(c, &CHALLENGE_FIND, PARAMS(P_TEXT(token_hash)), row_r, found_r);
}

void factor_store_end_challenge(struct ctx *c, const char *token_hash)
{
	db_defer(c, &CHALLENGE_END, PARAMS(P_TEXT(token_hash)));
}

err_t factor_store_purge(struct ctx *c)
{
	return db_exec(c, &PURGE, NO_PARAMS, NULL);
}
