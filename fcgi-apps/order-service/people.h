/* people.h - whose orders they are: a guest's become an account's, and a person is forgotten. */
#ifndef ES_ORDER_PEOPLE_H
#define ES_ORDER_PEOPLE_H

#include "app/event.h"

/* user.email_verified, user.erased */
err_t on_account(struct ctx *c, const struct received_event *e) MUST_CHECK;
/* Timer: orders of people who left, as they are finished. */
err_t anonymise_orders(struct ctx *c) MUST_CHECK;

#endif
