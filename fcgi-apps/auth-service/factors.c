/* factors.c - asking for the second factor, and switching it on and off: shared by the API and the pages. */
#include "factors.h"

#include <string.h>

#include "access.h"
#include "attempts.h"
#include "data/clock.h"
#include "proofs.h"
#include "store_account.h"
#include "store_attempt.h"
#include "store_factor.h"
#include "store_passkey.h"
#include "store_proof.h"
#include "store_session.h"
#include "trail.h"

static int64_t now_secs(void)
{
	return clock_now_us() / US_PER_SEC;
}

/* The same code of two accounts has two hashes. */
static const char *code_hash(struct ctx *c, const struct uuid *account, const char *key)
{
	return token_hash(c->arena, str_of(arena_printf(c->arena, "%s of %s", key, account->s)));
}

/* "123 456" is how apps show it. */
static const char *without_spaces(struct arena *a, const char *typed)
{
	char *s = arena_alloc(a, strlen(typed) + 1);
	size_t n = 0;

	for (const char *p = typed; *p != '\0'; p++) {
		if (*p != ' ')
			s[n++] = *p;
	}
	s[n] = '\0';
	return s;
}

/* Recovery codes are hashes: they help also when the key of what is sealed was lost. */
err_t factor_open(struct ctx *c, const struct uuid *account, struct factor_state *state_r)
{
	struct str secret;

	TRY(factor_store_get(c, account, state_r));
	if (state_r->sealed.bytes.n > 0 && unseal(c, "totp", account->s, &state_r->sealed, &secret))
		state_r->secret = secret;
	return OK;
}

/* ------------------------------------------------------------------ a code */

struct verifying {
	struct request *rq;
	const struct uuid *account;
	const char *code;
	bool good, again; /* again: the newest code that was used comes once more */
};

/* Somebody may have looked over the owner's shoulder: once an hour is told enough. */
static err_t tell_of_reuse(struct ctx *c, const struct uuid *id)
{
	struct account account;
	bool told;

	TRY(account_store_get(c, id, &account));
	TRY(proof_store_recent(c, id, "code_reused", &told));
	if (!told)
		proof_store_letter(c,
			&(struct letter){
				.kind = "code_reused", .account_id = id, .user_id = id, .recipient = account.email, .name = account.name});
	return OK;
}

static err_t verify_body(struct ctx *c, void *arg)
{
	struct verifying *v = arg;
	const char *key = recovery_code_key(c->arena, v->code);
	struct factor_state state;
	int64_t counter = 0;

	v->good = v->again = false;
	TRY(factor_open(c, v->account, &state));
	if (!state.enabled)
		return OK;
	if (state.secret.n > 0 &&
		totp_match(state.secret, without_spaces(c->arena, v->code), now_secs(), state.last_counter, &counter))
		return factor_store_spend_counter(c, v->account, counter, &v->good);
	v->again = state.secret.n > 0 && totp_is_last(state.secret, without_spaces(c->arena, v->code), now_secs(), state.last_counter);
	if (v->again)
		return tell_of_reuse(c, v->account);
	if (key == NULL)
		return OK;
	TRY(factor_store_spend_code(c, v->account, code_hash(c, v->account, key), &v->good));
	if (v->good)
		audit_account(v->rq, "account.recovery_code_used", v->account);
	return OK;
}

err_t factor_verify(struct request *rq, const struct uuid *account, const char *code)
{
	struct verifying v = {.rq = rq, .account = account, .code = code};

	TRY(db_tx(&rq->ctx, DB_TX_DEFAULT, verify_body, &v));
	if (v.good)
		return OK;
	TRY(trail_refusal(rq, account, v.again ? "code again" : "code"));
	return fail(&rq->ctx, &ERR_CODE_WRONG, "the code is wrong, or was used before");
}

err_t factor_needed(struct ctx *c, const struct uuid *account, bool *needed_r)
{
	struct factor_state state;

	TRY(factor_store_get(c, account, &state));
	*needed_r = state.enabled;
	return OK;
}

err_t factor_check(struct request *rq, const struct account *account, const char *code, bool *asked_r)
{
	TRY(factor_needed(&rq->ctx, &account->id, asked_r));
	if (!*asked_r)
		return OK;
	if (code == NULL || code[0] == '\0')
		return fail(&rq->ctx, &ERR_CODE_REQUIRED, "send a code of the authenticator app, or a recovery code, as totp");
	return factor_verify(rq, &account->id, code);
}

/* ------------------------------------------------------------------ the page's second step */

struct beginning {
	const struct account *account;
	const struct credentials *in;
	const char *token_hash;
};

static err_t challenge_body(struct ctx *c, void *arg)
{
	const struct beginning *b = arg;

	factor_store_challenge(c, b->token_hash, &b->account->id, b->in);
	return OK;
}

err_t challenge_begin(struct request *rq, const struct account *account, const struct credentials *in)
{
	struct cookie k = {
		.name = cookie_name(rq, CHALLENGE_COOKIE),
		.value = token_new(rq->ctx.arena, SECRET_BYTES),
		.max_age_secs = CHALLENGE_SECS,
	};
	struct beginning b = {.account = account, .in = in, .token_hash = token_hash(rq->ctx.arena, str_of(k.value))};

	TRY(db_tx(&rq->ctx, DB_TX_DEFAULT, challenge_body, &b));
	response_cookie(rq, &k);
	return OK;
}

static const char *challenge_hash(struct request *rq)
{
	const char *cookie = request_cookie(rq, cookie_name(rq, CHALLENGE_COOKIE));

	return cookie != NULL ? token_hash(rq->ctx.arena, str_of(cookie)) : NULL;
}

err_t challenge_find(struct request *rq, struct challenge *challenge_r)
{
	const char *hash = challenge_hash(rq);
	bool found = false;

	if (hash != NULL)
		TRY(factor_store_find_challenge(&rq->ctx, hash, challenge_r, &found));
	return found ? OK : fail(&rq->ctx, &ERR_CHALLENGE, "sign in again");
}

static err_t answered_body(struct ctx *c, void *arg)
{
	factor_store_end_challenge(c, challenge_hash(arg));
	return OK;
}

/* Guesses count as attempts to sign in to the account; knowing the password forgives none of them. */
err_t challenge_answer(struct request *rq, const char *code, struct challenge *challenge_r)
{
	const struct cookie gone = {.name = cookie_name(rq, CHALLENGE_COOKIE), .max_age_secs = -1};
	struct account account;

	TRY(challenge_find(rq, challenge_r));
	TRY(attempt_begin(rq, "login", challenge_r->email, &challenge_r->account_id));
	TRY(factor_verify(rq, &challenge_r->account_id, code));
	TRY(db_tx(&rq->ctx, DB_TX_DEFAULT, answered_body, rq));
	TRY(account_store_get(&rq->ctx, &challenge_r->account_id, &account));
	TRY(sign_in_page(rq, &account, &BY_CODE, challenge_r->remember));
	response_cookie(rq, &gone);
	return OK;
}

/* ------------------------------------------------------------------ on and off */

void factor_tell(struct request *rq, const struct account *account)
{
	proof_store_letter(&rq->ctx,
		&(struct letter){
			.kind = "factor_changed",
			.account_id = &account->id,
			.user_id = &account->id,
			.recipient = account->email,
			.name = account->name,
		});
}

static struct account own_account(struct request *rq)
{
	return (struct account){.id = rq->subject->user_id, .email = rq->subject->email, .name = rq->subject->name};
}

struct switching {
	struct request *rq;
	const char *code;
	bool good, on; /* on: of confirming */
	json_t *codes;
	struct factor_state state;
};

static err_t begin_body(struct ctx *c, void *arg)
{
	struct switching *s = arg;
	const struct uuid *me = &s->rq->subject->user_id;
	char *secret = arena_alloc(c->arena, TOTP_SECRET_BYTES);
	struct sealed sealed;

	account_store_lock(c, me);
	TRY(factor_store_get(c, me, &s->state));
	if (s->state.enabled)
		return fail(c, &ERR_FACTOR_ON, "switch it off first");
	random_bytes(secret, TOTP_SECRET_BYTES);
	s->state.secret = (struct str){secret, TOTP_SECRET_BYTES};
	sealed = seal(c, "totp", me->s, s->state.secret);
	factor_store_begin(c, me, &sealed);
	return OK;
}

err_t factor_begin(struct request *rq, struct factor_state *state_r)
{
	struct switching s = {.rq = rq};

	TRY(proof_presence(rq));
	TRY(db_tx(&rq->ctx, DB_TX_DEFAULT, begin_body, &s));
	*state_r = s.state;
	return OK;
}

static void new_codes(struct switching *s)
{
	struct arena *a = s->rq->ctx.arena;
	const char *hashes[RECOVERY_CODES];

	s->codes = json_new_array(a);
	for (size_t i = 0; i < RECOVERY_CODES; i++) {
		const char *code = recovery_code_new(a);
		json_add_text(s->codes, code);
		hashes[i] = code_hash(&s->rq->ctx, &s->rq->subject->user_id, recovery_code_key(a, code));
	}
	factor_store_codes(&s->rq->ctx, &s->rq->subject->user_id, hashes, RECOVERY_CODES);
}

static void forgive(struct request *rq)
{
	const struct attempt a = attempt_of(rq, "totp", rq->subject->email);

	attempt_store_forgive(&rq->ctx, &a);
}

/* A wrong code is no failure of the transaction: what is counted stays counted. */
static err_t confirm_body(struct ctx *c, void *arg)
{
	struct switching *s = arg;
	const struct uuid *me = &s->rq->subject->user_id;
	const struct account self = own_account(s->rq);
	int64_t counter = 0;

	account_store_lock(c, me);
	TRY(factor_open(c, me, &s->state));
	if (s->state.enabled)
		return fail(c, &ERR_FACTOR_ON, "it is switched on already");
	if (s->state.secret.n == 0)
		return fail(c, &ERR_FACTOR_OFF, "begin with a new key");
	s->good = totp_match(s->state.secret, without_spaces(c->arena, s->code), now_secs(), s->state.last_counter, &counter);
	if (!s->good)
		return OK;
	TRY(factor_store_spend_counter(c, me, counter, &s->good));
	forgive(s->rq);
	factor_store_confirm(c, me);
	factor_store_unlimit(c, &s->rq->subject->session_id);
	new_codes(s);
	audit_account(s->rq, "account.totp_enable", me);
	factor_tell(s->rq, &self);
	return OK;
}

/* Of a form of the account: said beside its field, and throttled like a sign-in. */
static err_t code_refused(struct request *rq)
{
	ctx_clear_failure(&rq->ctx);
	field_error(&rq->ctx, "code", "wrong", "the code is wrong, or was used before");
	return fail(&rq->ctx, &ERR_CODE_FIELD, "the code is wrong, or was used before");
}

err_t factor_confirm(struct request *rq, const char *code, json_t **codes_r)
{
	struct switching s = {.rq = rq, .code = code};

	TRY(attempt_begin(rq, "totp", rq->subject->email, &rq->subject->user_id));
	TRY(db_tx(&rq->ctx, DB_TX_DEFAULT, confirm_body, &s));
	if (!s.good)
		return code_refused(rq);
	*codes_r = s.codes;
	return OK;
}

static err_t check_own_code(struct request *rq, const char *code)
{
	bool needed;
	err_t e;

	TRY(attempt_begin(rq, "totp", rq->subject->email, &rq->subject->user_id));
	TRY(factor_needed(&rq->ctx, &rq->subject->user_id, &needed));
	if (!needed)
		return fail(&rq->ctx, &ERR_FACTOR_OFF, "it is not switched on");
	e = factor_verify(rq, &rq->subject->user_id, code);
	if (e == &ERR_CODE_WRONG)
		return code_refused(rq);
	TRY(e);
	forgive(rq);
	return OK;
}

static err_t renew_body(struct ctx *c, void *arg)
{
	struct switching *s = arg;

	(void)c;
	new_codes(s);
	audit_account(s->rq, "account.recovery_codes_renew", &s->rq->subject->user_id);
	return OK;
}

err_t factor_renew_codes(struct request *rq, const char *code, json_t **codes_r)
{
	struct switching s = {.rq = rq};

	TRY(check_own_code(rq, code));
	TRY(db_tx(&rq->ctx, DB_TX_DEFAULT, renew_body, &s));
	*codes_r = s.codes;
	return OK;
}

static void remove_factor(struct request *rq, const struct account *account, const char *action)
{
	factor_store_remove(&rq->ctx, &account->id);
	session_store_end_opened(&rq->ctx, &account->id, &BY_CODE, &rq->subject->session_id);
	if (config_bool("staff_second_factor"))
		factor_store_limit(&rq->ctx, &account->id, NULL);
	audit_account(rq, action, &account->id);
	factor_tell(rq, account);
}

static err_t disable_body(struct ctx *c, void *arg)
{
	struct request *rq = arg;
	const struct account self = own_account(rq);

	(void)c;
	remove_factor(rq, &self, "account.totp_disable");
	return OK;
}

err_t factor_disable(struct request *rq, const char *code)
{
	TRY(check_own_code(rq, code));
	return db_tx(&rq->ctx, DB_TX_DEFAULT, disable_body, rq);
}

err_t factor_remove(struct request *rq)
{
	struct account account;
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	account_store_lock(&rq->ctx, &id);
	TRY(account_store_get(&rq->ctx, &id, &account));
	if (strcmp(id.s, rq->subject->user_id.s) == 0)
		return fail(&rq->ctx, &ERR_OWN_ACCOUNT, "ask another administrator");
	TRY(check_may_change(rq, &account));
	factor_store_remove(&rq->ctx, &id);
	passkey_store_delete_all(&rq->ctx, &id);
	session_store_end_all(&rq->ctx, &id);
	if (config_bool("staff_second_factor"))
		factor_store_limit(&rq->ctx, &id, NULL);
	audit_record(rq,
		&(struct audit_entry){.action = "account.factors_remove", .object_type = "account", .object_id = id.s});
	factor_tell(rq, &account);
	return OK;
}
