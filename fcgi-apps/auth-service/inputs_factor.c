/* inputs_factor.c - outside fields of second factors. */
#include "factors.h"

static const struct bind_field CODE_FIELDS[] = {
	{"code", BIND_LINE, offsetof(struct code_input, code), .required = true, .max = CODE_MAX, .label = "the code"},
};
const struct bind CODE_BIND = BIND(struct code_input, CODE_FIELDS);
const struct bind CODE_FORM_BIND = BIND(struct code_input, CODE_FIELDS);
