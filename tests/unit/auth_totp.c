/* Codes of authenticator apps against RFC 6238's own, recovery codes, and the drawing of a key. */
#include "testing.h"

#include <string.h>

#include "totp.h"

static struct arena *arena(void)
{
	return test_ctx()->arena;
}

#define RFC_SECRET STR("12345678901234567890")

/* RFC 6238, appendix B, SHA-1. */
static void rfc_6238_vectors(void **state)
{
	static const struct {
		int64_t time;
		const char *code;
	} VECTORS[] = {{59, "94287082"}, {1111111109, "07081804"}, {1111111111, "14050471"}, {1234567890, "89005924"},
		{2000000000, "69279037"}, {20000000000, "65353130"}};
	char code[TOTP_CODE_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(VECTORS); i++) {
		assert_true(totp_code(RFC_SECRET, (uint64_t)(VECTORS[i].time / TOTP_PERIOD_SECS), 8, code));
		assert_string_equal(code, VECTORS[i].code);
	}
}

static bool match(const char *code, int64_t now, int64_t last, int64_t *counter_r)
{
	return totp_match(RFC_SECRET, code, now, last, counter_r);
}

static void clocks_may_differ_by_a_period(void **state)
{
	const char *code = "287082"; /* of counter 1 */
	int64_t counter = 0;

	(void)state;
	assert_true(match(code, 59, 0, &counter));
	assert_int_equal(counter, 1);
	assert_true(match(code, 30, 0, &counter));
	assert_true(match(code, 89, 0, &counter));
	assert_true(match(code, 15, 0, &counter));
	assert_false(match(code, 90, 0, &counter));
	assert_false(match(code, 119, 0, &counter));
}

static void a_spent_code_is_none(void **state)
{
	int64_t counter = 0;

	(void)state;
	assert_true(match("287082", 59, 0, &counter));
	assert_false(match("287082", 59, counter, &counter));
	assert_false(match("287082", 59, 5, &counter));
	assert_false(match("", 59, 0, &counter));
	assert_false(match("28708", 59, 0, &counter));
	assert_false(match("2870822", 59, 0, &counter));
	assert_false(match("94287082", 59, 0, &counter));
}

static void the_key_is_written_for_apps(void **state)
{
	(void)state;
	assert_string_equal(totp_base32(arena(), RFC_SECRET), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
	assert_string_equal(totp_uri(arena(), RFC_SECRET, "Eco Store", "a+b@example.com"),
		"otpauth://totp/Eco%20Store:a%2Bb%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Eco%20Store"
		"&algorithm=SHA1&digits=6&period=30");
}

static void recovery_codes_are_typed_as_people_type(void **state)
{
	struct arena *a = arena();
	const char *code = recovery_code_new(a), *key = recovery_code_key(a, code);

	(void)state;
	assert_int_equal(strlen(code), RECOVERY_CODE_CHARS + 3);
	assert_int_equal(strlen(key), RECOVERY_CODE_CHARS);
	assert_string_not_equal(code, recovery_code_new(a));
	assert_string_equal(recovery_code_key(arena(), "K7WQ 3mzt-abcd-2345"), "k7wq3mztabcd2345");
	assert_null(recovery_code_key(arena(), "k7wq-3mzt-abcd-234"));
	assert_null(recovery_code_key(arena(), "k7wq-3mzt-abcd-2345-6"));
	assert_null(recovery_code_key(arena(), "k7wq-3mzt-abcd-23l5"));
	assert_null(recovery_code_key(arena(), "123456"));
	assert_null(recovery_code_key(arena(), ""));
}

static void a_key_is_drawn(void **state)
{
	const char *path = NULL;
	int side = 0;

	(void)state;
	assert_true(qr_path(arena(), "otpauth://totp/x", &side, &path));
	assert_true(side >= 21 + 8 && side < 60);
	/* the finder pattern: seven dark modules after the quiet zone */
	assert_int_equal(strncmp(path, "M4 4h7v1h-7z", 12), 0);
	assert_int_equal(strspn(path, "Mhvz-0123456789 "), strlen(path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc_6238_vectors),
		cmocka_unit_test(clocks_may_differ_by_a_period),
		cmocka_unit_test(a_spent_code_is_none),
		cmocka_unit_test(the_key_is_written_for_apps),
		cmocka_unit_test(recovery_codes_are_typed_as_people_type),
		cmocka_unit_test(a_key_is_drawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
