/*
 * tmpl.c - the templates and language strings of a directory, found by name.
 *
 * Syntax is tmpl_parse.c, output tmpl_render.c; both know nothing of files.
 */
#include "app/tmpl_parts.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENDING ".mustache"
#define FOLDER_DEPTH_MAX 8
#define TEMPLATES_MAX 2000
#define LANGUAGES_MAX 64
#define SET_BYTES_MAX (64u * 1024 * 1024)
#define DEFAULT_LANGUAGE "en"

struct language {
	const char *code;
	json_t *strings;
};

struct tmpl_set {
	struct arena *arena;
	struct tmpl *list; /* sorted by name once all are there */
	size_t n, cap;
	struct language languages[LANGUAGES_MAX];
	size_t nlanguages;
};

/* ------------------------------------------------------------------ by name */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct tmpl *)a)->name, ((const struct tmpl *)b)->name);
}

static const struct tmpl *find(const struct tmpl_set *s, const char *name)
{
	struct tmpl key = {.name = name};
	return s->n ? bsearch(&key, s->list, s->n, sizeof(key), by_name) : NULL;
}

/* Partials and parents to what they name. missing_ok: they render as nothing, as the specification says. */
static err_t resolve(struct ctx *c, struct tmpl_set *s, bool missing_ok)
{
	if (s->n)
		qsort(s->list, s->n, sizeof(s->list[0]), by_name);
	for (size_t i = 0; i < s->n; i++) {
		for (size_t k = 0; k < s->list[i].nnodes; k++) {
			struct tmpl_node *n = &s->list[i].nodes[k];
			if (n->kind != TMPL_PARTIAL && n->kind != TMPL_PARENT)
				continue;
			n->target = find(s, n->name);
			if (!n->target && !missing_ok)
				return fail(
					c, &ERR_INTERNAL, "%s:%d: no template %s", s->list[i].name, n->line, n->name);
		}
	}
	return OK;
}

static err_t add_template(struct ctx *c, struct tmpl_set *s, const char *name, struct str text)
{
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 32;
		struct tmpl *bigger = arena_array(s->arena, cap, sizeof(*bigger));
		if (s->n)
			memcpy(bigger, s->list, s->n * sizeof(*bigger));
		s->list = bigger;
		s->cap = cap;
	}
	if (s->n == TEMPLATES_MAX)
		return fail(c, &ERR_INTERNAL, "%s: too many templates", name);
	TRY(tmpl_parse(c, s->arena, name, text, &s->list[s->n]));
	s->n++;
	return OK;
}

/* ------------------------------------------------------------------ files */

static err_t read_all(struct ctx *c, struct arena *a, int fd, const char *path, struct str *text_r)
{
	struct stat st;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return fail(c, &ERR_INTERNAL, "%s: not a plain file", path);
	if (st.st_size > TMPL_FILE_MAX)
		return fail(c, &ERR_INTERNAL, "%s: larger than %d bytes", path, TMPL_FILE_MAX);

	char *text = arena_alloc(a, (size_t)st.st_size + 1);
	size_t have = 0;
	while (have < (size_t)st.st_size) {
		ssize_t n = read(fd, text + have, (size_t)st.st_size - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail(c, &ERR_INTERNAL, "%s: could not read: %s", path,
				n < 0 ? strerror(errno) : "file became shorter");
		have += (size_t)n;
	}
	*text_r = (struct str){text, have};
	return OK;
}

static err_t read_file(struct ctx *c, struct arena *a, const char *path, struct str *text_r)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return fail(c, &ERR_INTERNAL, "%s: could not open: %s", path, strerror(errno));
	err_t e = read_all(c, a, fd, path, text_r);
	close(fd);
	return e;
}

static bool ends_with(const char *s, const char *ending, size_t *stem_r)
{
	size_t n = strlen(s), k = strlen(ending);
	*stem_r = n - (n < k ? n : k);
	return n > k && strcmp(s + n - k, ending) == 0;
}

static void release_dir(void *dir)
{
	closedir(dir);
}

struct walk {
	struct ctx *c;
	struct tmpl_set *set;
	size_t root_len;
	/* What to do with a file; path below the root without the first '/'. */
	err_t (*file)(struct walk *w, const char *path, const char *below);
};

static err_t walk_folder(struct walk *w, const char *folder, int depth)
{
	DIR *dir = opendir(folder);
	if (!dir)
		return fail(w->c, &ERR_INTERNAL, "%s: could not open: %s", folder, strerror(errno));
	arena_defer(w->c->arena, release_dir, dir);
	if (depth == FOLDER_DEPTH_MAX)
		return fail(w->c, &ERR_INTERNAL, "%s: folders nested too deep", folder);

	for (const struct dirent *entry; (entry = readdir(dir));) {
		if (entry->d_name[0] == '.')
			continue;
		const char *path = arena_printf(w->c->arena, "%s/%s", folder, entry->d_name);
		struct stat st;
		if (stat(path, &st) != 0)
			return fail(w->c, &ERR_INTERNAL, "%s: %s", path, strerror(errno));
		if (S_ISDIR(st.st_mode))
			TRY(walk_folder(w, path, depth + 1));
		else
			TRY(w->file(w, path, path + w->root_len + 1));
	}
	return OK;
}

static err_t load_template(struct walk *w, const char *path, const char *below)
{
	size_t stem;
	if (!ends_with(below, ENDING, &stem))
		return OK;
	struct str text;
	TRY(read_file(w->c, w->set->arena, path, &text));
	return add_template(w->c, w->set, arena_strndup(w->set->arena, below, stem), text);
}

/* ------------------------------------------------------------------ languages */

static err_t load_language(struct walk *w, const char *path, const char *below)
{
	struct tmpl_set *s = w->set;
	size_t stem;
	if (!ends_with(below, ".json", &stem))
		return OK;
	if (s->nlanguages == LANGUAGES_MAX)
		return fail(w->c, &ERR_INTERNAL, "%s: too many languages", path);

	json_error_t error;
	json_t *strings = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (!strings)
		return fail(w->c, &ERR_INTERNAL, "%s:%d: %s", path, error.line, error.text);
	strings = json_own(s->arena, strings);
	if (!json_is_object(strings))
		return fail(w->c, &ERR_INTERNAL, "%s:1: not an object", path);
	s->languages[s->nlanguages++] = (struct language){arena_strndup(s->arena, below, stem), strings};
	return OK;
}

static json_t *strings_of(const struct tmpl_set *s, const char *lang)
{
	for (size_t i = 0; lang && i < s->nlanguages; i++)
		if (strcmp(s->languages[i].code, lang) == 0)
			return s->languages[i].strings;
	return NULL;
}

/* A language that lacks a string says it in English. */
static err_t complete_languages(struct ctx *c, struct tmpl_set *s)
{
	json_t *english = strings_of(s, DEFAULT_LANGUAGE);
	for (size_t i = 0; english && i < s->nlanguages; i++) {
		if (s->languages[i].strings == english)
			continue;
		json_t *all = json_deep_copy(english);
		if (!all || json_object_update_recursive(all, s->languages[i].strings) != 0)
			return fail_bug(c, "lang/%s.json: could not be merged", s->languages[i].code);
		s->languages[i].strings = json_own(s->arena, all);
	}
	return OK;
}

static err_t load_into(struct ctx *c, struct tmpl_set *s, const char *dir)
{
	struct walk w = {.c = c, .set = s, .root_len = strlen(dir), .file = load_template};
	TRY(walk_folder(&w, dir, 0));
	TRY(resolve(c, s, false));

	const char *lang = arena_printf(c->arena, "%s/lang", dir);
	if (access(lang, F_OK) != 0)
		return OK;
	w.root_len = strlen(lang);
	w.file = load_language;
	TRY(walk_folder(&w, lang, FOLDER_DEPTH_MAX - 1));
	return complete_languages(c, s);
}

static struct tmpl_set *set_in(struct arena *a)
{
	struct tmpl_set *s = arena_new_of(a, struct tmpl_set);
	s->arena = a;
	return s;
}

err_t tmpl_load(struct ctx *c, const char *dir, struct tmpl_set **set_r)
{
	struct tmpl_set *s = set_in(arena_new(SET_BYTES_MAX));
	err_t e = load_into(c, s, dir);
	if (e != OK) {
		tmpl_free(s);
		return e;
	}
	*set_r = s;
	return OK;
}

void tmpl_free(struct tmpl_set *set)
{
	if (set)
		arena_free(set->arena);
}

/* ------------------------------------------------------------------ use */

err_t tmpl_render(struct ctx *c, const struct tmpl_set *set, const char *name, const json_t *context, struct buf *out)
{
	const struct tmpl *t = find(set, name);
	if (!t)
		return fail(c, &ERR_INTERNAL, "no template %s", name);
	size_t stem;
	return tmpl_write(c, t, context, !ends_with(name, ".txt", &stem), out);
}

err_t tmpl_render_text(struct ctx *c, struct str text, const json_t *partials, const json_t *context, struct buf *out)
{
	static const char ROOT[] = ""; /* no partial can be named so */
	struct tmpl_set *s = set_in(c->arena);
	const char *name;
	json_t *value;

	TRY(add_template(c, s, ROOT, text));
	json_object_foreach((json_t *)(uintptr_t)partials, name, value)
	{
		struct str part = {json_string_value(value), json_string_length(value)};
		TRY(add_template(c, s, arena_strdup(c->arena, name), part));
	}
	TRY(resolve(c, s, true));
	return tmpl_write(c, find(s, ROOT), context, true, out);
}

const json_t *tmpl_strings(const struct tmpl_set *set, const char *lang)
{
	const json_t *strings = strings_of(set, lang);
	return strings ? strings : strings_of(set, DEFAULT_LANGUAGE);
}

static void fill_in(struct buf *out, struct str name, const struct text_arg *args, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (str_eq(name, args[i].name)) {
			buf_puts(out, args[i].value ? args[i].value : "");
			return;
		}
	}
	buf_printf(out, "{%.*s}", (int)name.n, name.p);
}

static const char *interpolate(struct arena *a, const char *text, const struct text_arg *args, size_t n)
{
	struct buf out;
	buf_init(&out, a, TMPL_FILE_MAX);
	while (*text) {
		size_t plain = strcspn(text, "{");
		buf_put(&out, text, plain);
		text += plain;
		const char *close = *text ? strchr(text, '}') : NULL;
		if (!close) {
			buf_puts(&out, text);
			break;
		}
		fill_in(&out, (struct str){text + 1, (size_t)(close - text) - 1}, args, n);
		text = close + 1;
	}
	return buf_ok(&out) ? arena_strndup(a, buf_str(&out).p, buf_str(&out).n) : "";
}

const char *tmpl_text(struct ctx *c, const struct tmpl_set *set, const char *lang, const char *key,
	const struct text_arg *args, size_t n)
{
	const json_t *v = tmpl_strings(set, lang);
	struct str rest = str_of(key), part;
	while (v && str_next(&rest, '.', &part))
		v = json_object_get(v, str_dup(c->arena, part));
	if (!json_is_string(v)) {
		log_bug(c, "no such language string", LS("key", key), LS("lang", lang));
		return key;
	}
	return interpolate(c->arena, json_string_value(v), args, n);
}
