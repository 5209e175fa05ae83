/*
 * db_prove.c - prepare every statement of the process, and prove every one against the
 * schema as it is: types, names, and the grants of this role.
 */
#include "edges/db_internal.h"

#include <string.h>

#include "base/log.h"

#define FIRST_NORMAL_OID 16384u /* below: PostgreSQL's own types */

/* pg_type's fixed ids; libpq has no header for them that a client may include. */
enum {
	OID_BOOL = 16,
	OID_BYTEA = 17,
	OID_NAME = 19,
	OID_INT8 = 20,
	OID_INT2 = 21,
	OID_INT4 = 23,
	OID_TEXT = 25,
	OID_JSON = 114,
	OID_INET = 869,
	OID_BPCHAR = 1042,
	OID_VARCHAR = 1043,
	OID_DATE = 1082,
	OID_TIMESTAMPTZ = 1184,
	OID_NUMERIC = 1700,
	OID_UUID = 2950,
	OID_JSONB = 3802,
};

static const struct {
	enum db_type type;
	Oid oid;
} FITS[] = {
	{DB_TEXT, OID_TEXT},
	{DB_TEXT, OID_VARCHAR},
	{DB_TEXT, OID_BPCHAR},
	{DB_TEXT, OID_NAME},
	{DB_TEXT, OID_UUID},
	{DB_TEXT, OID_INET},
	{DB_TEXT, OID_DATE},
	{DB_TEXT, OID_NUMERIC},
	{DB_INT64, OID_INT8},
	{DB_INT64, OID_INT4},
	{DB_INT64, OID_INT2},
	{DB_INT32, OID_INT4},
	{DB_INT32, OID_INT2},
	{DB_BOOL, OID_BOOL},
	{DB_UUID, OID_UUID},
	{DB_TIME, OID_TIMESTAMPTZ},
	{DB_BYTES, OID_BYTEA},
	{DB_CURRENCY, OID_BPCHAR},
	{DB_CURRENCY, OID_TEXT},
	{DB_CURRENCY, OID_VARCHAR},
	{DB_JSON, OID_JSON},
	{DB_JSON, OID_JSONB},
};

static bool type_fits(enum db_type type, Oid oid)
{
	if (type == DB_TEXT && oid >= FIRST_NORMAL_OID) /* an enum, citext: their text is meant */
		return true;
	for (size_t i = 0; i < ARRAY_LEN(FITS); i++)
		if (FITS[i].type == type && FITS[i].oid == oid)
			return true;
	return false;
}

struct proof {
	const struct db_stmt *stmt;
	int nparams;
	size_t mismatches;
};

static void mismatch(struct ctx *c, struct proof *p, const char *what, const char *column)
{
	log_bug(c, "statement does not match its table", LS("statement", p->stmt->name), LS("column", column),
		LS("why", what));
	p->mismatches++;
}

static void inspect_shape(struct ctx *c, const PGresult *r, void *arg)
{
	struct proof *p = arg;
	const struct db_stmt *s = p->stmt;
	size_t n = (size_t)PQnfields(r);

	p->nparams = PQnparams(r);
	if (s->ncolumns == 0) /* nobody reads its rows */
		return;
	if (n != s->ncolumns)
		mismatch(c, p, "another number of columns",
			n > s->ncolumns ? PQfname(r, (int)s->ncolumns) : s->columns[n].name);
	for (size_t i = 0; i < n && i < s->ncolumns; i++) {
		if (strcmp(PQfname(r, (int)i), s->columns[i].name) != 0)
			mismatch(c, p, "another name", s->columns[i].name);
		else if (!type_fits(s->columns[i].type, PQftype(r, (int)i)))
			mismatch(c, p, "another type", s->columns[i].name);
	}
}

/* "explain execute name(null, null)": the planner and executor start-up check tables, columns and grants. */
static const char *explain_text(struct ctx *c, const struct proof *p)
{
	struct buf b;

	buf_init(&b, c->arena, 8192);
	buf_printf(&b, "explain execute \"%s\"", p->stmt->name);
	for (int i = 0; i < p->nparams; i++)
		buf_puts(&b, i == 0 ? "(null" : ", null");
	if (p->nparams > 0)
		buf_putc(&b, ')');
	return buf_ok(&b) ? b.p : "too many parameters";
}

static err_t prove_one(struct ctx *c, const struct db_stmt *s)
{
	struct proof p = {.stmt = s};
	struct command *describe;
	struct queue q;

	queue_init(&q);
	describe = queue_add(c, &q, COMMAND_DESCRIBE);
	describe->stmt = s;
	describe->inspect = inspect_shape;
	describe->arg = &p;
	TRY(db_send(c, &q, false));
	queue_init(&q);
	/* A generic plan keeps the parameters: nulls would fold strict functions away, and their grants with them. */
	queue_plain(c, &q, "set plan_cache_mode = force_generic_plan", NULL);
	queue_plain(c, &q, explain_text(c, &p), NULL);
	(void)queue_add(c, &q, COMMAND_SYNC);
	queue_plain(c, &q, "reset plan_cache_mode", NULL);
	TRY(db_send(c, &q, false));
	return p.mismatches == 0 ? OK : &ERR_INTERNAL;
}

static bool same_name_before(const struct db_stmt *const *const *tables, const struct db_stmt *s)
{
	for (; *tables != NULL; tables++) {
		for (const struct db_stmt *const *row = *tables; *row != NULL; row++) {
			if (*row == s)
				return false;
			if (strcmp((*row)->name, s->name) == 0)
				return true;
		}
	}
	return false;
}

err_t db_prove(struct ctx *c)
{
	const struct db_stmt *const *const *tables = c->db->setup.statements;
	size_t proven = 0, bad = 0;

	for (const struct db_stmt *const *const *t = tables; t != NULL && *t != NULL; t++) {
		for (const struct db_stmt *const *row = *t; *row != NULL; row++, proven++) {
			err_t e;

			if (same_name_before(tables, *row)) {
				log_bug(c, "two statements of one name", LS("statement", (*row)->name));
				bad++;
				continue;
			}
			e = prove_one(c, *row);
			if (e == &ERR_UNAVAILABLE)
				return e;
			bad += e != OK;
		}
	}
	if (bad > 0)
		return fail(c, &ERR_INTERNAL, "%zu of %zu statements do not match the schema", bad, proven);
	return OK;
}

err_t db_prepare_all(struct ctx *c)
{
	const struct db_stmt *const *const *tables = c->db->setup.statements;
	struct queue q;

	queue_init(&q);
	for (const struct db_stmt *const *const *t = tables; t != NULL && *t != NULL; t++)
		for (const struct db_stmt *const *row = *t; *row != NULL; row++)
			db_queue_prepare(c, &q, *row);
	return db_send(c, &q, false);
}
