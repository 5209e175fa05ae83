/*
 * people.c - what order-service does when a mailbox is proven, and when somebody leaves.
 * What of an order is kept then, and why, is said in sql/orders/0040_people.sql.
 */
#include "people.h"

#include <string.h>

#include "store_people.h"

static err_t on_verified(struct ctx *c, const struct uuid *user)
{
	people_store_attach(c, user);
	return OK;
}

static err_t on_erased(struct ctx *c, const struct uuid *user)
{
	people_store_leave(c, user);
	people_store_anonymise(c);
	return OK;
}

static const struct {
	const char *topic;
	err_t (*handle)(struct ctx *c, const struct uuid *user);
} ACCOUNT_EVENTS[] = {
	{"user.email_verified", on_verified},
	{"user.erased", on_erased},
};

err_t on_account(struct ctx *c, const struct received_event *e)
{
	struct uuid user;

	if (!uuid_parse(str_of(json_text(e->payload, "user_id", NULL)), &user))
		return fail_bug(c, "an event of an account names no account");
	for (size_t i = 0; i < ARRAY_LEN(ACCOUNT_EVENTS); i++) {
		if (strcmp(e->topic, ACCOUNT_EVENTS[i].topic) == 0)
			return ACCOUNT_EVENTS[i].handle(c, &user);
	}
	return OK;
}

static err_t anonymise_body(struct ctx *c, void *arg)
{
	(void)arg;
	people_store_anonymise(c);
	return OK;
}

err_t anonymise_orders(struct ctx *c)
{
	return people_store_tx(c, anonymise_body);
}
