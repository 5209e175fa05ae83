/*
 * arena.c - chunks of memory that are handed out from front to back and given
 * back all at once; and the list of what to release with them.
 *
 * Layer: base.
 */
#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

/* Under AddressSanitizer bytes not handed out are poisoned, so that a stale pointer into a reset arena is found. */
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION((p), (n))
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
#else
#define POISON(p, n) ((void)0)
#define UNPOISON(p, n) ((void)0)
#endif

#define CHUNK_BYTES ((size_t)32 * 1024)
#define ALIGNMENT _Alignof(max_align_t)

struct chunk {
	struct chunk *next;
	size_t size, used;
	_Alignas(max_align_t) char bytes[];
};

struct deferred {
	struct deferred *next;
	void (*release)(void *);
	void *resource;
};

struct arena {
	struct chunk *chunks; /* the one in use first */
	struct deferred *deferred;
	size_t used, max;
};

static void die(const char *why, size_t bytes) NORETURN;

static void die(const char *why, size_t bytes)
{
	log_bug(NULL, "memory exhausted", LS("why", why), LI("bytes", bytes));
	abort();
}

static void add_chunk(struct arena *a, size_t size)
{
	struct chunk *chunk = malloc(sizeof(*chunk) + size);
	if (chunk == NULL)
		die("malloc failed", size);
	*chunk = (struct chunk){.next = a->chunks, .size = size};
	POISON(chunk->bytes, size);
	a->chunks = chunk;
}

struct arena *arena_new(size_t max_bytes)
{
	struct arena *a = calloc(1, sizeof(*a));
	if (a == NULL)
		die("calloc failed", sizeof(*a));
	a->max = max_bytes;
	return a;
}

static void free_chunk(struct chunk *chunk)
{
	UNPOISON(chunk->bytes, chunk->size);
	free(chunk);
}

void arena_reset(struct arena *a)
{
	/* A release may itself defer nothing: the list is taken off first to make that plain. */
	struct deferred *d = a->deferred;
	a->deferred = NULL;
	for (; d != NULL; d = d->next)
		d->release(d->resource);

	struct chunk *keep = NULL;
	for (struct chunk *chunk = a->chunks, *next; chunk != NULL; chunk = next) {
		next = chunk->next;
		if (keep == NULL && chunk->size == CHUNK_BYTES)
			keep = chunk;
		else
			free_chunk(chunk);
	}
	if (keep != NULL) {
		keep->next = NULL;
		keep->used = 0;
		POISON(keep->bytes, keep->size);
	}
	a->chunks = keep;
	a->used = 0;
}

void arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	arena_reset(a);
	if (a->chunks != NULL)
		free_chunk(a->chunks);
	free(a);
}

void *arena_alloc(struct arena *a, size_t size)
{
	if (size > a->max || a->used > a->max - size)
		die("the arena's limit is reached", size);
	size_t rounded = (size == 0 ? 1 : size) + ALIGNMENT - 1;
	rounded -= rounded % ALIGNMENT;

	struct chunk *chunk = a->chunks;
	if (chunk == NULL || chunk->size - chunk->used < rounded) {
		/* A large block gets a chunk of its own, behind the current one, whose rest stays in use. */
		add_chunk(a, rounded > CHUNK_BYTES / 2 ? rounded : CHUNK_BYTES);
		if (chunk != NULL && rounded > CHUNK_BYTES / 2) {
			struct chunk *large = a->chunks;
			a->chunks = chunk;
			large->next = chunk->next;
			chunk->next = large;
			chunk = large;
		} else {
			chunk = a->chunks;
		}
	}
	char *p = chunk->bytes + chunk->used;
	chunk->used += rounded;
	a->used += rounded;
	UNPOISON(p, size);
	return memset(p, 0, size);
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(count, size, &bytes))
		die("an array's size overflows", count);
	return arena_alloc(a, bytes);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	if (s == NULL)
		return NULL;
	char *copy = arena_alloc(a, n + 1);
	memcpy(copy, s, n);
	return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return s == NULL ? NULL : arena_strndup(a, s, strlen(s));
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		die("a format can't be printed", 0);
	char *text = arena_alloc(a, (size_t)n + 1);
	vsnprintf(text, (size_t)n + 1, fmt, ap);
	return text;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *text = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return text;
}

void arena_defer(struct arena *a, void (*release)(void *), void *resource)
{
	struct deferred *d = arena_new_of(a, struct deferred);
	*d = (struct deferred){.next = a->deferred, .release = release, .resource = resource};
	a->deferred = d;
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}
