/* jobs.c - the sequencer, and the housekeeping of the bus. */
#include "bus.h"
#include "base/log.h"
#include "data/clock.h"
#include "store_bus.h"

#define STANDBY_MS 1000 /* how long one wait for the leader's end lasts */
#define AFTER_ERROR_MS 250
#define MINUTE_MS 60000
/* Housekeeping in pieces: events wait for none of them long. */
#define PURGE_MOST 500
#define PURGE_AGAIN_MS 200

/* Of the one consumer process. */
static struct sequencer sequencer;
static bool standing_in;
static int purge_pause_ms;

static int sequencer_pause(void)
{
	return sequencer.pause_ms;
}

static int purge_pause(void)
{
	return purge_pause_ms;
}

/*
 * One process sequences; others wait for its end, and are in its place the moment it is gone.
 * Who leads and does nothing (it is stopped, or its host hangs) is helped out: two sequencers do no harm.
 */
static err_t may_sequence(struct ctx *c, bool *may_r)
{
	TRY(bus_store_lead(c, standing_in ? 1 : STANDBY_MS, may_r));
	if (*may_r)
		return OK;
	TRY(bus_store_neglected(c, may_r));
	if (*may_r && !standing_in)
		log_info(c, "events wait although another process leads: standing in for it");
	standing_in = *may_r;
	return OK;
}

static err_t sequence(struct ctx *c)
{
	bool may;
	int64_t n;

	sequencer.pause_ms = AFTER_ERROR_MS;
	TRY(may_sequence(c, &may));
	if (!may) {
		sequencer.pause_ms = 0;
		return OK;
	}
	TRY(bus_store_sequence(c, sequencer_limit(&sequencer), &n));
	sequencer_looked(&sequencer, n, clock_monotonic_us());
	return OK;
}

static err_t purge(struct ctx *c)
{
	int64_t gone;

	purge_pause_ms = MINUTE_MS;
	TRY(bus_store_purge(c, PURGE_MOST, &gone));
	purge_pause_ms = gone < PURGE_MOST ? MINUTE_MS : PURGE_AGAIN_MS;
	return OK;
}

const struct timer BUS_TIMERS[] = {
	{"bus.partitions", MINUTE_MS, bus_store_ensure_partitions},
	{"bus.sequence", STANDBY_MS, sequence, sequencer_pause},
	{"bus.purge", MINUTE_MS, purge, purge_pause},
	{"bus.trim", MINUTE_MS, bus_store_trim},
	{"bus.retention", 60 * MINUTE_MS, bus_store_drop_old},
	{0},
};
