/* inputs.c - outside fields of event-bus, with their limits. */
#include "bus.h"

#define CURSOR_MAX 64
#define NAME_MAX_CHARS 100
#define POSITION_MAX INT64_C(1000000000000000)
#define CURSOR_FIELD                                                                                                   \
	{                                                                                                              \
		"cursor", BIND_LINE, offsetof(struct dead_query, cursor), .max = CURSOR_MAX                            \
	}
#define SOURCE_FIELD                                                                                                   \
	{                                                                                                              \
		"source", BIND_LINE, offsetof(struct dead_query, source), .min = 1, .max = NAME_MAX_CHARS              \
	}

static const struct bind_field DEAD_FIELDS[] = {
	CURSOR_FIELD,
	SOURCE_FIELD,
	{"limit", BIND_INT, offsetof(struct dead_query, limit), .min = 1, .max = 100},
};
const struct bind DEAD_BIND = BIND(struct dead_query, DEAD_FIELDS);

static const struct bind_field DEAD_PAGE_FIELDS[] = {CURSOR_FIELD, SOURCE_FIELD};
const struct bind DEAD_PAGE_BIND = BIND(struct dead_query, DEAD_PAGE_FIELDS);

static void check_replay(struct ctx *c, void *target)
{
	const struct replay_input *in = target;

	if (in->has_position == in->has_since)
		field_error(c, "position", in->has_position ? "invalid" : "required",
			"say where to go back to: a position or a time, one of them");
}

static const struct bind_field REPLAY_FIELDS[] = {
	{"position", BIND_INT, offsetof(struct replay_input, position), .min = 0, .max = POSITION_MAX,
		.present = PRESENT(struct replay_input, has_position)},
	{"since", BIND_TIME, offsetof(struct replay_input, since_us),
		.present = PRESENT(struct replay_input, has_since)},
};
const struct bind REPLAY_BIND = {.fields = REPLAY_FIELDS,
	.nfields = ARRAY_LEN(REPLAY_FIELDS),
	.size = sizeof(struct replay_input),
	.check = check_replay};

/* What the page asks for, and after it was confirmed. */
static const char *const REPLAY_FROM[] = {"start", "position", "time", NULL};
static const struct bind_field REPLAY_QUERY_FIELDS[] = {
	{"from", BIND_ENUM, offsetof(struct replay_query, from), .values = REPLAY_FROM, .required = true,
		.label = "where to go back to"},
	{"position", BIND_LINE, offsetof(struct replay_query, position), .max = 20},
	{"date", BIND_LINE, offsetof(struct replay_query, date), .max = 20},
	{"time", BIND_LINE, offsetof(struct replay_query, time), .max = 20},
};
const struct bind REPLAY_QUERY_BIND = BIND(struct replay_query, REPLAY_QUERY_FIELDS);

static const struct bind_field REPLAY_FORM_FIELDS[] = {
	{"position", BIND_INT, offsetof(struct replay_input, position), .required = true, .min = 0,
		.max = POSITION_MAX},
};
const struct bind REPLAY_FORM_BIND = BIND(struct replay_input, REPLAY_FORM_FIELDS);
