/* passkeys.h - signing in with a device instead of a password and a code. webauthn.h checks what it signed. */
#ifndef ES_PASSKEYS_H
#define ES_PASSKEYS_H

#include "account.h"
#include "webauthn.h"

#define PASSKEY_NAME_MAX 60
#define PASSKEYS_MAX 20
#define CHALLENGE_BYTES 32

extern const struct problem ERR_PASSKEY;           /* 401 invalid_passkey: of signing in */
extern const struct problem ERR_PASSKEY_NEW;       /* 422 invalid_passkey_data: of adding one */
extern const struct problem ERR_PASSKEY_TAKEN;     /* 409 passkey_taken */
extern const struct problem ERR_TOO_MANY_PASSKEYS; /* 409 too_many_passkeys */

struct passkey {
	struct uuid id, account_id;
	const char *name;
	struct str credential_id, public_key;
	int64_t sign_count, created_us, used_us; /* used_us 0: never */
	bool backed_up;
};

/* base64url, as the browser's script sends it. */
struct passkey_input {
	const char *name, *client_data_json, *attestation_object;
};

struct assertion_input {
	const char *id, *client_data_json, *authenticator_data, *signature, *user_handle;
	const char *next; /* pages */
	bool remember;    /* pages */
};

extern const struct bind PASSKEY_BIND, PASSKEY_FORM_BIND, ASSERTION_BIND, ASSERTION_FORM_BIND;

/* ------------------------------------------------------------------ passkeys.c */

/* What navigator.credentials.create() and .get() are given, in the JSON form of WebAuthn level 3. */
err_t passkey_creation_options(struct request *rq, json_t **options_r) MUST_CHECK;
err_t passkey_request_options(struct request *rq, json_t **options_r) MUST_CHECK;
err_t passkey_add(struct request *rq, const struct passkey_input *in, struct passkey *passkey_r) MUST_CHECK;
err_t passkey_remove(struct request *rq) MUST_CHECK; /* of the path's id */
/* Whose passkey signed, when all is as it should be. ERR_PASSKEY. */
err_t passkey_check(struct request *rq, const struct assertion_input *in, struct account *account_r,
	struct uuid *passkey_r) MUST_CHECK;

json_t *view_passkey(struct request *rq, const struct passkey *p);
/* The account's page: [{name, created_at, used_at?, delete_href}]. */
json_t *view_passkey_rows(struct request *rq, const struct passkey *list, size_t n);

handler_fn get_passkeys, post_passkey_creation, post_passkey, delete_passkey, post_passkey_request, post_passkey_login;
handler_fn page_passkey_add, page_passkey_delete, page_passkey_login;

#endif
