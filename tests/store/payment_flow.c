/* Payments in the database: news twice and late, races, double entry, and what each role may do. */
#include "testing.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "payment.h"
#include "store_payment.h"

static const struct db_stmt *const *const STATEMENTS[] = {PAYMENT_STATEMENTS, EVENT_STATEMENTS, NULL};
static const struct db_constraint *const CONSTRAINTS[] = {PAYMENT_CONSTRAINTS, NULL};

struct answer {
	bool yes;
};
static const struct db_column ANSWER_COLUMNS[] = {DB_COLUMN(struct answer, yes, DB_BOOL)};
static const struct db_stmt CANCEL =
	DB_ROWS("test_cancel", struct answer, ANSWER_COLUMNS, SQL("select payment.cancel_intent($1::uuid) as yes"));

static int start(void **state)
{
	(void)state;
	(void)test_db_open("es_payment", STATEMENTS, CONSTRAINTS);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_db_close();
	return 0;
}

/* ------------------------------------------------------------------ steps of a story */

static struct intent opened(int64_t amount)
{
	struct uuid id = uuid_v4(), order = uuid_v7();
	struct intent intent;
	char sql[300];

	snprintf(sql, sizeof(sql), "select payment.open_intent('%s', '%s', 'E-%.8s', %lld, 'EUR')", id.s, order.s, id.s,
		(long long)amount);
	test_sql(sql);
	struct ctx *c = test_ctx();

	assert_ok(c, payment_store_get(c, &id, &intent));
	return intent;
}

static struct intent now(const struct intent *i)
{
	struct ctx *c = test_ctx();
	struct intent intent;

	assert_ok(c, payment_store_get(c, &i->id, &intent));
	return intent;
}

static struct uuid begun(const struct intent *i, const char *kind)
{
	struct ctx *c = test_ctx();
	struct uuid attempt_id = uuid_v7();
	struct attempt attempt;

	assert_ok(c, payment_begin(c, &i->id, &attempt_id, kind, &attempt));
	assert_string_equal(attempt.status, "started");
	return attempt_id;
}

static void told(const struct uuid *attempt_id, enum outcome_kind kind)
{
	struct ctx *c = test_ctx();
	struct outcome o = {.kind = kind,
		.charge_id = "ch_1",
		.amount_minor = 1299,
		.currency = "EUR",
		.card = {"Visa", "4242", 12, 2030},
		.failure_code = kind == OUTCOME_FAILED ? "declined" : NULL,
		.page_url = kind == OUTCOME_REQUIRES_ACTION ? "https://bank.example/1" : NULL};

	assert_ok(c, payment_record(c, attempt_id, &o));
}

static bool cancelled(struct db *orders, const struct intent *i)
{
	struct ctx *c = test_ctx_of(orders);
	struct answer answer;

	assert_ok(c, db_one(c, &CANCEL, PARAMS(P_UUID(&i->order_id)), &answer));
	return answer.yes;
}

static int64_t counted(const char *what, const struct intent *i)
{
	char sql[400];

	snprintf(sql, sizeof(sql), "select count(*) from %s '%s'", what, i->id.s);
	return test_sql_int(sql);
}

static int64_t events(const struct intent *i, const char *topic)
{
	char sql[300];

	snprintf(sql, sizeof(sql),
		"select count(*) from bus.outbox where topic = '%s' and order_key = '%s' and aggregate_id = '%s'",
		topic, i->order_id.s, i->reference.s);
	return test_sql_int(sql);
}

/* ------------------------------------------------------------------ stories */

static void paid_once_however_often_told(void **state)
{
	(void)state;
	struct intent i = opened(1299);
	struct uuid attempt = begun(&i, "card");
	assert_string_equal(now(&i).status, "processing");
	for (int n = 0; n < 3; n++)
		told(&attempt, OUTCOME_SUCCEEDED);
	told(&attempt, OUTCOME_REQUIRES_ACTION);
	told(&attempt, OUTCOME_FAILED);
	i = now(&i);
	assert_string_equal(i.status, "succeeded");
	assert_int_equal(i.captured_minor, 1299);
	assert_string_equal(i.card.last4, "4242");
	assert_int_equal(events(&i, "payment.succeeded"), 1);
	assert_int_equal(events(&i, "payment.failed"), 0);
	assert_int_equal(counted("payment.posting where payment_id =", &i), 1);
	assert_int_equal(counted("payment.refund where payment_id =", &i), 0);
}

static void declined_then_paid(void **state)
{
	(void)state;
	struct intent i = opened(1299);
	struct uuid first = begun(&i, "card");
	told(&first, OUTCOME_FAILED);
	assert_string_equal(now(&i).failure_code, "declined");
	struct uuid second = begun(&i, "card");
	assert_null(now(&i).failure_code);
	told(&second, OUTCOME_REQUIRES_ACTION);
	assert_string_equal(now(&i).page_url, "https://bank.example/1");
	told(&second, OUTCOME_SUCCEEDED);
	assert_string_equal(now(&i).status, "succeeded");
	assert_null(now(&i).page_url);
	assert_int_equal(events(&i, "payment.failed"), 1);
	assert_int_equal(events(&i, "payment.succeeded"), 1);
}

static void begin_is_idempotent_and_exclusive(void **state)
{
	(void)state;
	struct intent i = opened(1299);
	struct uuid attempt_id = begun(&i, "card"), other = uuid_v7();
	struct attempt again;
	struct ctx *c = test_ctx();
	assert_ok(c, payment_begin(c, &i.id, &attempt_id, "card", &again));
	assert_string_equal(again.id.s, attempt_id.s);
	assert_err(c, payment_begin(c, &i.id, &other, "card", &again), &ERR_PAYMENT_PROCESSING);
	told(&attempt_id, OUTCOME_SUCCEEDED);
	c = test_ctx();
	assert_err(c, payment_begin(c, &i.id, &other, "card", &again), &ERR_PAYMENT_PAID);
}

/* The customer left the card page open, paid elsewhere, and then paid there too. */
static void paid_twice_goes_back_once(void **state)
{
	(void)state;
	struct intent i = opened(1299);
	struct uuid page = begun(&i, "hosted"), card = begun(&i, "card");
	told(&card, OUTCOME_SUCCEEDED);
	told(&page, OUTCOME_SUCCEEDED);
	told(&page, OUTCOME_SUCCEEDED);
	i = now(&i);
	assert_string_equal(i.status, "succeeded");
	assert_int_equal(i.captured_minor, 2 * 1299);
	assert_int_equal(events(&i, "payment.succeeded"), 1);
	assert_int_equal(counted("payment.refund where payment_id =", &i), 1);
	assert_int_equal(test_sql_int("select count(*) from bus.job where queue = 'payment.refunds'"), 1);
}

static void refund_settles_once(void **state)
{
	(void)state;
	struct ctx *c = test_ctx();
	struct uuid id;
	struct refund refund;
	bool found;
	assert_true(uuid_parse(str_of(test_sql_text("select id from payment.refund limit 1")), &id));
	assert_ok(c, payment_store_refund(c, &id, &refund, &found));
	assert_true(found);
	for (int n = 0; n < 2; n++) {
		payment_store_refund_done(c, &refund);
		assert_ok(c, payment_store_refund(c, &id, &refund, &found));
		assert_string_equal(refund.status, "succeeded");
	}
	struct intent i = {.id = refund.payment_id};
	i = now(&i);
	assert_int_equal(i.refunded_minor, 1299);
	assert_string_equal(i.status, "succeeded");
}

static void money_after_cancellation_goes_back(void **state)
{
	(void)state;
	struct db *orders = test_db_again("es_orders", NULL, NULL);
	struct intent i = opened(1299);
	struct uuid page = begun(&i, "hosted");
	assert_true(cancelled(orders, &i));
	assert_true(cancelled(orders, &i));
	assert_int_equal(events(&i, "payment.cancelled"), 1);
	told(&page, OUTCOME_SUCCEEDED);
	i = now(&i);
	assert_string_equal(i.status, "cancelled");
	assert_int_equal(i.captured_minor, 1299);
	assert_int_equal(counted("payment.refund where payment_id =", &i), 1);
	assert_int_equal(events(&i, "payment.succeeded"), 0);

	i = opened(1299);
	(void)begun(&i, "card");
	assert_false(cancelled(orders, &i)); /* on its way */
	struct intent unknown = {.order_id = uuid_v7()};
	assert_true(cancelled(orders, &unknown));
}

static void wrong_amount_is_no_payment(void **state)
{
	(void)state;
	struct intent i = opened(1300);
	struct uuid attempt = begun(&i, "card");
	told(&attempt, OUTCOME_SUCCEEDED); /* of 1299 */
	assert_string_equal(now(&i).status, "processing");
	assert_int_equal(now(&i).captured_minor, 0);
}

static void free_of_charge_is_paid(void **state)
{
	(void)state;
	struct intent i = opened(0);
	assert_string_equal(i.status, "succeeded");
	assert_int_equal(events(&i, "payment.succeeded"), 1);
}

static void webhook_events_are_taken_once(void **state)
{
	(void)state;
	struct ctx *c = test_ctx();
	struct uuid none = {""};
	bool is_new;
	assert_ok(c, payment_store_new_event(c, "mock", "evt_1", "charge.succeeded", &none, &is_new));
	assert_true(is_new);
	assert_ok(c, payment_store_new_event(c, "mock", "evt_1", "charge.succeeded", &none, &is_new));
	assert_false(is_new);
	assert_ok(c, payment_store_new_event(c, "other", "evt_1", "charge.succeeded", &none, &is_new));
	assert_true(is_new);
}

static void undecided_attempts_come_due(void **state)
{
	(void)state;
	struct attempt *due;
	size_t n, mine = 0;
	struct intent i = opened(1299);
	struct uuid attempt_id = begun(&i, "card");
	struct ctx *c = test_ctx();
	assert_ok(c, payment_store_due(c, &due, &n));
	assert_int_equal(n, 0);
	test_sql("update payment.attempt set check_at = now() - interval '1 second'");
	assert_ok(c, payment_store_due(c, &due, &n));
	for (size_t k = 0; k < n; k++)
		mine += strcmp(due[k].id.s, attempt_id.s) == 0;
	assert_int_equal(mine, 1);
	assert_ok(c, payment_store_due(c, &due, &n));
	assert_int_equal(n, 0);
}

/* ------------------------------------------------------------------ races */

/* A cancellation and a success meet: the order ends paid, or cancelled with its money on the way back. */
static void cancel_against_success(void **state)
{
	(void)state;
	struct db *orders = test_db_again("es_orders", NULL, NULL);
	int won[2] = {0, 0};
	for (int round = 0; round < 12; round++) {
		struct intent i = opened(1299);
		struct uuid attempt = begun(&i, "hosted");
		pid_t child = fork();
		if (child == 0) {
			struct ctx *c = test_ctx_of(test_db_again("es_payment", STATEMENTS, CONSTRAINTS));
			struct outcome o = {.kind = OUTCOME_SUCCEEDED,
				.charge_id = "c",
				.amount_minor = 1299,
				.currency = "EUR",
				.card = {"Visa", "4242", 1, 2030}};
			_exit(payment_record(c, &attempt, &o) == OK ? 0 : 1);
		}
		usleep((useconds_t)(round % 6) * 800);
		bool cancel = cancelled(orders, &i);
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
		i = now(&i);
		assert_int_equal(i.captured_minor, 1299);
		assert_string_equal(i.status, cancel ? "cancelled" : "succeeded");
		assert_int_equal(counted("payment.refund where payment_id =", &i), cancel ? 1 : 0);
		won[cancel]++;
	}
	print_message("cancelled first %d times, paid first %d times\n", won[true], won[false]);
}

/* The answer of the call, two webhooks and the timer, all at once. */
static void the_same_news_at_once(void **state)
{
	(void)state;
	struct intent i = opened(1299);
	struct uuid attempt = begun(&i, "card");
	for (int n = 0; n < 4; n++) {
		if (fork() != 0)
			continue;
		struct ctx *c = test_ctx_of(test_db_again("es_payment", STATEMENTS, CONSTRAINTS));
		struct outcome o = {.kind = OUTCOME_SUCCEEDED,
			.charge_id = "c",
			.amount_minor = 1299,
			.currency = "EUR",
			.card = {"Visa", "4242", 1, 2030}};
		_exit(payment_record(c, &attempt, &o) == OK ? 0 : 1);
	}
	for (int n = 0; n < 4; n++) {
		int status;
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	i = now(&i);
	assert_int_equal(i.captured_minor, 1299);
	assert_int_equal(events(&i, "payment.succeeded"), 1);
}

/* ------------------------------------------------------------------ what the schema holds */

static void assert_refused(const char *sql, const char *constraint)
{
	char block[1200];

	snprintf(block, sizeof(block),
		"do $$ declare name text; begin begin %s; set constraints all immediate; exception when others then"
		" get stacked diagnostics name = constraint_name; end;"
		" if name is distinct from '%s' then raise exception 'stopped by %%', name; end if; end $$",
		sql, constraint);
	test_sql(block);
}

static void illegal_transitions(void **state)
{
	(void)state;
	static const char *const STATES[] = {
		"requires_payment", "processing", "requires_action", "succeeded", "failed", "cancelled", "refunded"};
	struct intent i = opened(1299);
	char sql[300];
	size_t refused = 0;
	for (size_t from = 0; from < ARRAY_LEN(STATES); from++) {
		for (size_t to = 0; to < ARRAY_LEN(STATES); to++) {
			snprintf(sql, sizeof(sql),
				"select count(*) from payment.transition where from_status = '%s' and to_status = '%s'",
				STATES[from], STATES[to]);
			if (from == to || test_sql_int(sql) == 1)
				continue;
			snprintf(sql, sizeof(sql),
				"alter table payment.intent disable trigger intent_transition; update payment.intent "
				"set status = '%s' where id = '%s';"
				"alter table payment.intent enable trigger intent_transition",
				STATES[from], i.id.s);
			test_sql(sql);
			snprintf(sql, sizeof(sql), "update payment.intent set status = '%s' where id = '%s'",
				STATES[to], i.id.s);
			assert_refused(sql, "payment_transition");
			refused++;
		}
	}
	assert_int_equal(refused, 42 - test_sql_int("select count(*) from payment.transition"));
}

static void ledger_balances_and_stays(void **state)
{
	(void)state;
	assert_int_equal(test_sql_int("select coalesce(sum(amount_minor), 0) from payment.entry"), 0);
	assert_int_equal(test_sql_int("select count(*) from (select posting_id from payment.entry group by 1 having "
				      "sum(amount_minor) <> 0) x"),
		0);
	assert_int_equal(test_sql_int("select count(*) from payment.intent i where captured_minor <>"
				      " (select coalesce(sum(e.amount_minor), 0) from payment.posting p join "
				      "payment.entry e on e.posting_id = p.id and e.account = 'provider'"
				      " where p.payment_id = i.id and p.kind = 'capture')"),
		0);
	assert_refused("insert into payment.entry (posting_id, account, amount_minor, currency) select id, 'refunds', "
		       "5, 'EUR' from payment.posting where kind = 'capture' limit 1",
		"ledger_balanced");
	assert_refused("update payment.entry set amount_minor = 1", "ledger_append_only");
	assert_refused("delete from payment.posting", "ledger_append_only");
}

static void roles_reach_no_further(void **state)
{
	(void)state;
	assert_string_equal(test_sql_text("select string_agg(has_table_privilege(r, 'payment.intent', 'select')::text, "
					  "',') from unnest(array['es_orders','es_cart','es_mock_provider']) r"),
		"false,false,false");
	assert_string_equal(test_sql_text("select has_function_privilege('es_cart', 'payment.open_intent(uuid, uuid, "
					  "text, bigint, text)', 'execute')"),
		"f");
	assert_string_equal(test_sql_text("select has_table_privilege('es_payment', 'payment.entry', 'insert')"), "f");
	assert_string_equal(
		test_sql_text(
			"select has_column_privilege('es_payment', 'payment.intent', 'captured_minor', 'update')"),
		"f");
	assert_string_equal(
		test_sql_text("select has_column_privilege('es_payment', 'payment.intent', 'amount_minor', 'update')"),
		"f");
	assert_string_equal(test_sql_text("select has_schema_privilege('es_payment', 'mock_provider', 'usage')"), "f");
}

static void statements_are_proven(void **state)
{
	(void)state;
	struct ctx *c = test_ctx();
	assert_ok(c, db_prove(c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paid_once_however_often_told),
		cmocka_unit_test(declined_then_paid),
		cmocka_unit_test(begin_is_idempotent_and_exclusive),
		cmocka_unit_test(paid_twice_goes_back_once),
		cmocka_unit_test(refund_settles_once),
		cmocka_unit_test(money_after_cancellation_goes_back),
		cmocka_unit_test(wrong_amount_is_no_payment),
		cmocka_unit_test(free_of_charge_is_paid),
		cmocka_unit_test(webhook_events_are_taken_once),
		cmocka_unit_test(undecided_attempts_come_due),
		cmocka_unit_test(cancel_against_success),
		cmocka_unit_test(the_same_news_at_once),
		cmocka_unit_test(illegal_transitions),
		cmocka_unit_test(ledger_balances_and_stays),
		cmocka_unit_test(roles_reach_no_further),
		cmocka_unit_test(statements_are_proven),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
