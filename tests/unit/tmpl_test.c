/* Templates beyond the specification: folders, language strings, errors, bounds. */
#include "app/tmpl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

struct fixture {
	struct arena *a;
	struct ctx c;
	char dir[64];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	f->a = arena_new(64 << 20);
	ctx_init(&f->c, f->a, NULL);
	snprintf(f->dir, sizeof(f->dir), "/tmp/tmpl_test.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	*state = f;
	return 0;
}

static void remove_tree(struct fixture *f, const char *const *paths)
{
	for (size_t i = 0; paths[i]; i++)
		remove(arena_printf(f->a, "%s/%s", f->dir, paths[i]));
}

static int teardown(void **state)
{
	static const char *const PATHS[] = {"page.mustache", "loop.mustache", "mail.txt.mustache",
		"layouts/shop.mustache", "partials/price.mustache", "lang/en.json", "lang/de.json", "lang", "partials",
		"layouts", ".", NULL};
	struct fixture *f = *state;
	remove_tree(f, PATHS);
	rmdir(f->dir);
	arena_free(f->a);
	free(f);
	return 0;
}

static void put(struct fixture *f, const char *path, const char *text)
{
	const char *full = arena_printf(f->a, "%s/%s", f->dir, path);
	char *folder = arena_strdup(f->a, full);
	*strrchr(folder, '/') = '\0';
	mkdir(folder, 0700);
	FILE *out = fopen(full, "w");
	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

static const char *render(struct fixture *f, const char *name, const char *context)
{
	struct tmpl_set *set = NULL;
	struct buf out;
	buf_init(&out, f->a, 8 << 20);
	json_t *data = json_own(f->a, json_loads(context, 0, NULL));
	err_t e = tmpl_load(&f->c, f->dir, &set);
	if (e == OK)
		e = tmpl_render(&f->c, set, name, data, &out);
	tmpl_free(set);
	return e == OK ? arena_strndup(f->a, out.p ? out.p : "", out.len)
		       : arena_printf(f->a, "error: %s", f->c.detail);
}

static const char *render_text(struct fixture *f, const char *text, const char *partials, const char *context)
{
	struct buf out;
	buf_init(&out, f->a, 8 << 20);
	json_t *parts = json_own(f->a, json_loads(partials, 0, NULL)),
	       *data = json_own(f->a, json_loads(context, JSON_DECODE_ANY, NULL));
	err_t e = tmpl_render_text(&f->c, str_of(text), parts, data, &out);
	return e == OK ? arena_strndup(f->a, out.p ? out.p : "", out.len)
		       : arena_printf(f->a, "error: %s", f->c.detail);
}

static void page_in_layout_with_partial(void **state)
{
	struct fixture *f = *state;
	put(f, "layouts/shop.mustache", "<main {{$class}}plain{{/class}}>\n  {{$content}}{{/content}}\n</main>\n");
	put(f, "partials/price.mustache", "<b>{{price.text}}</b>\n");
	put(f, "page.mustache",
		"{{! context: price }}\n{{<layouts/shop}}\n{{$class}}wide{{/class}}\n{{$content}}\n<p>\n  {{> "
		"partials/price}}\n</p>\n{{/content}}\n{{/layouts/shop}}\n");
	assert_string_equal(render(f, "page", "{\"price\":{\"text\":\"<1>\"}}"),
		"<main wide>\n  <p>\n    <b>&lt;1&gt;</b>\n  </p>\n\n</main>\n");
}

/* A layout's block and one of a parent used inside its content may have the same name. */
static void same_block_name_inside_content(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(
		render_text(f, "{{<page}}{{$body}}[{{<card}}{{$body}}inner{{/body}}{{/card}}]{{/body}}{{/page}}",
			"{\"page\":\"P({{$body}}{{/body}})\",\"card\":\"C({{$body}}none{{/body}})\"}", "{}"),
		"P([C(inner)])");
}

static void text_files_are_not_escaped(void **state)
{
	struct fixture *f = *state;
	put(f, "mail.txt.mustache", "Hello {{name}}");
	assert_string_equal(render(f, "mail.txt", "{\"name\":\"A & B\"}"), "Hello A & B");
}

static void falsy_values(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(
		render_text(f, "{{#a}}x{{/a}}{{^a}}-{{/a}}{{#n}}{{n}}{{/n}}", "{}", "{\"a\":\"\",\"n\":0}"), "-0");
}

static void errors_name_file_and_line(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *text, *detail;
	} CASES[] = {
		{"a\nb {{#open}}\n", "error: page:2: is never closed: open"},
		{"a\n{{/b}}", "error: page:2: nothing to close: b"},
		{"{{#a}}\n\n{{/b}}", "error: page:3: closes what is not open here: b"},
		{"\n\n{{name", "error: page:3: tag is not closed: name"},
		{"{{}}", "error: page:1: tag without a name"},
		{"{{a b}}", "error: page:1: blank inside a name: a b"},
		{"{{a..b}}", "error: page:1: empty part in a name: a..b"},
		{"{{= x =}}", "error: page:1: bad delimiters: x"},
		{"\n{{> partials/none}}", "error: page:2: no template partials/none"},
		{"\xff", "error: page:1: not valid UTF-8"},
	};
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		put(f, "page.mustache", CASES[i].text);
		assert_string_equal(render(f, "page", "{}"), CASES[i].detail);
	}
}

static void unknown_template(void **state)
{
	assert_string_equal(render(*state, "nothing", "{}"), "error: no template nothing");
}

static void depth_is_bounded(void **state)
{
	struct fixture *f = *state;
	put(f, "loop.mustache", "x{{> loop}}");
	assert_string_equal(render(f, "loop", "{}"), "error: loop:1: partials nested too deep: loop");

	struct buf deep;
	buf_init(&deep, f->a, 1 << 16);
	for (int i = 0; i < 40; i++)
		buf_puts(&deep, "{{#a}}");
	assert_string_equal(render_text(f, deep.p, "{}", "{\"a\":1}"), "error: :1: nested too deep: a");
	assert_string_equal(
		render_text(f, "{{<p}}{{$b}}{{$b}}{{/b}}{{/b}}{{/p}}", "{\"p\":\"{{$b}}{{/b}}\"}", "{}"), "");
}

static void output_is_bounded(void **state)
{
	struct fixture *f = *state;
	json_t *rows = json_array();
	for (int i = 0; i < 1000; i++)
		json_array_append_new(rows, json_integer(i));
	json_t *data = json_own(f->a, json_pack("{s:o}", "r", rows));
	struct buf out;
	buf_init(&out, f->a, 16 << 20);
	assert_ptr_equal(
		tmpl_render_text(&f->c, STR("{{#r}}{{#r}}0123456789{{/r}}{{/r}}"), NULL, data, &out), &ERR_INTERNAL);
	assert_non_null(strstr(f->c.detail, "output is too large"));
}

static void language_strings(void **state)
{
	struct fixture *f = *state;
	struct tmpl_set *set = NULL;
	put(f, "lang/en.json",
		"{\"cart\":{\"items\":\"{n} items, {who}\",\"empty\":\"Nothing here\"},\"plain\":\"a { b\"}");
	put(f, "lang/de.json", "{\"cart\":{\"items\":\"{n} Artikel\"}}");
	assert_ptr_equal(tmpl_load(&f->c, f->dir, &set), OK);
	const struct text_arg args[] = {{"n", "3"}};
	assert_string_equal(tmpl_text(&f->c, set, "en", "cart.items", args, 1), "3 items, {who}");
	assert_string_equal(tmpl_text(&f->c, set, "de", "cart.items", args, 1), "3 Artikel");
	assert_string_equal(tmpl_text(&f->c, set, "de", "cart.empty", NULL, 0), "Nothing here");
	assert_string_equal(tmpl_text(&f->c, set, "xx", "plain", NULL, 0), "a { b");
	assert_string_equal(tmpl_text(&f->c, set, NULL, "cart.none", NULL, 0), "cart.none");
	assert_non_null(json_object_get(tmpl_strings(set, "fr"), "plain"));
	tmpl_free(set);

	put(f, "lang/de.json", "{\n\"a\": }");
	assert_ptr_equal(tmpl_load(&f->c, f->dir, &set), &ERR_INTERNAL);
	assert_non_null(strstr(f->c.detail, "lang/de.json:2:"));
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(page_in_layout_with_partial),
		TEST(same_block_name_inside_content),
		TEST(text_files_are_not_escaped),
		TEST(falsy_values),
		TEST(errors_name_file_and_line),
		TEST(unknown_template),
		TEST(depth_is_bounded),
		TEST(output_is_bounded),
		TEST(language_strings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
