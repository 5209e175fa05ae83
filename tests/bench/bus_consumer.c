/*
 * bus_consumer.c - a consumer process for the bench of the bus: each event of its subscription
 * leaves one row. bus_consumer <conninfo> <subscription>: runs until it is killed.
 */
#include <stdio.h>
#include <string.h>

#include "app/event.h"
#include "base/arena.h"
#include "edges/db.h"

#define ARENA_MAX (64u << 20)

static const struct db_stmt EFFECT =
	DB_EXEC("bench_effect", SQL("insert into public.effect (subscription, number) values ($1, $2)"));
static const char *subscription;

static err_t leave_a_row(struct ctx *c, const struct received_event *e)
{
	db_defer(c, &EFFECT, PARAMS(P_TEXT(subscription), P_TEXT(e->aggregate_id)));
	return OK;
}

int main(int argc, char **argv)
{
	static const char *const topics[] = {"order.placed", NULL};
	struct consumer consumers[] = {{.topics = topics, .handle = leave_a_row, .start = START_NOW}, {0}};
	struct work work = {.consumers = consumers};
	struct db_setup setup = {.application_name = "bus_consumer"};
	struct ctx c;

	if (argc != 3)
		return 2;
	setup.conninfo = argv[1];
	consumers[0].subscription = subscription = argv[2];
	ctx_init(&c, arena_new(ARENA_MAX), db_open(&setup));
	return work_run(&c, &work, -1) == OK ? 0 : 1;
}
