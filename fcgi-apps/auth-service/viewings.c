/* viewings.c - beginning and end of a view of the shop as a customer, with what the audit log says of each. */
#include "viewings.h"

#include "store_account.h"
#include "store_viewing.h"

static struct audit_entry entry_of(const struct uuid *customer, const char *action, const json_t *after)
{
	return (struct audit_entry){.action = action, .object_type = "account", .object_id = customer->s, .after = after};
}

static void record_end(struct request *rq, const struct ended_viewing *v, const char *how)
{
	json_t *after = json_new_object(rq->ctx.arena);
	struct audit_entry entry = entry_of(&v->customer_id, "customer.view_end", after);

	json_set_text(after, "how", v->expired ? "expired" : how);
	audit_record(rq, &entry);
}

err_t viewing_start(struct request *rq, const struct uuid *customer)
{
	json_t *after = json_new_object(rq->ctx.arena);
	struct audit_entry entry = entry_of(customer, "customer.view_start", after);
	struct ended_viewing before;
	struct account account;
	int64_t until_us;
	bool found;

	TRY(account_store_get(&rq->ctx, customer, &account));
	if (!rule_viewable(&account))
		return fail(&rq->ctx, &ERR_NOT_VIEWABLE, "only an active customer's account can be viewed, never a colleague's");
	/* One that the gate no longer honours, and whose end nobody recorded yet. */
	TRY(viewing_store_end(&rq->ctx, &rq->subject->session_id, NULL, &before, &found));
	if (found)
		record_end(rq, &before, "replaced");
	TRY(viewing_store_insert(&rq->ctx, rq->subject, customer, &until_us));
	if (until_us == 0)
		return fail(&rq->ctx, &ERR_NOT_VIEWABLE, "the shop is being viewed as somebody already");
	json_set_time(after, "until", until_us);
	audit_record(rq, &entry);
	return OK;
}

err_t viewing_end(struct request *rq, const struct uuid *customer, const char *how)
{
	struct ended_viewing v;
	bool found;

	TRY(viewing_store_end(&rq->ctx, &rq->subject->session_id, customer, &v, &found));
	if (!found)
		return fail(&rq->ctx, &ERR_NOT_FOUND, "the shop is not viewed as this customer");
	record_end(rq, &v, how);
	return OK;
}

static err_t end_old_body(struct ctx *c, void *arg)
{
	struct ended_viewing *rows;
	size_t n;

	(void)arg;
	TRY(viewing_store_end_old(c, &rows, &n));
	for (size_t i = 0; i < n; i++) {
		json_t *after = json_new_object(c->arena);
		struct audit_entry entry = entry_of(&rows[i].customer_id, "customer.view_end", after);

		json_set_text(after, "how", "expired");
		json_set_text(after, "staff_id", rows[i].staff_id.s);
		audit_record_system(c, &entry);
	}
	return OK;
}

err_t viewing_end_old(struct ctx *c)
{
	return db_tx(c, DB_TX_DEFAULT, end_old_body, NULL);
}
