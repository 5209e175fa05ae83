/* store_message.h - messages in PostgreSQL: schema notification. */
#ifndef ES_STORE_MESSAGE_H
#define ES_STORE_MESSAGE_H

#include "edges/db.h"
#include "notification.h"

extern const struct db_stmt *const MESSAGE_STATEMENTS[];

/* In the event's transaction: the row and its job. The same event again changes nothing. */
err_t message_store_add(struct ctx *c, const struct received_event *e, const struct mail_kind *kind) MUST_CHECK;
/* The message and what its owners say now. */
err_t message_store_load(
	struct ctx *c, const char *id, struct message *message_r, struct facts *facts_r, bool *found_r) MUST_CHECK;
/* Of auth.letter_facts: nothing is changed when the letter is not wanted any more; link_path NULL: it has no link. */
err_t message_store_account_facts(struct ctx *c, const char *letter_id, const char *token_hash, struct facts *facts_r,
	const char **link_path_r) MUST_CHECK;
/* Of this person, or order (either may be NULL), remains that there were messages. */
err_t message_store_forget(struct ctx *c, const char *user_id, const char *order_id) MUST_CHECK;
/* The same for the oldest of those that are older than the setting's days. */
err_t message_store_forget_old(struct ctx *c) MUST_CHECK;
err_t message_store_sent(struct ctx *c, const struct sending *s) MUST_CHECK;

/* Newest first, below q->before; without bodies. */
err_t message_store_list(struct ctx *c, const struct message_query *q, struct message **rows_r, size_t *n_r) MUST_CHECK;
/* ERR_NOT_FOUND. */
err_t message_store_get(struct ctx *c, const struct uuid *id, struct message *message_r) MUST_CHECK;
/* ERR_MESSAGE_WAITING unless it was sent or given up. */
err_t message_store_resend(struct ctx *c, const struct uuid *id) MUST_CHECK;

#endif
