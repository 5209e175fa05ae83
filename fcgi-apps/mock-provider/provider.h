/*
 * provider.h - the nouns of the mock payment provider. It plays another company: its own
 * books, its own API key, its own pages; the shop reaches it over HTTP only.
 *
 * The merchant's idempotency key names a charge; a card's number never leaves the request
 * it came with: brand, last four digits and expiry are kept.
 */
#ifndef ES_PROVIDER_H
#define ES_PROVIDER_H

#include "app/app.h"
#include "app/event.h"
#include "app/route.h"

#define KEY_MAX 100
#define WEBHOOK_QUEUE "mock_provider.webhooks"

extern const struct problem ERR_CHARGE_KEY;      /* 422 idempotency_key_reused: for another amount */
extern const struct problem ERR_CHARGE_UNPAID;   /* 409 charge_not_paid: nothing to refund */
extern const struct problem ERR_REFUND_TOO_MUCH; /* 409 refund_too_large */

enum card_effect { CARD_DECLINED = 0, CARD_SUCCEEDS, CARD_ASKS, CARD_SILENT };

/* A card that works here, and what it does. */
struct test_card {
	const char *number, *token; /* token: the same card for who has no number: "tok_declined" */
	enum card_effect effect;
	const char *failure_code; /* of CARD_DECLINED */
	const char *text_key;     /* t.provider.card.… */
};

struct card_input {
	const char *number, *cvc, *name;
	int64_t exp_month, exp_year;
};
struct charge_input {
	struct money amount;
	const char *reference, *return_url;
	const struct card_input *card;
	const char *method_token;
};
struct refund_input {
	struct money amount;
};
/* The hosted page's form; exp is "MM/YY". */
struct card_form {
	const char *number, *exp, *cvc, *name;
};
struct answer_form {
	const char *action;
};

struct charge {
	struct uuid id;
	const char *key; /* the merchant's */
	int64_t amount_minor, refunded_minor;
	char currency[4];
	const char *reference, *return_url;
	const char *status, *failure_code;
	const char *brand, *last4;
	int32_t exp_month, exp_year;
	int64_t decide_us; /* processing: when the bank will have answered */
	int64_t created_us;
};

struct session {
	struct uuid id;
	const char *key;
	int64_t amount_minor;
	char currency[4];
	const char *reference, *return_url;
	int64_t expires_us;
};

extern const struct bind CHARGE_BIND, SESSION_BIND, REFUND_BIND, CARD_FORM_BIND, ANSWER_FORM_BIND;
extern const struct route PROVIDER_ROUTES[];
extern const struct timer PROVIDER_TIMERS[];
extern const struct job_worker PROVIDER_JOBS[];
extern const struct config_key PROVIDER_CONFIG[];

/* rules.c */
extern const struct test_card TEST_CARDS[]; /* ends with {0} */
bool card_number_ok(const char *number);
const char *card_brand(const char *number);
/* A number that is none of ours is a card that is declined. */
const struct test_card *card_by_number(const char *number);
const struct test_card *card_by_token(const char *token); /* NULL: no such token */
/* "MM/YY" or "MM/YYYY"; false when it is no month. */
bool card_expiry_parse(const char *text, int64_t *month_r, int64_t *year_r);
/* Fill status, failure_code, brand, last4 and decide_us as the card's bank answers at now_us. */
void card_decide(struct arena *a, struct charge *ch, const struct test_card *card, const char *number, int64_t now_us);

/* books.c: a charge's way, each step in one transaction with the webhook that tells of it. */
/* The charge of this key: a new one, or the one made before. */
err_t charge_make(struct ctx *c, struct charge *charge, bool *is_new_r) MUST_CHECK;
/* The customer answered the bank's question; an answered one stays as it is. */
err_t charge_answer(struct ctx *c, const struct uuid *id, bool approved, struct charge *charge_r) MUST_CHECK;
err_t charges_decide(struct ctx *c) MUST_CHECK;
err_t charge_refund(struct ctx *c, const char *key, const char *refund_key, const struct money *amount,
	struct charge *charge_r) MUST_CHECK;

/* views.c */
json_t *view_charge(struct arena *a, const struct charge *ch);
json_t *view_card_page(struct request *rq, const struct session *s);
json_t *view_challenge(struct request *rq, const struct charge *ch);

handler_fn post_charge, get_charge, post_session, post_refund, get_refund;
handler_fn page_session, page_session_pay, page_challenge, page_challenge_answer;

#endif
