"""sql/migrate on a scratch cluster: from nothing, again, changed history, failures, two at once, passwords."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
import cluster  # noqa: E402

ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}


class MigrateTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cluster.Scratch(ROOT, migrate=False)
        cls.addClassCleanup(cls.cluster.stop)

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="it's a \"clone\" "))
        self.addCleanup(shutil.rmtree, self.dir)
        self.sql = self.dir / "sql"
        shutil.copytree(ROOT / "sql", self.sql, ignore=shutil.ignore_patterns("seed"))
        self.db = "m_" + os.urandom(4).hex()
        if "whole" not in self.id():
            (self.sql / "order").write_text("platform\nbus\n", encoding="utf-8")

    def command(self, *more):
        where = self.cluster.environment()
        return [str(self.sql / "migrate"), "--host", where["PGHOST"], "--port", where["PGPORT"], "--user", where["PGUSER"], "--db", self.db, *more]

    def migrate(self, *more):
        return subprocess.run(self.command(*more), env=ENV, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)

    def query(self, sql):
        env = {**ENV, **self.cluster.environment(), "PGDATABASE": self.db}
        return subprocess.run(["psql", "-XqAtc", sql], env=env, text=True, stdout=subprocess.PIPE, check=True).stdout.strip()

    def test_from_nothing_then_nothing_to_do(self):
        self.assertEqual(self.migrate("--check").returncode, 1)
        done = self.migrate()
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("platform/0001_settings", done.stdout)
        started = time.monotonic()
        again = self.migrate()
        self.assertLess(time.monotonic() - started, 2)
        self.assertEqual((again.returncode, again.stdout), (0, ""))
        self.assertEqual(self.migrate("--check").returncode, 0)

    def test_the_whole_belongs_to_its_schemas_owners(self):
        self.migrate()
        strangers = self.query("select string_agg(c.oid::regclass::text, ', ') from pg_class c join pg_namespace n on n.oid = c.relnamespace"
                               " join pg_roles o on o.oid = c.relowner where n.nspname !~ '^(pg_|information|public)'"
                               " and c.relkind in ('r', 'p', 'v', 'm', 'S') and o.rolname <> 'es_' || n.nspname || '_owner'")
        self.assertEqual(strangers, "")

    def test_edited_history_is_refused(self):
        self.migrate()
        with open(self.sql / "platform" / "0001_settings.sql", "a", encoding="utf-8") as f:
            f.write("-- a word more\n")
        refused = self.migrate()
        self.assertEqual(refused.returncode, 2)
        self.assertIn("sql/platform/0001_settings.sql was changed after it was applied", refused.stdout)

    def test_removed_and_late_files_are_refused(self):
        self.migrate()
        (self.sql / "platform" / "0002_idempotency.sql").unlink()
        self.assertIn("is not here", self.migrate().stdout)
        (self.sql / "platform" / "0000_before.sql").write_text("select 1;\n", encoding="utf-8")
        self.assertIn("comes before migrations that were applied", self.migrate().stdout)

    def test_a_failing_file_leaves_nothing(self):
        self.migrate()
        new = self.sql / "platform" / "0999_new.sql"
        new.write_text("create table platform.half (x int);\nselect no_such_column;\n", encoding="utf-8")
        failed = self.migrate()
        self.assertNotEqual(failed.returncode, 0)
        self.assertIn("0999_new.sql:2", failed.stdout)
        self.assertEqual(self.query("select to_regclass('platform.half') is null"), "t")
        new.write_text("create table platform.half (x int);\n", encoding="utf-8")
        self.assertEqual(self.migrate().returncode, 0)

    def test_a_file_without_a_transaction(self):
        self.migrate()
        (self.sql / "platform" / "0999_index.sql").write_text(
            "-- migrate: no-transaction\ncreate index concurrently apart on platform.setting (value);\n", encoding="utf-8")
        done = self.migrate()
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_two_at_once(self):
        both = [subprocess.Popen(self.command(), env=ENV, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(2)]
        for process in both:
            output, _ = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 0, output)

    def test_passwords(self):
        secrets = self.dir / "secrets"
        secrets.mkdir(mode=0o700)
        self.migrate()
        self.assertIn("there is no file", self.migrate("--secrets", str(secrets)).stdout)
        for role in self.query("select rolname from pg_roles where rolcanlogin and rolname like 'es\\_%'").split():
            (secrets / role).write_text(f"pass'\\word of {role}\n", encoding="utf-8")
            (secrets / role).chmod(0o644)
        self.assertIn("others may read it", self.migrate("--secrets", str(secrets)).stdout)
        for file in secrets.iterdir():
            file.chmod(0o600)
        done = self.migrate("--secrets", str(secrets))
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertEqual(self.query("select count(*) from pg_authid where rolcanlogin and rolname like 'es\\_%'"
                                    " and rolpassword not like 'SCRAM-SHA-256$%'"), "0")
        self.assertNotIn("word of", (self.cluster.dir / "log").read_text(encoding="utf-8", errors="replace"))
        self.query("do $$ declare r text; begin for r in select rolname from pg_roles where rolcanlogin and rolname like 'es\\_%'"
                   " loop execute format('alter role %I password null', r); end loop; end $$")

    def test_whole_with_people_who_are_signed_in(self):
        """Sessions, refresh tokens and keys of before there were ends and seals: nobody is thrown out who need not be."""
        later = sorted(p for p in (self.sql / "auth").glob("*.sql") if p.name >= "0040")
        self.assertTrue(later)
        for path in later:
            path.rename(self.dir / path.name)
        self.assertEqual(self.migrate().returncode, 0)
        self.query("""
            insert into auth.account (id, email, email_key, name, password_hash, roles)
            select md5(who)::uuid, who, who, who, 'x', case who when 'staff' then '{customer,admin}' else '{customer}' end::text[]
              from unnest(array['staff', 'mara']) who;
            insert into auth.session (id, account_id, kind, token_hash, created_at, expires_at, idle_life, ended_at)
            select md5(who || age || ended)::uuid, md5(who)::uuid, 'page', who || age || ended, now() - age, now() + interval '20 days', '30 days',
                   case when ended then now() end
              from unnest(array['staff', 'mara']) who, unnest(array['1 hour', '13 hours', '91 days']::interval[]) age, unnest(array[true, false]) ended;
            insert into auth.refresh_token (token_hash, session_id, expires_at)
            select token_hash, id, now() + interval '30 days' from auth.session;
            insert into auth.signing_key (kid, private_pem, public_pem) values ('k', 'pem', 'public');
            insert into auth.totp (account_id, secret, confirmed_at) values (md5('mara')::uuid, '12345678901234567890', now())""")
        for path in later:
            (self.dir / path.name).rename(path)
        done = self.migrate()
        self.assertEqual(done.returncode, 0, done.stdout)
        alive = self.query("""select string_agg(a.name || ' ' || (now() - s.created_at > '2 hours')::text, ', ' order by a.name, s.created_at desc)
            from auth.session s join auth.account a on a.id = s.account_id where s.ended_at is null and s.expires_at > now()""")
        self.assertEqual(alive, "mara false, mara true, staff false")
        self.assertEqual(self.query("""select count(*) from auth.session s join auth.account a on a.id = s.account_id
            where a.name = 'staff' and s.ended_at is null and s.expires_at > now() + interval '30 minutes'"""), "0")
        self.assertEqual(self.query("""select count(*) from auth.refresh_token r join auth.session s on s.id = r.session_id
            where r.expires_at > s.ends_at"""), "0")
        self.assertEqual(self.query("select private_key = 'pem' and sealed_by is null from auth.signing_key"), "t")
        self.assertEqual(self.query("select secret = '12345678901234567890' and sealed_by is null from auth.totp"), "t")


if __name__ == "__main__":
    unittest.main()
