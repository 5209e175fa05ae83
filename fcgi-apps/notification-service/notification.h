/*
 * notification.h - the nouns of messages: why one is written, what it says, how it went.
 */
#ifndef ES_NOTIFICATION_H
#define ES_NOTIFICATION_H

#include "app/app.h"
#include "app/event.h"
#include "app/route.h"

#define LIST_DEFAULT 24
#define MAIL_QUEUE "notification.mail"

extern const struct problem ERR_MESSAGE_WAITING; /* 409 message_waiting: it is still being sent */

/* What an event makes us write. */
struct mail_kind {
	const char *topic;
	const char *purpose;  /* with the event and channel: the key under which it is written once */
	const char *template; /* below templates/mail; lang: mail.<words>.* */
	const char *words;
	bool once_an_hour; /* at most one per order and hour */
	bool of_account;   /* purpose is auth-service's kind of letter; the event says which */
	bool forget;       /* not even to whom it went is kept */
};

struct message {
	struct uuid id, event_id, order_id, user_id; /* order_id or user_id */
	const char *channel, *purpose, *template, *state, *error;
	const char *recipient, *subject, *text_body, *html_body; /* NULL until it was rendered */
	int64_t attempts, resends, created_us, sent_us, version;
	json_t *detail;
};

/* What the owners of the facts say when a message is about to be sent. */
struct facts {
	json_t *order;                          /* orders.mail_details; NULL: no such order */
	const char *user_email, *user_name;     /* NULL: no such account, or a letter that is not wanted any more */
	const char *other_email, *about;        /* letters about an account: see auth.letter */
	const char *link, *secret;              /* NULL: nothing to follow; secret is a part of link */
	const char *placed_text, *expires_text; /* in the shop's time zone */
};

struct letter {
	const char *to, *to_name, *subject, *text, *html;
};

struct message_query {
	const char *recipient; /* exact, whatever its case; NULL: all */
	const char *q;         /* pages: a part of the recipient */
	const char *state;
	const char *cursor; /* the last id of the page before */
	struct uuid before;
	int64_t limit;
};

struct sending {
	const struct message *message;
	const struct letter *letter; /* NULL: it could not be written */
	const char *state, *error;
};

extern const struct bind MESSAGE_LIST_BIND, MESSAGE_PAGE_BIND;
extern const struct route NOTIFICATION_ROUTES[];
extern const struct consumer NOTIFICATION_CONSUMERS[];
extern const struct job_worker NOTIFICATION_JOBS[];
extern const struct timer NOTIFICATION_TIMERS[];

/* rules.c */
/* NULL: nothing is written about this. */
const struct mail_kind *mail_kind_of(const char *topic, const json_t *payload);
const struct mail_kind *mail_kind_by_purpose(const char *purpose);
/* News so old that a mail would only confuse. */
bool news_is_stale(int64_t created_us, int64_t now_us);
/* Why this mail should not leave any more, or NULL. */
const char *why_obsolete(const struct message *m, const struct facts *f);
/* A name that a mail program would not turn into a link: whoever types it need not own the mailbox it is sent to. */
bool may_be_said(const char *name);
/* Staff may send it once more. */
bool may_resend(const struct message *m);

/* letters.c */
/* ERR_NOT_FOUND: there is nobody to write to any more. */
err_t letter_write(struct ctx *c, const struct message *m, const struct facts *f, struct letter *letter_r) MUST_CHECK;

/* letters_account.c */
/* What auth-service says about this letter, with a new link. */
err_t account_facts(struct ctx *c, const struct message *m, struct facts *f) MUST_CHECK;
/* What is left of it for staff to read. */
struct letter letter_to_keep(struct ctx *c, const struct mail_kind *kind, const struct facts *f, const struct letter *l);

/* views.c */
json_t *view_message(struct request *rq, const struct message *m);

/* handlers_*.c */
handler_fn get_messages, post_resend;
handler_fn page_messages, page_message, page_preview, page_resend;

#endif
