/*
 * registry.c - a master tells platform.service that it lives. Each word is said by a
 * short-lived child with its own connection: the master stays small, and never waits
 * for a database that does not answer.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "app/process.h"
#include "base/log.h"

#define TELL_SECS 5
#define HOST_MAX 256

struct beat_row {
	bool known;
};
static const struct db_column BEAT_COLUMNS[] = {DB_COLUMN(struct beat_row, known, DB_BOOL)};

static const struct db_stmt HEARTBEAT = DB_ROWS("app_heartbeat", struct beat_row, BEAT_COLUMNS,
	SQL("select platform.heartbeat($1, $2, $3::integer) as known"));
static const struct db_stmt REGISTER =
	DB_EXEC("app_register", SQL("select platform.register_service($1, $2, $3, $4::integer, $5, $6)"));
static const struct db_stmt STOPPED = DB_EXEC("app_stopped", SQL("select platform.stop_service($1, $2, $3::integer)"));

const struct db_stmt *const REGISTRY_STATEMENTS[] = {&HEARTBEAT, &REGISTER, &STOPPED, NULL};

struct news {
	const char *service, *host, *kind, *socket;
	pid_t master;
};

static err_t tell_alive(struct ctx *c, const struct news *n)
{
	struct beat_row row;

	TRY(db_one(c, &HEARTBEAT, PARAMS(P_TEXT(n->service), P_TEXT(n->host), P_INT(n->master)), &row));
	if (row.known)
		return OK;
	return db_exec(c, &REGISTER,
		PARAMS(P_TEXT(n->service), P_TEXT(ECOSTORE_VERSION), P_TEXT(n->host), P_INT(n->master),
			P_TEXT(n->socket), P_TEXT(n->kind)),
		NULL);
}

static err_t tell_stopped(struct ctx *c, const struct news *n)
{
	return db_exec(c, &STOPPED, PARAMS(P_TEXT(n->service), P_TEXT(n->host), P_INT(n->master)), NULL);
}

static NORETURN void tell(struct process *p, enum registry_news news, const struct news *n)
{
	struct arena *a = process_arena(p);
	struct ctx c;
	err_t e;

	ctx_init(&c, a, db_open(&p->db_setup));
	e = news == REGISTRY_ALIVE ? tell_alive(&c, n) : tell_stopped(&c, n);
	if (e != OK && (e->flags & PROBLEM_RETRY) == 0)
		log_bug(&c, "could not tell the registry", LS("problem", e->code), LS("detail", c.detail));
	db_close(c.db);
	_exit(0);
}

pid_t registry_tell(struct process *p, enum registry_news news, const char *kind, const char *socket)
{
	struct news n = {.service = p->app.service->name, .kind = kind, .socket = socket, .master = getpid()};
	char host[HOST_MAX] = "localhost";
	sigset_t none;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGALRM, SIG_DFL);
	alarm(TELL_SECS);
	(void)gethostname(host, sizeof(host) - 1);
	n.host = host;
	tell(p, news, &n);
}
