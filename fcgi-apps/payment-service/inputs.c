/* inputs.c - outside fields of payments, with their limits. */
#include "payment.h"

#include <string.h>

static const struct bind_field CARD_FIELDS[] = {
	{"number", BIND_LINE, offsetof(struct card_input, number), .required = true, .min = 12, .max = 30,
		.label = "card number"},
	{"exp_month", BIND_INT, offsetof(struct card_input, exp_month), .required = true, .min = 1, .max = 12},
	{"exp_year", BIND_INT, offsetof(struct card_input, exp_year), .required = true, .min = 2000, .max = 2100},
	{"cvc", BIND_LINE, offsetof(struct card_input, cvc), .required = true, .min = 3, .max = 4,
		.label = "security code"},
	{"name", BIND_LINE, offsetof(struct card_input, name), .max = 120},
};
static const struct bind CARD_BIND = BIND(struct card_input, CARD_FIELDS);

static const struct bind_field CONFIRM_FIELDS[] = {
	{"card", BIND_OBJECT, offsetof(struct confirm_input, card), .of = &CARD_BIND},
	{"method_token", BIND_LINE, offsetof(struct confirm_input, method_token), .max = 100},
};

static void check_confirm(struct ctx *c, void *target)
{
	const struct confirm_input *in = target;

	if ((in->card != NULL) == (in->method_token != NULL))
		field_error(c, "card", in->card == NULL ? "required" : "invalid",
			"send a card or a method token, one of them");
	if (in->card != NULL && !card_number_ok(in->card->number))
		field_error(c, "card/number", "invalid", "this card number is not valid");
	if (in->card != NULL && strspn(in->card->cvc, "0123456789") != strlen(in->card->cvc))
		field_error(c, "card/cvc", "invalid", "the security code has digits only");
}
const struct bind CONFIRM_BIND = {.fields = CONFIRM_FIELDS,
	.nfields = ARRAY_LEN(CONFIRM_FIELDS),
	.size = sizeof(struct confirm_input),
	.check = check_confirm};

static const struct bind_field LIST_FIELDS[] = {
	{"q", BIND_LINE, offsetof(struct payment_query, q), .max = 64},
	{"state", BIND_ENUM, offsetof(struct payment_query, state), .values = PAYMENT_STATES},
	{"cursor", BIND_LINE, offsetof(struct payment_query, cursor), .max = 20},
};
const struct bind PAYMENT_LIST_BIND = BIND(struct payment_query, LIST_FIELDS);
