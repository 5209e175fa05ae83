/* store_payment.h - the statements of payment-service as functions. Those without a result travel with COMMIT. */
#ifndef ES_STORE_PAYMENT_H
#define ES_STORE_PAYMENT_H

#include "edges/db.h"
#include "payment.h"

extern const struct db_stmt *const PAYMENT_STATEMENTS[];
extern const struct db_constraint PAYMENT_CONSTRAINTS[];

/* Another's id is not found. */
err_t payment_store_get(struct ctx *c, const struct uuid *id, struct intent *intent_r) MUST_CHECK;
/* With the row locked until COMMIT, and one of its attempts as it is then. */
err_t payment_store_lock(struct ctx *c, const struct uuid *id, const struct uuid *attempt_id, struct intent *intent_r,
	struct attempt *attempt_r, bool *found_r) MUST_CHECK;
err_t payment_store_lock_of_attempt(
	struct ctx *c, const struct uuid *attempt_id, struct intent *intent_r, struct attempt *attempt_r) MUST_CHECK;
/* What replaces an intent's status without an outcome. */
void payment_store_set_status(struct ctx *c, const struct uuid *id, const char *status, const char *failure_code);
void payment_store_set_intent(struct ctx *c, const struct uuid *id, const struct decision *d, const struct outcome *o);

err_t payment_store_attempt(struct ctx *c, const struct uuid *id, struct attempt *attempt_r, bool *found_r) MUST_CHECK;
/* The attempt that is not decided yet. */
err_t payment_store_live_attempt(
	struct ctx *c, const struct uuid *payment_id, struct attempt *attempt_r, bool *found_r) MUST_CHECK;
void payment_store_new_attempt(struct ctx *c, const struct attempt *a);
void payment_store_set_attempt(
	struct ctx *c, const struct attempt *a, const struct decision *d, const struct outcome *o);
err_t payment_store_set_page(struct ctx *c, const struct uuid *attempt_id, const char *page_url) MUST_CHECK;
/* Undecided attempts of this payment give way to another. */
void payment_store_supersede(struct ctx *c, const struct uuid *payment_id);
/* Take the attempts the provider should be asked about now; each call puts them off further. */
err_t payment_store_due(struct ctx *c, struct attempt **rows_r, size_t *n_r) MUST_CHECK;

/* False when this event was received before. */
err_t payment_store_new_event(struct ctx *c, const char *provider, const char *event_id, const char *type,
	const struct uuid *attempt_id, bool *is_new_r) MUST_CHECK;
/* Webhooks are not repeated for longer than this remembers them: 30 days. */
err_t payment_store_forget_events(struct ctx *c) MUST_CHECK;
void payment_store_post(struct ctx *c, const struct uuid *payment_id, const char *kind, const struct uuid *source,
	int64_t amount_minor, const char *currency);

/* Lock the order's payment; attempts that it was paid by and that were not asked back: id, payment_id, amount_minor. */
err_t payment_store_owed_back(struct ctx *c, const struct uuid *order_id, struct attempt **rows_r, size_t *n_r) MUST_CHECK;
void payment_store_new_refund(struct ctx *c, const struct refund *r);
err_t payment_store_refund(struct ctx *c, const struct uuid *id, struct refund *refund_r, bool *found_r) MUST_CHECK;
void payment_store_refund_done(struct ctx *c, const struct refund *r);

err_t payment_store_order_link(struct ctx *c, const struct uuid *order_id, struct order_link *link_r) MUST_CHECK;
err_t payment_store_list(struct ctx *c, const struct payment_query *q, int64_t before, int64_t limit,
	struct intent **rows_r, size_t *n_r) MUST_CHECK;
err_t payment_store_accounts(struct ctx *c, struct account **rows_r, size_t *n_r) MUST_CHECK;

#endif
