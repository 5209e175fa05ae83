/* Decisions of event-bus. */
#include "unit.h"

#include "bus.h"

static void the_sequencer_sleeps_longer_the_less_there_is(void **state)
{
	int ms = 0;

	(void)state;
	assert_int_equal(sequencer_pause_ms(500, 500, 20), 0);
	assert_int_equal(sequencer_pause_ms(1, 500, 20), 3);
	for (int i = 0; i < 5; i++) {
		int next = sequencer_pause_ms(0, 500, ms);

		assert_true(next > ms || next == 20);
		ms = next;
	}
	assert_int_equal(ms, 20);
	assert_int_equal(sequencer_pause_ms(0, 500, 250), 20); /* after a time of standing by */
}

static void a_subscription_with_failures_is_parked(void **state)
{
	(void)state;
	assert_string_equal(subscription_state(&(struct subscription){.waiting = 0}), "current");
	assert_string_equal(subscription_state(&(struct subscription){.waiting = 3}), "behind");
	assert_string_equal(subscription_state(&(struct subscription){.waiting = 3, .blocked = 1}), "parked");
	assert_string_equal(subscription_state(&(struct subscription){.dead = 1}), "parked");
}

static void cursors_come_back_as_they_went(void **state)
{
	struct ctx *c = *state;
	struct dead_letter d = {.dead_us = 1772366400000001, .id = {"01900000-0000-7000-8000-000000000001"}};
	struct dead_query q = {.cursor = dead_cursor(c->arena, &d)};

	assert_null(dead_cursor_parse(c, &q));
	assert_int_equal(q.before_us, d.dead_us);
	assert_string_equal(q.before_id.s, d.id.s);
	static const char *const bad[] = {"", ".", "1", "1.x", "-1.01900000-0000-7000-8000-000000000001",
		"x.01900000-0000-7000-8000-000000000001"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		q.cursor = bad[i];
		assert_ptr_equal(dead_cursor_parse(c, &q), &ERR_BAD_REQUEST);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sequencer_sleeps_longer_the_less_there_is),
		cmocka_unit_test(a_subscription_with_failures_is_parked),
		UNIT(cursors_come_back_as_they_went),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
