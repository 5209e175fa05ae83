/*
 * testing.h - what store and http tests share: a database of their own on the test
 * cluster, connections to it as a service's role, and a fresh ctx per test.
 *
 * The test runner starts a cluster, migrates a template database once, and names them:
 * PGHOST (a Unix socket directory), PGPORT, PGUSER (superuser, trusted), ES_TEST_TEMPLATE.
 * Without them a test fails.
 *
 *   static int start(void **state) { (void)state; test_db_open("es_cart", STATEMENTS, CONSTRAINTS); return 0; }
 *   static int stop(void **state)  { (void)state; test_db_close(); return 0; }
 *   cmocka_run_group_tests(tests, start, stop);
 *
 * Include it first: it brings cmocka along.
 */
#ifndef ES_TESTING_H
#define ES_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#undef fail /* cmocka's macro; base/ctx.h has a function of that name */
#undef fail_msg
#define fail_msg(...) (print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

#include "base/ctx.h"
#include "edges/db.h"

#define TEST_ARENA_MAX ((size_t)64 << 20)

/* Creates the test program's database from the template at the first call, and connects to it as role. */
struct db *test_db_open(const char *role, const struct db_stmt *const *const *statements,
	const struct db_constraint *const *constraints);
/* Another connection to the same database. Closed by test_db_close. */
struct db *test_db_again(const char *role, const struct db_stmt *const *const *statements,
	const struct db_constraint *const *constraints);
/* Closes every connection and drops the database. */
void test_db_close(void);
/* libpq conninfo of the test database as role: for child processes and services under test. Static storage of the
 * library. */
const char *test_conninfo(const char *role);

/* The unit of work of the first connection: everything of the last call is forgotten. */
struct ctx *test_ctx(void);
/* A unit of work of its own; ends with test_db_close. db may be NULL. */
struct ctx *test_ctx_of(struct db *db);

/* As superuser, several statements allowed; any failure fails the test. */
void test_sql(const char *sql);
/* The first value of the first row as superuser, in memory that lasts until the next call; NULL for null or no row. */
const char *test_sql_text(const char *sql);
int64_t test_sql_int(const char *sql);
/* Whether test_sql_int() answers what is wanted, within half a minute. */
bool test_sql_becomes(const char *sql, int64_t wanted);

/* e is exactly the problem expected (NULL: OK); otherwise says both, and the ctx's detail. */
#define assert_err(c, e, expected) test_assert_err((c), (e), (expected), __FILE__, __LINE__)
#define assert_ok(c, e) test_assert_err((c), (e), OK, __FILE__, __LINE__)
void test_assert_err(const struct ctx *c, err_t e, err_t expected, const char *file, int line);

#endif
