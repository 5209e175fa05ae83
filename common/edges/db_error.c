/*
 * db_error.c - what a failed statement means: SQLSTATE and constraint name to problem.
 *
 * Only errors raised with ES001 speak to clients in their own words. The server's
 * DETAIL is never read: it holds values.
 */
#include "edges/db_internal.h"

#include <string.h>

#include "base/log.h"

enum meaning {
	MEANS_BUG = 0,
	MEANS_CONSTRAINT,
	MEANS_RAISED,
	MEANS_RETRY,
	MEANS_TIMEOUT,
	MEANS_UNAVAILABLE,
	MEANS_LINK_LOST,
	MEANS_STALE
};

static const struct {
	const char *prefix; /* of the SQLSTATE; the first row that fits decides */
	enum meaning meaning;
} MEANINGS[] = {
	{"ES001", MEANS_RAISED}, {"23502", MEANS_BUG}, /* not null: no name to tell it by */
	{"23", MEANS_CONSTRAINT}, {"40001", MEANS_RETRY}, {"40P01", MEANS_RETRY},
	{"57014", MEANS_TIMEOUT},                            /* statement_timeout */
	{"55P03", MEANS_TIMEOUT},                            /* lock_timeout */
	{"57P", MEANS_LINK_LOST},                            /* shutdown, crash, starting up */
	{"25P03", MEANS_LINK_LOST},                          /* idle in transaction for too long */
	{"08", MEANS_LINK_LOST}, {"25006", MEANS_LINK_LOST}, /* read only: the server was demoted, another is primary */
	{"53", MEANS_UNAVAILABLE},                           /* disk full, too many connections */
	{"26000", MEANS_STALE},                              /* the prepared statement is gone */
};

static enum meaning meaning_of(const PGresult *r, const char *sqlstate)
{
	const char *origin = PQresultErrorField(r, PG_DIAG_SOURCE_FUNCTION);

	/* "cached plan must not change result type": a migration ran under us. */
	if (strcmp(sqlstate, "0A000") == 0 && origin != NULL && strcmp(origin, "RevalidateCachedQuery") == 0)
		return MEANS_STALE;
	for (size_t i = 0; i < ARRAY_LEN(MEANINGS); i++)
		if (strncmp(sqlstate, MEANINGS[i].prefix, strlen(MEANINGS[i].prefix)) == 0)
			return MEANINGS[i].meaning;
	return MEANS_BUG;
}

static const struct db_constraint *find_constraint(const struct db *db, const char *name)
{
	if (name == NULL || db->setup.constraints == NULL)
		return NULL;
	for (const struct db_constraint *const *table = db->setup.constraints; *table != NULL; table++)
		for (const struct db_constraint *row = *table; row->name != NULL; row++)
			if (strcmp(row->name, name) == 0)
				return row;
	return NULL;
}

/* A data exception's message quotes the value: keep what is before it. */
static const char *without_values(struct ctx *c, const char *sqlstate, const char *message)
{
	if (message == NULL)
		return "";
	if (strncmp(sqlstate, "22", 2) == 0)
		return arena_strndup(c->arena, message, strcspn(message, "\"'0123456789"));
	return message;
}

static err_t bug(struct ctx *c, const struct command *cmd, const PGresult *r, const char *sqlstate)
{
	const char *name = cmd->stmt != NULL ? cmd->stmt->name : cmd->sql != NULL ? cmd->sql : "commit";
	const char *constraint = PQresultErrorField(r, PG_DIAG_CONSTRAINT_NAME);
	const char *where = PQresultErrorField(r, PG_DIAG_TABLE_NAME);
	const char *message = without_values(c, sqlstate, PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY));

	log_bug(c, "statement failed", LS("statement", name), LS("sqlstate", sqlstate), LS("why", message),
		LS("constraint", constraint), LS("table", where));
	return fail(c, &ERR_INTERNAL, "statement %s failed with %s", name, sqlstate);
}

static err_t constraint_problem(
	struct ctx *c, const struct command *cmd, const PGresult *r, const char *sqlstate, bool raised)
{
	const struct db_constraint *k = find_constraint(c->db, PQresultErrorField(r, PG_DIAG_CONSTRAINT_NAME));
	const char *field = PQresultErrorField(r, PG_DIAG_COLUMN_NAME);
	const char *message = raised ? PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY) : NULL;

	if (k == NULL)
		return bug(c, cmd, r, sqlstate);
	if (message == NULL || message[0] == '\0')
		message = k->message != NULL ? k->message : k->problem->title;
	if (!raised || field == NULL || field[0] == '\0')
		field = k->field;
	message = arena_strdup(c->arena, message); /* the result's memory ends soon */
	if (field != NULL)
		field_error(c, arena_strdup(c->arena, field), k->problem->code, "%s", message);
	return fail(c, k->problem, "%s", message);
}

err_t error_of_result(struct ctx *c, const struct command *cmd, const PGresult *r, bool *lost_r)
{
	const char *sqlstate = PQresultErrorField(r, PG_DIAG_SQLSTATE);

	c->db->stats.errors++;
	*lost_r = false;
	if (sqlstate == NULL) { /* libpq's own: the socket closed */
		*lost_r = true;
		return fail(c, &ERR_UNAVAILABLE, "the connection to the database was lost");
	}
	switch (meaning_of(r, sqlstate)) {
	case MEANS_RAISED:
		return constraint_problem(c, cmd, r, sqlstate, true);
	case MEANS_CONSTRAINT:
		return constraint_problem(c, cmd, r, sqlstate, false);
	case MEANS_RETRY:
		return fail(c, &ERR_RETRY, "another transaction was in the way");
	case MEANS_TIMEOUT:
		return fail(c, &ERR_TIMEOUT, "the database took too long");
	case MEANS_UNAVAILABLE:
		return fail(c, &ERR_UNAVAILABLE, "the database is out of resources");
	case MEANS_LINK_LOST:
		*lost_r = true;
		return fail(c, &ERR_UNAVAILABLE, "the database ended the connection");
	case MEANS_STALE:
		*lost_r = true;
		return fail(c, &ERR_RETRY, "the connection's prepared statements are out of date");
	case MEANS_BUG:
		break;
	}
	return bug(c, cmd, r, sqlstate);
}
