/*
 * factors.h - what is asked for besides the password: codes of an authenticator app, and
 * recovery codes for the day it is lost.
 *
 * A session of staff who must have a second factor and have none is limited: it is a
 * customer's, until one is switched on (sql/auth/0021).
 */
#ifndef ES_FACTORS_H
#define ES_FACTORS_H

#include "signin.h"
#include "totp.h"

#define CODE_MAX 32
#define CHALLENGE_COOKIE "es_factor"
#define CHALLENGE_SECS 600

extern const struct problem ERR_CODE_REQUIRED; /* 401 totp_required: the password was right */
extern const struct problem ERR_CODE_WRONG;    /* 401 invalid_totp: wrong, or used before */
extern const struct problem ERR_CODE_FIELD;    /* 422 wrong_code: of a form of the account */
extern const struct problem ERR_FACTOR_ON;     /* 409 totp_enabled */
extern const struct problem ERR_FACTOR_OFF;    /* 409 totp_disabled */
extern const struct problem ERR_CHALLENGE;     /* 401 sign_in_again: the second step took too long */

struct factor_state {
	struct sealed sealed;   /* of what is on, or being set up; bytes.n 0: neither */
	struct str secret;      /* the same, opened by factor_open; n 0: not, or it can't be */
	bool enabled;
	int64_t enabled_us, last_counter, codes_left;
};

struct challenge {
	struct uuid account_id;
	const char *email, *name, *next;
	bool remember;
};

struct code_input {
	const char *code;
};

extern const struct bind CODE_BIND, CODE_FORM_BIND;

/* ------------------------------------------------------------------ factors.c */

/* state_r->secret as well; without it when it can't be opened. */
err_t factor_open(struct ctx *c, const struct uuid *account, struct factor_state *state_r) MUST_CHECK;
/* Whether this account's password alone is not enough. */
err_t factor_needed(struct ctx *c, const struct uuid *account, bool *needed_r) MUST_CHECK;
/* A code of the app or of the paper, used up. ERR_CODE_WRONG. */
err_t factor_verify(struct request *rq, const struct uuid *account, const char *code) MUST_CHECK;
/* The API's sign-in: nothing to do, or the code that came along. */
err_t factor_check(struct request *rq, const struct account *account, const char *code, bool *asked_r) MUST_CHECK;
/* Sets the cookie that the page of the second step finds its account by. */
err_t challenge_begin(struct request *rq, const struct account *account, const struct credentials *in) MUST_CHECK;
err_t challenge_find(struct request *rq, struct challenge *challenge_r) MUST_CHECK;
/* The second step: the code, then the session. */
err_t challenge_answer(struct request *rq, const char *code, struct challenge *challenge_r) MUST_CHECK;

/* A new secret, not asked for until a code of it was shown. */
err_t factor_begin(struct request *rq, struct factor_state *state_r) MUST_CHECK;
/* codes_r: recovery codes, shown once. */
err_t factor_confirm(struct request *rq, const char *code, json_t **codes_r) MUST_CHECK;
err_t factor_renew_codes(struct request *rq, const char *code, json_t **codes_r) MUST_CHECK;
err_t factor_disable(struct request *rq, const char *code) MUST_CHECK;
/* Staff's help for whoever lost phone and paper: of the account in the path. */
err_t factor_remove(struct request *rq) MUST_CHECK;
/* A letter to the account's owner: the ways to sign in are others now. */
void factor_tell(struct request *rq, const struct account *account);

/* ------------------------------------------------------------------ views_factor.c, handlers_factor.c, pages_factor.c */

json_t *view_factor(struct request *rq, const struct factor_state *s);
/* secret, uri and its drawing as {side, path}; NULL when there is nothing to set up. */
json_t *view_factor_setup(struct request *rq, const struct factor_state *s);

handler_fn get_totp, post_totp, post_totp_confirm, post_recovery_codes, delete_totp, delete_user_factors;
handler_fn page_code, page_code_post, page_factors, page_totp_begin, page_totp_confirm, page_totp_disable, page_recovery_codes,
	page_customer_factors;

#endif
