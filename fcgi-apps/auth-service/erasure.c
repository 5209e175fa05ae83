/*
 * erasure.c - all that is known of a person, for that person; and the end of it. Carts go in
 * the same transaction; orders and messages hear of it by user.erased, and anonymise what the
 * law wants kept.
 */
#include "proofs.h"

#include <string.h>

#include "data/clock.h"
#include "factors.h"
#include "passkeys.h"
#include "store_account.h"
#include "store_factor.h"
#include "store_passkey.h"
#include "store_proof.h"
#include "store_session.h"

static json_t *sessions_of(struct request *rq, const struct session *list, size_t n)
{
	json_t *rows = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < n; i++)
		json_add(rows, view_session(rq, &list[i]));
	return rows;
}

static json_t *addresses_of(struct request *rq, const struct address *list, size_t n)
{
	json_t *rows = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < n; i++)
		json_add(rows, view_address(rq, &list[i]));
	return rows;
}

/* What signs this person in: never what it is checked with. */
static err_t set_factors(struct request *rq, json_t *o)
{
	json_t *rows = json_new_array(rq->ctx.arena);
	struct factor_state state;
	struct passkey *list;
	size_t n;

	TRY(factor_store_get(&rq->ctx, &rq->subject->user_id, &state));
	TRY(passkey_store_list(&rq->ctx, &rq->subject->user_id, &list, &n));
	for (size_t i = 0; i < n; i++)
		json_add(rows, view_passkey(rq, &list[i]));
	json_set(o, "second_factor", view_factor(rq, &state));
	json_set(o, "passkeys", rows);
	return OK;
}

err_t account_export(struct request *rq, json_t **document_r)
{
	const struct uuid *me = &rq->subject->user_id;
	json_t *o = json_new_object(rq->ctx.arena);
	struct collected others;
	struct account account;
	struct address *addresses;
	struct session *sessions;
	size_t naddresses, nsessions;

	TRY(account_store_get(&rq->ctx, me, &account));
	TRY(address_store_list(&rq->ctx, me, &addresses, &naddresses));
	TRY(session_store_list(&rq->ctx, me, &sessions, &nsessions));
	TRY(proof_store_collect(&rq->ctx, me, &others));
	json_set_time(o, "exported_at", clock_now_us());
	json_set(o, "account", view_own_account(rq, &account));
	json_set(o, "addresses", addresses_of(rq, addresses, naddresses));
	json_set(o, "sessions", sessions_of(rq, sessions, nsessions));
	TRY(set_factors(rq, o));
	json_set(o, "orders", others.orders);
	json_set(o, "carts", others.carts);
	json_set(o, "messages", others.messages);
	*document_r = o;
	return OK;
}

/* A session that somebody left open must not be enough to end an account. */
static err_t prove_presence(struct request *rq, const char *password)
{
	bool fresh = false;

	if (password != NULL)
		return check_own_password(rq, "password", password);
	if (uuid_is_set(&rq->subject->session_id))
		TRY(proof_store_fresh(&rq->ctx, &rq->subject->session_id, &fresh));
	return fresh ? OK : fail(&rq->ctx, &ERR_SAY_AGAIN, "sign in again, or send the password along");
}

static err_t erase_body(struct ctx *c, void *arg)
{
	struct request *rq = arg;
	const struct subject *s = rq->subject;
	struct account account;
	bool other = true;

	account_store_lock(c, &s->user_id);
	TRY(account_store_get(c, &s->user_id, &account));
	if (rule_has_role(account.roles, "admin"))
		TRY(proof_store_other_admin(c, &account.id, &other));
	if (!other)
		return fail(c, &ERR_LAST_ADMIN, "make somebody else an administrator first");
	proof_store_letter(c,
		&(struct letter){
			.kind = "account_erased", .user_id = &account.id, .recipient = account.email, .name = account.name});
	audit_account(rq, "account.erase", &account.id);
	proof_store_erase(c, &account.id);
	return OK;
}

err_t account_erase(struct request *rq, const char *password)
{
	TRY(prove_presence(rq, password));
	return db_tx(&rq->ctx, DB_TX_DEFAULT, erase_body, rq);
}
