/* store_session.c - sessions, refresh tokens and keys: one statement, one function. */
#include "store_session.h"

static const char *const SHOWN[] = {[SHOWN_PASSWORD] = "password", [SHOWN_CODE] = "code", [SHOWN_PASSKEY] = "passkey"};

static const struct db_stmt SESSION_INSERT = DB_EXEC("session_insert",
	SQL("insert into auth.session (id, account_id, kind, token_hash, user_agent, ip, expires_at, idle_life, ends_at, shown, passkey_id)"
	    " select $1::uuid, $2::uuid, $3, $4, left($5, 400), $6, now() + idle, idle, now() + $8::bigint * interval '1 second',"
	    " $9, $10::uuid"
	    " from (select $7::bigint * interval '1 second' as idle) as life"));
static const struct db_stmt REFRESH_INSERT = DB_EXEC("refresh_insert",
	SQL("insert into auth.refresh_token (token_hash, session_id, expires_at)"
	    " select $1, id, expires_at from auth.session where id = $2::uuid"));
static const struct db_stmt SESSION_SHORTEN = DB_EXEC("session_shorten",
	SQL("update auth.session set idle_life = least(idle_life, $2::bigint * interval '1 second'),"
	    " ends_at = least(ends_at, created_at + $3::bigint * interval '1 second') where account_id = $1::uuid and ended_at is null"));
static const struct db_stmt SESSION_END = DB_EXEC("session_end",
	SQL("update auth.session set ended_at = now(), version = version + 1 where id = $1::uuid and ended_at is null"));
static const struct db_stmt SESSION_END_COOKIE = DB_EXEC("session_end_cookie",
	SQL("update auth.session set ended_at = now(), version = version + 1 where token_hash = $1 and ended_at is null"));
static const struct db_stmt SESSION_END_OTHERS = DB_EXEC("session_end_others",
	SQL("update auth.session set ended_at = now(), version = version + 1"
	    " where account_id = $1::uuid and id <> $2::uuid and ended_at is null"));
/* Of before it was written down what opened a session: it may have been this. */
static const struct db_stmt SESSION_END_OPENED = DB_EXEC("session_end_opened",
	SQL("update auth.session set ended_at = now(), version = version + 1 where account_id = $1::uuid and ended_at is null"
	    " and (shown is null or (shown = $2 and ($3::uuid is null or passkey_id = $3::uuid))) and id <> $4::uuid"));
struct known_row {
	bool known;
};
static const struct db_column KNOWN_COLUMNS[] = {DB_COLUMN(struct known_row, known, DB_BOOL)};
static const struct db_stmt NOTE_DEVICE =
	DB_ROWS("device_note", struct known_row, KNOWN_COLUMNS, SQL("select auth.note_device($1::uuid, $2, $3) as known"));
static const struct db_stmt SESSION_END_ALL = DB_EXEC("session_end_all",
	SQL("update auth.session set ended_at = now(), version = version + 1 where account_id = $1::uuid and ended_at is null"));
static const struct db_stmt SESSION_END_OWN = DB_EXEC("session_end_own",
	SQL("update auth.session set ended_at = now(), version = version + 1"
	    " where account_id = $1::uuid and id = $2::uuid and ended_at is null"));

static const struct db_column SESSION_COLUMNS[] = {
	DB_COLUMN(struct session, id, DB_UUID),
	DB_COLUMN(struct session, kind, DB_TEXT),
	DB_COLUMN(struct session, user_agent, DB_TEXT),
	DB_COLUMN(struct session, ip, DB_TEXT),
	DB_COLUMN(struct session, version, DB_INT64),
	DB_COLUMN_AS(struct session, created_us, DB_TIME, "created_at"),
	DB_COLUMN_AS(struct session, seen_us, DB_TIME, "seen_at"),
};
static const struct db_stmt SESSIONS = DB_ROWS("session_list", struct session, SESSION_COLUMNS,
	SQL("select id, kind, user_agent, ip, version, created_at, seen_at from auth.session"
	    " where account_id = $1::uuid and ended_at is null and expires_at > now() order by created_at desc limit 100"));

static const struct db_column REFRESH_COLUMNS[] = {
	DB_COLUMN(struct refresh, session_id, DB_UUID),
	DB_COLUMN(struct refresh, account_id, DB_UUID),
	DB_COLUMN(struct refresh, session_version, DB_INT64),
	DB_COLUMN(struct refresh, spent, DB_BOOL),
	DB_COLUMN(struct refresh, open, DB_BOOL),
	DB_COLUMN(struct refresh, usable, DB_BOOL),
};
static const struct db_stmt REFRESH_BY_HASH = DB_ROWS("refresh_by_hash", struct refresh, REFRESH_COLUMNS,
	SQL("select s.id as session_id, s.account_id, s.version as session_version, r.spent_at is not null as spent,"
	    " s.ended_at is null and s.expires_at > now() as open,"
	    " r.expires_at > now() and s.ended_at is null and s.expires_at > now() and a.state = 'active' as usable"
	    " from auth.refresh_token r join auth.session s on s.id = r.session_id join auth.account a on a.id = s.account_id"
	    " where r.token_hash = $1 for update of r"));
static const struct db_stmt REFRESH_SPEND =
	DB_EXEC("refresh_spend", SQL("update auth.refresh_token set spent_at = now() where token_hash = $1"));
static const struct db_stmt SESSION_SEEN = DB_EXEC("session_seen",
	SQL("update auth.session set seen_at = now(), expires_at = now() + idle_life where id = $1::uuid"));

static const struct db_column SIGNING_COLUMNS[] = {
	DB_COLUMN(struct signing_key, kid, DB_TEXT),
	DB_COLUMN_AS(struct signing_key, private_key.bytes, DB_BYTES, "private_key"),
	DB_COLUMN_AS(struct signing_key, private_key.by, DB_TEXT, "sealed_by"),
};
/*
 * A key is published for ten minutes before it signs: longer than anyone who verifies tokens
 * keeps an older list of keys. Of those the newest signs; before there is one, the first of all.
 * One that is sealed by a key nobody has any more can't.
 */
static const struct db_stmt SIGNING_KEY = DB_ROWS("signing_key", struct signing_key, SIGNING_COLUMNS,
	SQL("select kid, private_key, sealed_by from auth.signing_key where (retired_at is null or retired_at > now())"
	    " and (sealed_by is null or sealed_by = any ($1::text[]))"
	    " order by case when created_at <= now() - interval '10 minutes' then created_at end desc nulls last, created_at limit 1"));
static const struct db_stmt KEYS_LOCK =
	DB_EXEC("keys_lock", SQL("select pg_advisory_xact_lock(hashtextextended('auth.signing_key', 0))"));
static const struct db_stmt KEY_INSERT = DB_EXEC("key_insert",
	SQL("insert into auth.signing_key (kid, private_key, sealed_by, public_pem, created_at) values ($1, $2::bytea, $3, $4, clock_timestamp())"));
static const struct db_stmt KEYS_RETIRE =
	DB_EXEC("keys_retire", SQL("update auth.signing_key set retired_at = now() + interval '10 minutes' where retired_at is null"));
static const struct db_column PUBLIC_COLUMNS[] = {
	DB_COLUMN(struct jwt_key, kid, DB_TEXT),
	DB_COLUMN_AS(struct jwt_key, pem, DB_TEXT, "public_pem"),
};
static const struct db_stmt PUBLIC_KEYS = DB_ROWS("public_keys", struct jwt_key, PUBLIC_COLUMNS,
	SQL("select kid, public_pem from auth.verification_keys()"));
static const struct db_stmt PURGE = DB_EXEC("auth_purge", SQL("select auth.purge()"));
static const struct db_stmt PURGE_LOOKS = DB_EXEC("auth_purge_looks", SQL("select auth.purge_looks()"));
static const struct db_stmt PURGE_INVITATIONS = DB_EXEC("auth_purge_invitations", SQL("select auth.purge_invitations()"));

const struct db_stmt *const SESSION_STATEMENTS[] = {&SESSION_INSERT, &REFRESH_INSERT, &SESSION_SHORTEN, &SESSION_END, &SESSION_END_COOKIE,
	&SESSION_END_OTHERS, &SESSION_END_ALL, &SESSION_END_OWN, &SESSION_END_OPENED, &NOTE_DEVICE, &SESSIONS, &REFRESH_BY_HASH, &REFRESH_SPEND, &SESSION_SEEN, &SIGNING_KEY,
	&KEYS_LOCK, &KEY_INSERT, &KEYS_RETIRE, &PUBLIC_KEYS, &PURGE, &PURGE_LOOKS, &PURGE_INVITATIONS, NULL};

void session_store_insert(struct ctx *c, const struct session *s, const struct uuid *account, const char *token_hash,
	const struct life *life, const struct opened_by *by)
{
	db_defer(c, &SESSION_INSERT,
		PARAMS(P_UUID(&s->id), P_UUID(account), P_TEXT(s->kind), P_TEXT(token_hash), P_TEXT(s->user_agent),
			P_TEXT(s->ip), P_INT(life->idle_secs), P_INT(life->most_secs), P_TEXT(SHOWN[by->shown]),
			by->passkey_id != NULL ? P_UUID(by->passkey_id) : P_NULL));
}

void session_store_insert_refresh(struct ctx *c, const struct uuid *session, const char *token_hash)
{
	db_defer(c, &REFRESH_INSERT, PARAMS(P_TEXT(token_hash), P_UUID(session)));
}

void session_store_shorten(struct ctx *c, const struct uuid *account, const struct life *life)
{
	db_defer(c, &SESSION_SHORTEN, PARAMS(P_UUID(account), P_INT(life->idle_secs), P_INT(life->most_secs)));
}

void session_store_end(struct ctx *c, const struct uuid *id)
{
	db_defer(c, &SESSION_END, PARAMS(P_UUID(id)));
}

void session_store_end_cookie(struct ctx *c, const char *token_hash)
{
	db_defer(c, &SESSION_END_COOKIE, PARAMS(P_TEXT(token_hash)));
}

void session_store_end_others(struct ctx *c, const struct uuid *account, const struct uuid *kept)
{
	db_defer(c, &SESSION_END_OTHERS, PARAMS(P_UUID(account), P_UUID(kept)));
}

void session_store_end_opened(struct ctx *c, const struct uuid *account, const struct opened_by *by, const struct uuid *kept)
{
	db_defer(c, &SESSION_END_OPENED,
		PARAMS(P_UUID(account), P_TEXT(SHOWN[by->shown]), by->passkey_id != NULL ? P_UUID(by->passkey_id) : P_NULL,
			P_UUID(kept)));
}

err_t session_store_note_device(struct ctx *c, const struct uuid *account, const char *old_hash, const char *hash, bool *known_r)
{
	struct known_row row;

	TRY(db_one(c, &NOTE_DEVICE, PARAMS(P_UUID(account), P_TEXT(old_hash), P_TEXT(hash)), &row));
	*known_r = row.known;
	return OK;
}

void session_store_end_all(struct ctx *c, const struct uuid *account)
{
	db_defer(c, &SESSION_END_ALL, PARAMS(P_UUID(account)));
}

err_t session_store_end_own(struct ctx *c, const struct uuid *account, const struct uuid *id)
{
	int64_t ended = 0;

	TRY(db_exec(c, &SESSION_END_OWN, PARAMS(P_UUID(account), P_UUID(id)), &ended));
	return ended == 1 ? OK : fail(c, &ERR_NOT_FOUND, "there is no such session");
}

err_t session_store_list(struct ctx *c, const struct uuid *account, struct session **rows_r, size_t *n_r)
{
	return db_rows(c, &SESSIONS, PARAMS(P_UUID(account)), rows_r, n_r);
}

err_t session_store_refresh(struct ctx *c, const char *token_hash, struct refresh *refresh_r, bool *found_r)
{
	return db_maybe(c, &REFRESH_BY_HASH, PARAMS(P_TEXT(token_hash)), refresh_r, found_r);
}

void session_store_spend(struct ctx *c, const char *token_hash, const struct uuid *session)
{
	db_defer(c, &REFRESH_SPEND, PARAMS(P_TEXT(token_hash)));
	db_defer(c, &SESSION_SEEN, PARAMS(P_UUID(session)));
}

err_t session_store_signing_key(struct ctx *c, struct signing_key *key_r, bool *found_r)
{
	size_t known;
	const char *const *ids = seal_key_ids(&known);

	return db_maybe(c, &SIGNING_KEY, PARAMS(P_TEXTS(ids, known)), key_r, found_r);
}

err_t session_store_lock_keys(struct ctx *c)
{
	return db_exec(c, &KEYS_LOCK, NO_PARAMS, NULL);
}

void session_store_insert_key(struct ctx *c, const struct signing_key *key, const char *public_pem)
{
	db_defer(c, &KEY_INSERT,
		PARAMS(P_TEXT(key->kid), P_BYTES(key->private_key.bytes), P_TEXT(key->private_key.by), P_TEXT(public_pem)));
}

void session_store_retire_keys(struct ctx *c)
{
	db_defer(c, &KEYS_RETIRE, NO_PARAMS);
}

err_t session_store_public_keys(struct ctx *c, struct jwt_key **rows_r, size_t *n_r)
{
	return db_rows(c, &PUBLIC_KEYS, NO_PARAMS, rows_r, n_r);
}

err_t session_store_purge(struct ctx *c)
{
	db_defer(c, &PURGE_LOOKS, NO_PARAMS);
	db_defer(c, &PURGE_INVITATIONS, NO_PARAMS);
	return db_exec(c, &PURGE, NO_PARAMS, NULL);
}
