"""Kill anything, lose nothing.

8 clients make purchases (cart, order, payment) while a random process of the shop (a master,
a worker, a consumer, the sequencer, the mock provider) is killed with -9 every 200 ms. A client
retries what failed, with the same Idempotency-Key and never with another. Afterwards there are
exactly as many paid orders as purchases, and everything adds up (tests/lib/facts.py).

40 purchases in `make test`, 100 in `make test-fault`; PURCHASES=, SEED= choose others.
"""
import collections
import concurrent.futures
import contextlib
import os
import pathlib
import random
import signal
import threading
import time
import unittest

from buyer import Buyer
from facts import assert_settled
from shop import ShopTest, unique, wait_for

PURCHASES = int(os.environ.get("PURCHASES", "40"))
SEED = int(os.environ.get("SEED", str(random.randrange(1 << 30))))
CLIENTS = 8
EVERY_SECS = 0.2
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


class FaultTest(ShopTest):
    variables = {"FAULT": 1}

    def test_purchases_while_processes_die(self):
        mails = [f"{unique('fault')}@example.org" for _ in range(PURCHASES)]
        sku = self.shop.new_product(stock=STOCK)
        clients = [Buyer(self.shop) for _ in range(CLIENTS)]
        begun = time.monotonic()
        with Killer(self.runsvdir()) as killer, concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            jobs = [pool.submit(clients[n % CLIENTS].purchase, sku, mail) for n, mail in enumerate(mails)]
            orders = [j.result() for j in jobs]
        self.tell(time.monotonic() - begun, killer, clients)
        begun = time.monotonic()
        assert_settled(self.shop)
        self.assertEqual(len({o["number"] for o in orders}), PURCHASES)
        self.assertEqual({self.shop.order_status(o) for o in orders}, {"paid"})
        self.assertEqual(self.shop.sql(f"select count(*) from orders.line where sku = '{sku}'"), [PURCHASES])
        stock = self.shop.stock(sku)
        self.assertEqual((stock["on_hand"], stock["reserved"]), (STOCK, PURCHASES), stock)
        wait_for("everything to be ready again", lambda: self.shop.make("status").returncode == 0)
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


if __name__ == "__main__":
    unittest.main()
