/*
 * encode.c - percent-encoding, base64url and hex.
 *
 * Layer: base. Standards: RFC 3986, RFC 4648.
 */
#include "base/str.h"

#include <string.h>

static int hex_digit(char ch)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	if (ch >= 'a' && ch <= 'f')
		return ch - 'a' + 10;
	if (ch >= 'A' && ch <= 'F')
		return ch - 'A' + 10;
	return -1;
}

bool url_decode(struct arena *a, struct str s, bool plus_is_space, struct str *out_r)
{
	char *out = arena_alloc(a, s.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		char ch = s.p[i];
		if (ch == '%') {
			int high = i + 2 < s.n ? hex_digit(s.p[i + 1]) : -1;
			int low = i + 2 < s.n ? hex_digit(s.p[i + 2]) : -1;
			if (high < 0 || low < 0)
				return false;
			ch = (char)(high * 16 + low);
			i += 2;
		} else if (ch == '+' && plus_is_space) {
			ch = ' ';
		}
		if (ch == '\0')
			return false;
		out[n++] = ch;
	}
	*out_r = (struct str){.p = out, .n = n};
	return true;
}

static const char BASE64URL[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

char *base64url(struct arena *a, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	char *out = arena_alloc(a, n / 3 * 4 + 5);
	size_t len = 0;
	for (size_t i = 0; i < n; i += 3) {
		uint32_t group = (uint32_t)p[i] << 16;
		if (i + 1 < n)
			group |= (uint32_t)p[i + 1] << 8;
		if (i + 2 < n)
			group |= p[i + 2];
		out[len++] = BASE64URL[group >> 18];
		out[len++] = BASE64URL[group >> 12 & 63];
		if (i + 1 < n)
			out[len++] = BASE64URL[group >> 6 & 63];
		if (i + 2 < n)
			out[len++] = BASE64URL[group & 63];
	}
	return out;
}

bool base64url_decode(struct arena *a, struct str s, struct str *out_r)
{
	if (s.n % 4 == 1)
		return false;
	char *out = arena_alloc(a, s.n / 4 * 3 + 3);
	size_t n = 0;
	uint32_t bits = 0;
	int nbits = 0;
	for (size_t i = 0; i < s.n; i++) {
		const char *digit = s.p[i] == '\0' ? NULL : strchr(BASE64URL, s.p[i]);
		if (digit == NULL)
			return false;
		bits = bits << 6 | (uint32_t)(digit - BASE64URL);
		nbits += 6;
		if (nbits >= 8) {
			nbits -= 8;
			out[n++] = (char)(bits >> nbits & 255);
		}
	}
	/* Left-over bits that aren't zero would make two texts for the same bytes. */
	if ((bits & ((1u << nbits) - 1)) != 0)
		return false;
	*out_r = (struct str){.p = out, .n = n};
	return true;
}

char *hex(struct arena *a, const void *bytes, size_t n)
{
	static const char DIGITS[] = "0123456789abcdef";
	const unsigned char *p = bytes;
	char *out = arena_alloc(a, n * 2 + 1);
	for (size_t i = 0; i < n; i++) {
		out[i * 2] = DIGITS[p[i] >> 4];
		out[i * 2 + 1] = DIGITS[p[i] & 15];
	}
	return out;
}
