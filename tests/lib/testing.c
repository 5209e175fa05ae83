/*
 * testing.c - see testing.h. Tests are the only place outside edges/ that speaks libpq:
 * to arrange what a service's role may not.
 */
#include "testing.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define CONNECTIONS_MAX 256
#define CONTEXTS_MAX 256
#define BECOMES_TURNS 1500
#define BECOMES_TURN_US 20000

static char database[64]; /* "" until created */
static pid_t owner;       /* a forked child must not drop it */
static PGconn *superuser;
static struct db *connections[CONNECTIONS_MAX];
static size_t nconnections;
static struct {
	struct ctx ctx;
	struct arena *arena;
} contexts[CONTEXTS_MAX];
static size_t ncontexts;

static const char *given(const char *variable)
{
	const char *value = getenv(variable);

	if (value == NULL || value[0] == '\0') {
		fprintf(stderr, "%s is not set: run the tests with tests/run, which starts a test cluster\n", variable);
		exit(2);
	}
	return value;
}

static PGconn *connect_superuser(const char *dbname)
{
	const char *keywords[] = {"host", "port", "user", "dbname", "application_name", NULL};
	const char *values[] = {given("PGHOST"), given("PGPORT"), given("PGUSER"), dbname, "ecostore-test", NULL};
	PGconn *conn = PQconnectdbParams(keywords, values, 0);

	if (PQstatus(conn) != CONNECTION_OK) {
		fprintf(stderr, "test cluster: %s", PQerrorMessage(conn));
		exit(2);
	}
	return conn;
}

static void ignore_notice(void *arg, const PGresult *result)
{
	(void)arg;
	(void)result;
}

static PGresult *superuser_exec(const char *sql)
{
	PGresult *r;

	if (superuser == NULL) {
		superuser = connect_superuser(database);
		PQsetNoticeReceiver(superuser, ignore_notice, NULL);
	}
	r = PQexec(superuser, sql);
	if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK) {
		char message[512];

		snprintf(message, sizeof(message), "%s", PQerrorMessage(superuser));
		PQclear(r);
		fail_msg("test_sql: %s", message);
	}
	return r;
}

/* On the cluster, not in the test's database. */
static bool maintenance(const char *verb, const char *how, const char *name)
{
	PGconn *conn = connect_superuser("postgres");
	char sql[200];
	PGresult *r;
	bool done;

	snprintf(sql, sizeof(sql), "%s database %s %s %s", verb, database, how, name);
	r = PQexec(conn, sql);
	done = PQresultStatus(r) == PGRES_COMMAND_OK;
	if (!done)
		fprintf(stderr, "%s: %s", sql, PQerrorMessage(conn));
	PQclear(r);
	PQfinish(conn);
	return done;
}

static void create_database(void)
{
	if (database[0] != '\0')
		return;
	snprintf(database, sizeof(database), "test_%ld_%08x", (long)getpid(), random_below(UINT32_MAX));
	owner = getpid();
	if (!maintenance("create", "template", given("ES_TEST_TEMPLATE")))
		exit(2);
	atexit(test_db_close);
}

const char *test_conninfo(const char *role)
{
	static char text[512];

	create_database();
	snprintf(text, sizeof(text), "host=%s port=%s user=%s dbname=%s", given("PGHOST"), given("PGPORT"), role,
		database);
	return text;
}

struct db *test_db_again(const char *role, const struct db_stmt *const *const *statements,
	const struct db_constraint *const *constraints)
{
	struct db_setup setup = {
		.conninfo = test_conninfo(role),
		.application_name = "ecostore-test",
		.statements = statements,
		.constraints = constraints,
	};

	if (nconnections == CONNECTIONS_MAX)
		abort();
	return connections[nconnections++] = db_open(&setup);
}

struct db *test_db_open(const char *role, const struct db_stmt *const *const *statements,
	const struct db_constraint *const *constraints)
{
	return nconnections > 0 ? connections[0] : test_db_again(role, statements, constraints);
}

void test_db_close(void)
{
	for (size_t i = 0; i < ncontexts; i++)
		arena_free(contexts[i].arena);
	for (size_t i = 0; i < nconnections; i++)
		db_close(connections[i]);
	ncontexts = nconnections = 0;
	PQfinish(superuser);
	superuser = NULL;
	if (database[0] != '\0' && owner == getpid())
		(void)maintenance("drop", "with", "(force)");
	database[0] = '\0';
}

struct ctx *test_ctx_of(struct db *db)
{
	size_t i = ncontexts++;

	if (i == CONTEXTS_MAX)
		abort();
	contexts[i].arena = arena_new(TEST_ARENA_MAX);
	ctx_init(&contexts[i].ctx, contexts[i].arena, db);
	return &contexts[i].ctx;
}

struct ctx *test_ctx(void)
{
	struct db *db = nconnections > 0 ? connections[0] : NULL;

	if (ncontexts == 0)
		return test_ctx_of(db);
	arena_reset(contexts[0].arena);
	ctx_init(&contexts[0].ctx, contexts[0].arena, db);
	return &contexts[0].ctx;
}

void test_sql(const char *sql)
{
	PQclear(superuser_exec(sql));
}

const char *test_sql_text(const char *sql)
{
	static char text[8192];
	PGresult *r = superuser_exec(sql);
	bool null = PQntuples(r) == 0 || PQgetisnull(r, 0, 0);

	if (!null)
		snprintf(text, sizeof(text), "%s", PQgetvalue(r, 0, 0));
	PQclear(r);
	return null ? NULL : text;
}

int64_t test_sql_int(const char *sql)
{
	const char *text = test_sql_text(sql);
	int64_t value = 0;

	if (text == NULL || !str_int64(str_of(text), &value))
		fail_msg("test_sql_int: %s gave %s", sql, text == NULL ? "nothing" : text);
	return value;
}

bool test_sql_becomes(const char *sql, int64_t wanted)
{
	for (int i = 0; i < BECOMES_TURNS; i++) {
		if (test_sql_int(sql) == wanted)
			return true;
		usleep(BECOMES_TURN_US);
	}
	return false;
}

void test_assert_err(const struct ctx *c, err_t e, err_t expected, const char *file, int line)
{
	if (e == expected)
		return;
	print_error("%s:%d: %s where %s was expected: %s\n", file, line, e == OK ? "ok" : e->code,
		expected == OK ? "ok" : expected->code, c->detail == NULL ? "" : c->detail);
	for (const struct field_error *f = c->errors; f != NULL; f = f->next)
		print_error("  %s: %s %s\n", f->field, f->code, f->message);
	_fail(file, line);
}
