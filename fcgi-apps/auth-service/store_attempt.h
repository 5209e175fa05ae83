/* store_attempt.h - attempts in PostgreSQL: auth.attempt. */
#ifndef ES_STORE_ATTEMPT_H
#define ES_STORE_ATTEMPT_H

#include "attempts.h"
#include "edges/db.h"

extern const struct db_stmt *const ATTEMPT_STATEMENTS[];

err_t attempt_store_begin(struct ctx *c, const struct attempt *a, struct waiting *wait_r) MUST_CHECK;
/* The same, and the account in the same round trip. */
err_t attempt_store_account(struct ctx *c, const struct attempt *a, const char *email, struct account *account_r,
	bool *found_r, struct waiting *wait_r) MUST_CHECK;
/* Queue: the attempts were somebody who knew the password. */
void attempt_store_forgive(struct ctx *c, const struct attempt *a);

#endif
