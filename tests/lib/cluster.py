"""A scratch PostgreSQL cluster for tests: Unix socket only, trust, no fsync, gone afterwards."""
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

PG_BIN = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), default=pathlib.Path("/usr/bin"))
PORT = "5432"
TEMPLATE = "ecostore_template"
SETTINGS = {
    "listen_addresses": "''", "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
    "shared_buffers": "64MB", "max_connections": "60", "jit": "off", "wal_level": "minimal", "max_wal_senders": "0",
    "autovacuum": "off", "logging_collector": "off", "timezone": "'UTC'", "max_wal_size": "512MB",
}


class Scratch:
    """PostgreSQL refuses to run as root: then its processes belong to the user postgres."""

    def __init__(self, root, migrate=True):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="ecostore-test-"))
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:
            shutil.chown(self.dir, self.user)
        try:
            self._run(PG_BIN / "initdb", "-D", self.dir / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8",
                      "--locale=C.UTF-8", "--no-sync")
            with open(self.dir / "data" / "postgresql.conf", "a", encoding="utf-8") as conf:
                conf.write(f"unix_socket_directories = '{self.dir}'\nport = {PORT}\n")
                conf.writelines(f"{key} = {value}\n" for key, value in SETTINGS.items())
            self._run(PG_BIN / "pg_ctl", "-D", self.dir / "data", "-w", "-l", self.dir / "log", "start")
            if migrate:
                self._migrate(root)
        except BaseException:
            self.stop()
            raise

    def environment(self):
        return {"PGHOST": str(self.dir), "PGPORT": PORT, "PGUSER": "postgres", "ES_TEST_TEMPLATE": TEMPLATE}

    def _run(self, *argv):
        argv = [str(a) for a in argv]
        if os.geteuid() == 0:
            argv = ["setpriv", "--reuid", self.user, "--regid", self.user, "--init-groups"] + argv
        done = subprocess.run(argv, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(argv)}: {done.stdout.decode('utf-8', 'replace')}")

    def _migrate(self, root):
        done = subprocess.run([str(root / "sql" / "migrate"), "--host", str(self.dir), "--port", PORT, "--db", TEMPLATE, "--user", "postgres"],
                              cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"sql/migrate: {done.stdout.decode('utf-8', 'replace')}")

    def stop(self):
        if (self.dir / "data" / "postmaster.pid").exists():
            try:
                self._run(PG_BIN / "pg_ctl", "-D", self.dir / "data", "-m", "immediate", "-w", "stop")
            except RuntimeError as e:
                print(e)
        shutil.rmtree(self.dir, ignore_errors=True)
