/* problems.c - refusals that only accounts know. */
#include "access.h"
#include "factors.h"
#include "passkeys.h"
#include "proofs.h"
#include "viewings.h"

DEFINE_PROBLEM(ERR_LOGIN, "invalid_credentials", 401, "E-mail address and password do not match", 0);
DEFINE_PROBLEM(ERR_EMAIL_TAKEN, "email_taken", 409, "This e-mail address already has an account", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_REFRESH, "invalid_refresh_token", 401, "The refresh token is not valid, or no longer", 0);
DEFINE_PROBLEM(ERR_PASSWORD_WRONG, "wrong_password", 422, "The current password is not right", 0);
DEFINE_PROBLEM(ERR_PASSWORD_WEAK, "weak_password", 422, "The password is too easy to guess", 0);
DEFINE_PROBLEM(ERR_OWN_ACCOUNT, "own_account", 409, "Nobody changes the rights of their own account", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_TOO_MANY_ADDRESSES, "too_many_addresses", 409, "There are too many saved addresses", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_ROLE_UNKNOWN, "role_unknown", 422, "There is no such role", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_PROOF, "invalid_token", 422, "The link is not valid, or no longer", 0);
DEFINE_PROBLEM(ERR_PROOF_OTHER, "other_account", 403, "The link belongs to another account", 0);
DEFINE_PROBLEM(ERR_LAST_ADMIN, "last_admin", 409, "Somebody has to remain an administrator", 0);
DEFINE_PROBLEM(ERR_SAY_AGAIN, "reauthentication_required", 403, "This needs a sign-in of a moment ago, or the password", 0);
DEFINE_PROBLEM(ERR_ROLE_TAKEN, "role_taken", 409, "There is a role of this name", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_ROLE_BUILTIN, "role_builtin", 409, "The roles the shop came with stay as they are", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_ROLE_IN_USE, "role_in_use", 409, "Somebody has this role", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_BEYOND, "beyond_own_rights", 403, "Nobody gives a permission that they do not have", 0);
DEFINE_PROBLEM(ERR_SCOPE, "scope_unknown", 422, "No key may have such a scope", 0);
DEFINE_PROBLEM(ERR_INVITATION, "invalid_token", 422, "The invitation is not valid, or no longer", 0);
DEFINE_PROBLEM(ERR_NOT_VIEWABLE, "not_viewable", 409, "The shop can't be viewed as this account", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_CODE_REQUIRED, "totp_required", 401, "This account asks for a second factor", 0);
DEFINE_PROBLEM(ERR_CODE_WRONG, "invalid_totp", 401, "The code is not valid", 0);
DEFINE_PROBLEM(ERR_CODE_FIELD, "wrong_code", 422, "The code is not valid", 0);
DEFINE_PROBLEM(ERR_FACTOR_ON, "totp_enabled", 409, "The second factor is switched on", 0);
DEFINE_PROBLEM(ERR_FACTOR_OFF, "totp_disabled", 409, "The second factor is not switched on", 0);
DEFINE_PROBLEM(ERR_CHALLENGE, "sign_in_again", 401, "The second step took too long", 0);
DEFINE_PROBLEM(ERR_PASSKEY, "invalid_passkey", 401, "The passkey is not valid here", 0);
DEFINE_PROBLEM(ERR_PASSKEY_NEW, "invalid_passkey_data", 422, "The passkey can't be added", 0);
DEFINE_PROBLEM(ERR_PASSKEY_TAKEN, "passkey_taken", 409, "This passkey is known already", 0);
DEFINE_PROBLEM(ERR_TOO_MANY_PASSKEYS, "too_many_passkeys", 409, "There are too many passkeys", 0);
