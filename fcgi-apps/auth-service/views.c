/* views.c - the only place that names output fields of accounts. */
#include <string.h>

#include "account.h"
#include "app/page.h"
#include "data/clock.h"
#include "viewings.h"

json_t *view_user(struct request *rq, const struct account *a)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "id", a->id.s);
	json_set_text(o, "email", a->email);
	json_set_text(o, "name", a->name);
	json_set_bool(o, "email_verified", a->verified_us != 0);
	json_set(o, "roles", a->roles);
	return o;
}

json_t *view_own_account(struct request *rq, const struct account *a)
{
	json_t *o = view_user(rq, a);

	json_set_time(o, "email_verified_at", a->verified_us);
	json_set_time(o, "created_at", a->created_us);
	json_set_time(o, "seen_at", a->seen_us);
	return o;
}

json_t *view_staff_user(struct request *rq, const struct account *a)
{
	json_t *o = view_user(rq, a);

	json_set_bool(o, "blocked", strcmp(a->state, "blocked") == 0);
	json_set_time(o, "created_at", a->created_us);
	json_set_time(o, "seen_at", a->seen_us);
	return o;
}

json_t *view_tokens(struct request *rq, const struct account *a, const char *access_token, const char *refresh_token)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "access_token", access_token);
	json_set_text(o, "token_type", "Bearer");
	json_set_int(o, "expires_in", config_int("access_token_secs"));
	json_set_text(o, "refresh_token", refresh_token);
	json_set(o, "user", view_user(rq, a));
	return o;
}

static const char *device_text(struct request *rq, const struct session *s)
{
	const char *browser, *system;

	rule_device(s->user_agent, &browser, &system);
	if (browser == NULL && system == NULL)
		return text(rq, strcmp(s->kind, "api") == 0 ? "security.program" : "security.unknown", NULL, 0);
	if (browser == NULL || system == NULL)
		return browser != NULL ? browser : system;
	return text(rq, "security.device", TEXT_ARGS({"browser", browser}, {"system", system}));
}

json_t *view_session(struct request *rq, const struct session *s)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "id", s->id.s);
	json_set_text(o, "kind", s->kind);
	json_set_text(o, "device", s->user_agent);
	json_set_text(o, "ip", s->ip);
	json_set_time(o, "created_at", s->created_us);
	json_set_time(o, "seen_at", s->seen_us);
	json_set_bool(o, "current", strcmp(s->id.s, rq->subject->session_id.s) == 0);
	return o;
}

json_t *view_address(struct request *rq, const struct address *a)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "id", a->id.s);
	json_set_text(o, "name", a->name);
	json_set_text(o, "line1", a->line1);
	json_set_text(o, "line2", a->line2);
	json_set_text(o, "city", a->city);
	json_set_text(o, "region", a->region);
	json_set_text(o, "postal_code", a->postal_code);
	json_set_text(o, "country", a->country);
	json_set_text(o, "phone", a->phone);
	json_set_bool(o, "is_default", a->is_default);
	return o;
}

/* ------------------------------------------------------------------ pages */

void set_account_at(struct request *rq, json_t *context, const char *where)
{
	static const char *const PLACES[] = {"overview", "orders", "addresses", "security", "privacy"};
	json_t *o = json_new_object(rq->ctx.arena);

	for (size_t i = 0; i < ARRAY_LEN(PLACES); i++)
		json_set_bool(o, PLACES[i], strcmp(PLACES[i], where) == 0);
	json_set(context, "account_at", o);
}

static json_t *form_of(struct request *rq, json_t *context, json_t *values)
{
	json_t *form = json_new_object(rq->ctx.arena);

	json_set(form, "values", values);
	json_set(context, "form", form);
	return form;
}

void view_account_page(struct request *rq, json_t *context, const struct account *a)
{
	json_t *o = json_new_object(rq->ctx.arena), *values = json_new_object(rq->ctx.arena);
	struct str since = str_of(time_text(rq->ctx.arena, a->created_us)), day;

	/* "1 March 2026, 12:00": month and year are enough. */
	(void)str_next(&since, ' ', &day);
	for (size_t i = 0; i < since.n; i++) {
		if (since.p[i] == ',')
			since.n = i;
	}
	set_account_at(rq, context, "overview");
	json_set_text(context, "greeting_text", text(rq, "account.greeting", TEXT_ARGS({"name", a->name})));
	json_set_text(o, "email", a->email);
	json_set_bool(o, "email_verified", a->verified_us != 0);
	json_set_text(o, "since_text",
		text(rq, "account.since", TEXT_ARGS({"month", str_dup(rq->ctx.arena, since)})));
	json_set(context, "account", o);
	json_set_text(values, "name", a->name);
	(void)form_of(rq, context, values);
}

static json_t *session_row(struct request *rq, const struct session *s)
{
	json_t *o = json_new_object(rq->ctx.arena);
	bool current = strcmp(s->id.s, rq->subject->session_id.s) == 0;

	json_set_text(o, "id", s->id.s);
	json_set_text(o, "device_text", device_text(rq, s));
	json_set_text(o, "place_text", s->ip);
	page_set_time(rq, o, "created_at", s->created_us);
	page_set_time(rq, o, "seen_at", s->seen_us);
	json_set_bool(o, "is_current", current);
	json_set_text(o, "revoke_href",
		current ? NULL : arena_printf(rq->ctx.arena, "/account/security/sessions/%s/revoke", s->id.s));
	return o;
}

void view_security_page(struct request *rq, json_t *context, const struct session *list, size_t n)
{
	json_t *rows = json_new_array(rq->ctx.arena);

	set_account_at(rq, context, "security");
	for (size_t i = 0; i < n; i++)
		json_add(rows, session_row(rq, &list[i]));
	json_set(context, "sessions", rows);
	json_set_bool(context, "has_others", n > 1);
}

static json_t *address_row(struct request *rq, const struct address *a)
{
	json_t *o = view_address(rq, a);
	struct arena *arena = rq->ctx.arena;

	json_set_text(o, "country_name", text(rq, arena_printf(arena, "country.%s", a->country), NULL, 0));
	json_set_text(o, "edit_href", arena_printf(arena, "/account/addresses?edit=%s", a->id.s));
	json_set_text(o, "delete_href", arena_printf(arena, "/account/addresses/%s/delete", a->id.s));
	json_set_text(o, "default_href", arena_printf(arena, "/account/addresses/%s/default", a->id.s));
	return o;
}

void view_addresses_page(struct request *rq, json_t *context, const struct addresses_page *p)
{
	json_t *rows = json_new_array(rq->ctx.arena), *values = json_new_object(rq->ctx.arena);
	const char *country = form_value(rq, "country");

	set_account_at(rq, context, "addresses");
	for (size_t i = 0; i < p->n; i++)
		json_add(rows, address_row(rq, &p->list[i]));
	json_set(context, "addresses", rows);
	json_set_bool(context, "has_addresses", p->n > 0);
	json_set_text(context, "form_title", text(rq, p->edited != NULL ? "account.address_edit" : "account.address_add", NULL, 0));
	json_set_text(context, "action",
		p->edited != NULL ? arena_printf(rq->ctx.arena, "/account/addresses/%s", p->edited->id.s) :
				    "/account/addresses");
	if (p->edited != NULL)
		values = view_address(rq, p->edited);
	else
		json_set_text(values, "name", rq->subject->name);
	(void)form_of(rq, context, values);
	if (country == NULL)
		country = p->edited != NULL ? p->edited->country : rq->app->country;
	json_set(context, "countries", page_countries(rq, country));
}

/* ------------------------------------------------------------------ the back office */

static const char *role_title(const struct customers_page *p, const char *name)
{
	for (size_t i = 0; i < p->nroles; i++) {
		if (strcmp(p->roles[i].name, name) == 0)
			return p->roles[i].title;
	}
	return name;
}

static const char *roles_text(struct request *rq, const struct customers_page *p, const json_t *roles)
{
	size_t n = json_array_size(roles);
	struct buf b;

	buf_init(&b, rq->ctx.arena, 400);
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s%s", i > 0 ? ", " : "", role_title(p, json_string_value(json_array_get(roles, i))));
	return buf_ok(&b) && b.p != NULL ? b.p : "";
}

static json_t *customer_row(struct request *rq, const struct customers_page *p, const struct account *a)
{
	json_t *o = json_new_object(rq->ctx.arena);
	struct buf orders;

	buf_init(&orders, rq->ctx.arena, EMAIL_MAX * 3 + 40);
	buf_puts(&orders, "/admin/orders?q=");
	buf_url(&orders, str_of(a->email));
	json_set_text(o, "id", a->id.s);
	json_set_text(o, "name", a->name);
	json_set_text(o, "email", a->email);
	page_set_time(rq, o, "created_at", a->created_us);
	page_set_time(rq, o, "seen_at", a->seen_us);
	json_set_bool(o, "is_blocked", strcmp(a->state, "blocked") == 0);
	json_set_text(o, "status", a->state);
	json_set_text(o, "status_text", text(rq, arena_printf(rq->ctx.arena, "status.customer.%s", a->state), NULL, 0));
	json_set_text(o, "roles_text", roles_text(rq, p, a->roles));
	json_set_text(o, "orders_href", buf_ok(&orders) ? orders.p : "/admin/orders");
	json_set_bool(o, "can_edit",
		subject_can(rq->subject, "users:write") && strcmp(a->id.s, rq->subject->user_id.s) != 0);
	json_set_text(o, "href", arena_printf(rq->ctx.arena, "/admin/customers/%s", a->id.s));
	json_set_text(o, "edit_href", arena_printf(rq->ctx.arena, "/admin/customers?edit=%s", a->id.s));
	return o;
}

static json_t *edit_of(struct request *rq, const struct customers_page *p)
{
	json_t *o = json_new_object(rq->ctx.arena), *roles = json_new_array(rq->ctx.arena);
	const struct account *a = p->edited;

	json_set_text(o, "name", a->name);
	json_set_text(o, "email", a->email);
	json_set_text(o, "action", arena_printf(rq->ctx.arena, "/admin/customers/%s", a->id.s));
	json_set_text(o, "factors_href", arena_printf(rq->ctx.arena, "/admin/customers/%s/factors", a->id.s));
	json_set_bool(o, "blocked", strcmp(a->state, "blocked") == 0);
	json_set_bool(o, "can_set_roles", true);
	for (size_t i = 0; i < p->nroles; i++) {
		if (!p->roles[i].is_staff)
			continue;
		json_t *r = json_new_object(rq->ctx.arena);
		json_set_text(r, "value", p->roles[i].name);
		json_set_text(r, "text", p->roles[i].title);
		json_set_bool(r, "selected", rule_has_role(a->roles, p->roles[i].name));
		json_add(roles, r);
	}
	json_set(o, "roles", roles);
	return o;
}

static json_t *filter_of(struct request *rq, const struct user_query *q)
{
	static const char *const STATES[] = {"active", "blocked"};
	json_t *o = json_new_object(rq->ctx.arena), *states = json_new_array(rq->ctx.arena);

	json_set_text(o, "action", "/admin/customers");
	json_set_text(o, "q", q->q != NULL ? q->q : "");
	json_set_text(o, "q_label", text(rq, "admin.search_customers", NULL, 0));
	json_set_bool(o, "has_states", true);
	for (size_t i = 0; i < ARRAY_LEN(STATES); i++) {
		json_t *s = json_new_object(rq->ctx.arena);
		json_set_text(s, "value", STATES[i]);
		json_set_text(s, "text",
			text(rq, arena_printf(rq->ctx.arena, "status.customer.%s", STATES[i]), NULL, 0));
		json_set_bool(s, "selected", q->state != NULL && strcmp(q->state, STATES[i]) == 0);
		json_add(states, s);
	}
	json_set(o, "states", states);
	return o;
}

static const char *href_of(struct request *rq, const struct user_query *q, const char *cursor)
{
	struct buf b;

	buf_init(&b, rq->ctx.arena, 2000);
	buf_puts(&b, "/admin/customers?q=");
	buf_url(&b, str_of(q->q));
	if (q->state != NULL)
		buf_printf(&b, "&state=%s", q->state);
	if (cursor != NULL)
		buf_printf(&b, "&cursor=%s", cursor);
	return buf_ok(&b) ? b.p : "/admin/customers";
}

/* One account: what its row says, and what may be done with it. */
void view_customer_page(struct request *rq, json_t *context, const struct customers_page *p)
{
	const struct account *a = &p->list[0];
	json_t *o = customer_row(rq, p, a);

	json_set_bool(o, "email_verified", a->verified_us != 0);
	json_set_bool(o, "can_see_orders", subject_can(rq->subject, "orders:read"));
	json_set_bool(o, "can_view", rule_viewable(a) && rq->viewing == NULL && subject_can(rq->subject, VIEW_AS_PERMISSION));
	json_set_text(o, "view_href", arena_printf(rq->ctx.arena, "/admin/customers/%s/view", a->id.s));
	json_set(context, "customer", o);
}

void view_customers_page(struct request *rq, json_t *context, const struct customers_page *p)
{
	static const struct user_query all;
	const struct user_query *q = rq->args != NULL ? rq->args : &all;
	json_t *rows = json_new_array(rq->ctx.arena), *pager = json_new_object(rq->ctx.arena);

	for (size_t i = 0; i < p->n; i++)
		json_add(rows, customer_row(rq, p, &p->list[i]));
	json_set(context, "filter", filter_of(rq, q));
	json_set(context, "customers", rows);
	json_set_bool(context, "has_customers", p->n > 0);
	json_set_text(pager, "first_href", uuid_is_set(&q->cursor) ? href_of(rq, q, NULL) : NULL);
	json_set_text(pager, "next_href", p->more ? href_of(rq, q, p->list[p->n - 1].id.s) : NULL);
	json_set_null(pager, "range_text");
	json_set(context, "pager", pager);
	if (p->edited != NULL)
		json_set(context, "edit", edit_of(rq, p));
	else
		json_set_null(context, "edit");
}
