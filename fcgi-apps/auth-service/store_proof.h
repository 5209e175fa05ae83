/* store_proof.h - letters, links and erasure in PostgreSQL: schema auth, and what other schemas publish. */
#ifndef ES_STORE_PROOF_H
#define ES_STORE_PROOF_H

#include "edges/db.h"
#include "proofs.h"

extern const struct db_stmt *const PROOF_STATEMENTS[];

/* Queue a letter and the event that makes notification-service write it. */
void proof_store_letter(struct ctx *c, const struct letter *l);
/* Whether such a letter was written within the last hour. */
err_t proof_store_recent(struct ctx *c, const struct uuid *account, const char *kind, bool *recent_r) MUST_CHECK;
/* Locks the account and the letter until COMMIT. */
err_t proof_store_find(struct ctx *c, const char *token_hash, struct proof *proof_r, bool *found_r) MUST_CHECK;
/* Queue: links of this kind ("mailbox", "reset", "change") that the account has lead nowhere any more. */
void proof_store_spend(struct ctx *c, const struct uuid *account, const char *proves);
/* Queue: the mailbox is proven; says so to others when it is news. */
void proof_store_verified(struct ctx *c, const struct proof *p);
/* Queue: another address, proven. ERR_EMAIL_TAKEN surfaces with COMMIT at the latest. */
void proof_store_email(struct ctx *c, const struct proof *p);

err_t proof_store_forgot(struct ctx *c, const char *email_key) MUST_CHECK;
/* Takes the oldest requests away: accounts they are for, as far as there are any and they have had few letters lately. */
err_t proof_store_take_forgotten(struct ctx *c, struct proof **rows_r, size_t *n_r) MUST_CHECK;

err_t proof_store_collect(struct ctx *c, const struct uuid *user, struct collected *collected_r) MUST_CHECK;
/* Whether this session was opened a moment ago. */
err_t proof_store_fresh(struct ctx *c, const struct uuid *session, bool *fresh_r) MUST_CHECK;
/* Whether somebody else is an administrator; keeps two from leaving at once. */
err_t proof_store_other_admin(struct ctx *c, const struct uuid *user, bool *found_r) MUST_CHECK;
/* Queue: everything that names this person, here and in carts; other services hear of it. */
void proof_store_erase(struct ctx *c, const struct uuid *user);

#endif
