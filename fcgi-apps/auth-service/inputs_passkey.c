/* inputs_passkey.c - outside fields of passkeys: bytes in base64url, as the pages' script sends them. */
#include "passkeys.h"

#define CLIENT_DATA_MAX 8192
#define ATTESTATION_MAX 32768
#define NEXT_MAX 1024

#define BYTES_FIELD(type, member, limit)                                                                               \
	{                                                                                                              \
		#member, BIND_LINE, offsetof(type, member), .required = true, .max = (limit)                            \
	}

static const struct bind_field PASSKEY_FIELDS[] = {
	{"name", BIND_LINE, offsetof(struct passkey_input, name), .required = true, .min = 1, .max = PASSKEY_NAME_MAX,
		.label = "the name"},
	BYTES_FIELD(struct passkey_input, client_data_json, CLIENT_DATA_MAX),
	BYTES_FIELD(struct passkey_input, attestation_object, ATTESTATION_MAX),
};
const struct bind PASSKEY_BIND = BIND(struct passkey_input, PASSKEY_FIELDS);
const struct bind PASSKEY_FORM_BIND = BIND(struct passkey_input, PASSKEY_FIELDS);

#define ASSERTION_MEMBERS                                                                                              \
	BYTES_FIELD(struct assertion_input, id, 2048), BYTES_FIELD(struct assertion_input, client_data_json, CLIENT_DATA_MAX), \
		BYTES_FIELD(struct assertion_input, authenticator_data, CLIENT_DATA_MAX),                              \
		BYTES_FIELD(struct assertion_input, signature, 2048),                                                  \
		{                                                                                                      \
			"user_handle", BIND_LINE, offsetof(struct assertion_input, user_handle), .max = 200             \
		}
static const struct bind_field ASSERTION_FIELDS[] = {ASSERTION_MEMBERS};
const struct bind ASSERTION_BIND = BIND(struct assertion_input, ASSERTION_FIELDS);
static const struct bind_field ASSERTION_FORM_FIELDS[] = {
	ASSERTION_MEMBERS,
	{"next", BIND_LINE, offsetof(struct assertion_input, next), .max = NEXT_MAX},
	{"remember", BIND_BOOL, offsetof(struct assertion_input, remember)},
};
const struct bind ASSERTION_FORM_BIND = BIND(struct assertion_input, ASSERTION_FORM_FIELDS);
