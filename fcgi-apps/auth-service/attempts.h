/*
 * attempts.h - how often somebody may try: counted in PostgreSQL before anything is looked
 * at, by what was typed and by the network it came from.
 */
#ifndef ES_ATTEMPTS_H
#define ES_ATTEMPTS_H

#include "account.h"

#define ATTEMPT_KEYS 2

/* Each purpose has counts of its own: asking for a new password locks nobody out. */
struct attempt {
	const char *purpose;
	const char *keys[ATTEMPT_KEYS]; /* hashes: what is typed may be anybody's address, or a password by mistake */
	int64_t free[ATTEMPT_KEYS];     /* attempts that cost nothing; 0: not counted */
};

struct waiting {
	int64_t seconds; /* before the next attempt is looked at; 0: this one counts, go on */
	int64_t begun;   /* which of the keys waits from now on for the first time, from 1; 0: none */
};

/* The addresses that are one subscriber's: an IPv4 address, an IPv6 /64. */
const char *rule_network(struct arena *a, const char *ip);

/* purpose: "login", "register", "forgot"; email NULL: only the network counts. */
struct attempt attempt_of(struct request *rq, const char *purpose, const char *email);
/* ERR_RATE_LIMITED with Retry-After while wait_secs is above 0. */
err_t attempt_refuse(struct ctx *c, int64_t wait_secs) MUST_CHECK;
/* Counts it, and refuses. account_id NULL: of none that is known. */
err_t attempt_begin(struct request *rq, const char *purpose, const char *email, const struct uuid *account_id) MUST_CHECK;

#endif
