/* store_viewing.h - who views the shop as which customer, in PostgreSQL: schema auth. */
#ifndef ES_STORE_VIEWING_H
#define ES_STORE_VIEWING_H

#include "edges/db.h"
#include "viewings.h"

extern const struct db_stmt *const VIEWING_STATEMENTS[];

/* *until_us_r 0: the session views somebody already. */
err_t viewing_store_insert(struct ctx *c, const struct subject *staff, const struct uuid *customer, int64_t *until_us_r) MUST_CHECK;
/* customer NULL: whomever. */
err_t viewing_store_end(struct ctx *c, const struct uuid *session, const struct uuid *customer, struct ended_viewing *row_r,
	bool *found_r) MUST_CHECK;
/* Those whose time is over. */
err_t viewing_store_end_old(struct ctx *c, struct ended_viewing **rows_r, size_t *n_r) MUST_CHECK;

#endif
