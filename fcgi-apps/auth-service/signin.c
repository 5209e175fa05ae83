/*
 * signin.c - proving who one is, and what one gets for it: shared by the API and the pages.
 *
 * Passwords are hashed between transactions, never inside one.
 */
#include "signin.h"

#include <string.h>

#include "attempts.h"
#include "breach.h"
#include "data/clock.h"
#include "devices.h"
#include "edges/jwt.h"
#include "proofs.h"
#include "store_account.h"
#include "store_attempt.h"
#include "store_factor.h"
#include "store_proof.h"
#include "store_session.h"
#include "trail.h"

#define NAME_COOKIE "es_name"
#define SECS_PER_HOUR 3600

/* ------------------------------------------------------------------ who is it */

err_t sign_in_check(struct request *rq, const struct credentials *in, struct account *account_r)
{
	const struct attempt attempt = attempt_of(rq, "login", in->email);
	struct ctx *c = &rq->ctx;
	struct waiting wait;
	bool found = false, good, stale;
	const struct uuid *id;

	TRY(attempt_store_account(c, &attempt, in->email, account_r, &found, &wait));
	id = found ? &account_r->id : NULL;
	TRY(trail_waiting(rq, &attempt, &wait, id));
	TRY(attempt_refuse(c, wait.seconds));
	good = secret_verify(in->password, found ? account_r->password_hash : NULL, &stale);
	if (!good || strcmp(account_r->state, "active") != 0) {
		TRY(trail_refusal(rq, id, !found ? "unknown" : good ? "blocked" : "password"));
		return fail(c, &ERR_LOGIN, "e-mail address and password do not match");
	}
	if (stale) {
		char hash[PASSWORD_HASH_MAX];
		TRY(secret_hash(c, in->password, hash));
		account_store_set_password(c, &account_r->id, hash);
	}
	return OK;
}

void account_new(struct ctx *c, const struct account *a)
{
	account_store_insert(c, a);
	proof_store_letter(c,
		&(struct letter){
			.kind = "welcome", .account_id = &a->id, .user_id = &a->id, .recipient = a->email, .name = a->name});
}

static err_t register_body(struct ctx *c, void *arg)
{
	account_new(c, arg);
	return OK;
}

err_t check_new_password(struct ctx *c, const char *field, const char *password, const struct account *whose)
{
	const char *fault = rule_password_fault(password, whose->email, whose->name);

	if (fault == NULL && breach_listed(c, password))
		fault = "this password is known from a breach of another site";
	if (fault == NULL)
		return OK;
	field_error(c, field, "weak", "%s", fault);
	return fail(c, &ERR_PASSWORD_WEAK, "%s", fault);
}

/* Hashing comes first: an address that is taken is found out no sooner than another. */
err_t sign_in_register(struct request *rq, const struct registration *in, struct account *account_r)
{
	struct ctx *c = &rq->ctx;
	char *hash = arena_alloc(c->arena, PASSWORD_HASH_MAX);

	TRY(attempt_begin(rq, "register", NULL, NULL));
	TRY(check_new_password(c, "password", in->password, &(struct account){.email = in->email, .name = in->name}));
	TRY(secret_hash(c, in->password, hash));
	*account_r = (struct account){
		.id = uuid_v7(),
		.email = in->email,
		.name = in->name,
		.password_hash = hash,
		.state = "active",
		.roles = json_new_array(c->arena),
		.version = 1,
		.created_us = clock_now_us(),
	};
	json_add_text(account_r->roles, "customer");
	return db_tx(c, DB_TX_DEFAULT, register_body, account_r);
}

/* ------------------------------------------------------------------ a session */

const struct opened_by BY_PASSWORD = {SHOWN_PASSWORD, NULL}, BY_CODE = {SHOWN_CODE, NULL};

struct opening {
	struct request *rq;
	const struct account *account;
	struct attempt attempt;
	struct session session;
	const char *token_hash, *refresh_hash, *old_cookie_hash;
	struct life life;
	struct opened_by by;
	struct device device;
};

struct life staff_life(void)
{
	return (struct life){config_int("staff_idle_minutes") * 60, config_int("staff_session_hours") * SECS_PER_HOUR};
}

static struct life life_of(const struct account *account, int64_t idle_secs, int64_t most_secs)
{
	return rule_is_staff(account->roles) ? staff_life() : (struct life){idle_secs, most_secs};
}

static struct opening new_opening(struct request *rq, const struct account *account, const char *kind, const struct opened_by *by)
{
	return (struct opening){
		.rq = rq,
		.account = account,
		.by = *by,
		.attempt = attempt_of(rq, "login", account->email),
		.session = {
			.id = uuid_v7(),
			.kind = kind,
			.user_agent = request_header(rq, "User-Agent"),
			.ip = rule_short_ip(rq->ctx.arena, rq->client_ip),
			.version = 1,
		},
	};
}

static err_t open_body(struct ctx *c, void *arg)
{
	const struct opening *o = arg;

	attempt_store_forgive(c, &o->attempt);
	account_store_seen(c, &o->account->id);
	if (o->old_cookie_hash != NULL)
		session_store_end_cookie(c, o->old_cookie_hash);
	session_store_insert(c, &o->session, &o->account->id, o->token_hash, &o->life, &o->by);
	if (config_bool("staff_second_factor") && o->by.shown != SHOWN_PASSKEY)
		factor_store_limit(c, &o->account->id, &o->session.id);
	if (o->refresh_hash != NULL)
		session_store_insert_refresh(c, &o->session.id, o->refresh_hash);
	trail_sign_in(o->rq, o->account, &o->session, o->by.shown);
	return device_note(c, o->account, &o->session, &o->device);
}

static const char *utf8_only(struct request *rq, const char *s)
{
	struct str text = str_of(s);

	return s != NULL && utf8_valid(text) && !utf8_has_control(text, false) ? str_dup(rq->ctx.arena, text) : NULL;
}

static void name_cookie(struct request *rq, const char *name, int64_t max_age_secs)
{
	const struct cookie k = {
		.name = NAME_COOKIE,
		.value = rule_cookie_name(rq->ctx.arena, name),
		.max_age_secs = max_age_secs,
	};

	response_cookie(rq, &k);
}

/* Cosmetic, and without a session it is not asked for: it may outlive one that isn't remembered. */
void set_name_cookie(struct request *rq, const char *name)
{
	name_cookie(rq, name, 0);
}

/* The cookie's session of before ends: its value may have been planted. */
err_t sign_in_page(struct request *rq, const struct account *account, const struct opened_by *by, bool remembered)
{
	struct ctx *c = &rq->ctx;
	const char *old = request_cookie(rq, cookie_name(rq, SESSION_COOKIE));
	struct opening o = new_opening(rq, account, "page", by);
	struct cookie k = {.name = cookie_name(rq, SESSION_COOKIE), .value = token_new(c->arena, SECRET_BYTES)};

	o.session.user_agent = utf8_only(rq, o.session.user_agent);
	o.token_hash = token_hash(c->arena, str_of(k.value));
	o.device = device_of_browser(rq);
	o.old_cookie_hash = old != NULL ? token_hash(c->arena, str_of(old)) : NULL;
	o.life = remembered ? life_of(account, REMEMBERED_SECS, config_int("session_days") * SECS_PER_DAY)
			    : life_of(account, BRIEF_SECS, config_int("brief_session_hours") * SECS_PER_HOUR);
	k.max_age_secs = remembered ? o.life.most_secs : 0;
	TRY(db_tx(c, DB_TX_DEFAULT, open_body, &o));
	response_cookie(rq, &k);
	device_keep(rq, &o.device);
	name_cookie(rq, account->name, k.max_age_secs);
	csrf_renew(rq);
	return OK;
}

void sign_out_cookies(struct request *rq)
{
	const struct cookie session = {.name = cookie_name(rq, SESSION_COOKIE), .max_age_secs = -1};
	const struct cookie name = {.name = NAME_COOKIE, .max_age_secs = -1};

	response_cookie(rq, &session);
	response_cookie(rq, &name);
	csrf_renew(rq);
}

err_t sign_in_api(struct request *rq, const struct account *account, const struct opened_by *by)
{
	struct ctx *c = &rq->ctx;
	struct opening o = new_opening(rq, account, "api", by);
	const char *refresh = token_new(c->arena, SECRET_BYTES);

	o.session.user_agent = utf8_only(rq, o.session.user_agent);
	o.device = device_of_program(rq);
	o.refresh_hash = token_hash(c->arena, str_of(refresh));
	o.life = life_of(account, config_int("refresh_days") * SECS_PER_DAY, config_int("session_days") * SECS_PER_DAY);
	TRY(db_tx(c, DB_TX_DEFAULT, open_body, &o));
	return respond_tokens(rq, account, &o.session, refresh);
}

/* ------------------------------------------------------------------ tokens */

static const char *const *role_names(struct arena *a, const json_t *roles)
{
	size_t n = json_array_size(roles);
	const char **names = arena_array_of(a, n + 1, const char *);

	for (size_t i = 0; i < n; i++)
		names[i] = json_string_value(json_array_get(roles, i));
	return names;
}

err_t respond_tokens(struct request *rq, const struct account *account, const struct session *session,
	const char *refresh_token)
{
	struct ctx *c = &rq->ctx;
	int64_t now = clock_now_us() / US_PER_SEC;
	struct uuid token_id = uuid_v4();
	const struct jwt_claims claims = {
		.issuer = rq->app->public_url,
		.subject = account->id.s,
		.session = session->id.s,
		.session_version = session->version,
		.issued_at = now,
		.expires_at = now + config_int("access_token_secs"),
		.token_id = token_id.s,
		.roles = role_names(c->arena, account->roles),
	};
	struct jwt_key private_key;
	const char *token;

	TRY(keys_signing(c, &private_key));
	TRY(jwt_sign_es256(c, &private_key, &claims, &token));
	return respond_json(rq, 200, view_tokens(rq, account, token, refresh_token));
}

/* ------------------------------------------------------------------ a new password */

struct change {
	struct request *rq;
	const char *hash;
};

err_t check_own_password(struct request *rq, const char *field, const char *password)
{
	const struct credentials who = {.email = rq->subject->email, .password = password};
	struct attempt attempt = attempt_of(rq, "login", rq->subject->email);
	struct ctx *c = &rq->ctx;
	struct account account;
	err_t e = sign_in_check(rq, &who, &account); /* throttled like a sign-in: a stolen session must not guess */

	if (e == &ERR_LOGIN) {
		ctx_clear_failure(c);
		field_error(c, field, "wrong", "the password is not right");
		return fail(c, &ERR_PASSWORD_WRONG, "the password is not right");
	}
	TRY(e);
	attempt_store_forgive(c, &attempt);
	return OK;
}

/* Whoever knew the old one is signed out, and learns nothing more by links; this session stays. */
static err_t change_body(struct ctx *c, void *arg)
{
	const struct change *change = arg;
	const struct subject *s = change->rq->subject;

	account_store_set_password(c, &s->user_id, change->hash);
	audit_account(change->rq, "account.password_change", &s->user_id);
	session_store_end_others(c, &s->user_id, &s->session_id);
	proof_store_spend(c, &s->user_id, "reset");
	proof_store_spend(c, &s->user_id, "change");
	proof_store_letter(c,
		&(struct letter){
			.kind = "password_changed",
			.account_id = &s->user_id,
			.user_id = &s->user_id,
			.recipient = s->email,
			.name = s->name,
		});
	return OK;
}

err_t change_password(struct request *rq, const struct password_input *in)
{
	struct ctx *c = &rq->ctx;
	struct change change = {.rq = rq};
	char hash[PASSWORD_HASH_MAX];
	const struct account self = {.email = rq->subject->email, .name = rq->subject->name};

	TRY(check_new_password(c, "new_password", in->new_password, &self));
	TRY(check_own_password(rq, "current_password", in->current_password));
	TRY(secret_hash(c, in->new_password, hash));
	change.hash = hash;
	return db_tx(c, DB_TX_DEFAULT, change_body, &change);
}
