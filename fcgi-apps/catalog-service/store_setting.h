/* store_setting.h - what the privacy notice tells of settings. */
#ifndef ES_STORE_SETTING_H
#define ES_STORE_SETTING_H

#include "base/ctx.h"

struct db_stmt;
extern const struct db_stmt *const SETTING_STATEMENTS[];

struct keeping {
	const char *cart_days, *message_days;
};
err_t setting_store_keeping(struct ctx *c, struct keeping *keeping_r) MUST_CHECK;

#endif
