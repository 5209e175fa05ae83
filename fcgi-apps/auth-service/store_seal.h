/* store_seal.h - what is sealed in PostgreSQL, wherever it is: auth.totp, auth.signing_key. */
#ifndef ES_STORE_SEAL_H
#define ES_STORE_SEAL_H

#include "edges/db.h"
#include "seal.h"

extern const struct db_stmt *const SEAL_STATEMENTS[];

struct sealed_row {
	const char *kind, *id;
	struct sealed sealed;
};

/* Some of what is in the clear, or was sealed by a known key that is not the first any more. */
err_t seal_store_stale(struct ctx *c, struct sealed_row **rows_r, size_t *n_r) MUST_CHECK;
/* How many were sealed by a key that nobody knows. */
err_t seal_store_lost(struct ctx *c, int64_t *lost_r) MUST_CHECK;
/* *done_r: it was still what row says. */
err_t seal_store_replace(struct ctx *c, const struct sealed_row *row, const struct sealed *s, bool *done_r) MUST_CHECK;

#endif
