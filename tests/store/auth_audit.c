/* The audit log: appended with the act or not at all, chained in the log's order, and whoever changes it afterwards is found out. */
#include "testing.h"
#include "http.h"

#include "audit_log.h"
#include "app/event.h"

static const struct db_stmt *const *const STATEMENTS[] = {AUDIT_LOG_STATEMENTS, WORK_STATEMENTS, NULL};
static const struct work WORK = {.consumers = AUTH_CONSUMERS};

static int start(void **state)
{
	(void)state;
	(void)test_db_open("es_auth", test_statements(STATEMENTS), NULL);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_db_close();
	return 0;
}

struct act {
	const char *object_id;
	bool fails;
};

static err_t act_body(struct ctx *c, void *arg)
{
	const struct act *a = arg;
	json_t *after = json_new_object(c->arena);

	json_set_text(after, "name", "<b>\"Ünï\"</b>");
	audit_record_system(c,
		&(struct audit_entry){
			.action = "thing.change", .object_type = "thing", .object_id = a->object_id, .after = after});
	return a->fails ? fail(c, &ERR_CONFLICT, "no") : OK;
}

static void record(const char *object_id, bool fails)
{
	struct act a = {object_id, fails};
	struct ctx *c = test_ctx();
	err_t e = db_tx(c, DB_TX_DEFAULT, act_body, &a);

	assert_true(fails ? e == &ERR_CONFLICT : e == OK);
	ctx_clear_failure(c);
}

static void chain_all(void)
{
	struct ctx *c = test_ctx();
	size_t did;

	test_sql("select bus.sequence_batch()");
	do
		assert_ok(c, work_once(c, &WORK, &did));
	while (did > 0);
}

static struct audit_state verify(int64_t most)
{
	struct ctx *c = test_ctx();
	struct audit_state s;

	assert_ok(c, audit_store_verify(c, most, &s));
	return s;
}

static void entries_are_there_with_their_act_only(void **state)
{
	struct audit_state s;

	(void)state;
	record("1", false);
	record("2", true);
	record("3", false);
	assert_int_equal(test_sql_int("select count(*) from auth.audit_entry"), 2);
	s = verify(0);
	assert_int_equal(s.unchained, 2);
	assert_int_equal(s.checked, 0);
	assert_null(s.head_hash);
	assert_true(s.unchained_since_us > 0);
}

static void the_chain_follows_the_log(void **state)
{
	struct audit_state s;

	(void)state;
	chain_all();
	for (int i = 0; i < 20; i++)
		record("more", false);
	chain_all();
	s = verify(0);
	assert_int_equal(s.checked, 22);
	assert_int_equal(s.unchained, 0);
	assert_int_equal(s.broken_position, 0);
	assert_int_equal(s.head_position, 22);
	assert_int_equal(test_sql_int("select count(*) from auth.audit_link l join bus.event e on (e.payload ->> 'entry_id')::uuid = l.entry_id"
				      " where l.position = (select count(*) from bus.event b where b.topic = 'audit.recorded' and b.pos <= e.pos)"),
		22);
	s = verify(5);
	assert_int_equal(s.broken_position, 0);
	assert_int_equal(s.checked, 5);
}

static void an_event_told_twice_is_one_link(void **state)
{
	(void)state;
	test_sql("select auth.audit_chain(entry_id) from auth.audit_link");
	assert_int_equal(test_sql_int("select count(*) from auth.audit_link"), 22);
	assert_int_equal(verify(0).broken_position, 0);
}

static void entries_are_found(void **state)
{
	struct audit_query q = {.action = "thing.", .object_type = "thing", .object_id = "3", .limit = 10};
	struct ctx *c = test_ctx();
	struct audit_row *rows;
	size_t n;

	(void)state;
	assert_ok(c, audit_store_list(c, &q, &rows, &n));
	assert_int_equal(n, 1);
	assert_string_equal(rows[0].action, "thing.change");
	assert_string_equal(rows[0].actor_kind, "system");
	assert_string_equal(rows[0].service, "es_auth");
	assert_int_equal(rows[0].position, 2);
	assert_string_equal(json_text(rows[0].after, "name", ""), "<b>\"Ünï\"</b>");
	q = (struct audit_query){.q = "3", .limit = 10};
	assert_ok(c, audit_store_list(c, &q, &rows, &n));
	assert_int_equal(n, 1);
	q = (struct audit_query){.action = "other", .limit = 10};
	assert_ok(c, audit_store_list(c, &q, &rows, &n));
	assert_int_equal(n, 0);
}

/* As the superuser, who can do everything: what was done shows. */
static void tampering_shows(void **state)
{
	static const struct {
		const char *change, *undo;
		int64_t broken;
	} ATTACKS[] = {
		{"update auth.audit_entry set action = 'thing.other' where object_id = '3'",
			"update auth.audit_entry set action = 'thing.change' where object_id = '3'", 2},
		{"update auth.audit_entry set after = jsonb_set(after, '{name}', '\"x\"') where object_id = '1'",
			"update auth.audit_entry set after = jsonb_set(after, '{name}', '\"<b>\\\"Ünï\\\"</b>\"') where object_id = '1'", 1},
		{"create table auth.kept as select * from auth.audit_link where position = 7; delete from auth.audit_link where position = 7",
			"insert into auth.audit_link select * from auth.kept; drop table auth.kept", 8},
		{"update auth.audit_link set hash = sha256(hash) where position = 22", NULL, 22},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ATTACKS); i++) {
		test_sql(ATTACKS[i].change);
		assert_int_equal(verify(0).broken_position, ATTACKS[i].broken);
		if (ATTACKS[i].undo == NULL)
			continue;
		test_sql(ATTACKS[i].undo);
		assert_int_equal(verify(0).broken_position, 0);
	}
}

static void nobodys_role_may_touch_it(void **state)
{
	(void)state;
	assert_int_equal(test_sql_int("select count(*) from pg_roles r cross join (values ('auth.audit_entry'), ('auth.audit_link')) t (name)"
				      " cross join (values ('update'), ('delete'), ('truncate'), ('insert')) p (verb)"
				      " where r.rolname ~ '^es_' and r.rolname !~ '_owner$' and has_table_privilege(r.rolname, t.name, p.verb)"),
		0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_there_with_their_act_only),
		cmocka_unit_test(the_chain_follows_the_log),
		cmocka_unit_test(an_event_told_twice_is_one_link),
		cmocka_unit_test(entries_are_found),
		cmocka_unit_test(tampering_shows),
		cmocka_unit_test(nobodys_role_may_touch_it),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
