"""The limit a request is measured against: pgbench with the statements the services themselves send.

Services are put behind the recorder (record.py) for two equal requests. What is the same in both is constant;
what differs (ids, keys, numbers, SKUs) must be new each time: a table of ready values, one row per transaction,
is filled beforehand, so that making them up costs the reference one look-up by key. The script then is the
services' round trips as they were, each a pipeline, run with -M prepared.
"""
import os
import pathlib
import random
import re
import subprocess
import tempfile
import time
import uuid

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TOKEN = re.compile(rf"{UUID.pattern}|[A-Za-z0-9_+/=.@:-]{{4,}}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T.*)?|\d\d:\d\d:\d\d.*")
CLASSES = ("23456789", "ABCDEFGHJKMNPQRSTVWXYZ", "abcdef", "ghijkmnpqrstvwxyz")


def uuid7():
    n = (time.time_ns() // 1_000_000 << 80) | (7 << 76) | (random.getrandbits(12) << 64) | (2 << 62) | random.getrandbits(62)
    return str(uuid.UUID(int=n))


def like(one, two):
    """Another token of the kind: where the two recorded ones agree, it does too."""
    def char(a, b):
        if a == b:
            return a
        return random.choice(next((c for c in CLASSES if a in c), CLASSES[0]))
    if UUID.fullmatch(one):
        return uuid7() if one[14] == "7" else str(uuid.uuid4())
    return "".join(map(char, one, two))


class Script:
    """
    first, second: the round trips of two equal requests. groups: lists of tuples of names of which each may take the
    place of any other: SKUs, or a cart with its lines; with one for each client, every client keeps its own.
    """

    def __init__(self, first, second, groups=()):
        if [[s.sql for s in t] for t in first] != [[s.sql for s in t] for t in second]:
            raise RuntimeError("two equal requests sent different statements")
        self.groups, self.constants, self.fresh, self.tokens = groups, {}, {}, {}
        self.lines = []
        for one, two in zip(first, second):
            part = [self.statement(a, b) for a, b in zip(one, two)]
            self.lines += ["\\startpipeline", *part, "\\endpipeline"] if len(part) > 1 else part

    def statement(self, one, two):
        def value(m):
            n = int(m[1]) - 1
            if n >= len(one.params):
                return m[0]
            a, b = one.params[n], two.params[n]
            if a is None:
                return "null"
            if a == "" == b: # pgbench has no empty variables
                return "''"
            if a == b or not self.learn(a, b or ""):
                return ":" + self.constants.setdefault(a, f"c{len(self.constants)}")
            return ":" + self.fresh.setdefault(a, f"f{len(self.fresh)}")
        return re.sub(r"\$(\d+)\b", value, one.sql).strip().rstrip(";").replace("\n", " ") + ";"

    def learn(self, a, b):
        """Note the tokens in which two values of a parameter differ; whether there are any."""
        mine, theirs = TOKEN.findall(a), TOKEN.findall(b)
        if len(mine) != len(theirs):
            raise RuntimeError(f"values of different shape: {a[:200]} and {b[:200]}")
        changed = False
        for one, two in zip(mine, theirs):
            if one == two or len(one) != len(two) or one.isdigit() or MOMENT.fullmatch(one):
                continue
            self.tokens.setdefault(one, two)
            changed = True
        return changed

    def row(self, client, clients):
        """One transaction's fresh values, in the order of self.fresh."""
        new = {one: like(one, two) for one, two in self.tokens.items()}
        for group in self.groups:
            chosen = group[client] if len(group) == clients else random.choice(group)
            recorded = next((names for names in group if any(n in self.tokens for n in names)), ())
            new.update(zip(recorded, chosen))
        return [TOKEN.sub(lambda m: new.get(m[0], m[0]), text) for text in self.fresh]

    def text(self, per_client):
        if not self.fresh:
            return "\n".join(self.lines) + "\n"
        columns = ", ".join(self.fresh.values())
        return "\n".join(["\\set i :i + 1", f"\\set n :client_id * {per_client} + :i",
                          f"select {columns} from bench.fresh where n = :n \\gset", *self.lines]) + "\n"


def copy_line(n, values):
    escaped = (v.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t") for v in values)
    return "\t".join([str(n), *escaped]) + "\n"


class Reference:
    """Runs a script in slices; used rows are not used again."""

    def __init__(self, script, sockets, passfile, clients, transactions):
        self.script, self.clients = script, clients
        self.per_client = transactions // clients + 1
        self.used = 0
        self.environment = {**os.environ, "PGPASSFILE": str(passfile)}
        self.where = ["-h", str(sockets), "-p", "5432", "-U", "postgres"]
        if script.fresh:
            self.fill()

    def fill(self):
        columns = ", ".join(f"{name} text not null" for name in self.script.fresh.values())
        self.psql(f"set client_min_messages = warning; drop schema if exists bench cascade; create schema bench; create unlogged table bench.fresh (n integer primary key, {columns})")
        with tempfile.TemporaryFile("w+", encoding="utf-8") as data:
            for n in range(self.per_client * self.clients + 1):
                data.write(copy_line(n, self.script.row(min(n // self.per_client, self.clients - 1), self.clients)))
            data.seek(0)
            self.psql("copy bench.fresh from stdin", data)
        self.psql("vacuum analyze bench.fresh")

    def psql(self, sql, stdin=subprocess.DEVNULL):
        subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *self.where, "-d", "ecostore", "-c", sql], env=self.environment, stdin=stdin, check=True)

    def run(self, secs, warm_secs, cpu_secs):
        """
        {count, secs, cpu, share} of its transactions in the secs after the first warm_secs: a connection plans each
        statement, some five times over, before it is as fast as those that services keep. share: of all that were made.
        """
        with tempfile.NamedTemporaryFile("w", suffix=".sql", encoding="utf-8") as out:
            out.write(self.script.text(self.per_client))
            out.flush()
            argv = ["pgbench", "-n", "-M", "prepared", "-c", str(self.clients), "-j", "2", "-T", str(warm_secs + secs), "-P", "1", "-f", out.name, *self.where,
                    "-D", f"i={self.used}"]
            for text, name in self.script.constants.items():
                argv += ["-D", f"{name}={text}"]
            process = subprocess.Popen([*argv, "ecostore"], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            before, seconds, last = cpu_secs(), [], ""
            for line in process.stderr:
                last = line
                if line.startswith("progress:"):
                    seconds.append(float(line.split()[3]))
                if len(seconds) == warm_secs:
                    before = cpu_secs()
            output = process.communicate()[0]
        count = re.search(r"transactions actually processed: (\d+)", output)
        measured = sum(seconds[warm_secs:warm_secs + secs])
        if process.returncode != 0 or not count or measured == 0:
            raise RuntimeError(f"pgbench: {last}")
        # No client is much ahead of the others.
        self.used += int(count[1]) * 5 // (4 * self.clients) + 8
        return {"count": measured, "secs": secs, "cpu": cpu_secs() - before, "share": measured / int(count[1])}
