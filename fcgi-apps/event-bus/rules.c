/* rules.c - decisions of event-bus. */
#include "bus.h"

#include <stdio.h>
#include <string.h>

#include "data/clock.h"

#define QUIET_MS 3
/* Looking again at once would find an event or two at the price of a batch: gather some. */
#define BUSY_MS 5
#define CROWD 32
#define CROWD_MS 10
#define IDLE_MAX_MS 100
#define SILENCE_SHARE 64
#define LIMIT_MIN 500
#define LIMIT_MAX 4000

const char *subscription_state(const struct subscription *s)
{
	if (s->paused)
		return "paused";
	if (s->retrying + s->blocked + s->dead > 0)
		return "parked";
	return s->waiting > 0 ? "behind" : "current";
}

const char *queue_state(const struct queue *q)
{
	if (q->failing + q->dead > 0)
		return "failing";
	return q->due + q->leased > 0 ? "busy" : "idle";
}

struct span span_of(int64_t secs)
{
	static const struct {
		const char *unit;
		int64_t secs;
	} UNITS[] = {{"days", 86400}, {"hours", 3600}, {"minutes", 60}};

	for (size_t i = 0; i < ARRAY_LEN(UNITS); i++) {
		if (secs >= UNITS[i].secs)
			return (struct span){.unit = UNITS[i].unit, .count = secs / UNITS[i].secs};
	}
	return (struct span){.unit = "seconds", .count = secs > 0 ? secs : 0};
}

bool form_time(const char *date, const char *time, int64_t *us_r)
{
	char text[40];
	const char *clock = time != NULL && time[0] != '\0' ? time : "00:00";
	int n = snprintf(
		text, sizeof(text), "%sT%s%sZ", date != NULL ? date : "", clock, strlen(clock) == 5 ? ":00" : "");

	return n > 0 && (size_t)n < sizeof(text) && time_parse(str_of(text), us_r) && *us_r > 0;
}

int64_t sequencer_limit(const struct sequencer *s)
{
	return s->limit > 0 ? s->limit : LIMIT_MIN;
}

/* Nobody waits longer than a small part of the silence before, nor than a tenth of a second. */
static int idle_pause_ms(int64_t silent_us)
{
	int64_t ms = silent_us / 1000 / SILENCE_SHARE;

	if (ms < QUIET_MS)
		return QUIET_MS;
	return ms < IDLE_MAX_MS ? (int)ms : IDLE_MAX_MS;
}

void sequencer_looked(struct sequencer *s, int64_t n, int64_t now_us)
{
	int64_t limit = sequencer_limit(s);

	if (n == 0) {
		s->pause_ms = idle_pause_ms(now_us - s->seen_us);
		return;
	}
	s->seen_us = now_us;
	if (n >= limit) {
		s->pause_ms = 0;
		s->limit = limit * 2 < LIMIT_MAX ? limit * 2 : LIMIT_MAX;
		return;
	}
	s->pause_ms = n >= CROWD ? CROWD_MS : BUSY_MS;
	s->limit = limit / 2 > LIMIT_MIN ? limit / 2 : LIMIT_MIN;
}
