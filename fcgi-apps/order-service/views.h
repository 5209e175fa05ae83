/* views.h - orders as documents, events and template contexts. */
#ifndef ES_ORDER_VIEWS_H
#define ES_ORDER_VIEWS_H

#include "order.h"

/* views.c: API documents and event payloads */
json_t *view_order(struct request *rq, const struct order_details *d);
json_t *view_order_row(struct request *rq, const struct order *o);
json_t *view_shipment(struct request *rq, const struct order_details *d, const struct shipment *s);
json_t *view_timeline_entry(struct request *rq, const struct timeline_entry *t);
/* order.placed, order.paid, order.cancelled: no personal data. */
json_t *order_event_payload(struct ctx *c, const struct order_details *d);
json_t *shipment_event_payload(
	struct ctx *c, const struct order_details *d, const struct shipment *s, const struct shipment_input *in);
json_t *address_document(struct ctx *c, const struct address_input *a);

/* views_pages.c: template contexts */
json_t *view_order_page(struct request *rq, const struct order_details *d, const struct payment_state *p);
/* What happened, in words for its customer; oldest first. */
json_t *view_timeline(struct request *rq, const struct timeline_entry *rows, size_t n);
json_t *view_progress(struct request *rq, const struct order_details *d);
json_t *view_row_page(struct request *rq, const struct order *o, const char *href_prefix);
/* views_admin.c */
json_t *view_admin_order(struct request *rq, const struct order_details *d, const struct payment_state *p);
json_t *view_admin_timeline(struct request *rq, const struct timeline_entry *rows, size_t n);
json_t *view_ship_lines(struct request *rq, const struct order_details *d);
json_t *view_carriers(struct request *rq);
json_t *view_filter(struct request *rq, const struct orders_query *q);
json_t *view_pager(struct request *rq, const char *path, const char *next_cursor, bool at_first);

#endif
