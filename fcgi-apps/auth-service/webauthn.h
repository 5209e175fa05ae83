/*
 * webauthn.h - what a device of WebAuthn level 2 signed, checked: §7.1 (a new passkey) and
 * §7.2 (signing in). ES256, and RS256 for the devices that know no other; the user must have been verified by the device, so that
 * having it and being its owner are both proven. No database, no clock.
 */
#ifndef ES_WEBAUTHN_H
#define ES_WEBAUTHN_H

#include "base/ctx.h"
#include "base/str.h"

#define WEBAUTHN_ES256 (-7) /* COSE's numbers */
#define WEBAUTHN_RS256 (-257)
#define WEBAUTHN_CREDENTIAL_MIN 16
#define WEBAUTHN_CREDENTIAL_MAX 1023

struct webauthn_site {
	const char *origin; /* "https://shop.example" */
	const char *rp_id;  /* "shop.example" */
};

struct webauthn_passkey {
	struct str credential_id;
	struct str public_key; /* SubjectPublicKeyInfo, DER */
	uint32_t sign_count;
	bool backed_up;
};

/* Bytes, as the browser's API gives them. */
struct webauthn_signed {
	struct str client_data;
	struct str authenticator_data; /* of a new passkey: the attestation object */
	struct str signature;          /* of a sign-in */
};

/* "http://localhost:8080" → "localhost". */
const char *webauthn_rp_id(struct arena *a, const char *public_url);
/* The challenge that was signed, to look up which one it is; NULL: this is no client data. */
const char *webauthn_challenge(struct ctx *c, struct str client_data);
/* NULL: all is as it should be, else what is not. What was signed is a challenge of ours: see above. */
const char *webauthn_check_new(
	struct ctx *c, const struct webauthn_site *site, const struct webauthn_signed *s, struct webauthn_passkey *passkey_r);
/* known: the passkey as it was stored; its count and backup state as they are now. */
const char *webauthn_check_sign_in(
	struct ctx *c, const struct webauthn_site *site, const struct webauthn_signed *s, struct webauthn_passkey *known);

#endif
