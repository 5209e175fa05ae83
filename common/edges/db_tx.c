/*
 * db_tx.c - transactions that run again when they must, and savepoints.
 *
 * BEGIN and SAVEPOINT are only queued; they travel with the first statement. COMMIT
 * takes what was deferred with it. A transaction that the server refused is doomed: it
 * can only roll back, whatever its body thinks.
 */
#include "edges/db_internal.h"

#include <errno.h>
#include <time.h>

#include "data/clock.h"

#define TRIES 5
#define JITTER_FIRST_US 2000u

/* Where the queue stood before a transaction or savepoint put something in. */
struct mark {
	struct command **end;
	size_t checks;
	uint64_t batch; /* the queue was sent since, when the batch number moved */
};

static struct mark mark_here(const struct db *db)
{
	return (struct mark){.end = db->queue.end, .checks = db->checks_queued, .batch = db->batch};
}

/* Take out what was queued since the mark; what was sent meanwhile is not ours to undo. */
static void forget_since(struct db *db, const struct mark *m)
{
	if (db->batch != m->batch) {
		db_forget(db);
		return;
	}
	db->queue.end = m->end;
	*m->end = NULL;
	db->checks_queued = m->checks;
}

static void queue_begin(struct ctx *c, enum db_tx_mode mode)
{
	struct db *db = c->db;

	/* What was deferred before is no part of the transaction. */
	if (db->queue.head != NULL)
		(void)queue_add(c, &db->queue, COMMAND_SYNC);
	queue_plain(
		c, &db->queue, mode == DB_TX_REPEATABLE_READ ? "begin isolation level repeatable read" : "begin", NULL);
	if (mode == DB_TX_ASYNC_COMMIT)
		queue_plain(c, &db->queue, "set local synchronous_commit = off", NULL);
	db->tx = TX_OPEN;
	db->begin_sent = false;
	db->doom = NULL;
	db->link_lost = false;
}

static void rollback(struct ctx *c, const struct mark *before)
{
	struct db *db = c->db;
	const char *detail = c->detail;
	struct queue q;

	forget_since(db, before);
	if (!db->begin_sent || db->conn == NULL || PQtransactionStatus(db->conn) == PQTRANS_IDLE)
		return;
	queue_init(&q);
	queue_plain(c, &q, "rollback", NULL);
	if (db_send(c, &q, false) != OK)
		db_link_drop(db); /* the server rolls back what it no longer hears from */
	c->detail = detail;
}

static err_t commit(struct ctx *c, struct command *const *begun)
{
	struct db *db = c->db;
	struct queue q;

	if (db->doom != NULL)
		return db->doom;
	queue_init(&q);
	if (!db->begin_sent && db->queue.end == begun)
		return OK; /* nothing was asked of the server: rollback() takes BEGIN back */
	/* A check must have its say before COMMIT is on its way. */
	if (db->checks_queued > 0)
		TRY(db_send(c, &q, false));
	/* An already dead link is found before COMMIT is sent, while it is still certain that nothing was committed. */
	if (db->begin_sent)
		TRY(db_link_check(c));
	queue_init(&q);
	queue_plain(c, &q, "commit", NULL);
	return db_send(c, &q, true);
}

static err_t attempt(
	struct ctx *c, enum db_tx_mode mode, err_t (*body)(struct ctx *c, void *arg), void *arg, bool *again_r)
{
	struct db *db = c->db;
	struct mark before = mark_here(db);
	struct command **begun;
	err_t e;

	queue_begin(c, mode);
	begun = db->queue.end;
	e = body(c, arg);
	if (e == OK)
		e = commit(c, begun);
	*again_r = e != OK && e != &ERR_UNCERTAIN && (e == &ERR_RETRY || db->doom == &ERR_RETRY || db->link_lost);
	rollback(c, &before);
	db->tx = TX_NONE;
	db->begin_sent = false;
	db->doom = NULL;
	return e;
}

err_t db_tx(struct ctx *c, enum db_tx_mode mode, err_t (*body)(struct ctx *c, void *arg), void *arg)
{
	struct db *db = c->db;

	if (db->tx == TX_OPEN)
		return body(c, arg);
	for (unsigned tries = 1;; tries++) {
		bool again;
		err_t e = attempt(c, mode, body, arg, &again);

		if (!again)
			return e;
		if (tries == TRIES)
			return e == &ERR_RETRY
				       ? fail(c, &ERR_UNAVAILABLE, "other transactions were in the way too often")
				       : e;
		db->stats.retries++;
		ctx_clear_failure(c);
		struct timespec jitter = {.tv_nsec = (long)random_below(JITTER_FIRST_US << tries) * 1000};

		nanosleep(&jitter, NULL);
	}
}

bool db_in_tx(const struct ctx *c)
{
	return c->db != NULL && c->db->tx == TX_OPEN;
}

/* A failure that only running the whole transaction again can mend. */
static bool beyond_savepoint(const struct db *db, err_t e)
{
	return e == &ERR_RETRY || db->doom == &ERR_RETRY || db->conn == NULL || db->link_lost;
}

err_t db_savepoint(struct ctx *c, err_t (*body)(struct ctx *c, void *arg), void *arg)
{
	struct db *db = c->db;
	struct mark before = mark_here(db);
	struct command **begun;
	bool established = false;
	struct queue q;
	err_t e;

	if (db->tx != TX_OPEN)
		return fail_bug(c, "a savepoint outside a transaction");
	queue_plain(c, &db->queue, "savepoint s", &established);
	begun = db->queue.end;
	e = body(c, arg);
	if (e == OK)
		e = db->doom;
	if (e == OK && db->batch == before.batch && db->queue.end == begun) {
		forget_since(db, &before); /* nothing happened in it */
		return OK;
	}
	if (e == OK) {
		queue_init(&q);
		queue_plain(c, &q, "release savepoint s", NULL);
		e = db_send(c, &q, false);
		if (e == OK)
			return OK;
	}
	forget_since(db, &before);
	if (!established) /* never sent; or what was deferred before it failed, and the transaction is doomed */
		return e;
	if (beyond_savepoint(db, e)) {
		db->doom = db->doom != NULL ? db->doom : e;
		return e;
	}
	queue_plain(c, &db->queue, "rollback to savepoint s", NULL);
	queue_plain(c, &db->queue, "release savepoint s", NULL);
	db->doom = NULL;
	return e;
}
