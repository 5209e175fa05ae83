/* handlers_pages.c - the system pages of the back office that show, and the API's documentation. */
#include "app/page.h"
#include "base/log.h"
#include "pages.h"

static err_t show(struct request *rq, const char *name, json_t *context, const char *title)
{
	return page_respond(rq, 200, name, context, &(struct page_info){.title = title, .noindex = true});
}

err_t page_system(struct request *rq)
{
	struct dead_query q = *(const struct dead_query *)rq->args;
	struct system_state s;

	q.limit = LIST_DEFAULT + 1;
	TRY(dead_cursor_parse(&rq->ctx, &q));
	TRY(staff_store_system(&rq->ctx, &q, &s));
	return show(
		rq, "event-bus/admin-system", view_system_page(rq, &q, &s), text(rq, "admin.system.title", NULL, 0));
}

err_t page_subscription(struct request *rq)
{
	struct subscription_detail d;

	TRY(staff_store_subscription_detail(&rq->ctx, path_arg(rq, "name"), &d));
	return show(rq, "event-bus/admin-subscription", view_subscription_page(rq, &d), d.s.name);
}

err_t page_dead_letter(struct request *rq)
{
	struct dead_letter d;
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(staff_store_dead_letter(&rq->ctx, &id, &d));
	return show(rq, "event-bus/admin-dead-letter", view_dead_letter_page(rq, &d),
		text(rq, "admin.system.dead_letter", NULL, 0));
}

/* Read at every request: nginx keeps the page, and a new document needs no restart. */
err_t page_docs(struct request *rq)
{
	json_error_t why;
	json_t *openapi = json_load_file(config_text("openapi"), JSON_REJECT_DUPLICATES, &why);

	if (openapi == NULL) {
		log_bug(&rq->ctx, "the OpenAPI document can't be read", LS("file", config_text("openapi")),
			LS("why", why.text));
		return fail(&rq->ctx, &ERR_NOT_FOUND, "the documentation is not installed");
	}
	return page_respond(rq, 200, "event-bus/api-docs", docs_context(rq, json_own(rq->ctx.arena, openapi)),
		&(struct page_info){.title = text(rq, "docs.page_title", NULL, 0), .canonical = "/api/docs"});
}
