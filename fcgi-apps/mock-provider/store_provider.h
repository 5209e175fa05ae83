/* store_provider.h - the statements of the mock provider as functions. */
#ifndef ES_STORE_PROVIDER_H
#define ES_STORE_PROVIDER_H

#include "edges/db.h"
#include "provider.h"

extern const struct db_stmt *const PROVIDER_STATEMENTS[];
extern const struct db_constraint PROVIDER_CONSTRAINTS[];

/* Nothing when the key is taken. */
err_t provider_store_new_charge(struct ctx *c, const struct charge *ch, bool *is_new_r) MUST_CHECK;
err_t provider_store_charge_by_key(struct ctx *c, const char *key, struct charge *charge_r) MUST_CHECK;
err_t provider_store_find_charge(struct ctx *c, const char *key, struct charge *charge_r, bool *found_r) MUST_CHECK;
err_t provider_store_charge(struct ctx *c, const struct uuid *id, struct charge *charge_r) MUST_CHECK;
/* Locked until COMMIT. */
err_t provider_store_lock_charge(struct ctx *c, const struct uuid *id, struct charge *charge_r) MUST_CHECK;
err_t provider_store_lock_charge_by_key(struct ctx *c, const char *key, struct charge *charge_r) MUST_CHECK;
void provider_store_set_charge(struct ctx *c, const struct charge *ch);
/* Those whose bank has answered by now, decided by this. */
err_t provider_store_decide_due(struct ctx *c, struct charge **rows_r, size_t *n_r) MUST_CHECK;

/* The session of this key: s, or the one opened before. */
err_t provider_store_open_session(struct ctx *c, const struct session *s, struct session *session_r) MUST_CHECK;
err_t provider_store_session(struct ctx *c, const struct uuid *id, struct session *session_r) MUST_CHECK;

/* 404 when the charge has no refund of this key. */
err_t provider_store_refund(struct ctx *c, const struct charge *ch, const char *key, int64_t *amount_minor_r) MUST_CHECK;
/* False when this refund was made before. */
err_t provider_store_new_refund(
	struct ctx *c, const struct charge *ch, const char *key, int64_t amount_minor, bool *is_new_r) MUST_CHECK;

#endif
