/*
 * signin.h - proving who one is, and what one gets for it: what API and pages share.
 */
#ifndef ES_SIGNIN_H
#define ES_SIGNIN_H

#include "account.h"

#define SECS_PER_DAY INT64_C(86400)
#define REMEMBERED_SECS (30 * SECS_PER_DAY) /* a customer's session that is to be remembered, after its last use */
#define BRIEF_SECS SECS_PER_DAY             /* one that is not */

/* What somebody showed who signed in. */
enum shown {
	SHOWN_PASSWORD = 1, /* or has just chosen it */
	SHOWN_CODE,         /* and a code of the second factor */
	SHOWN_PASSKEY,      /* which is both factors */
};

/* What opened a session. */
struct opened_by {
	enum shown shown;
	const struct uuid *passkey_id; /* of SHOWN_PASSKEY */
};

extern const struct opened_by BY_PASSWORD, BY_CODE;

/* How long a session may live; staff's is a matter of its own, whatever was asked for. */
struct life {
	int64_t idle_secs; /* after its last use */
	int64_t most_secs; /* whatever it is used for */
};

/* Throttled; the same answer and the same work whether or not there is such an account. */
err_t sign_in_check(struct request *rq, const struct credentials *in, struct account *account_r) MUST_CHECK;
err_t sign_in_register(struct request *rq, const struct registration *in, struct account *account_r) MUST_CHECK;
/* Queue an account and its first letter. */
void account_new(struct ctx *c, const struct account *a);
/* Opens a page session and sets its cookies; remembered: they outlive the browser. */
err_t sign_in_page(struct request *rq, const struct account *account, const struct opened_by *by, bool remembered) MUST_CHECK;
/* es_name: what nginx prints in the header of cached pages. */
void set_name_cookie(struct request *rq, const char *name);
void sign_out_cookies(struct request *rq);
/* What a session of staff may have at most, also one that was opened before. */
struct life staff_life(void);
/* Opens an API session and answers with its tokens. */
err_t sign_in_api(struct request *rq, const struct account *account, const struct opened_by *by) MUST_CHECK;
err_t respond_tokens(struct request *rq, const struct account *account, const struct session *session,
	const char *refresh_token) MUST_CHECK;
err_t change_password(struct request *rq, const struct password_input *in) MUST_CHECK;
/* Of whoever is asking, throttled like a sign-in. ERR_PASSWORD_WRONG, said of the field. */
err_t check_own_password(struct request *rq, const char *field, const char *password) MUST_CHECK;
/* Too easy, or known from a breach: ERR_PASSWORD_WEAK, said of the field. whose: its email and name. */
err_t check_new_password(struct ctx *c, const char *field, const char *password, const struct account *whose) MUST_CHECK;

#endif
