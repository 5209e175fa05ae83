/*
 * json.c - parsing with limits, building, and JSONTestSuite.
 */
#include "unit.h"

#include <string.h>

#include "data/json.h"
#include "shared.h"

static err_t parse(struct ctx *c, const char *text)
{
	json_t *value;
	return json_parse(c, str_of(text), &value);
}

static void refuses_what_is_hostile(void **state)
{
	struct ctx *c = *state;
	assert_true(parse(c, "{\"a\":1,\"a\":2}") == &ERR_INVALID);
	assert_true(parse(c, "{\"a\":1,\"a\":2") == &ERR_MALFORMED_JSON);
	assert_true(parse(c, "\"\\u0000\"") == &ERR_INVALID);
	assert_true(parse(c, "{\"\\u0000\":1}") == &ERR_INVALID);
	assert_true(parse(c, "[9223372036854775808]") == &ERR_INVALID);
	assert_true(parse(c, "[9223372036854775808") == &ERR_MALFORMED_JSON);
	assert_true(parse(c, "") == &ERR_MALFORMED_JSON);
	assert_true(parse(c, "[1] x") == &ERR_MALFORMED_JSON);
	char deep[200];
	memset(deep, '[', 100);
	memset(deep + 100, ']', 99);
	deep[199] = '\0';
	assert_true(parse(c, deep + 100 - JSON_DEPTH_MAX - 1) == &ERR_MALFORMED_JSON);
	assert_non_null(strstr(c->detail, "deeper"));
	deep[100 + JSON_DEPTH_MAX] = '\0';
	assert_true(parse(c, deep + 100 - JSON_DEPTH_MAX) == OK);
	assert_true(parse(c, "{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[\"}") == OK);
}

static void builds_and_renders(void **state)
{
	struct ctx *c = *state;
	json_t *o = json_new_object(c->arena), *list = json_new_array(c->arena);
	json_set_text(o, "z", "é");
	json_set_text(o, "none", NULL);
	json_set_text_if(o, "left_out", NULL);
	json_set_int(o, "a", 7);
	json_set_bool(o, "yes", true);
	json_set_time(o, "at", INT64_C(1000000));
	json_set_time(o, "never", 0);
	json_set_money(o, "price", money(1299, "EUR"));
	json_add_text(list, "x\xFF");
	json_add(list, json_new_object(c->arena));
	json_set(o, "list", list);
	assert_string_equal(json_render(c->arena, o).p,
		"{\"z\":\"é\",\"none\":null,\"a\":7,\"yes\":true,\"at\":\"1970-01-01T00:00:01Z\",\"never\":null,"
		"\"price\":{\"amount\":1299,\"currency\":\"EUR\"},\"list\":[\"x\xEF\xBF\xBD\",{}]}");
	assert_string_equal(json_text(o, "z", "?"), "é");
	assert_string_equal(json_text(o, "a", "?"), "?");
	assert_int_equal(json_int(o, "z", -1), -1);
	assert_true(json_bool(o, "yes", false));
	assert_true(json_bool(NULL, "yes", true));
}

/* Ours are stricter than the suite here: a member twice, and U+0000 in text. */
static bool refused_on_purpose(const char *name)
{
	static const char *const NAMES[] = {"y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json",
		"y_object_escaped_null_in_key.json", "y_string_null_escape.json"};
	for (size_t i = 0; i < ARRAY_LEN(NAMES); i++)
		if (strcmp(name, NAMES[i]) == 0)
			return true;
	return false;
}

static void agrees_with_the_json_test_suite(void **state)
{
	struct ctx *c = *state;
	char **names = shared_list(c->arena, "suites/JSONTestSuite/test_parsing");
	if (names == NULL)
		skip();
	size_t seen = 0;
	for (; *names != NULL; names++, seen++) {
		struct str text;
		json_t *value;
		const char *name = strrchr(*names, '/') + 1;
		assert_true(shared_read(c->arena, *names, &text));
		err_t e = json_parse(c, text, &value);
		err_t wanted = name[0] == 'n' ? &ERR_MALFORMED_JSON : refused_on_purpose(name) ? &ERR_INVALID : OK;
		if (name[0] != 'i' && e != wanted)
			fail_msg("%s: %s", name, e == OK ? "accepted" : c->detail);
	}
	assert_true(seen > 250);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(refuses_what_is_hostile),
		UNIT(builds_and_renders),
		UNIT(agrees_with_the_json_test_suite),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
