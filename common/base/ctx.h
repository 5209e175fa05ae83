/*
 * ctx.h - one unit of work: a request, an event, a job, a timer tick, a test.
 *
 * Everything that can fail, allocate, log or reach the database takes the ctx
 * first. It carries what went wrong in words; the err_t says what it is.
 *
 * Layer: base.
 */
#ifndef ES_CTX_H
#define ES_CTX_H

#include "base/arena.h"
#include "base/err.h"

struct db;

/* One rejected input field. field is the JSON pointer without the leading slash ("lines/0/quantity") or the form's name. */
struct field_error {
	const char *field;
	const char *code;    /* required, too_short, too_long, too_small, too_large, invalid, unknown, … */
	const char *message; /* an English sentence for people */
	struct field_error *next;
};

struct ctx {
	struct arena *arena;      /* lives as long as this unit of work */
	struct db *db;            /* this process' connection; NULL where none is needed */
	const char *request_id;   /* for logs and problem documents; may be NULL */
	const char *traceparent;  /* W3C trace context, validated; may be NULL */
	const char *detail;       /* set by fail(): why, in one sentence */
	struct field_error *errors, **errors_end;
	long retry_after_secs;    /* with PROBLEM_RETRY; 0: the default */
};

/* arena and db may be NULL in tests that need neither. */
void ctx_init(struct ctx *c, struct arena *a, struct db *db);
/* Forget detail and errors: before a transaction runs again. */
void ctx_clear_failure(struct ctx *c);

/* Attach the reason once, where it happens; returns e: `return fail(c, &ERR_X, "…", …);` */
err_t fail(struct ctx *c, err_t e, const char *fmt, ...) PRINTF_LIKE(3, 4) MUST_CHECK;
/* The same, logged at error level at once, for failures that are ours (returns &ERR_INTERNAL). */
err_t fail_bug(struct ctx *c, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_CHECK;
/* Add a field error and go on looking; ctx_check() then says whether there was any. */
void field_error(struct ctx *c, const char *field, const char *code, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* &ERR_INVALID when a field error was added, else OK. */
err_t ctx_check(struct ctx *c) MUST_CHECK;

#endif
