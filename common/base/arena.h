/*
 * arena.h - memory with one lifetime: a request, an event, a job, a test.
 *
 * Allocation never fails from the caller's view: out of memory, or more than the
 * arena's limit, logs and aborts the process (the master starts another worker).
 * Input is bounded long before that. Nothing is freed singly.
 *
 * Layer: base.
 */
#ifndef ES_ARENA_H
#define ES_ARENA_H

#include <stdarg.h>
#include "base/base.h"

struct arena;

/* max_bytes: the most it may ever hold. Freed by arena_free. */
struct arena *arena_new(size_t max_bytes);
/* Runs what was deferred, newest first, then keeps at most one chunk for reuse. */
void arena_reset(struct arena *a);
void arena_free(struct arena *a);

/* Zeroed, aligned for any type; size 0 gives a valid unique pointer. */
void *arena_alloc(struct arena *a, size_t size) MUST_CHECK __attribute__((malloc));
/* count × size with overflow check. */
void *arena_array(struct arena *a, size_t count, size_t size) MUST_CHECK;
char *arena_strdup(struct arena *a, const char *s) MUST_CHECK; /* NULL gives NULL */
char *arena_strndup(struct arena *a, const char *s, size_t n) MUST_CHECK;
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_CHECK;
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap) PRINTF_LIKE(2, 0) MUST_CHECK;

/* Run release(resource) at reset: PGresult, json_t, curl handles, file descriptors. */
void arena_defer(struct arena *a, void (*release)(void *), void *resource);
/* Bytes handed out since the last reset. */
size_t arena_used(const struct arena *a);

#define arena_new_of(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_array_of(a, n, type) ((type *)arena_array((a), (n), sizeof(type)))

#endif
