/*
 * account.h - people who may sign in, what proves it, and what the files of this service
 * offer each other.
 *
 * An account is found by its folded e-mail address. A session is one browser or one API
 * client; its secret (cookie or refresh token) is stored as SHA-256 only.
 */
#ifndef ES_ACCOUNT_H
#define ES_ACCOUNT_H

#include "app/app.h"
#include "app/audit.h"
#include "app/auth.h"
#include "app/event.h"
#include "app/route.h"
#include "inputs.h"
#include "seal.h"

#define EMAIL_MAX 254
#define NAME_MAX_CHARS 120
#define PASSWORD_MIN 12 /* characters, of one that is chosen */
#define PASSWORD_MAX 128
#define PASSWORD_TYPED_MAX 200 /* of one that is asked for: it may be of before */
#define ADDRESSES_MAX 50
#define PAGE_ROWS 50
#define PASSWORD_HASH_MAX 128
#define COOKIE_NAME_CHARS 40
#define SECRET_BYTES 32

extern const struct problem ERR_LOGIN;             /* 401 invalid_credentials: unknown account, wrong password, or blocked */
extern const struct problem ERR_EMAIL_TAKEN;       /* 409 email_taken */
extern const struct problem ERR_REFRESH;           /* 401 invalid_refresh_token */
extern const struct problem ERR_PASSWORD_WRONG;    /* 422 wrong_password: of the change form */
extern const struct problem ERR_PASSWORD_WEAK;     /* 422 weak_password */
extern const struct problem ERR_OWN_ACCOUNT;       /* 409 own_account: nobody locks themselves out */
extern const struct problem ERR_TOO_MANY_ADDRESSES; /* 409 too_many_addresses */
extern const struct problem ERR_ROLE_UNKNOWN;      /* 422 role_unknown */

struct account {
	struct uuid id;
	const char *email, *name, *password_hash, *state; /* state: "active", "blocked" */
	json_t *roles;                                    /* array of role names */
	int64_t version, created_us, seen_us;             /* seen_us 0: never signed in */
	int64_t verified_us;                              /* 0: nobody proved to read its mailbox yet */
};

struct session {
	struct uuid id;
	const char *kind; /* "page", "api" */
	const char *user_agent, *ip;
	int64_t version, created_us, seen_us;
};

struct address {
	struct uuid id;
	const char *name, *line1, *line2, *city, *region, *postal_code, *country, *phone;
	bool is_default;
	int64_t version;
};

struct role {
	const char *name, *title;
	bool is_staff;
};

struct signing_key {
	const char *kid;
	struct sealed private_key; /* a PEM text */
};

extern const struct route AUTH_ROUTES[];
extern const struct timer AUTH_TIMERS[];
extern const struct config_key AUTH_CONFIG[];
extern const struct command AUTH_COMMANDS[];

/* ------------------------------------------------------------------ rules.c */

/* One mailbox, one key: NFKC and case folded. */
const char *rule_email_key(struct arena *a, const char *email);
/* NULL when it will do, else why not. */
const char *rule_password_fault(const char *password, const char *email, const char *name);
/* "192.0.2.7" → "192.0.2.x", "2001:db8:1:2::3" → "2001:db8:1:x": enough to recognise, too little to track. */
const char *rule_short_ip(struct arena *a, const char *ip);
/* What nginx may print in a cached page's header: at most 40 characters, no controls, none of `" , ; \`. */
const char *rule_cookie_name(struct arena *a, const char *name);
/* Browser and system by their names in a User-Agent; NULL when none is known. */
void rule_device(const char *user_agent, const char **browser_r, const char **system_r);
bool rule_has_role(const json_t *roles, const char *role);
/* More than a customer. */
bool rule_is_staff(const json_t *roles);

/* ------------------------------------------------------------------ secrets.c */

/* Argon2id with the configured cost. Takes milliseconds and memory: never in a transaction. */
err_t secret_hash(struct ctx *c, const char *password, char hash_r[static PASSWORD_HASH_MAX]) MUST_CHECK;
/* hash NULL: the same work for nothing, and false. *stale_r: made with other parameters than today's. */
bool secret_verify(const char *password, const char *hash, bool *stale_r);
/* Makes what unknown accounts are compared with: else the first one would take longer. */
err_t secret_prepare(struct ctx *c) MUST_CHECK;
/* Twenty characters of an alphabet without lookalikes. */
const char *secret_new_password(struct arena *a);

/* ------------------------------------------------------------------ addresses.c, handlers_users.c */

/* rq->input is the address; *address_r as it is now. */
err_t address_add(struct request *rq, struct address *address_r) MUST_CHECK;
err_t address_change(struct request *rq, struct address *address_r) MUST_CHECK;
/* Of the account in the path; one's own stays as it is. */
err_t change_rights(struct request *rq, const struct user_input *in) MUST_CHECK;

/* handlers_users.c: what somebody did to an account, most often their own. */
void audit_account(struct request *rq, const char *action, const struct uuid *account_id);

/* ------------------------------------------------------------------ views.c */

json_t *view_user(struct request *rq, const struct account *a);        /* id, email, name, roles */
json_t *view_staff_user(struct request *rq, const struct account *a);  /* and what staff may know */
json_t *view_own_account(struct request *rq, const struct account *a);  /* and what its owner may know */
json_t *view_session(struct request *rq, const struct session *s);
json_t *view_address(struct request *rq, const struct address *a);
json_t *view_tokens(struct request *rq, const struct account *a, const char *access_token, const char *refresh_token);
/* Which entry of the account's menu is the page's. */
void set_account_at(struct request *rq, json_t *context, const char *where);
void view_account_page(struct request *rq, json_t *context, const struct account *a);
void view_security_page(struct request *rq, json_t *context, const struct session *list, size_t n);
struct addresses_page {
	const struct address *list;
	size_t n;
	const struct address *edited; /* NULL: a new one */
};
void view_addresses_page(struct request *rq, json_t *context, const struct addresses_page *p);
struct customers_page {
	const struct account *list;
	size_t n;
	bool more;
	const struct account *edited; /* NULL: none */
	const struct role *roles;
	size_t nroles;
};
/* p->list: the one. */
void view_customer_page(struct request *rq, json_t *context, const struct customers_page *p);
void view_customers_page(struct request *rq, json_t *context, const struct customers_page *p);

/* ------------------------------------------------------------------ handlers */

handler_fn post_register, post_login, post_refresh, post_logout, get_jwks;
handler_fn get_me, patch_me, post_password, get_sessions, delete_session;
handler_fn get_addresses, post_address, patch_address, delete_address;
handler_fn get_users, get_user, patch_user;
handler_fn page_login, page_login_post, page_register, page_register_post, page_logout;
handler_fn page_account, page_account_post, page_security, page_password, page_revoke, page_revoke_others;
handler_fn page_addresses, page_address_add, page_address_change, page_address_delete, page_address_default;
handler_fn page_customers, page_customer_change;

/* jobs.c: the service's init, in each process. */
err_t auth_init(struct ctx *c) MUST_CHECK;
/* keys.c: makes the first signing key, also when no other can be opened. */
err_t keys_ensure(struct ctx *c) MUST_CHECK;
/* keys.c: the private key that signs now. */
struct jwt_key;
err_t keys_signing(struct ctx *c, struct jwt_key *key_r) MUST_CHECK;
/* admin.c: --create-admin EMAIL [PASSWORD_FILE] */
err_t command_create_admin(struct ctx *c, int argc, char **argv) MUST_CHECK;
/* keys.c: --rotate-key */
err_t command_rotate_key(struct ctx *c, int argc, char **argv) MUST_CHECK;

#endif
