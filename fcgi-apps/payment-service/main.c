/* main.c - what payment-service is made of. */
#include "app/app.h"
#include "payment.h"
#include "store_payment.h"

static const struct db_stmt *const *const STATEMENTS[] = {PAYMENT_STATEMENTS, NULL};

static const struct service PAYMENT_SERVICE = {
	.name = "payment-service",
	.routes = PAYMENT_ROUTES,
	.statements = STATEMENTS,
	.constraints = PAYMENT_CONSTRAINTS,
	.config = PAYMENT_CONFIG,
	.work = {.jobs = PAYMENT_JOBS, .timers = PAYMENT_TIMERS},
};

int main(int argc, char **argv)
{
	return app_main(&PAYMENT_SERVICE, argc, argv);
}
