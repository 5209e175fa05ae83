/* audit.c - the statement that appends to the audit log, and who is behind a request. */
#include "app/audit.h"

#include "app/auth.h"
#include "edges/db.h"

static const struct db_stmt AUDIT = DB_EXEC("audit_record",
	SQL("select auth.audit($1::uuid, $2, $3::uuid, $4, $5, $6, $7::jsonb, $8::jsonb, $9, $10, $11)"));

const struct db_stmt *const AUDIT_STATEMENTS[] = {&AUDIT, NULL};

static const char *const ACTOR_KINDS[] = {
	[SUBJECT_ANONYMOUS] = "anonymous",
	[SUBJECT_SESSION] = "session",
	[SUBJECT_TOKEN] = "token",
	[SUBJECT_API_KEY] = "api_key",
};

struct actor {
	const char *kind, *address;
	const struct uuid *id; /* NULL: none */
};

static void record(struct ctx *c, const struct actor *who, const struct audit_entry *e)
{
	struct uuid id = uuid_v7();

	db_defer(c, &AUDIT,
		PARAMS(P_UUID(&id), P_TEXT(who->kind),
			P_TEXT(who->id != NULL ? who->id->s : NULL), P_TEXT(e->action), P_TEXT(e->object_type), P_TEXT(e->object_id), P_JSON(e->before), P_JSON(e->after), P_TEXT(who->address),
			P_TEXT(c->request_id), P_TEXT(c->traceparent)));
}

void audit_record(struct request *rq, const struct audit_entry *e)
{
	audit_record_as(rq, uuid_is_set(&rq->subject->user_id) ? &rq->subject->user_id : NULL, e);
}

void audit_record_as(struct request *rq, const struct uuid *account_id, const struct audit_entry *e)
{
	rq->audited = true;
	record(&rq->ctx,
		&(struct actor){.kind = ACTOR_KINDS[rq->subject->kind], .address = rq->client_ip, .id = account_id}, e);
}

void audit_record_system(struct ctx *c, const struct audit_entry *e)
{
	record(c, &(struct actor){.kind = "system"}, e);
}
