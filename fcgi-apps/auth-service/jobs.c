/* jobs.c - configuration, commands and housekeeping of auth-service. */
#include "access.h"
#include "audit_log.h"
#include "breach.h"
#include "proofs.h"
#include "seal.h"
#include "store_factor.h"
#include "store_session.h"
#include "viewings.h"

#define PURGE_EVERY_MS 60000
#define RESETS_EVERY_MS 1000
#define RESEAL_EVERY_MS 600000
#define VIEWINGS_EVERY_MS 5000 /* how late the end of a view that ran out is recorded */

const struct config_key AUTH_CONFIG[] = {
	{"argon2_passes", CONFIG_INT, "2", 1, 20, "passes of Argon2id over its memory"},
	{"argon2_kib", CONFIG_INT, "19456", 8, 1048576, "memory of Argon2id in KiB"},
	{"access_token_secs", CONFIG_INT, "600", 30, 3600, "life of an access token"},
	{"refresh_days", CONFIG_INT, "30", 1, 365, "life of a customer's refresh token that nobody uses"},
	{"session_days", CONFIG_INT, "90", 1, 365, "a customer's session ends after so long, whatever it is used for: remembered ones and programs'"},
	{"brief_session_hours", CONFIG_INT, "24", 1, 720, "the same of one that is not to be remembered"},
	{"staff_idle_minutes", CONFIG_INT, "30", 5, 1440, "a session of staff ends after so long without use"},
	{"staff_session_hours", CONFIG_INT, "12", 1, 168, "and after so long, whatever it is used for"},
	{"attempts_per_account", CONFIG_INT, "5", 1, 1000, "attempts to sign in to an account that cost nothing; then waiting doubles"},
	{"attempts_per_address", CONFIG_INT, "50", 0, 100000, "the same from one address; 0: not counted"},
	{"seal_keys", CONFIG_SECRET, NULL, 0, 0, "seals what the database must not read: 32 bytes in base64url; older keys on further lines"},
	{"breached_passwords", CONFIG_TEXT, "", 0, 0, "passwords nobody may choose: SHA-1:count lines in order of the hash; empty: none"},
	{"staff_second_factor", CONFIG_BOOL, "false", 0, 0, "whether staff without a second factor gets no further than a customer"},
	{0},
};

const struct timer AUTH_TIMERS[] = {
	{.name = "auth.resets", .every_ms = RESETS_EVERY_MS, .run = proof_send_resets},
	{.name = "auth.challenges", .every_ms = PURGE_EVERY_MS, .run = factor_store_purge},
	{.name = "auth.viewings", .every_ms = VIEWINGS_EVERY_MS, .run = viewing_end_old},
	{.name = "auth.keys", .every_ms = PURGE_EVERY_MS, .run = keys_tell},
	{.name = "auth.reseal", .every_ms = RESEAL_EVERY_MS, .run = reseal_some},
	{.name = "auth.purge", .every_ms = PURGE_EVERY_MS, .run = session_store_purge},
	{0},
};

err_t auth_init(struct ctx *c)
{
	TRY(seal_open_keys(c));
	TRY(secret_prepare(c));
	TRY(breach_open(c));
	return keys_ensure(c);
}

const struct command AUTH_COMMANDS[] = {
	{"--create-admin", "EMAIL [PASSWORD_FILE]",
		"make sure this administrator exists; the password is read from the file (made when missing) or standard input",
		command_create_admin},
	{"--rotate-key", "", "sign with a new key, in ten minutes; the old one still verifies for a day", command_rotate_key},
	{"--reseal", "", "seal again, with the first of seal_keys, whatever it did not seal; say what no key opens", command_reseal},
	{"--verify-audit", "", "walk the audit log's chain from its beginning; print its head", command_verify_audit},
	{0},
};
