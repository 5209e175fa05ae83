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


if __name__ == "__main__":
    unittest.main()
