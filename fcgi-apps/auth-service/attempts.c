/* attempts.c - whose attempt it is, and when the next one may come. */
#include "attempts.h"
#include "store_attempt.h"
#include "trail.h"

static const char *key_of(struct ctx *c, const char *purpose, const char *by, const char *whose)
{
	return token_hash(c->arena, str_of(arena_printf(c->arena, "%s %s %s", purpose, by, whose)));
}

struct attempt attempt_of(struct request *rq, const char *purpose, const char *email)
{
	struct ctx *c = &rq->ctx;
	const char *ip = rq->client_ip != NULL ? rq->client_ip : "";
	struct attempt a = {
		.purpose = purpose,
		.keys = {key_of(c, purpose, "of", email != NULL ? rule_email_key(c->arena, email) : ""),
			key_of(c, purpose, "from", rule_network(c->arena, ip))},
		.free = {email != NULL ? config_int("attempts_per_account") : 0, config_int("attempts_per_address")},
	};

	return a;
}

err_t attempt_refuse(struct ctx *c, int64_t wait_secs)
{
	if (wait_secs == 0)
		return OK;
	c->retry_after_secs = (long)wait_secs;
	return fail(c, &ERR_RATE_LIMITED, "too many attempts; wait %lld seconds", (long long)wait_secs);
}

err_t attempt_begin(struct request *rq, const char *purpose, const char *email, const struct uuid *account_id)
{
	const struct attempt a = attempt_of(rq, purpose, email);
	struct waiting wait;

	TRY(attempt_store_begin(&rq->ctx, &a, &wait));
	TRY(trail_waiting(rq, &a, &wait, account_id));
	return attempt_refuse(&rq->ctx, wait.seconds);
}
