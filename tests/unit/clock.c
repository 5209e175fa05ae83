/*
 * clock.c - times in and out.
 */
#include "unit.h"

#include <time.h>

#include "data/clock.h"

#define AT(secs) (INT64_C(secs) * US_PER_SEC)

static void reads_rfc3339(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t us;
	} GOOD[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2026-03-01T12:00:00Z", AT(1772366400)},
		{"2026-03-01T12:00:00.5+02:00", AT(1772359200) + 500000},
		{"2026-03-01 12:00:00.123456789-00:30", AT(1772368200) + 123456},
		{"2026-03-01", AT(1772323200)},
		{"2024-02-29t00:00:00z", AT(1709164800)},
		{"1990-12-31T23:59:60Z", AT(662688000)},
		{"0001-01-01T00:00:00Z", AT(-62135596800)},
	};
	static const char *const BAD[] = {"", "2026", "2026-02-29", "2026-13-01", "2026-00-10", "2026-01-32",
		"2026-01-01T24:00:00Z", "2026-01-01T12:60:00Z", "2026-01-01T12:00:61Z", "2026-01-01T12:00:00",
		"2026-01-01T12:00Z", "2026-01-01T12:00:00.Z", "2026-01-01T12:00:00+2:00", "2026-01-01T12:00:00+24:00",
		"2026-01-01T12:00:00Zx", "0000-01-01", " 2026-01-01", "26-01-01"};
	int64_t us;
	for (size_t i = 0; i < ARRAY_LEN(GOOD); i++) {
		assert_true(time_parse(str_of(GOOD[i].text), &us));
		assert_int_equal(us, GOOD[i].us);
	}
	for (size_t i = 0; i < ARRAY_LEN(BAD); i++)
		if (time_parse(str_of(BAD[i]), &us))
			fail_msg("accepted %s", BAD[i]);
}

static void writes_what_it_reads(void **state)
{
	struct arena *a = ((struct ctx *)*state)->arena;
	assert_string_equal(time_rfc3339(a, AT(1772366400)), "2026-03-01T12:00:00Z");
	assert_string_equal(time_rfc3339(a, AT(1772366400) + 42), "2026-03-01T12:00:00.000042Z");
	assert_string_equal(time_rfc3339(a, -1), "1969-12-31T23:59:59.999999Z");
	assert_string_equal(time_text(a, AT(1772366400)), "1 March 2026, 12:00");
	assert_string_equal(time_http(a, AT(784111777)), "Sun, 06 Nov 1994 08:49:37 GMT");
	for (int64_t day = -800000; day < 900000; day += 1) {
		int64_t us = day * 86400 * US_PER_SEC + 3723 * US_PER_SEC, back = 0;
		time_t secs = (time_t)(us / US_PER_SEC) - (us % US_PER_SEC < 0 ? 1 : 0);
		struct tm tm;
		if (day % 97 != 0 || gmtime_r(&secs, &tm) == NULL || tm.tm_year + 1900 < 1)
			continue;
		char want[40];
		strftime(want, sizeof(want), "-%m-%dT%H:%M:%SZ", &tm);
		char *got = time_rfc3339(a, us);
		assert_string_equal(got + 4, want);
		assert_true(time_parse(str_of(got), &back) && back == us);
	}
}

static void can_be_frozen(void **state)
{
	(void)state;
	clock_freeze_us(AT(5));
	assert_int_equal(clock_now_us(), AT(5));
	clock_freeze_us(0);
	assert_true(clock_now_us() > AT(1700000000));
	int64_t then = clock_monotonic_us();
	assert_true(clock_monotonic_us() >= then);
}

int main(void)
{
	const struct CMUnitTest tests[] = {UNIT(reads_rfc3339), UNIT(writes_what_it_reads), UNIT(can_be_frozen)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
