/*
 * audit_log.h - the audit log as staff read it: entries, newest first, and whether their
 * chain holds. Writing it is everybody's (common/app/audit.h).
 */
#ifndef ES_AUDIT_LOG_H
#define ES_AUDIT_LOG_H

#include "account.h"

struct audit_row {
	struct uuid id, actor_id;
	int64_t at_us, position;  /* position 0: not chained yet */
	const char *service, *actor_kind, *actor_name, *actor_email; /* name, email: NULL when there is no such account (any more) */
	const char *action, *object_type, *object_id, *network, *request_id, *trace_id;
	json_t *before, *after;
};

struct audit_query {
	const char *q;      /* the beginning of an action, an object's or an account's id, or an account's e-mail address */
	const char *action; /* the beginning of one */
	const char *object_type, *object_id;
	struct uuid actor, cursor;
	int64_t from_us, to_us, limit;
};

/* What a walk along the chain found. */
struct audit_state {
	int64_t checked, broken_position, unchained, unchained_since_us, head_position; /* broken_position 0: whole */
	struct uuid broken_entry;
	const char *head_hash; /* NULL: nothing is chained yet */
};

extern const struct bind AUDIT_LIST_BIND, AUDIT_PAGE_BIND;
extern const struct consumer AUTH_CONSUMERS[];

/* store_audit.c */
struct db_stmt;
extern const struct db_stmt *const AUDIT_LOG_STATEMENTS[];
err_t audit_store_list(struct ctx *c, const struct audit_query *q, struct audit_row **rows_r, size_t *n_r) MUST_CHECK;
/* most 0: every link. */
err_t audit_store_verify(struct ctx *c, int64_t most, struct audit_state *state_r) MUST_CHECK;
void audit_store_chain(struct ctx *c, const char *entry_id);

/* views_audit.c */
json_t *view_audit_row(struct request *rq, const struct audit_row *r);
json_t *view_audit_state(struct request *rq, const struct audit_state *s);
void view_audit_page(
	struct request *rq, json_t *context, const struct audit_row *rows, size_t n, const struct audit_state *state);

handler_fn get_audit, get_audit_verification, page_audit;

/* handlers_audit.c: --verify-audit; fails when the chain is broken. */
err_t command_verify_audit(struct ctx *c, int argc, char **argv) MUST_CHECK;

#endif
