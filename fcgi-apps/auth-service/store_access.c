/* store_access.c - roles, service accounts and API keys: one statement, one function. */
#include "store_access.h"

static const struct db_column PERMISSION_COLUMNS[] = {
	DB_COLUMN(struct permission, name, DB_TEXT),
	DB_COLUMN(struct permission, delegable, DB_BOOL),
};
static const struct db_stmt PERMISSIONS = DB_ROWS("permissions", struct permission, PERMISSION_COLUMNS,
	SQL("select name, delegable from auth.permission order by name"));

#define ROLE_SELECT                                                                                                    \
	"select r.name, r.title, r.is_staff, r.is_builtin, r.version,"                                                \
	" (select count(*) from auth.account where r.name = any (roles)) as holders,"                                  \
	" auth.permissions_of(array[r.name]) as permissions from auth.role r"
static const struct db_column ROLE_COLUMNS[] = {
	DB_COLUMN(struct role_set, name, DB_TEXT),
	DB_COLUMN(struct role_set, title, DB_TEXT),
	DB_COLUMN(struct role_set, is_staff, DB_BOOL),
	DB_COLUMN(struct role_set, is_builtin, DB_BOOL),
	DB_COLUMN(struct role_set, version, DB_INT64),
	DB_COLUMN(struct role_set, holders, DB_INT64),
	DB_COLUMN(struct role_set, permissions, DB_JSON),
};
static const struct db_stmt ROLE_SETS = DB_ROWS("role_sets", struct role_set, ROLE_COLUMNS,
	SQL(ROLE_SELECT " order by r.is_builtin desc, r.is_staff, r.title, r.name"));
static const struct db_stmt ROLE_BY_NAME =
	DB_ROWS("role_by_name", struct role_set, ROLE_COLUMNS, SQL(ROLE_SELECT " where r.name = $1"));
static const struct db_stmt ROLE_LOCK = DB_EXEC("role_lock", SQL("select from auth.role where name = $1 for update"));
static const struct db_stmt ROLE_INSERT =
	DB_EXEC("role_insert", SQL("insert into auth.role (name, title) values ($1, $2)"));
static const struct db_stmt ROLE_UPDATE = DB_EXEC("role_update",
	SQL("update auth.role set title = coalesce($2, title), version = version + 1 where name = $1"));
static const struct db_stmt ROLE_CLEAR =
	DB_EXEC("role_clear", SQL("delete from auth.role_permission where role = $1"));
static const struct db_stmt ROLE_PERMIT = DB_EXEC("role_permit",
	SQL("insert into auth.role_permission (role, permission) select $1, p from unnest($2::text[]) as p on conflict do nothing"));
static const struct db_stmt ROLE_DELETE = DB_EXEC("role_delete", SQL("delete from auth.role where name = $1"));

struct permitted {
	json_t *permissions;
};
static const struct db_column PERMITTED_COLUMNS[] = {DB_COLUMN(struct permitted, permissions, DB_JSON)};
static const struct db_stmt PERMITTED = DB_ROWS("roles_permit", struct permitted, PERMITTED_COLUMNS,
	SQL("select auth.permissions_of($1::text[]) as permissions"));

#define SERVICE_SELECT                                                                                                 \
	"select a.id, a.name, a.email, a.state, to_jsonb(a.roles) as roles, (select count(*) from auth.api_key k"     \
	" where k.account_id = a.id and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())) as keys," \
	" a.created_at from auth.account a where a.kind = 'service'"
static const struct db_column SERVICE_COLUMNS[] = {
	DB_COLUMN(struct service_account, id, DB_UUID),
	DB_COLUMN(struct service_account, name, DB_TEXT),
	DB_COLUMN(struct service_account, email, DB_TEXT),
	DB_COLUMN(struct service_account, state, DB_TEXT),
	DB_COLUMN(struct service_account, roles, DB_JSON),
	DB_COLUMN(struct service_account, keys, DB_INT64),
	DB_COLUMN_AS(struct service_account, created_us, DB_TIME, "created_at"),
};
static const struct db_stmt SERVICES = DB_ROWS("service_accounts", struct service_account, SERVICE_COLUMNS,
	SQL(SERVICE_SELECT " order by a.name, a.id"));
static const struct db_stmt SERVICE_BY_ID = DB_ROWS("service_account_by_id", struct service_account, SERVICE_COLUMNS,
	SQL(SERVICE_SELECT " and a.id = $1::uuid"));
static const struct db_stmt SERVICE_INSERT = DB_EXEC("service_account_insert",
	SQL("insert into auth.account (id, email, email_key, name, roles, kind)"
	    " values ($1::uuid, $2, $2, $3, array_append($4::text[], 'customer'), 'service')"));
static const struct db_stmt SERVICE_DELETE =
	DB_EXEC("service_account_delete", SQL("select auth.erase_account(id) from auth.account where id = $1::uuid and kind = 'service'"));

static const struct db_column KEY_COLUMNS[] = {
	DB_COLUMN(struct api_key, id, DB_UUID),
	DB_COLUMN(struct api_key, account_id, DB_UUID),
	DB_COLUMN(struct api_key, name, DB_TEXT),
	DB_COLUMN(struct api_key, hint, DB_TEXT),
	DB_COLUMN(struct api_key, account_name, DB_TEXT),
	DB_COLUMN(struct api_key, account_kind, DB_TEXT),
	DB_COLUMN(struct api_key, creator, DB_TEXT),
	DB_COLUMN(struct api_key, state, DB_TEXT),
	DB_COLUMN(struct api_key, scopes, DB_JSON),
	DB_COLUMN_AS(struct api_key, created_us, DB_TIME, "created_at"),
	DB_COLUMN_AS(struct api_key, expires_us, DB_TIME, "expires_at"),
	DB_COLUMN_AS(struct api_key, used_us, DB_TIME, "last_used_at"),
};
static const struct db_stmt KEYS = DB_ROWS("api_keys", struct api_key, KEY_COLUMNS,
	SQL("select k.id, k.account_id, k.name, k.hint, a.name as account_name, a.kind as account_kind,"
	    " (select name from auth.account where id = k.created_by) as creator,"
	    " case when k.revoked_at is not null then 'revoked' when k.expires_at <= now() then 'expired' else 'active' end as state,"
	    " to_jsonb(k.scopes) as scopes, k.created_at, k.expires_at, k.last_used_at"
	    " from auth.api_key k join auth.account a on a.id = k.account_id"
	    " where $1::uuid is null or k.id = $1::uuid order by k.revoked_at is not null, k.created_at desc, k.id limit 500"));
static const struct db_stmt KEY_INSERT = DB_EXEC("api_key_insert",
	SQL("insert into auth.api_key (id, account_id, name, token_hash, hint, scopes, created_by, expires_at)"
	    " values ($1::uuid, $2::uuid, $3, $4, $5, $6::text[], $7::uuid, now() + $8::bigint * interval '1 day')"));
static const struct db_stmt KEY_REVOKE = DB_EXEC("api_key_revoke",
	SQL("update auth.api_key set revoked_at = now() where id = $1::uuid and revoked_at is null"));

/* Of who made it; of its account's person when whoever that was is gone. */
static const struct db_column RUNNING_OUT_COLUMNS[] = {
	DB_COLUMN(struct running_out, account_id, DB_UUID),
	DB_COLUMN(struct running_out, email, DB_TEXT),
	DB_COLUMN(struct running_out, name, DB_TEXT),
	DB_COLUMN(struct running_out, key_name, DB_TEXT),
};
static const struct db_stmt KEYS_RUNNING_OUT = DB_ROWS("api_keys_running_out", struct running_out, RUNNING_OUT_COLUMNS,
	SQL("with told as (update auth.api_key set told_at = now() where id in (select id from auth.api_key"
	    " where revoked_at is null and told_at is null and expires_at between now() and now() + interval '7 days'"
	    " and expires_at > created_at + interval '7 days' order by expires_at limit 50 for update skip locked)"
	    " returning name, coalesce(created_by, account_id) as whose)"
	    " select a.id as account_id, a.email, a.name, t.name as key_name from told t join auth.account a on a.id = t.whose"
	    " where a.kind = 'person' and a.state = 'active'"));

const struct db_stmt *const ACCESS_STATEMENTS[] = {&PERMISSIONS, &ROLE_SETS, &ROLE_BY_NAME, &ROLE_LOCK, &ROLE_INSERT,
	&ROLE_UPDATE, &ROLE_CLEAR, &ROLE_PERMIT, &ROLE_DELETE, &PERMITTED, &SERVICES, &SERVICE_BY_ID, &SERVICE_INSERT,
	&SERVICE_DELETE, &KEYS, &KEY_INSERT, &KEY_REVOKE, &KEYS_RUNNING_OUT, NULL};

err_t access_store_permissions(struct ctx *c, struct permission **rows_r, size_t *n_r)
{
	return db_rows(c, &PERMISSIONS, NO_PARAMS, rows_r, n_r);
}

err_t access_store_roles(struct ctx *c, struct role_set **rows_r, size_t *n_r)
{
	return db_rows(c, &ROLE_SETS, NO_PARAMS, rows_r, n_r);
}

err_t access_store_role(struct ctx *c, const char *name, struct role_set *role_r)
{
	if (db_in_tx(c))
		db_defer(c, &ROLE_LOCK, PARAMS(P_TEXT(name)));
	return db_one(c, &ROLE_BY_NAME, PARAMS(P_TEXT(name)), role_r);
}

err_t access_store_permitted(struct ctx *c, const char *const *roles, size_t n, json_t **permissions_r)
{
	struct permitted p;

	TRY(db_one(c, &PERMITTED, PARAMS(P_TEXTS(roles, n)), &p));
	*permissions_r = p.permissions;
	return OK;
}

void access_store_insert_role(struct ctx *c, const struct role_input *in)
{
	db_defer(c, &ROLE_INSERT, PARAMS(P_TEXT(in->name), P_TEXT(in->title)));
	db_defer(c, &ROLE_PERMIT, PARAMS(P_TEXT(in->name), P_TEXTS(in->permissions, in->npermissions)));
}

void access_store_update_role(struct ctx *c, const char *name, const struct role_input *in)
{
	db_defer(c, &ROLE_UPDATE, PARAMS(P_TEXT(name), P_TEXT(in->title)));
	if (!in->has_permissions)
		return;
	db_defer(c, &ROLE_CLEAR, PARAMS(P_TEXT(name)));
	db_defer(c, &ROLE_PERMIT, PARAMS(P_TEXT(name), P_TEXTS(in->permissions, in->npermissions)));
}

err_t access_store_delete_role(struct ctx *c, const char *name)
{
	return db_exec(c, &ROLE_DELETE, PARAMS(P_TEXT(name)), NULL);
}

void access_store_insert_service(struct ctx *c, const struct uuid *id, const char *email, const struct service_account_input *in)
{
	db_defer(c, &SERVICE_INSERT, PARAMS(P_UUID(id), P_TEXT(email), P_TEXT(in->name), P_TEXTS(in->roles, in->nroles)));
}

err_t access_store_services(struct ctx *c, struct service_account **rows_r, size_t *n_r)
{
	return db_rows(c, &SERVICES, NO_PARAMS, rows_r, n_r);
}

err_t access_store_service(struct ctx *c, const struct uuid *id, struct service_account *row_r)
{
	return db_one(c, &SERVICE_BY_ID, PARAMS(P_UUID(id)), row_r);
}

void access_store_delete_service(struct ctx *c, const struct uuid *id)
{
	db_defer(c, &SERVICE_DELETE, PARAMS(P_UUID(id)));
}

void access_store_insert_key(struct ctx *c, const struct new_key *k, const struct uuid *creator)
{
	const struct key_input *in = k->in;

	db_defer(c, &KEY_INSERT,
		PARAMS(P_UUID(&k->id), P_UUID(&k->account_id), P_TEXT(in->name), P_TEXT(k->token_hash), P_TEXT(k->hint),
			P_TEXTS(in->scopes, in->nscopes), P_UUID(creator),
			P_INT_OR_NULL(in->expires_in_days, in->expires_in_days > 0)));
}

err_t access_store_keys(struct ctx *c, const struct uuid *only, struct api_key **rows_r, size_t *n_r)
{
	return db_rows(c, &KEYS, PARAMS(only != NULL ? P_UUID(only) : P_NULL), rows_r, n_r);
}

err_t access_store_revoke_key(struct ctx *c, const struct uuid *id)
{
	int64_t revoked = 0;

	TRY(db_exec(c, &KEY_REVOKE, PARAMS(P_UUID(id)), &revoked));
	return revoked == 1 ? OK : fail(c, &ERR_NOT_FOUND, "there is no such key, or it was revoked before");
}

err_t access_store_running_out(struct ctx *c, struct running_out **rows_r, size_t *n_r)
{
	return db_rows(c, &KEYS_RUNNING_OUT, NO_PARAMS, rows_r, n_r);
}
