/*
 * db_internal.h - what the db_*.c files share; nobody else includes it.
 *
 *   db.c           the connection: open, reconnect, wait, statistics
 *   db_pipeline.c  the queue of commands, one network round trip, reading its results
 *   db_tx.c        transactions and savepoints
 *   db_params.c    parameters to the wire's text form
 *   db_rows.c      results to structs
 *   db_error.c     SQLSTATE and constraint names to problems
 *   db_prove.c     prepare all, and prove all
 *
 * Layer: edges.
 */
#ifndef ES_DB_INTERNAL_H
#define ES_DB_INTERNAL_H

#include <libpq-fe.h>

#include "edges/db.h"

enum command_kind {
	COMMAND_QUERY,    /* a statement of a table, executed by its prepared name */
	COMMAND_PREPARE,  /* put before the first QUERY of its statement */
	COMMAND_DESCRIBE, /* a prepared statement's parameters and columns */
	COMMAND_PLAIN,    /* begin, commit, savepoint …: no parameters, no rows wanted */
	COMMAND_SYNC,     /* ends an implicit transaction: a failure before it does not touch what follows */
};

struct params_wire {
	const char **values;
	int *lengths, *formats;
	int n;
};

struct command {
	enum command_kind kind;
	const struct db_stmt *stmt; /* QUERY, PREPARE, DESCRIBE */
	const char *sql;            /* PLAIN */
	struct params_wire params;
	const struct db_call *call; /* where the result goes; NULL: nobody reads it */
	err_t (*check)(struct ctx *c, void *row, bool found, void *arg);
	void *arg;
	bool *done; /* set when the server completed it; may be NULL */
	void (*inspect)(struct ctx *c, const PGresult *result, void *arg); /* DESCRIBE */
	struct command *next;
};

struct queue {
	struct command *head, **end;
};

/* Which statements this connection has prepared: an open-addressing table by the statement's address. */
struct prepared {
	const struct db_stmt *stmt;
	uint64_t connection; /* the connection's number in which it is prepared; 0: none */
	uint64_t batch;      /* the last batch that carries its PREPARE */
};

enum tx_state { TX_NONE = 0, TX_OPEN };

struct db {
	struct db_setup setup;
	char *conninfo, *application_name;
	PGconn *conn;        /* NULL: not connected */
	uint64_t connection; /* counts connections: 1 is the first */
	uint64_t batch;
	struct prepared *prepared;
	size_t prepared_cap, prepared_n;
	struct queue queue;   /* deferred, in the arena of the ctx that queued them */
	size_t checks_queued; /* how many of them are checked */
	enum tx_state tx;
	bool begin_sent;
	err_t doom;              /* the open transaction can only roll back, for this reason */
	bool link_lost;          /* … and that reason is the link */
	char channel[64];        /* LISTEN again after a reconnect; "": none */
	bool missed;             /* notifications may have been missed: the link was away */
	char news[1024];         /* payloads of the last wait's notifications */
	bool news_whole;         /* … all of them */
	int64_t down_since_us;   /* monotonic; 0: the last connect succeeded */
	int64_t next_connect_us; /* not before */
	struct db_stats stats;
};

/* db.c */
/* Connected afterwards. A dead idle link is noticed here, before anything is sent on it. */
err_t db_link(struct ctx *c) MUST_CHECK;
/* Inside a transaction: ERR_UNAVAILABLE when the server has already hung up. */
err_t db_link_check(struct ctx *c) MUST_CHECK;
/* The link is gone: forget it; an open transaction is doomed. */
void db_link_drop(struct db *db);

/* db_pipeline.c */
void queue_init(struct queue *q);
struct command *queue_add(struct ctx *c, struct queue *q, enum command_kind kind);
void queue_plain(struct ctx *c, struct queue *q, const char *sql, bool *done);
/* PREPARE s unless this connection has it; on its own, so that its failure leaves the others alone. */
void db_queue_prepare(struct ctx *c, struct queue *q, const struct db_stmt *s);
/* Forget what was deferred and not sent. */
void db_forget(struct db *db);
/* Everything deferred, then q, in one round trip. commits: q ends with COMMIT. */
err_t db_send(struct ctx *c, struct queue *q, bool commits) MUST_CHECK;

/* db_params.c */
void params_to_wire(struct ctx *c, const struct db_param *p, size_t n, struct params_wire *wire_r);

/* db_rows.c */
/* PostgreSQL's ISO text of a timestamptz in UTC. */
bool timestamptz_parse(const char *text, int64_t *us_r) MUST_CHECK;
err_t result_to_call(struct ctx *c, const struct command *cmd, const PGresult *result) MUST_CHECK;
err_t result_to_check(struct ctx *c, const struct command *cmd, const PGresult *result) MUST_CHECK;

/* db_error.c */
/* What a failed result means. *lost_r: the link is of no use any more. */
err_t error_of_result(struct ctx *c, const struct command *cmd, const PGresult *result, bool *lost_r) MUST_CHECK;

#endif
