/*
 * arena.c - memory with one lifetime.
 */
#include "unit.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void gives_zeroed_aligned_memory(void **state)
{
	struct arena *a = ((struct ctx *)*state)->arena;
	for (size_t size = 0; size < 5000; size += 37) {
		char *p = arena_alloc(a, size);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xA5, size);
	}
	assert_ptr_not_equal(arena_alloc(a, 0), arena_alloc(a, 0));
}

static void a_large_block_leaves_the_small_ones_alone(void **state)
{
	struct arena *a = ((struct ctx *)*state)->arena;
	char *before = arena_strdup(a, "before");
	char *large = arena_alloc(a, 1000000);
	char *after = arena_strdup(a, "after");
	memset(large, 'x', 1000000);
	assert_string_equal(before, "before");
	assert_string_equal(after, "after");
}

static int order[3], released;

static void note_release(void *resource)
{
	order[released++] = *(int *)resource;
}

static void releases_newest_first(void **state)
{
	(void)state;
	struct arena *a = arena_new(100000);
	int numbers[] = {1, 2, 3};
	released = 0;
	for (size_t i = 0; i < 3; i++)
		arena_defer(a, note_release, &numbers[i]);
	arena_reset(a);
	assert_int_equal(released, 3);
	assert_int_equal(order[0], 3);
	assert_int_equal(order[2], 1);
	arena_reset(a);
	assert_int_equal(released, 3);
	arena_free(a);
}

static void a_reset_counts_from_nothing_again(void **state)
{
	(void)state;
	struct arena *a = arena_new(50000);
	for (int i = 0; i < 100; i++) {
		memset(arena_alloc(a, 40000), 1, 40000);
		assert_true(arena_used(a) >= 40000);
		arena_reset(a);
		assert_int_equal(arena_used(a), 0);
	}
	arena_free(a);
}

static void aborts_at_its_limit(void **state)
{
	(void)state;
	pid_t child = fork();
	if (child == 0) {
		close(STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		struct arena *a = arena_new(1000);
		void *p = arena_alloc(a, 1001);
		_exit(p == NULL ? 1 : 2);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void copies_text(void **state)
{
	struct arena *a = ((struct ctx *)*state)->arena;
	assert_null(arena_strdup(a, NULL));
	assert_string_equal(arena_strndup(a, "abcdef", 3), "abc");
	assert_string_equal(arena_printf(a, "%s-%d", "n", 7), "n-7");
	assert_non_null(arena_array_of(a, 10, int));
}

static void remembers_failures(void **state)
{
	struct ctx *c = *state;
	assert_true(ctx_check(c) == OK);
	assert_true(fail(c, &ERR_CONFLICT, "it is %s", "late") == &ERR_CONFLICT);
	assert_string_equal(c->detail, "it is late");
	field_error(c, "a", "required", "A is required.");
	field_error(c, "b", "too_long", "B is %d too long.", 3);
	assert_true(ctx_check(c) == &ERR_INVALID);
	assert_string_equal(c->errors->field, "a");
	assert_string_equal(c->errors->next->message, "B is 3 too long.");
	ctx_clear_failure(c);
	assert_true(ctx_check(c) == OK);
	assert_null(c->detail);
	field_error(c, "c", "invalid", "C.");
	assert_string_equal(c->errors->field, "c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(gives_zeroed_aligned_memory),
		UNIT(a_large_block_leaves_the_small_ones_alone),
		UNIT(releases_newest_first),
		UNIT(a_reset_counts_from_nothing_again),
		UNIT(aborts_at_its_limit),
		UNIT(copies_text),
		UNIT(remembers_failures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
