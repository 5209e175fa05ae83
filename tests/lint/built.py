"""Checks that ask the built programs: their route tables, their configuration, nginx' routes."""
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
UPSTREAMS = {
    "auth-service": "es_auth", "catalog-service": "es_catalog", "cart-service": "es_cart", "order-service": "es_order",
    "payment-service": "es_payment", "inventory-service": "es_inventory", "notification-service": "es_notification",
    "analytics-service": "es_analytics", "event-bus": "es_bus", "mock-provider": "es_mock",
}
ACCESS = {"public", "anonymous", "customer", "staff", "internal"}


def ask(program, option):
    return subprocess.run([program, option], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=10, check=False).stdout.decode()


def locations(text):
    """(exact, path) → upstream of a file of nginx locations; of a variable its default."""
    maps = dict(re.findall(r"^map \S+ (\$\w+)\s*\{ default (\w+);", (ROOT / "nginx/upstreams.conf.in").read_text(encoding="utf-8"), re.M))
    found = {}
    for m in re.finditer(r"^location (= )?(/\S*)\s+\{(.*?)(?:^\}|\}$)", text, re.M | re.S):
        target = re.search(r"fastcgi_pass (\$?\w+);", m[3])
        found[(bool(m[1]), m[2])] = maps.get(target[1], target[1]) if target else None
    return found


def route_of(table, path):
    if (True, path) in table:
        return table[(True, path)]
    prefixes = [p for exact, p in table if not exact and path.startswith(p)]
    return table[(False, max(prefixes, key=len))] if prefixes else None


def check(say):
    build = ROOT / os.environ.get("BUILD", "build/dev") / "bin"
    public = locations((ROOT / "nginx/ecostore.conf").read_text(encoding="utf-8"))
    # A file of its own, which a real shop leaves out.
    mock = locations((ROOT / "nginx/mock-provider.conf").read_text(encoding="utf-8"))
    if "es_mock" in public.values() or set(mock.values()) != {"es_mock"}:
        say("nginx/mock-provider.conf", 1, "the mock provider's routes, and no others, are in this file")
    internal = locations((ROOT / "nginx/internal.conf").read_text(encoding="utf-8"))
    # Fault points are in build/<mode>/fault only.
    symbols = subprocess.run(["nm", "-A", *build.glob("*")], stdout=subprocess.PIPE, check=True, text=True).stdout
    for line in re.findall(r".* fault_\w+$", symbols, re.M):
        say("common/base/fault.h", 1, f"what is shipped has a fault point: {line}")
    for program in sorted(build.glob("*")):
        if not (ROOT / "fcgi-apps" / program.name).is_dir():
            continue
        where = f"fcgi-apps/{program.name}/routes.c"
        for line in ask(program, "--routes").splitlines():
            method, path, access, permission, _, help_text = (line.split("\t") + [""] * 6)[:6]
            if access not in ACCESS:
                say(where, 1, f"{method} {path} has no declared access")
            if access == "staff" and not permission:
                say(where, 1, f"{method} {path} is for staff without a permission")
            if not help_text.strip():
                say(where, 1, f"{method} {path} has no help")
            sample = re.sub(r"\{\w+\*?\}", "x", path)
            table, name = (internal, "internal.conf") if access == "internal" else ({**public, **mock}, "ecostore.conf")
            if route_of(table, sample) != UPSTREAMS.get(program.name):
                say(f"nginx/{name}", 1, f"{path} of {program.name} leads to {route_of(table, sample)}")
        for line in ask(program, "--config").splitlines():
            if len(line.split("\t")) < 4 or not line.split("\t")[3].strip():
                say(where, 1, f"configuration key {line.split(chr(9))[0]} has no help")
