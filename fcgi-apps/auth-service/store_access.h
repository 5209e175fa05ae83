/* store_access.h - roles, service accounts, API keys and invitations in PostgreSQL: schema auth. */
#ifndef ES_STORE_ACCESS_H
#define ES_STORE_ACCESS_H

#include "access.h"
#include "edges/db.h"

extern const struct db_stmt *const ACCESS_STATEMENTS[];
extern const struct db_stmt *const INVITATION_STATEMENTS[];

err_t access_store_permissions(struct ctx *c, struct permission **rows_r, size_t *n_r) MUST_CHECK;
err_t access_store_roles(struct ctx *c, struct role_set **rows_r, size_t *n_r) MUST_CHECK;
/* Locked until COMMIT when it is the service's to change. ERR_NOT_FOUND. */
err_t access_store_role(struct ctx *c, const char *name, struct role_set *role_r) MUST_CHECK;
/* What these roles permit together; names that are no role permit nothing. */
err_t access_store_permitted(struct ctx *c, const char *const *roles, size_t n, json_t **permissions_r) MUST_CHECK;
void access_store_insert_role(struct ctx *c, const struct role_input *in);
/* Title and permissions that are not there stay as they are. */
void access_store_update_role(struct ctx *c, const char *name, const struct role_input *in);
err_t access_store_delete_role(struct ctx *c, const char *name) MUST_CHECK;

void access_store_insert_service(struct ctx *c, const struct uuid *id, const char *email, const struct service_account_input *in);
err_t access_store_services(struct ctx *c, struct service_account **rows_r, size_t *n_r) MUST_CHECK;
err_t access_store_service(struct ctx *c, const struct uuid *id, struct service_account *row_r) MUST_CHECK;
void access_store_delete_service(struct ctx *c, const struct uuid *id);

struct new_key {
	struct uuid id, account_id;
	const char *token_hash, *hint;
	const struct key_input *in;
};
void access_store_insert_key(struct ctx *c, const struct new_key *k, const struct uuid *creator);
err_t access_store_keys(struct ctx *c, const struct uuid *only, struct api_key **rows_r, size_t *n_r) MUST_CHECK;
/* ERR_NOT_FOUND when there is none, or it was revoked before. */
err_t access_store_revoke_key(struct ctx *c, const struct uuid *id) MUST_CHECK;

/* Earlier invitations of this mailbox end; its letter is sent. */
void invitation_store_insert(struct ctx *c, const struct invitation *i, const struct uuid *inviter);
err_t invitation_store_list(struct ctx *c, const struct uuid *only, struct invitation **rows_r, size_t *n_r) MUST_CHECK;
err_t invitation_store_revoke(struct ctx *c, const struct uuid *id) MUST_CHECK;
/* Locked until COMMIT. */
err_t invitation_store_find(struct ctx *c, const char *token_hash, struct invitation *row_r, bool *found_r) MUST_CHECK;
/* Queue: the account of an invitation, its mailbox proven. */
void invitation_store_accept(struct ctx *c, const struct invitation *i, const struct account *a);
/* A key that runs out within a week, and who is to hear of it. */
struct running_out {
	struct uuid account_id;
	const char *email, *name, *key_name;
};
/* Some of those that nobody was told of; now they are. */
err_t access_store_running_out(struct ctx *c, struct running_out **rows_r, size_t *n_r) MUST_CHECK;

#endif
