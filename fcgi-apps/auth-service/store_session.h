/* store_session.h - sessions, refresh tokens and signing keys in PostgreSQL: schema auth. */
#ifndef ES_STORE_SESSION_H
#define ES_STORE_SESSION_H

#include "signin.h"
#include "edges/db.h"
#include "edges/jwt.h"

extern const struct db_stmt *const SESSION_STATEMENTS[];

/* Queue a session; token_hash NULL: an api session, which has refresh tokens. */
void session_store_insert(struct ctx *c, const struct session *s, const struct uuid *account, const char *token_hash,
	const struct life *life, const struct opened_by *by);
/* Queue: good for as long as its session, as it is by then. */
void session_store_insert_refresh(struct ctx *c, const struct uuid *session, const char *token_hash);
/* Queue: none of the account's sessions lives longer than this, from when it was opened. */
void session_store_shorten(struct ctx *c, const struct uuid *account, const struct life *life);
/* Queue the end of one session, of whomever. */
void session_store_end(struct ctx *c, const struct uuid *id);
/* Queue the end of the session that a cookie belongs to. */
void session_store_end_cookie(struct ctx *c, const char *token_hash);
/* Queue the end of all sessions of an account but one. */
void session_store_end_others(struct ctx *c, const struct uuid *account, const struct uuid *kept);
/* Queue the end of those sessions that this opened, or may have, but one. */
void session_store_end_opened(struct ctx *c, const struct uuid *account, const struct opened_by *by, const struct uuid *kept);
/* *known_r: the account's owner signed in with it before. */
err_t session_store_note_device(struct ctx *c, const struct uuid *account, const char *old_hash, const char *hash,
	bool *known_r) MUST_CHECK;
/* Queue the end of every session of an account. */
void session_store_end_all(struct ctx *c, const struct uuid *account);
/* ERR_NOT_FOUND when it isn't the account's, or has ended. */
err_t session_store_end_own(struct ctx *c, const struct uuid *account, const struct uuid *id) MUST_CHECK;
err_t session_store_list(struct ctx *c, const struct uuid *account, struct session **rows_r, size_t *n_r) MUST_CHECK;

struct refresh {
	struct uuid session_id, account_id;
	int64_t session_version;
	bool spent, open, usable; /* open: its session is; usable: and its account active, and it has not expired */
};
/* Locks the token until COMMIT. */
err_t session_store_refresh(struct ctx *c, const char *token_hash, struct refresh *refresh_r, bool *found_r) MUST_CHECK;
/* Queue: the token was used; its session lives on. */
void session_store_spend(struct ctx *c, const char *token_hash, const struct uuid *session);

err_t session_store_signing_key(struct ctx *c, struct signing_key *key_r, bool *found_r) MUST_CHECK;
/* One at a time until COMMIT: workers that start together make one key. */
err_t session_store_lock_keys(struct ctx *c) MUST_CHECK;
void session_store_insert_key(struct ctx *c, const struct signing_key *key, const char *public_pem);
void session_store_retire_keys(struct ctx *c);
err_t session_store_public_keys(struct ctx *c, struct jwt_key **rows_r, size_t *n_r) MUST_CHECK;
err_t session_store_purge(struct ctx *c) MUST_CHECK;

#endif
