/*
 * auth.h - who is asking. Looked up in auth-service's published functions; decided by the gate.
 *
 * API: `Authorization: Bearer <JWT>` (verified, cached per worker by the token's digest,
 * its session version compared with the database) or an API key `es_live_…`.
 * Pages: the session cookie, its hash looked up in PostgreSQL. An API request with
 * only cookies is served as that session and needs the CSRF header X-CSRF-Token.
 *
 * Layer: app.
 */
#ifndef ES_AUTH_H
#define ES_AUTH_H

#include "edges/http.h"

enum subject_kind { SUBJECT_ANONYMOUS = 0, SUBJECT_SESSION, SUBJECT_TOKEN, SUBJECT_API_KEY };

struct subject {
	enum subject_kind kind;
	struct uuid user_id;             /* "" when anonymous */
	struct uuid session_id;          /* of an API key: its own id */
	const char *email, *name;        /* NULL when anonymous */
	const char *const *roles;        /* NULL-terminated, never NULL */
	const char *const *permissions;  /* NULL-terminated, never NULL */
	bool is_staff;
};

bool subject_can(const struct subject *s, const char *permission);
bool subject_signed_in(const struct subject *s);
/* Never NULL afterwards: rq->subject. Bad credentials: ERR_UNAUTHENTICATED; none: the anonymous subject. */
err_t auth_identify(struct request *rq) MUST_CHECK;
/*
 * A customer who reads with a token that this process has seen is taken at its word: the question whether all is still
 * so travels with the handler's first statement (rq->claim). After the handler, which ended with e: what is to be
 * answered; *again_r: nothing, the request must pass the gate once more, and be looked up.
 */
err_t auth_settle(struct request *rq, err_t e, bool *again_r) MUST_CHECK;

/* An API key: this, and 32 random bytes in base64url. What it may is its scopes, and nothing of its account's own. */
#define API_KEY_PREFIX "es_live_"
#define API_KEY_LENGTH (sizeof(API_KEY_PREFIX) - 1 + 43)

/* The page session: 32 random bytes in base64url, under cookie_name(). auth-service sets it. */
#define SESSION_COOKIE "es_session"
/* A fresh CSRF token in place of the old one: after signing in or out. */
void csrf_renew(struct request *rq);

#endif
