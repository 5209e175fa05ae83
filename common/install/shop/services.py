"""What an instance runs (common/install/processes), and the configuration each process gets."""
import http.client
import json
import os
import time

import postgres
import supervise
from place import ROOT, Trouble

PYTHON = "/usr/bin/python3"
# Killed, nginx' master leaves its workers, and they the port: they go before a new one starts.
NGINX_LEFTOVERS = [
    "ulimit -n 8192 2>/dev/null || :",
    "if [ -s group ]; then",
    '\tread -r old <group',
    "\tfor proc in /proc/[0-9]*; do",
    '\t\tread -r pid name state parent group rest 2>/dev/null <"$proc/stat" || continue',
    '\t\t[ "$name" != "(nginx)" ] || [ "$group" != "$old" ] || kill -KILL "$pid"',
    "\tdone",
    "fi",
    "echo $$ >group",
]
# Passwords are hashed by these alone: as many at a time as there are processors, whatever comes in.
HASHERS = "auth-service-login"
INFRASTRUCTURE = ("postgres", "nginx", "mail")
# nginx writes its access log itself, in large pieces, which svlogd could not do as cheaply; so it is moved away when it is large.
ROTATE = [
    "if [ -n \"$(find \"$LOG\" -size +32M 2>/dev/null)\" ]; then",
    '\tmv "$LOG" "$LOG.1"',
    '\tkill -USR1 "$(cat ../nginx/supervise/pid)"',
    "fi",
]


class Process:
    def __init__(self, line):
        self.name, self.program, mode, self.role = line.split()
        self.mode = None if mode == "-" else mode


def every():
    lines = (ROOT / "common" / "install" / "processes").read_text(encoding="utf-8").splitlines()
    return [Process(line) for line in lines if line and not line.startswith("#")]


def table(place):
    """The processes whose programs are built."""
    return [p for p in every() if (place.build / "bin" / p.program).exists()]


def responders(place):
    return [p for p in table(place) if p.mode is None]


def environment(place, settings, process):
    """ES_<KEY> for every key a service may ask for: config.h; the services' own keys have their defaults in them."""
    internal = f"http://127.0.0.1:{settings['internal_port']}"
    values = {
        "db": postgres.conninfo(place, process.role),
        "templates_dir": place.templates,
        "assets_manifest": place.static_root / "assets.json",
        "public_url": settings["public_url"],
        "workers": settings["workers"],
        "log_level": settings["log_level"],
    }
    if process.mode is None:
        values["socket"] = place.socket_dir / f"{process.name}.sock"
    if process.name == HASHERS:
        values["workers"] = os.cpu_count() or 1
    own = {
        "payment-service": {
            "provider_url": f"{internal}/mock-provider",
            "provider_key_file": ensure_secret(place, "provider-key"),
            "webhook_secret_file": ensure_secret(place, "webhook"),
        },
        "mock-provider": {
            "webhook_url": f"{internal}/webhooks/payment/mock",
            "provider_key_file": ensure_secret(place, "provider-key"),
            "webhook_secret_file": ensure_secret(place, "webhook"),
        },
        # One address is this whole test or demonstration unless limits are strict.
        "auth-service": {"attempts_per_address": 50 if settings["limits"] == "strict" else 0, "seal_keys_file": ensure_secret(place, "seal-keys")},
        "notification-service": {"smtp": f"127.0.0.1:{settings['smtp_port']}"},
        "event-bus": {"openapi": place.static_root / "openapi.json"},
        "catalog-service": {"seed_dir": place.seed},
    }
    values.update(own.get(process.program, {}))
    result = {"ES_" + key.upper(): value for key, value in values.items()}
    result.update({"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"})
    return result


def ensure_secret(place, name):
    path = place.secret / name
    if not path.exists():
        import secrets
        place.write(path, secrets.token_urlsafe(32) + "\n", 0o600)
    return path


def define(place, settings):
    """sv/ and its run scripts, all down but the database."""
    supervise.define(place, "postgres", [postgres.bin_dir() / "postgres", "-D", place.pg],
                     {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}, down=False, death="INT")
    supervise.define(place, "nginx", ["chpst", "-P", "/usr/sbin/nginx", "-e", "stderr", "-p", place.nginx, "-c", place.nginx / "nginx.conf"],
                     {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, NGINX_LEFTOVERS)
    supervise.define(place, "mail", [PYTHON, place.install / "mail_sink.py", f"127.0.0.1:{settings['smtp_port']}", place.mail], {"LC_ALL": "C.UTF-8"})
    supervise.define(place, "rotate", ["sleep", "300"], {"PATH": "/usr/bin:/bin", "LOG": place.log / "nginx" / "access.log"}, ROTATE)
    processes = table(place)
    for p in processes:
        supervise.define(place, p.name, [place.bin / p.program] + ([p.mode] if p.mode else []), environment(place, settings, p))
    supervise.forget_others(place, set(INFRASTRUCTURE) | {"rotate"} | {p.name for p in processes})


def stop_order(there):
    """From the outside in: no new requests, then what serves them, then what works behind them, the database last."""
    work = [n for n in there if n.endswith("-work") or n in ("mail", "rotate")]
    serve = [n for n in there if n not in work and n not in INFRASTRUCTURE]
    return [(["nginx"], 5), (serve + work, 15), (["postgres"], 30)]


def wait_ready(place, settings, wanted, deadline):
    """Until every responder says it is ready, and everything else has kept running."""
    waiting = [p.name for p in wanted if p.mode is None]
    watched = list(INFRASTRUCTURE) + [p.name for p in wanted]
    # What ended some time ago, and came back, is no news.
    before = {n: supervise.endings(place, n) for n in watched}
    answer = "no answer"
    while waiting:
        name = waiting[0]
        answer = ask_ready(settings, name)
        if answer == "ready":
            waiting.pop(0)
            continue
        for n in watched:
            if supervise.endings(place, n) - before[n] >= 3:
                raise Trouble(f"{n} does not stay up; its last lines ({place.log / n / 'current'}):\n{supervise.last_lines(place, n)}")
        if time.monotonic() > deadline:
            raise Trouble(f"{name} is not ready: {answer}; its last lines ({place.log / name / 'current'}):\n{supervise.last_lines(place, name)}")
        time.sleep(0.02)


def ask_ready(settings, name):
    connection = http.client.HTTPConnection("127.0.0.1", settings["internal_port"], timeout=3)
    try:
        connection.request("GET", f"/internal/{name}/readyz")
        response = connection.getresponse()
        body = response.read(2000).decode("utf-8", "replace")
        return "ready" if response.status == 200 else f"{response.status} {body.strip()}"
    except OSError as e:
        return str(e)
    finally:
        connection.close()


def load_settings(given, remembered):
    return json.loads(json.dumps({**(remembered or {}), **given}))
