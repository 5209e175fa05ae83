"""The instance's own PostgreSQL cluster: a Unix socket only, SCRAM passwords in 0600 files."""
import pathlib
import secrets
import subprocess
import time

from place import ROOT, Trouble

SUPERUSER = "postgres"
PORT = "5432"
DATABASE = "ecostore"
HBA = """# By a Unix socket, with a password; services to their database only. No network.
local all        {superuser} scram-sha-256
local {database} all      scram-sha-256
"""
# For a machine with 1-4 GB; an order waits for the disk, always (synchronous_commit).
SETTINGS = """
listen_addresses = ''
port = {port}
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 160MB
effective_cache_size = 1GB
work_mem = 8MB
maintenance_work_mem = 64MB
random_page_cost = 1.1
effective_io_concurrency = 100
jit = off
wal_level = replica
max_wal_size = 1GB
min_wal_size = 128MB
checkpoint_timeout = 15min
autovacuum_naptime = 20s
autovacuum_vacuum_scale_factor = 0.05
password_encryption = 'scram-sha-256'
idle_in_transaction_session_timeout = 60s
log_line_prefix = '%m [%p] %a %u '
log_min_duration_statement = 1000
# Values are not for logs: neither a slow statement's parameters nor the key that was there already.
log_parameter_max_length = 0
log_error_verbosity = terse
log_checkpoints = off
log_lock_waits = on
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C.UTF-8'
datestyle = 'iso, ymd'
"""


def bin_dir():
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[4]))
    if not found:
        raise Trouble("PostgreSQL's server is not installed")
    return found[-1].parent


def quoted(value):
    """A value of a libpq connection string."""
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


def conninfo(place, role, database=DATABASE):
    user = SUPERUSER if role == SUPERUSER else f"es_{role}"
    passfile = place.secret / f"{role}.pgpass"
    return f"host={place.socket_dir} port={PORT} dbname={database} user={user} passfile={quoted(passfile)}"


def ensure_password(place, role):
    """secret/roles/<login role>: for sql/migrate; secret/<role>.pgpass: the same for libpq."""
    login = SUPERUSER if role == SUPERUSER else f"es_{role}"
    path = place.secret / "roles" / login
    if not path.exists():
        place.write(path, secrets.token_urlsafe(24) + "\n", 0o600)
        place.write(place.secret / f"{role}.pgpass", f"*:*:*:{login}:{path.read_text().strip()}\n", 0o600)
    return path


def ensure_cluster(place, say):
    """Create the cluster when there is none yet. True when it was created."""
    place._own_dir(place.secret / "roles")
    ensure_password(place, SUPERUSER)
    created = not (place.pg / "PG_VERSION").exists()
    if created:
        say("creating the database cluster")
        place.run([bin_dir() / "initdb", "-D", place.pg, "-U", SUPERUSER, "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums",
                   "-A", "scram-sha-256", f"--pwfile={place.secret / 'roles' / SUPERUSER}"])
    place.write(place.pg / "pg_hba.conf", HBA.format(superuser=SUPERUSER, database=DATABASE), 0o600)
    place.write(place.pg / "postgresql.conf", SETTINGS.format(port=PORT, sockets=str(place.socket_dir)), 0o600)
    return created


def environment(place):
    return {"PATH": "/usr/bin:/bin", "PGPASSFILE": str(place.secret / f"{SUPERUSER}.pgpass"), "LC_ALL": "C.UTF-8"}


def wait(place, deadline, alive):
    probe = [bin_dir() / "pg_isready", "-q", "-h", place.socket_dir, "-p", PORT]
    while subprocess.run([str(a) for a in probe], check=False, stdout=subprocess.DEVNULL).returncode != 0:
        if time.monotonic() > deadline:
            raise Trouble("PostgreSQL does not answer")
        alive()
        time.sleep(0.02)


def migrate(place, roles):
    for role in roles:
        ensure_password(place, role)
    # The clone may be out of the unprivileged user's reach: then root runs psql, with the same password.
    done = subprocess.run([str(ROOT / "sql" / "migrate"), "--host", str(place.socket_dir), "--port", PORT, "--db", DATABASE,
                           "--user", SUPERUSER, "--secrets", str(place.secret / "roles")], env=environment(place), cwd=ROOT,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise Trouble("sql/migrate failed:\n" + done.stdout.decode("utf-8", "replace"))


def query(place, sql):
    """One value, asked as the superuser."""
    done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", conninfo(place, SUPERUSER), "-c", sql],
                          env=environment(place), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    text = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode != 0:
        raise Trouble(f"psql: {text}")
    return text
