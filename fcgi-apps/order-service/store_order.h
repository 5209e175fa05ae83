/* store_order.h - orders in PostgreSQL: schema orders, with what cart, payment and inventory publish. */
#ifndef ES_STORE_ORDER_H
#define ES_STORE_ORDER_H

#include "edges/db.h"
#include "order.h"

extern const struct db_stmt *const ORDER_STATEMENTS[];    /* store_order.c */
extern const struct db_stmt *const CHECKOUT_STATEMENTS[]; /* store_checkout.c */
extern const struct db_stmt *const CHANGE_STATEMENTS[];   /* store_changes.c */
extern const struct db_constraint ORDER_CONSTRAINTS[];    /* problems.c */

/* ---- store_order.c: reading */
/* The order with all that belongs to it, in one round trip; lock: until the transaction ends. ERR_NOT_FOUND when the
 * viewer may not see it. */
err_t order_store_get(struct ctx *c, const struct uuid *id, const struct viewer *v, bool lock,
	struct order_details *details_r) MUST_CHECK;
err_t order_store_id_by_token(struct ctx *c, const struct uuid *tracking_token, struct uuid *id_r) MUST_CHECK;
err_t order_store_id_by_shipment(struct ctx *c, const struct uuid *shipment_id, struct uuid *id_r) MUST_CHECK;
/* The order that this cart became; *found_r false: none. Lines and parcels are left out. */
err_t order_store_of_cart(struct ctx *c, const struct uuid *cart_id, struct order *order_r, bool *found_r) MUST_CHECK;
/* Newest first, limit + 1 of them; user_id NULL: everybody's. before: the last id of the page before; unset: from the
 * newest. */
struct orders_wanted {
	const struct uuid *user_id;
	const struct orders_query *query;
	struct uuid before;
};
err_t order_store_list(struct ctx *c, const struct orders_wanted *w, struct order **rows_r, size_t *n_r) MUST_CHECK;
err_t order_store_timeline(
	struct ctx *c, const struct uuid *id, struct timeline_entry **rows_r, size_t *n_r) MUST_CHECK;
/* As payment-service knows it now; *found_r false when it knows none. */
err_t order_store_payment(
	struct ctx *c, const struct uuid *id, struct payment_state *payment_r, bool *found_r) MUST_CHECK;
/* body in a transaction of its own: for timers. */
err_t order_store_tx(struct ctx *c, err_t (*body)(struct ctx *c, void *arg), void *arg) MUST_CHECK;

/* ---- store_checkout.c: placing. The writes are queued for the COMMIT. */
err_t checkout_store_take_quote(struct ctx *c, const struct placing *p, struct quote *quote_r) MUST_CHECK;
void checkout_store_insert(struct ctx *c, const struct order_details *d);
void checkout_store_open_payment(struct ctx *c, const struct order *o);
/* Last of all: stock rows are locked as shortly as can be. */
void checkout_store_reserve(struct ctx *c, const struct order_details *d);

/* ---- store_changes.c: what happens later. All but the first two are queued. */
/* False: money is on its way or there already. */
err_t change_store_cancel_payment(struct ctx *c, const struct uuid *id, bool *cancelled_r) MUST_CHECK;
/* An unpaid order whose time is over, locked against others who look for one. */
err_t change_store_claim_expired(struct ctx *c, struct uuid *id_r, bool *found_r) MUST_CHECK;
/* Look again later: its payment is being decided. */
void change_store_postpone_expiry(struct ctx *c, const struct uuid *id);
void change_store_cancel(struct ctx *c, const struct uuid *id, int64_t at_us, const char *reason);
void change_store_release_stock(struct ctx *c, const struct uuid *id);
void change_store_payment(struct ctx *c, const struct uuid *id, const char *status, int64_t paid_us);
void change_store_ship(struct ctx *c, const struct order_details *d, const struct shipment *s,
	const struct shipment_input *in, const char *becomes);
void change_store_deliver(struct ctx *c, const struct shipment *s, bool completes);
void change_store_step(struct ctx *c, const struct uuid *id, const char *step, const char *state);
/* A pending step was tried in vain. */
void change_store_step_failed(
	struct ctx *c, const struct uuid *id, const char *step, int32_t attempts, const char *error);
void change_store_note(
	struct ctx *c, const struct uuid *id, const struct actor *by, const char *event, const char *detail);

#endif
