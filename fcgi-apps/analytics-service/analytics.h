/*
 * analytics.h - what the shop sold: nouns, and what the files of this service offer each other.
 *
 * Revenue is the total of orders that reached "paid", by the moment they were paid;
 * refunds are told apart. Days are the shop's, by platform.setting time_zone.
 */
#ifndef ES_ANALYTICS_H
#define ES_ANALYTICS_H

#include "app/app.h"
#include "app/event.h"
#include "app/route.h"

#define DAYS_MAX 90
#define TOP_ROWS 8

struct summary_query {
	const char *from, *to; /* a day of the shop, or a moment (RFC 3339); to: a day counts whole, a moment is excluded */
	const char *currency;  /* NULL: the shop's */
};

struct dashboard_query {
	const char *days; /* "7", "30", "90"; NULL: 30 */
};

struct summary {
	int64_t orders, revenue_minor, refunds_minor, customers; /* refunds are apart: revenue is not less for them */
	int64_t from_us, to_us;
};

struct day_sales {
	const char *day; /* "1 Mar" */
	int64_t orders, revenue_minor;
};

struct product_sales {
	const char *name, *slug; /* slug NULL: no longer in the catalogue */
	int64_t quantity, revenue_minor;
};

struct recent_order {
	struct uuid order_id;
	const char *number, *country;
	int64_t placed_us, paid_us, cancelled_us, total_minor;
	char currency[4];
};

/* One bar of the chart, in units of its viewBox. */
struct bar {
	int64_t x, y, width, height;
};

#define CHART_WIDTH 720
#define CHART_RIGHT 704 /* leaves room for half a label */
#define CHART_HEIGHT 260
#define CHART_LEFT 76
#define CHART_TOP 16
#define CHART_BASE 224

extern const struct bind SUMMARY_BIND, DASHBOARD_BIND;
extern const struct route ANALYTICS_ROUTES[];
extern const struct consumer ANALYTICS_CONSUMERS[];

/* rules.c */
int64_t average_minor(const struct summary *s);
/* The highest value the chart's axis shows: 1, 2 or 5 times a power of ten, at least most. */
int64_t axis_top(int64_t most);
/* Bar i of n for a value on an axis up to top (> 0). */
struct bar chart_bar(size_t i, size_t n, int64_t value, int64_t top);
/* Change from before to now in whole percent; false when before is 0. */
bool change_percent(int64_t before, int64_t now, int64_t *percent_r);

/* views.c */
json_t *view_summary(struct request *rq, const struct summary *s, const char *currency);
json_t *view_figures(struct request *rq, const struct summary *now, const struct summary *before, int64_t days);
json_t *view_chart(struct request *rq, const struct day_sales *days, size_t n);
json_t *view_top_products(struct request *rq, const struct product_sales *rows, size_t n);
json_t *view_recent_orders(struct request *rq, const struct recent_order *rows, size_t n);

/* handlers_sales.c */
handler_fn get_summary, page_dashboard;

#endif
