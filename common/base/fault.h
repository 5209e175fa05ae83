/*
 * fault.h - where a test may end a process: before, during and after whatever commits.
 *
 * Only in build/<mode>/fault (ES_FAULT; make start FAULT=1): elsewhere these are nothing. A unit of work says what it is; each of
 * its round trips that ends in a commit, explicit or implicit, then passes three points, "POST /api/v1/orders 1 before" (nothing of
 * the round trip is sent), "… 1 during" (all is sent, and nobody reads the answer) and "… 1 after".
 * So a new route, consumer, job or timer has its points without anybody's doing. Two files in the working directory
 * (of a supervised process: its own folder below sv/) steer it, when they are there:
 *
 *   fault       points, a line each; the process that comes by takes the line out and is killed with SIGKILL
 *   fault.seen  every point that is passed is appended
 *
 * Layer: base.
 */
#ifndef ES_FAULT_H
#define ES_FAULT_H

#ifdef ES_FAULT

/* What begins now: its points are counted from 1. */
void fault_unit(const char *kind, const char *name);
void fault_before_commit(void);
void fault_during_commit(void);
void fault_after_commit(void);

#else

static inline void fault_unit(const char *kind, const char *name)
{
	(void)kind;
	(void)name;
}

static inline void fault_before_commit(void)
{
}

static inline void fault_during_commit(void)
{
}

static inline void fault_after_commit(void)
{
}

#endif

#endif
