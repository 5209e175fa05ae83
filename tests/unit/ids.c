/*
 * ids.c - identifiers, tokens, slugs.
 */
#include "unit.h"

#include <string.h>

#include "data/clock.h"
#include "data/ids.h"

static void v7_is_ordered_and_carries_the_time(void **state)
{
	(void)state;
	clock_freeze_us(INT64_C(0x017F22E279B0) * 1000);
	struct uuid first = uuid_v7(), before = first;
	assert_memory_equal(first.s, "017f22e2-79b0-7", 15);
	for (int i = 0; i < 10000; i++) {
		struct uuid id = uuid_v7();
		assert_true(strcmp(before.s, id.s) < 0);
		assert_int_equal(id.s[14], '7');
		assert_non_null(strchr("89ab", id.s[19]));
		before = id;
	}
	clock_freeze_us(0);
}

static void v4_is_random(void **state)
{
	(void)state;
	struct uuid a = uuid_v4(), b = uuid_v4();
	assert_int_equal(a.s[14], '4');
	assert_non_null(strchr("89ab", a.s[19]));
	assert_string_not_equal(a.s, b.s);
}

static void parses_the_canonical_form_only(void **state)
{
	struct ctx *c = *state;
	struct uuid id = {{0}};
	assert_false(uuid_is_set(&id));
	assert_true(uuid_parse(STR("017F22E2-79b0-7cc3-98C4-dc0c0c07398f"), &id));
	assert_string_equal(id.s, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
	assert_true(uuid_is_set(&id));
	assert_string_equal(uuid_short(c->arena, &id), "017f22e2…");
	const char *const bad[] = {"", "017f22e279b07cc398c4dc0c0c07398f", "{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}",
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398g", "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
		"017f22e2079b0-7cc3-98c4-dc0c0c07398f"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(uuid_parse(str_of(bad[i]), &id));
}

static void makes_tokens(void **state)
{
	struct arena *a = ((struct ctx *)*state)->arena;
	assert_int_equal(strlen(token_new(a, 32)), 43);
	assert_string_not_equal(token_new(a, 32), token_new(a, 32));
	/* FIPS 180-2: SHA-256 of "abc". */
	assert_string_equal(
		token_hash(a, STR("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	const char *number = order_number_new(a);
	assert_int_equal(strlen(number), 9);
	assert_int_equal(number[0], 'E');
	assert_int_equal(strspn(number + 1, "23456789ABCDEFGHJKMNPQRSTVWXYZ"), 8);
	for (int i = 0; i < 1000; i++)
		assert_true(random_below(3) < 3);
}

static void makes_slugs(void **state)
{
	struct arena *a = ((struct ctx *)*state)->arena;
	const char *const pairs[][2] = {
		{"Blue Mug, Ø 9 cm", "blue-mug-o-9-cm"},
		{"  --Crème brûlée! ", "creme-brulee"},
		{"Straße & Łódź", "strasse-lodz"},
		{"Men's ﬁne № 5", "mens-fine-no-5"},
		{"日本語", "item"},
		{"", "item"},
		{"\xFF\xFE", "item"},
		{"<script>alert(1)</script>", "script-alert-1-script"},
	};
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		assert_string_equal(slug_of(a, pairs[i][0]), pairs[i][1]);
	char text[400];
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	text[79] = ' ';
	assert_int_equal(strlen(slug_of(a, text)), 79);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(v7_is_ordered_and_carries_the_time),
		UNIT(v4_is_random),
		UNIT(parses_the_canonical_form_only),
		UNIT(makes_tokens),
		UNIT(makes_slugs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
