/* store_people.c - orders and their people: one statement, one function. */
#include "store_people.h"

static const struct db_stmt ATTACH = DB_EXEC("people_attach", SQL("select orders.attach_guest_orders($1::uuid)"));
static const struct db_stmt LEAVE = DB_EXEC("people_leave",
	SQL("insert into orders.erasure (user_id) values ($1::uuid) on conflict do nothing"));
static const struct db_stmt ANONYMISE = DB_EXEC("people_anonymise", SQL("select orders.anonymise()"), DB_TRACED);

const struct db_stmt *const PEOPLE_STATEMENTS[] = {&ATTACH, &LEAVE, &ANONYMISE, NULL};

void people_store_attach(struct ctx *c, const struct uuid *user)
{
	db_defer(c, &ATTACH, PARAMS(P_UUID(user)));
}

void people_store_leave(struct ctx *c, const struct uuid *user)
{
	db_defer(c, &LEAVE, PARAMS(P_UUID(user)));
}

void people_store_anonymise(struct ctx *c)
{
	db_defer(c, &ANONYMISE, NO_PARAMS);
}

err_t people_store_tx(struct ctx *c, err_t (*body)(struct ctx *c, void *arg))
{
	return db_tx(c, DB_TX_DEFAULT, body, NULL);
}
