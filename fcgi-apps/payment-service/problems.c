/* problems.c - refusals that only payments know. */
#include "payment.h"

DEFINE_PROBLEM(
	ERR_PAYMENT_PROCESSING, "payment_processing", 409, "The last attempt to pay is not decided yet", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_PAYMENT_PAID, "payment_already_paid", 409, "This is paid already", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_PAYMENT_CLOSED, "payment_cancelled", 409, "This payment was cancelled", PROBLEM_RULE);
DEFINE_PROBLEM(ERR_PAYMENT_STATE, "payment_state", 409, "The payment can't do this now", PROBLEM_RULE);
