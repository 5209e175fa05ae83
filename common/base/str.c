/*
 * str.c - string views and UTF-8. Buffers are in buf.c, encodings in encode.c.
 *
 * Layer: base.
 */
#include "base/str.h"

#include <string.h>

struct str str_of(const char *s)
{
	return (struct str){.p = s == NULL ? "" : s, .n = s == NULL ? 0 : strlen(s)};
}

bool str_eq(struct str a, const char *b)
{
	return strlen(b) == a.n && memcmp(a.p, b, a.n) == 0;
}

static unsigned char ascii_lower(char ch)
{
	unsigned char u = (unsigned char)ch;
	return u >= 'A' && u <= 'Z' ? (unsigned char)(u + ('a' - 'A')) : u;
}

bool str_eq_nocase(struct str a, const char *b)
{
	if (strlen(b) != a.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (ascii_lower(a.p[i]) != ascii_lower(b[i]))
			return false;
	return true;
}

bool str_starts(struct str s, const char *prefix)
{
	size_t n = strlen(prefix);
	return s.n >= n && memcmp(s.p, prefix, n) == 0;
}

static bool blank(char ch)
{
	return ch == ' ' || ch == '\t';
}

struct str str_trim(struct str s)
{
	while (s.n > 0 && blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool str_next(struct str *rest, char sep, struct str *part_r)
{
	/* p NULL marks that the last part was given: "a," has two parts, "" has one. */
	if (rest->p == NULL)
		return false;
	const char *end = rest->n == 0 ? NULL : memchr(rest->p, sep, rest->n);
	if (end == NULL) {
		*part_r = *rest;
		*rest = (struct str){0};
		return true;
	}
	size_t n = (size_t)(end - rest->p);
	*part_r = (struct str){.p = rest->p, .n = n};
	rest->p += n + 1;
	rest->n -= n + 1;
	return true;
}

char *str_dup(struct arena *a, struct str s)
{
	return arena_strndup(a, s.p == NULL ? "" : s.p, s.n);
}

bool str_int64(struct str s, int64_t *value_r)
{
	bool negative = s.n > 0 && s.p[0] == '-';
	if (s.n > 0 && (s.p[0] == '-' || s.p[0] == '+')) {
		s.p++;
		s.n--;
	}
	if (s.n == 0)
		return false;
	int64_t value = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		int digit = s.p[i] - '0';
		/* Built on the negative side, which holds one more value. */
		if (__builtin_mul_overflow(value, 10, &value) || __builtin_sub_overflow(value, digit, &value))
			return false;
	}
	if (!negative && value == INT64_MIN)
		return false;
	*value_r = negative ? value : -value;
	return true;
}

/* Bytes of the valid character at the front of s (n > 0); 0 when there is none. */
static size_t utf8_char(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	if (p[0] < 0x80)
		return 1;
	/* The second byte's range excludes overlongs, surrogates and what is above U+10FFFF. */
	size_t n = p[0] >= 0xC2 && p[0] <= 0xDF ? 2 : (p[0] & 0xF0) == 0xE0 ? 3 : p[0] >= 0xF0 && p[0] <= 0xF4 ? 4 : 0;
	if (n == 0 || s.n < n)
		return 0;
	unsigned char low = p[0] == 0xE0 ? 0xA0 : p[0] == 0xF0 ? 0x90 : 0x80;
	unsigned char high = p[0] == 0xED ? 0x9F : p[0] == 0xF4 ? 0x8F : 0xBF;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	return n;
}

bool utf8_valid(struct str s)
{
	while (s.n > 0) {
		size_t n = utf8_char(s);
		if (n == 0 || s.p[0] == '\0')
			return false;
		s.p += n;
		s.n -= n;
	}
	return true;
}

size_t utf8_length(struct str s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
	return n;
}

struct str utf8_prefix(struct str s, size_t n)
{
	for (size_t i = 0; i < s.n; i++) {
		if (((unsigned char)s.p[i] & 0xC0) == 0x80)
			continue;
		if (n == 0)
			return (struct str){.p = s.p, .n = i};
		n--;
	}
	return s;
}

bool utf8_has_control(struct str s, bool newline_ok)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char ch = (unsigned char)s.p[i];
		if (newline_ok && (ch == '\t' || ch == '\r' || ch == '\n'))
			continue;
		if (ch < 0x20 || ch == 0x7F)
			return true;
		/* U+0080..009F is C2 80 .. C2 9F. */
		if (ch == 0xC2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xA0)
			return true;
	}
	return false;
}

bool str_same_secret(struct str a, struct str b)
{
	/* As many steps as a is long, whatever b holds; volatile keeps the compiler from stopping early. */
	volatile unsigned char difference = a.n == b.n ? 0 : 1;
	for (size_t i = 0; i < a.n; i++) {
		unsigned char other = b.n == 0 ? 0 : (unsigned char)b.p[i % b.n];
		difference = (unsigned char)(difference | ((unsigned char)a.p[i] ^ other));
	}
	return difference == 0;
}
