/* problems.c - refusals that only the provider knows. */
#include "provider.h"

DEFINE_PROBLEM(ERR_CHARGE_KEY, "idempotency_key_reused", 422, "This key was used for another amount", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_CHARGE_UNPAID, "charge_not_paid", 409, "There is no money to refund", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_REFUND_TOO_MUCH, "refund_too_large", 409, "More than was charged can't be refunded", PROBLEM_RULE);
