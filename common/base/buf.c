/*
 * buf.c - buffers that grow in an arena up to their maximum, and the escapes that
 * write straight into them.
 *
 * Layer: base.
 */
#include "base/str.h"

#include <stdio.h>
#include <string.h>

#define FIRST_CAPACITY 256

void buf_init(struct buf *b, struct arena *a, size_t max)
{
	*b = (struct buf){.arena = a, .max = max};
}

/* Room for n more bytes and the NUL; false (and failed) when that passes the maximum. */
static bool reserve(struct buf *b, size_t n)
{
	if (b->failed || n > b->max - b->len) {
		b->failed = true;
		return false;
	}
	size_t need = b->len + n + 1;
	if (need <= b->cap)
		return true;
	size_t cap = b->cap == 0 ? FIRST_CAPACITY : b->cap * 2;
	while (cap < need)
		cap *= 2;
	if (cap > b->max + 1)
		cap = b->max + 1;
	char *p = arena_alloc(b->arena, cap);
	if (b->len > 0)
		memcpy(p, b->p, b->len);
	b->p = p;
	b->cap = cap;
	return true;
}

void buf_put(struct buf *b, const char *p, size_t n)
{
	if (!reserve(b, n))
		return;
	if (n > 0)
		memcpy(b->p + b->len, p, n);
	b->len += n;
	b->p[b->len] = '\0';
}

void buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
	buf_put(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		b->failed = true;
	else if (reserve(b, (size_t)n)) {
		vsnprintf(b->p + b->len, (size_t)n + 1, fmt, ap);
		b->len += (size_t)n;
	}
	va_end(ap);
}

void buf_html(struct buf *b, struct str s)
{
	size_t from = 0;
	for (size_t i = 0; i < s.n; i++) {
		const char *entity = s.p[i] == '&'    ? "&amp;"
				     : s.p[i] == '<'  ? "&lt;"
				     : s.p[i] == '>'  ? "&gt;"
				     : s.p[i] == '"'  ? "&quot;"
				     : s.p[i] == '\'' ? "&#39;"
						      : NULL;
		if (entity == NULL)
			continue;
		buf_put(b, s.p + from, i - from);
		buf_puts(b, entity);
		from = i + 1;
	}
	if (from < s.n)
		buf_put(b, s.p + from, s.n - from);
}

void buf_json_string(struct buf *b, struct str s)
{
	bool valid = utf8_valid(s);
	buf_putc(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char ch = (unsigned char)s.p[i];
		if (ch == '"' || ch == '\\') {
			buf_putc(b, '\\');
			buf_putc(b, s.p[i]);
		} else if (ch < 0x20 || ch == 0x7F || ch == '<' || ch == '>' || ch == '&') {
			buf_printf(b, "\\u%04x", ch);
		} else if (ch >= 0x80 && !valid) {
			/* Not text: shown, but never as broken JSON. */
			buf_puts(b, "\\ufffd");
		} else {
			buf_putc(b, s.p[i]);
		}
	}
	buf_putc(b, '"');
}

static bool unreserved(unsigned char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '-' ||
	       ch == '.' || ch == '_' || ch == '~';
}

void buf_url(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char ch = (unsigned char)s.p[i];
		if (unreserved(ch))
			buf_putc(b, s.p[i]);
		else
			buf_printf(b, "%%%02X", ch);
	}
}

bool buf_ok(const struct buf *b)
{
	return !b->failed;
}

struct str buf_str(const struct buf *b)
{
	return (struct str){.p = b->p == NULL ? "" : b->p, .n = b->len};
}
