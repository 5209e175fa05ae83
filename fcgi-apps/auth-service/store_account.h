/* store_account.h - accounts and addresses in PostgreSQL: schema auth. */
#ifndef ES_STORE_ACCOUNT_H
#define ES_STORE_ACCOUNT_H

#include "account.h"
#include "edges/db.h"

extern const struct db_stmt *const ACCOUNT_STATEMENTS[];
extern const struct db_stmt *const ADDRESS_STATEMENTS[];
extern const struct db_stmt ACCOUNT_BY_EMAIL; /* by its key: for those who ask more in the same round trip */
extern const struct db_constraint ACCOUNT_CONSTRAINTS[];

/* Queue a new account and its event; ERR_EMAIL_TAKEN surfaces with COMMIT at the latest. */
void account_store_insert(struct ctx *c, const struct account *a);
/* Changes of an account and its addresses go one after the other: first of all in such a transaction. */
void account_store_lock(struct ctx *c, const struct uuid *id);
err_t account_store_get(struct ctx *c, const struct uuid *id, struct account *account_r) MUST_CHECK;
err_t account_store_by_email(struct ctx *c, const char *email, struct account *account_r, bool *found_r) MUST_CHECK;
/* Queue: its owner signed in. */
void account_store_seen(struct ctx *c, const struct uuid *id);
err_t account_store_rename(struct ctx *c, const struct uuid *id, const char *name) MUST_CHECK;
void account_store_set_password(struct ctx *c, const struct uuid *id, const char *hash);
/* NULL roles, NULL state: as they are. ERR_ROLE_UNKNOWN, ERR_NOT_FOUND. */
err_t account_store_set_rights(struct ctx *c, const struct uuid *id, const struct user_input *in) MUST_CHECK;
void account_store_add_role(struct ctx *c, const struct uuid *id, const char *role);

/* Newest first, below q->cursor; at most q->limit. */
err_t account_store_list(struct ctx *c, const struct user_query *q, struct account **rows_r, size_t *n_r) MUST_CHECK;
err_t account_store_roles(struct ctx *c, struct role **rows_r, size_t *n_r) MUST_CHECK;

/* The default first. */
err_t address_store_list(struct ctx *c, const struct uuid *account, struct address **rows_r, size_t *n_r) MUST_CHECK;
err_t address_store_get(struct ctx *c, const struct uuid *account, const struct uuid *id, struct address *address_r) MUST_CHECK;
/* Queue: new, or changed as a whole. A default address takes the place of the one before. */
void address_store_insert(struct ctx *c, const struct uuid *account, const struct address *a);
void address_store_save(struct ctx *c, const struct uuid *account, const struct address *a);
/* The oldest that is left becomes the default when the default went. ERR_NOT_FOUND. */
err_t address_store_delete(struct ctx *c, const struct uuid *account, const struct uuid *id) MUST_CHECK;

#endif
