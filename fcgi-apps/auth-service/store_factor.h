/* store_factor.h - second factors and half-done sign-ins in PostgreSQL: schema auth. */
#ifndef ES_STORE_FACTOR_H
#define ES_STORE_FACTOR_H

#include "edges/db.h"
#include "factors.h"

extern const struct db_stmt *const FACTOR_STATEMENTS[];

/* Zeros when the account has none. */
err_t factor_store_get(struct ctx *c, const struct uuid *account, struct factor_state *state_r) MUST_CHECK;
/* A new secret in place of one that nobody confirmed. */
void factor_store_begin(struct ctx *c, const struct uuid *account, const struct sealed *sealed);
void factor_store_confirm(struct ctx *c, const struct uuid *account);
/* *good_r: nobody used this counter, or a later one, before. */
err_t factor_store_spend_counter(struct ctx *c, const struct uuid *account, int64_t counter, bool *good_r) MUST_CHECK;
/* *good_r: there was such a code, and it was not used. */
err_t factor_store_spend_code(struct ctx *c, const struct uuid *account, const char *code_hash, bool *good_r) MUST_CHECK;
/* In place of all before. */
void factor_store_codes(struct ctx *c, const struct uuid *account, const char *const *hashes, size_t n);
void factor_store_remove(struct ctx *c, const struct uuid *account);

/* Queue: this session, or all of the account (NULL), is limited from now on if the account is staff without a second factor. */
void factor_store_limit(struct ctx *c, const struct uuid *account, const struct uuid *session);
void factor_store_unlimit(struct ctx *c, const struct uuid *session);

void factor_store_challenge(struct ctx *c, const char *token_hash, const struct uuid *account, const struct credentials *in);
err_t factor_store_find_challenge(struct ctx *c, const char *token_hash, struct challenge *row_r, bool *found_r) MUST_CHECK;
void factor_store_end_challenge(struct ctx *c, const char *token_hash);
err_t factor_store_purge(struct ctx *c) MUST_CHECK;

#endif
