/*
 * proofs.h - letters that auth-service owes a mailbox, and what following their links
 * proves. Also what ends an account: its export and its erasure.
 */
#ifndef ES_PROOFS_H
#define ES_PROOFS_H

#include "account.h"

#define FRESH_SESSION_SECS 900 /* so long after signing in, a program need not say the password again */

extern const struct problem ERR_PROOF;       /* 422 invalid_token: unknown, spent, expired, or for something else */
extern const struct problem ERR_PROOF_OTHER; /* 403 other_account: the link is another account's */
extern const struct problem ERR_LAST_ADMIN;  /* 409 last_admin */
extern const struct problem ERR_SAY_AGAIN;   /* 403 reauthentication_required */

/* sql/auth/0010: letter_kind says how long it and its link live. */
struct letter {
	const char *kind;
	const struct uuid *account_id, *user_id; /* account_id NULL: it outlives the account */
	const char *recipient, *name, *other_email;
	const char *about; /* what it tells of: a device, a key's name */
};

/* A link that somebody follows. */
struct proof {
	struct uuid account_id;
	const char *proves; /* "mailbox", "reset", "change" */
	const char *recipient, *email, *name;
	bool verified; /* was already */
};

struct token_input {
	const char *token;
};

struct forgot_input {
	const char *email;
};

struct reset_input {
	const char *token, *password;
};

struct email_input {
	const char *email, *password;
};

struct erase_input {
	const char *password; /* NULL: a program that has signed in just now */
};

/* What other services know of a person; ours is added. */
struct collected {
	json_t *orders, *carts, *messages;
};

extern const struct bind TOKEN_BIND, TOKEN_QUERY_BIND, FORGOT_BIND, RESET_BIND, EMAIL_BIND, ERASE_BIND, ERASE_FORM_BIND;

/* ------------------------------------------------------------------ proofs.c */

/* A session that somebody left open must not be enough to change how its owner signs in: ERR_SAY_AGAIN, unless it is fresh. */
err_t proof_presence(struct request *rq) MUST_CHECK;
/* Of a link that still works, and leads to `proves` ("verify": mailbox or change). ERR_PROOF. */
err_t proof_find(struct ctx *c, const char *token, const char *proves, struct proof *proof_r) MUST_CHECK;
/* owner_only: by the account's own session; a program needs no more than the link. */
err_t proof_verify(struct request *rq, const char *token, bool owner_only, struct proof *proof_r) MUST_CHECK;
err_t proof_reset(struct request *rq, const struct reset_input *in) MUST_CHECK;
/* The answer, and the work, are the same for every address. */
err_t proof_forgot(struct request *rq, const char *email) MUST_CHECK;
/* A new letter to the account's own address; nothing when it is proven. */
err_t proof_ask_again(struct request *rq) MUST_CHECK;
err_t proof_change_email(struct request *rq, const struct email_input *in) MUST_CHECK;
/* Timer: letters to those who forgot their password and have an account. */
err_t proof_send_resets(struct ctx *c) MUST_CHECK;

/* ------------------------------------------------------------------ erasure.c */

err_t account_export(struct request *rq, json_t **document_r) MUST_CHECK;
/* password NULL: only with a fresh session. */
err_t account_erase(struct request *rq, const char *password) MUST_CHECK;

/* ------------------------------------------------------------------ handlers_proof.c, pages_proof.c */

handler_fn post_forgot, post_reset, post_verify, post_verification, post_email, get_export, delete_me, delete_sessions;
handler_fn page_forgot, page_forgot_post, page_reset, page_reset_post, page_verify, page_verify_post;
handler_fn page_email, page_email_post, page_email_verify, page_privacy, page_export, page_erase;

#endif
