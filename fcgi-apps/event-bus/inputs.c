/* inputs.c - outside fields of event-bus, with their limits. */
#include "bus.h"

#define CURSOR_MAX 64
#define CURSOR_FIELD                                                                                                   \
	{                                                                                                              \
		"cursor", BIND_LINE, offsetof(struct dead_query, cursor), .max = CURSOR_MAX                            \
	}

static const struct bind_field DEAD_FIELDS[] = {
	CURSOR_FIELD,
	{"limit", BIND_INT, offsetof(struct dead_query, limit), .min = 1, .max = 100},
};
const struct bind DEAD_BIND = BIND(struct dead_query, DEAD_FIELDS);

static const struct bind_field DEAD_PAGE_FIELDS[] = {CURSOR_FIELD};
const struct bind DEAD_PAGE_BIND = BIND(struct dead_query, DEAD_PAGE_FIELDS);
