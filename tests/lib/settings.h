/* settings.h - what a service under test is told by its environment, and that it has read it. */
#ifndef TEST_SETTINGS_H
#define TEST_SETTINGS_H

#include "edges/config.h"

/* Loads all of a service's settings; they must be good. keys: ends with a row without a name. */
void test_config(struct ctx *c, const struct config_key *keys);

/*
 * A secret's setting names a file: here one that is in memory only, as long as the test program runs.
 * test_secret("ES_WEBHOOK_SECRET_FILE", "…"); again: in place of the one before.
 */
void test_secret(const char *variable, const char *text);

/* Keys that seal, for ES_SEAL_KEYS_FILE: 32 bytes of nothing, and others. */
#define TEST_SEAL_KEY "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define TEST_SEAL_KEY_NEXT "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA"

/* What auth-service can not do without: TEST_SEAL_KEY, and passwords that cost little to hash. */
void test_auth_settings(void);

#endif
