/* store_attempt.c - attempts: one statement, one function. */
#include "store_attempt.h"
#include "store_account.h"

static const struct db_column WAIT_COLUMNS[] = {
	DB_COLUMN(struct waiting, seconds, DB_INT64),
	DB_COLUMN(struct waiting, begun, DB_INT64),
};
static const struct db_stmt ATTEMPT_BEGIN = DB_ROWS("attempt_begin", struct waiting, WAIT_COLUMNS,
	SQL("select seconds, begun from auth.begin_attempts($1::text[], $2::bigint[]::integer[])"));
static const struct db_stmt ATTEMPT_FORGIVE =
	DB_EXEC("attempt_forgive", SQL("select auth.forgive_attempts($1, array[$2])"));

const struct db_stmt *const ATTEMPT_STATEMENTS[] = {&ATTEMPT_BEGIN, &ATTEMPT_FORGIVE, NULL};

err_t attempt_store_begin(struct ctx *c, const struct attempt *a, struct waiting *wait_r)
{
	return db_one(c, &ATTEMPT_BEGIN, PARAMS(P_TEXTS(a->keys, ATTEMPT_KEYS), P_INTS(a->free, ATTEMPT_KEYS)), wait_r);
}

err_t attempt_store_account(struct ctx *c, const struct attempt *a, const char *email, struct account *account_r,
	bool *found_r, struct waiting *wait_r)
{
	const struct db_call calls[] = {
		CALL_ONE(&ATTEMPT_BEGIN, wait_r, P_TEXTS(a->keys, ATTEMPT_KEYS), P_INTS(a->free, ATTEMPT_KEYS)),
		CALL_MAYBE(&ACCOUNT_BY_EMAIL, account_r, found_r, P_TEXT(rule_email_key(c->arena, email))),
	};

	return db_run(c, calls, ARRAY_LEN(calls));
}

void attempt_store_forgive(struct ctx *c, const struct attempt *a)
{
	db_defer(c, &ATTEMPT_FORGIVE, PARAMS(P_TEXT(a->keys[0]), P_TEXT(a->keys[1])));
}
