/*
 * metrics.h - counters shared by a service's workers (one anonymous mapping made by the
 * master), printed in Prometheus' text format 0.0.4 at /internal/<service>/metrics.
 *
 * Layer: app.
 */
#ifndef ES_METRICS_H
#define ES_METRICS_H

#include "base/str.h"

enum metric {
	METRIC_REQUESTS_2XX, METRIC_REQUESTS_3XX, METRIC_REQUESTS_4XX, METRIC_REQUESTS_5XX,
	METRIC_REQUEST_US,         /* sum */
	METRIC_LATENCY_LE_1MS, METRIC_LATENCY_LE_5MS, METRIC_LATENCY_LE_25MS, METRIC_LATENCY_LE_100MS, METRIC_LATENCY_LE_500MS, METRIC_LATENCY_LE_INF,
	METRIC_DB_ROUND_TRIPS, METRIC_DB_RETRIES, METRIC_DB_RECONNECTS,
	METRIC_EVENTS_HANDLED, METRIC_EVENTS_PARKED, METRIC_JOBS_DONE, METRIC_JOBS_FAILED,
	METRIC_WORKERS_STARTED, METRIC_WORKERS_CRASHED,
	METRIC_N
};

void metrics_setup(void);           /* before fork */
void metric_add(enum metric m, uint64_t n);
void metrics_print(struct buf *out, const char *service);

#endif
