"""The limit a request is measured against: pgbench with the statements the service itself sends.

A service is put behind the recorder (record.py) for two equal requests; what differs between them
must be new each time (ids, keys, numbers), the rest is constant. From that a pgbench script is made:
one leading statement that makes the new values, then the service's round trips as they were,
each a pipeline, run with -M prepared as the service's own role.
"""
import os
import pathlib
import re
import subprocess
import tempfile

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TOKEN = re.compile(r"[A-Za-z0-9_+/=.@:-]{4,}")
BEGIN = re.compile(r"^\s*(begin|commit|rollback|start transaction)\b", re.I)


def literal(text):
    return "E'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'" if "\\" in text or "\n" in text else "'" + text.replace("'", "''") + "'"


class Script:
    def __init__(self, first, second):
        if [s.sql for t in first for s in t] != [s.sql for t in second for s in t]:
            raise RuntimeError("two equal requests sent different statements")
        self.constants, self.fresh, self.tokens = {}, {}, {}
        again = [s for t in second for s in t]
        self.lines, position = [], 0
        for trip in first:
            part = []
            for statement in trip:
                part.append(self.statement(statement, again[position]))
                position += 1
            self.lines += ["\\startpipeline", *part, "\\endpipeline"] if len(part) > 1 else part

    def statement(self, one, two):
        def value(m):
            n = int(m[1]) - 1
            if n >= len(one.params):
                return m[0]
            a, b = one.params[n], two.params[n]
            if a is None:
                return "null"
            if a == b:
                return ":" + self.constants.setdefault(a, f"c{len(self.constants)}")
            return ":" + self.fresh.setdefault(a, (f"f{len(self.fresh)}", b))[0]
        return re.sub(r"\$(\d+)\b", value, one.sql).strip().rstrip(";").replace("\n", " ") + ";"

    def prologue(self):
        """Values that are new each time, made in one statement."""
        if not self.fresh:
            return []
        columns = []
        for text, (name, other) in self.fresh.items():
            expression = literal(text)
            for token in dict.fromkeys(UUID.findall(text) + [t for t in TOKEN.findall(UUID.sub("\n", text)) if t not in other]):
                if token in other:
                    continue
                make = self.tokens.setdefault(token, f"k{len(self.tokens)}")
                expression = f"replace({expression}, {literal(token)}, {make})"
            columns.append(f"{expression} as {name}")
        makers = []
        for token, name in self.tokens.items():
            if UUID.fullmatch(token):
                makers.append(f"gen_random_uuid()::text as {name}")
            elif token.isdigit():
                makers.append(f"({token} + (random() * 1000000)::bigint)::text as {name}")
            else:
                makers.append(f"rpad(upper(md5(random()::text)), {len(token)}, md5(random()::text)) as {name}")
        source = f" from (select {', '.join(makers)} offset 0) made" if makers else ""
        return [f"select {', '.join(columns)}{source} \\gset"]

    def text(self):
        return "\n".join(self.prologue() + self.lines) + "\n"


def run(script, role, sockets, passfile, clients, secs):
    """Transactions per second and average latency of the script."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql", delete=False, encoding="utf-8") as out:
        out.write(script.text())
    environment = {**os.environ, "PGPASSFILE": str(passfile), "PGOPTIONS": f"-c role={role}" if role else ""}
    argv = ["pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(secs), "-f", out.name, "-h", str(sockets), "-p", "5432", "-U", "postgres"]
    for text, name in script.constants.items():
        argv += ["-D", f"{name}={text}"]
    done = subprocess.run([*argv, "ecostore"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    rate = re.search(r"tps = ([\d.]+)", done.stdout)
    latency = re.search(r"latency average = ([\d.]+)", done.stdout)
    if done.returncode != 0 or not rate or float(rate[1]) == 0:
        raise RuntimeError(f"pgbench: {done.stderr[-600:]} (script {out.name})")
    pathlib.Path(out.name).unlink()
    return float(rate[1]), float(latency[1])
