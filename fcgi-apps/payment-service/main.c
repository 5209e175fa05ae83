/* main.c - what payment-service is made of. */
#include "app/app.h"
#include "app/idem.h"
#include "payment.h"
#include "store_payment.h"

static const struct db_stmt *const *const STATEMENTS[] = {PAYMENT_STATEMENTS, NULL};

/* A confirm's body holds a card: not even its hash may be tried out. */
static err_t init(struct ctx *c)
{
	(void)c;
	idem_hide_bodies(config_text("provider_key"));
	return OK;
}

static const struct service PAYMENT_SERVICE = {
	.name = "payment-service",
	.routes = PAYMENT_ROUTES,
	.statements = STATEMENTS,
	.constraints = PAYMENT_CONSTRAINTS,
	.config = PAYMENT_CONFIG,
	.work = {.consumers = PAYMENT_CONSUMERS, .jobs = PAYMENT_JOBS, .timers = PAYMENT_TIMERS},
	.init = init,
};

int main(int argc, char **argv)
{
	return app_main(&PAYMENT_SERVICE, argc, argv);
}
