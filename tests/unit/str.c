/*
 * str.c - views, UTF-8, buffers and encodings.
 */
#include "unit.h"

#include <string.h>

static void compares_and_trims(void **state)
{
	(void)state;
	assert_true(str_eq(STR("abc"), "abc"));
	assert_false(str_eq(STR("abc"), "ab"));
	assert_true(str_eq_nocase(STR("Content-TYPE"), "content-type"));
	assert_false(str_eq_nocase(STR("\xC3\x84"), "\xC3\xA4"));
	assert_true(str_starts(STR("abc"), "ab"));
	assert_false(str_starts(STR("a"), "ab"));
	assert_true(str_eq(str_trim(STR(" \t x y \t")), "x y"));
	assert_int_equal(str_of(NULL).n, 0);
}

static void cuts_parts(void **state)
{
	(void)state;
	struct str rest = STR("a,,b,"), part;
	const char *const want[] = {"a", "", "b", ""};
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		assert_true(str_next(&rest, ',', &part));
		assert_true(str_eq(part, want[i]));
	}
	assert_false(str_next(&rest, ',', &part));
}

static void reads_whole_numbers(void **state)
{
	(void)state;
	int64_t v = 0;
	assert_true(str_int64(STR("9223372036854775807"), &v) && v == INT64_MAX);
	assert_true(str_int64(STR("-9223372036854775808"), &v) && v == INT64_MIN);
	assert_true(str_int64(STR("+7"), &v) && v == 7);
	const char *const bad[] = {
		"", "-", "+", "1 ", " 1", "1.0", "0x1", "9223372036854775808", "-9223372036854775809", "1e3"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(str_int64(str_of(bad[i]), &v));
}

static void knows_utf8(void **state)
{
	(void)state;
	const char *const good[] = {
		"", "abc", "é", "€", "\xF0\x9F\x98\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF"};
	const char *const bad[] = {"\x80", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xED\xA0\x80",
		"\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\xC3", "a\xFF"};
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(utf8_valid(str_of(good[i])));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(utf8_valid(str_of(bad[i])));
	assert_false(utf8_valid((struct str){"a\0b", 3}));
	assert_int_equal(utf8_length(STR("aé€\xF0\x9F\x98\x80")), 4);
	assert_int_equal(utf8_prefix(STR("aé€"), 2).n, 3);
	assert_int_equal(utf8_prefix(STR("aé€"), 9).n, 6);
	assert_true(utf8_has_control(STR("a\nb"), false));
	assert_false(utf8_has_control(STR("a\nb\t"), true));
	assert_true(utf8_has_control(STR("\xC2\x85"), true));
	assert_true(utf8_has_control(STR("\x7F"), true));
	assert_false(utf8_has_control(STR("\xC2\xA0"), false));
}

static void compares_secrets(void **state)
{
	(void)state;
	assert_true(str_same_secret(STR("abc"), STR("abc")));
	assert_false(str_same_secret(STR("abc"), STR("abd")));
	assert_false(str_same_secret(STR("abcabc"), STR("abc")));
	assert_false(str_same_secret(STR("a"), STR("")));
	assert_true(str_same_secret(STR(""), STR("")));
}

static void grows_to_its_maximum(void **state)
{
	struct buf b;
	buf_init(&b, ((struct ctx *)*state)->arena, 1000);
	assert_string_equal(buf_str(&b).p, "");
	for (int i = 0; i < 100; i++)
		buf_printf(&b, "%08d, ", i);
	assert_true(buf_ok(&b));
	assert_int_equal(b.len, 1000);
	buf_putc(&b, 'x');
	assert_false(buf_ok(&b));
	buf_puts(&b, "");
	assert_false(buf_ok(&b));
	assert_int_equal(b.len, 1000);
}

static void escapes(void **state)
{
	struct arena *a = ((struct ctx *)*state)->arena;
	struct buf b;
	buf_init(&b, a, 1000);
	buf_html(&b, STR("<a href=\"x\">'&'</a>"));
	assert_string_equal(b.p, "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
	buf_init(&b, a, 1000);
	buf_json_string(&b, STR("</script>\n\"\\é\x01"));
	assert_string_equal(b.p, "\"\\u003c/script\\u003e\\u000a\\\"\\\\é\\u0001\"");
	buf_init(&b, a, 1000);
	buf_url(&b, STR("a b/é~+"));
	assert_string_equal(b.p, "a%20b%2F%C3%A9~%2B");
}

static void decodes_percent(void **state)
{
	struct arena *a = ((struct ctx *)*state)->arena;
	struct str out;
	assert_true(url_decode(a, STR("a+b%20%c3%A9"), true, &out) && str_eq(out, "a b é"));
	assert_true(url_decode(a, STR("a+b"), false, &out) && str_eq(out, "a+b"));
	const char *const bad[] = {"%", "%4", "%zz", "%00", "abc%0"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(url_decode(a, str_of(bad[i]), true, &out));
}

static void encodes_base64url(void **state)
{
	struct arena *a = ((struct ctx *)*state)->arena;
	/* RFC 4648, section 10, without padding. */
	const char *const pairs[][2] = {{"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"}, {"foob", "Zm9vYg"},
		{"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xFB\xFF", "-_8"}};
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct str out;
		assert_string_equal(base64url(a, pairs[i][0], strlen(pairs[i][0])), pairs[i][1]);
		assert_true(base64url_decode(a, str_of(pairs[i][1]), &out));
		assert_true(str_eq(out, pairs[i][0]));
	}
	struct str out;
	const char *const bad[] = {"Z", "Zg==", "Zh", "Zm9", "Zm+v", "Zm 9v"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(base64url_decode(a, str_of(bad[i]), &out));
	assert_string_equal(hex(a, "\x00\xFF\x1a", 3), "00ff1a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(compares_and_trims),
		UNIT(cuts_parts),
		UNIT(reads_whole_numbers),
		UNIT(knows_utf8),
		UNIT(compares_secrets),
		UNIT(grows_to_its_maximum),
		UNIT(escapes),
		UNIT(decodes_percent),
		UNIT(encodes_base64url),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
