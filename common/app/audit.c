/* audit.c - the statements that append to the audit log, and who is behind a request. */
#include "app/audit.h"

#include <ctype.h>
#include <string.h>

#include "app/auth.h"
#include "app/route.h"
#include "edges/db.h"

static const struct db_stmt AUDIT = DB_EXEC("audit_record",
	SQL("select auth.audit($1::uuid, $2, $3::uuid, $4, $5, $6, $7::jsonb, $8::jsonb, $9, $10, $11)"));

static const struct db_stmt AUDIT_READ = DB_EXEC("audit_record_read",
	SQL("select auth.audit_read($1::uuid, $2, $3::uuid, $4, $5, $6, $7::jsonb, $8, $9, $10)"));

const struct db_stmt *const AUDIT_STATEMENTS[] = {&AUDIT, &AUDIT_READ, NULL};

static const char *const ACTOR_KINDS[] = {
	[SUBJECT_ANONYMOUS] = "anonymous",
	[SUBJECT_SESSION] = "session",
	[SUBJECT_TOKEN] = "token",
	[SUBJECT_API_KEY] = "api_key",
};

struct actor {
	const char *kind, *address;
	const struct uuid *id; /* NULL: none */
};

static void record(struct ctx *c, const struct actor *who, const struct audit_entry *e)
{
	struct uuid id = uuid_v7();

	db_defer(c, &AUDIT,
		PARAMS(P_UUID(&id), P_TEXT(who->kind),
			P_TEXT(who->id != NULL ? who->id->s : NULL), P_TEXT(e->action), P_TEXT(e->object_type), P_TEXT(e->object_id), P_JSON(e->before), P_JSON(e->after), P_TEXT(who->address),
			P_TEXT(c->request_id), P_TEXT(c->traceparent)));
}

void audit_record(struct request *rq, const struct audit_entry *e)
{
	audit_record_as(rq, uuid_is_set(&rq->subject->user_id) ? &rq->subject->user_id : NULL, e);
}

void audit_record_as(struct request *rq, const struct uuid *account_id, const struct audit_entry *e)
{
	rq->audited = true;
	record(&rq->ctx,
		&(struct actor){.kind = ACTOR_KINDS[rq->subject->kind], .address = rq->client_ip, .id = account_id}, e);
}

void audit_record_system(struct ctx *c, const struct audit_entry *e)
{
	record(c, &(struct actor){.kind = "system"}, e);
}

/* ------------------------------------------------------------------ what staff look at */

/* What a list was searched for: the words of people, that name others. */
static const char *const SEARCHED[] = {"q", "email", "recipient"};

static const char *searched_for(const struct request *rq)
{
	for (size_t i = 0; i < ARRAY_LEN(SEARCHED); i++) {
		const char *words = params_get(&rq->query, SEARCHED[i]);

		if (words != NULL && words[0] != '\0')
			return words;
	}
	return NULL;
}

/*
 * An address would outlive its account in the log: so it holds the hash of the words, in small letters. Who knows an
 * address can ask whether it was looked for.
 */
static const char *hash_of(struct request *rq, const char *words)
{
	char *small = arena_strdup(rq->ctx.arena, words);

	for (char *p = small; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return token_hash(rq->ctx.arena, str_trim(str_of(small)));
}

static struct audit_entry entry_of_search(struct request *rq)
{
	struct audit_entry e = {.action = arena_printf(rq->ctx.arena, "%s.search", rq->route->reads)};
	const struct bind *known = rq->route->query;
	const char *words = searched_for(rq);
	json_t *after = json_new_object(rq->ctx.arena), *names = json_new_array(rq->ctx.arena);

	if (words != NULL) {
		e.object_type = "search";
		e.object_id = hash_of(rq, words);
	}
	for (size_t i = 0; known != NULL && i < known->nfields; i++) {
		const char *value = params_get(&rq->query, known->fields[i].name);

		if (value != NULL && value[0] != '\0')
			json_add_text(names, known->fields[i].name);
	}
	json_set(after, "parameters", names);
	e.after = after;
	return e;
}

static struct audit_entry entry_of_object(struct request *rq, const struct uuid *id)
{
	return (struct audit_entry){
		.action = arena_printf(rq->ctx.arena, "%s.read", rq->route->reads),
		.object_type = rq->route->reads,
		.object_id = arena_strdup(rq->ctx.arena, id->s),
	};
}

void audit_record_read(struct request *rq)
{
	struct uuid fresh = uuid_v7(), id;
	struct audit_entry e;

	if (rq->route->reads == NULL || !rq->subject->is_staff)
		return;
	if (strstr(rq->route->path, "{id}") == NULL)
		e = entry_of_search(rq);
	else if (uuid_parse(str_of(path_arg(rq, "id")), &id))
		e = entry_of_object(rq, &id);
	else
		return; /* there is no such object */
	rq->audited = true;
	db_defer(&rq->ctx, &AUDIT_READ,
		PARAMS(P_UUID(&fresh), P_TEXT(ACTOR_KINDS[rq->subject->kind]), P_UUID(&rq->subject->user_id), P_TEXT(e.action),
			P_TEXT(e.object_type), P_TEXT(e.object_id), P_JSON(e.after), P_TEXT(rq->client_ip),
			P_TEXT(rq->ctx.request_id), P_TEXT(rq->ctx.traceparent)));
}

err_t audit_settle_read(struct request *rq, err_t e)
{
	err_t sent;

	if (rq->route->reads == NULL || !rq->audited || db_idle(rq->ctx.db))
		return e;
	sent = db_run(&rq->ctx, NULL, 0);
	return e != OK ? e : sent;
}
