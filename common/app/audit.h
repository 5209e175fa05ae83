/*
 * audit.h - who did what to what: staff's changes and looks, and what happens to accounts, appended to
 * auth-service's audit log in the transaction of the act. What was rolled back was not done,
 * and is not there; auth-service chains the entries afterwards (sql/auth/0030).
 *
 * Layer: app.
 */
#ifndef ES_AUDIT_H
#define ES_AUDIT_H

#include "edges/http.h"

struct audit_entry {
	const char *action;                  /* "order.cancel", "bus.dead_letter.retry": noun.verb, stable */
	const char *object_type, *object_id; /* "order" and its id; both NULL when there is none */
	const json_t *before, *after;        /* what changed, only the fields that did, no secrets; may be NULL */
};

/* Queue the entry in the request's open transaction (db_defer). Actor, address, request id and trace are the request's. */
void audit_record(struct request *rq, const struct audit_entry *e);
/* The same for an actor the request's subject does not name: who has just signed in, or whom a mailed link proves. */
void audit_record_as(struct request *rq, const struct uuid *account_id, const struct audit_entry *e);
/* Of what the service does by itself: a command, a timer, an event. */
void audit_record_system(struct ctx *c, const struct audit_entry *e);
/*
 * That staff look at what the route's row says it .reads: queued before the handler, so that it travels with its first
 * statement. An object by its id, a list by what it was searched for; the same again within some minutes is one entry.
 */
void audit_record_read(struct request *rq);
/* Send it alone when the handler failed before it asked the database anything. Returns e, or why it was not recorded. */
err_t audit_settle_read(struct request *rq, err_t e) MUST_CHECK;

struct db_stmt;
extern const struct db_stmt *const AUDIT_STATEMENTS[];

#endif
