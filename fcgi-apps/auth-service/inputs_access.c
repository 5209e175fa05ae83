/* inputs_access.c - outside fields of roles, invitations, service accounts and API keys. */
#include "access.h"

#include <string.h>

#define LINK_TOKEN_MAX 100

/* "night-shift": it stands in paths, and in what tokens say. */
static void check_role_name(struct ctx *c, void *target)
{
	const struct role_input *in = target;
	const char *name = in->name;

	if (name[0] < 'a' || name[0] > 'z' || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] != '\0')
		field_error(c, "name", "invalid", "a role's name is lower-case letters, digits and dashes, and begins with a letter");
}

#define NAME_MEMBER                                                                                                    \
	{                                                                                                              \
		"name", BIND_LINE, offsetof(struct role_input, name), .required = true, .max = ROLE_NAME_MAX,           \
			.label = "the role's name"                                                                      \
	}
#define TITLE_MEMBER(needed)                                                                                           \
	{                                                                                                              \
		"title", BIND_LINE, offsetof(struct role_input, title), .required = (needed), .min = 1,                 \
			.max = ROLE_TITLE_MAX, .label = "the title"                                                     \
	}
#define PERMISSIONS_MEMBER                                                                                             \
	{                                                                                                              \
		"permissions", BIND_TEXTS, offsetof(struct role_input, permissions), .max = SCOPES_MAX,                 \
			.count = offsetof(struct role_input, npermissions), .item_max = 40,                             \
			.present = PRESENT(struct role_input, has_permissions)                                          \
	}
static const struct bind_field ROLE_FIELDS[] = {NAME_MEMBER, TITLE_MEMBER(true), PERMISSIONS_MEMBER};
const struct bind ROLE_BIND = {
	.fields = ROLE_FIELDS, .nfields = ARRAY_LEN(ROLE_FIELDS), .size = sizeof(struct role_input), .check = check_role_name};
const struct bind ROLE_FORM_BIND = {
	.fields = ROLE_FIELDS, .nfields = ARRAY_LEN(ROLE_FIELDS), .size = sizeof(struct role_input), .check = check_role_name};
static const struct bind_field ROLE_CHANGE_FIELDS[] = {TITLE_MEMBER(false), PERMISSIONS_MEMBER};
const struct bind ROLE_CHANGE_BIND = BIND(struct role_input, ROLE_CHANGE_FIELDS);
static const struct bind_field ROLE_CHANGE_FORM_FIELDS[] = {TITLE_MEMBER(true), PERMISSIONS_MEMBER};
const struct bind ROLE_CHANGE_FORM_BIND = BIND(struct role_input, ROLE_CHANGE_FORM_FIELDS);

static const struct bind_field ROLE_PAGE_FIELDS[] = {
	{"edit", BIND_LINE, offsetof(struct role_query, edit), .max = ROLE_NAME_MAX},
};
const struct bind ROLE_PAGE_BIND = BIND(struct role_query, ROLE_PAGE_FIELDS);

#define ROLES_MEMBER(type)                                                                                             \
	{                                                                                                              \
		"roles", BIND_TEXTS, offsetof(type, roles), .required = true, .min = 1, .max = INVITED_ROLES_MAX,       \
			.count = offsetof(type, nroles), .item_max = ROLE_NAME_MAX, .label = "a role"                   \
	}
static const struct bind_field INVITATION_FIELDS[] = {
	{"email", BIND_EMAIL, offsetof(struct invitation_input, email), .required = true, .label = "the e-mail address"},
	ROLES_MEMBER(struct invitation_input),
};
const struct bind INVITATION_BIND = BIND(struct invitation_input, INVITATION_FIELDS);

static const struct bind_field ACCEPTANCE_FIELDS[] = {
	{"token", BIND_LINE, offsetof(struct acceptance_input, token), .required = true, .max = LINK_TOKEN_MAX, .label = "the link"},
	{"name", BIND_LINE, offsetof(struct acceptance_input, name), .required = true, .min = 1, .max = NAME_MAX_CHARS,
		.label = "the name"},
	{"password", BIND_LINE, offsetof(struct acceptance_input, password), .required = true, .min = PASSWORD_MIN,
		.max = PASSWORD_MAX, .label = "the password"},
};
const struct bind ACCEPTANCE_BIND = BIND(struct acceptance_input, ACCEPTANCE_FIELDS);

static const struct bind_field SERVICE_ACCOUNT_FIELDS[] = {
	{"name", BIND_LINE, offsetof(struct service_account_input, name), .required = true, .min = 1, .max = KEY_NAME_MAX,
		.label = "the name"},
	ROLES_MEMBER(struct service_account_input),
};
const struct bind SERVICE_ACCOUNT_BIND = BIND(struct service_account_input, SERVICE_ACCOUNT_FIELDS);

static const struct bind_field KEY_FIELDS[] = {
	{"name", BIND_LINE, offsetof(struct key_input, name), .required = true, .min = 1, .max = KEY_NAME_MAX,
		.label = "the name"},
	{"scopes", BIND_TEXTS, offsetof(struct key_input, scopes), .required = true, .min = 1, .max = SCOPES_MAX,
		.count = offsetof(struct key_input, nscopes), .item_max = 40, .label = "a scope"},
	{"expires_in_days", BIND_INT, offsetof(struct key_input, expires_in_days), .min = 1, .max = KEY_DAYS_MAX,
		.label = "the days"},
	{"account_id", BIND_UUID, offsetof(struct key_input, account_id)},
};
const struct bind KEY_BIND = BIND(struct key_input, KEY_FIELDS);
const struct bind KEY_FORM_BIND = BIND(struct key_input, KEY_FIELDS);
