/* store_viewing.c - views of the shop as a customer: one statement, one function. */
#include "store_viewing.h"

struct until_row {
	int64_t until_us;
};
static const struct db_column UNTIL_COLUMNS[] = {DB_COLUMN_AS(struct until_row, until_us, DB_TIME, "expires_at")};
static const struct db_stmt INSERT = DB_ROWS("viewing_insert", struct until_row, UNTIL_COLUMNS,
	SQL("insert into auth.viewing (session_id, staff_id, customer_id) values ($1::uuid, $2::uuid, $3::uuid)"
	    " on conflict (session_id) do nothing returning expires_at"));

static const struct db_column ENDED_COLUMNS[] = {
	DB_COLUMN(struct ended_viewing, customer_id, DB_UUID),
	DB_COLUMN(struct ended_viewing, staff_id, DB_UUID),
	DB_COLUMN(struct ended_viewing, expired, DB_BOOL),
};
static const struct db_stmt END = DB_ROWS("viewing_end", struct ended_viewing, ENDED_COLUMNS,
	SQL("delete from auth.viewing where session_id = $1::uuid and ($2::uuid is null or customer_id = $2::uuid)"
	    " returning customer_id, staff_id, expires_at <= now() as expired"));
static const struct db_stmt END_OLD = DB_ROWS("viewing_end_old", struct ended_viewing, ENDED_COLUMNS,
	SQL("delete from auth.viewing where expires_at <= now() returning customer_id, staff_id, true as expired"));

const struct db_stmt *const VIEWING_STATEMENTS[] = {&INSERT, &END, &END_OLD, NULL};

err_t viewing_store_insert(struct ctx *c, const struct subject *staff, const struct uuid *customer, int64_t *until_us_r)
{
	struct until_row row;
	bool found;

	TRY(db_maybe(c, &INSERT, PARAMS(P_UUID(&staff->session_id), P_UUID(&staff->user_id), P_UUID(customer)), &row, &found));
	*until_us_r = found ? row.until_us : 0;
	return OK;
}

err_t viewing_store_end(struct ctx *c, const struct uuid *session, const struct uuid *customer, struct ended_viewing *row_r,
	bool *found_r)
{
	return db_maybe(c, &END, PARAMS(P_UUID(session), customer != NULL ? P_UUID(customer) : P_NULL), row_r, found_r);
}

err_t viewing_store_end_old(struct ctx *c, struct ended_viewing **rows_r, size_t *n_r)
{
	return db_rows(c, &END_OLD, NO_PARAMS, rows_r, n_r);
}
