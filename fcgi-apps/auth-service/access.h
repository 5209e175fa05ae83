/*
 * access.h - who may do what: roles as sets of permissions, invitations of staff, service
 * accounts and API keys. What a route needs is its row's; what somebody may give away is here.
 *
 * Nobody gives more than they have: a role, an invitation or a key holds only permissions
 * that whoever makes it has too.
 */
#ifndef ES_ACCESS_H
#define ES_ACCESS_H

#include "account.h"

#define ROLE_TITLE_MAX 60
#define ROLE_NAME_MAX 20
#define KEY_NAME_MAX 60
#define KEY_HINT_CHARS 4
#define KEY_DAYS_MAX 3650
#define SCOPES_MAX 60
#define INVITED_ROLES_MAX 20

extern const struct problem ERR_ROLE_TAKEN;   /* 409 role_taken */
extern const struct problem ERR_ROLE_BUILTIN; /* 409 role_builtin: changed by migrations only */
extern const struct problem ERR_ROLE_IN_USE;  /* 409 role_in_use */
extern const struct problem ERR_BEYOND;       /* 403 beyond_own_rights */
extern const struct problem ERR_SCOPE;        /* 422 scope_unknown */
extern const struct problem ERR_INVITATION;   /* 422 invalid_token: used, revoked, too old, or never one */

struct permission {
	const char *name;
	bool delegable; /* may be a key's scope */
};

/* A role with what it permits. */
struct role_set {
	const char *name, *title;
	bool is_staff, is_builtin;
	int64_t version, holders; /* accounts that have it */
	json_t *permissions;      /* array of names */
};

struct invitation {
	struct uuid id, account_id, letter_id;
	const char *email, *state, *inviter; /* "open", "accepted", "revoked", "expired"; inviter's name or NULL */
	json_t *roles;
	int64_t created_us, expires_us;
};

struct service_account {
	struct uuid id;
	const char *name, *email, *state;
	json_t *roles;
	int64_t keys, created_us; /* keys that still work */
};

struct api_key {
	struct uuid id, account_id;
	const char *name, *hint, *account_name, *account_kind, *creator, *state; /* state: "active", "expired", "revoked" */
	json_t *scopes;
	int64_t created_us, expires_us, used_us; /* 0: never */
};

struct role_input {
	const char *name, *title;
	const char **permissions;
	size_t npermissions;
	bool has_permissions;
};

struct invitation_input {
	const char *email;
	const char **roles;
	size_t nroles;
};

struct acceptance_input {
	const char *token, *name, *password;
};

struct service_account_input {
	const char *name;
	const char **roles;
	size_t nroles;
};

struct key_input {
	const char *name;
	const char **scopes;
	size_t nscopes;
	int64_t expires_in_days; /* 0: never */
	struct uuid account_id;  /* "": one's own */
};

struct role_query {
	const char *edit;
};

extern const struct bind ROLE_BIND, ROLE_CHANGE_BIND, ROLE_FORM_BIND, ROLE_CHANGE_FORM_BIND, ROLE_PAGE_BIND, INVITATION_BIND,
	ACCEPTANCE_BIND, SERVICE_ACCOUNT_BIND, KEY_BIND, KEY_FORM_BIND;

/* ------------------------------------------------------------------ access.c, invitations.c: what API and pages share */

/* Each of the roles permits nothing that whoever asks may not. Else ERR_BEYOND. */
err_t check_may_give(struct request *rq, const char *const *roles, size_t n) MUST_CHECK;
/* Nor does whose account it is: what may be taken from it, or done to it. */
err_t check_may_change(struct request *rq, const struct account *a) MUST_CHECK;
err_t role_create(struct request *rq, const struct role_input *in) MUST_CHECK;
err_t role_change(struct request *rq, const struct role_input *in) MUST_CHECK; /* of the path's name */
err_t role_delete(struct request *rq) MUST_CHECK;
err_t service_account_create(struct request *rq, const struct service_account_input *in, struct uuid *id_r) MUST_CHECK;
err_t service_account_delete(struct request *rq) MUST_CHECK;
/* *secret_r is the key itself: said once, stored nowhere. */
err_t key_create(struct request *rq, const struct key_input *in, struct uuid *id_r, const char **secret_r) MUST_CHECK;
err_t key_revoke(struct request *rq) MUST_CHECK;
/* Timer: letters about keys that run out. */
err_t keys_tell(struct ctx *c) MUST_CHECK;

err_t invite(struct request *rq, const struct invitation_input *in, struct uuid *id_r) MUST_CHECK;
err_t invitation_revoke(struct request *rq) MUST_CHECK;
/* Of a link that still works, else ERR_INVITATION. */
err_t invitation_of(struct ctx *c, const char *token, struct invitation *invitation_r) MUST_CHECK;
err_t invitation_accept(struct request *rq, const struct acceptance_input *in, struct account *account_r) MUST_CHECK;

/* ------------------------------------------------------------------ views_access.c */

json_t *view_role(struct request *rq, const struct role_set *r);
json_t *view_invitation(struct request *rq, const struct invitation *i);
json_t *view_service_account(struct request *rq, const struct service_account *s);
json_t *view_key(struct request *rq, const struct api_key *k);
struct access_lists {
	struct permission *permissions;
	struct role_set *roles;
	struct invitation *invitations;
	struct service_account *services;
	struct api_key *keys;
	size_t npermissions, nroles, ninvitations, nservices, nkeys;
};
void view_roles_page(struct request *rq, json_t *context, const struct access_lists *l, const char *edited);
void view_team_page(struct request *rq, json_t *context, const struct access_lists *l);
/* secret NULL: no key was made just now. */
void view_keys_page(struct request *rq, json_t *context, const struct access_lists *l, const char *secret);

/* ------------------------------------------------------------------ handlers_access.c, pages_access.c */

handler_fn get_permissions, get_roles, get_role, post_role, patch_role, delete_role;
handler_fn get_invitations, post_invitation, delete_invitation, post_acceptance;
handler_fn get_service_accounts, post_service_account, delete_service_account, get_keys, post_key, delete_key;
handler_fn page_roles, page_role_add, page_role_change, page_role_delete;
handler_fn page_team, page_invite, page_invitation_revoke, page_invitation, page_invitation_post;
handler_fn page_keys, page_key_add, page_key_revoke, page_service_add, page_service_delete;

#endif
