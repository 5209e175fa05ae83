/* store_bus.h - the bus and the registry in PostgreSQL: schemas bus and platform. */
#ifndef ES_STORE_BUS_H
#define ES_STORE_BUS_H

#include "edges/db.h"
#include "bus.h"

extern const struct db_stmt *const BUS_STATEMENTS[];

err_t bus_store_processes(struct ctx *c, struct process_row **rows_r, size_t *n_r) MUST_CHECK;
err_t bus_store_topics(struct ctx *c, struct topic **rows_r, size_t *n_r) MUST_CHECK;

/* Whether this connection holds the sequencer's lock; waits that long for it. */
err_t bus_store_lead(struct ctx *c, int wait_ms, bool *leading_r) MUST_CHECK;
/* Whether events wait although somebody else holds the lock. */
err_t bus_store_neglected(struct ctx *c, bool *neglected_r) MUST_CHECK;
err_t bus_store_sequence(struct ctx *c, int64_t limit, int64_t *n_r) MUST_CHECK;
err_t bus_store_ensure_partitions(struct ctx *c) MUST_CHECK;
err_t bus_store_drop_old(struct ctx *c) MUST_CHECK;
/* Give an outbox's space back that nothing else can clean. */
err_t bus_store_trim(struct ctx *c) MUST_CHECK;
/* Settled jobs and dead letters, idempotency keys: at most so many of each that are past their time. */
err_t bus_store_purge(struct ctx *c, int64_t most, int64_t *gone_r) MUST_CHECK;

#endif
