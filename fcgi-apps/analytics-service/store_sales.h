/* store_sales.h - facts of sales in PostgreSQL: schema analytics. */
#ifndef ES_STORE_SALES_H
#define ES_STORE_SALES_H

#include "analytics.h"
#include "edges/db.h"

extern const struct db_stmt *const SALES_STATEMENTS[];

err_t sales_store_summary(struct ctx *c, const struct summary_query *q, struct summary *summary_r) MUST_CHECK;

/* All the dashboard shows of the last `days` days, in one round trip. */
struct dashboard {
	struct summary now, before; /* before: as many days, just earlier */
	struct day_sales *days;
	struct product_sales *top;
	struct recent_order *recent;
	size_t ndays, ntop, nrecent;
};
err_t sales_store_dashboard(struct ctx *c, const char *currency, int64_t days, struct dashboard *dashboard_r) MUST_CHECK;
/* What an order.* event says; again is harmless. */
err_t sales_store_note(struct ctx *c, const json_t *payload) MUST_CHECK;
err_t sales_store_note_refund(struct ctx *c, const struct uuid *event_id, const json_t *payload) MUST_CHECK;

#endif
