/* breach.h - whether a password is known from breaches: see breach.c for the file's form. */
#ifndef ES_BREACH_H
#define ES_BREACH_H

#include "base/ctx.h"

/* The configured file, if any; the service does not start with one it can't read. */
err_t breach_open(struct ctx *c) MUST_CHECK;
/* False without a list. A list that can't be read any more keeps nobody out, and is logged. */
bool breach_listed(struct ctx *c, const char *password);

#endif
