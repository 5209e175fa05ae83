/*
 * base.h - the words every other file uses: attributes, TRY, small macros.
 *
 * Layer: base. Includes nothing of the project but err.h's type.
 */
#ifndef ES_BASE_H
#define ES_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The caller must look at the result; a cast to void does not silence it. */
#define MUST_CHECK __attribute__((warn_unused_result))
#define NORETURN __attribute__((noreturn))
#define UNUSED __attribute__((unused))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/*
 * A possible outcome. NULL (OK) is success; anything else points at the one row
 * that describes it: see err.h.
 */
typedef const struct problem *err_t;
#define OK ((err_t)0)

/* Return to the caller at the first failure: the only macro that returns. */
#define TRY(expression)                         \
	do {                                    \
		err_t try_err_ = (expression);  \
		if (try_err_ != OK)             \
			return try_err_;        \
	} while (0)

#endif
