/*
 * db.c - the one PostgreSQL connection of a process: open, notice its loss, connect
 * again, wait for notifications.
 *
 * Not here: statements (db_pipeline.c), transactions (db_tx.c).
 */
#include "edges/db_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "data/clock.h"

#define CONNECT_PATIENCE_US US_PER_SEC /* how long a unit of work waits for a connection */
#define BACKOFF_FIRST_US INT64_C(25000)
#define BACKOFF_MAX_US INT64_C(1000000)

/* What every session relies on; the operator's own options come after and win. */
#define SESSION_OPTIONS                                                                                                \
	"-c statement_timeout=5s -c lock_timeout=2s -c idle_in_transaction_session_timeout=10s "                       \
	"-c timezone=UTC -c datestyle=ISO -c bytea_output=hex -c jit=off"

static void ignore_notice(void *arg, const PGresult *result)
{
	(void)arg;
	(void)result;
}

struct db *db_open(const struct db_setup *setup)
{
	struct db *db = calloc(1, sizeof(*db));

	if (db == NULL)
		abort();
	db->setup = *setup;
	db->conninfo = strdup(setup->conninfo);
	db->application_name = strdup(setup->application_name != NULL ? setup->application_name : "ecostore");
	if (db->conninfo == NULL || db->application_name == NULL)
		abort();
	queue_init(&db->queue);
	return db;
}

void db_close(struct db *db)
{
	if (db == NULL)
		return;
	PQfinish(db->conn);
	free(db->prepared);
	free(db->conninfo);
	free(db->application_name);
	free(db);
}

void db_link_drop(struct db *db)
{
	if (db->conn == NULL)
		return;
	PQfinish(db->conn);
	db->conn = NULL;
	db->missed = true;
	if (db->tx == TX_OPEN && db->begin_sent) {
		db->doom = &ERR_UNAVAILABLE;
		db->link_lost = true;
	}
}

static void sleep_us(int64_t us)
{
	struct timespec left = {.tv_sec = us / US_PER_SEC, .tv_nsec = us % US_PER_SEC * 1000};

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

/* The operator's options of the conninfo behind ours. */
static char *session_options(struct ctx *c, const char *conninfo)
{
	char *options = arena_strdup(c->arena, SESSION_OPTIONS), *error = NULL;
	PQconninfoOption *parsed = PQconninfoParse(conninfo, &error);

	for (PQconninfoOption *o = parsed; o != NULL && o->keyword != NULL; o++)
		if (strcmp(o->keyword, "options") == 0 && o->val != NULL)
			options = arena_printf(c->arena, "%s %s", options, o->val);
	PQconninfoFree(parsed);
	PQfreemem(error);
	return options;
}

static err_t connect_once(struct ctx *c)
{
	struct db *db = c->db;
	const char *keywords[] = {"connect_timeout", "dbname", "application_name", "options", "client_encoding", NULL};
	const char *values[] = {
		"8", db->conninfo, db->application_name, session_options(c, db->conninfo), "UTF8", NULL};
	PGconn *conn = PQconnectdbParams(keywords, values, 1);

	if (conn == NULL)
		abort();
	if (PQstatus(conn) != CONNECTION_OK || PQsetnonblocking(conn, 1) != 0 || PQenterPipelineMode(conn) != 1) {
		/* libpq's text names host, port, role and database: for our log, never for a client. */
		if (db->down_since_us == 0)
			log_bug(c, "could not connect to PostgreSQL", LS("why", PQerrorMessage(conn)));
		PQfinish(conn);
		return fail(c, &ERR_UNAVAILABLE, "the database cannot be reached");
	}
	PQsetNoticeReceiver(conn, ignore_notice, NULL);
	db->conn = conn;
	if (db->connection++ > 0) {
		db->stats.reconnects++;
		log_info(c, "connected to PostgreSQL again");
	}
	return OK;
}

/* Waits up to CONNECT_PATIENCE_US after the loss; while the server stays away, fails at once between spaced attempts.
 */
static err_t connect_patiently(struct ctx *c)
{
	struct db *db = c->db;
	int64_t began = clock_monotonic_us(), pause = BACKOFF_FIRST_US;
	bool long_down = db->down_since_us != 0 && began - db->down_since_us > CONNECT_PATIENCE_US;

	if (began < db->next_connect_us)
		return fail(c, &ERR_UNAVAILABLE, "the database cannot be reached");
	for (;;) {
		err_t e = connect_once(c);

		if (e == OK) {
			db->down_since_us = db->next_connect_us = 0;
			return OK;
		}
		if (db->down_since_us == 0)
			db->down_since_us = began;
		pause += (int64_t)random_below((uint32_t)pause);
		if (long_down || clock_monotonic_us() + pause > began + CONNECT_PATIENCE_US) {
			db->next_connect_us =
				clock_monotonic_us() + BACKOFF_MAX_US / 4 + random_below(BACKOFF_MAX_US / 2);
			return e;
		}
		sleep_us(pause);
		pause = pause * 2 > BACKOFF_MAX_US ? BACKOFF_MAX_US : pause * 2;
	}
}

/* An idle link with something to read: notifications, or the server's farewell. */
static bool link_alive(PGconn *conn)
{
	struct pollfd p = {.fd = PQsocket(conn), .events = POLLIN};

	/* The farewell and the end of the stream come as two reads. */
	for (int i = 0; i < 4 && PQstatus(conn) == CONNECTION_OK && poll(&p, 1, 0) > 0; i++)
		if (PQconsumeInput(conn) == 0 || (p.revents & (POLLERR | POLLNVAL)) != 0)
			return false;
	return PQstatus(conn) == CONNECTION_OK && (p.revents & POLLHUP) == 0;
}

static err_t listen_again(struct ctx *c)
{
	struct queue q;

	if (c->db->channel[0] == '\0')
		return OK;
	queue_init(&q);
	queue_plain(c, &q, arena_printf(c->arena, "listen %s", c->db->channel), NULL);
	return db_send(c, &q, false);
}

err_t db_link(struct ctx *c)
{
	struct db *db = c->db;

	if (db->tx == TX_OPEN && db->begin_sent)
		return db->conn != NULL ? OK : fail(c, &ERR_UNAVAILABLE, "the connection to the database was lost");
	if (db->conn != NULL && !link_alive(db->conn))
		db_link_drop(db);
	if (db->conn != NULL)
		return OK;
	return connect_patiently(c);
}

err_t db_link_check(struct ctx *c)
{
	if (c->db->conn != NULL && link_alive(c->db->conn))
		return OK;
	db_link_drop(c->db);
	return fail(c, &ERR_UNAVAILABLE, "the connection to the database was lost");
}

bool db_idle(const struct db *db)
{
	return db->tx == TX_NONE && db->queue.head == NULL &&
	       (db->conn == NULL || PQtransactionStatus(db->conn) == PQTRANS_IDLE);
}

int db_socket(const struct db *db)
{
	return db->conn == NULL ? -1 : PQsocket(db->conn);
}

const struct db_stats *db_stats(const struct db *db)
{
	return &db->stats;
}

err_t db_listen(struct ctx *c, const char *channel)
{
	struct db *db = c->db;
	size_t n = strlen(channel);

	/* The name becomes part of a command: it is one of our literals, a lower-case word. */
	if (n == 0 || n >= sizeof(db->channel) || strspn(channel, "abcdefghijklmnopqrstuvwxyz_") != n)
		return fail_bug(c, "not a channel's name");
	memcpy(db->channel, channel, n + 1);
	TRY(db_link(c));
	TRY(listen_again(c));
	db->missed = false;
	return OK;
}

static void keep_news(struct db *db, const char *payload)
{
	size_t used = strlen(db->news);
	int n = snprintf(db->news + used, sizeof(db->news) - used, "%s%s", used > 0 ? " " : "", payload);

	if (n < 0 || (size_t)n >= sizeof(db->news) - used)
		db->news_whole = false;
}

static bool drain_notifications(struct db *db)
{
	bool any = false;

	db->news[0] = '\0';
	db->news_whole = true;
	for (PGnotify *n; (n = PQnotifies(db->conn)) != NULL; PQfreemem(n)) {
		keep_news(db, n->extra);
		any = true;
	}
	return any;
}

const char *db_news(const struct db *db)
{
	return db->news_whole ? db->news : NULL;
}

err_t db_wait(struct ctx *c, int timeout_ms, int stop_fd, bool *notified_r)
{
	struct db *db = c->db;
	struct pollfd p[2] = {{.events = POLLIN}, {.fd = stop_fd, .events = POLLIN}};
	bool notified;

	if (db->tx != TX_NONE)
		return fail_bug(c, "waiting inside a transaction would hold its locks");
	TRY(db_link(c));
	if (db->missed) {
		/* The link was away: listen first, then let the caller look at the tables. */
		TRY(listen_again(c));
		db->missed = db->news_whole = false;
		*notified_r = true;
		return OK;
	}
	notified = drain_notifications(db);
	if (!notified) {
		p[0].fd = PQsocket(db->conn);
		if (poll(p, 2, timeout_ms) > 0 && p[0].revents != 0 && !link_alive(db->conn))
			db_link_drop(db);
		if (db->conn == NULL)
			db->news_whole = false;
		notified = db->conn == NULL || drain_notifications(db);
	}
	*notified_r = notified;
	return OK;
}
