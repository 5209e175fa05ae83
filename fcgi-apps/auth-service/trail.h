/*
 * trail.h - what signing in leaves in the audit log: who came in and by what, who was
 * refused and why, and where waiting begins. Never what was typed: it may be a password.
 *
 * A refusal is written for an account that does not exist as for one that does, with the
 * same statements: neither the answer nor its time tells them apart. How many there can be
 * is bounded by what attempts.h counts.
 */
#ifndef ES_TRAIL_H
#define ES_TRAIL_H

#include "attempts.h"
#include "signin.h"

/* Queue: this session was opened. */
void trail_sign_in(struct request *rq, const struct account *account, const struct session *session, enum shown shown);
/* reason: "unknown", "password", "blocked", "code", "code again", "passkey". account_id NULL: there is none. Commits by itself. */
err_t trail_refusal(struct request *rq, const struct uuid *account_id, const char *reason) MUST_CHECK;
/* Nothing unless waiting begins with this attempt; account_id NULL: of none that is known. Commits by itself. */
err_t trail_waiting(struct request *rq, const struct attempt *a, const struct waiting *w,
	const struct uuid *account_id) MUST_CHECK;
/* Queue: a refresh token came back that was spent, and its session ended. */
void trail_reuse(struct request *rq, const struct uuid *account_id, const struct uuid *session_id);

#endif
