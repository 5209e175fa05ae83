/* trail.c - the entries of trail.h. What they are called is what /admin/audit is searched for: "sign_in." finds them all. */
#include "trail.h"

#include "store_attempt.h"

static const char *const SHOWN_NAMES[] = {
	[SHOWN_PASSWORD] = "password",
	[SHOWN_CODE] = "password and code",
	[SHOWN_PASSKEY] = "passkey",
};

struct entry {
	struct request *rq;
	const char *action, *account_id; /* account_id NULL: of none */
	json_t *after;
};

/* By whoever asks: nobody, as a rule, or whoever is signed in and was asked again. */
static err_t entry_body(struct ctx *c, void *arg)
{
	const struct entry *e = arg;

	(void)c;
	audit_record(e->rq, &(struct audit_entry){
				    .action = e->action,
				    .object_type = e->account_id != NULL ? "account" : NULL,
				    .object_id = e->account_id,
				    .after = e->after,
			    });
	return OK;
}

static err_t commit(struct request *rq, const char *action, const struct uuid *account_id, json_t *after)
{
	struct entry e = {.rq = rq, .action = action, .account_id = account_id != NULL ? account_id->s : NULL, .after = after};

	return db_tx(&rq->ctx, DB_TX_DEFAULT, entry_body, &e);
}

void trail_sign_in(struct request *rq, const struct account *account, const struct session *session, enum shown shown)
{
	json_t *after = json_new_object(rq->ctx.arena);

	json_set_text(after, "session", session->id.s);
	json_set_text(after, "kind", session->kind);
	json_set_text(after, "shown", SHOWN_NAMES[shown]);
	audit_record_as(rq, &account->id, &(struct audit_entry){
						  .action = "sign_in.accept",
						  .object_type = "account",
						  .object_id = account->id.s,
						  .after = after,
					  });
}

err_t trail_refusal(struct request *rq, const struct uuid *account_id, const char *reason)
{
	json_t *after = json_new_object(rq->ctx.arena);

	json_set_text(after, "reason", reason);
	json_set_text(after, "route", rq->route->path);
	return commit(rq, "sign_in.refuse", account_id, after);
}

err_t trail_waiting(struct request *rq, const struct attempt *a, const struct waiting *w, const struct uuid *account_id)
{
	static const char *const COUNTED[] = {NULL, "account", "network"};
	json_t *after;

	if (w->begun == 0)
		return OK;
	after = json_new_object(rq->ctx.arena);
	json_set_text(after, "purpose", a->purpose);
	json_set_text(after, "counted", COUNTED[w->begun]);
	return commit(rq, "sign_in.throttle", account_id, after);
}

void trail_reuse(struct request *rq, const struct uuid *account_id, const struct uuid *session_id)
{
	json_t *after = json_new_object(rq->ctx.arena);

	json_set_text(after, "session", session_id->s);
	audit_record(rq, &(struct audit_entry){
				 .action = "session.token_reuse",
				 .object_type = "account",
				 .object_id = account_id->s,
				 .after = after,
			 });
}
