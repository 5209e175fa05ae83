/*
 * config.h - one table says every key: it parses, defaults, prints and documents.
 *
 * A value comes from the environment variable ES_<NAME IN CAPITALS>; a secret
 * (CONFIG_SECRET) only from the file that ES_<NAME>_FILE names, never from argv or
 * the environment itself. `--config` prints the table.
 *
 * Layer: edges.
 */
#ifndef ES_CONFIG_H
#define ES_CONFIG_H

#include "base/ctx.h"

enum config_type { CONFIG_UNSET = 0, CONFIG_TEXT, CONFIG_INT, CONFIG_BOOL, CONFIG_PATH, CONFIG_URL, CONFIG_SECRET };

struct config_key {
	const char *name; /* "public_url" */
	enum config_type type;
	const char *fallback; /* text form; NULL: required */
	int64_t min, max;     /* CONFIG_INT; both 0: any */
	const char *help;     /* one line */
};

/*
 * common/'s own keys (app/app.c): db, templates_dir, public_url, run_dir, socket,
 * workers, max_requests, log_level, secret_file, internal keys. A service adds its own table in
 * struct service. Reads everything, reports every bad key, then fails.
 */
err_t config_load(struct ctx *c, const struct config_key *keys, size_t n) MUST_CHECK;
void config_print(const struct config_key *keys, size_t n, int fd);

/* Of a key that was loaded; asking for an unknown name aborts: it is a programmer's error. */
const char *config_text(const char *name);
int64_t config_int(const char *name);
bool config_bool(const char *name);

#endif
