/*
 * jwt.h - ES256 access tokens by libjwt, with the checks libjwt leaves to us.
 *
 * One algorithm. A token longer than 4 kB, an unknown kid, another alg, a header member that
 * is none of ours, or any claim missing or wrong: false. Standards: RFC 7519, 8725, 9068.
 * Layer: edges.
 */
#ifndef ES_JWT_H
#define ES_JWT_H

#include "base/ctx.h"
#include "base/str.h"

#define JWT_MAX_BYTES 4096
#define JWT_LEEWAY_SECS 60
#define JWT_LIFE_MAX_SECS 3600 /* what auth-service may be configured to at most */
#define JWT_AUDIENCE "ecostore"

struct jwt_key {
	const char *kid;
	const char *pem; /* public for verification, private for signing */
};

struct jwt_claims {
	const char *issuer;      /* the public URL */
	const char *subject;     /* user id */
	const char *session;     /* "sid": session id */
	int64_t session_version; /* "sv" */
	int64_t issued_at, expires_at; /* seconds since 1970 */
	const char *token_id;    /* "jti" */
	const char *const *roles; /* NULL-terminated */
};

err_t jwt_sign_es256(struct ctx *c, const struct jwt_key *private_key, const struct jwt_claims *claims, const char **token_r) MUST_CHECK;
/* keys: NULL-kid-terminated. False for anything but a good token of this issuer; why (may be NULL) gets a word for the log. */
bool jwt_verify_es256(struct ctx *c, struct str token, const struct jwt_key *keys, const char *issuer, struct jwt_claims *claims_r, const char **why_r) MUST_CHECK;

/* A new P-256 key pair as PEM, both in the arena. */
err_t jwt_new_key(struct ctx *c, const char **private_pem_r, const char **public_pem_r) MUST_CHECK;
/* The public key as a JWK (RFC 7517): {"kty":"EC","crv":"P-256","x","y","kid","use":"sig","alg":"ES256"}. */
struct json_t;
err_t jwt_public_jwk(struct ctx *c, const struct jwt_key *public_key, struct json_t **jwk_r) MUST_CHECK;

#endif
