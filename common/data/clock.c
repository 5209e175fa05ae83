/*
 * clock.c - what time it is, and how times are written and read. The calendar is
 * computed here (proleptic Gregorian, UTC): no locale, no TZ, no tzset.
 *
 * Layer: data.
 */
#include "data/clock.h"

#include <time.h>

#define SECS_PER_DAY INT64_C(86400)

static int64_t frozen_us;

static int64_t read_clock(clockid_t id)
{
	struct timespec now;
	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * US_PER_SEC + now.tv_nsec / 1000;
}

int64_t clock_now_us(void)
{
	return frozen_us != 0 ? frozen_us : read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic_us(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

void clock_freeze_us(int64_t now_us)
{
	frozen_us = now_us;
}

struct civil {
	int64_t year;
	int month, day, hour, minute, second, micros, weekday; /* weekday: 0 is Sunday */
};

/* Years begin in March here, so that the leap day is the last of its year. */
static int64_t days_from_civil(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * 146097 + day_of_era - 719468;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0 ? 1 : 0);
}

static struct civil civil_of(int64_t unix_us)
{
	int64_t secs = floor_div(unix_us, US_PER_SEC);
	int64_t days = floor_div(secs, SECS_PER_DAY);
	int of_day = (int)(secs - days * SECS_PER_DAY);
	int64_t z = days + 719468;
	int64_t era = floor_div(z, 146097);
	int64_t day_of_era = z - era * 146097;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int day_of_year = (int)(day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100));
	int shifted = (5 * day_of_year + 2) / 153;
	int month = shifted < 10 ? shifted + 3 : shifted - 9;
	return (struct civil){
		.year = year_of_era + era * 400 + (month <= 2 ? 1 : 0),
		.month = month,
		.day = day_of_year - (153 * shifted + 2) / 5 + 1,
		.hour = of_day / 3600,
		.minute = of_day / 60 % 60,
		.second = of_day % 60,
		.micros = (int)(unix_us - secs * US_PER_SEC),
		.weekday = (int)(((days + 4) % 7 + 7) % 7),
	};
}

char *time_rfc3339(struct arena *a, int64_t unix_us)
{
	struct civil t = civil_of(unix_us);
	char *text = arena_printf(
		a, "%04lld-%02d-%02dT%02d:%02d:%02d", (long long)t.year, t.month, t.day, t.hour, t.minute, t.second);
	return t.micros == 0 ? arena_printf(a, "%sZ", text) : arena_printf(a, "%s.%06dZ", text, t.micros);
}

static const char *const MONTHS[] = {"January", "February", "March", "April", "May", "June", "July", "August",
	"September", "October", "November", "December"};

char *time_text(struct arena *a, int64_t unix_us)
{
	struct civil t = civil_of(unix_us);
	return arena_printf(
		a, "%d %s %lld, %02d:%02d", t.day, MONTHS[t.month - 1], (long long)t.year, t.hour, t.minute);
}

char *time_http(struct arena *a, int64_t unix_us)
{
	static const char *const DAYS[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	struct civil t = civil_of(unix_us);
	return arena_printf(a, "%s, %02d %.3s %04lld %02d:%02d:%02d GMT", DAYS[t.weekday], t.day, MONTHS[t.month - 1],
		(long long)t.year, t.hour, t.minute, t.second);
}

/* Cuts a number of exactly `digits` digits off s. */
static bool take_number(struct str *s, size_t digits, int *value_r)
{
	int value = 0;
	if (s->n < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return false;
		value = value * 10 + (s->p[i] - '0');
	}
	s->p += digits;
	s->n -= digits;
	*value_r = value;
	return true;
}

static bool take_one_of(struct str *s, const char *characters)
{
	for (; *characters != '\0'; characters++) {
		if (s->n > 0 && s->p[0] == *characters) {
			s->p++;
			s->n--;
			return true;
		}
	}
	return false;
}

/* ".5", at most nine digits; what is finer than a microsecond is cut off. */
static bool take_fraction(struct str *s, int *micros_r)
{
	int micros = 0, digits = 0, digit;
	for (; take_number(s, 1, &digit); digits++)
		micros = digits < 6 ? micros * 10 + digit : micros;
	if (digits == 0 || digits > 9)
		return false;
	for (; digits < 6; digits++)
		micros *= 10;
	*micros_r = micros;
	return true;
}

static bool take_offset(struct str *s, int *minutes_r)
{
	int hours, minutes;
	if (take_one_of(s, "Zz")) {
		*minutes_r = 0;
		return true;
	}
	bool west = s->n > 0 && s->p[0] == '-';
	if (!take_one_of(s, "+-") || !take_number(s, 2, &hours) || !take_one_of(s, ":") || !take_number(s, 2, &minutes))
		return false;
	*minutes_r = (hours * 60 + minutes) * (west ? -1 : 1);
	return hours < 24 && minutes < 60;
}

static bool date_exists(int year, int month, int day)
{
	static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (year < 1 || month < 1 || month > 12 || day < 1)
		return false;
	return day <= DAYS[month - 1] + (month == 2 && leap ? 1 : 0);
}

bool time_parse(struct str s, int64_t *unix_us_r)
{
	int year, month, day, hour = 0, minute = 0, second = 0, micros = 0, offset = 0;
	if (!take_number(&s, 4, &year) || !take_one_of(&s, "-") || !take_number(&s, 2, &month) ||
		!take_one_of(&s, "-") || !take_number(&s, 2, &day) || !date_exists(year, month, day))
		return false;
	if (s.n > 0) {
		if (!take_one_of(&s, "Tt ") || !take_number(&s, 2, &hour) || !take_one_of(&s, ":") ||
			!take_number(&s, 2, &minute) || !take_one_of(&s, ":") || !take_number(&s, 2, &second))
			return false;
		if (take_one_of(&s, ".") && !take_fraction(&s, &micros))
			return false;
		if (!take_offset(&s, &offset) || s.n > 0)
			return false;
	}
	/* A leap second is the first of the next minute, as in POSIX time. */
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	int64_t secs =
		days_from_civil(year, month, day) * SECS_PER_DAY + hour * 3600 + minute * 60 + second - offset * 60;
	*unix_us_r = secs * US_PER_SEC + micros;
	return true;
}
