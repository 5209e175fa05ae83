/* store_passkey.c - passkeys and their challenges: one statement, one function. */
#include "store_passkey.h"

#define PASSKEY_SELECT                                                                                                 \
	"select p.id, p.account_id, p.name, p.credential_id, p.public_key, p.sign_count, p.backed_up, p.created_at,"   \
	" p.last_used_at from auth.passkey p"
static const struct db_column PASSKEY_COLUMNS[] = {
	DB_COLUMN(struct passkey, id, DB_UUID),
	DB_COLUMN(struct passkey, account_id, DB_UUID),
	DB_COLUMN(struct passkey, name, DB_TEXT),
	DB_COLUMN(struct passkey, credential_id, DB_BYTES),
	DB_COLUMN(struct passkey, public_key, DB_BYTES),
	DB_COLUMN(struct passkey, sign_count, DB_INT64),
	DB_COLUMN(struct passkey, backed_up, DB_BOOL),
	DB_COLUMN_AS(struct passkey, created_us, DB_TIME, "created_at"),
	DB_COLUMN_AS(struct passkey, used_us, DB_TIME, "last_used_at"),
};
static const struct db_stmt PASSKEYS = DB_ROWS("passkeys", struct passkey, PASSKEY_COLUMNS,
	SQL(PASSKEY_SELECT " where p.account_id = $1::uuid order by p.created_at, p.id"));
static const struct db_stmt PASSKEY_FIND = DB_ROWS("passkey_find", struct passkey, PASSKEY_COLUMNS,
	SQL(PASSKEY_SELECT " join auth.account a on a.id = p.account_id where p.credential_id = $1::bytea and a.state = 'active'"));
static const struct db_stmt PASSKEY_INSERT = DB_EXEC("passkey_insert",
	SQL("insert into auth.passkey (id, account_id, name, credential_id, public_key, sign_count, backed_up)"
	    " values ($1::uuid, $2::uuid, $3, $4::bytea, $5::bytea, $6::bigint, $7::boolean)"));
static const struct db_stmt PASSKEY_USED = DB_EXEC("passkey_used",
	SQL("update auth.passkey set sign_count = $3::bigint, backed_up = $4::boolean, last_used_at = now()"
	    " where id = $1::uuid and sign_count = $2::bigint"));
static const struct db_stmt PASSKEY_DELETE =
	DB_EXEC("passkey_delete", SQL("delete from auth.passkey where account_id = $1::uuid and id = $2::uuid"));
static const struct db_stmt PASSKEYS_DELETE =
	DB_EXEC("passkeys_delete", SQL("delete from auth.passkey where account_id = $1::uuid"));
static const struct db_stmt CHALLENGE_INSERT = DB_EXEC("passkey_challenge",
	SQL("insert into auth.passkey_challenge (challenge_hash, account_id) values ($1, $2::uuid)"));
static const struct db_stmt CHALLENGE_TAKE = DB_EXEC("passkey_challenge_take",
	SQL("delete from auth.passkey_challenge where challenge_hash = $1 and expires_at > now()"
	    " and account_id is not distinct from $2::uuid"));

const struct db_stmt *const PASSKEY_STATEMENTS[] = {&PASSKEYS, &PASSKEY_FIND, &PASSKEY_INSERT, &PASSKEY_USED,
	&PASSKEY_DELETE, &PASSKEYS_DELETE, &CHALLENGE_INSERT, &CHALLENGE_TAKE, NULL};

err_t passkey_store_challenge(struct ctx *c, const char *challenge_hash, const struct uuid *account)
{
	return db_exec(c, &CHALLENGE_INSERT, PARAMS(P_TEXT(challenge_hash), account != NULL ? P_UUID(account) : P_NULL), NULL);
}

err_t passkey_store_take_challenge(struct ctx *c, const char *challenge_hash, const struct uuid *account, bool *found_r)
{
	int64_t taken = 0;

	TRY(db_exec(c, &CHALLENGE_TAKE, PARAMS(P_TEXT(challenge_hash), account != NULL ? P_UUID(account) : P_NULL), &taken));
	*found_r = taken == 1;
	return OK;
}

void passkey_store_insert(struct ctx *c, const struct passkey *p)
{
	db_defer(c, &PASSKEY_INSERT,
		PARAMS(P_UUID(&p->id), P_UUID(&p->account_id), P_TEXT(p->name), P_BYTES(p->credential_id), P_BYTES(p->public_key),
			P_INT(p->sign_count), P_BOOL(p->backed_up)));
}

err_t passkey_store_list(struct ctx *c, const struct uuid *account, struct passkey **rows_r, size_t *n_r)
{
	return db_rows(c, &PASSKEYS, PARAMS(P_UUID(account)), rows_r, n_r);
}

err_t passkey_store_find(struct ctx *c, struct str credential_id, struct passkey *row_r, bool *found_r)
{
	return db_maybe(c, &PASSKEY_FIND, PARAMS(P_BYTES(credential_id)), row_r, found_r);
}

err_t passkey_store_used(struct ctx *c, const struct passkey *before, const struct webauthn_passkey *now, bool *good_r)
{
	int64_t used = 0;

	TRY(db_exec(c, &PASSKEY_USED,
		PARAMS(P_UUID(&before->id), P_INT(before->sign_count), P_INT(now->sign_count), P_BOOL(now->backed_up)), &used));
	*good_r = used == 1;
	return OK;
}

err_t passkey_store_delete(struct ctx *c, const struct uuid *account, const struct uuid *id)
{
	int64_t gone = 0;

	TRY(db_exec(c, &PASSKEY_DELETE, PARAMS(P_UUID(account), P_UUID(id)), &gone));
	return gone == 1 ? OK : fail(c, &ERR_NOT_FOUND, "there is no such passkey");
}

void passkey_store_delete_all(struct ctx *c, const struct uuid *account)
{
	db_defer(c, &PASSKEYS_DELETE, PARAMS(P_UUID(account)));
}
