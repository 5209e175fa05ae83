/* settings.c - see settings.h. */
#include "unit.h"
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void test_secret(const char *variable, const char *text)
{
	int fd = memfd_create("secret", 0); /* open until the program ends: the path is the descriptor's */
	char path[40];

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(setenv(variable, path, 1), 0);
}

void test_auth_settings(void)
{
	test_secret("ES_SEAL_KEYS_FILE", TEST_SEAL_KEY);
	assert_int_equal(setenv("ES_ARGON2_KIB", "8", 1), 0);
	assert_int_equal(setenv("ES_ARGON2_PASSES", "1", 1), 0);
}

void test_config(struct ctx *c, const struct config_key *keys)
{
	size_t n = 0;

	while (keys[n].name != NULL)
		n++;
	assert_ptr_equal(config_load(c, keys, n), OK);
}
