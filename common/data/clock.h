/*
 * clock.h - the only place that asks what time it is, so that tests can answer.
 *
 * Times are microseconds since 1970-01-01 UTC (int64_t, suffix _us); 0 is unset.
 * Layer: data. Standard: RFC 3339.
 */
#ifndef ES_CLOCK_H
#define ES_CLOCK_H

#include "base/ctx.h"
#include "base/str.h"

#define US_PER_SEC INT64_C(1000000)

int64_t clock_now_us(void);
int64_t clock_monotonic_us(void);
/* Tests only: freeze the clock; 0 lets it run again. */
void clock_freeze_us(int64_t now_us);

/* "2026-03-01T12:00:00Z" with microseconds only where there are any. */
char *time_rfc3339(struct arena *a, int64_t unix_us) MUST_CHECK;
bool time_parse(struct str s, int64_t *unix_us_r) MUST_CHECK;
/* "1 March 2026, 12:00" UTC: for pages and mail. */
char *time_text(struct arena *a, int64_t unix_us) MUST_CHECK;
/* IMF-fixdate of RFC 9110: "Sun, 06 Nov 1994 08:49:37 GMT". */
char *time_http(struct arena *a, int64_t unix_us) MUST_CHECK;

#endif
