/*
 * viewings.h - staff view the shop as one customer does: from /admin/customers/{id}, for a
 * quarter of an hour, in the session that began it. What such a session may is the gate's
 * (app/viewing.h); here are its beginning and its end, each in the audit log.
 */
#ifndef ES_VIEWINGS_H
#define ES_VIEWINGS_H

#include "account.h"
#include "app/viewing.h"

extern const struct problem ERR_NOT_VIEWABLE; /* 409 not_viewable: staff, a program, a blocked account, or one is viewing already */

/* A row that is no more: what its last audit entry says. */
struct ended_viewing {
	struct uuid customer_id, staff_id;
	bool expired;
};

/* ------------------------------------------------------------------ rules.c */

/* A person who may sign in and is a customer, no more: never staff, whose rights nobody borrows. */
bool rule_viewable(const struct account *a);

/* ------------------------------------------------------------------ viewings.c */

err_t viewing_start(struct request *rq, const struct uuid *customer) MUST_CHECK;
/* Of this session; how: "left" or "signed_out". ERR_NOT_FOUND when it views nobody, or somebody else. */
err_t viewing_end(struct request *rq, const struct uuid *customer, const char *how) MUST_CHECK;
/* The timer's: those whose time is over have their end recorded. */
err_t viewing_end_old(struct ctx *c) MUST_CHECK;

/* ------------------------------------------------------------------ pages_viewing.c */

/* page_viewing_over: to leave what had ended by itself is no mistake. */
handler_fn page_customer, page_viewing_start, page_viewing_end, page_viewing_over;

#endif
