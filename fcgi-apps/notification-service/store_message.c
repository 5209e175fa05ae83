/* store_message.c - the statements of notification-service. */
#include "store_message.h"

#define MESSAGE_COMMON_COLUMNS                                                                                         \
	DB_COLUMN(struct message, id, DB_UUID), DB_COLUMN(struct message, event_id, DB_UUID),                          \
		DB_COLUMN(struct message, order_id, DB_UUID), DB_COLUMN(struct message, user_id, DB_UUID),             \
		DB_COLUMN(struct message, channel, DB_TEXT), DB_COLUMN(struct message, purpose, DB_TEXT),              \
		DB_COLUMN(struct message, template, DB_TEXT), DB_COLUMN(struct message, state, DB_TEXT),               \
		DB_COLUMN(struct message, error, DB_TEXT), DB_COLUMN(struct message, recipient, DB_TEXT),              \
		DB_COLUMN(struct message, subject, DB_TEXT), DB_COLUMN(struct message, attempts, DB_INT64),            \
		DB_COLUMN(struct message, resends, DB_INT64),                                                          \
		DB_COLUMN_AS(struct message, created_us, DB_TIME, "created_at"),                                       \
		DB_COLUMN_AS(struct message, sent_us, DB_TIME, "sent_at"),                                             \
		DB_COLUMN(struct message, version, DB_INT64)

#define MESSAGE_COMMON                                                                                                 \
	"m.id, m.event_id, m.order_id, m.user_id, m.channel, m.purpose, m.template, m.state, m.error, m.recipient, "   \
	"m.subject,"                                                                                                   \
	" m.attempts::bigint, m.resends::bigint, m.created_at, m.sent_at, m.version"

static const struct db_column LIST_COLUMNS[] = {MESSAGE_COMMON_COLUMNS};
static const struct db_column MESSAGE_COLUMNS[] = {
	MESSAGE_COMMON_COLUMNS,
	DB_COLUMN(struct message, text_body, DB_TEXT),
	DB_COLUMN(struct message, html_body, DB_TEXT),
	DB_COLUMN(struct message, detail, DB_JSON),
};

static const struct db_stmt LIST = DB_ROWS("message_list", struct message, LIST_COLUMNS,
	SQL("select " MESSAGE_COMMON " from notification.message m"
	    " where ($1::text is null or lower(m.recipient) = lower($1))"
	    " and ($2::text is null or lower(m.recipient) like '%' || regexp_replace(lower($2), '([\\\\%_])', "
	    "'\\\\\\1', 'g') || '%')"
	    " and ($3::text is null or m.state = $3) and ($4::uuid is null or m.id < $4)"
	    " order by m.id desc limit $5::bigint"));

static const struct db_stmt GET = DB_ROWS("message_get", struct message, MESSAGE_COLUMNS,
	SQL("select " MESSAGE_COMMON
	    ", m.text_body, m.html_body, m.detail from notification.message m where m.id = $1::uuid"));

static const struct db_column FACTS_COLUMNS[] = {
	DB_COLUMN_AS(struct facts, order, DB_JSON, "order_details"),
	DB_COLUMN(struct facts, user_email, DB_TEXT),
	DB_COLUMN(struct facts, user_name, DB_TEXT),
	DB_COLUMN(struct facts, placed_text, DB_TEXT),
	DB_COLUMN(struct facts, expires_text, DB_TEXT),
};
/* One row when the message exists; times as people of the shop's time zone read them. */
static const struct db_stmt FACTS = DB_ROWS("message_facts", struct facts, FACTS_COLUMNS,
	SQL("select d.details as order_details, u.email as user_email, u.name as user_name,"
	    " to_char((d.details ->> 'placed_at')::timestamptz at time zone z.value, 'FMDD FMMonth YYYY') as "
	    "placed_text,"
	    " to_char((d.details ->> 'expires_at')::timestamptz at time zone z.value, 'HH24:MI') as expires_text"
	    " from notification.message m"
	    " cross join lateral (select case when m.order_id is not null then orders.mail_details(m.order_id) end as "
	    "details) d"
	    " left join lateral auth.user_contact(m.user_id) u on m.user_id is not null"
	    " join platform.setting z on z.key = 'time_zone' where m.id = $1::uuid"));

/* The job goes with the row or not at all. */
static const struct db_stmt ADD = DB_EXEC("message_add",
	SQL("with added as (insert into notification.message (id, event_id, purpose, template, order_id, user_id, "
	    "detail)"
	    " select $1::uuid, $2::uuid, $3::text, $4::text, $5::uuid, $6::uuid, $7::jsonb"
	    " where not $8::boolean or not exists (select from notification.message"
	    " where order_id = $5 and purpose = $3 and created_at > now() - interval '1 hour')"
	    " on conflict on constraint message_once do nothing returning id)"
	    " select bus.enqueue('notification.mail', id::text, jsonb_build_object('message_id', id)) from added"),
	DB_TRACED);

static const struct db_stmt SENT = DB_EXEC(
	"message_sent", SQL("update notification.message set state = $2::text, error = $3::text, attempts = attempts + "
			    "1, version = version + 1,"
			    " recipient = case when forgotten_at is null then coalesce($4::text, recipient) else '' end,"
			    " subject = coalesce($5::text, subject),"
			    " text_body = case when forgotten_at is null then coalesce($6::text, text_body) end,"
			    " html_body = case when forgotten_at is null then coalesce($7::text, html_body) end,"
			    " sent_at = case when $2 = 'sent' then now() else sent_at end where id = $1::uuid"));

/* What a server said may name whom it refused. */
#define FORGOTTEN                                                                                                      \
	"update notification.message set forgotten_at = now(), version = version + 1, text_body = null, html_body = null," \
	" error = null, recipient = case when recipient is not null then '' end"
static const struct db_stmt FORGET = DB_EXEC("message_forget",
	SQL(FORGOTTEN " where forgotten_at is null and (user_id = $1::uuid or order_id = $2::uuid)"));
static const struct db_stmt FORGET_OLD = DB_EXEC("message_forget_old",
	SQL(FORGOTTEN " where id in (select id from notification.message where forgotten_at is null"
		      " and created_at < now() - make_interval(days => (select value::integer from platform.setting where key = 'message_keep_days'))"
		      " order by created_at limit 1000 for update skip locked)"));

struct account_row {
	const char *recipient, *name, *other_email, *about, *link_path;
};
static const struct db_column ACCOUNT_COLUMNS[] = {
	DB_COLUMN(struct account_row, recipient, DB_TEXT),
	DB_COLUMN(struct account_row, name, DB_TEXT),
	DB_COLUMN(struct account_row, other_email, DB_TEXT),
	DB_COLUMN(struct account_row, about, DB_TEXT),
	DB_COLUMN(struct account_row, link_path, DB_TEXT),
};
static const struct db_stmt ACCOUNT_FACTS = DB_ROWS("message_account_facts", struct account_row, ACCOUNT_COLUMNS,
	SQL("select recipient, name, other_email, about, link_path from auth.letter_facts($1::uuid, $2)"));

struct resent {
	bool allowed, again;
};
static const struct db_column RESENT_COLUMNS[] = {
	DB_COLUMN(struct resent, allowed, DB_BOOL),
	DB_COLUMN(struct resent, again, DB_BOOL),
};
/* again: the job exists; false when it was removed after its week. */
static const struct db_stmt RESEND = DB_ROWS("message_resend", struct resent, RESENT_COLUMNS,
	SQL("with changed as (update notification.message set state = 'queued', error = null, attempts = 0, resends = "
	    "resends + 1,"
	    " version = version + 1 where id = $1::uuid and state in ('sent', 'dead') returning id)"
	    " select exists (select from changed) as allowed,"
	    " coalesce((select bus.enqueue_again('notification.mail', id::text) from changed), false) as again"),
	DB_TRACED);
static const struct db_stmt ENQUEUE = DB_EXEC("message_enqueue",
	SQL("select bus.enqueue('notification.mail', $1::text, jsonb_build_object('message_id', $1::text))"),
	DB_TRACED);

const struct db_stmt *const MESSAGE_STATEMENTS[] = {&LIST, &GET, &FACTS, &ADD, &SENT, &RESEND, &ENQUEUE, &FORGET, &FORGET_OLD, &ACCOUNT_FACTS, NULL};

err_t message_store_add(struct ctx *c, const struct received_event *e, const struct mail_kind *kind)
{
	struct uuid id = uuid_v7();

	return db_exec(c, &ADD,
		PARAMS(P_UUID(&id), P_UUID(&e->id), P_TEXT(kind->purpose), P_TEXT(kind->template),
			P_TEXT(json_text(e->payload, "order_id", NULL)), P_TEXT(json_text(e->payload, "user_id", NULL)),
			P_JSON(e->payload), P_BOOL(kind->once_an_hour)),
		NULL);
}

err_t message_store_load(struct ctx *c, const char *id, struct message *message_r, struct facts *facts_r, bool *found_r)
{
	bool has_facts;
	const struct db_call calls[] = {
		CALL_MAYBE(&GET, message_r, found_r, P_TEXT(id)),
		CALL_MAYBE(&FACTS, facts_r, &has_facts, P_TEXT(id)),
	};

	TRY(db_run(c, calls, ARRAY_LEN(calls)));
	*found_r = *found_r && has_facts;
	return OK;
}

err_t message_store_account_facts(
	struct ctx *c, const char *letter_id, const char *token_hash, struct facts *facts_r, const char **link_path_r)
{
	struct account_row row;
	bool found;

	TRY(db_maybe(c, &ACCOUNT_FACTS, PARAMS(P_TEXT(letter_id), P_TEXT(token_hash)), &row, &found));
	if (!found)
		return OK;
	facts_r->user_email = row.recipient;
	facts_r->user_name = row.name;
	facts_r->other_email = row.other_email;
	facts_r->about = row.about;
	*link_path_r = row.link_path;
	return OK;
}

err_t message_store_forget(struct ctx *c, const char *user_id, const char *order_id)
{
	return db_exec(c, &FORGET, PARAMS(P_TEXT(user_id), P_TEXT(order_id)), NULL);
}

err_t message_store_forget_old(struct ctx *c)
{
	return db_exec(c, &FORGET_OLD, NO_PARAMS, NULL);
}

err_t message_store_sent(struct ctx *c, const struct sending *s)
{
	static const struct letter none;
	const struct letter *l = s->letter != NULL ? s->letter : &none;

	return db_exec(c, &SENT,
		PARAMS(P_UUID(&s->message->id), P_TEXT(s->state), P_TEXT(s->error), P_TEXT(l->to), P_TEXT(l->subject),
			P_TEXT(l->text), P_TEXT(l->html)),
		NULL);
}

err_t message_store_list(struct ctx *c, const struct message_query *q, struct message **rows_r, size_t *n_r)
{
	return db_rows(c, &LIST,
		PARAMS(P_TEXT(q->recipient), P_TEXT(q->q), P_TEXT(q->state), P_UUID(&q->before), P_INT(q->limit)),
		rows_r, n_r);
}

err_t message_store_get(struct ctx *c, const struct uuid *id, struct message *message_r)
{
	return db_one(c, &GET, PARAMS(P_UUID(id)), message_r);
}

err_t message_store_resend(struct ctx *c, const struct uuid *id)
{
	struct resent r;

	TRY(db_one(c, &RESEND, PARAMS(P_UUID(id)), &r));
	if (!r.allowed)
		return fail(c, &ERR_MESSAGE_WAITING, "the message is still being sent");
	if (!r.again)
		TRY(db_exec(c, &ENQUEUE, PARAMS(P_UUID(id)), NULL));
	return OK;
}
