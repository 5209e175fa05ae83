/*
 * ctx.c - a unit of work remembers why it failed.
 *
 * Layer: base.
 */
#include "base/ctx.h"

#include "base/log.h"

void ctx_init(struct ctx *c, struct arena *a, struct db *db)
{
	*c = (struct ctx){.arena = a, .db = db};
	c->errors_end = &c->errors;
}

void ctx_clear_failure(struct ctx *c)
{
	c->detail = NULL;
	c->retry_after_secs = 0;
	c->errors = NULL;
	c->errors_end = &c->errors;
}

err_t fail(struct ctx *c, err_t e, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	c->detail = arena_vprintf(c->arena, fmt, ap);
	va_end(ap);
	return e;
}

err_t fail_bug(struct ctx *c, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	c->detail = arena_vprintf(c->arena, fmt, ap);
	va_end(ap);
	log_bug(c, c->detail);
	return &ERR_INTERNAL;
}

void field_error(struct ctx *c, const char *field, const char *code, const char *fmt, ...)
{
	struct field_error *e = arena_new_of(c->arena, struct field_error);
	e->field = arena_strdup(c->arena, field);
	e->code = code;
	va_list ap;
	va_start(ap, fmt);
	e->message = arena_vprintf(c->arena, fmt, ap);
	va_end(ap);
	*c->errors_end = e;
	c->errors_end = &e->next;
}

err_t ctx_check(struct ctx *c)
{
	return c->errors == NULL ? OK : &ERR_INVALID;
}
