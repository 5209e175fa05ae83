/*
 * bind.c - walks a bind table over a JSON value or over form pairs, writes the
 * target's members and collects every field error on the way. What a single
 * text must be is in bind_text.c.
 *
 * Layer: data.
 */
#include "data/bind.h"

#include <string.h>

#include "data/bind_text.h"
#include "data/clock.h"
#include "data/ids.h"

#define LIST_MAX_DEFAULT 100

/* The walk's state: where input comes from, and where in it we are. */
struct walk {
	struct ctx *c;
	const struct params *params; /* NULL: JSON */
	bool *used;                  /* per pair: some field asked for it */
	const char *currency;        /* of form amounts */
};

/* One field of one object: its table row, its full path and its place in the target. */
struct place {
	const struct bind_field *field;
	const char *path;
	char *target; /* of the struct */
};

static void *member(const struct place *p)
{
	return p->target + p->field->offset;
}

static const char *label_of(struct ctx *c, const struct bind_field *f)
{
	char *label = arena_strdup(c->arena, f->label != NULL ? f->label : f->name);
	for (char *at = label; f->label == NULL && *at != '\0'; at++)
		if (*at == '_' || *at == '.')
			*at = ' ';
	if (label[0] >= 'a' && label[0] <= 'z')
		label[0] = (char)(label[0] - 'a' + 'A');
	return label;
}

static const char *path_join(struct ctx *c, const char *path, const char *name)
{
	return path[0] == '\0' ? name : arena_printf(c->arena, "%s/%s", path, name);
}

static void refuse(struct walk *w, const struct place *p, const char *code, const char *what)
{
	field_error(w->c, p->path, code, "%s %s.", label_of(w->c, p->field), what);
}

/* ------------------------------------------------------------------ single values, whatever they come from */

static void put_int(struct walk *w, const struct place *p, int64_t value)
{
	int64_t min = p->field->min, max = p->field->max == 0 ? INT32_MAX : p->field->max;
	if (value < min)
		field_error(w->c, p->path, "too_small", "%s must be at least %lld.", label_of(w->c, p->field),
			(long long)min);
	else if (value > max)
		field_error(w->c, p->path, "too_large", "%s must be at most %lld.", label_of(w->c, p->field),
			(long long)max);
	else
		*(int64_t *)member(p) = value;
}

static void put_money(struct walk *w, const struct place *p, int64_t minor, const char *currency)
{
	int64_t max = p->field->max == 0 ? MONEY_MAX : p->field->max;
	if (minor < p->field->min)
		refuse(w, p, "too_small", p->field->min == 0 ? "may not be negative" : "is too small");
	else if (minor > max)
		refuse(w, p, "too_large", "is too large");
	else
		*(struct money *)member(p) = money(minor, currency);
}

static void put_enum(struct walk *w, const struct place *p, const char *text)
{
	struct buf known;
	buf_init(&known, w->c->arena, 1024);
	for (const char *const *value = p->field->values; *value != NULL; value++) {
		if (strcmp(*value, text) == 0) {
			*(const char **)member(p) = *value;
			return;
		}
		buf_printf(&known, "%s%s", value == p->field->values ? "" : ", ", *value);
	}
	field_error(w->c, p->path, "unknown", "%s must be one of: %s.", label_of(w->c, p->field), buf_str(&known).p);
}

/* text is NUL-terminated and owned by the input or the arena. */
static void put_text(struct walk *w, const struct place *p, struct str text)
{
	const struct bind_field *f = p->field;
	struct uuid id;
	int64_t time_us;
	switch (f->type) {
	case BIND_ENUM:
		put_enum(w, p, text.p);
		return;
	case BIND_UUID:
		if (uuid_parse(text, &id))
			*(struct uuid *)member(p) = id;
		else
			refuse(w, p, "invalid", "is not a UUID");
		return;
	case BIND_TIME:
		if (time_parse(text, &time_us))
			*(int64_t *)member(p) = time_us;
		else
			refuse(w, p, "invalid", "is not a time like 2026-03-01T12:00:00Z");
		return;
	default: {
		struct text_fault fault = text_check(w->c->arena, f->type, text, f->min, f->max, label_of(w->c, f));
		if (fault.code != NULL)
			field_error(w->c, p->path, fault.code, "%s", fault.message);
		else
			*(const char **)member(p) = text.p;
	}
	}
}

static void mark_present(const struct place *p)
{
	if (p->field->present != 0)
		*(bool *)(p->target + p->field->present - 1) = true;
}

static void require(struct walk *w, const struct place *p)
{
	if (p->field->required)
		refuse(w, p, "required", "is required");
}

static bool count_fits(struct walk *w, const struct place *p, size_t n)
{
	const struct bind_field *f = p->field;
	int64_t max = f->max == 0 ? LIST_MAX_DEFAULT : f->max;
	if ((int64_t)n > max)
		field_error(w->c, p->path, "too_long", "%s may have at most %lld entries.", label_of(w->c, f),
			(long long)max);
	else if ((int64_t)n < f->min)
		field_error(
			w->c, p->path, "too_short", "%s needs at least %lld.", label_of(w->c, f), (long long)f->min);
	return (int64_t)n <= max && (int64_t)n >= f->min;
}

static struct text_fault item_check(struct walk *w, const struct place *p, struct str item)
{
	return text_check(w->c->arena, BIND_TEXT, item, 0, (int64_t)p->field->item_max, label_of(w->c, p->field));
}

/* Runs the table's own check when the single fields passed, or always if it bears that; its errors get the object's path. */
static void run_check(struct walk *w, const struct bind *b, const char *path, void *target, struct field_error **mark)
{
	if (b->check == NULL || (*mark != NULL && !b->check_always))
		return;
	mark = w->c->errors_end;
	b->check(w->c, target);
	for (struct field_error *e = *mark; e != NULL && path[0] != '\0'; e = e->next)
		e->field = path_join(w->c, path, e->field);
}

/* ------------------------------------------------------------------ JSON */

static void json_object_in(struct walk *w, const struct bind *b, const json_t *value, const char *path, char *target);

static struct str json_str(const json_t *value)
{
	return (struct str){.p = json_string_value(value), .n = json_string_length(value)};
}

static void json_money_in(struct walk *w, const struct place *p, const json_t *value)
{
	const json_t *amount = json_object_get(value, "amount"), *currency = json_object_get(value, "currency");
	if (!json_is_object(value) || !json_is_integer(amount) || !json_is_string(currency) ||
		json_object_size(value) != 2)
		refuse(w, p, "invalid", "must be an object with amount (an integer of minor units) and currency");
	else if (currency_exponent(json_string_value(currency)) < 0)
		refuse(w, p, "unknown", "has a currency that is not in use");
	else
		put_money(w, p, json_integer_value(amount), json_string_value(currency));
}

static void json_list_in(struct walk *w, const struct place *p, const json_t *value)
{
	size_t n = json_array_size(value);
	const struct bind *of = p->field->of;
	if (!json_is_array(value))
		refuse(w, p, "invalid", "must be an array");
	if (!json_is_array(value) || !count_fits(w, p, n))
		return;
	char *items = arena_array(w->c->arena, n, of->size);
	for (size_t i = 0; i < n; i++)
		json_object_in(w, of, json_array_get(value, i), arena_printf(w->c->arena, "%s/%zu", p->path, i),
			items + i * of->size);
	*(void **)member(p) = items;
	*(size_t *)(void *)(p->target + p->field->count) = n;
}

static void json_texts_in(struct walk *w, const struct place *p, const json_t *value)
{
	size_t n = json_array_size(value);
	if (!json_is_array(value))
		refuse(w, p, "invalid", "must be an array of texts");
	if (!json_is_array(value) || !count_fits(w, p, n))
		return;
	const char **items = arena_array_of(w->c->arena, n, const char *);
	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_array_get(value, i);
		struct place at = {.field = p->field, .path = arena_printf(w->c->arena, "%s/%zu", p->path, i)};
		struct text_fault fault = {.code = "invalid", .message = "It must be a text."};
		if (json_is_string(item))
			fault = item_check(w, p, json_str(item));
		if (fault.code != NULL)
			field_error(w->c, at.path, fault.code, "%s", fault.message);
		items[i] = json_string_value(item);
	}
	*(const char ***)member(p) = items;
	*(size_t *)(void *)(p->target + p->field->count) = n;
}

static void json_value_in(struct walk *w, const struct place *p, json_t *value)
{
	const struct bind *of = p->field->of;
	switch (p->field->type) {
	case BIND_INT:
		if (json_is_integer(value))
			put_int(w, p, json_integer_value(value));
		else
			refuse(w, p, "invalid", "must be a whole number");
		return;
	case BIND_BOOL:
		if (json_is_boolean(value))
			*(bool *)member(p) = json_is_true(value);
		else
			refuse(w, p, "invalid", "must be true or false");
		return;
	case BIND_MONEY:
		json_money_in(w, p, value);
		return;
	case BIND_OBJECT:
		*(void **)member(p) = arena_alloc(w->c->arena, of->size);
		json_object_in(w, of, value, p->path, *(char **)member(p));
		return;
	case BIND_LIST:
		json_list_in(w, p, value);
		return;
	case BIND_TEXTS:
		json_texts_in(w, p, value);
		return;
	case BIND_JSON:
		*(json_t **)member(p) = value;
		return;
	default:
		if (!json_is_string(value))
			refuse(w, p, "invalid", "must be a text");
		else if (p->field->required && json_string_length(value) == 0)
			require(w, p);
		else
			put_text(w, p, json_str(value));
	}
}

static bool known_member(const struct bind *b, const char *name)
{
	for (size_t i = 0; i < b->nfields; i++)
		if (strcmp(b->fields[i].name, name) == 0)
			return true;
	return false;
}

/* A member's name comes from outside: in a path it is cut, so that errors stay small. */
static void refuse_unknown(struct walk *w, const char *path, const char *name)
{
	char *shown = str_dup(w->c->arena, utf8_prefix(str_of(name), 64));
	field_error(w->c, path_join(w->c, path, shown), "unknown", "There is no field of this name.");
}

static void json_object_in(struct walk *w, const struct bind *b, const json_t *value, const char *path, char *target)
{
	struct field_error **mark = w->c->errors_end;
	if (!json_is_object(value)) {
		field_error(w->c, path, "invalid", "It must be an object.");
		return;
	}
	for (size_t i = 0; i < b->nfields; i++) {
		struct place p = {&b->fields[i], path_join(w->c, path, b->fields[i].name), target};
		json_t *item = json_object_get(value, b->fields[i].name);
		if (item != NULL)
			mark_present(&p);
		if (item == NULL || json_is_null(item))
			require(w, &p);
		else
			json_value_in(w, &p, item);
	}
	const char *name;
	json_t *item;
	/* json_object_foreach takes a pointer to non-const, and changes nothing. */
	for (void *at = json_object_iter((json_t *)(uintptr_t)value); at != NULL;
		at = json_object_iter_next((json_t *)(uintptr_t)value, at)) {
		name = json_object_iter_key(at);
		item = json_object_iter_value(at);
		if (item != NULL && !known_member(b, name))
			refuse_unknown(w, path, name);
	}
	run_check(w, b, path, target, mark);
}

err_t bind_json(struct ctx *c, const struct bind *b, const json_t *value, void **target_r)
{
	struct walk w = {.c = c};
	char *target = arena_alloc(c->arena, b->size);
	json_object_in(&w, b, value, "", target);
	TRY(ctx_check(c));
	*target_r = target;
	return OK;
}

/* ------------------------------------------------------------------ forms and queries */

static void pairs_object_in(struct walk *w, const struct bind *b, const char *path, char *target);

/* The first pair of that name; all pairs of it count as used. */
static const struct param *pair_named(struct walk *w, const char *name)
{
	const struct param *found = NULL;
	for (size_t i = 0; i < w->params->n; i++) {
		if (!str_eq(w->params->list[i].name, name))
			continue;
		w->used[i] = true;
		if (found == NULL)
			found = &w->params->list[i];
	}
	return found;
}

/* Whether some pair lies below path: "path" itself or "path/…". */
static bool pairs_below(const struct walk *w, const char *path)
{
	size_t n = strlen(path);
	for (size_t i = 0; i < w->params->n; i++) {
		struct str name = w->params->list[i].name;
		if (str_starts(name, path) && (name.n == n || name.p[n] == '/'))
			return true;
	}
	return false;
}

static void pairs_list_in(struct walk *w, const struct place *p)
{
	const struct bind *of = p->field->of;
	size_t n = 0;
	while (pairs_below(w, arena_printf(w->c->arena, "%s/%zu", p->path, n)))
		n++;
	if (n > 0)
		mark_present(p);
	if (n == 0)
		require(w, p);
	if (n == 0 || !count_fits(w, p, n))
		return;
	char *items = arena_array(w->c->arena, n, of->size);
	for (size_t i = 0; i < n; i++)
		pairs_object_in(w, of, arena_printf(w->c->arena, "%s/%zu", p->path, i), items + i * of->size);
	*(void **)member(p) = items;
	*(size_t *)(void *)(p->target + p->field->count) = n;
}

/* "names/0", "names/1" … or "names" again and again (checkboxes). */
static void pairs_texts_in(struct walk *w, const struct place *p)
{
	const char **items = arena_array_of(w->c->arena, w->params->n + 1, const char *);
	size_t n = 0;
	for (size_t i = 0; i < w->params->n; i++) {
		const struct param *pair = &w->params->list[i];
		const char *indexed = arena_printf(w->c->arena, "%s/%zu", p->path, n);
		if (!str_eq(pair->name, p->path) && !str_eq(pair->name, indexed))
			continue;
		w->used[i] = true;
		struct text_fault fault = item_check(w, p, pair->value);
		if (fault.code != NULL)
			field_error(w->c, p->path, fault.code, "%s", fault.message);
		items[n++] = pair->value.p;
	}
	if (n > 0)
		mark_present(p);
	if (n == 0)
		require(w, p);
	if (n == 0 || !count_fits(w, p, n))
		return;
	*(const char ***)member(p) = items;
	*(size_t *)(void *)(p->target + p->field->count) = n;
}

static void pairs_prefixed_in(struct walk *w, const struct place *p)
{
	struct param *list = arena_array_of(w->c->arena, w->params->n + 1, struct param);
	size_t n = 0, prefix = strlen(p->field->name);
	for (size_t i = 0; i < w->params->n; i++) {
		const struct param *pair = &w->params->list[i];
		if (!str_starts(pair->name, p->field->name) || pair->name.n == prefix)
			continue;
		w->used[i] = true;
		struct text_fault fault = item_check(w, p, pair->value);
		if (fault.code != NULL)
			field_error(w->c, str_dup(w->c->arena, pair->name), fault.code, "%s", fault.message);
		list[n++] = (struct param){{pair->name.p + prefix, pair->name.n - prefix}, pair->value};
	}
	if (n > 0 && count_fits(w, p, n))
		*(struct params *)member(p) = (struct params){.list = list, .n = n};
}

static void pair_bool_in(struct walk *w, const struct place *p, struct str value)
{
	bool yes = str_eq(value, "1") || str_eq(value, "on") || str_eq(value, "true");
	if (!yes && value.n > 0 && !str_eq(value, "0") && !str_eq(value, "false"))
		refuse(w, p, "invalid", "must be true or false");
	else
		*(bool *)member(p) = yes;
}

static void pair_value_in(struct walk *w, const struct place *p, struct str value)
{
	int64_t number;
	switch (p->field->type) {
	case BIND_BOOL:
		pair_bool_in(w, p, value);
		return;
	case BIND_INT:
		if (str_int64(value, &number))
			put_int(w, p, number);
		else
			refuse(w, p, "invalid", "must be a whole number");
		return;
	case BIND_MONEY:
		if (money_parse(value, w->currency == NULL ? "" : w->currency, &number))
			put_money(w, p, number, w->currency);
		else
			refuse(w, p, "invalid", "must be an amount like 12.99");
		return;
	default:
		put_text(w, p, value);
	}
}

static void pairs_field_in(struct walk *w, const struct place *p)
{
	switch (p->field->type) {
	case BIND_OBJECT:
		if (!pairs_below(w, p->path)) {
			require(w, p);
			return;
		}
		mark_present(p);
		*(void **)member(p) = arena_alloc(w->c->arena, p->field->of->size);
		pairs_object_in(w, p->field->of, p->path, *(char **)member(p));
		return;
	case BIND_LIST:
		pairs_list_in(w, p);
		return;
	case BIND_TEXTS:
		pairs_texts_in(w, p);
		return;
	case BIND_PAIRS:
		pairs_prefixed_in(w, p);
		return;
	default: {
		const struct param *pair = pair_named(w, p->path);
		if (pair != NULL)
			mark_present(p);
		/* An input left empty sends "": nothing was given. */
		if (pair == NULL || (pair->value.n == 0 && p->field->type != BIND_BOOL))
			require(w, p);
		else
			pair_value_in(w, p, pair->value);
	}
	}
}

static void pairs_object_in(struct walk *w, const struct bind *b, const char *path, char *target)
{
	struct field_error **mark = w->c->errors_end;
	for (size_t i = 0; i < b->nfields; i++) {
		struct place p = {&b->fields[i], path_join(w->c, path, b->fields[i].name), target};
		pairs_field_in(w, &p);
	}
	run_check(w, b, path, target, mark);
}

err_t bind_params(struct ctx *c, const struct bind *b, const struct params *p, enum bind_unknown u,
	const char *currency, void **target_r)
{
	struct walk w = {.c = c, .params = p, .used = arena_array_of(c->arena, p->n, bool), .currency = currency};
	char *target = arena_alloc(c->arena, b->size);
	pairs_object_in(&w, b, "", target);
	for (size_t i = 0; i < p->n && u == BIND_UNKNOWN_REFUSE; i++) {
		if (w.used[i])
			continue;
		ctx_clear_failure(c);
		refuse_unknown(&w, "", str_dup(c->arena, p->list[i].name));
		return fail(c, &ERR_UNKNOWN_PARAMETER, "there is no parameter of this name");
	}
	TRY(ctx_check(c));
	*target_r = target;
	return OK;
}
