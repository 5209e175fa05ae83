/* store_seal.c - sealed secrets: one statement, one function. */
#include "store_seal.h"

#include <string.h>

static const struct db_column ROW_COLUMNS[] = {
	DB_COLUMN(struct sealed_row, kind, DB_TEXT),
	DB_COLUMN(struct sealed_row, id, DB_TEXT),
	DB_COLUMN_AS(struct sealed_row, sealed.bytes, DB_BYTES, "bytes"),
	DB_COLUMN_AS(struct sealed_row, sealed.by, DB_TEXT, "sealed_by"),
};
static const struct db_stmt STALE = DB_ROWS("seal_stale", struct sealed_row, ROW_COLUMNS,
	SQL("select kind, id, bytes, sealed_by from ("
	    " select 'totp' as kind, account_id::text as id, secret as bytes, sealed_by from auth.totp"
	    " union all select 'signing_key', kid, private_key, sealed_by from auth.signing_key) as s"
	    " where sealed_by is null or (sealed_by = any ($1::text[]) and sealed_by <> ($1::text[])[1]) limit 100"));

struct count_row {
	int64_t count;
};
static const struct db_column COUNT_COLUMNS[] = {DB_COLUMN(struct count_row, count, DB_INT64)};
static const struct db_stmt LOST = DB_ROWS("seal_lost", struct count_row, COUNT_COLUMNS,
	SQL("select count(*) from (select sealed_by from auth.totp union all select sealed_by from auth.signing_key) as s"
	    " where sealed_by <> all ($1::text[])"));
static const struct db_stmt REPLACE_TOTP = DB_EXEC("seal_totp",
	SQL("update auth.totp set secret = $3::bytea, sealed_by = $4 where account_id = $1::uuid and secret = $2::bytea"));
static const struct db_stmt REPLACE_KEY = DB_EXEC("seal_signing_key",
	SQL("update auth.signing_key set private_key = $3::bytea, sealed_by = $4 where kid = $1 and private_key = $2::bytea"));

const struct db_stmt *const SEAL_STATEMENTS[] = {&STALE, &LOST, &REPLACE_TOTP, &REPLACE_KEY, NULL};

err_t seal_store_stale(struct ctx *c, struct sealed_row **rows_r, size_t *n_r)
{
	size_t known;
	const char *const *ids = seal_key_ids(&known);

	return db_rows(c, &STALE, PARAMS(P_TEXTS(ids, known)), rows_r, n_r);
}

err_t seal_store_lost(struct ctx *c, int64_t *lost_r)
{
	size_t known;
	const char *const *ids = seal_key_ids(&known);
	struct count_row row;

	TRY(db_one(c, &LOST, PARAMS(P_TEXTS(ids, known)), &row));
	*lost_r = row.count;
	return OK;
}

err_t seal_store_replace(struct ctx *c, const struct sealed_row *row, const struct sealed *s, bool *done_r)
{
	const struct db_stmt *stmt = strcmp(row->kind, "totp") == 0 ? &REPLACE_TOTP : &REPLACE_KEY;
	int64_t done = 0;

	TRY(db_exec(c, stmt, PARAMS(P_TEXT(row->id), P_BYTES(row->sealed.bytes), P_BYTES(s->bytes), P_TEXT(s->by)), &done));
	*done_r = done == 1;
	return OK;
}
