/* keys.c - signing keys: the first one, a new one, and what the world may know of them. */
#include "account.h"
#include "base/log.h"
#include "edges/jwt.h"
#include "store_session.h"

#include <stdio.h>

#define KID_BYTES 9
#define JWKS_SECS "300"

static err_t insert_new(struct ctx *c)
{
	const char *private_pem, *public_pem;
	struct signing_key key = {.kid = token_new(c->arena, KID_BYTES)};

	TRY(jwt_new_key(c, &private_pem, &public_pem));
	key.private_key = seal(c, "signing_key", key.kid, str_of(private_pem));
	session_store_insert_key(c, &key, public_pem);
	return OK;
}

err_t keys_signing(struct ctx *c, struct jwt_key *key_r)
{
	struct signing_key key;
	struct str pem;
	bool found;

	TRY(session_store_signing_key(c, &key, &found));
	if (!found || !unseal(c, "signing_key", key.kid, &key.private_key, &pem))
		return fail_bug(c, "there is no signing key that can be used");
	*key_r = (struct jwt_key){.kid = key.kid, .pem = str_dup(c->arena, pem)};
	return OK;
}

static err_t ensure_body(struct ctx *c, void *arg)
{
	struct signing_key key;
	bool found;

	(void)arg;
	TRY(session_store_lock_keys(c));
	TRY(session_store_signing_key(c, &key, &found));
	return found ? OK : insert_new(c);
}

err_t keys_ensure(struct ctx *c)
{
	struct signing_key key;
	bool found;

	TRY(session_store_signing_key(c, &key, &found));
	return found ? OK : db_tx(c, DB_TX_DEFAULT, ensure_body, NULL);
}

static err_t rotate_body(struct ctx *c, void *arg)
{
	(void)arg;
	TRY(session_store_lock_keys(c));
	session_store_retire_keys(c);
	audit_record_system(c, &(struct audit_entry){.action = "signing_key.rotate"});
	return insert_new(c);
}

/* The new key is published now and signs ten minutes later; the old one stays published for a day after that. */
err_t command_rotate_key(struct ctx *c, int argc, char **argv)
{
	(void)argv;
	if (argc != 0)
		return fail(c, &ERR_BAD_REQUEST, "--rotate-key takes no argument");
	TRY(db_tx(c, DB_TX_DEFAULT, rotate_body, NULL));
	printf("a new key signs in ten minutes\n");
	return OK;
}

err_t get_jwks(struct request *rq)
{
	json_t *o = json_new_object(rq->ctx.arena), *list = json_new_array(rq->ctx.arena), *jwk;
	struct jwt_key *keys;
	size_t n;

	TRY(session_store_public_keys(&rq->ctx, &keys, &n));
	for (size_t i = 0; i < n; i++) {
		TRY(jwt_public_jwk(&rq->ctx, &keys[i], &jwk));
		json_add(list, jwk);
	}
	json_set(o, "keys", list);
	response_header(rq, "Cache-Control", "public, max-age=" JWKS_SECS);
	return respond_json(rq, 200, o);
}
