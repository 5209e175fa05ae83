/* main.c - what the mock provider is made of. */
#include "app/app.h"
#include "provider.h"
#include "store_provider.h"

static const struct db_stmt *const *const STATEMENTS[] = {PROVIDER_STATEMENTS, NULL};

static const struct service MOCK_PROVIDER = {
	.name = "mock-provider",
	.routes = PROVIDER_ROUTES,
	.statements = STATEMENTS,
	.constraints = PROVIDER_CONSTRAINTS,
	.config = PROVIDER_CONFIG,
	.work = {.jobs = PROVIDER_JOBS, .timers = PROVIDER_TIMERS},
};

int main(int argc, char **argv)
{
	return app_main(&MOCK_PROVIDER, argc, argv);
}
