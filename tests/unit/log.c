/*
 * log.c - every line is one JSON object, whatever is logged.
 */
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "data/json.h"

static int log_pipe[2];

static json_t *last_line(struct ctx *c)
{
	char line[8192];
	ssize_t n = read(log_pipe[0], line, sizeof(line));
	assert_true(n > 2 && n <= 4096);
	assert_int_equal(line[n - 1], '\n');
	assert_null(memchr(line, '\n', (size_t)n - 1));
	json_t *value;
	assert_true(json_parse(c, (struct str){line, (size_t)n - 1}, &value) == OK);
	return value;
}

static void writes_one_object(void **state)
{
	struct ctx *c = *state;
	c->request_id = "req-1";
	log_info(c, "order placed", LS("number", "E1"), LI("lines", 3), LS("note", NULL));
	json_t *line = last_line(c);
	assert_string_equal(json_text(line, "message", ""), "order placed");
	assert_string_equal(json_text(line, "service", ""), "test");
	assert_string_equal(json_text(line, "level", ""), "info");
	assert_string_equal(json_text(line, "request_id", ""), "req-1");
	assert_string_equal(json_text(line, "number", ""), "E1");
	assert_int_equal(json_int(line, "lines", 0), 3);
	assert_true(json_is_null(json_object_get(line, "note")));
}

static void escapes_everything(void **state)
{
	struct ctx *c = *state;
	log_peer(NULL, "a\n\"b\"\\", LS("x", "é\x7F\xFF\x01\xE2\x82"));
	json_t *line = last_line(c);
	assert_string_equal(json_text(line, "message", ""), "a\n\"b\"\\");
	assert_string_equal(json_text(line, "x", ""), "é\x7F\xEF\xBF\xBD\x01\xEF\xBF\xBD\xEF\xBF\xBD");
}

static void cuts_what_is_too_long(void **state)
{
	struct ctx *c = *state;
	char *text = arena_alloc(c->arena, 10001);
	memset(text, '\1', 10000);
	log_bug(c, text, LS("a", text), LS("b", text), LS("c", text), LI("d", 1));
	assert_string_equal(json_text(last_line(c), "level", ""), "error");
}

static void names_the_trace(void **state)
{
	struct ctx *c = *state;
	c->traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
	log_info(c, "on its way");
	json_t *line = last_line(c);
	assert_string_equal(json_text(line, "trace_id", ""), "0af7651916cd43dd8448eb211c80319c");
	assert_string_equal(json_text(line, "traceparent", ""), c->traceparent);
}

static void keeps_secrets_out(void **state)
{
	log_info(*state, "signed in", LS("password", "hunter2"), LI("cvc", 123));
	json_t *line = last_line(*state);
	assert_string_equal(json_text(line, "password", ""), "[not logged]");
	assert_string_equal(json_text(line, "cvc", ""), "[not logged]");
}

static void respects_the_level(void **state)
{
	log_debug(*state, "unseen");
	log_info(*state, "seen");
	assert_string_equal(json_text(last_line(*state), "message", ""), "seen");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(writes_one_object),
		UNIT(escapes_everything),
		UNIT(cuts_what_is_too_long),
		UNIT(names_the_trace),
		UNIT(keeps_secrets_out),
		UNIT(respects_the_level),
	};
	if (pipe(log_pipe) != 0)
		return 1;
	log_setup("test", LOG_LEVEL_INFO, log_pipe[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
