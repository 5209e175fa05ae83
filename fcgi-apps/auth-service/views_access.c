/* views_access.c - output fields of roles, invitations, service accounts and API keys. */
#include "access.h"

#include <string.h>

#include "app/page.h"

json_t *view_role(struct request *rq, const struct role_set *r)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "name", r->name);
	json_set_text(o, "title", r->title);
	json_set_bool(o, "staff", r->is_staff);
	json_set_bool(o, "builtin", r->is_builtin);
	json_set(o, "permissions", r->permissions);
	json_set_int(o, "accounts", r->holders);
	return o;
}

json_t *view_invitation(struct request *rq, const struct invitation *i)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "id", i->id.s);
	json_set_text(o, "email", i->email);
	json_set(o, "roles", i->roles);
	json_set_text(o, "state", i->state);
	json_set_text(o, "invited_by", i->inviter);
	json_set_time(o, "created_at", i->created_us);
	json_set_time(o, "expires_at", i->expires_us);
	return o;
}

json_t *view_service_account(struct request *rq, const struct service_account *s)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "id", s->id.s);
	json_set_text(o, "name", s->name);
	json_set(o, "roles", s->roles);
	json_set_bool(o, "blocked", strcmp(s->state, "blocked") == 0);
	json_set_int(o, "keys", s->keys);
	json_set_time(o, "created_at", s->created_us);
	return o;
}

json_t *view_key(struct request *rq, const struct api_key *k)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "id", k->id.s);
	json_set_text(o, "name", k->name);
	json_set_text(o, "hint", arena_printf(rq->ctx.arena, API_KEY_PREFIX "…%s", k->hint));
	json_set_text(o, "account_id", k->account_id.s);
	json_set(o, "scopes", k->scopes);
	json_set_text(o, "state", k->state);
	json_set_text(o, "created_by", k->creator);
	json_set_time(o, "created_at", k->created_us);
	json_set_time(o, "expires_at", k->expires_us);
	json_set_time(o, "last_used_at", k->used_us);
	return o;
}

/* ------------------------------------------------------------------ what the pages share */

/* "orders:write" → the words of admin.access.permission.orders_write. */
static const char *permission_text(struct request *rq, const char *name)
{
	char *key = arena_printf(rq->ctx.arena, "admin.access.permission.%s", name), *colon = strchr(key, ':');

	if (colon != NULL)
		*colon = '_';
	return text(rq, key, NULL, 0);
}

/* Whether a box of that name and value came back ticked. */
static bool came_ticked(struct request *rq, const char *name, const char *value)
{
	for (size_t i = 0; i < rq->form.n; i++) {
		if (str_eq(rq->form.list[i].name, name) && str_eq(rq->form.list[i].value, value))
			return true;
	}
	return false;
}

static json_t *box(struct request *rq, const char *value, const char *words, bool ticked)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "value", value);
	json_set_text(o, "text", words);
	json_set_bool(o, "ticked", ticked);
	return o;
}

/* A box for each permission that whoever looks has: they can't give another. */
static json_t *permission_boxes(struct request *rq, const struct access_lists *l, const char *field, const json_t *ticked)
{
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < l->npermissions; i++) {
		const struct permission *p = &l->permissions[i];
		if (!subject_can(rq->subject, p->name) || (strcmp(field, "scopes") == 0 && !p->delegable))
			continue;
		json_add(list,
			box(rq, p->name, permission_text(rq, p->name),
				rq->form.n > 0 ? came_ticked(rq, field, p->name) : rule_has_role(ticked, p->name)));
	}
	return list;
}

static bool may_give(struct request *rq, const struct role_set *r)
{
	for (size_t i = 0; i < json_array_size(r->permissions); i++) {
		if (!subject_can(rq->subject, json_string_value(json_array_get(r->permissions, i))))
			return false;
	}
	return r->is_staff;
}

static json_t *role_boxes(struct request *rq, const struct access_lists *l)
{
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < l->nroles; i++) {
		if (may_give(rq, &l->roles[i]))
			json_add(list, box(rq, l->roles[i].name, l->roles[i].title, came_ticked(rq, "roles", l->roles[i].name)));
	}
	return list;
}

static const char *roles_text(struct request *rq, const struct access_lists *l, const json_t *roles)
{
	struct buf b;

	buf_init(&b, rq->ctx.arena, 4000);
	for (size_t n = 0; n < json_array_size(roles); n++) {
		const char *name = json_string_value(json_array_get(roles, n)), *title = name;
		for (size_t i = 0; i < l->nroles; i++) {
			if (strcmp(l->roles[i].name, name) == 0)
				title = l->roles[i].is_staff ? l->roles[i].title : NULL;
		}
		if (title != NULL)
			buf_printf(&b, "%s%s", b.len > 0 ? ", " : "", title);
	}
	return buf_ok(&b) && b.p != NULL ? b.p : "";
}

static void set_tabs(struct request *rq, json_t *context, const char *at)
{
	static const char *const TABS[] = {"team", "roles", "keys"};
	json_t *o = json_new_object(rq->ctx.arena);

	for (size_t i = 0; i < ARRAY_LEN(TABS); i++)
		json_set_bool(o, TABS[i], strcmp(TABS[i], at) == 0);
	json_set(context, "access_at", o);
}

static void set_state(struct request *rq, json_t *o, const char *state)
{
	json_set_text(o, "status", state);
	json_set_text(o, "status_text", text(rq, arena_printf(rq->ctx.arena, "admin.access.state.%s", state), NULL, 0));
}

/* ------------------------------------------------------------------ roles */

static json_t *role_row(struct request *rq, const struct role_set *r)
{
	json_t *o = view_role(rq, r), *words = json_new_array(rq->ctx.arena);
	bool own = !r->is_builtin && may_give(rq, r) && subject_can(rq->subject, "roles:write");

	for (size_t i = 0; i < json_array_size(r->permissions); i++)
		json_add_text(words, permission_text(rq, json_string_value(json_array_get(r->permissions, i))));
	json_set(o, "permission_texts", words);
	json_set_bool(o, "has_permissions", json_array_size(words) > 0);
	json_set_text(o, "accounts_text", arena_printf(rq->ctx.arena, "%lld", (long long)r->holders));
	json_set_bool(o, "can_edit", own);
	json_set_bool(o, "can_delete", own && r->holders == 0);
	json_set_text(o, "edit_href", arena_printf(rq->ctx.arena, "/admin/roles?edit=%s", r->name));
	json_set_text(o, "delete_href", arena_printf(rq->ctx.arena, "/admin/roles/%s/delete", r->name));
	return o;
}

void view_roles_page(struct request *rq, json_t *context, const struct access_lists *l, const char *edited)
{
	json_t *rows = json_new_array(rq->ctx.arena), *form = json_new_object(rq->ctx.arena), *values = json_new_object(rq->ctx.arena);
	const struct role_set *role = NULL;

	set_tabs(rq, context, "roles");
	for (size_t i = 0; i < l->nroles; i++) {
		json_add(rows, role_row(rq, &l->roles[i]));
		if (edited != NULL && strcmp(l->roles[i].name, edited) == 0 && !l->roles[i].is_builtin)
			role = &l->roles[i];
	}
	json_set(context, "roles", rows);
	json_set_bool(context, "can_write", subject_can(rq->subject, "roles:write"));
	json_set_bool(context, "is_new", role == NULL);
	json_set_text(context, "action", role != NULL ? arena_printf(rq->ctx.arena, "/admin/roles/%s", role->name) : "/admin/roles");
	json_set(context, "boxes", permission_boxes(rq, l, "permissions", role != NULL ? role->permissions : NULL));
	json_set_text(values, "title", role != NULL ? role->title : "");
	json_set_text(values, "name", role != NULL ? role->name : "");
	json_set(form, "values", values);
	json_set(context, "form", form);
}

/* ------------------------------------------------------------------ the team */

void view_team_page(struct request *rq, json_t *context, const struct access_lists *l)
{
	json_t *rows = json_new_array(rq->ctx.arena);

	set_tabs(rq, context, "team");
	for (size_t i = 0; i < l->ninvitations; i++) {
		const struct invitation *v = &l->invitations[i];
		json_t *o = json_new_object(rq->ctx.arena);
		bool open = strcmp(v->state, "open") == 0;
		json_set_text(o, "email", v->email);
		json_set_text(o, "roles_text", roles_text(rq, l, v->roles));
		json_set_text(o, "inviter", v->inviter);
		set_state(rq, o, v->state);
		page_set_time(rq, o, "created_at", v->created_us);
		page_set_time(rq, o, "expires_at", v->expires_us);
		json_set_bool(o, "can_revoke", open && subject_can(rq->subject, "users:write"));
		json_set_text(o, "revoke_href", arena_printf(rq->ctx.arena, "/admin/team/invitations/%s/revoke", v->id.s));
		json_add(rows, o);
	}
	json_set(context, "invitations", rows);
	json_set_bool(context, "has_invitations", l->ninvitations > 0);
	json_set_bool(context, "can_write", subject_can(rq->subject, "users:write"));
	json_set(context, "boxes", role_boxes(rq, l));
}

/* ------------------------------------------------------------------ keys */

static json_t *key_row(struct request *rq, const struct api_key *k)
{
	json_t *o = view_key(rq, k), *words = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < json_array_size(k->scopes); i++)
		json_add_text(words, permission_text(rq, json_string_value(json_array_get(k->scopes, i))));
	json_set(o, "scope_texts", words);
	json_set_text(o, "account_name", k->account_name);
	json_set_bool(o, "of_service", strcmp(k->account_kind, "service") == 0);
	set_state(rq, o, k->state);
	page_set_time(rq, o, "created_at", k->created_us);
	page_set_time(rq, o, "expires_at", k->expires_us);
	page_set_time(rq, o, "used_at", k->used_us);
	json_set_bool(o, "can_revoke", strcmp(k->state, "revoked") != 0 && subject_can(rq->subject, "keys:write"));
	json_set_text(o, "revoke_href", arena_printf(rq->ctx.arena, "/admin/api-keys/%s/revoke", k->id.s));
	return o;
}

static void view_services(struct request *rq, json_t *context, const struct access_lists *l)
{
	json_t *rows = json_new_array(rq->ctx.arena);
	const char *chosen = form_value(rq, "account_id");

	for (size_t i = 0; i < l->nservices; i++) {
		const struct service_account *s = &l->services[i];
		json_t *o = view_service_account(rq, s);
		json_set_text(o, "roles_text", roles_text(rq, l, s->roles));
		json_set_text(o, "keys_text", arena_printf(rq->ctx.arena, "%lld", (long long)s->keys));
		json_set_bool(o, "selected", chosen != NULL && strcmp(chosen, s->id.s) == 0);
		page_set_time(rq, o, "created_at", s->created_us);
		json_set_text(o, "delete_href", arena_printf(rq->ctx.arena, "/admin/service-accounts/%s/delete", s->id.s));
		json_add(rows, o);
	}
	json_set(context, "services", rows);
	json_set_bool(context, "has_services", l->nservices > 0);
}

void view_keys_page(struct request *rq, json_t *context, const struct access_lists *l, const char *secret)
{
	static const char *const DAYS[] = {"30", "90", "365"};
	json_t *rows = json_new_array(rq->ctx.arena), *lives = json_new_array(rq->ctx.arena);
	const char *life = form_value(rq, "expires_in_days");

	set_tabs(rq, context, "keys");
	for (size_t i = 0; i < l->nkeys; i++)
		json_add(rows, key_row(rq, &l->keys[i]));
	for (size_t i = 0; i < ARRAY_LEN(DAYS); i++)
		json_add(lives,
			box(rq, DAYS[i], text(rq, "admin.access.days", TEXT_ARGS({"count", DAYS[i]})),
				strcmp(life != NULL ? life : "90", DAYS[i]) == 0));
	json_set(context, "keys", rows);
	json_set_bool(context, "has_keys", l->nkeys > 0);
	json_set_text(context, "secret", secret);
	json_set_bool(context, "can_write", subject_can(rq->subject, "keys:write"));
	json_set(context, "boxes", permission_boxes(rq, l, "scopes", NULL));
	json_set(context, "role_boxes", role_boxes(rq, l));
	json_set(context, "lives", lives);
	json_set_bool(context, "never", life != NULL && life[0] == '\0');
	view_services(rq, context, l);
}
