/*
 * bind_text.h - what a single text value must be, for bind.c and importers.
 *
 * Layer: data; used by bind.c only.
 */
#ifndef ES_BIND_TEXT_H
#define ES_BIND_TEXT_H

#include "data/bind.h"

/* What is wrong with a value: code NULL means nothing is. */
struct text_fault {
	const char *code;    /* a constant */
	const char *message; /* in the arena, a sentence that begins with the label */
};

/* type: one of BIND_LINE, _TEXT, _EMAIL, _COUNTRY, _CURRENCY, _URL; min and max in code points, max 0: the type's own limit. */
struct text_fault text_check(struct arena *a, enum bind_type type, struct str value, int64_t min, int64_t max,
			     const char *label) MUST_CHECK;

#endif
