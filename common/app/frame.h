/*
 * frame.h - what the files of the request frame (route, problem, csrf, cors, auth, idem,
 * page, app) need of each other and services don't.
 *
 * Layer: app.
 */
#ifndef ES_FRAME_H
#define ES_FRAME_H

#include "app/app.h"
#include "app/auth.h"
#include "app/idem.h"

#define CSRF_COOKIE "es_csrf"
#define CSRF_TOKEN_LENGTH 43 /* 32 random bytes in base64url */

/* Fill rq->res with the problem document, or the error page. Logs what is ours. */
void problem_respond(struct request *rq, err_t e);
/* What a failure's answer says besides its body: WWW-Authenticate, Retry-After. */
void problem_headers(struct request *rq, err_t e);
/* Whether a failure of this request is shown as a page. */
bool problem_as_page(struct request *rq);

/* ERR_CSRF unless the request may change something; called after auth_identify. */
err_t csrf_check(struct request *rq) MUST_CHECK;
/* The browser's token, or a new one that this response sets as its cookie. */
const char *csrf_token(struct request *rq);
/* Make sure that the browser has a token after this answer. */
void csrf_keep(struct request *rq);

/* Add the headers an allowed origin needs; config cors_origins. */
void cors_headers(struct request *rq);
/* Whether this is an allowed origin's preflight for an API path: then answered. */
bool cors_preflight(struct request *rq, const char *allow);

/* Whether the request carries an Idempotency-Key that counts: fills rq->idem. */
err_t idem_read_key(struct request *rq) MUST_CHECK;

/* multipart/form-data: fills rq->form and leaves the file's bytes in rq->body. */
err_t multipart_parse(struct request *rq) MUST_CHECK;

/* The page of a failure; not OK when it can't be rendered. */
err_t page_error(struct request *rq, err_t e);

/* What app_get() answers: app_main's, or a test's. */
void app_set(const struct app *app);

/* viewing.c's, in AUTH_STATEMENTS. */
extern const struct db_stmt SESSION_VIEWING;
/* Statements of the frame, for app.c to prepare. NULL-terminated. */
extern const struct db_stmt *const AUTH_STATEMENTS[];
extern const struct db_stmt *const IDEM_STATEMENTS[];
extern const struct db_stmt *const PAGE_STATEMENTS[];

#endif
