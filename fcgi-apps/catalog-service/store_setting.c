/* store_setting.c - the statement behind the privacy notice. */
#include "store_setting.h"

#include "edges/db.h"

static const struct db_column KEEPING_COLUMNS[] = {
	DB_COLUMN(struct keeping, cart_days, DB_TEXT),
	DB_COLUMN(struct keeping, message_days, DB_TEXT),
};
static const struct db_stmt KEEPING = DB_ROWS("setting_keeping", struct keeping, KEEPING_COLUMNS,
	SQL("select (select value from platform.setting where key = 'cart_keep_days') as cart_days,"
	    " (select value from platform.setting where key = 'message_keep_days') as message_days"));

const struct db_stmt *const SETTING_STATEMENTS[] = {&KEEPING, NULL};

err_t setting_store_keeping(struct ctx *c, struct keeping *keeping_r)
{
	return db_one(c, &KEEPING, NO_PARAMS, keeping_r);
}
