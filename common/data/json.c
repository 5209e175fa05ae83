/*
 * json.c - reading with limits, building without reference counts.
 *
 * Layer: data.
 */
#include "data/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "data/clock.h"

#define RENDER_MAX ((size_t)64 * 1024 * 1024)

static void release(void *value)
{
	json_decref(value);
}

json_t *json_own(struct arena *a, json_t *value)
{
	if (value == NULL) {
		log_bug(NULL, "memory exhausted", LS("why", "a JSON value can't be built"));
		abort();
	}
	arena_defer(a, release, value);
	return value;
}

/* jansson's own limit is 2,048, and what is nested deeper than ours is hostile: refused before anything is built. */
static bool too_deep(struct str text)
{
	int depth = 0;
	bool in_string = false;
	for (size_t i = 0; i < text.n; i++) {
		char ch = text.p[i];
		if (in_string) {
			if (ch == '\\')
				i++;
			else if (ch == '"')
				in_string = false;
		} else if (ch == '"') {
			in_string = true;
		} else if (ch == '[' || ch == '{') {
			if (++depth > JSON_DEPTH_MAX)
				return true;
		} else if (ch == ']' || ch == '}') {
			depth--;
		}
	}
	return false;
}

/*
 * Well-formed JSON that we don't take is wrong, not malformed: a member that is there twice, U+0000 in a
 * text, a number beyond 64 bits. The parser stops at the first of them, so a lenient second look tells.
 */
static err_t refused(struct ctx *c, struct str text, const json_error_t *first)
{
	static const struct {
		enum json_error_code code;
		const char *message;
	} WRONG[] = {
		{json_error_duplicate_key, "a member is there twice"},
		{json_error_null_character, "there is U+0000 in a text"},
		{json_error_null_byte_in_key, "there is U+0000 in a name"},
		{json_error_numeric_overflow, "a number is too large"},
	};
	json_error_t error;
	json_t *lenient = json_loadb(text.n == 0 ? "" : text.p, text.n,
		JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL | JSON_DECODE_ANY, &error);
	bool well_formed = lenient != NULL || json_error_code(&error) == json_error_null_byte_in_key;

	json_decref(lenient);
	for (size_t i = 0; well_formed && i < ARRAY_LEN(WRONG); i++) {
		if (json_error_code(first) != WRONG[i].code)
			continue;
		field_error(c, "", "invalid", "%s, at line %d, column %d", WRONG[i].message, first->line, first->column);
		return fail(c, &ERR_INVALID, "%s, at line %d, column %d", WRONG[i].message, first->line, first->column);
	}
	return fail(c, &ERR_MALFORMED_JSON, "not JSON at line %d, column %d", first->line, first->column);
}

err_t json_parse(struct ctx *c, struct str text, json_t **value_r)
{
	if (too_deep(text))
		return fail(c, &ERR_MALFORMED_JSON, "the JSON is nested deeper than %d levels", JSON_DEPTH_MAX);
	/* jansson takes a NUL behind the value for the end of the input. */
	if (text.n > 0 && memchr(text.p, '\0', text.n) != NULL)
		return fail(c, &ERR_MALFORMED_JSON, "there is a NUL byte in the JSON");
	json_error_t error;
	json_t *value = json_loadb(text.n == 0 ? "" : text.p, text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (value == NULL)
		return refused(c, text, &error);
	*value_r = json_own(c->arena, value);
	return OK;
}

static int render_part(const char *p, size_t n, void *out)
{
	buf_put(out, p, n);
	return 0;
}

struct str json_render(struct arena *a, const json_t *value)
{
	struct buf out;
	buf_init(&out, a, RENDER_MAX);
	if (json_dump_callback(value, render_part, &out, JSON_COMPACT | JSON_ENCODE_ANY) != 0 || !buf_ok(&out)) {
		log_bug(NULL, "a JSON value can't be rendered", LI("bytes", out.len));
		abort();
	}
	return buf_str(&out);
}

json_t *json_new_object(struct arena *a)
{
	return json_own(a, json_object());
}

json_t *json_new_array(struct arena *a)
{
	return json_own(a, json_array());
}

/* Text from outside a database may not be UTF-8: shown with a replacement character for each bad byte, never fatal. */
static json_t *text_or_scrubbed(const char *text)
{
	json_t *value = json_string(text);
	size_t n = strlen(text);
	if (value != NULL || utf8_valid(str_of(text)))
		return value;
	char *scrubbed = malloc(n * 3 + 1);
	if (scrubbed == NULL)
		return NULL;
	size_t len = 0;
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)text[i] < 0x80) {
			scrubbed[len++] = text[i];
		} else {
			memcpy(scrubbed + len, "\xEF\xBF\xBD", 3);
			len += 3;
		}
	}
	value = json_stringn(scrubbed, len);
	free(scrubbed);
	return value;
}

/* Takes the reference. */
static void set_new(json_t *object, const char *key, json_t *value)
{
	if (value == NULL || json_object_set_new(object, key, value) != 0) {
		log_bug(NULL, "a JSON member can't be set", LS("key", key));
		abort();
	}
}

static void add_new(json_t *array, json_t *value)
{
	if (value == NULL || json_array_append_new(array, value) != 0) {
		log_bug(NULL, "a JSON item can't be added");
		abort();
	}
}

void json_set_text(json_t *object, const char *key, const char *value)
{
	set_new(object, key, value == NULL ? json_null() : text_or_scrubbed(value));
}

void json_set_text_if(json_t *object, const char *key, const char *value)
{
	if (value != NULL)
		json_set_text(object, key, value);
}

void json_set_int(json_t *object, const char *key, int64_t value)
{
	set_new(object, key, json_integer(value));
}

void json_set_bool(json_t *object, const char *key, bool value)
{
	set_new(object, key, json_boolean(value));
}

void json_set_null(json_t *object, const char *key)
{
	set_new(object, key, json_null());
}

void json_set_time(json_t *object, const char *key, int64_t unix_us)
{
	if (unix_us == 0) {
		json_set_null(object, key);
		return;
	}
	struct arena *scratch = arena_new(1024);
	json_set_text(object, key, time_rfc3339(scratch, unix_us));
	arena_free(scratch);
}

void json_set_money(json_t *object, const char *key, struct money m)
{
	json_t *value = json_object();
	if (value != NULL) {
		json_set_int(value, "amount", m.minor);
		json_set_text(value, "currency", m.currency);
	}
	set_new(object, key, value);
}

void json_set(json_t *object, const char *key, json_t *value)
{
	set_new(object, key, json_incref(value));
}

void json_add(json_t *array, json_t *value)
{
	add_new(array, json_incref(value));
}

void json_add_text(json_t *array, const char *value)
{
	add_new(array, value == NULL ? json_null() : text_or_scrubbed(value));
}

const char *json_text(const json_t *object, const char *key, const char *fallback)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text == NULL ? fallback : text;
}

int64_t json_int(const json_t *object, const char *key, int64_t fallback)
{
	const json_t *value = json_object_get(object, key);
	return json_is_integer(value) ? json_integer_value(value) : fallback;
}

bool json_bool(const json_t *object, const char *key, bool fallback)
{
	const json_t *value = json_object_get(object, key);
	return json_is_boolean(value) ? json_is_true(value) : fallback;
}
