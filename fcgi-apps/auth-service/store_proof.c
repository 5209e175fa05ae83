/* store_proof.c - letters, links and erasure: one statement, one function. */
#include "store_proof.h"

#define TAKEN_PER_TICK 50

static const struct db_stmt LETTER_INSERT = DB_EXEC("letter_insert",
	SQL("insert into auth.letter (id, kind, account_id, recipient, name, other_email, about, expires_at)"
	    " select $1::uuid, k.kind, $3::uuid, $4, $5, $6, $7, now() + k.life from auth.letter_kind k where k.kind = $2"));

static const struct db_column PROOF_COLUMNS[] = {
	DB_COLUMN(struct proof, account_id, DB_UUID),
	DB_COLUMN(struct proof, proves, DB_TEXT),
	DB_COLUMN(struct proof, recipient, DB_TEXT),
	DB_COLUMN(struct proof, email, DB_TEXT),
	DB_COLUMN(struct proof, name, DB_TEXT),
	DB_COLUMN(struct proof, verified, DB_BOOL),
};
/* A link of before the address changed proves nothing about the one of today. */
static const struct db_stmt PROOF_FIND = DB_ROWS("proof_find", struct proof, PROOF_COLUMNS,
	SQL("select a.id as account_id, k.proves, l.recipient, a.email, a.name, a.verified_at is not null as verified"
	    " from auth.letter_token t join auth.letter l on l.id = t.letter_id join auth.letter_kind k on k.kind = l.kind"
	    " join auth.account a on a.id = l.account_id"
	    " where t.token_hash = $1 and t.expires_at > now() and l.spent_at is null and a.state = 'active'"
	    " and (k.proves = 'change' or l.recipient = a.email) for no key update of a, l"));
static const struct db_stmt LETTERS_SPEND = DB_EXEC("letters_spend",
	SQL("update auth.letter set spent_at = now() where account_id = $1::uuid and spent_at is null"
	    " and kind in (select kind from auth.letter_kind where proves = $2)"));
static const struct db_stmt ACCOUNT_VERIFIED = DB_EXEC("account_verified",
	SQL("update auth.account set verified_at = now() where id = $1::uuid and verified_at is null"));
static const struct db_stmt ACCOUNT_EMAIL = DB_EXEC("account_email",
	SQL("select auth.change_email($1::uuid, $2, $3)"));

static const struct db_stmt FORGOT_INSERT =
	DB_EXEC("forgot_insert", SQL("insert into auth.reset_request (id, email_key) values ($1::uuid, $2)"));
/* Five an hour: whoever asks for more has mail waiting. */
static const struct db_stmt FORGOT_TAKE = DB_ROWS("forgot_take", struct proof, PROOF_COLUMNS,
	SQL("with taken as (delete from auth.reset_request where id in (select id from auth.reset_request"
	    " order by id limit $1::bigint for update skip locked) returning email_key)"
	    " select a.id as account_id, 'reset' as proves, a.email as recipient, a.email, a.name,"
	    " a.verified_at is not null as verified from auth.account a"
	    " where a.email_key in (select email_key from taken) and a.state = 'active'"
	    " and 5 > (select count(*) from auth.letter l where l.account_id = a.id and l.kind = 'reset_password'"
	    " and l.created_at > now() - interval '1 hour')"));

static const struct db_column COLLECTED_COLUMNS[] = {
	DB_COLUMN(struct collected, orders, DB_JSON),
	DB_COLUMN(struct collected, carts, DB_JSON),
	DB_COLUMN(struct collected, messages, DB_JSON),
};
static const struct db_stmt COLLECT = DB_ROWS("person_collect", struct collected, COLLECTED_COLUMNS,
	SQL("select o.orders, cart.export_of($1::uuid) as carts, notification.export_of($1::uuid,"
	    " array(select (one ->> 'id')::uuid from jsonb_array_elements(o.orders) as one)) as messages"
	    " from (select orders.export_of($1::uuid) as orders) o"));

struct answer {
	bool yes;
};
static const struct db_column ANSWER_COLUMNS[] = {DB_COLUMN(struct answer, yes, DB_BOOL)};
static const struct db_stmt SESSION_FRESH = DB_ROWS("session_fresh", struct answer, ANSWER_COLUMNS,
	SQL("select created_at > now() - $2::bigint * interval '1 second' as yes from auth.session where id = $1::uuid"));
static const struct db_stmt LETTER_RECENT = DB_ROWS("letter_recent", struct answer, ANSWER_COLUMNS,
	SQL("select exists (select from auth.letter where account_id = $1::uuid and kind = $2"
	    " and created_at > now() - interval '1 hour') as yes"));
static const struct db_stmt ADMINS_LOCK =
	DB_EXEC("admins_lock", SQL("select pg_advisory_xact_lock(hashtextextended('auth.admins', 0))"));
static const struct db_stmt OTHER_ADMIN = DB_ROWS("other_admin", struct answer, ANSWER_COLUMNS,
	SQL("select exists (select from auth.account where 'admin' = any (roles) and state = 'active' and id <> $1::uuid) as yes"));
static const struct db_stmt CART_ERASE = DB_EXEC("person_erase_carts", SQL("select cart.erase_person($1::uuid)"));
static const struct db_stmt ACCOUNT_ERASE =
	DB_EXEC("account_erase", SQL("select auth.erase_account($1::uuid)"));

const struct db_stmt *const PROOF_STATEMENTS[] = {&LETTER_INSERT, &PROOF_FIND, &LETTERS_SPEND, &ACCOUNT_VERIFIED,
	&ACCOUNT_EMAIL, &FORGOT_INSERT, &FORGOT_TAKE, &COLLECT, &SESSION_FRESH, &LETTER_RECENT, &ADMINS_LOCK, &OTHER_ADMIN, &CART_ERASE,
	&ACCOUNT_ERASE, NULL};

static void emit(struct ctx *c, const char *topic, const struct uuid *user, json_t *payload)
{
	json_set_text(payload, "user_id", user->s);
	event_emit(c, &(struct event){.topic = topic, .aggregate_type = "user", .aggregate_id = user->s, .payload = payload});
}

void proof_store_letter(struct ctx *c, const struct letter *l)
{
	json_t *payload = json_new_object(c->arena);
	struct uuid id = uuid_v7();

	db_defer(c, &LETTER_INSERT,
		PARAMS(P_UUID(&id), P_TEXT(l->kind), l->account_id != NULL ? P_UUID(l->account_id) : P_NULL,
			P_TEXT(l->recipient), P_TEXT(l->name), P_TEXT(l->other_email), P_TEXT(l->about)));
	json_set_text(payload, "letter_id", id.s);
	json_set_text(payload, "kind", l->kind);
	emit(c, "user.letter_requested", l->user_id, payload);
}

err_t proof_store_recent(struct ctx *c, const struct uuid *account, const char *kind, bool *recent_r)
{
	struct answer answer;

	TRY(db_one(c, &LETTER_RECENT, PARAMS(P_UUID(account), P_TEXT(kind)), &answer));
	*recent_r = answer.yes;
	return OK;
}

err_t proof_store_find(struct ctx *c, const char *token_hash, struct proof *proof_r, bool *found_r)
{
	return db_maybe(c, &PROOF_FIND, PARAMS(P_TEXT(token_hash)), proof_r, found_r);
}

void proof_store_spend(struct ctx *c, const struct uuid *account, const char *proves)
{
	db_defer(c, &LETTERS_SPEND, PARAMS(P_UUID(account), P_TEXT(proves)));
}

void proof_store_verified(struct ctx *c, const struct proof *p)
{
	if (p->verified)
		return;
	db_defer(c, &ACCOUNT_VERIFIED, PARAMS(P_UUID(&p->account_id)));
	emit(c, "user.email_verified", &p->account_id, json_new_object(c->arena));
}

void proof_store_email(struct ctx *c, const struct proof *p)
{
	db_defer(c, &ACCOUNT_EMAIL,
		PARAMS(P_UUID(&p->account_id), P_TEXT(p->recipient), P_TEXT(rule_email_key(c->arena, p->recipient))));
	emit(c, "user.email_verified", &p->account_id, json_new_object(c->arena));
}

err_t proof_store_forgot(struct ctx *c, const char *email_key)
{
	struct uuid id = uuid_v7();

	return db_exec(c, &FORGOT_INSERT, PARAMS(P_UUID(&id), P_TEXT(email_key)), NULL);
}

err_t proof_store_take_forgotten(struct ctx *c, struct proof **rows_r, size_t *n_r)
{
	return db_rows(c, &FORGOT_TAKE, PARAMS(P_INT(TAKEN_PER_TICK)), rows_r, n_r);
}

err_t proof_store_collect(struct ctx *c, const struct uuid *user, struct collected *collected_r)
{
	return db_one(c, &COLLECT, PARAMS(P_UUID(user)), collected_r);
}

err_t proof_store_fresh(struct ctx *c, const struct uuid *session, bool *fresh_r)
{
	struct answer a = {.yes = false};
	bool found;

	TRY(db_maybe(c, &SESSION_FRESH, PARAMS(P_UUID(session), P_INT(FRESH_SESSION_SECS)), &a, &found));
	*fresh_r = found && a.yes;
	return OK;
}

err_t proof_store_other_admin(struct ctx *c, const struct uuid *user, bool *found_r)
{
	struct answer a;

	db_defer(c, &ADMINS_LOCK, NO_PARAMS);
	TRY(db_one(c, &OTHER_ADMIN, PARAMS(P_UUID(user)), &a));
	*found_r = a.yes;
	return OK;
}

void proof_store_erase(struct ctx *c, const struct uuid *user)
{
	db_defer(c, &CART_ERASE, PARAMS(P_UUID(user)));
	db_defer(c, &ACCOUNT_ERASE, PARAMS(P_UUID(user)));
	emit(c, "user.erased", user, json_new_object(c->arena));
}
