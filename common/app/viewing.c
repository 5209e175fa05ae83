/* viewing.c - what a session may that looks at the shop as a customer does, and the banner that says so. */
#include "app/viewing.h"

#include "app/frame.h"
#include "app/page.h"

struct viewing_row {
	struct uuid customer_id;
	const char *email, *name;
	int64_t until_us;
};

static const struct db_column VIEWING_COLUMNS[] = {
	DB_COLUMN(struct viewing_row, customer_id, DB_UUID),
	DB_COLUMN(struct viewing_row, email, DB_TEXT),
	DB_COLUMN(struct viewing_row, name, DB_TEXT),
	DB_COLUMN_AS(struct viewing_row, until_us, DB_TIME, "expires_at"),
};

const struct db_stmt SESSION_VIEWING = DB_ROWS("auth_session_viewing", struct viewing_row, VIEWING_COLUMNS,
	SQL("select customer_id, email, name, expires_at from auth.session_viewing($1::uuid)"));

static const struct viewing *viewing_of(struct request *rq, const struct viewing_row *row)
{
	static const char *const roles[] = {"customer", NULL}, *const none[] = {NULL};
	struct viewing *v = arena_new_of(rq->ctx.arena, struct viewing);

	v->staff = rq->subject;
	v->until_us = row->until_us;
	v->customer = (struct subject){
		.kind = SUBJECT_SESSION,
		.user_id = row->customer_id,
		.email = row->email,
		.name = row->name,
		.roles = roles,
		.permissions = none,
	};
	return v;
}

static err_t decide(struct request *rq)
{
	const struct route *r = rq->route;

	if ((r->flags & ROUTE_ENDS_VIEWING) != 0)
		return OK;
	if (r->method != METHOD_GET)
		return fail(&rq->ctx, &ERR_FORBIDDEN, "%s", text(rq, "viewing.read_only", NULL, 0));
	if ((r->flags & ROUTE_VIEWABLE) != 0) {
		rq->subject = &rq->viewing->customer;
		return OK;
	}
	if (r->access == ACCESS_STAFF || (r->access == ACCESS_PUBLIC && (r->flags & ROUTE_PAGE) == 0))
		return OK;
	return fail(&rq->ctx, &ERR_FORBIDDEN, "%s", text(rq, "viewing.not_shown", NULL, 0));
}

err_t viewing_apply(struct request *rq)
{
	const struct subject *s = rq->subject;
	struct viewing_row row;
	bool found;

	/* Others have no view, and pay no round trip to learn that. */
	if (s->kind != SUBJECT_SESSION || !s->is_staff || !subject_can(s, VIEW_AS_PERMISSION))
		return OK;
	TRY(db_maybe(&rq->ctx, &SESSION_VIEWING, PARAMS(P_UUID(&s->session_id)), &row, &found));
	if (!found)
		return OK;
	rq->viewing = viewing_of(rq, &row);
	return decide(rq);
}

json_t *viewing_banner(struct request *rq)
{
	const struct viewing *v = rq->viewing;
	json_t *o;

	if (v == NULL)
		return NULL;
	o = json_new_object(rq->ctx.arena);
	json_set_text(o, "who_text",
		text(rq, "viewing.who", TEXT_ARGS({"name", v->customer.name}, {"email", v->customer.email})));
	page_set_time(rq, o, "until", v->until_us);
	json_set_text(o, "end_href", arena_printf(rq->ctx.arena, "/admin/customers/%s/view/end", v->customer.user_id.s));
	json_set_text(o, "csrf", csrf_token(rq));
	return o;
}
