/* passkeys.c - adding passkeys, and signing in with one: shared by the API and the pages. */
#include "passkeys.h"

#include <string.h>

#include "attempts.h"
#include "base/log.h"
#include "factors.h"
#include "proofs.h"
#include "store_account.h"
#include "store_passkey.h"
#include "store_proof.h"
#include "store_session.h"
#include "trail.h"

#define TIMEOUT_MS 300000

static struct webauthn_site site_of(struct request *rq)
{
	return (struct webauthn_site){
		.origin = rq->app->public_url, .rp_id = webauthn_rp_id(rq->ctx.arena, rq->app->public_url)};
}

/* ------------------------------------------------------------------ what the browser is asked for */

/* A device knows the account by its id alone, which says nothing of its person. */
static const char *user_handle(struct arena *a, const struct uuid *account)
{
	return base64url(a, account->s, strlen(account->s));
}

static err_t new_challenge(struct request *rq, const struct uuid *account, const char **challenge_r)
{
	struct arena *a = rq->ctx.arena;

	*challenge_r = token_new(a, CHALLENGE_BYTES);
	return passkey_store_challenge(&rq->ctx, token_hash(a, str_of(*challenge_r)), account);
}

static json_t *credential(struct request *rq, const struct passkey *p)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "type", "public-key");
	json_set_text(o, "id", base64url(rq->ctx.arena, p->credential_id.p, p->credential_id.n));
	return o;
}

static json_t *rp_of(struct request *rq)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "id", site_of(rq).rp_id);
	json_set_text(o, "name", rq->app->shop_name);
	return o;
}

static json_t *user_of(struct request *rq)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "id", user_handle(rq->ctx.arena, &rq->subject->user_id));
	json_set_text(o, "name", rq->subject->email);
	json_set_text(o, "displayName", rq->subject->name);
	return o;
}

static json_t *algorithms(struct request *rq)
{
	static const int ASKED_FOR[] = {WEBAUTHN_ES256, WEBAUTHN_RS256}; /* the first is liked best */
	json_t *list = json_new_array(rq->ctx.arena);

	for (size_t i = 0; i < ARRAY_LEN(ASKED_FOR); i++) {
		json_t *o = json_new_object(rq->ctx.arena);
		json_set_text(o, "type", "public-key");
		json_set_int(o, "alg", ASKED_FOR[i]);
		json_add(list, o);
	}
	return list;
}

static json_t *selection(struct request *rq)
{
	json_t *o = json_new_object(rq->ctx.arena);

	json_set_text(o, "residentKey", "required");
	json_set_bool(o, "requireResidentKey", true);
	json_set_text(o, "userVerification", "required");
	return o;
}

err_t passkey_creation_options(struct request *rq, json_t **options_r)
{
	json_t *o = json_new_object(rq->ctx.arena), *known = json_new_array(rq->ctx.arena);
	const char *challenge;
	struct passkey *list;
	size_t n;

	TRY(proof_presence(rq));
	TRY(passkey_store_list(&rq->ctx, &rq->subject->user_id, &list, &n));
	TRY(new_challenge(rq, &rq->subject->user_id, &challenge));
	for (size_t i = 0; i < n; i++)
		json_add(known, credential(rq, &list[i]));
	json_set_text(o, "challenge", challenge);
	json_set(o, "rp", rp_of(rq));
	json_set(o, "user", user_of(rq));
	json_set(o, "pubKeyCredParams", algorithms(rq));
	json_set_int(o, "timeout", TIMEOUT_MS);
	json_set(o, "excludeCredentials", known);
	json_set(o, "authenticatorSelection", selection(rq));
	json_set_text(o, "attestation", "none");
	*options_r = o;
	return OK;
}

/* Of anybody: which accounts have passkeys, and whether there are any, is not told. */
err_t passkey_request_options(struct request *rq, json_t **options_r)
{
	json_t *o = json_new_object(rq->ctx.arena);
	const char *challenge;

	TRY(attempt_begin(rq, "passkey", NULL, NULL));
	TRY(new_challenge(rq, NULL, &challenge));
	json_set_text(o, "challenge", challenge);
	json_set_text(o, "rpId", site_of(rq).rp_id);
	json_set_int(o, "timeout", TIMEOUT_MS);
	json_set(o, "allowCredentials", json_new_array(rq->ctx.arena));
	json_set_text(o, "userVerification", "required");
	*options_r = o;
	return OK;
}

/* ------------------------------------------------------------------ what it signed */

static bool decode(struct request *rq, const char *text, struct str *bytes_r)
{
	return text != NULL && base64url_decode(rq->ctx.arena, str_of(text), bytes_r);
}

/* Used up before anything else is looked at: one challenge, one try. */
static err_t take_challenge(struct request *rq, struct str client_data, const struct uuid *account, bool *good_r)
{
	const char *challenge = webauthn_challenge(&rq->ctx, client_data);

	*good_r = false;
	if (challenge == NULL)
		return OK;
	return passkey_store_take_challenge(&rq->ctx, token_hash(rq->ctx.arena, str_of(challenge)), account, good_r);
}

struct adding {
	struct request *rq;
	struct passkey *passkey;
};

static err_t add_body(struct ctx *c, void *arg)
{
	const struct adding *a = arg;
	const struct subject *s = a->rq->subject;
	const struct account self = {.id = s->user_id, .email = s->email, .name = s->name};
	struct passkey *list;
	size_t n;

	account_store_lock(c, &s->user_id);
	TRY(passkey_store_list(c, &s->user_id, &list, &n));
	if (n >= PASSKEYS_MAX)
		return fail(c, &ERR_TOO_MANY_PASSKEYS, "an account has at most %d passkeys", PASSKEYS_MAX);
	passkey_store_insert(c, a->passkey);
	audit_record(a->rq,
		&(struct audit_entry){.action = "account.passkey_add", .object_type = "passkey", .object_id = a->passkey->id.s});
	factor_tell(a->rq, &self);
	return OK;
}

err_t passkey_add(struct request *rq, const struct passkey_input *in, struct passkey *passkey_r)
{
	const struct webauthn_site site = site_of(rq);
	struct webauthn_passkey *made = arena_new_of(rq->ctx.arena, struct webauthn_passkey);
	struct webauthn_signed signed_data = {.signature = {NULL, 0}};
	const char *fault = "this is not base64url";
	struct adding a = {.rq = rq, .passkey = passkey_r};
	bool ours = false;

	TRY(proof_presence(rq));
	if (decode(rq, in->client_data_json, &signed_data.client_data) &&
		decode(rq, in->attestation_object, &signed_data.authenticator_data)) {
		TRY(take_challenge(rq, signed_data.client_data, &rq->subject->user_id, &ours));
		fault = ours ? webauthn_check_new(&rq->ctx, &site, &signed_data, made) : "the challenge is not ours, was used, or is too old";
	}
	if (fault != NULL) {
		log_peer(&rq->ctx, "passkey refused", LS("why", fault));
		return fail(&rq->ctx, &ERR_PASSKEY_NEW, "%s", fault);
	}
	*passkey_r = (struct passkey){
		.id = uuid_v7(),
		.account_id = rq->subject->user_id,
		.name = in->name,
		.credential_id = made->credential_id,
		.public_key = made->public_key,
		.sign_count = made->sign_count,
		.backed_up = made->backed_up,
	};
	return db_tx(&rq->ctx, DB_TX_DEFAULT, add_body, &a);
}

err_t passkey_remove(struct request *rq)
{
	const struct subject *s = rq->subject;
	const struct account self = {.id = s->user_id, .email = s->email, .name = s->name};
	struct uuid id;

	TRY(path_uuid(rq, "id", &id));
	TRY(proof_presence(rq));
	TRY(passkey_store_delete(&rq->ctx, &s->user_id, &id));
	session_store_end_opened(&rq->ctx, &s->user_id, &(struct opened_by){SHOWN_PASSKEY, &id}, &s->session_id);
	audit_record(rq, &(struct audit_entry){.action = "account.passkey_remove", .object_type = "passkey", .object_id = id.s});
	factor_tell(rq, &self);
	return OK;
}

/* ------------------------------------------------------------------ signing in */

/* owner NULL: of no passkey that is known here. */
static err_t refuse(struct request *rq, const struct uuid *owner, const char *why)
{
	if (owner != NULL)
		TRY(trail_refusal(rq, owner, "passkey"));
	log_peer(&rq->ctx, "passkey refused", LS("why", why));
	return fail(&rq->ctx, &ERR_PASSKEY, "the passkey is not known here, or what it signed is not right");
}

/* The stored passkey whose id and owner were named. */
static err_t find_passkey(struct request *rq, const struct assertion_input *in, struct passkey *known_r, bool *found_r)
{
	struct str id, handle;

	*found_r = false;
	if (!decode(rq, in->id, &id) || id.n < WEBAUTHN_CREDENTIAL_MIN || id.n > WEBAUTHN_CREDENTIAL_MAX)
		return OK;
	TRY(passkey_store_find(&rq->ctx, id, known_r, found_r));
	if (*found_r && in->user_handle != NULL && in->user_handle[0] != '\0')
		*found_r = decode(rq, in->user_handle, &handle) && str_eq(handle, known_r->account_id.s);
	return OK;
}

err_t passkey_check(struct request *rq, const struct assertion_input *in, struct account *account_r, struct uuid *passkey_r)
{
	const struct webauthn_site site = site_of(rq);
	struct webauthn_signed s = {.signature = {NULL, 0}};
	struct webauthn_passkey now = {.sign_count = 0};
	struct passkey known;
	const char *fault;
	bool good = false;

	TRY(attempt_begin(rq, "passkey", NULL, NULL));
	if (!decode(rq, in->client_data_json, &s.client_data) || !decode(rq, in->authenticator_data, &s.authenticator_data) ||
		!decode(rq, in->signature, &s.signature))
		return refuse(rq, NULL, "this is not base64url");
	TRY(take_challenge(rq, s.client_data, NULL, &good));
	if (!good)
		return refuse(rq, NULL, "the challenge is not ours, was used, or is too old");
	TRY(find_passkey(rq, in, &known, &good));
	if (!good)
		return refuse(rq, NULL, "there is no such passkey");
	now.public_key = known.public_key;
	now.sign_count = (uint32_t)known.sign_count;
	fault = webauthn_check_sign_in(&rq->ctx, &site, &s, &now);
	if (fault != NULL)
		return refuse(rq, &known.account_id, fault);
	*passkey_r = known.id;
	TRY(passkey_store_used(&rq->ctx, &known, &now, &good));
	return good ? account_store_get(&rq->ctx, &known.account_id, account_r) : refuse(rq, &known.account_id, "somebody used it at the same time");
}
