/* Decisions of event-bus. */
#include "unit.h"

#include "bus.h"

#define MS INT64_C(1000)

static void the_sequencer_sleeps_longer_the_longer_it_is_quiet(void **state)
{
	struct sequencer s = {0};
	int64_t now = 5000 * MS;

	(void)state;
	sequencer_looked(&s, 1, now);
	assert_in_range(s.pause_ms, 1, 5);
	for (int64_t quiet = 0; quiet < 60000; quiet += s.pause_ms) {
		sequencer_looked(&s, 0, now + quiet * MS);
		assert_in_range(s.pause_ms, 3, 100);
		assert_true(s.pause_ms == 3 || s.pause_ms <= quiet / 64);
	}
	assert_int_equal(s.pause_ms, 100);
	sequencer_looked(&s, 1, now + 60000 * MS);
	assert_in_range(s.pause_ms, 1, 5);
}

static void batches_grow_with_what_waits(void **state)
{
	struct sequencer s = {0};
	int64_t last = 0;

	(void)state;
	for (int i = 0; i < 6; i++) {
		assert_true(sequencer_limit(&s) > last || last == 4000);
		last = sequencer_limit(&s);
		sequencer_looked(&s, last, MS);
		assert_int_equal(s.pause_ms, 0); /* more is there: at once */
	}
	assert_int_equal(last, 4000);
	for (int i = 0; i < 6; i++)
		sequencer_looked(&s, 100, MS);
	assert_int_equal(sequencer_limit(&s), 500);
	assert_in_range(s.pause_ms, 6, 10); /* many at a time: gather some */
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
		cmocka_unit_test(the_sequencer_sleeps_longer_the_longer_it_is_quiet),
		cmocka_unit_test(batches_grow_with_what_waits),
		cmocka_unit_test(a_subscription_with_failures_is_parked),
		UNIT(cursors_come_back_as_they_went),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
