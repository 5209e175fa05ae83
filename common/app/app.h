/*
 * app.h - a service is one constant struct and a main() that hands it over.
 *
 *   int main(int argc, char **argv) { return app_main(&CART_SERVICE, argc, argv); }
 *
 * Modes of the same binary:
 *   (none)      master: opens or inherits the socket (fd 0), forks workers, restarts them,
 *               drains on SIGTERM, re-executes on SIGHUP; with GATEWAY_INTERFACE set and
 *               fd 0 no listening socket: one plain CGI request
 *   --work      consumers, jobs and timers
 *   --check     route table, templates, every statement proven as the service's role
 *   --routes    the route table, one tab-separated line each: method, path, access, permission, flags, help
 *   --statements  name, tab, SQL on one line: for the benchmark's script generator
 *   --config    every configuration key with its default and help
 *   --version
 *   a service's own commands (struct command)
 *
 * Layer: app.
 */
#ifndef ES_APP_H
#define ES_APP_H

#include "app/event.h"
#include "app/route.h"
#include "app/tmpl.h"
#include "edges/config.h"
#include "edges/db.h"

#define ECOSTORE_VERSION "0.1.0"

/* A mode of the binary that does one thing and ends: `auth-service --create-admin …`. */
struct command {
	const char *name;                               /* "--create-admin" */
	const char *args;                               /* "EMAIL PASSWORD_FILE": for the usage line */
	const char *help;                               /* one line */
	/* After configuration, templates and database. argv[0] is the first argument after the name. */
	err_t (*run)(struct ctx *c, int argc, char **argv);
};

struct service {
	const char *name;                               /* "cart-service" */
	const struct route *routes;                     /* ends with {0} */
	const struct db_stmt *const *const *statements; /* NULL-terminated list of NULL-terminated tables */
	const struct db_constraint *constraints;        /* ends with {0}; may be NULL */
	const struct config_key *config;                /* ends with {0}; may be NULL */
	struct work work;
	err_t (*init)(struct ctx *c);                   /* after configuration and database, in each worker; may be NULL */
	const struct command *commands;                 /* ends with {0}; may be NULL */
};

struct app {
	const struct service *service;
	const struct tmpl_set *templates;
	const char *public_url;   /* "http://localhost:8080", no slash at the end */
	const char *shop_name, *currency, *country, *support_email; /* platform.setting, read at start */
	const char *cors_origins; /* allowed origins, comma-separated; may be NULL */
	const json_t *assets;     /* object: shop_css → "/assets/shop.3f2a.css" */
};

int app_main(const struct service *s, int argc, char **argv);
/* This process' app, for code without a request: jobs, timers, commands. Never NULL after the start. */
const struct app *app_get(void);
/* Text of a language string for this request: tmpl_text with the request's language. */
const char *text(struct request *rq, const char *key, const struct text_arg *args, size_t n);
#define TEXT_ARGS(...) ((const struct text_arg[]){__VA_ARGS__}), ARRAY_LEN(((const struct text_arg[]){__VA_ARGS__}))

#endif
