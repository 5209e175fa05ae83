/* store_sales.c - the statements of analytics-service. */
#include "store_sales.h"

/* The shop's time zone. */
#define TZ "(select value from platform.setting where key = 'time_zone')"
/* A day of the shop is its midnight there; anything longer is a moment. */
#define MOMENT(param) "case when length(" param ") = 10 then (" param "::date)::timestamp at time zone " TZ " else " param "::timestamptz end"
#define MOMENT_END(param)                                                                                              \
	"case when length(" param ") = 10 then (" param "::date + 1)::timestamp at time zone " TZ " else " param "::timestamptz end"

static const struct db_column SUMMARY_COLUMNS[] = {
	DB_COLUMN(struct summary, orders, DB_INT64),
	DB_COLUMN(struct summary, revenue_minor, DB_INT64),
	DB_COLUMN(struct summary, refunds_minor, DB_INT64),
	DB_COLUMN(struct summary, customers, DB_INT64),
	DB_COLUMN_AS(struct summary, from_us, DB_TIME, "from_at"),
	DB_COLUMN_AS(struct summary, to_us, DB_TIME, "to_at"),
};
#define SUMMARY_OF_RANGE                                                                                               \
	" select count(f.order_id) as orders, coalesce(sum(f.total_minor), 0)::bigint as revenue_minor,"               \
	" (select coalesce(sum(b.amount_minor), 0)::bigint from analytics.refund_fact b where b.currency = r.currency" \
	" and b.refunded_at >= r.from_at and b.refunded_at < r.to_at) as refunds_minor,"                               \
	" count(distinct f.customer_key) as customers, r.from_at, r.to_at"                                             \
	" from r left join analytics.order_fact f on f.paid_at >= r.from_at and f.paid_at < r.to_at and f.currency = r.currency" \
	" group by r.from_at, r.to_at, r.currency"

static const struct db_stmt SUMMARY = DB_ROWS("sales_summary", struct summary, SUMMARY_COLUMNS,
	SQL("with r as (select coalesce(" MOMENT("$1::text") ", (now() at time zone " TZ ")::date::timestamp at time zone " TZ
	    " - interval '29 days') as from_at, coalesce(" MOMENT_END("$2::text") ", now()) as to_at, $3::text as currency)" SUMMARY_OF_RANGE));

/* $2 days that end $3 days ago, today being the last of the newest. */
#define TODAY "(now() at time zone " TZ ")::date"
static const struct db_stmt SUMMARY_DAYS = DB_ROWS("sales_summary_days", struct summary, SUMMARY_COLUMNS,
	SQL("with r as (select (" TODAY " - ($2::bigint + $3::bigint)::int + 1)::timestamp at time zone " TZ " as from_at,"
	    " (" TODAY " - ($3::bigint)::int + 1)::timestamp at time zone " TZ " as to_at, $1::text as currency)" SUMMARY_OF_RANGE));

static const struct db_column DAY_COLUMNS[] = {
	DB_COLUMN(struct day_sales, day, DB_TEXT),
	DB_COLUMN(struct day_sales, orders, DB_INT64),
	DB_COLUMN(struct day_sales, revenue_minor, DB_INT64),
};
static const struct db_stmt BY_DAY = DB_ROWS("sales_by_day", struct day_sales, DAY_COLUMNS,
	SQL("with tz as (select value as name from platform.setting where key = 'time_zone'),"
	    " d as (select (now() at time zone tz.name)::date - n as day from tz, generate_series(0, $2::bigint::int - 1) n)"
	    " select to_char(d.day, 'FMDD Mon') as day, count(f.order_id) as orders,"
	    " coalesce(sum(f.total_minor), 0)::bigint as revenue_minor"
	    " from d cross join tz left join analytics.order_fact f on f.currency = $1::text"
	    " and f.paid_at >= d.day::timestamp at time zone tz.name and f.paid_at < (d.day + 1)::timestamp at time zone tz.name"
	    " group by d.day order by d.day"));

static const struct db_column TOP_COLUMNS[] = {
	DB_COLUMN(struct product_sales, name, DB_TEXT),
	DB_COLUMN(struct product_sales, slug, DB_TEXT),
	DB_COLUMN(struct product_sales, quantity, DB_INT64),
	DB_COLUMN(struct product_sales, revenue_minor, DB_INT64),
};
static const struct db_stmt TOP = DB_ROWS("sales_top_products", struct product_sales, TOP_COLUMNS,
	SQL("with top as (select coalesce(l.product_id::text, l.sku) as key, max(l.name) as name, max(l.product_id::text)::uuid as product_id,"
	    " sum(l.quantity)::bigint as quantity, sum(l.total_minor)::bigint as revenue_minor"
	    " from analytics.order_fact f join analytics.line_fact l using (order_id)"
	    " where f.currency = $1::text and f.paid_at >= (" TODAY " - ($2::bigint)::int + 1)::timestamp at time zone " TZ
	    " group by 1 order by quantity desc, key limit $3::bigint)"
	    " select t.name, (select o.slug from catalog.offer o where o.product_id = t.product_id limit 1) as slug,"
	    " t.quantity, t.revenue_minor from top t order by t.quantity desc, t.key"));

static const struct db_column RECENT_COLUMNS[] = {
	DB_COLUMN(struct recent_order, order_id, DB_UUID),
	DB_COLUMN(struct recent_order, number, DB_TEXT),
	DB_COLUMN(struct recent_order, country, DB_TEXT),
	DB_COLUMN_AS(struct recent_order, placed_us, DB_TIME, "placed_at"),
	DB_COLUMN_AS(struct recent_order, paid_us, DB_TIME, "paid_at"),
	DB_COLUMN_AS(struct recent_order, cancelled_us, DB_TIME, "cancelled_at"),
	DB_COLUMN(struct recent_order, total_minor, DB_INT64),
	DB_COLUMN(struct recent_order, currency, DB_CURRENCY),
};
static const struct db_stmt RECENT = DB_ROWS("sales_recent_orders", struct recent_order, RECENT_COLUMNS,
	SQL("select order_id, number, country, placed_at, paid_at, cancelled_at, total_minor, currency"
	    " from analytics.order_fact order by placed_at desc, order_id desc limit $1::bigint"));

static const struct db_stmt NOTE = DB_EXEC("sales_note_order", SQL("select analytics.note_order($1::jsonb)"));

static const struct db_stmt NOTE_REFUND =
	DB_EXEC("sales_note_refund", SQL("select analytics.note_refund($1::uuid, $2::jsonb)"));

const struct db_stmt *const SALES_STATEMENTS[] = {&SUMMARY, &SUMMARY_DAYS, &BY_DAY, &TOP, &RECENT, &NOTE, &NOTE_REFUND, NULL};

err_t sales_store_summary(struct ctx *c, const struct summary_query *q, struct summary *summary_r)
{
	return db_one(c, &SUMMARY, PARAMS(P_TEXT(q->from), P_TEXT(q->to), P_TEXT(q->currency)), summary_r);
}

err_t sales_store_dashboard(struct ctx *c, const char *currency, int64_t days, struct dashboard *dashboard_r)
{
	struct dashboard *d = dashboard_r;
	const struct db_call calls[] = {
		CALL_ONE(&SUMMARY_DAYS, &d->now, P_TEXT(currency), P_INT(days), P_INT(0)),
		CALL_ONE(&SUMMARY_DAYS, &d->before, P_TEXT(currency), P_INT(days), P_INT(days)),
		CALL_ROWS(&BY_DAY, &d->days, &d->ndays, P_TEXT(currency), P_INT(days)),
		CALL_ROWS(&TOP, &d->top, &d->ntop, P_TEXT(currency), P_INT(days), P_INT(TOP_ROWS)),
		CALL_ROWS(&RECENT, &d->recent, &d->nrecent, P_INT(TOP_ROWS)),
	};
	return db_run(c, calls, ARRAY_LEN(calls));
}

err_t sales_store_note(struct ctx *c, const json_t *payload)
{
	return db_exec(c, &NOTE, PARAMS(P_JSON(payload)), NULL);
}

err_t sales_store_note_refund(struct ctx *c, const struct uuid *event_id, const json_t *payload)
{
	return db_exec(c, &NOTE_REFUND, PARAMS(P_UUID(event_id), P_JSON(payload)), NULL);
}
