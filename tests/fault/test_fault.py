"""Kill anything, lose nothing.

8 clients make purchases (cart, order, payment) while a random process of the shop (a master,
a worker, a consumer, the sequencer, the mock provider) is killed with -9 every 200 ms. A client
retries what failed, with the same Idempotency-Key and never with another. Afterwards there are
exactly as many orders, captures and confirmations by Message-ID as purchases, and stock, ledger,
sagas and the bus add up.

40 purchases in `make test`, 100 in `make test-fault`; PURCHASES=, SEED= choose others.
"""
import collections
import concurrent.futures
import contextlib
import http.client
import os
import pathlib
import random
import signal
import subprocess
import threading
import time
import unittest

from shop import ShopTest, make, unique, wait_for

PURCHASES = int(os.environ.get("PURCHASES", "40"))
SEED = int(os.environ.get("SEED", str(random.randrange(1 << 30))))
CLIENTS = 8
EVERY_SECS = 0.2
GIVE_UP_SECS = 90
# A lease of a job that its worker took into the grave runs out first.
SETTLE_SECS = 90
STOCK = 1000
# What is tested is the shop; these are other people's programs.
SPARED = ("postgres", "nginx", "mail")


# ---------------------------------------------------------------- who may be killed

def children(pid):
    with contextlib.suppress(OSError):
        return [int(c) for c in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def command(pid):
    with contextlib.suppress(OSError):
        return [w.decode("utf-8", "replace") for w in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]]
    return []


def victims(runsvdir):
    """(what, pid, parent) of every process of the shop below this instance's own runsvdir."""
    found = []
    for runsv in children(runsvdir):
        name = (command(runsv) + ["", ""])[1]
        if name in SPARED:
            continue
        for master in children(runsv):
            if not command(master) or command(master)[0].endswith("svlogd"):
                continue
            found.append((f"{name} master", master, runsv))
            found += [(f"{name} child", child, master) for child in children(master)]
    return found


def kill(pid, parent):
    """Only if it still is that parent's child: a number may have been given to someone else since."""
    with contextlib.suppress(OSError):
        handle = os.pidfd_open(pid)
        try:
            if pid in children(parent):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
                return True
        finally:
            os.close(handle)
    return False


class Killer(threading.Thread):
    def __init__(self, runsvdir):
        super().__init__(daemon=True)
        self.runsvdir, self.random = runsvdir, random.Random(SEED)
        self.killed, self.over = collections.Counter(), threading.Event()

    def run(self):
        while not self.over.wait(EVERY_SECS):
            who = victims(self.runsvdir)
            if who:
                what, pid, parent = self.random.choice(who)
                self.killed[what] += kill(pid, parent)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


# ---------------------------------------------------------------- a client that does not give up

class Client:
    def __init__(self, shop):
        self.shop, self.retries = shop, collections.Counter()

    def until(self, what, good, *request, key=None):
        deadline, answer = time.monotonic() + GIVE_UP_SECS, None
        while time.monotonic() < deadline:
            try:
                answer = self.shop.api(*request, key=key)
                if answer.status == good:
                    return answer.json
                if answer.status < 500 and "Retry-After" not in answer.headers:
                    raise AssertionError(f"{what}: {answer}")
                self.retries[f"{what} {answer.status}"] += 1
            except (OSError, http.client.HTTPException) as e:
                self.retries[f"{what} {type(e).__name__}"] += 1
            time.sleep(0.05)
        raise AssertionError(f"{what}: not done after {GIVE_UP_SECS} s, last {answer}")

    def purchase(self, sku, mail):
        cart = self.until("cart", 201, "POST", "/carts", {"lines": [{"sku": sku, "quantity": 1}], "destination": {"country": "DE", "postal_code": "79098"}})
        order = self.until("order", 201, "POST", "/orders", self.shop.order_body(cart, mail), key=self.shop.new_key())
        payment = f"/payments/{order['payment']['id']}"
        paid = self.until("pay", 200, "POST", payment + "/confirm", self.shop.card(), key=self.shop.new_key())
        deadline = time.monotonic() + GIVE_UP_SECS
        while paid["status"] == "processing" and time.monotonic() < deadline:
            time.sleep(0.1)
            paid = self.until("poll", 200, "GET", payment)
        if paid["status"] != "succeeded":
            raise AssertionError(f"payment of {order['number']}: {paid}")
        return order


# ---------------------------------------------------------------- what must be true afterwards

# For the orders of one SKU: what, the query, and what it must answer for N purchases of total T.
FACTS = (
    ("orders", "select count(distinct order_id) from orders.line where sku = :'sku'", "N"),
    ("orders paid", "select count(*) from the_orders where payment_status = 'succeeded' and status = 'paid'", "N"),
    ("sagas in their place", """select count(*) from (select order_id, string_agg(step || ' ' || state, ', ' order by step) as steps
        from orders.saga_step where order_id in (select id from the_orders) group by 1) s
        where steps = 'await_payment done, deliver pending, open_payment done, reserve_stock done, ship pending'
           or steps = 'await_payment done, open_payment done, reserve_stock done, ship pending'""", "N"),
    ("payments succeeded", "select count(*) from payment.intent where order_id in (select id from the_orders) and status = 'succeeded' and captured_minor = amount_minor", "N"),
    ("captures in the ledger", "select count(*) from payment.posting p join payment.intent i on i.id = p.payment_id where i.order_id in (select id from the_orders) and kind = 'capture'", "N"),
    ("cents in the ledger", """select (sum(abs(e.amount_minor)) / 2)::bigint from payment.entry e join payment.posting p on p.id = e.posting_id
        join payment.intent i on i.id = p.payment_id where i.order_id in (select id from the_orders)""", "T"),
    ("charges at the provider", "select count(*) from mock_provider.charge where status = 'succeeded' and reference in (select number from the_orders)", "N"),
    ("orders in the figures", "select count(*) from analytics.order_fact where paid_at is not null and order_id in (select id from the_orders)", "N"),
    ("events waiting or given up", "select count(*) from bus.parked where state <> 'skipped'", "0"),
    ("jobs given up", "select count(*) from bus.job where state = 'dead'", "0"),
)


class FaultTest(ShopTest):
    def test_purchases_while_processes_die(self):
        mails = [f"{unique('fault')}@example.org" for _ in range(PURCHASES)]
        sku = self.shop.new_product(stock=STOCK)
        clients = [Client(self.shop) for _ in range(CLIENTS)]
        begun = time.monotonic()
        with Killer(self.runsvdir()) as killer, concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            jobs = [pool.submit(clients[n % CLIENTS].purchase, sku, mail) for n, mail in enumerate(mails)]
            orders = [j.result() for j in jobs]
        self.tell(time.monotonic() - begun, killer, clients)
        self.assertEqual(len({o["number"] for o in orders}), PURCHASES)
        begun = time.monotonic()
        total = sum(o["totals"]["total"]["amount"] for o in orders)
        for what, query, expected in FACTS:
            with self.subTest(what):
                self.becomes(what, query, sku, str({"N": PURCHASES, "T": total, "0": 0}[expected]))
        self.assert_mails(orders, mails)
        stock = self.shop.stock(sku)
        self.assertEqual((stock["on_hand"], stock["reserved"]), (STOCK, PURCHASES), stock)
        wait_for("everything to be ready again", lambda: make("status", self.shop.run_dir).returncode == 0)
        print(f"all settled {time.monotonic() - begun:.1f} s later", flush=True)

    def runsvdir(self):
        pid = int((self.shop.run_dir / "runsvdir.pid").read_text())
        self.assertIn(str(self.shop.run_dir.resolve() / "sv"), command(pid))
        return pid

    @staticmethod
    def tell(secs, killer, clients):
        retries = sum((c.retries for c in clients), collections.Counter())
        print(f"SEED={SEED}: {PURCHASES} purchases in {secs:.1f} s while {sum(killer.killed.values())} processes were killed: "
              + ", ".join(f"{n} {c}" for n, c in killer.killed.most_common()))
        print("retries: " + (", ".join(f"{k} {v}" for k, v in retries.most_common()) or "none"), flush=True)

    def query(self, sku, sql):
        conninfo = (self.shop.run_dir / "pg" / "postgresql.conf").read_text().split("unix_socket_directories = '")[1].split("'")[0]
        orders = "create temp view the_orders as select o.* from orders.orders o where id in (select order_id from orders.line where sku = '" + sku + "');"
        done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-v", f"sku={sku}", "-h", conninfo, "-p", "5432", "-U", "postgres", "-d", "ecostore"],
                              input=orders + sql, env={**os.environ, "PGPASSFILE": str(self.shop.run_dir / "secret" / "postgres.pgpass")},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout.strip()

    def becomes(self, what, sql, sku, expected):
        last = []

        def probe():
            last[:] = [self.query(sku, sql)]
            return last[0] == expected
        try:
            wait_for(what, probe, SETTLE_SECS, every=0.2)
        except AssertionError:
            self.fail(f"{what}: {last[0]} instead of {expected}")

    def assert_mails(self, orders, mails):
        """Each order is confirmed; a second copy is the same message again."""
        def confirmations():
            found = collections.defaultdict(set)
            for m in self.shop.mails("fault"):
                to = m["To"].addresses[0].addr_spec
                if to in mails:
                    found[to].add(str(m["Message-ID"]))
            return found
        wait_for("all confirmations", lambda: len(confirmations()) == len(orders), SETTLE_SECS, every=0.5)
        doubled = {to: ids for to, ids in confirmations().items() if len(ids) != 1}
        self.assertFalse(doubled, "confirmed with different Message-IDs")
        self.assertEqual(len(set.union(*confirmations().values())), PURCHASES)


if __name__ == "__main__":
    unittest.main()
