#!/usr/bin/python3
"""The bus' part of make bench: what an event costs who emits it, how fast it arrives, what its readers cost.

A cluster of its own with the settings of make run: commits wait for the disk. The sequencer is event-bus --work,
consumers are bus_consumer (work_run() of common/app), publishers pgbench -M prepared with what event_emit() sends,
pipelined as services do. Everything compared was measured in turn, slice by slice, in this run.
SECS=12 CLIENTS=16
"""
import contextlib
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests" / "lib"), str(ROOT / "common" / "install" / "shop")]
import cluster  # noqa: E402
import pairs  # noqa: E402
import postgres  # noqa: E402

BUILD = ROOT / os.environ.get("BUILD", "build/dev")
ROUNDS = max(2, int(os.environ.get("SECS", "12")) // pairs.SLICE)
CLIENTS = int(os.environ.get("CLIENTS", "16"))
SUBSCRIPTIONS = 5
BACKLOG = 20000
RATE = 500
PUBLISH_SECS = 6
SHARED_RATE = 150  # on each of two clusters: two cores have time for all of it

TABLES = """
create table public.purchase (id uuid primary key default gen_random_uuid(), number text not null, customer text not null,
    total_minor bigint not null check (total_minor >= 0), lines jsonb not null, created_at timestamptz not null default now());
create index on public.purchase (created_at);
create table public.effect (id bigint generated always as identity primary key, subscription text not null, number text not null);
grant insert, select on public.purchase, public.effect to es_orders;
"""
PURCHASE = """insert into public.purchase (number, customer, total_minor, lines)
 values (:n || '-' || :client_id, 'c-' || :n, :n, '[{"sku": "MUG-BLUE", "quantity": 2, "total_minor": 3890}]');"""
EVENT = """insert into bus.outbox (topic, aggregate_type, aggregate_id, order_key, payload, headers)
 values ('order.placed', 'order', :n || '-' || :client_id, :n || '-' || :client_id,
 '{"order_id": "0198f1c2-7f4e-7a31-8e0d-5b1f6a2c9d10", "number": "E7K2M9QXP", "currency": "EUR", "total_minor": 4380, "lines": [{"sku": "MUG-BLUE", "quantity": 2}]}',
 '{"request_id": "0198f1c27f4e7a318e0d5b1f6a2c9d10", "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}');"""


def script(*statements):
    lines = ["\\set n random(1, 9000000000000000)", "\\startpipeline", "begin;", *statements, "commit;", "\\endpipeline"]
    return "\n".join(line.replace("\n", "") for line in lines) + "\n"


def ticks(pid):
    """Its own, and those of children that ended."""
    with contextlib.suppress(OSError):
        return sum(int(f) for f in pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15])
    return 0


def tree(pid):
    """The process and all below it."""
    found = [pid]
    with contextlib.suppress(OSError):
        for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            found += tree(int(child))
    return found


def settings_of_make_run():
    wanted = dict(re.findall(r"^(\w+) = ([^{\n]+)$", postgres.SETTINGS, re.M))
    for key in ("fsync", "synchronous_commit", "full_page_writes", "wal_level", "max_wal_senders", "autovacuum"):
        cluster.SETTINGS.pop(key)
    cluster.SETTINGS.update({k: v for k, v in wanted.items() if k not in ("port", "unix_socket_directories", "log_line_prefix")},
                            listen_addresses="''", track_commit_timestamp="on")


class Bus:
    def __init__(self):
        self.scratch = cluster.Scratch(ROOT)
        self.env = {**os.environ, "PGHOST": str(self.scratch.dir), "PGUSER": "postgres", "PGDATABASE": cluster.TEMPLATE}
        self.sql(TABLES)
        self.files = tempfile.TemporaryDirectory(prefix="ecostore-bench-")
        self.running = []

    def close(self):
        for process in self.running:
            process.kill()
            process.wait()
        self.scratch.stop()
        self.files.cleanup()

    def sql(self, text):
        done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"], input=text, env=self.env, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stdout)
        return done.stdout.strip()

    def conninfo(self, role):
        return f"host={self.scratch.dir} dbname={cluster.TEMPLATE} user={role}"

    def start(self, argv, **environment):
        process = subprocess.Popen([str(a) for a in argv], env={"PATH": os.environ["PATH"], **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   stdin=subprocess.DEVNULL)
        self.running.append(process)
        return process

    def sequencer(self):
        self.start([BUILD / "bin" / "event-bus", "--work"], ES_DB=self.conninfo("es_bus"), ES_TEMPLATES_DIR=str(ROOT / "templates"),
                   ES_OPENAPI=str(ROOT / "build" / "openapi.json"), ES_LOG_LEVEL="error")

    @contextlib.contextmanager
    def consumers(self, n):
        """One process for each of n subscriptions; ready when they are."""
        mine = [self.start([BUILD / "tests" / "bench" / "bus_consumer", self.conninfo("es_orders"), f"orders.bench_{'abcdefgh'[i]}"]) for i in range(n)]
        try:
            self.until(f"select count(*) >= {n} from bus.subscription")
            yield
        finally:
            for process in mine:
                process.kill()
                process.wait()
            self.sql("delete from bus.subscription")

    def until(self, question):
        deadline = time.monotonic() + 120
        while self.sql(question) != "t":
            if time.monotonic() > deadline:
                raise RuntimeError(f"never true: {question}")
            time.sleep(0.05)

    def cpu_secs(self):
        """What database, sequencer, consumers and pgbench have used."""
        used = os.times()
        total = used.children_user + used.children_system
        for pid in [int((self.scratch.dir / "data" / "postmaster.pid").read_text().split()[0])] + [p.pid for p in self.running if p.poll() is None]:
            total += sum(map(ticks, tree(pid))) / os.sysconf("SC_CLK_TCK")
        return total

    def settle(self):
        self.until("select not exists (select from bus.outbox) and coalesce(sum(waiting), 0) = 0 from bus.subscription_state")

    def pgbench(self, text, secs, *options):
        """Transactions a second."""
        path = pathlib.Path(self.files.name) / "script.sql"
        path.write_text(text)
        done = subprocess.run(["pgbench", "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", "-T", str(secs), "-f", str(path), *options],
                              env={**self.env, "PGUSER": "es_orders"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)
        rate = re.search(r"^tps = ([\d.]+)", done.stdout, re.M)
        if done.returncode != 0 or not rate:
            raise RuntimeError(done.stdout)
        return float(rate[1])


def emitting(bus):
    """With the sequencer's work, to the end, against the same insert alone."""
    def slice_of(text):
        before = bus.cpu_secs()
        rate = bus.pgbench(text, pairs.SLICE)
        bus.settle()
        return rate, (bus.cpu_secs() - before) / rate / pairs.SLICE * 1e6
    (rates, costs), (bests, leasts) = (list(zip(*found)) for found in pairs.in_turn(
        ROUNDS, lambda: slice_of(script(PURCHASE, EVENT)), lambda: slice_of(script(PURCHASE))))
    print(f"{'insert with its event':27} {statistics.median(rates):8.0f}/s  {pairs.ratio(rates, bests)} of {statistics.median(bests):6.0f}/s  "
          f"cpu {pairs.ratio(leasts, costs)} of {statistics.median(costs):6.0f} us  aim 0.65", flush=True)


def publisher(bus, secs):
    path = pathlib.Path(bus.files.name) / "rate.sql"
    path.write_text(script(PURCHASE, EVENT))
    return subprocess.Popen(["pgbench", "-n", "-M", "prepared", "-c", "4", "-j", "1", "-T", str(secs), "-R", str(SHARED_RATE), "-f", str(path), "-l"],
                            env={**bus.env, "PGUSER": "es_orders"}, cwd=bus.files.name, stdout=subprocess.DEVNULL)


def latencies(bus, process):
    """In ms, of each transaction, from when it was due."""
    if process.wait() != 0:
        raise RuntimeError("pgbench failed")
    log = pathlib.Path(bus.files.name) / f"pgbench_log.{process.pid}"
    found = [int(line.split()[2]) / 1000 for line in log.read_text().splitlines()]
    log.unlink()
    return found


def publishing(bus, other):
    """Both at SHARED_RATE, at once: the latencies of each."""
    both = [(place, publisher(place, PUBLISH_SECS)) for place in (bus, other)]
    return [latencies(place, process) for place, process in both]


def subscribers(bus, other):
    """
    What subscribers do takes a processor from publishers where both are on one small machine; so would anybody else's work.
    What they must not do is make a publisher's work longer: locks to wait for, notifications to send, a log of writes to share,
    tables that grew. So two clusters publish alike at the same moments, and the subscribers read from one of them.
    """
    def reading(place):
        with place.consumers(SUBSCRIPTIONS) if place else contextlib.nullcontext():
            found = publishing(bus, other)
            bus.settle()
            other.settle()
        return found
    nowhere = [reading(None) for _ in range(3)]
    here, there = pairs.in_turn(2 * ROUNDS, lambda: reading(bus), lambda: reading(other))
    read = [a for a, _ in here] + [b for _, b in there]
    unread = [b for _, b in here] + [a for a, _ in there]
    of_all = [sorted(sum(found, [])) for found in (unread, read)]
    p95, mean = ([f(found) for found in of_all] for f in (lambda found: found[len(found) * 95 // 100], statistics.mean))
    alone = statistics.median(ms for both in nowhere for found in both for ms in found)
    medians = [[statistics.median(found) for found in some] for some in (unread, read)]
    print(f"{'with 5 subscribers':27} {pairs.ratio(*medians)} of a publisher's median of {statistics.median(of_all[0]):.2f} ms, {p95[0] / p95[1]:.2f} of p95 {p95[0]:.2f} ms, "
          f"{mean[0] / mean[1]:.2f} of the mean {mean[0]:.2f} ms, at the same moments, where they read another cluster  aim 0.95  "
          f"(at {SHARED_RATE}/s; median {alone:.2f} ms while they are away)", flush=True)


def delivery(bus):
    bus.sql("truncate public.effect")
    with bus.consumers(SUBSCRIPTIONS):
        bus.sql(f"""insert into bus.outbox (topic, aggregate_type, aggregate_id, order_key, payload, headers)
            select 'order.placed', 'order', i::text, i::text, '{{"order_id": "0198f1c2-7f4e-7a31-8e0d-5b1f6a2c9d10", "total_minor": 4380}}', '{{}}'
              from generate_series(1, {BACKLOG}) i""")
        begun = time.monotonic()
        bus.until(f"select count(*) >= {BACKLOG * SUBSCRIPTIONS} from public.effect")
        secs = time.monotonic() - begun
    print(f"{'delivered':27} {BACKLOG * SUBSCRIPTIONS / secs:8.0f}/s  {BACKLOG} events to {SUBSCRIPTIONS} subscriptions, an insert each", flush=True)


def latency(bus):
    bus.sql("truncate public.effect, public.purchase")
    with bus.consumers(1):
        bus.pgbench(script(PURCHASE, EVENT), pairs.SLICE * ROUNDS, "-R", str(RATE))
        bus.settle()
        count, p50, p99 = bus.sql("""select count(*), round(1000 * percentile_cont(0.5) within group (order by ms)::numeric, 2),
            round(1000 * percentile_cont(0.99) within group (order by ms)::numeric, 2)
            from (select extract(epoch from pg_xact_commit_timestamp(e.xmin) - pg_xact_commit_timestamp(p.xmin)) as ms
            from public.effect e join public.purchase p using (number)) t""").split("|")
    print(f"{'commit to effect':27} p50 {p50} ms  p99 {p99} ms  of {count} events at {RATE}/s  aim 20 and 100", flush=True)


def idle(bus):
    """While nothing happens, for a while already."""
    with bus.consumers(SUBSCRIPTIONS):
        time.sleep(10)
        before, begun = bus.cpu_secs(), time.monotonic()
        time.sleep(5)
        used = (bus.cpu_secs() - before) / (time.monotonic() - begun)
    print(f"{'idle':27} {100 * used:.2f} % of a core: database, sequencer, {SUBSCRIPTIONS} consumers", flush=True)


def beside_another(bus):
    other = Bus()
    try:
        other.sequencer()
        other.pgbench(script(PURCHASE, EVENT), 1)
        subscribers(bus, other)
    finally:
        other.close()


def main():
    print(f"the bus: {os.cpu_count()} cores, {CLIENTS} clients, {ROUNDS} slices of {pairs.SLICE} s each", flush=True)
    settings_of_make_run()
    bus = Bus()
    try:
        bus.sequencer()
        bus.pgbench(script(PURCHASE, EVENT), 1)
        emitting(bus)
        latency(bus)
        delivery(bus)
        idle(bus)
        beside_another(bus)
    finally:
        bus.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
