/* What staff decides about the bus, by the API and on the pages: who may, what happens, what the audit log says of it.
 */
#include "bus_common.h"

static const struct db_stmt *const *const STATEMENTS[] = {BUS_STATEMENTS, STAFF_STATEMENTS, NULL};

#define API "/api/v1/bus/subscriptions/" SUBSCRIPTION
#define PAGE "/admin/system/subscriptions/" SUBSCRIPTION

static int start(void **state)
{
	(void)state;
	test_http_open(BUS_ROUTES, test_db_open("es_bus", test_statements(STATEMENTS), NULL));
	add_things();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_http_close();
	test_db_close();
	return 0;
}

/* An open log of 20 events, one a minute, the last of them now; the subscription has heard them all. */
static int log_of_twenty(void **state)
{
	(void)dead_letter(state);
	test_sql("insert into bus.event (pos, shard, event_id, topic, aggregate_type, aggregate_id, order_key, "
		 "payload, headers, created_at,"
		 " logged_at) select n, 3, gen_random_uuid(), 'order.placed', 'order', 'a', 'a', '{}', '{}', now() - "
		 "(20 - n) * interval '1 minute',"
		 " now() - (20 - n) * interval '1 minute' from generate_series(1, 20) n;"
		 "update bus.cursor set pos = 20");
	return 0;
}

static struct request *post(const char *path, const char *body)
{
	return test_http("POST", path, body, AS_ADMIN, WITH_CSRF, NULL);
}

static struct request *submit(const char *path, const char *body)
{
	return test_http("POST", path, body, AS_ADMIN, NULL);
}

static const char *last_act(void)
{
	return test_sql_text("select action || ' ' || object_type || ' ' || object_id || ' ' || coalesce(before::text, "
			     "'-') || ' ' ||"
			     " coalesce(after::text, '-') from auth.audit_entry order by id desc limit 1");
}

static void only_staff_decides(void **state)
{
	static const char *const paths[] = {API "/pause", API "/resume", API "/replay", API "/requeue",
		"/api/v1/bus/queues/" QUEUE "/requeue", "/api/v1/bus/dead-letters/" LETTER "/retry",
		"/api/v1/bus/dead-letters/" LETTER "/skip"};
	static const char *const pages[] = {PAGE "/pause", PAGE "/resume", PAGE "/replay", PAGE "/requeue",
		"/admin/system/queues/" QUEUE "/requeue", "/admin/system/dead-letters/" LETTER "/retry",
		"/admin/system/dead-letters/" LETTER "/skip"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		assert_status(test_http("POST", paths[i], "{}", NULL), 401);
		assert_status(test_http("POST", paths[i], "{}", AS_CUSTOMER, WITH_CSRF, NULL), 403);
		assert_status(test_http("POST", paths[i], "{}", AS_ADMIN, NULL), 403); /* no CSRF token */
		assert_status(test_http("GET", pages[i], NULL, AS_CUSTOMER, NULL),
			strstr(pages[i], "resume") || strstr(pages[i], "retry") ? 405 : 403);
		assert_status(test_http("POST", pages[i], "csrf=" CSRF, AS_CUSTOMER, NULL), 403);
		assert_status(test_http("POST", pages[i], "csrf=nonsense", AS_ADMIN, NULL), 403);
	}
	assert_int_equal(test_sql_int("select count(*) from auth.audit_entry"), 0);
	assert_int_equal(test_sql_int("select count(*) from bus.dead_letter"), 2);
}

/* Looking and asking changes nothing: a link that is followed by mistake does no harm. */
static void asking_changes_nothing(void **state)
{
	static const char *const pages[] = {PAGE "/pause", PAGE "/replay?from=start", PAGE "/requeue",
		"/admin/system/queues/" QUEUE "/requeue", "/admin/system/dead-letters/" LETTER "/skip"};
	int64_t before = test_sql_int("select count(*) from auth.audit_entry");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		struct request *rq = test_http("GET", pages[i], NULL, AS_ADMIN, NULL);

		assert_status(rq, 200);
		assert_non_null(strstr(rq->res.body.p, "<form class=\"panel ask\" method=\"post\""));
		assert_non_null(strstr(rq->res.body.p, ">Cancel</a>"));
	}
	assert_int_equal(test_sql_int("select count(*) from auth.audit_entry"), before);
	assert_int_equal(test_sql_int("select count(*) from bus.dead_letter"), 2);
	assert_int_equal(test_sql_int("select min(pos) from bus.cursor where subscription = '" SUBSCRIPTION "'"), 20);
	assert_int_equal(test_sql_int("select count(*) from bus.subscription where paused"), 0);
}

static void pausing_holds_it_until_resumed(void **state)
{
	struct request *rq = post(API "/pause", NULL);

	(void)state;
	assert_status(rq, 200);
	assert_string_equal(json_text(test_json(rq), "state", ""), "paused");
	assert_string_equal(last_act(),
		"bus.subscription.pause subscription " SUBSCRIPTION " {\"paused\": false} {\"paused\": true}");
	assert_int_equal(test_sql_int("select count(*) from bus.subscription where paused"), 1);
	assert_status(post(API "/pause", NULL), 200); /* again does no harm */
	rq = post(API "/resume", NULL);
	assert_string_equal(json_text(test_json(rq), "state", ""), "parked");
	assert_string_equal(last_act(),
		"bus.subscription.resume subscription " SUBSCRIPTION " {\"paused\": true} {\"paused\": false}");
	rq = submit(PAGE "/pause", "csrf=" CSRF);
	assert_status(rq, 303);
	assert_string_equal(test_header(rq, "Location"), PAGE);
	assert_int_equal(test_sql_int("select count(*) from bus.subscription where paused"), 1);
	assert_status(submit(PAGE "/resume", "csrf=" CSRF), 303);
	assert_int_equal(test_sql_int("select count(*) from bus.subscription where paused"), 0);
	assert_status(post("/api/v1/bus/subscriptions/nothing.here/pause", NULL), 404);
	assert_status(submit("/admin/system/subscriptions/nothing.here/resume", "csrf=" CSRF), 404);
}

static int64_t position(void)
{
	return test_sql_int("select min(pos) from bus.cursor where subscription = '" SUBSCRIPTION "'");
}

static void it_goes_back_to_a_position(void **state)
{
	struct request *rq = post(API "/replay", "{\"position\": 12}");

	(void)state;
	assert_status(rq, 200);
	assert_int_equal(json_int(test_json(rq), "position", -1), 12);
	assert_int_equal(json_int(test_json(rq), "lag", -1), 8);
	assert_int_equal(position(), 12);
	assert_string_equal(last_act(),
		"bus.subscription.replay subscription " SUBSCRIPTION " {\"position\": 20} {\"position\": 12}");
	assert_int_equal(test_sql_int("select count(*) from bus.parked"), 1); /* that of position 7 stays */
	assert_status(post(API "/replay", "{\"position\": 0}"), 200);
	assert_int_equal(position(), 0);
	assert_int_equal(test_sql_int("select count(*) from bus.parked"), 0); /* it comes with the rest */
}

static void it_goes_back_to_a_time(void **state)
{
	const char *since = test_sql_text(
		"select to_char(now() at time zone 'UTC' - interval '270 seconds', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')");

	(void)state;
	assert_status(post(API "/replay", arena_printf(test_ctx()->arena, "{\"since\": \"%s\"}", since)), 200);
	assert_int_equal(position(), 15); /* the events of four, three, two, one and no minutes ago come */
}

static void where_to_must_be_said(void **state)
{
	static const char *const bad[] = {"{}", "{\"position\": -1}", "{\"position\": \"x\"}",
		"{\"since\": \"yesterday\"}", "{\"position\": 1, \"since\": \"2026-03-01T00:00:00Z\"}",
		"{\"position\": 1, \"more\": 1}", "{\"position\": 1e30}"};
	static const char *const questions[] = {PAGE "/replay", PAGE "/replay?from=elsewhere",
		PAGE "/replay?from=position&position=x", PAGE "/replay?from=position",
		PAGE "/replay?from=position&position=-3", PAGE "/replay?from=time",
		PAGE "/replay?from=time&date=2026-02-30", PAGE "/replay?from=time&date=2026-02-03&time=25:00"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_status(post(API "/replay", bad[i]), 422);
	for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
		struct request *rq = test_http("GET", questions[i], NULL, AS_ADMIN, NULL);

		assert_status(rq, 422);
		assert_non_null(strstr(rq->res.body.p, "role=\"alert\""));
	}
	assert_status(submit(PAGE "/replay", "csrf=" CSRF "&position=x"), 422);
	assert_status(submit(PAGE "/replay", "csrf=" CSRF), 422);
	assert_int_equal(position(), 20);
}

static void the_page_asks_before_it_goes(void **state)
{
	struct request *rq = test_http("GET", PAGE "/replay?from=position&position=3", NULL, AS_ADMIN, NULL);

	(void)state;
	assert_non_null(strstr(rq->res.body.p, "It stands at 20 and goes back to 3."));
	assert_non_null(strstr(rq->res.body.p, "name=\"position\" value=\"3\""));
	rq = test_http("GET", PAGE "/replay?from=time&date=2020-01-01&time=12:30", NULL, AS_ADMIN, NULL);
	assert_non_null(strstr(rq->res.body.p, "goes back to 0."));
	rq = test_http("GET", PAGE "/replay?from=position&position=99", NULL, AS_ADMIN, NULL);
	assert_non_null(strstr(rq->res.body.p, "name=\"position\" value=\"20\"")); /* no further than there is */
	rq = submit(PAGE "/replay", "csrf=" CSRF "&position=3");
	assert_status(rq, 303);
	assert_string_equal(test_header(rq, "Location"), PAGE);
	assert_int_equal(position(), 3);
}

static void all_of_a_source_are_tried_again(void **state)
{
	struct request *rq;

	(void)state;
	test_sql("insert into bus.parked (subscription, pos, shard, order_key, state, attempts, event, settled_at) "
		 "values"
		 " ('" SUBSCRIPTION "', 8, 1, 'o', 'dead', 8, '{\"payload\": {}}', now())");
	rq = post(API "/requeue", NULL);
	assert_status(rq, 200);
	assert_int_equal(json_int(test_json(rq), "requeued", 0), 2);
	assert_string_equal(last_act(), "bus.subscription.requeue subscription " SUBSCRIPTION " - {\"requeued\": 2}");
	assert_string_equal(
		test_sql_text("select string_agg(state || attempts, ' ') from bus.parked"), "retry0 retry0");
	assert_int_equal(test_sql_int("select count(*) from bus.dead_letter"), 1); /* the job is of another source */
	rq = post("/api/v1/bus/queues/" QUEUE "/requeue", NULL);
	assert_int_equal(json_int(test_json(rq), "requeued", 0), 1);
	assert_string_equal(last_act(), "bus.queue.requeue queue " QUEUE " - {\"requeued\": 1}");
	assert_string_equal(test_sql_text("select state || attempts from bus.job"), "ready0");
	assert_status(post("/api/v1/bus/queues/nothing.here/requeue", NULL), 404);
	assert_status(post("/api/v1/bus/subscriptions/nothing.here/requeue", NULL), 404);
}

static void the_pages_try_all_again(void **state)
{
	struct request *rq = submit(PAGE "/requeue", "csrf=" CSRF);

	(void)state;
	assert_status(rq, 303);
	assert_string_equal(test_header(rq, "Location"), PAGE);
	rq = submit("/admin/system/queues/" QUEUE "/requeue", "csrf=" CSRF);
	assert_status(rq, 303);
	assert_string_equal(test_header(rq, "Location"), "/admin/system");
	assert_int_equal(test_sql_int("select count(*) from bus.dead_letter"), 0);
}

static void retry_and_skip_decide_once(void **state)
{
	(void)state;
	assert_status(post("/api/v1/bus/dead-letters/" LETTER "/retry", NULL), 204);
	assert_string_equal(test_sql_text("select state || attempts from bus.parked"), "retry0");
	assert_string_equal(last_act(),
		"bus.dead_letter.retry dead_letter " LETTER
		" {\"state\": \"dead\", \"topic\": \"order.placed\", \"source\": \"" SUBSCRIPTION "\", \"attempts\": 8}"
		" {\"state\": \"retry\", \"topic\": \"order.placed\", \"source\": \"" SUBSCRIPTION
		"\", \"attempts\": 8}");
	assert_status(post("/api/v1/bus/dead-letters/" LETTER "/skip", NULL), 404);
	assert_status(post("/api/v1/bus/dead-letters/none/skip", NULL), 404);
	assert_status(post("/api/v1/bus/dead-letters/" JOB "/skip", NULL), 204);
	assert_string_equal(test_sql_text("select state from bus.job"), "skipped");
	assert_status(post("/api/v1/bus/dead-letters/" JOB "/retry", NULL), 404);
}

static void the_pages_retry_and_skip(void **state)
{
	struct request *rq = submit("/admin/system/dead-letters/" LETTER "/skip", "csrf=" CSRF);

	(void)state;
	assert_status(rq, 303);
	assert_string_equal(test_header(rq, "Location"), "/admin/system");
	assert_string_equal(test_sql_text("select state from bus.parked"), "skipped");
	assert_status(test_http("GET", "/admin/system/dead-letters/" LETTER, NULL, AS_ADMIN, NULL), 404);
	assert_status(submit("/admin/system/dead-letters/" JOB "/retry", "csrf=" CSRF), 303);
	assert_string_equal(test_sql_text("select state from bus.job"), "ready");
}

/* The same key decides once, and answers alike. */
static void a_request_sent_again_is_one_act(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		assert_status(test_http("POST", "/api/v1/bus/dead-letters/" LETTER "/retry", NULL, AS_ADMIN, WITH_CSRF,
				      "HTTP_IDEMPOTENCY_KEY", "0198f1c2-7f4e-7a31-8e0d-5b1f6a2c9d10", NULL),
			204);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(only_staff_decides, log_of_twenty),
		cmocka_unit_test_setup(asking_changes_nothing, log_of_twenty),
		cmocka_unit_test_setup(pausing_holds_it_until_resumed, log_of_twenty),
		cmocka_unit_test_setup(it_goes_back_to_a_position, log_of_twenty),
		cmocka_unit_test_setup(it_goes_back_to_a_time, log_of_twenty),
		cmocka_unit_test_setup(where_to_must_be_said, log_of_twenty),
		cmocka_unit_test_setup(the_page_asks_before_it_goes, log_of_twenty),
		cmocka_unit_test_setup(all_of_a_source_are_tried_again, log_of_twenty),
		cmocka_unit_test_setup(the_pages_try_all_again, log_of_twenty),
		cmocka_unit_test_setup(retry_and_skip_decide_once, log_of_twenty),
		cmocka_unit_test_setup(the_pages_retry_and_skip, log_of_twenty),
		cmocka_unit_test_setup(a_request_sent_again_is_one_act, log_of_twenty),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
