/* rules.c - decisions of event-bus. */
#include "bus.h"

#define BUSY_MS 3
#define IDLE_MS 20

const char *subscription_state(const struct subscription *s)
{
	if (s->retrying + s->blocked + s->dead > 0)
		return "parked";
	return s->waiting > 0 ? "behind" : "current";
}

/* A full batch: at once. Something: soon, more is likely. Nothing: ever later, up to a fiftieth of a second. */
int sequencer_pause_ms(int64_t n, int64_t limit, int last_ms)
{
	if (n >= limit)
		return 0;
	if (n > 0)
		return BUSY_MS;
	if (last_ms < BUSY_MS)
		return BUSY_MS;
	return last_ms * 2 < IDLE_MS ? last_ms * 2 : IDLE_MS;
}
