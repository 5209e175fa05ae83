/*
 * app.c - main() of every service: configuration, templates and the mode asked for.
 * Processes are master.c's, requests serve.c's.
 */
#include "app/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/audit.h"
#include "app/frame.h"
#include "app/metrics.h"
#include "app/process.h"
#include "base/log.h"
#include "data/trace.h"

#define ARENA_SPARE (32u * 1024 * 1024) /* beyond the body: rows, JSON, pages */
#define PROCESS_ARENA_MAX (8u * 1024 * 1024)
#define BODY_MIN 65536
#define STATEMENT_LISTS_MAX 32
#define CONFIG_KEYS_MAX 64
#define MANIFEST_MAX_BYTES 65536

static const struct config_key COMMON_KEYS[] = {
	{"db", CONFIG_TEXT, NULL, 0, 0, "PostgreSQL: libpq keywords without a password (use passfile=)"},
	{"templates_dir", CONFIG_PATH, "/usr/share/ecostore/templates", 0, 0, "folder of the Mustache templates"},
	{"assets_manifest", CONFIG_TEXT, "", 0, 0, "JSON object: asset file name to its hashed URL"},
	{"public_url", CONFIG_URL, "http://localhost:8080", 0, 0, "where shoppers reach the shop; no slash at the end"},
	{"socket", CONFIG_TEXT, "", 0, 0, "FastCGI socket to create; not needed when fd 0 is one"},
	{"socket_group", CONFIG_TEXT, "", 0, 0, "group that may connect to it: the web server's"},
	{"workers", CONFIG_INT, "2", 1, 64, "processes that answer requests"},
	{"max_requests", CONFIG_INT, "20000", 1, 100000000, "requests after which a worker is replaced"},
	{"drain_secs", CONFIG_INT, "25", 1, 600, "how long requests in hand may take after SIGTERM"},
	{"cors_origins", CONFIG_TEXT, "", 0, 0, "other origins whose scripts may call the API, comma-separated"},
	{"log_level", CONFIG_TEXT, "info", 0, 0, "debug, info, warn or error"},
};

/* The one process-wide pointer: jobs and timers have no request to find their app by. */
static const struct app *current;

const struct app *app_get(void)
{
	return current;
}

void app_set(const struct app *app)
{
	current = app;
}

const char *text(struct request *rq, const char *key, const struct text_arg *args, size_t n)
{
	return tmpl_text(&rq->ctx, rq->app->templates, "en", key, args, n);
}

/* ------------------------------------------------------------------ settings of the shop */

struct setting_row {
	const char *key, *value;
};
static const struct db_column SETTING_COLUMNS[] = {
	DB_COLUMN(struct setting_row, key, DB_TEXT),
	DB_COLUMN(struct setting_row, value, DB_TEXT),
};
static const struct db_stmt SETTINGS = DB_ROWS("app_settings", struct setting_row, SETTING_COLUMNS,
	SQL("select key, value from platform.setting where key in ('shop_name', 'currency', 'country', 'support_email')"));

const struct db_stmt *const APP_STATEMENTS[] = {&SETTINGS, NULL};

static err_t read_settings(struct ctx *c, struct process *p)
{
	const struct {
		const char *key;
		const char **value;
	} wanted[] = {
		{"shop_name", &p->app.shop_name},
		{"currency", &p->app.currency},
		{"country", &p->app.country},
		{"support_email", &p->app.support_email},
	};
	struct setting_row *rows;
	size_t n;

	TRY(db_rows(c, &SETTINGS, NO_PARAMS, &rows, &n));
	for (size_t i = 0; i < n; i++) {
		for (size_t w = 0; w < ARRAY_LEN(wanted); w++) {
			if (strcmp(rows[i].key, wanted[w].key) == 0)
				*wanted[w].value = arena_strdup(p->arena, rows[i].value);
		}
	}
	return OK;
}

err_t process_start(struct ctx *c, struct process *p)
{
	static bool started;

	if (started)
		return OK;
	TRY(read_settings(c, p));
	if (p->app.service->init != NULL)
		TRY(p->app.service->init(c));
	started = true;
	return OK;
}

struct arena *process_arena(const struct process *p)
{
	return arena_new(p->body_limit * 3 + ARENA_SPARE);
}

/* ------------------------------------------------------------------ setting up */

static const struct config_key *all_keys(struct process *p, size_t *n_r)
{
	struct config_key *keys = arena_array_of(p->arena, CONFIG_KEYS_MAX, struct config_key);
	const struct config_key *own = p->app.service->config;

	memcpy(keys, COMMON_KEYS, sizeof(COMMON_KEYS));
	*n_r = ARRAY_LEN(COMMON_KEYS);
	for (; own != NULL && own->name != NULL && *n_r < CONFIG_KEYS_MAX; own++)
		keys[(*n_r)++] = *own;
	return keys;
}

static enum log_level level_of(const char *name)
{
	static const char *const NAMES[] = {"debug", "info", "warn", "error"};

	for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
		if (strcmp(name, NAMES[i]) == 0)
			return (enum log_level)i;
	}
	return LOG_LEVEL_INFO;
}

static err_t read_whole(struct ctx *c, const char *path, struct str *text_r)
{
	FILE *f = fopen(path, "re");
	char *p = arena_alloc(c->arena, MANIFEST_MAX_BYTES + 1);
	size_t n;

	if (f == NULL)
		return fail_bug(c, "could not open %s", path);
	n = fread(p, 1, MANIFEST_MAX_BYTES, f);
	fclose(f);
	*text_r = (struct str){.p = p, .n = n};
	return OK;
}

/* "shop.css" becomes shop_css, and "icons.svg" also icons: templates can't say a dot. */
static err_t load_assets(struct ctx *c, struct process *p)
{
	const char *path = config_text("assets_manifest"), *name;
	json_t *manifest, *value, *assets = json_new_object(p->arena);
	struct str body;

	p->app.assets = assets;
	if (path == NULL || path[0] == '\0')
		return OK;
	TRY(read_whole(c, path, &body));
	TRY(json_parse(c, body, &manifest));
	json_object_foreach(manifest, name, value) {
		char *key = arena_strdup(p->arena, name);
		char *dot = strrchr(key, '.');
		if (dot != NULL && strcmp(dot, ".svg") == 0)
			*dot = '\0';
		for (char *q = key; *q != '\0'; q++) {
			if (*q == '.' || *q == '-' || *q == '/')
				*q = '_';
		}
		json_set_text(assets, key, json_string_value(value));
	}
	return OK;
}

/* What a worker prepares at start: not what only consumers and masters say. */
static const struct db_stmt *const *const WORKER_STATEMENTS[] = {
	AUTH_STATEMENTS, IDEM_STATEMENTS, PAGE_STATEMENTS, APP_STATEMENTS, EVENT_STATEMENTS, AUDIT_STATEMENTS};
static const struct db_stmt *const *const OTHER_STATEMENTS[] = {REGISTRY_STATEMENTS, WORK_STATEMENTS, JOB_STATEMENTS};

static void list_statements(struct process *p, bool worker)
{
	const struct db_stmt *const **lists = arena_array_of(p->arena, STATEMENT_LISTS_MAX, const struct db_stmt *const *);
	const struct db_stmt *const *const *own = p->app.service->statements;
	size_t n = 0, common = ARRAY_LEN(WORKER_STATEMENTS) + ARRAY_LEN(OTHER_STATEMENTS);

	for (; own != NULL && *own != NULL && n + common + 1 < STATEMENT_LISTS_MAX; own++)
		lists[n++] = *own;
	for (size_t i = 0; i < ARRAY_LEN(WORKER_STATEMENTS); i++)
		lists[n++] = WORKER_STATEMENTS[i];
	for (size_t i = 0; !worker && i < ARRAY_LEN(OTHER_STATEMENTS); i++)
		lists[n++] = OTHER_STATEMENTS[i];
	p->db_setup.statements = lists;
}

static void setup_db(struct process *p)
{
	const struct db_constraint **lists = arena_array_of(p->arena, 2, const struct db_constraint *);

	lists[0] = p->app.service->constraints;
	p->db_setup.constraints = lists;
	p->db_setup.conninfo = config_text("db");
	p->db_setup.application_name = p->app.service->name;
}

static void setup_routes(struct process *p)
{
	p->routes = serve_routes(p->arena, p->app.service);
	p->body_limit = BODY_MIN;
	for (const struct route *r = p->routes; r->path != NULL; r++) {
		if (r->body_max > p->body_limit)
			p->body_limit = r->body_max;
	}
}

/* What modes that talk to anybody need: configuration, templates, assets. */
static err_t setup(struct ctx *c, struct process *p)
{
	struct tmpl_set *templates;
	size_t nkeys;
	const struct config_key *keys = all_keys(p, &nkeys);

	TRY(config_load(c, keys, nkeys));
	log_setup(p->app.service->name, level_of(config_text("log_level")), STDERR_FILENO);
	TRY(tmpl_load(c, config_text("templates_dir"), &templates));
	p->app.templates = templates;
	p->app.public_url = config_text("public_url");
	p->app.cors_origins = config_text("cors_origins");
	TRY(load_assets(c, p));
	setup_db(p);
	return OK;
}

/* ------------------------------------------------------------------ modes that only print */

static const char *access_name(enum access a)
{
	static const char *const NAMES[] = {
		[ACCESS_UNSET] = "unset",
		[ACCESS_PUBLIC] = "public",
		[ACCESS_ANONYMOUS] = "anonymous",
		[ACCESS_CUSTOMER] = "customer",
		[ACCESS_STAFF] = "staff",
		[ACCESS_INTERNAL] = "internal",
	};

	return NAMES[a];
}

static void print_flags(const struct route *r)
{
	static const char *const NAMES[] = {
		"page", "cached", "read", "async_commit", "key_required", "key_ignored", "raw_body", "no_store", "upload",
		"viewable", "ends_viewing"};
	const char *comma = "";

	for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
		if ((r->flags & (1u << i)) == 0)
			continue;
		printf("%s%s", comma, NAMES[i]);
		comma = ",";
	}
	if (r->reads != NULL)
		printf("%sreads=%s", comma, r->reads);
}

static int print_routes(struct process *p)
{
	for (const struct route *r = p->routes; r->path != NULL; r++) {
		printf("%s\t%s\t%s\t%s\t", method_name(r->method), r->path, access_name(r->access),
			r->permission != NULL ? r->permission : "");
		print_flags(r);
		printf("\t%s\n", r->help);
	}
	return 0;
}

static int print_statements(struct process *p)
{
	for (const struct db_stmt *const *const *list = p->db_setup.statements; *list != NULL; list++) {
		for (const struct db_stmt *const *s = *list; *s != NULL; s++) {
			printf("%s\t", (*s)->name);
			for (const char *q = (*s)->sql; *q != '\0'; q++)
				putchar(*q == '\n' || *q == '\t' ? ' ' : *q);
			putchar('\n');
		}
	}
	return 0;
}

static int print_config(struct process *p)
{
	size_t n;
	const struct config_key *keys = all_keys(p, &n);

	config_print(keys, n, STDOUT_FILENO);
	return 0;
}

static int print_version(struct process *p)
{
	printf("%s %s\n", p->app.service->name, ECOSTORE_VERSION);
	return 0;
}

/* ------------------------------------------------------------------ modes that do something */

static int failed(struct ctx *c, const char *what, err_t e)
{
	log_bug(c, what, LS("problem", e->code), LS("detail", c->detail));
	for (const struct field_error *f = c->errors; f != NULL; f = f->next)
		log_bug(c, what, LS("field", f->field), LS("detail", f->message));
	return 1;
}

static int run_check(struct process *p, struct ctx *c)
{
	err_t e;

	c->db = db_open(&p->db_setup);
	e = db_prove(c);
	db_close(c->db);
	if (e != OK)
		return failed(c, "statements do not fit the database", e);
	printf("%s: routes, templates and statements are in order\n", p->app.service->name);
	return 0;
}

static int run_command(struct process *p, struct ctx *c, const struct command *cmd, char **argv)
{
	int argc = 0;
	err_t e;

	while (argv[argc] != NULL)
		argc++;
	c->db = db_open(&p->db_setup);
	e = process_start(c, p);
	trace_begin(c);
	if (e == OK)
		e = cmd->run(c, argc, argv);
	db_close(c->db);
	return e == OK ? 0 : failed(c, cmd->name, e);
}

static int run_mode(struct process *p, char **argv)
{
	const char *mode = argv[1];
	const struct command *cmd = p->app.service->commands;
	struct ctx c;
	err_t e;

	p->scratch = process_arena(p);
	ctx_init(&c, p->scratch, NULL);
	log_setup(p->app.service->name, LOG_LEVEL_INFO, STDERR_FILENO);
	if (!route_table_valid(p->routes))
		return 1;
	e = setup(&c, p);
	if (e != OK)
		return failed(&c, "could not start", e);
	app_set(&p->app);
	if (mode == NULL) {
		bool cgi = getenv("GATEWAY_INTERFACE") != NULL && !master_is_listener(STDIN_FILENO);
		metrics_setup();
		arena_reset(p->scratch); /* what the start opened closes */
		return cgi ? serve_requests(p, -1, -1) : master_run(p);
	}
	if (strcmp(mode, "--work") == 0) {
		metrics_setup();
		return master_run_work(p);
	}
	if (strcmp(mode, "--check") == 0)
		return run_check(p, &c);
	while (cmd->name != NULL && strcmp(cmd->name, mode) != 0)
		cmd++;
	return run_command(p, &c, cmd, argv + 2);
}

static int usage(const struct service *s)
{
	fprintf(stderr, "usage: %s [--work | --check | --routes | --statements | --config | --version]\n", s->name);
	for (const struct command *cmd = s->commands; cmd != NULL && cmd->name != NULL; cmd++)
		fprintf(stderr, "       %s %s %s\n           %s\n", s->name, cmd->name, cmd->args, cmd->help);
	return 2;
}

static bool is_mode(const struct service *s, const char *name)
{
	if (name == NULL || strcmp(name, "--work") == 0 || strcmp(name, "--check") == 0)
		return true;
	for (const struct command *cmd = s->commands; cmd != NULL && cmd->name != NULL; cmd++) {
		if (strcmp(cmd->name, name) == 0)
			return true;
	}
	return false;
}

int app_main(const struct service *s, int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*print)(struct process *p);
	} PRINTERS[] = {
		{"--routes", print_routes},
		{"--statements", print_statements},
		{"--config", print_config},
		{"--version", print_version},
	};
	static struct process p;

	p.app.service = s;
	p.argv = argv;
	p.arena = arena_new(PROCESS_ARENA_MAX);
	setup_routes(&p);
	list_statements(&p, argc == 1);
	for (size_t i = 0; argc == 2 && i < ARRAY_LEN(PRINTERS); i++) {
		if (strcmp(argv[1], PRINTERS[i].name) == 0)
			return PRINTERS[i].print(&p);
	}
	return is_mode(s, argv[1]) ? run_mode(&p, argv) : usage(s);
}
