/*
 * unit.h - what every C test starts with: cmocka's headers in their order, and a
 * fresh arena and ctx per test.
 */
#ifndef TEST_UNIT_H
#define TEST_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* cmocka's macro of this name would hide ctx.h's function; tests use fail_msg(). */
#undef fail
#undef fail_msg
#define fail_msg(msg, ...)                                                                                             \
	do {                                                                                                           \
		print_error("ERROR: " msg "\n", ##__VA_ARGS__);                                                        \
		_fail(__FILE__, __LINE__);                                                                             \
	} while (0)

#include "base/ctx.h"
#include "base/str.h"

/* Setup and teardown for cmocka: *state is a struct ctx *, its arena 256 MiB at most. */
int unit_setup(void **state);
int unit_teardown(void **state);

#define UNIT(test) cmocka_unit_test_setup_teardown(test, unit_setup, unit_teardown)

#endif
