/* handlers_sales.c - the sales report and the dashboard. */
#include "analytics.h"
#include "app/page.h"
#include "store_sales.h"
#include <string.h>

#define DEFAULT_DAYS "30"

err_t get_summary(struct request *rq)
{
	struct summary_query q = *(const struct summary_query *)rq->args;
	struct summary s;

	if (q.currency == NULL)
		q.currency = rq->app->currency;
	TRY(sales_store_summary(&rq->ctx, &q, &s));
	return respond_json(rq, 200, view_summary(rq, &s, q.currency));
}

static json_t *view_ranges(struct request *rq, const char *chosen)
{
	static const char *const ranges[] = {"7", "30", "90"};
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
		json_t *o = json_new_object(rq->ctx.arena);

		json_set_text(o, "text", text(rq, "admin.dashboard.days", TEXT_ARGS({"count", ranges[i]})));
		json_set_text(o, "href", arena_printf(rq->ctx.arena, "/admin?days=%s", ranges[i]));
		json_set_bool(o, "current", strcmp(ranges[i], chosen) == 0);
		json_add(list, o);
	}
	return list;
}

err_t page_dashboard(struct request *rq)
{
	const struct dashboard_query *q = rq->args;
	const char *chosen = q->days ? q->days : DEFAULT_DAYS;
	json_t *context = json_new_object(rq->ctx.arena);
	struct dashboard d;
	int64_t days = 0;

	if (!str_int64(str_of(chosen), &days))
		return fail_bug(&rq->ctx, "the range %s is no number", chosen);
	TRY(sales_store_dashboard(&rq->ctx, rq->app->currency, days, &d));
	json_set(context, "ranges", view_ranges(rq, chosen));
	json_set(context, "figures", view_figures(rq, &d.now, &d.before, days));
	json_set(context, "chart", view_chart(rq, d.days, d.ndays));
	json_set_text(context, "column_title", text(rq, "admin.dashboard.day", NULL, 0));
	json_set_text(context, "value_title", text(rq, "admin.dashboard.revenue", NULL, 0));
	json_set_bool(context, "has_top_products", d.ntop > 0);
	json_set(context, "top_products", view_top_products(rq, d.top, d.ntop));
	json_set_bool(context, "has_recent_orders", d.nrecent > 0);
	json_set(context, "recent_orders", view_recent_orders(rq, d.recent, d.nrecent));
	return page_respond(rq, 200, "analytics/admin-dashboard", context,
		&(struct page_info){.title = text(rq, "admin.dashboard.title", NULL, 0), .noindex = true});
}
