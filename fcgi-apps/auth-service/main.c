/* main.c - what auth-service is made of. */
#include "account.h"
#include "audit_log.h"
#include "store_access.h"
#include "store_account.h"
#include "store_attempt.h"
#include "store_factor.h"
#include "store_passkey.h"
#include "store_proof.h"
#include "store_seal.h"
#include "store_session.h"
#include "store_viewing.h"

static const struct db_stmt *const *const STATEMENTS[] = {ACCOUNT_STATEMENTS, ADDRESS_STATEMENTS, SESSION_STATEMENTS,
	ATTEMPT_STATEMENTS, PROOF_STATEMENTS, AUDIT_LOG_STATEMENTS,
	ACCESS_STATEMENTS, INVITATION_STATEMENTS, FACTOR_STATEMENTS, PASSKEY_STATEMENTS, VIEWING_STATEMENTS,
	SEAL_STATEMENTS, NULL};

static const struct service AUTH_SERVICE = {
	.name = "auth-service",
	.routes = AUTH_ROUTES,
	.statements = STATEMENTS,
	.constraints = ACCOUNT_CONSTRAINTS,
	.config = AUTH_CONFIG,
	.work = {.consumers = AUTH_CONSUMERS, .timers = AUTH_TIMERS},
	.init = auth_init,
	.commands = AUTH_COMMANDS,
};

int main(int argc, char **argv)
{
	return app_main(&AUTH_SERVICE, argc, argv);
}
