/*
 * idem.h - Idempotency-Key (IETF draft-ietf-httpapi-idempotency-key-header): the answer
 * is stored in the transaction of its effect, and sent again byte for byte.
 *
 * Layer: app. Used by the gate; handlers that call another system between two
 * transactions (payment confirm) use idem_claim/idem_store themselves.
 */
#ifndef ES_IDEM_H
#define ES_IDEM_H

#include "edges/http.h"

/*
 * Before the first request, by a service whose bodies hold secrets (cards): what is stored of a body
 * is then keyed with this, so that nobody can try out what it was. The same for all its processes.
 */
void idem_hide_bodies(const char *secret);
/* In the request's transaction: queue the lock and look-up (db_defer_check). ERR_REPLAY, ERR_IDEMPOTENCY_RUNNING or _REUSED surface at its first round trip. */
err_t idem_begin(struct request *rq) MUST_CHECK;
/* Queue the stored answer; travels with COMMIT. */
void idem_save(struct request *rq);
/* After a rollback: store a business rule's refusal in a transaction of its own. */
void idem_save_refusal(struct request *rq);
/* Fill rq->res from the stored answer, with Idempotent-Replayed: true. */
void idem_replay(struct request *rq);
/*
 * For operations that call a provider: commit the key as running with a lease of lease_secs.
 * *attempt_r is the same id for every retry of this key: pass it on as the provider's own key.
 * A finished key: ERR_REPLAY. Held by a live lease: ERR_IDEMPOTENCY_RUNNING.
 */
err_t idem_claim(struct request *rq, long lease_secs, struct uuid *attempt_r) MUST_CHECK;

#endif
