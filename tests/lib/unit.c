/*
 * unit.c - a fresh ctx for each test.
 */
#include "unit.h"

#define TEST_ARENA_MAX ((size_t)256 * 1024 * 1024)

int unit_setup(void **state)
{
	struct arena *a = arena_new(TEST_ARENA_MAX);
	struct ctx *c = arena_new_of(a, struct ctx);
	ctx_init(c, a, NULL);
	*state = c;
	return 0;
}

int unit_teardown(void **state)
{
	arena_free(((struct ctx *)*state)->arena);
	return 0;
}
