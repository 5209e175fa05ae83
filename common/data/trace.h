/*
 * trace.h - W3C Trace Context, version 00: one trace from the gateway's request through
 * events, jobs and exchanges to the mail that results. A hop that measures nothing of its
 * own hands the context on as it came.
 *
 * Layer: data.
 */
#ifndef ES_TRACE_H
#define ES_TRACE_H

#include "base/ctx.h"
#include "data/json.h"

/* What a request says, as version 00 (a later version's known part too); NULL: nothing, or no trace context. */
const char *trace_accept(struct arena *a, const char *traceparent) MUST_CHECK;
/* A trace of its own, unless the unit already belongs to one. */
void trace_begin(struct ctx *c);
/* For events and jobs: {traceparent, request_id}, what there is of them. */
json_t *trace_headers(const struct ctx *c) MUST_CHECK;

#endif
