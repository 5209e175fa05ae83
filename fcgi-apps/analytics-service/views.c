/* views.c - the only place that names output fields of reports. */
#include "analytics.h"
#include "app/page.h"
#include "data/clock.h"

#define GRID_LINES 4
#define LABELS_MAX 10

json_t *view_summary(struct request *rq, const struct summary *s, const char *currency)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_time(o, "from", s->from_us);
	json_set_time(o, "to", s->to_us);
	json_set_int(o, "orders", s->orders);
	json_set_money(o, "revenue", money(s->revenue_minor, currency));
	json_set_money(o, "refunds", money(s->refunds_minor, currency));
	json_set_money(o, "average_order", money(average_minor(s), currency));
	json_set_int(o, "customers", s->customers);
	return o;
}

static const char *number(struct request *rq, int64_t n)
{
	return arena_printf(rq->ctx.arena, "%lld", (long long)n);
}

static json_t *view_figure(struct request *rq, const char *key, const char *shown, const int64_t change[2], int64_t days)
{
	json_t *o = json_new_object(rq->ctx.arena);
	int64_t percent;

	json_set_text(o, "title", text(rq, key, NULL, 0));
	json_set_text(o, "text", shown);
	json_set_text(o, "direction", change[1] > change[0] ? "up" : change[1] < change[0] ? "down" : "flat");
	json_set_null(o, "change_text");
	if (change_percent(change[0], change[1], &percent))
		json_set_text(o, "change_text",
			text(rq, "admin.dashboard.change",
				TEXT_ARGS({"percent", arena_printf(rq->ctx.arena, "%+lld %%", (long long)percent)}, {"count", number(rq, days)})));
	return o;
}

json_t *view_figures(struct request *rq, const struct summary *now, const struct summary *before, int64_t days)
{
	json_t *list = json_new_array(rq->ctx.arena);
	const char *currency = rq->app->currency;
	struct arena *a = rq->ctx.arena;

	json_add(list, view_figure(rq, "admin.dashboard.orders", number(rq, now->orders), (int64_t[]){before->orders, now->orders}, days));
	json_add(list, view_figure(rq, "admin.dashboard.revenue", money_text(a, money(now->revenue_minor, currency)),
				(int64_t[]){before->revenue_minor, now->revenue_minor}, days));
	json_add(list, view_figure(rq, "admin.dashboard.average", money_text(a, money(average_minor(now), currency)),
				(int64_t[]){average_minor(before), average_minor(now)}, days));
	json_add(list, view_figure(rq, "admin.dashboard.refunds", money_text(a, money(now->refunds_minor, currency)),
				(int64_t[]){before->refunds_minor, now->refunds_minor}, days));
	json_add(list, view_figure(rq, "admin.dashboard.customers", number(rq, now->customers),
				(int64_t[]){before->customers, now->customers}, days));
	return list;
}

static json_t *view_bar(struct request *rq, const struct day_sales *d, struct bar at, bool label)
{
	json_t *o = json_new_object(rq->ctx.arena);
	const char *amount = money_text(rq->ctx.arena, money(d->revenue_minor, rq->app->currency));

	json_set_int(o, "x", at.x);
	json_set_int(o, "y", at.y);
	json_set_int(o, "width", at.width);
	json_set_int(o, "height", at.height);
	json_set_int(o, "label_x", at.x + at.width / 2);
	json_set_text(o, "label", d->day);
	json_set_bool(o, "show_label", label);
	json_set_text(o, "value_text", amount);
	json_set_text(o, "title", text(rq, "admin.dashboard.bar", TEXT_ARGS({"day", d->day}, {"amount", amount})));
	return o;
}

static json_t *view_grid(struct request *rq, int64_t top)
{
	json_t *grid = json_new_array(rq->ctx.arena);

	for (int64_t i = 1; i <= GRID_LINES; i++) {
		json_t *o = json_new_object(rq->ctx.arena);
		int64_t y = CHART_BASE - (CHART_BASE - CHART_TOP) * i / GRID_LINES;

		json_set_int(o, "y", y);
		json_set_int(o, "text_y", y + 4);
		json_set_text(o, "text", money_text(rq->ctx.arena, money(top * i / GRID_LINES, rq->app->currency)));
		json_add(grid, o);
	}
	return grid;
}

json_t *view_chart(struct request *rq, const struct day_sales *days, size_t n)
{
	json_t *chart = json_new_object(rq->ctx.arena), *bars = json_new_array(rq->ctx.arena);
	int64_t least = INT64_MAX, most = 0, top;
	size_t every = n / LABELS_MAX + 1;
	struct arena *a = rq->ctx.arena;

	for (size_t i = 0; i < n; i++) {
		least = days[i].revenue_minor < least ? days[i].revenue_minor : least;
		most = days[i].revenue_minor > most ? days[i].revenue_minor : most;
	}
	top = axis_top(most > 0 ? most : GRID_LINES);
	for (size_t i = 0; i < n; i++)
		json_add(bars, view_bar(rq, &days[i], chart_bar(i, n, days[i].revenue_minor, top), (n - 1 - i) % every == 0));
	json_set_text(chart, "title", text(rq, "admin.dashboard.chart", NULL, 0));
	json_set_text(chart, "summary_text",
		text(rq, "admin.dashboard.chart_summary",
			TEXT_ARGS({"from", days[0].day}, {"to", days[n - 1].day}, {"min", money_text(a, money(least, rq->app->currency))},
				{"max", money_text(a, money(most, rq->app->currency))})));
	json_set_int(chart, "width", CHART_WIDTH);
	json_set_int(chart, "height", CHART_HEIGHT);
	json_set_int(chart, "baseline_y", CHART_BASE);
	json_set_int(chart, "plot_x", CHART_LEFT);
	json_set_int(chart, "plot_right", CHART_RIGHT);
	json_set(chart, "grid", view_grid(rq, top));
	json_set(chart, "bars", bars);
	return chart;
}

json_t *view_top_products(struct request *rq, const struct product_sales *rows, size_t n)
{
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < n; i++) {
		json_t *o = json_new_object(rq->ctx.arena);

		json_set_text(o, "name", rows[i].name);
		json_set_text(o, "href", rows[i].slug ? arena_printf(rq->ctx.arena, "/p/%s", rows[i].slug) : "/admin/products");
		json_set_int(o, "quantity", rows[i].quantity);
		page_set_money(rq, o, "revenue", money(rows[i].revenue_minor, rq->app->currency));
		json_add(list, o);
	}
	return list;
}

static const char *status_of(const struct recent_order *r)
{
	return r->cancelled_us ? "cancelled" : r->paid_us ? "paid" : "pending_payment";
}

json_t *view_recent_orders(struct request *rq, const struct recent_order *rows, size_t n)
{
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < n; i++) {
		json_t *o = json_new_object(rq->ctx.arena);

		json_set_text(o, "number", rows[i].number);
		json_set_text(o, "href", arena_printf(rq->ctx.arena, "/admin/orders/%s", rows[i].order_id.s));
		page_set_time(rq, o, "placed_at", rows[i].placed_us);
		json_set_text(o, "country",
			rows[i].country ? text(rq, arena_printf(rq->ctx.arena, "country.%s", rows[i].country), NULL, 0) : NULL);
		json_set_text(o, "status", status_of(&rows[i]));
		json_set_text(o, "status_text", text(rq, arena_printf(rq->ctx.arena, "status.order.%s", status_of(&rows[i])), NULL, 0));
		page_set_money(rq, o, "total", money(rows[i].total_minor, rows[i].currency));
		json_add(list, o);
	}
	return list;
}
