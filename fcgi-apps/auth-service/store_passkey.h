/* store_passkey.h - passkeys and their challenges in PostgreSQL: schema auth. */
#ifndef ES_STORE_PASSKEY_H
#define ES_STORE_PASSKEY_H

#include "edges/db.h"
#include "passkeys.h"

extern const struct db_stmt *const PASSKEY_STATEMENTS[];

/* account NULL: of somebody who signs in. A round trip of its own. */
err_t passkey_store_challenge(struct ctx *c, const char *challenge_hash, const struct uuid *account) MUST_CHECK;
/* Used up at once, whatever comes of it. *found_r: it was good, and made for this account (NULL: for signing in). */
err_t passkey_store_take_challenge(struct ctx *c, const char *challenge_hash, const struct uuid *account, bool *found_r) MUST_CHECK;
void passkey_store_insert(struct ctx *c, const struct passkey *p);
err_t passkey_store_list(struct ctx *c, const struct uuid *account, struct passkey **rows_r, size_t *n_r) MUST_CHECK;
err_t passkey_store_find(struct ctx *c, struct str credential_id, struct passkey *row_r, bool *found_r) MUST_CHECK;
/* *good_r: the count is still what it was when it was looked at. */
err_t passkey_store_used(struct ctx *c, const struct passkey *before, const struct webauthn_passkey *now, bool *good_r) MUST_CHECK;
err_t passkey_store_delete(struct ctx *c, const struct uuid *account, const struct uuid *id) MUST_CHECK;
/* Queue: all of an account. */
void passkey_store_delete_all(struct ctx *c, const struct uuid *account);

#endif
