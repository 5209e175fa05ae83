/*
 * catalog_rules.c - rows, words, cursors, pictures: what the catalogue decides without a database.
 */
#include "unit.h"

#include <string.h>

#include "catalog.h"
#include "import.h"
#include "shared.h"

static err_t bind_row(struct ctx *c, const char *text, const struct product_row **row_r)
{
	json_t *json;
	void *row;

	ctx_clear_failure(c);
	TRY(json_parse(c, str_of(text), &json));
	TRY(bind_json(c, &ROW_BIND, json, &row));
	*row_r = row;
	return OK;
}

static bool has_error(const struct ctx *c, const char *field)
{
	for (const struct field_error *e = c->errors; e != NULL; e = e->next)
		if (strcmp(e->field, field) == 0)
			return true;
	return false;
}

static void rows_keep_every_byte(void **state)
{
	struct ctx *c = *state;
	const struct product_row *row;

	assert_true(bind_row(c, "{\"sku\":\"A\",\"name\":\" a\\u001b\\n<b>&amp;® \"}", &row) == OK);
	assert_string_equal(row->name, " a\x1b\n<b>&amp;® ");
	json_t *apply = row_to_apply(c, row, 7, NULL, NULL);
	assert_string_equal(json_text(apply, "name", ""), " a\x1b\n<b>&amp;® ");
	assert_string_equal(json_text(apply, "slug", ""), "a-b-amp");
	assert_int_equal(json_int(apply, "row", 0), 7);
	/* What is not said is not there, so that it stays as it is; null is not said, or clears. */
	assert_null(json_object_get(apply, "description"));
	assert_null(json_object_get(apply, "stock"));
	assert_true(
		bind_row(c, "{\"sku\":\"A\",\"stock\":null,\"description\":null,\"list_price\":null,\"category\":[]}",
			&row) == OK);
	apply = row_to_apply(c, row, 1, NULL, NULL);
	assert_null(json_object_get(apply, "stock"));
	assert_true(json_is_null(json_object_get(apply, "description")));
	assert_true(json_is_null(json_object_get(apply, "list_minor")));
	assert_true(json_is_null(json_object_get(apply, "category")));
}

static void rows_report_every_fault(void **state)
{
	struct ctx *c = *state;
	const struct product_row *row;
	err_t e = bind_row(c,
		"{\"sku\":\"\",\"price\":{\"amount\":-1,\"currency\":\"EUR\"},\"stock\":-3,\"status\":\"gone\","
		"\"colour\":\"red\","
		"\"variants\":[{\"options\":{}}]}",
		&row);
	assert_true(e == &ERR_INVALID);
	static const char *const FIELDS[] = {"sku", "price", "stock", "status", "colour", "variants/0/sku"};
	for (size_t i = 0; i < ARRAY_LEN(FIELDS); i++)
		if (!has_error(c, FIELDS[i]))
			fail_msg("no error at %s", FIELDS[i]);
	/* What only shows across fields. */
	e = bind_row(c,
		"{\"sku\":\"A\",\"price\":{\"amount\":1,\"currency\":\"EUR\"},\"attributes\":{\"a\":{\"b\":1}},"
		"\"slug\":\"No Slug\","
		"\"variants\":[{\"sku\":\"V\",\"price\":{\"amount\":1,\"currency\":\"USD\"}},{\"sku\":\"V\","
		"\"options\":{\"s\":[1]}}]}",
		&row);
	assert_true(e == &ERR_INVALID);
	static const char *const ACROSS[] = {
		"attributes", "slug", "variants/0/price", "variants/1/sku", "variants/1/options"};
	for (size_t i = 0; i < ARRAY_LEN(ACROSS); i++)
		if (!has_error(c, ACROSS[i]))
			fail_msg("no error at %s", ACROSS[i]);
}

static void reads_lines_of_csv(void **state)
{
	struct ctx *c = *state;
	const struct csv_column columns[] = {{"sku", true}, {"price", true}, {"currency", true}, {"category", true},
		{"attributes.colour", true}, {"images", true}, {"stock", true}, {"unknown", false}};
	const struct str cells[] = {STR("A"), STR("4.50"), STR("GBP"), STR("Kitchen > Cups & Mugs"), STR("sea green"),
		STR("https://a.example/1.jpg https://a.example/2.jpg"), STR("7"), STR("x")};
	json_t *row = csv_row(c, columns, cells, ARRAY_LEN(cells), "EUR");
	assert_string_equal(json_render(c->arena, row).p,
		"{\"sku\":\"A\",\"price\":{\"amount\":450,\"currency\":\"GBP\"},\"category\":[\"Kitchen\",\"Cups & "
		"Mugs\"],"
		"\"images\":[\"https://a.example/1.jpg\",\"https://a.example/"
		"2.jpg\"],\"stock\":7,\"attributes\":{\"colour\":\"sea green\"}}");
	const struct str bad[] = {
		STR("\xFF"), STR("4,50"), STR("GBP"), STR(""), STR(""), STR(""), STR("many"), STR("")};
	row = csv_row(c, columns, bad, ARRAY_LEN(bad), "EUR");
	assert_int_equal(json_object_size(row), 0);
	assert_true(has_error(c, "sku") && has_error(c, "price") && has_error(c, "stock"));
	assert_true(csv_column_known("attributes.x"));
	assert_false(csv_column_known("attributes."));
	assert_string_equal(import_format("Goods.CSV", NULL), "csv");
	assert_string_equal(import_format(NULL, "application/x-ndjson; charset=utf-8"), "ndjson");
	assert_null(import_format("goods.xls", "application/octet-stream"));
}

static void reads_facts_as_typed(void **state)
{
	struct ctx *c = *state;
	json_t *facts = facts_of_text(c, "size: M, colour : moss,", ",", "f");
	assert_string_equal(json_render(c->arena, facts).p, "{\"size\":\"M\",\"colour\":\"moss\"}");
	assert_true(ctx_check(c) == OK);
	(void)json_object_size(facts_of_text(c, "size", ",", "f"));
	assert_true(ctx_check(c) == &ERR_INVALID);
}

static void measures_slips(void **state)
{
	(void)state;
	assert_int_equal(edit_distance("", ""), 0);
	assert_int_equal(edit_distance("abc", ""), 3);
	assert_int_equal(edit_distance("bottle", "botle"), 1);
	assert_int_equal(edit_distance("iphone", "iphnoe"), 1);
	assert_int_equal(edit_distance("kitten", "sitting"), 3);
	assert_int_equal(edit_distance("café", "cafe"), 1);
	char long_word[300];
	memset(long_word, 'a', sizeof(long_word) - 1);
	long_word[sizeof(long_word) - 1] = '\0';
	assert_int_equal(edit_distance(long_word, "a"), 63);
}

static void corrects_unknown_words_only(void **state)
{
	struct arena *a = ((struct ctx *)*state)->arena;
	const struct similar_word words[] = {
		{1, "steel", NULL, 0},
		{2, "botle", "battle", 9},
		{2, "botle", "bottles", 3},
		{2, "botle", "bottle", 6},
		{3, "xyz", "abc", 50},
	};
	assert_string_equal(corrected_query(a, words, 4), "steel bottle");
	assert_string_equal(corrected_query(a, words, 5), "steel bottle xyz");
	assert_null(corrected_query(a, words, 1));
	assert_null(corrected_query(a, words + 4, 1));
	assert_null(corrected_query(a, words, 0));
}

static void cursors_come_back_or_are_refused(void **state)
{
	struct arena *a = ((struct ctx *)*state)->arena;
	struct cursor at = {.depth = 24, .number = -5, .text = "a.b é", .id = uuid_v7()}, back;
	const char *text = cursor_write(a, SORT_NAME, &at);

	assert_true(cursor_read(a, text, SORT_NAME, &back));
	assert_true(back.set && back.depth == 24 && back.number == -5);
	assert_string_equal(back.text, "a.b é");
	assert_string_equal(back.id.s, at.id.s);
	assert_false(cursor_read(a, text, SORT_PRICE, &back));
	assert_false(cursor_read(a, "", SORT_NAME, &back));
	assert_false(cursor_read(a, "MS4y", SORT_RELEVANCE, &back));
	assert_false(cursor_read(a, arena_printf(a, "%sA", text), SORT_NAME, &back) && strcmp(back.text, at.text) == 0);
}

static void prepares_lists(void **state)
{
	struct ctx *c = *state;
	struct listing_query q = {.page = 3}, bad = {.cursor_text = "nonsense"};

	assert_true(list_prepare(c, &q) == OK);
	assert_true(q.order == SORT_BESTSELLING && q.limit == 24 && q.offset == 48);
	q = (struct listing_query){.q = "x", .sort = "-price", .limit = 5};
	assert_true(list_prepare(c, &q) == OK && q.order == SORT_PRICE_DOWN);
	q = (struct listing_query){.q = "x", .sort = "unheard of"};
	assert_true(list_prepare(c, &q) == OK && q.order == SORT_RELEVANCE);
	assert_true(list_prepare(c, &bad) == &ERR_BAD_REQUEST);
	assert_int_equal(percent_off(3290, 3990), 18);
	assert_int_equal(percent_off(100, 0), 0);
}

static void knows_pictures_by_their_bytes(void **state)
{
	(void)state;
	struct picture p;
	const struct str png = {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\2\x58\0\0\1\x90", 24};
	const struct str jpg = {"\xFF\xD8\xFF\xE0\0\4AB\xFF\xC0\0\x11\x08\0\x20\0\x10\3\1\x22\0", 21};
	const struct str gif = {"GIF89a\x10\0\x08\0", 10};
	const struct str webp = {"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x1f\0\0\x0f\0\0", 30};

	assert_true(picture_sniff(png, &p) && p.width == 600 && p.height == 400);
	assert_string_equal(p.content_type, "image/png");
	assert_true(picture_sniff(jpg, &p) && p.width == 16 && p.height == 32);
	assert_true(picture_sniff(gif, &p) && p.width == 16 && p.height == 8);
	assert_true(picture_sniff(webp, &p) && p.width == 32 && p.height == 16);
	assert_true(
		picture_sniff(STR("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1200 600\"></svg>"), &p));
	assert_true(p.width == 1200 && p.height == 600);
	assert_string_equal(p.extension, "svg");
	const struct str bad[] = {STR(""), STR("<html><svg></svg></html>"), STR("\xFF\xD8\xFF"), STR("\x89PNG"),
		STR("%PDF-1.4"), {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0\0\0\0\0", 24}};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(picture_sniff(bad[i], &p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(rows_keep_every_byte),
		UNIT(rows_report_every_fault),
		UNIT(reads_lines_of_csv),
		UNIT(reads_facts_as_typed),
		UNIT(measures_slips),
		UNIT(corrects_unknown_words_only),
		UNIT(cursors_come_back_or_are_refused),
		UNIT(prepares_lists),
		UNIT(knows_pictures_by_their_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
