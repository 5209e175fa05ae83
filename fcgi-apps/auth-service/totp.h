/* totp.h - codes of authenticator apps (RFC 6238: SHA-1, six digits, thirty seconds) and recovery codes. No database, no clock. */
#ifndef ES_TOTP_H
#define ES_TOTP_H

#include "base/ctx.h"
#include "base/str.h"

#define TOTP_SECRET_BYTES 20
#define TOTP_DIGITS 6
#define TOTP_PERIOD_SECS 30
#define TOTP_CODE_MAX 10
#define RECOVERY_CODES 10
#define RECOVERY_CODE_CHARS 16 /* of 32 letters and digits: 80 bits */
#define RECOVERY_CODE_TEXT_MAX 20

/* digits: 6 to 8. false: the library refused. */
bool totp_code(struct str secret, uint64_t counter, unsigned digits, char code_r[static TOTP_CODE_MAX]);
/*
 * The code of now, or of one period before or after it: clocks differ. Of counters up to last_counter none is good any
 * more. *counter_r: which it was.
 */
bool totp_match(struct str secret, const char *code, int64_t now_secs, int64_t last_counter, int64_t *counter_r);
/* Whether it is the code of last_counter, while one of that time could still be good: it comes a second time. */
bool totp_is_last(struct str secret, const char *code, int64_t now_secs, int64_t last_counter);
/* The secret as people type it: base32 without padding. */
const char *totp_base32(struct arena *a, struct str secret);
/* otpauth://totp/… for an authenticator app. */
const char *totp_uri(struct arena *a, struct str secret, const char *issuer, const char *account);

/* "k7wq-3mzt-…": from letters and digits that don't look alike. */
const char *recovery_code_new(struct arena *a);
/* As it is hashed: without dashes and spaces, in lower case. NULL: it can be none. */
const char *recovery_code_key(struct arena *a, const char *typed);

/* A QR code as the modules of a square drawing: its side, and the d of an SVG path. false: too much text. */
bool qr_path(struct arena *a, const char *text, int *side_r, const char **path_r);

#endif
