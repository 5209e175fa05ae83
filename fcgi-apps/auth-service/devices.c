/* devices.c - see devices.h. What a device is called in the letter is what the list of sessions calls it. */
#include "devices.h"

#include "proofs.h"
#include "signin.h"
#include "store_proof.h"
#include "store_session.h"

#define DEVICE_COOKIE "es_device"
#define DEVICE_SECS (400 * SECS_PER_DAY) /* as long as browsers keep a cookie at most */

struct device device_of_browser(struct request *rq)
{
	struct arena *a = rq->ctx.arena;
	const char *old = request_cookie(rq, cookie_name(rq, DEVICE_COOKIE)), *next = token_new(a, SECRET_BYTES);

	return (struct device){
		.cookie = next,
		.old_hash = old != NULL ? token_hash(a, str_of(old)) : NULL,
		.hash = token_hash(a, str_of(next)),
	};
}

struct device device_of_program(struct request *rq)
{
	struct arena *a = rq->ctx.arena;
	const char *agent = request_header(rq, "User-Agent"), *ip = rule_short_ip(a, rq->client_ip);
	const char *hash = token_hash(
		a, str_of(arena_printf(a, "program %s from %s", agent != NULL ? agent : "", ip != NULL ? ip : "")));

	return (struct device){.old_hash = hash, .hash = hash};
}

static const char *describe(struct arena *a, const struct session *s)
{
	const char *parts[3];
	struct buf b;
	size_t n = 0;

	rule_device(s->user_agent, &parts[0], &parts[1]);
	parts[2] = s->ip;
	buf_init(&b, a, 200);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (parts[i] != NULL)
			buf_printf(&b, "%s%s", n++ > 0 ? ", " : "", parts[i]);
	}
	return n > 0 ? b.p : "?";
}

err_t device_note(struct ctx *c, const struct account *account, const struct session *session, const struct device *d)
{
	bool known;

	TRY(session_store_note_device(c, &account->id, d->old_hash, d->hash, &known));
	if (known || account->seen_us == 0)
		return OK;
	proof_store_letter(c,
		&(struct letter){
			.kind = "new_device",
			.account_id = &account->id,
			.user_id = &account->id,
			.recipient = account->email,
			.name = account->name,
			.about = describe(c->arena, session),
		});
	return OK;
}

void device_keep(struct request *rq, const struct device *d)
{
	const struct cookie k = {.name = cookie_name(rq, DEVICE_COOKIE), .value = d->cookie, .max_age_secs = DEVICE_SECS};

	response_cookie(rq, &k);
}
