/* Sealed secrets: opened by who has the key, where they belong, unchanged; and keys that change. */
#include "unit.h"
#include "settings.h"

#include <string.h>

#include "account.h"
#include "edges/config.h"
#include "seal.h"

#define SECRET STR("twenty bytes or more")

static err_t open_keys(struct ctx *c, const char *keys)
{
	test_secret("ES_SEAL_KEYS_FILE", keys);
	test_config(c, AUTH_CONFIG);
	return seal_open_keys(c);
}

static bool opens(struct ctx *c, const char *kind, const char *id, struct sealed s)
{
	struct str secret;

	return unseal(c, kind, id, &s, &secret) && secret.n == SECRET.n && memcmp(secret.p, SECRET.p, secret.n) == 0;
}

static void opens_where_it_belongs(void **state)
{
	struct ctx *c = *state;
	struct sealed s, again;

	assert_ptr_equal(open_keys(c, TEST_SEAL_KEY "\n"), OK);
	s = seal(c, "totp", "mara", SECRET);
	assert_null(memmem(s.bytes.p, s.bytes.n, SECRET.p, 8));
	assert_int_equal(s.bytes.n, 24 + SECRET.n + 16);
	assert_true(opens(c, "totp", "mara", s));
	assert_false(opens(c, "totp", "lena", s));
	assert_false(opens(c, "signing_key", "mara", s));
	again = seal(c, "totp", "mara", SECRET);
	assert_memory_not_equal(s.bytes.p, again.bytes.p, 24); /* a nonce is used once */
}

static void anything_changed_is_noticed(void **state)
{
	struct ctx *c = *state;
	struct sealed s;
	char *bytes;

	assert_ptr_equal(open_keys(c, TEST_SEAL_KEY), OK);
	s = seal(c, "totp", "mara", SECRET);
	bytes = arena_strndup(c->arena, s.bytes.p, s.bytes.n);
	for (size_t i = 0; i < s.bytes.n; i++) {
		bytes[i] ^= 1;
		assert_false(opens(c, "totp", "mara", (struct sealed){{bytes, s.bytes.n}, s.by}));
		bytes[i] ^= 1;
	}
	for (size_t n = 0; n < s.bytes.n; n++)
		assert_false(opens(c, "totp", "mara", (struct sealed){{bytes, n}, s.by}));
	assert_true(opens(c, "totp", "mara", (struct sealed){{bytes, s.bytes.n}, s.by}));
}

static void keys_take_turns(void **state)
{
	struct ctx *c = *state;
	struct sealed before, after;
	size_t n;

	assert_ptr_equal(open_keys(c, TEST_SEAL_KEY), OK);
	before = seal(c, "totp", "mara", SECRET);
	before.by = arena_strdup(c->arena, before.by);
	assert_ptr_equal(open_keys(c, TEST_SEAL_KEY_NEXT "\n\n " TEST_SEAL_KEY "\n"), OK);
	assert_string_equal(seal_key_ids(&n)[1], before.by);
	assert_int_equal(n, 2);
	after = seal(c, "totp", "mara", SECRET);
	after.by = arena_strdup(c->arena, after.by);
	assert_string_not_equal(before.by, after.by);
	assert_true(opens(c, "totp", "mara", before));
	assert_true(opens(c, "totp", "mara", after));
	assert_false(opens(c, "totp", "mara", (struct sealed){before.bytes, after.by}));
	assert_ptr_equal(open_keys(c, TEST_SEAL_KEY_NEXT), OK);
	assert_false(opens(c, "totp", "mara", before));
	assert_true(opens(c, "totp", "mara", after));
}

static void what_was_never_sealed_is_itself(void **state)
{
	struct ctx *c = *state;

	assert_ptr_equal(open_keys(c, TEST_SEAL_KEY), OK);
	assert_true(opens(c, "totp", "mara", (struct sealed){SECRET, NULL}));
}

static void files_that_hold_no_keys(void **state)
{
	static const char *const FILES[] = {
		"\n",
		"short",
		TEST_SEAL_KEY "A",
		TEST_SEAL_KEY "\nthis is none",
		TEST_SEAL_KEY "\n" TEST_SEAL_KEY "\n" TEST_SEAL_KEY "\n" TEST_SEAL_KEY "\n" TEST_SEAL_KEY "\n" TEST_SEAL_KEY "\n" TEST_SEAL_KEY "\n"
		TEST_SEAL_KEY "\n" TEST_SEAL_KEY,
	};
	struct ctx *c = *state;

	for (size_t i = 0; i < ARRAY_LEN(FILES); i++) {
		assert_ptr_equal(open_keys(c, FILES[i]), &ERR_INVALID);
		assert_null(strstr(c->detail, "short")); /* what is in it is not said */
		ctx_clear_failure(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(opens_where_it_belongs),
		UNIT(anything_changed_is_noticed),
		UNIT(keys_take_turns),
		UNIT(what_was_never_sealed_is_itself),
		UNIT(files_that_hold_no_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
