/*
 * trace.c - W3C trace context: what is taken over from a request, what begins here.
 */
#include "unit.h"

#include <string.h>

#include "data/trace.h"

#define ID "0af7651916cd43dd8448eb211c80319c"
#define PARENT "b7ad6b7169203331"
#define GOOD "00-" ID "-" PARENT "-01"

static void takes_over_what_is_well_formed(void **state)
{
	struct ctx *c = *state;

	assert_string_equal(trace_accept(c->arena, GOOD), GOOD);
	assert_string_equal(trace_accept(c->arena, "00-" ID "-" PARENT "-00"), "00-" ID "-" PARENT "-00");
	/* of a later version what version 00 knows */
	assert_string_equal(trace_accept(c->arena, "cc-" ID "-" PARENT "-01"), GOOD);
	assert_string_equal(trace_accept(c->arena, "cc-" ID "-" PARENT "-01-what the future holds"), GOOD);
}

static void refuses_everything_else(void **state)
{
	static const char *const BAD[] = {
		"",
		"00",
		"00-" ID "-" PARENT,
		"00-" ID "-" PARENT "-1",
		"00-" ID "-" PARENT "-01-more",
		"00-" ID "-" PARENT "-01 ",
		"cc-" ID "-" PARENT "-01.more",
		"ff-" ID "-" PARENT "-01",
		"00-00000000000000000000000000000000-" PARENT "-01",
		"00-" ID "-0000000000000000-01",
		"00-0AF7651916CD43DD8448EB211C80319C-" PARENT "-01",
		"00_" ID "_" PARENT "_01",
		"0g-" ID "-" PARENT "-01",
		"00-0af7651916cd43dd8448eb211c80319-" PARENT "-01a",
		"00-" ID "-" PARENT "-\"}",
	};
	struct ctx *c = *state;

	assert_null(trace_accept(c->arena, NULL));
	for (size_t i = 0; i < ARRAY_LEN(BAD); i++)
		assert_null(trace_accept(c->arena, BAD[i]));
}

static void begins_once(void **state)
{
	struct ctx *c = *state, other;
	const char *first;

	trace_begin(c);
	first = c->traceparent;
	assert_string_equal(trace_accept(c->arena, first), first);
	trace_begin(c);
	assert_ptr_equal(c->traceparent, first);
	ctx_init(&other, c->arena, NULL);
	trace_begin(&other);
	assert_string_not_equal(other.traceparent, first);
}

static void headers_say_what_there_is(void **state)
{
	struct ctx *c = *state;

	assert_string_equal(json_render(c->arena, trace_headers(c)).p, "{}");
	c->traceparent = GOOD;
	c->request_id = "request-1";
	assert_string_equal(json_render(c->arena, trace_headers(c)).p,
		"{\"traceparent\":\"" GOOD "\",\"request_id\":\"request-1\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(takes_over_what_is_well_formed),
		UNIT(refuses_everything_else),
		UNIT(begins_once),
		UNIT(headers_say_what_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
