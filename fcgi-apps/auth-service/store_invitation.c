/* store_invitation.c - invitations of staff: one statement, one function. */
#include "store_access.h"

#define INVITATION_SELECT                                                                                              \
	"select i.id, i.account_id, i.letter_id, i.email, case when i.accepted_at is not null then 'accepted'"        \
	" when i.revoked_at is not null then 'revoked' when i.expires_at <= now() then 'expired' else 'open' end as state," \
	" (select name from auth.account where id = i.invited_by) as inviter, to_jsonb(i.roles) as roles, i.created_at," \
	" i.expires_at from auth.invitation i"
static const struct db_column INVITATION_COLUMNS[] = {
	DB_COLUMN(struct invitation, id, DB_UUID),
	DB_COLUMN(struct invitation, account_id, DB_UUID),
	DB_COLUMN(struct invitation, letter_id, DB_UUID),
	DB_COLUMN(struct invitation, email, DB_TEXT),
	DB_COLUMN(struct invitation, state, DB_TEXT),
	DB_COLUMN(struct invitation, inviter, DB_TEXT),
	DB_COLUMN(struct invitation, roles, DB_JSON),
	DB_COLUMN_AS(struct invitation, created_us, DB_TIME, "created_at"),
	DB_COLUMN_AS(struct invitation, expires_us, DB_TIME, "expires_at"),
};
static const struct db_stmt INVITATIONS = DB_ROWS("invitations", struct invitation, INVITATION_COLUMNS,
	SQL(INVITATION_SELECT " where $1::uuid is null or i.id = $1::uuid order by i.created_at desc, i.id desc limit 200"));
static const struct db_stmt INVITATION_FIND = DB_ROWS("invitation_find", struct invitation, INVITATION_COLUMNS,
	SQL(INVITATION_SELECT " join auth.letter l on l.id = i.letter_id join auth.letter_token t on t.letter_id = l.id"
			      " where t.token_hash = $1 and t.expires_at > now() and l.spent_at is null and i.accepted_at is null"
			      " and i.revoked_at is null and i.expires_at > now() for no key update of i, l"));
static const struct db_stmt LETTER_INSERT = DB_EXEC("invitation_letter",
	SQL("insert into auth.letter (id, kind, recipient, name, expires_at)"
	    " select $1::uuid, k.kind, $2, split_part($2, '@', 1), now() + k.life from auth.letter_kind k where k.kind = 'invitation'"));
/* The mailbox' earlier ones end with their links. */
static const struct db_stmt INVITATIONS_END = DB_EXEC("invitations_end",
	SQL("with ended as (update auth.invitation set revoked_at = now() where (id = $1::uuid or email_key = $2)"
	    " and accepted_at is null and revoked_at is null returning letter_id)"
	    " update auth.letter set spent_at = now() where id in (select letter_id from ended)"));
static const struct db_stmt INVITATION_INSERT = DB_EXEC("invitation_insert",
	SQL("insert into auth.invitation (id, account_id, letter_id, email, email_key, roles, invited_by)"
	    " values ($1::uuid, $2::uuid, $3::uuid, $4, $5, $6::text[], $7::uuid)"));
static const struct db_stmt INVITATION_ACCEPTED = DB_EXEC("invitation_accepted",
	SQL("with done as (update auth.invitation set accepted_at = now() where id = $1::uuid returning letter_id)"
	    " update auth.letter set spent_at = now() where id in (select letter_id from done)"));
static const struct db_stmt ACCOUNT_OF = DB_EXEC("invitation_account",
	SQL("insert into auth.account (id, email, email_key, name, password_hash, roles, verified_at)"
	    " select account_id, email, email_key, $2, $3, array_append(roles, 'customer'), now()"
	    " from auth.invitation where id = $1::uuid"));

const struct db_stmt *const INVITATION_STATEMENTS[] = {&INVITATIONS, &INVITATION_FIND, &LETTER_INSERT, &INVITATIONS_END,
	&INVITATION_INSERT, &INVITATION_ACCEPTED, &ACCOUNT_OF, NULL};

static void emit(struct ctx *c, const char *topic, const struct uuid *user, json_t *payload)
{
	json_set_text(payload, "user_id", user->s);
	event_emit(c, &(struct event){.topic = topic, .aggregate_type = "user", .aggregate_id = user->s, .payload = payload});
}

static const char *const *texts_of(struct ctx *c, const json_t *list, size_t *n_r)
{
	const char **texts = arena_array_of(c->arena, json_array_size(list) + 1, const char *);

	*n_r = json_array_size(list);
	for (size_t i = 0; i < *n_r; i++)
		texts[i] = json_string_value(json_array_get(list, i));
	return texts;
}

void invitation_store_insert(struct ctx *c, const struct invitation *i, const struct uuid *inviter)
{
	const char *key = rule_email_key(c->arena, i->email);
	json_t *payload = json_new_object(c->arena);
	size_t n;
	const char *const *roles = texts_of(c, i->roles, &n);

	db_defer(c, &INVITATIONS_END, PARAMS(P_NULL, P_TEXT(key)));
	db_defer(c, &LETTER_INSERT, PARAMS(P_UUID(&i->letter_id), P_TEXT(i->email)));
	db_defer(c, &INVITATION_INSERT,
		PARAMS(P_UUID(&i->id), P_UUID(&i->account_id), P_UUID(&i->letter_id), P_TEXT(i->email), P_TEXT(key),
			P_TEXTS(roles, n), P_UUID(inviter)));
	json_set_text(payload, "letter_id", i->letter_id.s);
	json_set_text(payload, "kind", "invitation");
	emit(c, "user.letter_requested", &i->account_id, payload);
}

err_t invitation_store_list(struct ctx *c, const struct uuid *only, struct invitation **rows_r, size_t *n_r)
{
	return db_rows(c, &INVITATIONS, PARAMS(only != NULL ? P_UUID(only) : P_NULL), rows_r, n_r);
}

err_t invitation_store_revoke(struct ctx *c, const struct uuid *id)
{
	int64_t ended = 0;

	TRY(db_exec(c, &INVITATIONS_END, PARAMS(P_UUID(id), P_NULL), &ended));
	return ended == 1 ? OK : fail(c, &ERR_NOT_FOUND, "there is no such invitation, or it is not open any more");
}

err_t invitation_store_find(struct ctx *c, const char *token_hash, struct invitation *row_r, bool *found_r)
{
	return db_maybe(c, &INVITATION_FIND, PARAMS(P_TEXT(token_hash)), row_r, found_r);
}

void invitation_store_accept(struct ctx *c, const struct invitation *i, const struct account *a)
{
	db_defer(c, &INVITATION_ACCEPTED, PARAMS(P_UUID(&i->id)));
	db_defer(c, &ACCOUNT_OF, PARAMS(P_UUID(&i->id), P_TEXT(a->name), P_TEXT(a->password_hash)));
	emit(c, "user.registered", &a->id, json_new_object(c->arena));
	emit(c, "user.email_verified", &a->id, json_new_object(c->arena));
}
