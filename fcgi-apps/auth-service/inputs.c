/* inputs.c - outside fields of accounts, with their limits. */
#include "account.h"
#include "audit_log.h"
#include "factors.h"

#define TOKEN_MAX 64
#define NEXT_MAX 1024

static const char *const STATES[] = {"active", "blocked", NULL};

/* Signing in asks for what there is; only a new password must be long. */
#define CREDENTIALS_MEMBERS                                                                                            \
	{"email", BIND_LINE, offsetof(struct credentials, email), .required = true, .max = EMAIL_MAX,                 \
		.label = "the e-mail address"},                                                                        \
		{"password", BIND_LINE, offsetof(struct credentials, password), .required = true,                     \
			.max = PASSWORD_TYPED_MAX, .label = "the password"}
static const struct bind_field CREDENTIALS_FIELDS[] = {
	CREDENTIALS_MEMBERS,
	{"totp", BIND_LINE, offsetof(struct credentials, totp), .max = CODE_MAX, .label = "the code"},
};
const struct bind CREDENTIALS_BIND = BIND(struct credentials, CREDENTIALS_FIELDS);
static const struct bind_field LOGIN_FORM_FIELDS[] = {
	CREDENTIALS_MEMBERS,
	{"next", BIND_LINE, offsetof(struct credentials, next), .max = NEXT_MAX},
	{"remember", BIND_BOOL, offsetof(struct credentials, remember)},
};
const struct bind LOGIN_FORM_BIND = BIND(struct credentials, LOGIN_FORM_FIELDS);

#define REGISTRATION_MEMBERS                                                                                           \
	{"email", BIND_EMAIL, offsetof(struct registration, email), .required = true, .label = "the e-mail address"}, \
		{"password", BIND_LINE, offsetof(struct registration, password), .required = true,                    \
			.min = PASSWORD_MIN, .max = PASSWORD_MAX, .label = "the password"},                            \
		{"name", BIND_LINE, offsetof(struct registration, name), .required = true, .min = 1,                  \
			.max = NAME_MAX_CHARS, .label = "the name"}

static void check_registration(struct ctx *c, void *target)
{
	const struct registration *r = target;
	const char *fault = rule_password_fault(r->password, r->email, r->name);

	if (fault != NULL)
		field_error(c, "password", "weak", "%s", fault);
}

static const struct bind_field REGISTRATION_FIELDS[] = {REGISTRATION_MEMBERS};
const struct bind REGISTRATION_BIND = {.fields = REGISTRATION_FIELDS, .nfields = ARRAY_LEN(REGISTRATION_FIELDS),
	.size = sizeof(struct registration), .check = check_registration};
static const struct bind_field REGISTER_FORM_FIELDS[] = {
	REGISTRATION_MEMBERS,
	{"next", BIND_LINE, offsetof(struct registration, next), .max = NEXT_MAX},
};
const struct bind REGISTER_FORM_BIND = {.fields = REGISTER_FORM_FIELDS, .nfields = ARRAY_LEN(REGISTER_FORM_FIELDS),
	.size = sizeof(struct registration), .check = check_registration};

static const struct bind_field REFRESH_FIELDS[] = {
	{"refresh_token", BIND_LINE, offsetof(struct refresh_input, refresh_token), .required = true, .max = TOKEN_MAX},
};
const struct bind REFRESH_BIND = BIND(struct refresh_input, REFRESH_FIELDS);

static const struct bind_field PROFILE_FIELDS[] = {
	{"name", BIND_LINE, offsetof(struct profile_input, name), .min = 1, .max = NAME_MAX_CHARS, .label = "the name"},
};
const struct bind PROFILE_BIND = BIND(struct profile_input, PROFILE_FIELDS);
static const struct bind_field PROFILE_FORM_FIELDS[] = {
	{"name", BIND_LINE, offsetof(struct profile_input, name), .required = true, .min = 1, .max = NAME_MAX_CHARS,
		.label = "the name"},
};
const struct bind PROFILE_FORM_BIND = BIND(struct profile_input, PROFILE_FORM_FIELDS);

static const struct bind_field PASSWORD_FIELDS[] = {
	{"current_password", BIND_LINE, offsetof(struct password_input, current_password), .required = true,
		.max = PASSWORD_TYPED_MAX, .label = "the current password"},
	{"new_password", BIND_LINE, offsetof(struct password_input, new_password), .required = true, .min = PASSWORD_MIN,
		.max = PASSWORD_MAX, .label = "the new password"},
};
const struct bind PASSWORD_BIND = BIND(struct password_input, PASSWORD_FIELDS);

#define ADDRESS_MEMBERS(needed)                                                                                        \
	{"name", BIND_LINE, offsetof(struct address_input, name), .required = (needed), .max = 120,                   \
		.label = "the full name"},                                                                             \
		{"line1", BIND_LINE, offsetof(struct address_input, line1), .required = (needed), .max = 120,         \
			.label = "street and number"},                                                                 \
		{"line2", BIND_LINE, offsetof(struct address_input, line2), .max = 120,                               \
			.present = PRESENT(struct address_input, has_line2)},                                          \
		{"city", BIND_LINE, offsetof(struct address_input, city), .required = (needed), .max = 80,            \
			.label = "the town or city"},                                                                  \
		{"region", BIND_LINE, offsetof(struct address_input, region), .max = 80,                              \
			.present = PRESENT(struct address_input, has_region)},                                         \
		{"postal_code", BIND_LINE, offsetof(struct address_input, postal_code), .required = (needed),         \
			.max = 20, .label = "the postal code"},                                                        \
		{"country", BIND_COUNTRY, offsetof(struct address_input, country), .required = (needed),              \
			.label = "the country"},                                                                       \
		{"phone", BIND_LINE, offsetof(struct address_input, phone), .max = 30,                                \
			.present = PRESENT(struct address_input, has_phone)},                                          \
		{"is_default", BIND_BOOL, offsetof(struct address_input, is_default),                                 \
			.present = PRESENT(struct address_input, has_default)}

static const struct bind_field ADDRESS_FIELDS[] = {ADDRESS_MEMBERS(true)};
const struct bind ADDRESS_BIND = BIND(struct address_input, ADDRESS_FIELDS);
const struct bind ADDRESS_FORM_BIND = BIND(struct address_input, ADDRESS_FIELDS);
static const struct bind_field ADDRESS_CHANGE_FIELDS[] = {ADDRESS_MEMBERS(false)};
const struct bind ADDRESS_CHANGE_BIND = BIND(struct address_input, ADDRESS_CHANGE_FIELDS);

#define USER_MEMBERS                                                                                                   \
	{"roles", BIND_TEXTS, offsetof(struct user_input, roles), .max = 20, .count = offsetof(struct user_input, nroles), \
		.item_max = 20, .present = PRESENT(struct user_input, has_roles)},                                     \
		{"blocked", BIND_BOOL, offsetof(struct user_input, blocked),                                          \
			.present = PRESENT(struct user_input, has_blocked)}
static const struct bind_field USER_FIELDS[] = {USER_MEMBERS};
const struct bind USER_BIND = BIND(struct user_input, USER_FIELDS);
const struct bind USER_FORM_BIND = BIND(struct user_input, USER_FIELDS);

#define USER_FILTERS                                                                                                   \
	{"q", BIND_LINE, offsetof(struct user_query, q), .max = 200},                                                 \
		{"state", BIND_ENUM, offsetof(struct user_query, state), .values = STATES},                           \
		{"cursor", BIND_UUID, offsetof(struct user_query, cursor)}
static const struct bind_field USER_LIST_FIELDS[] = {
	USER_FILTERS,
	{"role", BIND_LINE, offsetof(struct user_query, role), .max = 20},
	{"limit", BIND_INT, offsetof(struct user_query, limit), .min = 1, .max = 100},
};
const struct bind USER_LIST_BIND = BIND(struct user_query, USER_LIST_FIELDS);
static const struct bind_field USER_PAGE_FIELDS[] = {
	USER_FILTERS,
	{"edit", BIND_UUID, offsetof(struct user_query, edit)},
};
const struct bind USER_PAGE_BIND = BIND(struct user_query, USER_PAGE_FIELDS);

#define AUDIT_MEMBERS                                                                                                  \
	{"q", BIND_LINE, offsetof(struct audit_query, q), .max = EMAIL_MAX},                                          \
		{"cursor", BIND_UUID, offsetof(struct audit_query, cursor)}
static const struct bind_field AUDIT_LIST_FIELDS[] = {
	AUDIT_MEMBERS,
	{"action", BIND_LINE, offsetof(struct audit_query, action), .max = 60},
	{"object_type", BIND_LINE, offsetof(struct audit_query, object_type), .max = 60},
	{"object_id", BIND_LINE, offsetof(struct audit_query, object_id), .max = 200},
	{"actor", BIND_UUID, offsetof(struct audit_query, actor)},
	{"from", BIND_TIME, offsetof(struct audit_query, from_us)},
	{"to", BIND_TIME, offsetof(struct audit_query, to_us)},
	{"limit", BIND_INT, offsetof(struct audit_query, limit), .min = 1, .max = 100},
};
const struct bind AUDIT_LIST_BIND = BIND(struct audit_query, AUDIT_LIST_FIELDS);
static const struct bind_field AUDIT_PAGE_FIELDS[] = {AUDIT_MEMBERS};
const struct bind AUDIT_PAGE_BIND = BIND(struct audit_query, AUDIT_PAGE_FIELDS);

static const struct bind_field EDIT_FIELDS[] = {{"edit", BIND_UUID, offsetof(struct edit_query, edit)}};
const struct bind EDIT_BIND = BIND(struct edit_query, EDIT_FIELDS);

static const struct bind_field NEXT_FIELDS[] = {{"next", BIND_LINE, offsetof(struct next_query, next), .max = NEXT_MAX}};
const struct bind NEXT_BIND = BIND(struct next_query, NEXT_FIELDS);
