/* common/edges/config.c: where values come from, what is refused, what is told. */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "edges/config.h"

static const struct config_key KEYS[] = {
	{"test_text", CONFIG_TEXT, "fallback", 0, 0, "a text"},
	{"test_number", CONFIG_INT, "5", 1, 10, "a number"},
	{"test_flag", CONFIG_BOOL, "false", 0, 0, "a switch"},
	{"test_url", CONFIG_URL, "http://localhost:8080", 0, 0, "an address"},
	{"test_path", CONFIG_PATH, "/tmp", 0, 0, "a folder"},
	{"test_secret", CONFIG_SECRET, NULL, 0, 0, "a secret"},
};
static const char *const VARIABLES[] = {"ES_TEST_TEXT", "ES_TEST_NUMBER", "ES_TEST_FLAG", "ES_TEST_URL", "ES_TEST_PATH",
	"ES_TEST_SECRET", "ES_TEST_SECRET_FILE"};

static char secret_file[] = "/tmp/ecostore-secret-XXXXXX";

static int start(void **state)
{
	int fd = mkstemp(secret_file);

	(void)state;
	return fd >= 0 && write(fd, "s3cret\n", 7) == 7 && close(fd) == 0 ? 0 : -1;
}

static int stop(void **state)
{
	(void)state;
	(void)unlink(secret_file);
	test_db_close();
	return 0;
}

static int each(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(VARIABLES); i++)
		(void)unsetenv(VARIABLES[i]);
	return setenv("ES_TEST_SECRET_FILE", secret_file, 1);
}

static struct ctx *unit(void)
{
	return test_ctx_of(NULL);
}

static void fallbacks_and_environment(void **state)
{
	struct ctx *c = unit();

	(void)state;
	assert_ok(c, config_load(c, KEYS, ARRAY_LEN(KEYS)));
	assert_string_equal(config_text("test_text"), "fallback");
	assert_int_equal(config_int("test_number"), 5);
	assert_false(config_bool("test_flag"));
	assert_string_equal(config_text("test_secret"), "s3cret");
	assert_int_equal(setenv("ES_TEST_TEXT", "given", 1) + setenv("ES_TEST_NUMBER", "10", 1) +
				 setenv("ES_TEST_FLAG", "on", 1),
		0);
	assert_ok(c, config_load(c, KEYS, ARRAY_LEN(KEYS)));
	assert_string_equal(config_text("test_text"), "given");
	assert_int_equal(config_int("test_number"), 10);
	assert_true(config_bool("test_flag"));
}

static void bad_values_are_refused(void **state)
{
	static const char *const BAD[][2] = {
		{"ES_TEST_NUMBER", "0"},
		{"ES_TEST_NUMBER", "11"},
		{"ES_TEST_NUMBER", "5 "},
		{"ES_TEST_NUMBER", ""},
		{"ES_TEST_FLAG", "maybe"},
		{"ES_TEST_URL", "localhost:8080"},
		{"ES_TEST_URL", "http://x/"},
		{"ES_TEST_PATH", ""},
		{"ES_TEST_SECRET_FILE", "/nonexistent"},
		{"ES_TEST_SECRET_FILE", "/dev/null"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
		struct ctx *c = unit();

		(void)each(NULL);
		assert_int_equal(setenv(BAD[i][0], BAD[i][1], 1), 0);
		assert_err(c, config_load(c, KEYS, ARRAY_LEN(KEYS)), &ERR_INTERNAL);
		assert_non_null(strstr(c->detail, "1 configuration key"));
	}
}

/* Never from the environment itself, where every process' user may read it. */
static void a_secret_comes_from_a_file_only(void **state)
{
	struct ctx *c = unit();

	(void)state;
	assert_int_equal(unsetenv("ES_TEST_SECRET_FILE") + setenv("ES_TEST_SECRET", "s3cret", 1), 0);
	assert_err(c, config_load(c, KEYS, ARRAY_LEN(KEYS)), &ERR_INTERNAL);
}

static void the_table_documents_itself(void **state)
{
	char text[2000] = "";
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	config_print(KEYS, ARRAY_LEN(KEYS), ends[1]);
	close(ends[1]);
	assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
	close(ends[0]);
	assert_non_null(strstr(text, "ES_TEST_NUMBER\tnumber\t5\ta number\n"));
	assert_non_null(strstr(text, "ES_TEST_SECRET_FILE\tsecret\t(required)\ta secret\n"));
	assert_null(strstr(text, "s3cret"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup(f, each)
		TEST(fallbacks_and_environment),
		TEST(bad_values_are_refused),
		TEST(a_secret_comes_from_a_file_only),
		TEST(the_table_documents_itself),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
