#!/usr/bin/python3
"""Start, stop and look at an instance of the shop. `make` is its front: see `make help`.

    shop.py run|start|stop|restart|status|logs|seed|reset|import [ARGUMENT]

Environment: RUN_DIR, PORT, TLS_PORT, S (one process group), LIMITS (wide, strict, off), BUILD.
"""
import contextlib
import fcntl
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import termios
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import first  # noqa: E402
import gateway  # noqa: E402
import postgres  # noqa: E402
import services  # noqa: E402
import supervise  # noqa: E402
from place import Place, Trouble  # noqa: E402

READY_SECS = int(os.environ.get("READY_SECS", "40"))  # longer where everything is slower: valgrind


def say(text):
    print(text, flush=True)


def env(name, fallback=""):
    return os.environ.get(name) or fallback


# ---------------------------------------------------------------- settings of an instance

def port_is_free(port, host=""):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind((host, port))
            return True
        except OSError:
            return False


def free_port(preferred, taken):
    for port in [preferred] if preferred and preferred < 65536 else []:
        if port not in taken and port_is_free(port, "127.0.0.1"):
            return port
    while True:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            if s.getsockname()[1] not in taken:
                return s.getsockname()[1]


def number(name, text):
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise Trouble(f"{name}={text} is not a port")
    return int(text)


def decide_settings(place):
    before = place.recall() or {}
    port = number("PORT", env("PORT", "8080"))
    tls_port = number("TLS_PORT", env("TLS_PORT")) if env("TLS_PORT") else None
    for name, wanted in (("PORT", port), ("TLS_PORT", tls_port)):
        if wanted and not port_is_free(wanted):
            raise Trouble(f"port {wanted} is used by another program: choose one with {name}=")
    limits = env("LIMITS", "wide")
    if limits not in ("wide", "strict", "off"):
        raise Trouble(f"LIMITS={limits} is none of wide, strict, off")
    taken = {port, tls_port}
    internal = free_port(before.get("internal_port") or port + 10000, taken)
    smtp = free_port(before.get("smtp_port") or port + 20000, taken | {internal})
    url = f"https://localhost:{tls_port}" if tls_port else f"http://localhost:{port}"
    return {"port": port, "tls_port": tls_port, "internal_port": internal, "smtp_port": smtp, "limits": limits,
            "public_url": env("PUBLIC_URL", url), "workers": int(env("WORKERS", "4")), "log_level": env("LOG_LEVEL", "info"),
            "build": env("BUILD", "build/dev")}


def this_place():
    return Place(env("RUN_DIR", ".run"), env("BUILD", "build/dev"))


@contextlib.contextmanager
def locked(place):
    """One start or stop of an instance at a time."""
    path = place.run_dir.parent / f".{place.run_dir.name}.lock" if not place.state.is_dir() else place.state / "lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another make start or stop of this instance")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
        if path.parent != place.state:
            path.unlink(missing_ok=True)


# ---------------------------------------------------------------- start and stop

def bring_up(place, settings):
    """Everything, in order; what was started is stopped again when something fails."""
    created = postgres.ensure_cluster(place, say)
    gateway.write(place, settings)
    services.define(place, settings)
    gateway.check(place, settings)
    place.remember(settings)
    top = supervise.start(place, gateway.privileges(place, settings))
    try:
        deadline = time.monotonic() + READY_SECS
        wanted = services.table(place)
        supervise.wait_supervised(place, ["postgres"], deadline)

        def alive():
            if supervise.endings(place, "postgres") >= 3:
                raise Trouble("PostgreSQL does not start:\n" + supervise.last_lines(place, "postgres"))
        postgres.wait(place, deadline, alive)
        if created:
            say("creating schemas and roles")
        postgres.migrate(place, sorted({p.role for p in services.every()}))
        names = ["nginx", "mail", "rotate"] + [p.name for p in wanted]
        supervise.wait_supervised(place, names, deadline)
        for name in names:
            supervise.up(place, name)
        services.wait_ready(place, settings, wanted, time.monotonic() + READY_SECS)
        first.fill(place, settings, say)
    except BaseException:
        supervise.stop(place, services.stop_order, say)
        raise
    return top


def start(place):
    """The runsvdir process, or None when the instance was running already."""
    with locked(place):
        if supervise.runsvdir_pid(place):
            return None
        place.prepare()
        # What a crash of the supervisor left behind would hold the ports and the database.
        supervise.stop(place, services.stop_order, say)
        settings = decide_settings(place)
        return bring_up(place, settings)


def announce(place):
    settings = place.recall()
    say(f"shop         {settings['public_url']}/")
    say(f"back office  {settings['public_url']}/admin   {first.admin_hint(place)}")
    say(f"mailbox      {place.run_dir / 'mail'}  (Maildir; nothing is sent to anybody)")


def command_start(_):
    place = this_place()
    if start(place) is None:
        say("already running")
    announce(place)


def command_stop(_):
    place = this_place()
    one = env("S")
    with locked(place):
        if one:
            for name in chosen(place, one):
                supervise.down(place, [name], 15)
        elif place.sv.is_dir():
            supervise.stop(place, services.stop_order, say)
        say("stopped" + (f" {one}" if one else ""))


def chosen(place, one):
    """S=cart-service means all its processes."""
    found = [n for n in supervise.names(place) if n == one or n.startswith(one + "-")]
    if not found:
        raise Trouble(f"S={one}: there is {', '.join(supervise.names(place)) or 'nothing running'}")
    return found


def start_one(place, one):
    settings = place.recall()
    place.prepare()
    names = chosen(place, one)
    for name in names:
        supervise.up(place, name)
    wanted = [p for p in services.table(place) if p.name in names]
    services.wait_ready(place, settings, wanted, time.monotonic() + READY_SECS)
    say(f"started {' '.join(names)}")


def command_restart(_):
    place = this_place()
    one = env("S")
    if not one:
        before = place.recall() or {}
        for key in ("port", "tls_port", "limits", "workers", "log_level"):
            if before.get(key) and not env(key.upper()):
                os.environ[key.upper()] = str(before[key])
        command_stop(None)
        return command_start(None)
    if not supervise.runsvdir_pid(place):
        raise Trouble("not running")
    with locked(place):
        supervise.down(place, chosen(place, one), 15)
        start_one(place, one)


def command_start_or_one(argument):
    place = this_place()
    if env("S") and supervise.runsvdir_pid(place):
        with locked(place):
            return start_one(place, env("S"))
    if env("S"):
        raise Trouble("the instance is not running: make start without S= first")
    return command_start(argument)


def command_run(_):
    place = this_place()
    stop = Signals()
    try:
        top = start(place)
    except KeyboardInterrupt:
        return say("\nstopped")
    stop.starting = False
    if top is None:
        raise Trouble(f"already running, in the background or another terminal: {place.recall()['public_url']}/ (make stop ends it)")
    announce(place)
    say("Ctrl-C stops everything")
    while top.poll() is None and not stop.wanted():
        time.sleep(0.2)
    if top.poll() is None:
        say("\nstopping")
        with locked(place):
            supervise.stop(place, services.stop_order, say)
    return say("stopped")


class Signals:
    """Ctrl-C, or whatever else ends `make run`.

    At a terminal make would die of the Ctrl-C too, and its exit status would be an error:
    so this process takes the terminal's foreground for itself, and gives it back.
    Without a terminal make may get a signal that we don't: it then waits for us with
    that signal blocked, which is how we learn of it.
    """

    def __init__(self):
        self.seen = False
        self.starting = True
        self.parent = os.getppid()
        for which in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(which, self.note)
        self.terminal = None
        with contextlib.suppress(OSError, termios.error):
            if os.tcgetpgrp(0) == os.getpgrp():
                signal.signal(signal.SIGTTOU, signal.SIG_IGN)
                self.group = os.getpgrp()
                os.setpgid(0, 0)
                os.tcsetpgrp(0, os.getpgrp())
                self.terminal = 0

    def note(self, *_):
        self.seen = True
        if self.starting:
            raise KeyboardInterrupt

    def wanted(self):
        return self.seen or os.getppid() != self.parent or self.parent_interrupted()

    def parent_interrupted(self):
        with contextlib.suppress(OSError, ValueError, KeyError):
            status = dict(line.split(":\t") for line in pathlib.Path(f"/proc/{self.parent}/status").read_text().splitlines())
            return status["Name"] == "make" and bool(int(status["SigBlk"], 16) & (1 << (signal.SIGINT - 1)))
        return False


# ---------------------------------------------------------------- look at it

def command_status(_):
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    place = this_place()
    settings = place.recall()
    if not settings or not supervise.runsvdir_pid(place):
        say("not running" if settings else "there is no instance here yet: make run")
        return 1
    say(f"{'process':28} {'pid':>8}  {'up':>8}  memory (PSS)  ready")
    ready = {p.name for p in services.responders(place) if services.ask_ready(settings, p.name) == "ready"}
    responders = {p.name for p in services.responders(place)}
    for name in supervise.names(place):
        pid = supervise.pid(place, name)
        if not supervise.running(pid):
            say(f"{name:28} {'-':>8}  down")
            continue
        age = time.time() - pathlib.Path(f"/proc/{pid}").stat().st_mtime
        state = ("yes" if name in ready else "no") if name in responders else ""
        say(f"{name:28} {pid:8}  {age:6.0f} s  {tree_pss(pid) / 1024:9.1f} MB  {state}")
    announce(place)
    say(f"internals    http://127.0.0.1:{settings['internal_port']}/internal/<service>/healthz, readyz, metrics")
    return 0 if ready == responders else 1


def tree_pss(pid):
    """Proportional set size of a process and its children, in KiB."""
    total = 0
    with contextlib.suppress(OSError):
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
        for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            total += tree_pss(int(child))
    return total


def command_logs(_):
    place = this_place()
    names = chosen(place, env("S")) if env("S") else supervise.names(place)
    files = [str(place.log / n / "current") for n in names if (place.log / n / "current").exists()]
    if not files:
        raise Trouble("there are no logs yet")
    os.execvp("tail", ["tail", "-n", env("N", "20"), "-F", *files])


# ---------------------------------------------------------------- data

def command_seed(_):
    place = running_place()
    first.seed(place, place.recall(), say)


def command_import(argument):
    if not argument:
        raise Trouble("make import FILE=products.ndjson (or .csv)")
    place = running_place()
    first.import_file(place, place.recall(), pathlib.Path(argument), say)


def running_place():
    place = this_place()
    if not supervise.runsvdir_pid(place):
        raise Trouble("the instance is not running: make start")
    place.prepare()
    return place


def command_reset(_):
    place = this_place()
    if not place.run_dir.exists() and not place.run_dir.is_symlink():
        return say("nothing to remove")
    if sys.stdin.isatty() and env("YES") != "1":
        if input(f"remove {place.run_dir} with its orders, customers and mail? [y/N] ").strip().lower() != "y":
            return say("kept")
    with locked(place):
        if place.sv.is_dir():
            supervise.stop(place, services.stop_order, say)
    shutil.rmtree(place.state, ignore_errors=True)
    shutil.rmtree(place.socket_dir, ignore_errors=True)
    if place.run_dir.is_symlink():
        place.run_dir.unlink()
    return say(f"removed {place.run_dir}")


COMMANDS = {
    "run": command_run, "start": command_start_or_one, "stop": command_stop, "restart": command_restart, "status": command_status,
    "logs": command_logs, "seed": command_seed, "import": command_import, "reset": command_reset,
}


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        return COMMANDS[sys.argv[1]](sys.argv[2] if len(sys.argv) > 2 else None) or 0
    except Trouble as e:
        print(f"make {sys.argv[1]}: {e}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as e:
        print(f"make {sys.argv[1]}: {e}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
