/* jobs.c - configuration, commands and housekeeping of auth-service. */
#include "account.h"
#include "store_session.h"

#define PURGE_EVERY_MS 60000

const struct config_key AUTH_CONFIG[] = {
	{"argon2_passes", CONFIG_INT, "2", 1, 20, "passes of Argon2id over its memory"},
	{"argon2_kib", CONFIG_INT, "19456", 8, 1048576, "memory of Argon2id in KiB"},
	{"access_token_secs", CONFIG_INT, "600", 30, 3600, "life of an access token"},
	{"refresh_days", CONFIG_INT, "30", 1, 365, "life of a refresh token that nobody uses"},
	{0},
};

const struct timer AUTH_TIMERS[] = {
	{.name = "auth.purge", .every_ms = PURGE_EVERY_MS, .run = session_store_purge},
	{0},
};

const struct command AUTH_COMMANDS[] = {
	{"--create-admin", "EMAIL [PASSWORD_FILE]",
		"make sure this administrator exists; the password is read from the file (made when missing) or standard input",
		command_create_admin},
	{"--rotate-key", "", "sign with a new key; the old one still verifies for a day", command_rotate_key},
	{0},
};
