/* trace.c - the 55 characters of a traceparent: 00-<32 hex>-<16 hex>-<2 hex>. */
#include "data/trace.h"

#include <string.h>

#include "data/ids.h"

#define TRACEPARENT_LEN 55
#define TRACE_BYTES 16
#define PARENT_BYTES 8

struct part {
	size_t at, n;
};

static const struct part VERSION = {0, 2}, TRACE = {3, 32}, PARENT = {36, 16}, FLAGS = {53, 2};

static bool is_hex(const char *s, struct part p)
{
	return strspn(s + p.at, "0123456789abcdef") >= p.n;
}

static bool is_zero(const char *s, struct part p)
{
	return strspn(s + p.at, "0") >= p.n;
}

const char *trace_accept(struct arena *a, const char *s)
{
	size_t n = s != NULL ? strlen(s) : 0;
	bool first_version;

	if (n < TRACEPARENT_LEN || s[2] != '-' || s[35] != '-' || s[52] != '-')
		return NULL;
	if (!is_hex(s, VERSION) || !is_hex(s, TRACE) || !is_hex(s, PARENT) || !is_hex(s, FLAGS))
		return NULL;
	first_version = is_zero(s, VERSION);
	if (strncmp(s, "ff", 2) == 0 || is_zero(s, TRACE) || is_zero(s, PARENT))
		return NULL;
	if (n > TRACEPARENT_LEN && (first_version || s[TRACEPARENT_LEN] != '-'))
		return NULL;
	return arena_printf(a, "00%.*s", TRACEPARENT_LEN - 2, s + 2);
}

static char *put_hex(char *p, const unsigned char *bytes, size_t n)
{
	static const char DIGITS[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*p++ = DIGITS[bytes[i] >> 4];
		*p++ = DIGITS[bytes[i] & 15];
	}
	return p;
}

void trace_begin(struct ctx *c)
{
	unsigned char random[TRACE_BYTES + PARENT_BYTES];
	char hex[2 * sizeof(random) + 1];

	if (c->traceparent != NULL)
		return;
	random_bytes(random, sizeof(random));
	random[0] |= 1; /* neither may be all zeros */
	random[TRACE_BYTES] |= 1;
	*put_hex(hex, random, sizeof(random)) = '\0';
	c->traceparent = arena_printf(c->arena, "00-%.32s-%s-01", hex, hex + 2 * TRACE_BYTES);
}

json_t *trace_headers(const struct ctx *c)
{
	json_t *headers = json_new_object(c->arena);

	json_set_text_if(headers, "traceparent", c->traceparent);
	json_set_text_if(headers, "request_id", c->request_id);
	return headers;
}
