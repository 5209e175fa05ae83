"""What a service's role in PostgreSQL can do, and what it can't: the whole of it, from the catalogue, against a list.

A new grant fails here until somebody writes it down. Then each role logs in and tries what a stolen connection would.
"""
import json
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import cluster  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVICES = ("analytics", "auth", "bus", "cart", "catalog", "inventory", "mock_provider", "notification", "orders", "payment")
SCHEMAS = SERVICES + ("platform",)
OTHERS = tuple(s for s in SERVICES if s != "bus")

# What is published: to whom, of another's schema. EXECUTE of functions, or the privileges of a relation.
EVERYONE = {
    "auth": {"audit()": "EXECUTE", "audit_read()": "EXECUTE", "key_subject()": "EXECUTE", "session_subject()": "EXECUTE", "session_viewing()": "EXECUTE", "standing": "SELECT", "token_subject()": "EXECUTE",
             "verification_keys()": "EXECUTE"},
    "bus": {**{f"{f}()": "EXECUTE" for f in ("ack", "advance", "claim", "emit", "enqueue", "enqueue_again", "lease", "nack", "park", "parked_done", "parked_failed", "release",
                                             "renew", "subscribe", "take", "take_parked")},
            "outbox": "INSERT", "topic": "SELECT"},
    "platform": {"heartbeat()": "EXECUTE", "register_service()": "EXECUTE", "stop_service()": "EXECUTE", "setting": "SELECT",
                 "idempotency": "DELETE INSERT SELECT UPDATE"},
}
SOME = {
    "auth.addresses_of()": "cart", "auth.letter_facts()": "notification", "auth.user_contact()": "cart notification", "auth.verified_email()": "orders",
    "cart.erase_person()": "auth", "cart.export_of()": "auth", "cart.take_quote()": "orders",
    "catalog.offer": "analytics cart inventory", "inventory.availability": "analytics cart catalog", "inventory.count_stock()": "catalog",
    "inventory.release()": "orders", "inventory.reserve()": "orders", "notification.export_of()": "auth",
    "orders.export_of()": "auth", "orders.mail_details()": "notification", "orders.payment_page()": "payment", "orders.saga_state": "bus",
    "payment.cancel_intent()": "orders", "payment.of_order()": "orders", "payment.open_intent()": "orders",
    "platform.purge_idempotency()": "bus", "platform.services": "analytics bus", "platform.set_nav()": "catalog",
}
# What a role may write in its own schema without a function; everything else there is read at most. Ledger, log, audit and
# stock are not in it: entries are only ever added, by functions that keep their rules.
WRITABLE = {
    "auth": "account address api_key invitation letter passkey passkey_challenge recovery_code refresh_token reset_request role role_permission session "
            "sign_in_challenge signing_key totp viewing",
    "cart": "cart line",
    "catalog": "brand category import import_error import_file listing media price price_watch product product_image staged staged_variant variant vocabulary",
    "mock_provider": "charge refund session",
    "notification": "message",
    "orders": "erasure line orders saga_step shipment shipment_line timeline",
    "payment": "attempt intent provider_event refund",
}
# Added and never changed: not even by their owner's service.
ADDED_ONLY = {"orders.timeline": "INSERT", "orders.shipment_line": "INSERT", "orders.erasure": "INSERT", "mock_provider.refund": "INSERT", "mock_provider.session": "INSERT"}

NAMES = {"services": f"'{{{','.join(SERVICES)}}}'::text[]", "schemas": f"'{{{','.join(SCHEMAS)}}}'::text[]"}
GRANTS = """
with role as (select r, 'es_' || r as name from unnest(%(services)s) r),
relation as (select c.oid, n.nspname as schema, c.relname as object from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = any(%(schemas)s) and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition),
granted as (
  select r, schema, object, p from role, relation, unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) p
   where has_table_privilege(name, oid, p) or (p in ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') and has_any_column_privilege(name, oid, p))
  union
  select r, n.nspname, f.proname || '()', 'EXECUTE' from role, pg_proc f join pg_namespace n on n.oid = f.pronamespace
   where n.nspname = any(%(schemas)s) and has_function_privilege(name, f.oid, 'EXECUTE'))
select json_build_array(r, schema, object, string_agg(p, ' ' order by p)) from granted group by r, schema, object
"""

# What a list of privileges on relations and functions would not show. Each finds nothing.
STRAY = {
    "a role that nobody knows": """select rolname from pg_roles where oid <> 10 and rolname !~ '^pg_' and rolname <> 'es_service'
        and rolname not in (select name from role) and rolname not in (select 'es_' || s || '_owner' from unnest(%(schemas)s) s)""",
    "a schema that nobody knows": "select nspname from pg_namespace where nspname !~ '^pg_' and nspname not in ('information_schema', 'public') and nspname <> all(%(schemas)s)",
    "room for objects": "select name || ' in ' || nspname from role, pg_namespace where nspname !~ '^pg_(toast_)?temp_' and has_schema_privilege(name, oid, 'CREATE')",
    "room for schemas and temporary tables": "select name from role where has_database_privilege(name, current_database(), 'CREATE, TEMPORARY')",
    "a sequence": "select name || ' has ' || c.oid::regclass from role, pg_class c where relkind = 'S' and has_sequence_privilege(name, c.oid, 'USAGE, SELECT, UPDATE')",
    "a language that nobody knows": "select lanname from pg_language where lanname not in ('internal', 'c', 'sql', 'plpgsql')",
    "a grant to hand on": """select grantee::regrole || ' hands on ' || what from (
        select c.oid::regclass::text what, relowner owner, a.* from pg_class c, aclexplode(relacl) a
        union all select attrelid::regclass || '.' || attname, relowner, a.* from pg_attribute t join pg_class c on c.oid = attrelid, aclexplode(attacl) a
        union all select f.oid::regprocedure::text, proowner, a.* from pg_proc f, aclexplode(proacl) a
        union all select nspname::text, nspowner, a.* from pg_namespace, aclexplode(nspacl) a) given where is_grantable and grantee <> owner""",
    "a membership to hand on": "select member::regrole || ' hands on ' || roleid::regrole from pg_auth_members where admin_option",
    "what all new objects will be given": "select defaclrole::regrole || ' gives ' || grantee::regrole from pg_default_acl, aclexplode(defaclacl) where grantee <> defaclrole",
    "an owner whose new functions are everybody's": """select s from unnest(%(schemas)s) s where not exists (
        select from pg_default_acl where defaclrole = ('es_' || s || '_owner')::regrole and defaclnamespace = 0 and defaclobjtype = 'f')""",
}

# Statements that any of them may try, and what PostgreSQL says.
FORBIDDEN = {
    "become the superuser": "set session authorization postgres",
    "become another service": "set role es_payment_owner",
    "grant itself more": "alter role current_user createrole",
    "make a role": "create role intruder login",
    "read password hashes": "select rolpassword from pg_authid",
    "make a schema": "create schema mine",
    "make a table where everybody looks": "create table public.mine (a integer)",
    "make a function": "create function public.mine() returns integer language sql as 'select 1'",
    "make a temporary table that shadows others": "create temporary table setting (key text)",
    "load an extension": "create extension dblink",
    "run a program": "copy (select 1) to program 'true'",
    "write a file": "copy (select 1) to '/tmp/ecostore-mine'",
    "read a file": "copy pg_temp.x from '/etc/passwd'",
    "read a file by a function": "select pg_read_file('/etc/passwd')",
    "list folders": "select pg_ls_dir('.')",
    "bring in a large object": "select lo_import('/etc/passwd')",
    "change the server": "alter system set log_statement = 'all'",
    "switch triggers off": "set session_replication_role = replica",
    "end others' sessions": "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'postgres'",
    "see what others run": "select 1 / count(*) from pg_stat_activity where usename <> current_user and query <> '<insufficient privilege>' and query <> '' having count(*) = 0",
    "change a migration": "delete from platform.migration",
    "write the log of events itself": "insert into bus.event (topic) values ('order.paid')",
    "move another's cursor": "update bus.cursor set pos = 0",
    "see others' jobs": "select payload from bus.job",
    "forge the audit log": "insert into auth.audit_entry (action) values ('nothing')",
}


class PrivilegesTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.scratch = cluster.Scratch(ROOT)
        cls.addClassCleanup(cls.scratch.stop)

    def psql(self, role, text):
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", "-h", self.scratch.dir, "-p", cluster.PORT, "-U", role, "-d", cluster.TEMPLATE],
                              input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, done.stdout.strip()

    def ask(self, text):
        status, said = self.psql("postgres", text)
        self.assertEqual(status, 0, said)
        return [json.loads(line) for line in said.splitlines()]

    def refused(self, role, statements, words="permission denied|must be|must have|only roles with|division by zero|not allowed"):
        """Each on its own, over one connection: {what: statement}."""
        script = "\\set ON_ERROR_STOP 0\n" + "".join(f"\\echo ---\n{text};\n" for text in statements.values())
        answers = self.psql(role, script)[1].split("---\n")[1:] if statements else []
        self.assertEqual(len(answers), len(statements), answers)
        for (what, text), said in zip(statements.items(), answers):
            with self.subTest(what, role=role):
                self.assertRegex(said, f"ERROR: .*({words})", text)

    def test_all_that_is_granted_is_listed(self):
        expected = {}
        for role in SERVICES:
            for schema, objects in EVERYONE.items():
                if schema != role:
                    expected.update({(role, schema, o): p for o, p in objects.items()})
        for path, roles in SOME.items():
            schema, name = path.split(".")
            for role in roles.split():
                expected[(role, schema, name)] = "EXECUTE" if name.endswith("()") else "SELECT"
        found = {(role, schema, name): privileges for role, schema, name, privileges in self.ask(GRANTS % NAMES)}
        self.assertEqual({k: v for k, v in found.items() if k[0] != k[1]}, expected)
        written = {}
        for (role, schema, name), privileges in found.items():
            self.assertFalse({"TRUNCATE", "TRIGGER", "REFERENCES"} & set(privileges.split()), (role, schema, name))
            if role == schema and privileges not in ("SELECT", "EXECUTE"):
                written.setdefault(role, set()).add(name)
                if f"{schema}.{name}" in ADDED_ONLY:
                    self.assertEqual(privileges.replace(" SELECT", ""), ADDED_ONLY[f"{schema}.{name}"], name)
        self.assertEqual(written, {role: set(names.split()) for role, names in WRITABLE.items()})

    def test_nothing_goes_around_the_list(self):
        for what, query in STRAY.items():
            with self.subTest(what):
                named = f"with role as (select 'es_' || r as name from unnest({NAMES['services']}) r) select to_json(found) from ({query % NAMES}) x (found)"
                self.assertEqual(self.ask(named), [])

    def test_roles_are_plain(self):
        """No attribute of a superuser, no membership but the one all services share, nothing owned by who logs in."""
        for role in SERVICES:
            facts = self.ask(f"""select json_build_array(rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls, rolcanlogin,
                (select json_agg(g.rolname) from pg_auth_members m join pg_roles g on g.oid = m.roleid where m.member = r.oid),
                (select count(*) from pg_class where relowner = r.oid) + (select count(*) from pg_proc where proowner = r.oid)) from pg_roles r where rolname = 'es_{role}'""")
            self.assertEqual(facts, [[False, True, ["es_service"], 0]], role)

    def test_functions_of_owners_name_their_schemas(self):
        """A function that runs as its owner looks things up where its owner says, never where its caller does."""
        loose = self.ask(f"""select to_json(n.nspname || '.' || f.proname) from pg_proc f join pg_namespace n on n.oid = f.pronamespace
            where n.nspname = any('{{{','.join(SCHEMAS)}}}') and f.prosecdef and not exists (select from unnest(f.proconfig) c where c like 'search_path=%pg_temp')""")
        self.assertEqual(loose, [])

    def test_what_a_stolen_connection_would_try(self):
        for role in SERVICES:
            self.refused(f"es_{role}", FORBIDDEN)

    def test_each_reads_only_its_own(self):
        """Every table of every other schema, tried."""
        tables = self.ask(f"""select json_build_array(n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = any('{{{','.join(SERVICES)}}}') and c.relkind in ('r', 'p', 'v')""")
        self.assertGreater(len(tables), 60)
        for role in SERVICES:
            mine = [f"{schema}.{name}" for schema, name in tables
                    if schema != role and not (f"{schema}.{name}" in SOME and role in SOME[f"{schema}.{name}"].split()) and f"{schema}.{name}" not in ("bus.topic", "auth.standing")]
            blocks = "".join(f"begin perform 1 from {t} limit 1; raise exception 'could read {t}'; exception when insufficient_privilege then null; end; " for t in mine)
            status, said = self.psql(f"es_{role}", f"do $$ begin {blocks} end $$")
            self.assertEqual(status, 0, said)

    def test_nobody_says_what_is_anothers_to_say(self):
        """The outbox takes a topic from the role that owns it, and from no other."""
        owners = dict(self.ask("select json_build_array(min(name), owner) from bus.topic group by owner"))
        self.assertGreater(len(owners), 4)
        for role in SERVICES:
            self.refused(f"es_{role}", {topic: f"""insert into bus.outbox (topic, aggregate_type, aggregate_id, order_key, payload, headers)
                values ('{topic}', 'x', '1', '1', '{{}}', '{{}}')""" for topic, owner in owners.items() if owner != f"es_{role}"}, "row-level security|permission denied")

    def test_queues_and_subscriptions_are_their_owners(self):
        self.assertEqual(self.psql("es_notification", "select bus.subscribe('notification.mine', array['order.paid'], 'zero', null)")[0], 0)
        self.ask("select bus.enqueue('notification.mail', 'a', '{}')")
        for role in OTHERS:
            if role != "notification":
                self.refused(f"es_{role}", {
                    "move its cursor": "select bus.advance('notification.mine', array[0], array[100])",
                    "take its events": "select bus.take('notification.mine', array[0], 10)",
                    "have it for itself": "select bus.subscribe('notification.mine', array['order.paid'], 'zero', null)",
                    "take its job": "select bus.lease('notification.mail', 1, 10, gen_random_uuid())",
                    "put a job in its queue": "select bus.enqueue('notification.mail', 'b', '{}')",
                }, ".")

    def test_idempotency_keys_are_seen_by_who_stored_them(self):
        self.assertEqual(self.psql("es_orders", "insert into platform.idempotency (service, scope, key, fingerprint, state, attempt_id, lease_until) "
                                                "values (session_user, 's', 'k', 'f', 'running', gen_random_uuid(), now())"), (0, ""))
        for role in SERVICES:
            self.assertEqual(self.psql(f"es_{role}", "select count(*) from platform.idempotency")[1], "1" if role == "orders" else "0")
        self.refused("es_cart", {"store one as another": "insert into platform.idempotency (service, scope, key, fingerprint, state, attempt_id, lease_until) "
                                                         "values ('es_orders', 's', 'l', 'f', 'running', gen_random_uuid(), now())"}, "row-level security")


if __name__ == "__main__":
    unittest.main()
