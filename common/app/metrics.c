/*
 * metrics.c - counters in one shared anonymous mapping: every worker adds, any of them
 * prints. Losing a worker loses no count.
 */
#include "app/metrics.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

enum metric_kind { KIND_COUNTER, KIND_BUCKET };

static const struct {
	const char *name, *label; /* label: `class="2xx"`, or NULL */
	enum metric_kind kind;
	const char *help;
} METRICS[METRIC_N] = {
	[METRIC_REQUESTS_2XX] = {"ecostore_requests_total", "class=\"2xx\"", KIND_COUNTER, "Requests answered"},
	[METRIC_REQUESTS_3XX] = {"ecostore_requests_total", "class=\"3xx\"", KIND_COUNTER, NULL},
	[METRIC_REQUESTS_4XX] = {"ecostore_requests_total", "class=\"4xx\"", KIND_COUNTER, NULL},
	[METRIC_REQUESTS_5XX] = {"ecostore_requests_total", "class=\"5xx\"", KIND_COUNTER, NULL},
	[METRIC_REQUEST_US] = {"ecostore_request_microseconds_total", NULL, KIND_COUNTER, "Time spent on requests"},
	[METRIC_LATENCY_LE_1MS] = {"ecostore_request_seconds_bucket", "le=\"0.001\"", KIND_BUCKET, "Time of a request"},
	[METRIC_LATENCY_LE_5MS] = {"ecostore_request_seconds_bucket", "le=\"0.005\"", KIND_BUCKET, NULL},
	[METRIC_LATENCY_LE_25MS] = {"ecostore_request_seconds_bucket", "le=\"0.025\"", KIND_BUCKET, NULL},
	[METRIC_LATENCY_LE_100MS] = {"ecostore_request_seconds_bucket", "le=\"0.1\"", KIND_BUCKET, NULL},
	[METRIC_LATENCY_LE_500MS] = {"ecostore_request_seconds_bucket", "le=\"0.5\"", KIND_BUCKET, NULL},
	[METRIC_LATENCY_LE_INF] = {"ecostore_request_seconds_bucket", "le=\"+Inf\"", KIND_BUCKET, NULL},
	[METRIC_DB_ROUND_TRIPS] = {"ecostore_db_round_trips_total", NULL, KIND_COUNTER, "Round trips to PostgreSQL"},
	[METRIC_DB_RETRIES] = {"ecostore_db_retries_total", NULL, KIND_COUNTER, "Transactions run again"},
	[METRIC_DB_RECONNECTS] = {"ecostore_db_reconnects_total", NULL, KIND_COUNTER, "Connections made anew"},
	[METRIC_EVENTS_HANDLED] = {"ecostore_events_handled_total", NULL, KIND_COUNTER, "Events applied"},
	[METRIC_EVENTS_PARKED] = {"ecostore_events_parked_total", NULL, KIND_COUNTER, "Events put aside after a failure"},
	[METRIC_JOBS_DONE] = {"ecostore_jobs_done_total", NULL, KIND_COUNTER, "Jobs finished"},
	[METRIC_JOBS_FAILED] = {"ecostore_jobs_failed_total", NULL, KIND_COUNTER, "Attempts of jobs that failed"},
	[METRIC_WORKERS_STARTED] = {"ecostore_workers_started_total", NULL, KIND_COUNTER, "Workers forked"},
	[METRIC_WORKERS_CRASHED] = {"ecostore_workers_crashed_total", NULL, KIND_COUNTER, "Workers that died"},
};

static _Atomic uint64_t *values;

void metrics_setup(void)
{
	void *p = mmap(NULL, sizeof(*values) * METRIC_N, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		abort();
	values = p;
}

void metric_add(enum metric m, uint64_t n)
{
	if (values != NULL)
		atomic_fetch_add_explicit(&values[m], n, memory_order_relaxed);
}

static uint64_t value_of(enum metric m)
{
	return values != NULL ? atomic_load_explicit(&values[m], memory_order_relaxed) : 0;
}

void metrics_print(struct buf *out, const char *service)
{
	for (enum metric m = 0; m < METRIC_N; m++) {
		bool bucket = METRICS[m].kind == KIND_BUCKET;
		if (METRICS[m].help != NULL) {
			int family = bucket ? (int)sizeof("ecostore_request_seconds") - 1 : -1;
			buf_printf(out, "# HELP %.*s %s\n", family, METRICS[m].name, METRICS[m].help);
			buf_printf(out, "# TYPE %.*s %s\n", family, METRICS[m].name, bucket ? "histogram" : "counter");
		}
		buf_printf(out, "%s{service=\"%s\"%s%s} %llu\n", METRICS[m].name, service,
			METRICS[m].label != NULL ? "," : "", METRICS[m].label != NULL ? METRICS[m].label : "",
			(unsigned long long)value_of(m));
	}
	buf_printf(out, "ecostore_request_seconds_sum{service=\"%s\"} %.6f\n", service,
		(double)value_of(METRIC_REQUEST_US) / 1e6);
	buf_printf(out, "ecostore_request_seconds_count{service=\"%s\"} %llu\n", service,
		(unsigned long long)value_of(METRIC_LATENCY_LE_INF));
}
