/* store_account.c - accounts: one statement, one function. */
#include "store_account.h"

#include "access.h"
#include "passkeys.h"

#define ACCOUNT_LIST "id, email, name, password_hash, state, to_jsonb(roles) as roles, version, created_at, seen_at,"			\
	" verified_at"

static const struct db_column ACCOUNT_COLUMNS[] = {
	DB_COLUMN(struct account, id, DB_UUID),
	DB_COLUMN(struct account, email, DB_TEXT),
	DB_COLUMN(struct account, name, DB_TEXT),
	DB_COLUMN(struct account, password_hash, DB_TEXT),
	DB_COLUMN(struct account, state, DB_TEXT),
	DB_COLUMN(struct account, roles, DB_JSON),
	DB_COLUMN(struct account, version, DB_INT64),
	DB_COLUMN_AS(struct account, created_us, DB_TIME, "created_at"),
	DB_COLUMN_AS(struct account, seen_us, DB_TIME, "seen_at"),
	DB_COLUMN_AS(struct account, verified_us, DB_TIME, "verified_at"),
};

static const struct db_stmt ACCOUNT_INSERT = DB_EXEC("account_insert",
	SQL("insert into auth.account (id, email, email_key, name, password_hash) values ($1::uuid, $2, $3, $4, $5)"));
static const struct db_stmt ACCOUNT_BY_ID = DB_ROWS("account_by_id", struct account, ACCOUNT_COLUMNS,
	SQL("select " ACCOUNT_LIST " from auth.account where id = $1::uuid"));
static const struct db_stmt ACCOUNT_LOCK =
	DB_EXEC("account_lock", SQL("select from auth.account where id = $1::uuid for no key update"));
const struct db_stmt ACCOUNT_BY_EMAIL = DB_ROWS("account_by_email", struct account, ACCOUNT_COLUMNS,
	SQL("select " ACCOUNT_LIST " from auth.account where email_key = $1"));
static const struct db_stmt ACCOUNT_LIST_PAGE = DB_ROWS("account_list", struct account, ACCOUNT_COLUMNS,
	SQL("select " ACCOUNT_LIST " from auth.account"
	    " where ($1::uuid is null or id < $1::uuid)"
	    " and ($2::text is null or position(lower($2) in email_key) > 0 or position(lower($2) in lower(name)) > 0)"
	    " and ($3::text is null or state = $3) and ($4::text is null or $4 = any (roles))"
	    " order by id desc limit $5::bigint"));
static const struct db_stmt ACCOUNT_RENAME =
	DB_EXEC("account_rename", SQL("update auth.account set name = $2 where id = $1::uuid"));
static const struct db_stmt ACCOUNT_PASSWORD =
	DB_EXEC("account_password", SQL("update auth.account set password_hash = $2 where id = $1::uuid"));
static const struct db_stmt ACCOUNT_RIGHTS = DB_EXEC("account_rights",
	SQL("update auth.account set roles = coalesce($2::text[], roles), state = coalesce($3::text, state)"
	    " where id = $1::uuid"));
static const struct db_stmt ACCOUNT_ADD_ROLE = DB_EXEC("account_add_role",
	SQL("update auth.account set roles = roles || $2::text where id = $1::uuid and not $2::text = any (roles)"));
static const struct db_stmt ACCOUNT_SEEN =
	DB_EXEC("account_seen", SQL("update auth.account set seen_at = now() where id = $1::uuid"));

static const struct db_column ROLE_COLUMNS[] = {
	DB_COLUMN(struct role, name, DB_TEXT),
	DB_COLUMN(struct role, title, DB_TEXT),
	DB_COLUMN(struct role, is_staff, DB_BOOL),
};
static const struct db_stmt ROLES = DB_ROWS("roles", struct role, ROLE_COLUMNS,
	SQL("select name, title, is_staff from auth.role order by is_staff, title"));

const struct db_stmt *const ACCOUNT_STATEMENTS[] = {&ACCOUNT_INSERT, &ACCOUNT_BY_ID, &ACCOUNT_LOCK, &ACCOUNT_BY_EMAIL, &ACCOUNT_LIST_PAGE,
	&ACCOUNT_RENAME, &ACCOUNT_PASSWORD, &ACCOUNT_RIGHTS, &ACCOUNT_ADD_ROLE, &ACCOUNT_SEEN, &ROLES, NULL};

const struct db_constraint ACCOUNT_CONSTRAINTS[] = {
	{"account_email_once", &ERR_EMAIL_TAKEN, "email", "this e-mail address already has an account"},
	{"role_unknown", &ERR_ROLE_UNKNOWN, "roles", NULL},
	{"role_pkey", &ERR_ROLE_TAKEN, "name", "there is a role of this name"},
	{"role_in_use", &ERR_ROLE_IN_USE, NULL, NULL},
	{"passkey_once", &ERR_PASSKEY_TAKEN, NULL, "this passkey is known already"},
	{"scope_unknown", &ERR_SCOPE, "scopes", NULL},
	{0},
};

void account_store_insert(struct ctx *c, const struct account *a)
{
	json_t *payload = json_new_object(c->arena);

	db_defer(c, &ACCOUNT_INSERT,
		PARAMS(P_UUID(&a->id), P_TEXT(a->email), P_TEXT(rule_email_key(c->arena, a->email)), P_TEXT(a->name),
			P_TEXT(a->password_hash)));
	json_set_text(payload, "user_id", a->id.s);
	event_emit(c, &(struct event){
			      .topic = "user.registered", .aggregate_type = "user", .aggregate_id = a->id.s, .payload = payload});
}

void account_store_lock(struct ctx *c, const struct uuid *id)
{
	db_defer(c, &ACCOUNT_LOCK, PARAMS(P_UUID(id)));
}

err_t account_store_get(struct ctx *c, const struct uuid *id, struct account *account_r)
{
	return db_one(c, &ACCOUNT_BY_ID, PARAMS(P_UUID(id)), account_r);
}

err_t account_store_by_email(struct ctx *c, const char *email, struct account *account_r, bool *found_r)
{
	return db_maybe(c, &ACCOUNT_BY_EMAIL, PARAMS(P_TEXT(rule_email_key(c->arena, email))), account_r, found_r);
}

void account_store_seen(struct ctx *c, const struct uuid *id)
{
	db_defer(c, &ACCOUNT_SEEN, PARAMS(P_UUID(id)));
}

err_t account_store_rename(struct ctx *c, const struct uuid *id, const char *name)
{
	return db_exec(c, &ACCOUNT_RENAME, PARAMS(P_UUID(id), P_TEXT(name)), NULL);
}

void account_store_set_password(struct ctx *c, const struct uuid *id, const char *hash)
{
	db_defer(c, &ACCOUNT_PASSWORD, PARAMS(P_UUID(id), P_TEXT(hash)));
}

err_t account_store_set_rights(struct ctx *c, const struct uuid *id, const struct user_input *in)
{
	const char *state = in->blocked ? "blocked" : "active";
	int64_t changed = 0;

	TRY(db_exec(c, &ACCOUNT_RIGHTS,
		PARAMS(P_UUID(id), in->has_roles ? P_TEXTS(in->roles, in->nroles) : P_NULL,
			P_TEXT(in->has_blocked ? state : NULL)),
		&changed));
	return changed == 1 ? OK : fail(c, &ERR_NOT_FOUND, "there is no such account");
}

void account_store_add_role(struct ctx *c, const struct uuid *id, const char *role)
{
	db_defer(c, &ACCOUNT_ADD_ROLE, PARAMS(P_UUID(id), P_TEXT(role)));
}

err_t account_store_list(struct ctx *c, const struct user_query *q, struct account **rows_r, size_t *n_r)
{
	return db_rows(c, &ACCOUNT_LIST_PAGE,
		PARAMS(P_UUID(&q->cursor), P_TEXT(q->q), P_TEXT(q->state), P_TEXT(q->role), P_INT(q->limit)), rows_r, n_r);
}

err_t account_store_roles(struct ctx *c, struct role **rows_r, size_t *n_r)
{
	return db_rows(c, &ROLES, NO_PARAMS, rows_r, n_r);
}
