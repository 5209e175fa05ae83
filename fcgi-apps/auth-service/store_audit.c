/* store_audit.c - reading the audit log, and the chain's one step. */
#include "audit_log.h"

#include "edges/db.h"

static const struct db_column ROW_COLUMNS[] = {
	DB_COLUMN(struct audit_row, id, DB_UUID),
	DB_COLUMN_AS(struct audit_row, at_us, DB_TIME, "at"),
	DB_COLUMN(struct audit_row, position, DB_INT64),
	DB_COLUMN(struct audit_row, service, DB_TEXT),
	DB_COLUMN(struct audit_row, actor_kind, DB_TEXT),
	DB_COLUMN(struct audit_row, actor_id, DB_UUID),
	DB_COLUMN(struct audit_row, actor_name, DB_TEXT),
	DB_COLUMN(struct audit_row, actor_email, DB_TEXT),
	DB_COLUMN(struct audit_row, action, DB_TEXT),
	DB_COLUMN(struct audit_row, object_type, DB_TEXT),
	DB_COLUMN(struct audit_row, object_id, DB_TEXT),
	DB_COLUMN(struct audit_row, network, DB_TEXT),
	DB_COLUMN(struct audit_row, request_id, DB_TEXT),
	DB_COLUMN(struct audit_row, trace_id, DB_TEXT),
	DB_COLUMN(struct audit_row, before, DB_JSON),
	DB_COLUMN(struct audit_row, after, DB_JSON),
};
static const struct db_stmt LIST = DB_ROWS("audit_list", struct audit_row, ROW_COLUMNS,
	SQL("select e.id, e.at, l.position, e.service, e.actor_kind, e.actor_id, a.name as actor_name, a.email as actor_email,"
	    " e.action, e.object_type, e.object_id, e.network, e.request_id, e.trace_id, e.before, e.after"
	    " from auth.audit_entry e left join auth.audit_link l on l.entry_id = e.id"
	    " left join auth.account a on a.id = e.actor_id"
	    " where ($1::text is null or e.action ^@ $1 or e.object_id = $1 or e.actor_id::text = $1"
	    " or e.actor_id = (select k.id from auth.account k where k.email_key = lower($1))"
	    " or (e.object_type = 'account' and e.object_id = (select k.id::text from auth.account k where k.email_key = lower($1))))"
	    " and ($2::text is null or e.action ^@ $2) and ($3::text is null or e.object_type = $3)"
	    " and ($4::text is null or e.object_id = $4) and ($5::uuid is null or e.actor_id = $5)"
	    " and ($6::timestamptz is null or e.at >= $6) and ($7::timestamptz is null or e.at < $7)"
	    " and ($8::uuid is null or e.id < $8) order by e.id desc limit $9::bigint"));

static const struct db_column STATE_COLUMNS[] = {
	DB_COLUMN(struct audit_state, checked, DB_INT64),
	DB_COLUMN(struct audit_state, broken_position, DB_INT64),
	DB_COLUMN(struct audit_state, broken_entry, DB_UUID),
	DB_COLUMN(struct audit_state, unchained, DB_INT64),
	DB_COLUMN_AS(struct audit_state, unchained_since_us, DB_TIME, "unchained_since"),
	DB_COLUMN(struct audit_state, head_position, DB_INT64),
	DB_COLUMN(struct audit_state, head_hash, DB_TEXT),
};
static const struct db_stmt VERIFY = DB_ROWS("audit_verify", struct audit_state, STATE_COLUMNS,
	SQL("select checked, broken_position, broken_entry, unchained, unchained_since, head_position, head_hash"
	    " from auth.audit_verify($1::bigint)"));
static const struct db_stmt CHAIN = DB_EXEC("audit_chain", SQL("select auth.audit_chain($1::uuid)"));

const struct db_stmt *const AUDIT_LOG_STATEMENTS[] = {&LIST, &VERIFY, &CHAIN, NULL};

err_t audit_store_list(struct ctx *c, const struct audit_query *q, struct audit_row **rows_r, size_t *n_r)
{
	return db_rows(c, &LIST,
		PARAMS(P_TEXT(q->q), P_TEXT(q->action), P_TEXT(q->object_type), P_TEXT(q->object_id), P_UUID(&q->actor),
			P_TIME(q->from_us), P_TIME(q->to_us), P_UUID(&q->cursor), P_INT(q->limit)),
		rows_r, n_r);
}

err_t audit_store_verify(struct ctx *c, int64_t most, struct audit_state *state_r)
{
	return db_one(c, &VERIFY, PARAMS(P_INT_OR_NULL(most, most > 0)), state_r);
}

void audit_store_chain(struct ctx *c, const char *entry_id)
{
	db_defer(c, &CHAIN, PARAMS(P_TEXT(entry_id)));
}
