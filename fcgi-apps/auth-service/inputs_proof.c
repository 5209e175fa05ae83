/* inputs_proof.c - outside fields of mailbox proofs and of an account's end. */
#include "proofs.h"

#define LINK_TOKEN_MAX 100

#define TOKEN_MEMBER(type)                                                                                             \
	{                                                                                                              \
		"token", BIND_LINE, offsetof(type, token), .required = true, .max = LINK_TOKEN_MAX, .label = "the link" \
	}
static const struct bind_field TOKEN_FIELDS[] = {TOKEN_MEMBER(struct token_input)};
const struct bind TOKEN_BIND = BIND(struct token_input, TOKEN_FIELDS);
/* A link without its token is shown as one that is too old. */
static const struct bind_field TOKEN_QUERY_FIELDS[] = {{"token", BIND_LINE, offsetof(struct token_input, token)}};
const struct bind TOKEN_QUERY_BIND = BIND(struct token_input, TOKEN_QUERY_FIELDS);

static const struct bind_field FORGOT_FIELDS[] = {
	{"email", BIND_EMAIL, offsetof(struct forgot_input, email), .required = true, .label = "the e-mail address"},
};
const struct bind FORGOT_BIND = BIND(struct forgot_input, FORGOT_FIELDS);

static const struct bind_field RESET_FIELDS[] = {
	TOKEN_MEMBER(struct reset_input),
	{"password", BIND_LINE, offsetof(struct reset_input, password), .required = true, .min = PASSWORD_MIN,
		.max = PASSWORD_MAX, .label = "the new password"},
};
const struct bind RESET_BIND = BIND(struct reset_input, RESET_FIELDS);

static const struct bind_field EMAIL_FIELDS[] = {
	{"email", BIND_EMAIL, offsetof(struct email_input, email), .required = true, .label = "the new e-mail address"},
	{"password", BIND_LINE, offsetof(struct email_input, password), .required = true, .max = PASSWORD_TYPED_MAX,
		.label = "the password"},
};
const struct bind EMAIL_BIND = BIND(struct email_input, EMAIL_FIELDS);

#define ERASE_MEMBER(needed)                                                                                           \
	{                                                                                                              \
		"password", BIND_LINE, offsetof(struct erase_input, password), .required = (needed),                   \
			.max = PASSWORD_TYPED_MAX, .label = "the password"                                                   \
	}
static const struct bind_field ERASE_FIELDS[] = {ERASE_MEMBER(false)};
const struct bind ERASE_BIND = BIND(struct erase_input, ERASE_FIELDS);
static const struct bind_field ERASE_FORM_FIELDS[] = {ERASE_MEMBER(true)};
const struct bind ERASE_FORM_BIND = BIND(struct erase_input, ERASE_FORM_FIELDS);
