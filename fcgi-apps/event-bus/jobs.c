/* jobs.c - the sequencer, and the housekeeping of the bus. */
#include "bus.h"
#include "base/log.h"
#include "store_bus.h"

#define BATCH 500
#define STANDBY_MS 250
#define MINUTE_MS 60000

/* Of the one consumer process. */
static int pause_ms;

static int sequencer_pause(void)
{
	return pause_ms;
}

/* One process sequences; others look now and then whether it still does. */
static err_t sequence(struct ctx *c)
{
	int last_ms = pause_ms;
	bool leading;
	int64_t n;

	pause_ms = STANDBY_MS;
	TRY(bus_store_lead(c, &leading));
	if (!leading)
		return OK;
	TRY(bus_store_sequence(c, BATCH, &n));
	pause_ms = sequencer_pause_ms(n, BATCH, last_ms);
	return OK;
}

static err_t keep_house(struct ctx *c)
{
	int64_t gone;

	TRY(bus_store_purge(c, &gone));
	if (gone > 0)
		log_debug(c, "settled rows removed", LI("rows", gone));
	return OK;
}

const struct timer BUS_TIMERS[] = {
	{"bus.partitions", MINUTE_MS, bus_store_ensure_partitions},
	{"bus.sequence", STANDBY_MS, sequence, sequencer_pause},
	{"bus.purge", MINUTE_MS, keep_house},
	{"bus.retention", 60 * MINUTE_MS, bus_store_drop_old},
	{0},
};
