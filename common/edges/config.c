/*
 * config.c - the configuration of this process: read once at start, then constant.
 *
 * Not here: what keys there are (app/app.c and each service say so in a table).
 */
#include "edges/config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"

#define KEYS_MAX 64
#define SECRET_MAX_BYTES 4096
#define ENV_NAME_MAX 80

struct setting {
	const struct config_key *key;
	char *text; /* owned by the process */
	int64_t number;
};

/* The process' configuration: written by config_load() before anything else runs. */
static struct setting settings[KEYS_MAX];
static size_t nsettings;

static const char *const TYPE_NAMES[] = {
	[CONFIG_TEXT] = "text",
	[CONFIG_INT] = "number",
	[CONFIG_BOOL] = "true or false",
	[CONFIG_PATH] = "path",
	[CONFIG_URL] = "URL",
	[CONFIG_SECRET] = "secret",
};

static void env_name(const struct config_key *key, char name[static ENV_NAME_MAX])
{
	int n = snprintf(name, ENV_NAME_MAX, "ES_%s%s", key->name, key->type == CONFIG_SECRET ? "_FILE" : "");

	if (n < 0 || n >= ENV_NAME_MAX)
		abort(); /* a key's name is a literal of ours */
	for (char *p = name; *p != '\0'; p++)
		*p = (char)toupper((unsigned char)*p);
}

static struct setting *find(const char *name)
{
	for (size_t i = 0; i < nsettings; i++)
		if (strcmp(settings[i].key->name, name) == 0)
			return &settings[i];
	return NULL;
}

/* The whole file without its last newline; NULL with *why_r set. */
static char *read_secret(const char *path, const char **why_r)
{
	char bytes[SECRET_MAX_BYTES + 1];
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		*why_r = strerror(errno);
		return NULL;
	}
	got = read(fd, bytes, sizeof(bytes));
	close(fd);
	if (got <= 0 || got > SECRET_MAX_BYTES) {
		*why_r = got == 0 ? "the file is empty" : "the file cannot be read whole";
		return NULL;
	}
	while (got > 0 && (bytes[got - 1] == '\n' || bytes[got - 1] == '\r'))
		got--;
	char *text = strndup(bytes, (size_t)got);

	explicit_bzero(bytes, sizeof(bytes));
	return text;
}

static bool parse_bool(const char *text, int64_t *number_r)
{
	static const struct {
		const char *word;
		int64_t value;
	} WORDS[] = {
		{"true", 1}, {"1", 1}, {"on", 1}, {"yes", 1}, {"false", 0}, {"0", 0}, {"off", 0}, {"no", 0}, {"", 0}};

	for (size_t i = 0; i < ARRAY_LEN(WORDS); i++) {
		if (strcmp(text, WORDS[i].word) == 0) {
			*number_r = WORDS[i].value;
			return true;
		}
	}
	return false;
}

/* NULL when text is a good value of that key, else what is wrong with it. */
static const char *parse_value(const struct config_key *key, const char *text, int64_t *number_r)
{
	bool ranged = key->min != 0 || key->max != 0;

	switch (key->type) {
	case CONFIG_INT:
		if (!str_int64(str_of(text), number_r))
			return "not a whole number";
		return ranged && (*number_r < key->min || *number_r > key->max) ? "out of range" : NULL;
	case CONFIG_BOOL:
		return parse_bool(text, number_r) ? NULL : "neither true nor false";
	case CONFIG_PATH:
		return text[0] != '\0' ? NULL : "empty";
	case CONFIG_URL:
		if (strncmp(text, "http://", 7) != 0 && strncmp(text, "https://", 8) != 0)
			return "neither http:// nor https://";
		return text[strlen(text) - 1] == '/' ? "ends with a slash" : NULL;
	case CONFIG_TEXT:
	case CONFIG_SECRET:
		return NULL;
	case CONFIG_UNSET:
		break;
	}
	return "declared without a type";
}

/* NULL when the key is set, else why not. */
static const char *load_key(const struct config_key *key)
{
	char name[ENV_NAME_MAX];
	const char *why = "missing", *given;
	struct setting s = {.key = key};

	env_name(key, name);
	given = getenv(name);
	if (key->type == CONFIG_SECRET && given != NULL)
		s.text = read_secret(given, &why);
	else if (given != NULL || key->fallback != NULL)
		s.text = strdup(given != NULL ? given : key->fallback);
	if (s.text == NULL)
		return why;
	why = parse_value(key, s.text, &s.number);
	if (why != NULL) {
		free(s.text);
		return why;
	}
	struct setting *old = find(key->name);

	if (old != NULL)
		free(old->text);
	else if (nsettings == KEYS_MAX)
		abort(); /* tables are ours: make KEYS_MAX larger */
	else
		old = &settings[nsettings++];
	*old = s;
	return NULL;
}

err_t config_load(struct ctx *c, const struct config_key *keys, size_t n)
{
	size_t bad = 0;

	for (size_t i = 0; i < n; i++) {
		const char *why = load_key(&keys[i]);
		char name[ENV_NAME_MAX];

		if (why == NULL)
			continue;
		env_name(&keys[i], name);
		log_bug(c, "bad configuration", LS("variable", name), LS("why", why));
		bad++;
	}
	return bad == 0 ? OK : fail(c, &ERR_INTERNAL, "%zu configuration keys are missing or wrong", bad);
}

void config_print(const struct config_key *keys, size_t n, int fd)
{
	for (size_t i = 0; i < n; i++) {
		char name[ENV_NAME_MAX];
		const char *fallback = keys[i].fallback;

		env_name(&keys[i], name);
		dprintf(fd, "%s\t%s\t%s\t%s\n", name, TYPE_NAMES[keys[i].type],
			fallback == NULL ? "(required)" : fallback, keys[i].help);
	}
}

static const struct setting *must_find(const char *name)
{
	const struct setting *s = find(name);

	if (s == NULL)
		abort();
	return s;
}

const char *config_text(const char *name)
{
	return must_find(name)->text;
}

int64_t config_int(const char *name)
{
	return must_find(name)->number;
}

bool config_bool(const char *name)
{
	return must_find(name)->number != 0;
}
