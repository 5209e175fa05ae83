/*
 * secret.h - a secret's setting names a file: here one that is in memory only, as long as
 * the test program runs.
 */
#ifndef TEST_SECRET_H
#define TEST_SECRET_H

/* test_secret("ES_WEBHOOK_SECRET_FILE", "…"); again: in place of the one before. */
void test_secret(const char *variable, const char *text);

/* Keys that seal, for ES_SEAL_KEYS_FILE: 32 bytes of nothing, and others. */
#define TEST_SEAL_KEY "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define TEST_SEAL_KEY_NEXT "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA"

#endif
