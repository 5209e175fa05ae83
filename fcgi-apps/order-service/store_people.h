/* store_people.h - orders and their people in PostgreSQL: schema orders. */
#ifndef ES_STORE_PEOPLE_H
#define ES_STORE_PEOPLE_H

#include "edges/db.h"

extern const struct db_stmt *const PEOPLE_STATEMENTS[];

/* Queue: orders that a guest placed with this account's proven mailbox are the account's. */
void people_store_attach(struct ctx *c, const struct uuid *user);
/* Queue: this person left. */
void people_store_leave(struct ctx *c, const struct uuid *user);
/* Queue: finished orders of those who left name nobody any more. */
void people_store_anonymise(struct ctx *c);
err_t people_store_tx(struct ctx *c, err_t (*body)(struct ctx *c, void *arg)) MUST_CHECK;

#endif
