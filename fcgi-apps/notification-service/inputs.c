/* inputs.c - outside fields of messages, with their limits. */
#include "notification.h"

static const char *const STATES[] = {"queued", "sent", "failed", "dead", NULL};

#define STATE_FIELD                                                                                                    \
	{                                                                                                              \
		"state", BIND_ENUM, offsetof(struct message_query, state), .values = STATES                            \
	}
#define CURSOR_FIELD                                                                                                   \
	{                                                                                                              \
		"cursor", BIND_LINE, offsetof(struct message_query, cursor), .max = 36                                 \
	}

static const struct bind_field LIST_FIELDS[] = {
	{"recipient", BIND_LINE, offsetof(struct message_query, recipient), .max = 254},
	STATE_FIELD,
	CURSOR_FIELD,
	{"limit", BIND_INT, offsetof(struct message_query, limit), .min = 1, .max = 100},
};
const struct bind MESSAGE_LIST_BIND = BIND(struct message_query, LIST_FIELDS);

static const struct bind_field PAGE_FIELDS[] = {
	{"q", BIND_LINE, offsetof(struct message_query, q), .max = 254},
	STATE_FIELD,
	CURSOR_FIELD,
};
const struct bind MESSAGE_PAGE_BIND = BIND(struct message_query, PAGE_FIELDS);
