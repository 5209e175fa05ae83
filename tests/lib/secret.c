/* secret.c - see secret.h. */
#include "unit.h"
#include "secret.h"

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
