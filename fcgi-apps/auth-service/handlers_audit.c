/* handlers_audit.c - the audit log for staff: API, page, the command that walks all of it, and the chain's consumer. */
#include "audit_log.h"

#include <stdio.h>

#include "app/page.h"

#define LIST_DEFAULT 24
#define PAGE_LINKS 1000 /* how much of the chain a page looks at; the API and the command walk all of it */

static err_t on_recorded(struct ctx *c, const struct received_event *e)
{
	audit_store_chain(c, json_text(e->payload, "entry_id", NULL));
	return OK;
}

static const char *const AUDIT_TOPICS[] = {"audit.recorded", NULL};

const struct consumer AUTH_CONSUMERS[] = {
	{"auth.audit", AUDIT_TOPICS, on_recorded},
	{0},
};

err_t get_audit(struct request *rq)
{
	struct audit_query q = *(const struct audit_query *)rq->args;
	size_t limit = q.limit > 0 ? (size_t)q.limit : LIST_DEFAULT, n;
	json_t *data = json_new_array(rq->ctx.arena);
	struct audit_row *rows;

	q.limit = (int64_t)limit + 1;
	TRY(audit_store_list(&rq->ctx, &q, &rows, &n));
	for (size_t i = 0; i < n && i < limit; i++)
		json_add(data, view_audit_row(rq, &rows[i]));
	return respond_list(rq, data, n > limit ? rows[limit - 1].id.s : NULL);
}

err_t get_audit_verification(struct request *rq)
{
	struct audit_state state;

	TRY(audit_store_verify(&rq->ctx, 0, &state));
	return respond_json(rq, 200, view_audit_state(rq, &state));
}

err_t page_audit(struct request *rq)
{
	struct audit_query q = *(const struct audit_query *)rq->args;
	json_t *context = json_new_object(rq->ctx.arena);
	struct audit_state state;
	struct audit_row *rows;
	size_t n;

	q.limit = PAGE_ROWS + 1;
	TRY(audit_store_list(&rq->ctx, &q, &rows, &n));
	TRY(audit_store_verify(&rq->ctx, PAGE_LINKS, &state));
	view_audit_page(rq, context, rows, n, &state);
	return page_respond(rq, 200, "auth/admin-audit", context,
		&(struct page_info){.title = text(rq, "admin.audit.title", NULL, 0), .noindex = true});
}

err_t command_verify_audit(struct ctx *c, int argc, char **argv)
{
	struct audit_state s;

	(void)argc;
	(void)argv;
	TRY(audit_store_verify(c, 0, &s));
	printf("%lld links follow from each other, %lld entries are not chained yet\n", (long long)s.checked,
		(long long)s.unchained);
	if (s.head_hash != NULL)
		printf("head: %lld %s\n", (long long)s.head_position, s.head_hash);
	if (s.broken_position != 0)
		return fail(c, &ERR_CONFLICT, "the audit log's chain is broken at %lld, entry %s", (long long)s.broken_position,
			s.broken_entry.s);
	return OK;
}
