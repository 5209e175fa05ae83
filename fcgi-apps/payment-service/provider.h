/*
 * provider.h - the payment provider, as the rest of this service sees it. provider_mock.c
 * speaks to the mock; another provider is another file with these functions.
 *
 * Every call goes over the network and none may be inside a transaction. Each names the
 * attempt or refund by its id, which is the provider's idempotency key: calling again is
 * the same charge. An answer that did not come is OUTCOME_UNKNOWN, never a failure.
 */
#ifndef ES_PROVIDER_H
#define ES_PROVIDER_H

#include "payment.h"

#define PROVIDER_NAME "mock"

struct provider_order {
	const struct uuid *attempt_id;
	int64_t amount_minor;
	const char *currency;
	const char *reference;  /* the order's number, for people */
	const char *return_url; /* where the provider's pages lead back to */
};

/* The card is forgotten here: its buffers are wiped before this returns. */
struct outcome provider_charge(struct ctx *c, const struct provider_order *o, const struct confirm_input *method);
/* The provider's own card page for this order. */
err_t provider_open_page(struct ctx *c, const struct provider_order *o, const char **url_r) MUST_CHECK;
struct outcome provider_look_up(struct ctx *c, const struct uuid *attempt_id);
/* Whether a refund of this id was made. */
err_t provider_refund_known(struct ctx *c, const struct refund *r, bool *known_r) MUST_CHECK;
/* OK: done, now or before. */
err_t provider_refund(struct ctx *c, const struct refund *r) MUST_CHECK;

/* A webhook of this provider: its signature, then what it says. attempt_id_r is unset when it is about no attempt. */
struct provider_news {
	const char *event_id, *type;
	struct uuid attempt_id;
	struct outcome outcome;
};
err_t provider_read_webhook(struct request *rq, struct provider_news *news_r) MUST_CHECK;

#endif
