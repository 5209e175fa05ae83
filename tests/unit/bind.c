/*
 * bind.c - tables over JSON, forms and queries; e-mail verdicts; hostile strings.
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "data/bind.h"
#include "data/ids.h"
#include "shared.h"

struct line {
	const char *sku;
	int64_t quantity;
};
static const struct bind_field LINE_FIELDS[] = {
	{.name = "sku", .type = BIND_LINE, .offset = offsetof(struct line, sku), .required = true, .min = 1, .max = 64},
	{.name = "quantity",
		.type = BIND_INT,
		.offset = offsetof(struct line, quantity),
		.required = true,
		.min = 1,
		.max = 9999},
};
static const struct bind LINE_BIND = BIND(struct line, LINE_FIELDS);

struct place {
	const char *country;
	const char *city;
};
static const struct bind_field PLACE_FIELDS[] = {
	{.name = "country", .type = BIND_COUNTRY, .offset = offsetof(struct place, country), .required = true},
	{.name = "city", .type = BIND_LINE, .offset = offsetof(struct place, city)},
};
static void check_place(struct ctx *c, void *target)
{
	const struct place *p = target;
	if (p->city != NULL && strcmp(p->city, "Atlantis") == 0)
		field_error(c, "city", "unknown", "There is no such city.");
}
static const struct bind PLACE_BIND = {
	.fields = PLACE_FIELDS, .nfields = ARRAY_LEN(PLACE_FIELDS), .size = sizeof(struct place), .check = check_place};

struct order {
	const char *note, *email, *state, *site, *currency;
	bool note_present, gift;
	struct uuid id;
	int64_t at_us;
	struct money price;
	struct place *to;
	struct line *lines;
	size_t nlines;
	const char **tags;
	size_t ntags;
	json_t *extra;
};
static const char *const STATES[] = {"draft", "active", NULL};
static const struct bind_field ORDER_FIELDS[] = {
	{.name = "note",
		.type = BIND_TEXT,
		.offset = offsetof(struct order, note),
		.max = 10,
		.present = PRESENT(struct order, note_present)},
	{.name = "email", .type = BIND_EMAIL, .offset = offsetof(struct order, email)},
	{.name = "state", .type = BIND_ENUM, .offset = offsetof(struct order, state), .values = STATES},
	{.name = "site", .type = BIND_URL, .offset = offsetof(struct order, site)},
	{.name = "currency", .type = BIND_CURRENCY, .offset = offsetof(struct order, currency)},
	{.name = "gift", .type = BIND_BOOL, .offset = offsetof(struct order, gift)},
	{.name = "id", .type = BIND_UUID, .offset = offsetof(struct order, id)},
	{.name = "placed_at", .type = BIND_TIME, .offset = offsetof(struct order, at_us)},
	{.name = "price", .type = BIND_MONEY, .offset = offsetof(struct order, price)},
	{.name = "to", .type = BIND_OBJECT, .offset = offsetof(struct order, to), .of = &PLACE_BIND},
	{.name = "lines",
		.type = BIND_LIST,
		.offset = offsetof(struct order, lines),
		.of = &LINE_BIND,
		.required = true,
		.min = 1,
		.max = 3,
		.count = offsetof(struct order, nlines)},
	{.name = "tags",
		.type = BIND_TEXTS,
		.offset = offsetof(struct order, tags),
		.max = 2,
		.item_max = 5,
		.count = offsetof(struct order, ntags)},
	{.name = "extra", .type = BIND_JSON, .offset = offsetof(struct order, extra)},
};
static const struct bind ORDER_BIND = BIND(struct order, ORDER_FIELDS);

static err_t bind_text(struct ctx *c, const char *text, const struct order **order_r)
{
	json_t *value;
	void *target;
	ctx_clear_failure(c);
	TRY(json_parse(c, str_of(text), &value));
	TRY(bind_json(c, &ORDER_BIND, value, &target));
	*order_r = target;
	return OK;
}

static void assert_error(const struct ctx *c, const char *field, const char *code)
{
	for (const struct field_error *e = c->errors; e != NULL; e = e->next)
		if (strcmp(e->field, field) == 0 && strcmp(e->code, code) == 0)
			return;
	for (const struct field_error *e = c->errors; e != NULL; e = e->next)
		print_error("%s: %s: %s\n", e->field, e->code, e->message);
	fail_msg("no error %s at %s", code, field);
}

static void binds_json(void **state)
{
	struct ctx *c = *state;
	const struct order *o;
	err_t e = bind_text(c,
		"{\"note\":\"a\\nb\",\"email\":\"a@b.example\",\"state\":\"active\",\"gift\":true,\"site\":\"https://"
		"example.com/x?y#z\","
		"\"currency\":\"JPY\",\"id\":\"017F22E2-79B0-7CC3-98C4-DC0C0C07398F\",\"placed_at\":\"1970-01-01T00:00:"
		"01Z\","
		"\"price\":{\"amount\":5,\"currency\":\"EUR\"},\"to\":{\"country\":\"DE\",\"city\":null},"
		"\"lines\":[{\"sku\":\"A\",\"quantity\":2},{\"sku\":\"é\",\"quantity\":9999}],\"tags\":[\"x\",\"\"],"
		"\"extra\":[1]}",
		&o);
	assert_true(e == OK);
	assert_string_equal(o->note, "a\nb");
	assert_true(o->note_present && o->gift);
	assert_string_equal(o->state, "active");
	assert_string_equal(o->id.s, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
	assert_int_equal(o->at_us, 1000000);
	assert_int_equal(o->price.minor, 5);
	assert_string_equal(o->to->country, "DE");
	assert_null(o->to->city);
	assert_int_equal(o->nlines, 2);
	assert_string_equal(o->lines[1].sku, "é");
	assert_int_equal(o->lines[1].quantity, 9999);
	assert_int_equal(o->ntags, 2);
	assert_true(json_is_array(o->extra));
	assert_true(bind_text(c, "{\"lines\":[{\"sku\":\"A\",\"quantity\":1}],\"note\":null}", &o) == OK);
	assert_true(o->note_present && o->note == NULL && o->to == NULL && o->price.currency[0] == '\0');
}

static void reports_every_bad_field(void **state)
{
	struct ctx *c = *state;
	const struct order *o;
	err_t e = bind_text(c,
		"{\"note\":\"12345678901\",\"email\":\"a@\",\"state\":\"gone\",\"gift\":1,\"site\":\"ftp://"
		"x\",\"currency\":\"EUX\",\"id\":\"1\","
		"\"placed_at\":\"now\",\"price\":{\"amount\":1.5,\"currency\":\"EUR\"},\"to\":{\"country\":\"XX\","
		"\"x\":1},"
		"\"lines\":[{\"sku\":\"\",\"quantity\":0},{\"sku\":\"a\\tb\",\"quantity\":10000},7],\"tags\":["
		"\"123456\",1],\"more\":1}",
		&o);
	assert_true(e == &ERR_INVALID);
	static const char *const WANT[][2] = {{"note", "too_long"}, {"email", "invalid"}, {"state", "unknown"},
		{"gift", "invalid"}, {"site", "invalid"}, {"currency", "unknown"}, {"id", "invalid"},
		{"placed_at", "invalid"}, {"price", "invalid"}, {"to/country", "unknown"}, {"to/x", "unknown"},
		{"lines/0/sku", "required"}, {"lines/0/quantity", "too_small"}, {"lines/1/sku", "invalid"},
		{"lines/1/quantity", "too_large"}, {"lines/2", "invalid"}, {"tags/0", "too_long"},
		{"tags/1", "invalid"}, {"more", "unknown"}};
	for (size_t i = 0; i < ARRAY_LEN(WANT); i++)
		assert_error(c, WANT[i][0], WANT[i][1]);
	assert_true(bind_text(c, "{\"lines\":[]}", &o) == &ERR_INVALID);
	assert_error(c, "lines", "too_short");
	assert_true(bind_text(c, "{}", &o) == &ERR_INVALID);
	assert_error(c, "lines", "required");
	assert_true(bind_text(c, "[]", &o) == &ERR_INVALID);
	assert_true(bind_text(c, "{\"price\":{\"amount\":-1,\"currency\":\"EUR\"},\"lines\":{}}", &o) == &ERR_INVALID);
	assert_error(c, "price", "too_small");
	assert_error(c, "lines", "invalid");
}

static void runs_the_check_of_a_part(void **state)
{
	struct ctx *c = *state;
	const struct order *o;
	const char *text =
		"{\"to\":{\"country\":\"GR\",\"city\":\"Atlantis\"},\"lines\":[{\"sku\":\"A\",\"quantity\":1}]}";
	assert_true(bind_text(c, text, &o) == &ERR_INVALID);
	assert_error(c, "to/city", "unknown");
}

static err_t bind_form(struct ctx *c, const char *text, enum bind_unknown u, const struct order **order_r)
{
	struct params p;
	void *target;
	ctx_clear_failure(c);
	TRY(params_parse(c, str_of(text), &p));
	TRY(bind_params(c, &ORDER_BIND, &p, u, "EUR", &target));
	*order_r = target;
	return OK;
}

static void binds_forms(void **state)
{
	struct ctx *c = *state;
	const struct order *o;
	err_t e = bind_form(c,
		"note=&gift=on&price=12.99&to/country=DE&lines/0/sku=A%20b&lines%2F0%2Fquantity=2&lines/1/sku=c&lines/"
		"1/quantity=1&tags=x&tags=y",
		BIND_UNKNOWN_REFUSE, &o);
	assert_true(e == OK);
	assert_true(o->note_present && o->note == NULL && o->gift);
	assert_int_equal(o->price.minor, 1299);
	assert_string_equal(o->to->country, "DE");
	assert_int_equal(o->nlines, 2);
	assert_string_equal(o->lines[0].sku, "A b");
	assert_int_equal(o->ntags, 2);
	assert_true(bind_form(c, "lines/0/sku=A&lines/0/quantity=1&utm=x", BIND_UNKNOWN_IGNORE, &o) == OK);
	assert_true(bind_form(c, "lines/0/sku=A&lines/0/quantity=1&utm=x", BIND_UNKNOWN_REFUSE, &o) ==
		    &ERR_UNKNOWN_PARAMETER);
	assert_error(c, "utm", "unknown");
	assert_true(bind_form(c, "lines/0/sku=A&lines/0/quantity=x&price=1.999&gift=maybe", BIND_UNKNOWN_REFUSE, &o) ==
		    &ERR_INVALID);
	assert_error(c, "lines/0/quantity", "invalid");
	assert_error(c, "price", "invalid");
	assert_error(c, "gift", "invalid");
	assert_true(bind_form(c, "note=%zz", BIND_UNKNOWN_IGNORE, &o) == &ERR_BAD_REQUEST);
	assert_true(bind_form(c, "note=%ff", BIND_UNKNOWN_IGNORE, &o) == &ERR_BAD_REQUEST);
}

struct filter {
	struct params attributes;
	const char *q;
};
static const struct bind_field FILTER_FIELDS[] = {
	{.name = "attr.", .type = BIND_PAIRS, .offset = offsetof(struct filter, attributes), .max = 2, .item_max = 8},
	{.name = "q", .type = BIND_LINE, .offset = offsetof(struct filter, q)},
};
static const struct bind FILTER_BIND = BIND(struct filter, FILTER_FIELDS);

static void binds_a_family_of_parameters(void **state)
{
	struct ctx *c = *state;
	struct params p;
	void *target;
	assert_true(params_parse(c, STR("attr.colour=green&q=x&attr.size=M"), &p) == OK);
	assert_true(bind_params(c, &FILTER_BIND, &p, BIND_UNKNOWN_REFUSE, NULL, &target) == OK);
	const struct filter *f = target;
	assert_int_equal(f->attributes.n, 2);
	assert_string_equal(params_get(&f->attributes, "size"), "M");
	assert_true(params_parse(c, STR("attr.a=1&attr.b=2&attr.c=3"), &p) == OK);
	assert_true(bind_params(c, &FILTER_BIND, &p, BIND_UNKNOWN_REFUSE, NULL, &target) == &ERR_INVALID);
	ctx_clear_failure(c);
	assert_true(params_parse(c, STR("attr.=1"), &p) == OK);
	assert_true(bind_params(c, &FILTER_BIND, &p, BIND_UNKNOWN_REFUSE, NULL, &target) == &ERR_UNKNOWN_PARAMETER);
}

static bool email(struct arena *a, struct str s)
{
	return bind_check_text(a, BIND_EMAIL, s, 0, 0) == NULL;
}

static void knows_mailboxes(void **state)
{
	struct arena *a = ((struct ctx *)*state)->arena;
	assert_true(email(a, STR("o'brien+shop@bücher.example")));
	assert_true(email(a, STR("a@例え.テスト")));
	static const char *const BAD[] = {"a@b>\r\nRCPT TO:<c@d", "a b@c.de", "a@b.de\n", "\"a\"@b.de", "a@[127.0.0.1]",
		"a@1.2.3.4", "a@-b.de", "a@b..de", "ü@b.de", "a@b@c.de", "Ann <a@b.de>", "a@b.de.",
		"a@\xE2\x80\x8B.de"};
	for (size_t i = 0; i < ARRAY_LEN(BAD); i++)
		if (email(a, str_of(BAD[i])))
			fail_msg("accepted %s", BAD[i]);
}

static struct str between(struct str *rest, const char *open, const char *close)
{
	const char *from = strstr(rest->p, open);
	const char *to = from == NULL ? NULL : strstr(from, close);
	if (to == NULL)
		return (struct str){0};
	from += strlen(open);
	rest->n -= (size_t)(to - rest->p);
	rest->p = to;
	return (struct str){from, (size_t)(to - from)};
}

/* The suite's XML: entities, and U+2400+n standing for the control character n. */
static struct str unescape(struct arena *a, struct str s)
{
	static const char *const ENTITIES[][2] = {
		{"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}};
	struct buf out;
	buf_init(&out, a, 4096);
	while (s.n > 0) {
		size_t cut = 1;
		const char *put = NULL;
		char control[2] = "";
		for (size_t i = 0; i < ARRAY_LEN(ENTITIES); i++) {
			if (str_starts(s, ENTITIES[i][0])) {
				put = ENTITIES[i][1];
				cut = strlen(ENTITIES[i][0]);
			}
		}
		if (str_starts(s, "&#x24")) {
			control[0] = (char)strtol(s.p + 5, NULL, 16);
			put = control;
			cut = 8;
		}
		if (put != NULL)
			buf_puts(&out, put);
		else
			buf_putc(&out, s.p[0]);
		s.p += cut;
		s.n -= cut;
	}
	return buf_str(&out);
}

/* What is_email calls valid we take; errors, comments, folding and obsolete forms we refuse; quoted and literal ones
 * may go either way. */
static void agrees_with_is_email(void **state)
{
	struct ctx *c = *state;
	struct str text;
	if (!shared_read(c->arena, "suites/isemail/test/tests.xml", &text))
		skip();
	int seen = 0;
	for (;;) {
		struct str rest = text;
		struct str test = between(&rest, "<test id", "</test>");
		if (test.p == NULL)
			break;
		text = rest;
		struct str inner = str_of(str_dup(c->arena, test)), again = inner;
		struct str address = unescape(c->arena, between(&inner, "<address>", "</address>"));
		struct str category = between(&again, "<category>", "</category>");
		bool must = str_eq(category, "ISEMAIL_VALID_CATEGORY") || str_eq(category, "ISEMAIL_DNSWARN");
		bool may = must || str_eq(category, "ISEMAIL_RFC5321");
		bool got = email(c->arena, address);
		if (got != must && (must || !may))
			fail_msg("%s <%s>: %s", str_dup(c->arena, category), address.p, got ? "accepted" : "refused");
		seen++;
	}
	assert_true(seen > 150);
}

static void keeps_hostile_strings_or_refuses_them(void **state)
{
	struct ctx *c = *state;
	struct str text;
	json_t *list, *line;
	if (!shared_read(c->arena, "suites/blns/blns.json", &text))
		skip();
	assert_true(json_parse(c, text, &list) == OK);
	size_t kept = 0, i;
	json_array_foreach(list, i, line)
	{
		const char *s = json_string_value(line);
		json_t *input = json_new_object(c->arena);
		void *target;
		json_set_text(input, "city", s);
		json_set_text(input, "country", "DE");
		ctx_clear_failure(c);
		err_t e = bind_json(c, &PLACE_BIND, input, &target);
		bool control = utf8_has_control(str_of(s), false);
		assert_true(e == OK || (c->errors != NULL && c->errors->message[0] != '\0'));
		assert_true((e == OK) == (!control && utf8_length(str_of(s)) <= 255));
		if (e == OK) {
			assert_string_equal(((struct place *)target)->city, s);
			kept++;
		}
	}
	assert_true(kept > 490);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(binds_json),
		UNIT(reports_every_bad_field),
		UNIT(runs_the_check_of_a_part),
		UNIT(binds_forms),
		UNIT(binds_a_family_of_parameters),
		UNIT(knows_mailboxes),
		UNIT(agrees_with_is_email),
		UNIT(keeps_hostile_strings_or_refuses_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
