/* Passwords known from breaches: found in a sorted file of any length, at its ends and in between. */
#include "unit.h"
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "account.h"
#include "breach.h"
#include "edges/config.h"

#define WORDS 500

static char path[] = "/tmp/ecostore-breach-XXXXXX";

static void hash_of(const char *word, char text_r[static 41])
{
	unsigned char sum[SHA_DIGEST_LENGTH];

	SHA1((const unsigned char *)word, strlen(word), sum);
	for (size_t i = 0; i < sizeof(sum); i++)
		snprintf(text_r + 2 * i, 3, "%02X", sum[i]);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* "word 0" … as the list has them: sorted, with counts of different lengths, ending in `end`; "": LF between them, nothing behind the last. */
static void write_list(size_t n, const char *end)
{
	static char lines[WORDS][41];
	FILE *f = fopen(path, "w");
	char word[32];

	assert_non_null(f);
	for (size_t i = 0; i < n; i++) {
		snprintf(word, sizeof(word), "word %zu", i);
		hash_of(word, lines[i]);
	}
	qsort(lines, n, sizeof(lines[0]), by_text);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%s:%zu%s", lines[i], i * i * i + 1, i + 1 < n && end[0] == '\0' ? "\n" : end);
	assert_int_equal(fclose(f), 0);
}

static err_t open_list(struct ctx *c)
{
	test_secret("ES_SEAL_KEYS_FILE", TEST_SEAL_KEY);
	setenv("ES_BREACHED_PASSWORDS", path, 1);
	test_config(c, AUTH_CONFIG);
	return breach_open(c);
}

static size_t found_of(struct ctx *c, size_t n)
{
	size_t found = 0;
	char word[32];

	for (size_t i = 0; i < n; i++) {
		snprintf(word, sizeof(word), "word %zu", i);
		found += breach_listed(c, word);
	}
	return found;
}

static void each_listed_password_is_found(void **state)
{
	static const size_t LENGTHS[] = {1, 2, 3, 7, 64, WORDS};
	static const char *const ENDS[] = {"\n", "\r\n", ""};
	struct ctx *c = *state;

	for (size_t e = 0; e < ARRAY_LEN(ENDS); e++) {
		for (size_t i = 0; i < ARRAY_LEN(LENGTHS); i++) {
			write_list(LENGTHS[i], ENDS[e]);
			assert_ptr_equal(open_list(c), OK);
			assert_int_equal(found_of(c, LENGTHS[i]), LENGTHS[i]);
			assert_false(breach_listed(c, "no such word"));
			assert_false(breach_listed(c, ""));
		}
	}
}

static void what_is_no_list_is_refused(void **state)
{
	static const char *const TEXTS[] = {"", "password\n", "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8\n",
		"5BAA61E4C9B93F3F0682250B6CF8331B7EE68FDX:1\n"};
	struct ctx *c = *state;

	for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
		FILE *f = fopen(path, "w");
		fputs(TEXTS[i], f);
		(void)fclose(f);
		assert_ptr_equal(open_list(c), &ERR_INVALID);
		ctx_clear_failure(c);
	}
	setenv("ES_BREACHED_PASSWORDS", "/nowhere/at/all", 1);
	(void)unlink(path);
	assert_ptr_equal(open_list(c), &ERR_INVALID);
}

static void without_a_list_nothing_is_known(void **state)
{
	struct ctx *c = *state;
	unsetenv("ES_BREACHED_PASSWORDS");
	test_config(c, AUTH_CONFIG);
	assert_ptr_equal(breach_open(c), OK);
	assert_false(breach_listed(c, "password"));
}

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	return close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	(void)unlink(path);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(each_listed_password_is_found),
		UNIT(what_is_no_list_is_refused),
		UNIT(without_a_list_nothing_is_known),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
