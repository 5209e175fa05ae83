/*
 * db_params.c - parameters in the wire's text form, copied into the arena.
 *
 * Everything travels as text and the server infers the types, except bytea, which
 * travels as it is. Nothing here is ever logged.
 */
#include "edges/db_internal.h"

#include <string.h>

#include "base/log.h"
#include "data/clock.h"

#define ARRAY_MAX_BYTES ((size_t)64 << 20)

static void array_item(struct buf *b, const char *text)
{
	if (text == NULL) {
		buf_puts(b, "NULL");
		return;
	}
	buf_putc(b, '"');
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			buf_putc(b, '\\');
		buf_putc(b, *p);
	}
	buf_putc(b, '"');
}

static const char *array_text(struct ctx *c, const struct db_param *p)
{
	bool texts = p->type == DBP_TEXTS;
	size_t n = texts ? p->texts.n : p->ints.n;
	struct buf b;

	buf_init(&b, c->arena, ARRAY_MAX_BYTES);
	buf_putc(&b, '{');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_putc(&b, ',');
		if (texts)
			array_item(&b, p->texts.list[i]);
		else
			buf_printf(&b, "%lld", (long long)p->ints.list[i]);
	}
	buf_putc(&b, '}');
	/* Input is bounded long before this: a larger list would be a bug, and the server refuses the cut text. */
	return buf_ok(&b) ? b.p : "{too long";
}

static const char *text_of(struct ctx *c, const struct db_param *p)
{
	switch (p->type) {
	case DBP_TEXT:
		return arena_strdup(c->arena, p->text);
	case DBP_INT:
		return arena_printf(c->arena, "%lld", (long long)p->number);
	case DBP_BOOL:
		return p->number != 0 ? "t" : "f";
	case DBP_TIME:
		return p->number == 0 ? NULL : time_rfc3339(c->arena, p->number);
	case DBP_JSON:
		return p->json == NULL ? NULL : json_render(c->arena, p->json).p;
	case DBP_TEXTS:
	case DBP_INTS:
		return array_text(c, p);
	case DBP_BYTES:
	case DBP_NULL:
		break;
	}
	return NULL;
}

void params_to_wire(struct ctx *c, const struct db_param *p, size_t n, struct params_wire *wire_r)
{
	wire_r->n = (int)n;
	wire_r->values = arena_array_of(c->arena, n, const char *);
	wire_r->lengths = arena_array_of(c->arena, n, int);
	wire_r->formats = arena_array_of(c->arena, n, int);
	for (size_t i = 0; i < n; i++) {
		if (p[i].type != DBP_BYTES) {
			wire_r->values[i] = text_of(c, &p[i]);
		} else if (p[i].bytes.p != NULL) {
			char *copy = arena_alloc(c->arena, p[i].bytes.n);

			memcpy(copy, p[i].bytes.p, p[i].bytes.n);
			wire_r->values[i] = copy;
			wire_r->lengths[i] = (int)p[i].bytes.n;
			wire_r->formats[i] = 1;
		}
	}
}
