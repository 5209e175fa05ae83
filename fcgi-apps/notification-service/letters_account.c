/*
 * letters_account.c - letters about an account. Who is told what is auth-service's to say, and
 * it is asked when the mail leaves; the secret of its link is made here, then and there: it is
 * in the mail and nowhere else, auth-service keeps its hash, and the copy that staff may read
 * has it taken out.
 */
#include "notification.h"

#include <string.h>

#include "app/app.h"
#include "store_message.h"

#define SECRET_BYTES 32
#define TAKEN_OUT "…"

err_t account_facts(struct ctx *c, const struct message *m, struct facts *f)
{
	const char *secret = token_new(c->arena, SECRET_BYTES), *path = NULL;

	f->user_email = f->user_name = NULL;
	TRY(message_store_account_facts(
		c, json_text(m->detail, "letter_id", NULL), token_hash(c->arena, str_of(secret)), f, &path));
	if (path == NULL)
		return OK;
	f->secret = secret;
	f->link = arena_printf(c->arena, "%s%s?token=%s", app_get()->public_url, path, secret);
	return OK;
}

static const char *without(struct ctx *c, const char *text, const char *secret)
{
	const char *at = strstr(text, secret);
	struct buf b;

	buf_init(&b, c->arena, strlen(text) + 1);
	for (; at != NULL; at = strstr(text, secret)) {
		buf_put(&b, text, (size_t)(at - text));
		buf_puts(&b, TAKEN_OUT);
		text = at + strlen(secret);
	}
	buf_puts(&b, text);
	return buf_ok(&b) ? b.p : NULL;
}

struct letter letter_to_keep(struct ctx *c, const struct mail_kind *kind, const struct facts *f, const struct letter *l)
{
	struct letter kept = *l;

	if (kind->forget) {
		kept.to = "";
		kept.text = kept.html = NULL;
	} else if (f->secret != NULL) {
		kept.text = without(c, l->text, f->secret);
		kept.html = without(c, l->html, f->secret);
	}
	return kept;
}
