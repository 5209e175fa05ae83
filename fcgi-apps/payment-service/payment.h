/*
 * payment.h - the nouns of payment, and what the files of this service offer each other.
 *
 * An intent is what an order owes; an attempt is one try to pay it; an outcome is what the
 * provider says about an attempt. Outcomes arrive by the answer of a call, by webhook and
 * by asking again, in any order and more than once: payment_record() takes them all.
 */
#ifndef ES_PAYMENT_H
#define ES_PAYMENT_H

#include "app/app.h"
#include "app/event.h"
#include "app/route.h"

#define PAGE_ROWS 50
#define REFUND_QUEUE "payment.refunds"

extern const struct problem ERR_PAYMENT_PROCESSING; /* 409 payment_processing: an attempt is not decided yet */
extern const struct problem ERR_PAYMENT_PAID;       /* 409 payment_already_paid */
extern const struct problem ERR_PAYMENT_CLOSED;     /* 409 payment_cancelled */
extern const struct problem ERR_PAYMENT_STATE;      /* 409 payment_state: the schema's table of transitions said no */

struct card {
	const char *brand, *last4;
	int32_t exp_month, exp_year;
};

struct intent {
	struct uuid id;        /* the guest's key: never in logs or events */
	struct uuid reference; /* what events and logs call it */
	int64_t seq;
	struct uuid order_id;
	const char *order_number;
	int64_t amount_minor, captured_minor, refunded_minor;
	char currency[4];
	const char *status, *failure_code; /* failure_code: of the last attempt, or NULL */
	struct card card;                  /* of the last attempt; brand NULL: none yet */
	int64_t version, created_us;
	const char *page_url; /* where the customer is to act, while an attempt waits for it */
};

struct attempt {
	struct uuid id; /* the provider's idempotency key */
	struct uuid payment_id;
	const char *kind; /* "card", "hosted" */
	const char *status, *charge_id, *page_url;
	int64_t created_us;
	int64_t amount_minor; /* of one whose money is owed back */
	bool resumed; /* it had begun before: an earlier call may have reached the provider */
};

enum outcome_kind {
	OUTCOME_UNKNOWN = 0, /* no answer: nobody knows */
	OUTCOME_NOT_SENT,    /* nothing reached the provider */
	OUTCOME_BROKEN,      /* the provider failed under the call: calling again tells whether it counted */
	OUTCOME_NO_CHARGE,   /* the provider never heard of this attempt, or its customer did nothing yet */
	OUTCOME_PROCESSING,
	OUTCOME_REQUIRES_ACTION,
	OUTCOME_SUCCEEDED,
	OUTCOME_FAILED,
};

struct outcome {
	enum outcome_kind kind;
	const char *charge_id, *failure_code, *page_url;
	struct card card;
	int64_t amount_minor; /* of the charge, with succeeded */
	char currency[4];
};

/* What follows from an outcome. NULL: stays as it is. */
struct decision {
	const char *attempt_status, *intent_status, *failure_code;
	bool capture;      /* money came in */
	bool refund;       /* and must go back: nobody wants it any more */
	const char *topic; /* event to emit, or NULL */
};

/* A card as the API takes it. Wiped as soon as the provider has it. */
struct card_input {
	const char *number, *cvc, *name;
	int64_t exp_month, exp_year;
};
struct confirm_input {
	const struct card_input *card;
	const char *method_token;
};

struct refund {
	struct uuid id, payment_id, attempt_id;
	int64_t amount_minor;
	char currency[4];
	const char *status, *reason; /* status: "requested", "succeeded" */
};

/* What order-service tells the payment page. */
struct order_link {
	struct uuid tracking_token; /* unset: no such order */
};

struct payment_query {
	const char *q, *state, *cursor;
};

struct account {
	const char *name;
	int64_t balance_minor;
	char currency[4];
};

extern const struct bind CONFIRM_BIND, PAYMENT_LIST_BIND;
extern const struct route PAYMENT_ROUTES[];
extern const struct timer PAYMENT_TIMERS[];
extern const struct job_worker PAYMENT_JOBS[];
extern const struct consumer PAYMENT_CONSUMERS[];
extern const struct config_key PAYMENT_CONFIG[];

/* rules.c */
bool card_number_ok(const char *number); /* 12 to 19 digits, blanks and dashes between them, Luhn's check digit */
struct decision payment_decide(
	const struct intent *i, const struct attempt *a, const struct outcome *o, int64_t now_us);
/* OK when another attempt may begin. */
err_t payment_payable(struct ctx *c, const struct intent *i) MUST_CHECK;

/* flow.c: each is a transaction of its own, or part of the one that is open. */
/* Begin the attempt of this id, or find it begun. */
err_t payment_begin(struct ctx *c, const struct uuid *payment_id, const struct uuid *attempt_id, const char *kind,
	struct attempt *attempt_r) MUST_CHECK;
err_t payment_record(struct ctx *c, const struct uuid *attempt_id, const struct outcome *o) MUST_CHECK;
/* Ask the provider about the attempt that is not decided yet, if there is one, and record what it says. */
err_t payment_ask(struct ctx *c, const struct attempt *a) MUST_CHECK;

/* refunds.c: all of the attempt's money goes back, once; in the open transaction, its payment locked. */
void payment_request_refund(struct ctx *c, const struct attempt *a, int64_t amount_minor, const char *reason);

/* views.c */
json_t *view_payment(struct arena *a, const struct intent *i);
json_t *view_payment_page(struct request *rq, const struct intent *i, const struct order_link *link);
json_t *view_payment_row(struct request *rq, const struct intent *i);
json_t *view_account(struct request *rq, const struct account *account);
const char *view_status_text(struct request *rq, const char *status);
extern const char *const PAYMENT_STATES[]; /* NULL-terminated */

handler_fn get_payment, post_confirm, post_webhook;
handler_fn page_pay, page_pay_start, page_payments;

#endif
