/*
 * The Mustache specification's own tests: all of its core, and of inheritance. Skipped
 * where the suite is not on this machine.
 */
#include "app/tmpl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static const char *const PLACES[] = {
	"../shared/data/suites/mustache-spec/specs", "../../shared/data/suites/mustache-spec/specs"};

static json_t *suite(const char *name)
{
	char path[256];
	for (size_t i = 0; i < ARRAY_LEN(PLACES); i++) {
		snprintf(path, sizeof(path), "%s/%s.json", PLACES[i], name);
		json_t *all = json_load_file(path, 0, NULL);
		if (all)
			return all;
	}
	print_message("%s: the specification's tests are not on this machine\n", name);
	skip();
	return NULL;
}

static bool passes(const json_t *test, struct arena *a)
{
	struct ctx c;
	struct buf out;
	ctx_init(&c, a, NULL);
	buf_init(&out, a, 1 << 20);
	const char *expected = json_string_value(json_object_get(test, "expected"));
	struct str text = str_of(json_string_value(json_object_get(test, "template")));
	err_t e = tmpl_render_text(&c, text, json_object_get(test, "partials"), json_object_get(test, "data"), &out);
	const char *got = e == OK && out.p ? out.p : "";
	if (e == OK && strcmp(got, expected) == 0)
		return true;
	print_error("%s: expected %s, got %s %s\n", json_string_value(json_object_get(test, "name")), expected, got,
		c.detail ? c.detail : "");
	return false;
}

static void run_suite(const char *name, size_t least)
{
	json_t *all = suite(name);
	const json_t *tests = json_object_get(all, "tests");
	struct arena *a = arena_new(16 << 20);
	size_t passed = 0;
	for (size_t i = 0; i < json_array_size(tests); i++) {
		passed += passes(json_array_get(tests, i), a);
		arena_reset(a);
	}
	assert_int_equal(passed, json_array_size(tests));
	assert_true(passed >= least);
	arena_free(a);
	json_decref(all);
}

#define SUITE(function, name, least)                                                                                   \
	static void function(void **state)                                                                             \
	{                                                                                                              \
		(void)state;                                                                                           \
		run_suite(name, least);                                                                                \
	}
SUITE(comments, "comments", 12)
SUITE(delimiters, "delimiters", 14)
SUITE(interpolation, "interpolation", 42)
SUITE(inverted, "inverted", 22)
SUITE(partials, "partials", 12)
SUITE(sections, "sections", 34)
SUITE(inheritance, "~inheritance", 27)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comments),
		cmocka_unit_test(delimiters),
		cmocka_unit_test(interpolation),
		cmocka_unit_test(inverted),
		cmocka_unit_test(partials),
		cmocka_unit_test(sections),
		cmocka_unit_test(inheritance),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
