/* totp.c - see totp.h. liboath counts, libqrencode draws. */
#include "totp.h"

#include <liboath/oath.h>
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

#include "data/ids.h"

#define QUIET_MODULES 4
#define PATH_MAX_BYTES (256u << 10)
#define URI_MAX_BYTES 2048

bool totp_code(struct str secret, uint64_t counter, unsigned digits, char code_r[static TOTP_CODE_MAX])
{
	return oath_hotp_generate(secret.p, secret.n, counter, digits, false, OATH_HOTP_DYNAMIC_TRUNCATION, code_r) == OATH_OK;
}

bool totp_match(struct str secret, const char *code, int64_t now_secs, int64_t last_counter, int64_t *counter_r)
{
	int64_t now = now_secs / TOTP_PERIOD_SECS;
	char expected[TOTP_CODE_MAX];
	bool good = false;

	for (int64_t counter = now - 1; counter <= now + 1; counter++) {
		if (counter <= last_counter || !totp_code(secret, (uint64_t)counter, TOTP_DIGITS, expected))
			continue;
		if (str_same_secret(str_of(code), str_of(expected))) {
			*counter_r = counter;
			good = true;
		}
	}
	return good;
}

bool totp_is_last(struct str secret, const char *code, int64_t now_secs, int64_t last_counter)
{
	char last[TOTP_CODE_MAX];

	return last_counter >= now_secs / TOTP_PERIOD_SECS - 1 && totp_code(secret, (uint64_t)last_counter, TOTP_DIGITS, last) &&
	       str_same_secret(str_of(code), str_of(last));
}

const char *totp_base32(struct arena *a, struct str secret)
{
	char *raw = NULL;
	size_t n = 0;

	if (oath_base32_encode(secret.p, secret.n, &raw, &n) != OATH_OK)
		abort();
	while (n > 0 && raw[n - 1] == '=')
		n--;
	char *text = arena_strndup(a, raw, n);
	free(raw);
	return text;
}

const char *totp_uri(struct arena *a, struct str secret, const char *issuer, const char *account)
{
	struct buf b;

	buf_init(&b, a, URI_MAX_BYTES);
	buf_puts(&b, "otpauth://totp/");
	buf_url(&b, str_of(issuer));
	buf_puts(&b, ":");
	buf_url(&b, str_of(account));
	buf_printf(&b, "?secret=%s&issuer=", totp_base32(a, secret));
	buf_url(&b, str_of(issuer));
	buf_printf(&b, "&algorithm=SHA1&digits=%d&period=%d", TOTP_DIGITS, TOTP_PERIOD_SECS);
	return buf_ok(&b) ? b.p : "";
}

/* ------------------------------------------------------------------ recovery codes */

static const char ALPHABET[] = "23456789abcdefghjkmnpqrstuvwxyz";

const char *recovery_code_new(struct arena *a)
{
	char *s = arena_alloc(a, RECOVERY_CODE_TEXT_MAX);
	size_t n = 0;

	for (size_t i = 0; i < RECOVERY_CODE_CHARS; i++) {
		if (i > 0 && i % 4 == 0)
			s[n++] = '-';
		s[n++] = ALPHABET[random_below(sizeof(ALPHABET) - 1)];
	}
	s[n] = '\0';
	return s;
}

const char *recovery_code_key(struct arena *a, const char *typed)
{
	char *key = arena_alloc(a, RECOVERY_CODE_CHARS + 1);
	size_t n = 0;

	for (const char *p = typed; *p != '\0'; p++) {
		char c = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
		if (c == '-' || c == ' ')
			continue;
		if (n == RECOVERY_CODE_CHARS || strchr(ALPHABET, c) == NULL)
			return NULL;
		key[n++] = c;
	}
	key[n] = '\0';
	return n == RECOVERY_CODE_CHARS ? key : NULL;
}

/* ------------------------------------------------------------------ the drawing */

/* Each run of dark modules of a row is one rectangle. */
static void draw_row(struct buf *b, const unsigned char *row, int width, int y)
{
	for (int x = 0; x < width; x++) {
		int from = x;
		while (x < width && (row[x] & 1) != 0)
			x++;
		if (x > from)
			buf_printf(b, "M%d %dh%dv1h-%dz", from + QUIET_MODULES, y + QUIET_MODULES, x - from, x - from);
	}
}

bool qr_path(struct arena *a, const char *text, int *side_r, const char **path_r)
{
	QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
	struct buf b;

	if (code == NULL)
		return false;
	buf_init(&b, a, PATH_MAX_BYTES);
	for (int y = 0; y < code->width; y++)
		draw_row(&b, code->data + (size_t)y * (size_t)code->width, code->width, y);
	*side_r = code->width + 2 * QUIET_MODULES;
	*path_r = b.p;
	QRcode_free(code);
	return buf_ok(&b);
}
