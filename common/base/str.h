/*
 * str.h - string views, and buffers that grow to a stated maximum.
 *
 * A buffer that would pass its maximum becomes `failed` and ignores what follows
 * (sticky): write everything, then ask once with buf_ok().
 *
 * Layer: base.
 */
#ifndef ES_STR_H
#define ES_STR_H

#include <stdarg.h>
#include "base/arena.h"

/* A view: not owned, not NUL-terminated. */
struct str {
	const char *p;
	size_t n;
};

#define STR(literal) ((struct str){.p = ("" literal ""), .n = sizeof(literal) - 1})

struct str str_of(const char *s);           /* NULL gives the empty view */
bool str_eq(struct str a, const char *b);
bool str_eq_nocase(struct str a, const char *b); /* ASCII only */
bool str_starts(struct str s, const char *prefix);
struct str str_trim(struct str s);          /* ASCII spaces and tabs */
/* Cuts the part before sep off *rest; false at the end. An empty last part counts. */
bool str_next(struct str *rest, char sep, struct str *part_r);
char *str_dup(struct arena *a, struct str s) MUST_CHECK;
/* Decimal, optional sign, whole view; false on anything else or overflow. */
bool str_int64(struct str s, int64_t *value_r) MUST_CHECK;

/* Valid UTF-8 by RFC 3629 (no surrogates, no overlongs), NUL not allowed. */
bool utf8_valid(struct str s);
size_t utf8_length(struct str s);           /* code points; s must be valid */
/* The longest prefix of at most n code points. */
struct str utf8_prefix(struct str s, size_t n);
/* U+0000..001F, U+007F..009F. newline_ok lets \t \r \n pass. */
bool utf8_has_control(struct str s, bool newline_ok);
/* Constant-time comparison of secrets; lengths may differ. */
bool str_same_secret(struct str a, struct str b);

struct buf {
	struct arena *arena;
	char *p;        /* always NUL-terminated once something was written */
	size_t len, cap;
	size_t max;     /* bytes, without the NUL */
	bool failed;
};

void buf_init(struct buf *b, struct arena *a, size_t max);
void buf_put(struct buf *b, const char *p, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_html(struct buf *b, struct str s);      /* & < > " ' escaped */
void buf_json_string(struct buf *b, struct str s); /* quoted; < > & as \u00XX: safe inside HTML too */
void buf_url(struct buf *b, struct str s);       /* percent-encoded, RFC 3986 unreserved kept */
bool buf_ok(const struct buf *b) MUST_CHECK;
struct str buf_str(const struct buf *b);

/* Percent-decodes in place semantics: result in the arena; plus_is_space for forms. False on a bad escape or %00. */
bool url_decode(struct arena *a, struct str s, bool plus_is_space, struct str *out_r) MUST_CHECK;
/* base64url without padding (RFC 4648 §5). */
char *base64url(struct arena *a, const void *bytes, size_t n) MUST_CHECK;
bool base64url_decode(struct arena *a, struct str s, struct str *out_r) MUST_CHECK;
char *hex(struct arena *a, const void *bytes, size_t n) MUST_CHECK;

#endif
