/*
 * bus_common.h - what tests/http/bus_*.c share: an administrator, a customer, a reader of the
 * system page; a subscription; what was given up.
 */
#ifndef TEST_BUS_COMMON_H
#define TEST_BUS_COMMON_H

#include "testing.h"
#include "http.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bus.h"
#include "store_bus.h"
#include "store_staff.h"

#define ADMIN_TOKEN "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define CUSTOMER_TOKEN "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC"
#define CSRF "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define AS_ADMIN "HTTP_COOKIE", "es_session=" ADMIN_TOKEN "; es_csrf=" CSRF
#define AS_CUSTOMER "HTTP_COOKIE", "es_session=" CUSTOMER_TOKEN "; es_csrf=" CSRF
#define LETTER "01900000-0000-7000-8000-0000000000d1"
#define JOB "01900000-0000-7000-8000-0000000000d2"
#define SUBSCRIPTION "orders.test"
#define QUEUE "orders.jobs"
#define TRACE_ID "0af7651916cd43dd8448eb211c80319c"
#define TRACEPARENT "00-" TRACE_ID "-b7ad6b7169203331-01"
#define WITH_CSRF "HTTP_X_CSRF_TOKEN", CSRF

static void add_account(const char *number, const char *roles, const char *token)
{
	char sql[1024];

	snprintf(sql, sizeof(sql),
		"insert into auth.account (id, email, email_key, name, password_hash, roles) values"
		" ('01900000-0000-7000-8000-00000000000%s', 'u%s@example.com', 'u%s@example.com', 'Jo', 'x', '%s');"
		"insert into auth.session (id, account_id, kind, token_hash, expires_at) values"
		" ('01900000-0000-7000-8000-00000000001%s', '01900000-0000-7000-8000-00000000000%s', 'page',"
		" encode(sha256('%s'), 'hex'), now() + interval '1 day')",
		number, number, number, roles, number, number, token);
	test_sql(sql);
}

static void add_things(void)
{
	add_account("1", "{customer,admin}", ADMIN_TOKEN);
	add_account("2", "{customer}", CUSTOMER_TOKEN);
	test_sql("insert into bus.subscription (name, owner, topics) values ('" SUBSCRIPTION
		 "', 'es_orders', '{order.placed}');"
		 "insert into bus.cursor (subscription, shard, pos) select '" SUBSCRIPTION
		 "', s, 0 from generate_series(0, 15) s;"
		 "select platform.register_service('cart-service', '1.0', 'host', 1, '/s', 'web')");
}

/* One dead event, and one dead job; nothing else waits. */
static int dead_letter(void **state)
{
	(void)state;
	test_sql("delete from bus.parked; delete from bus.job; delete from bus.event;"
		 "update bus.subscription set paused = false;"
		 "insert into bus.parked (subscription, pos, id, shard, order_key, state, attempts, last_error, event, "
		 "settled_at)"
		 " values ('" SUBSCRIPTION "', 7, '" LETTER "', 1, 'o', 'dead', 8, '<no>',"
		 " '{\"topic\": \"order.placed\", \"payload\": {\"n\": 1}, \"created_at\": \"2026-03-01T12:00:00Z\","
		 " \"headers\": {\"traceparent\": \"" TRACEPARENT "\", \"request_id\": \"request-1\"}}', now());"
		 "insert into bus.job (public_id, queue, dedup_key, payload, state, attempts, last_error, settled_at) "
		 "values"
		 " ('" JOB "', '" QUEUE
		 "', 'mail-1', '{\"to\": 1}', 'dead', 10, 'nobody there', now() - interval '1 minute')");
	return 0;
}

#endif
