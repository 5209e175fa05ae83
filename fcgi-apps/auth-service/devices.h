/*
 * devices.h - where somebody signed in before. A browser is known by a cookie that is
 * another one after each sign-in; a program by what it calls itself and its network.
 */
#ifndef ES_DEVICES_H
#define ES_DEVICES_H

#include "account.h"

struct device {
	const char *cookie;          /* the browser's next one; NULL: a program */
	const char *old_hash, *hash; /* as it was known, and is from now on; old_hash NULL: it shows nothing */
};

struct device device_of_browser(struct request *rq);
struct device device_of_program(struct request *rq);
/* In the session's transaction: remembers it, and tells the owner when it is new, and not the account's first. */
err_t device_note(struct ctx *c, const struct account *account, const struct session *session, const struct device *d) MUST_CHECK;
/* After COMMIT. */
void device_keep(struct request *rq, const struct device *d);

#endif
