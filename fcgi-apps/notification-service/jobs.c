/* jobs.c - news become messages, messages become mail. */
#include "notification.h"

#include <string.h>

#include "base/log.h"
#include "data/clock.h"
#include "edges/mail.h"
#include "store_message.h"

#define LEASE_SECS 120
#define FORGET_EVERY_MS 60000

static err_t on_news(struct ctx *c, const struct received_event *e)
{
	const struct mail_kind *kind = mail_kind_of(e->topic, e->payload);

	if (kind == NULL || news_is_stale(e->created_us, clock_now_us()))
		return OK;
	return message_store_add(c, e, kind);
}

/* Who left, or an order that names nobody any more. */
static err_t on_leaving(struct ctx *c, const struct received_event *e)
{
	return message_store_forget(c, json_text(e->payload, "user_id", NULL), json_text(e->payload, "order_id", NULL));
}

static struct mail_server server(void)
{
	const char *user = config_text("smtp_user");

	return (struct mail_server){
		.host_port = config_text("smtp"),
		.user = user[0] != '\0' ? user : NULL,
		.password = user[0] != '\0' ? config_text("smtp_password") : NULL,
		.starttls = config_bool("smtp_starttls"),
		.timeout_secs = (long)config_int("smtp_timeout_secs"),
	};
}

/* The same for every attempt, so that a duplicate is known as one; another when staff sends it again. */
static const char *message_id(struct ctx *c, const struct message *m)
{
	const char *host = strstr(app_get()->public_url, "://") + 3;

	return arena_printf(c->arena, "%s.%lld@%.*s", m->id.s, (long long)m->resends, (int)strcspn(host, ":/"), host);
}

static err_t send_letter(struct ctx *c, const struct message *m, const struct letter *l)
{
	const char *from = config_text("mail_from");
	const struct mail_server to = server();

	return mail_send(c, &to,
		&(struct mail){
			.from = from[0] != '\0' ? from : app_get()->support_email,
			.from_name = app_get()->shop_name,
			.to = l->to,
			.to_name = l->to_name[0] != '\0' ? l->to_name : NULL,
			.subject = l->subject,
			.text = l->text,
			.html = l->html,
			.message_id = message_id(c, m),
			.date_us = clock_now_us(),
		});
}

/* What is left to say is kept with the message; the job's own fate follows from e. */
static err_t give_up(struct ctx *c, const struct message *m, const struct letter *l, const char *why)
{
	return message_store_sent(c, &(struct sending){.message = m, .letter = l, .state = "dead", .error = why});
}

static err_t record_failure(
	struct ctx *c, const struct job *j, const struct message *m, const struct letter *l, err_t e)
{
	bool last = e == &ERR_PEER || j->attempts >= j->max_attempts;
	const char *why = c->detail != NULL ? c->detail : e->title;

	TRY(message_store_sent(
		c, &(struct sending){.message = m, .letter = l, .state = last ? "dead" : "failed", .error = why}));
	return fail(c, e, "%s", why);
}

static err_t send_message(struct ctx *c, const struct job *j)
{
	struct message m;
	const struct mail_kind *kind;
	struct facts f = {.order = NULL};
	struct letter l, kept;
	bool found;
	err_t e;

	TRY(message_store_load(c, json_text(j->payload, "message_id", ""), &m, &f, &found));
	if (!found || strcmp(m.state, "sent") == 0)
		return OK; /* erased, or sent before the acknowledgement was lost */
	kind = mail_kind_by_purpose(m.purpose);
	if (kind != NULL && kind->of_account)
		TRY(account_facts(c, &m, &f));
	if (why_obsolete(&m, &f) != NULL)
		return give_up(c, &m, NULL, why_obsolete(&m, &f));
	e = letter_write(c, &m, &f, &l);
	if (e == &ERR_NOT_FOUND)
		return give_up(c, &m, NULL, c->detail);
	TRY(e);
	e = send_letter(c, &m, &l);
	kept = letter_to_keep(c, kind, &f, &l);
	if (e != OK)
		return record_failure(c, j, &m, &kept, e);
	log_info(c, "mail sent", LS("notification", m.id.s), LS("template", m.template));
	return message_store_sent(c, &(struct sending){.message = &m, .letter = &kept, .state = "sent"});
}

static const char *const TOPICS[] = {
	"order.paid", "order.cancelled", "shipment.created", "payment.failed", "user.letter_requested", NULL};
static const char *const LEAVING_TOPICS[] = {"user.erased", "order.anonymised", NULL};

const struct consumer NOTIFICATION_CONSUMERS[] = {
	{"notification.messages", TOPICS, on_news},
	{"notification.people", LEAVING_TOPICS, on_leaving},
	{0},
};

const struct job_worker NOTIFICATION_JOBS[] = {
	{MAIL_QUEUE, LEASE_SECS, send_message},
	{0},
};

const struct timer NOTIFICATION_TIMERS[] = {
	{.name = "notification.forget", .every_ms = FORGET_EVERY_MS, .run = message_store_forget_old},
	{0},
};
