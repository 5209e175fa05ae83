/*
 * inputs.h - what comes from outside, bound: see inputs.c for the fields' names and limits.
 */
#ifndef ES_ACCOUNT_INPUTS_H
#define ES_ACCOUNT_INPUTS_H

#include "data/bind.h"
#include "data/ids.h"

struct credentials {
	const char *email, *password;
	const char *totp; /* API: of the second factor; NULL: none came along */
	const char *next; /* pages: where to go afterwards */
	bool remember;    /* pages */
};

struct registration {
	const char *email, *password, *name, *next;
};

struct refresh_input {
	const char *refresh_token;
};

struct profile_input {
	const char *name;
};

struct password_input {
	const char *current_password, *new_password;
};

struct address_input {
	const char *name, *line1, *line2, *city, *region, *postal_code, *country, *phone;
	bool is_default, has_default;
	bool has_line2, has_region, has_phone; /* the member was there, maybe null */
};

struct user_input {
	const char **roles;
	size_t nroles;
	bool has_roles;
	bool blocked, has_blocked;
};

struct user_query {
	const char *q, *state, *role;
	struct uuid cursor, edit;
	int64_t limit;
};

struct edit_query {
	struct uuid edit;
};

struct next_query {
	const char *next;
};

extern const struct bind CREDENTIALS_BIND, LOGIN_FORM_BIND, REGISTRATION_BIND, REGISTER_FORM_BIND, REFRESH_BIND, PROFILE_BIND,
	PROFILE_FORM_BIND, PASSWORD_BIND, ADDRESS_BIND, ADDRESS_CHANGE_BIND, ADDRESS_FORM_BIND, USER_BIND, USER_FORM_BIND,
	USER_LIST_BIND, USER_PAGE_BIND, EDIT_BIND, NEXT_BIND;

#endif
