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

static void a_paused_subscription_says_so_first(void **state)
{
	struct subscription s = {.paused = true, .dead = 1, .waiting = 5};

	(void)state;
	assert_string_equal(subscription_state(&s), "paused");
	s.paused = false;
	assert_string_equal(subscription_state(&s), "parked");
	s.dead = 0;
	assert_string_equal(subscription_state(&s), "behind");
	s.waiting = 0;
	assert_string_equal(subscription_state(&s), "current");
}

static void a_queue_fails_before_it_is_busy(void **state)
{
	struct queue q = {.due = 1, .failing = 1};

	(void)state;
	assert_string_equal(queue_state(&q), "failing");
	q = (struct queue){.dead = 1};
	assert_string_equal(queue_state(&q), "failing");
	q = (struct queue){.leased = 1};
	assert_string_equal(queue_state(&q), "busy");
	q = (struct queue){.scheduled = 7};
	assert_string_equal(queue_state(&q), "idle");
}

static void spans_are_read_at_a_glance(void **state)
{
	static const struct {
		int64_t secs, count;
		const char *unit;
	} SPANS[] = {{-5, 0, "seconds"}, {0, 0, "seconds"}, {59, 59, "seconds"}, {60, 1, "minutes"},
		{3599, 59, "minutes"}, {3600, 1, "hours"}, {86399, 23, "hours"}, {86400, 1, "days"},
		{8640000, 100, "days"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(SPANS); i++) {
		struct span s = span_of(SPANS[i].secs);

		assert_int_equal(s.count, SPANS[i].count);
		assert_string_equal(s.unit, SPANS[i].unit);
	}
}

static void a_form_says_date_and_time(void **state)
{
	int64_t us = 0;

	(void)state;
	assert_true(form_time("2026-03-01", "14:30", &us));
	assert_int_equal(us, INT64_C(1772375400) * 1000000);
	assert_true(form_time("2026-03-01", "14:30:05", &us));
	assert_int_equal(us, INT64_C(1772375405) * 1000000);
	assert_true(form_time("2026-03-01", "", &us));
	assert_true(form_time("2026-03-01", NULL, &us));
	assert_int_equal(us, INT64_C(1772323200) * 1000000);
	assert_false(form_time(NULL, "14:30", &us));
	assert_false(form_time("", "", &us));
	assert_false(form_time("2026-02-30", "14:30", &us));
	assert_false(form_time("2026-03-01", "24:30", &us));
	assert_false(form_time("2026-03-01", "half past two in the afternoon or so", &us));
	assert_false(form_time("01.03.2026", "14:30", &us));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sequencer_sleeps_longer_the_longer_it_is_quiet),
		cmocka_unit_test(batches_grow_with_what_waits),
		cmocka_unit_test(a_subscription_with_failures_is_parked),
		UNIT(cursors_come_back_as_they_went),
		UNIT(a_paused_subscription_says_so_first),
		UNIT(a_queue_fails_before_it_is_busy),
		UNIT(spans_are_read_at_a_glance),
		UNIT(a_form_says_date_and_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
