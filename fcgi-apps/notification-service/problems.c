/* problems.c - refusals of notification-service. */
#include "notification.h"

DEFINE_PROBLEM(ERR_MESSAGE_WAITING, "message_waiting", 409, "The message is still being sent", PROBLEM_RULE);
