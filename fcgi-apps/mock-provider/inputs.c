/* inputs.c - what merchants and card holders send, with its limits. */
#include "provider.h"

#include <string.h>

static bool digits_only(const char *text)
{
	return text[strspn(text, "0123456789")] == '\0';
}

static const struct bind_field CARD_FIELDS[] = {
	{"number", BIND_LINE, offsetof(struct card_input, number), .required = true, .min = 12, .max = 30},
	{"exp_month", BIND_INT, offsetof(struct card_input, exp_month), .required = true, .min = 1, .max = 12},
	{"exp_year", BIND_INT, offsetof(struct card_input, exp_year), .required = true, .min = 2000, .max = 2100},
	{"cvc", BIND_LINE, offsetof(struct card_input, cvc), .required = true, .min = 3, .max = 4},
	{"name", BIND_LINE, offsetof(struct card_input, name), .max = 120},
};
static const struct bind CARD_BIND = BIND(struct card_input, CARD_FIELDS);

#define ORDER_MEMBERS                                                                                                  \
	{"amount", BIND_MONEY, offsetof(struct charge_input, amount), .required = true, .min = 1, .max = MONEY_MAX},   \
		{"reference", BIND_LINE, offsetof(struct charge_input, reference), .required = true, .max = 64},       \
	{                                                                                                              \
		"return_url", BIND_URL, offsetof(struct charge_input, return_url), .required = true                    \
	}

static const struct bind_field CHARGE_FIELDS[] = {
	ORDER_MEMBERS,
	{"card", BIND_OBJECT, offsetof(struct charge_input, card), .of = &CARD_BIND},
	{"method_token", BIND_LINE, offsetof(struct charge_input, method_token), .max = 100},
};
static const struct bind_field SESSION_FIELDS[] = {ORDER_MEMBERS};

static void check_charge(struct ctx *c, void *target)
{
	const struct charge_input *in = target;

	if ((in->card != NULL) == (in->method_token != NULL))
		field_error(c, "card", "invalid", "send a card or a method token, one of them");
	if (in->card != NULL && !card_number_ok(in->card->number))
		field_error(c, "card/number", "invalid", "this card number is not valid");
	if (in->card != NULL && !digits_only(in->card->cvc))
		field_error(c, "card/cvc", "invalid", "the security code has digits only");
}
const struct bind CHARGE_BIND = {.fields = CHARGE_FIELDS,
	.nfields = ARRAY_LEN(CHARGE_FIELDS),
	.size = sizeof(struct charge_input),
	.check = check_charge};
const struct bind SESSION_BIND = BIND(struct charge_input, SESSION_FIELDS);

static const struct bind_field REFUND_FIELDS[] = {
	{"amount", BIND_MONEY, offsetof(struct refund_input, amount), .required = true, .min = 1, .max = MONEY_MAX},
};
const struct bind REFUND_BIND = BIND(struct refund_input, REFUND_FIELDS);

static const struct bind_field CARD_FORM_FIELDS[] = {
	{"number", BIND_LINE, offsetof(struct card_form, number), .required = true, .max = 30, .label = "card number"},
	{"exp", BIND_LINE, offsetof(struct card_form, exp), .required = true, .max = 9, .label = "expiry"},
	{"cvc", BIND_LINE, offsetof(struct card_form, cvc), .required = true, .min = 3, .max = 4,
		.label = "security code"},
	{"name", BIND_LINE, offsetof(struct card_form, name), .required = true, .max = 120,
		.label = "name on the card"},
};

static void check_card_form(struct ctx *c, void *target)
{
	const struct card_form *f = target;
	int64_t month, year;

	if (!card_number_ok(f->number))
		field_error(c, "number", "invalid", "This card number is not valid.");
	if (!card_expiry_parse(f->exp, &month, &year))
		field_error(c, "exp", "invalid", "Enter month and year, such as 04/29.");
	if (!digits_only(f->cvc))
		field_error(c, "cvc", "invalid", "The security code has digits only.");
}
const struct bind CARD_FORM_BIND = {.fields = CARD_FORM_FIELDS,
	.nfields = ARRAY_LEN(CARD_FORM_FIELDS),
	.size = sizeof(struct card_form),
	.check = check_card_form};

static const char *const ANSWERS[] = {"approve", "fail", NULL};
static const struct bind_field ANSWER_FORM_FIELDS[] = {
	{"action", BIND_ENUM, offsetof(struct answer_form, action), .required = true, .values = ANSWERS},
};
const struct bind ANSWER_FORM_BIND = BIND(struct answer_form, ANSWER_FORM_FIELDS);
