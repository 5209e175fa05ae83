"""What is away for a while: PostgreSQL, killed and restarted again and again, or one service.

Meanwhile every answer comes soon, and is the right one or 503 with Retry-After: a problem for programs, a page for people.
Afterwards nothing that was acknowledged is lost, everybody works again by themselves, and everything adds up
(tests/lib/facts.py). And what stood in addresses and bodies as a key stands in no log.
"""
import concurrent.futures
import contextlib
import os
import re
import signal
import subprocess
import threading
import time
import unittest
import uuid

from buyer import Buyer
from facts import assert_settled
from shop import Browser, ShopTest, link_in, unique, wait_for

BUYERS = 4
READERS = 2
OUTAGES = int(os.environ.get("OUTAGES", "4"))
ANSWERED_WITHIN_SECS = 8
# Of one service while it is away: an address of its API, and one of its pages (None: it has none that need no sign-in).
ROUTES = {
    "cart-service": ("/carts/{id}", "/cart"),
    "order-service": ("/orders/track/{id}", "/track/{id}"),
    "payment-service": ("/payments/{id}", "/pay/{id}"),
    "auth-service": ("/me", "/login"),
    "notification-service": ("/notifications", "/admin/messages"),
    "inventory-service": ("/stock", "/admin/inventory"),
}


class Postgres:
    """The shop's own, and ways to lose it."""

    def __init__(self, run_dir):
        self.folder, self.sv = run_dir.resolve() / "pg", run_dir / "sv" / "postgres"

    @property
    def pid(self):
        return int((self.folder / "postmaster.pid").read_text().split()[0])

    def immediate(self):
        """pg_ctl -m immediate stop: every process of it quits at once, as in a crash; runit starts it again."""
        os.kill(self.pid, signal.SIGQUIT)

    def kill_9(self):
        os.kill(self.pid, signal.SIGKILL)

    def restart(self):
        """As an operator does; it must not wait for its clients to leave."""
        self.control("t")

    def away(self, secs=2.5):
        self.control("d")
        time.sleep(secs)
        self.control("u")

    def control(self, letter):
        with open(self.sv / "supervise" / "control", "w", encoding="ascii") as pipe:
            pipe.write(letter)

    def answers(self):
        conf = (self.folder / "postgresql.conf").read_text(encoding="utf-8")
        sockets = re.search(r"^unix_socket_directories = '(.*)'", conf, re.M)[1]
        return subprocess.run(["pg_isready", "-q", "-h", sockets, "-p", "5432", "-U", "postgres"], check=False).returncode == 0


class Watch:
    """What every answer is measured by; what is wrong is kept for the end."""

    def __init__(self):
        self.lock, self.wrong, self.later, self.slowest, self.count = threading.Lock(), [], 0, 0.0, 0

    def look(self, answer, secs):
        with self.lock:
            self.count += 1
            self.slowest = max(self.slowest, secs)
            if secs > ANSWERED_WITHIN_SECS:
                self.wrong.append(f"{secs:.1f} s: {answer}")
            if answer.status < 500:
                return
            self.later += 1
            kind = answer.headers["Content-Type"]
            wanted = "application/problem+json" if answer.url.startswith("/api/") else "text/html"
            if answer.status != 503 or not answer.headers["Retry-After"] or not kind.startswith(wanted):
                self.wrong.append(f"{answer} ({kind}, Retry-After {answer.headers['Retry-After']})")

    def on(self, shop):
        """Every request of a shop is measured, whoever makes it."""
        plain = shop.request

        def measured(*given, **more):
            begun = time.monotonic()
            answer = plain(*given, **more)
            self.look(answer, time.monotonic() - begun)
            return answer
        return measured


class OutageTest(ShopTest):
    variables = {"FAULT": 1}

    def setUp(self):
        self.postgres = Postgres(self.shop.run_dir)
        self.sku = self.shop.new_product(stock=10000)
        self.shop.admin()
        self.keys = set()

    def healed(self):
        wait_for("everything to be ready again", lambda: self.shop.make("status").returncode == 0, 30)

    # ------------------------------------------------------------ the database
    def buy(self, over, bought):
        """Until it is over. A cart may be lost with a crash (its edits wait for no disk): then there is another."""
        buyer = Buyer(self.shop)
        while not over.is_set():
            mail = f"{unique('outage')}@example.org"
            try:
                order = buyer.place(self.sku, mail)
            except AssertionError as e:
                if "cart_not_found" not in str(e) and " 404 " not in str(e):
                    raise
                continue
            bought.append((order, buyer.confirm(order)["status"]))

    def read(self, over, bought):
        address, password = self.shop.admin_email, self.shop.admin_password
        while not over.is_set():
            for path in ("/", "/cart", "/login", f"/search?q={self.sku}", f"/track/{uuid.uuid4()}", "/api/v1/products?limit=1", "/api/v1/orders/track/" + str(uuid.uuid4())):
                self.shop.request("GET", path)
            self.shop.api("POST", "/auth/login", {"email": address, "password": password})
            for order, _ in bought[-1:]:
                self.shop.request("GET", f"/track/{order['tracking_token']}")
            time.sleep(0.02)

    @contextlib.contextmanager
    def load(self, bought):
        """Errors of the people in it are errors of the test."""
        over, failed = threading.Event(), []

        def run(what):
            try:
                what(over, bought)
            except BaseException as e:  # noqa: B902
                failed.append(e)
        people = [threading.Thread(target=run, args=(w,)) for w in [self.buy] * BUYERS + [self.read] * READERS]
        for p in people:
            p.start()
        try:
            yield
        finally:
            over.set()
            for p in people:
                p.join()
        for e in failed:
            raise e

    def test_database_is_lost_under_load(self):
        watch, bought = Watch(), []
        self.shop.request, plain = watch.on(self.shop), self.shop.request
        try:
            with self.load(bought):
                for n in range(OUTAGES):
                    time.sleep(0.7)
                    before = self.postgres.pid
                    (self.postgres.immediate, self.postgres.away, self.postgres.kill_9, self.postgres.restart)[n % 4]()
                    wait_for("another PostgreSQL", lambda: self.postgres.answers() and self.postgres.pid != before, 30)
                time.sleep(0.7)
        finally:
            self.shop.request = plain
        print(f"{len(bought)} purchases, {watch.count} answers, {watch.later} of them 503, the slowest after {watch.slowest:.1f} s", flush=True)
        self.assertEqual(watch.wrong, [])
        self.assertGreater(watch.later, 0, "nobody noticed")
        self.healed()
        assert_settled(self.shop)
        for order, paid in bought:
            self.assertEqual(paid, "succeeded", order["number"])
            self.assertEqual(self.shop.order_status(order), "paid", order["number"])
        self.shop.customer()

    # ------------------------------------------------------------ one service
    @contextlib.contextmanager
    def without(self, service):
        done = self.shop.make("stop", S=service)
        self.assertEqual(done.returncode, 0, done.stdout)
        try:
            api, page = (p.format(id=uuid.uuid4()) for p in ROUTES[service])
            answer = self.shop.api("GET", api)
            self.assert_problem(answer, 503, "service_unavailable")
            self.assertEqual(answer.headers["Retry-After"], "1")
            answer = self.shop.request("GET", page)
            self.assertEqual((answer.status, answer.headers["Retry-After"]), (503, "1"), page)
            self.assertIn("text/html", answer.headers["Content-Type"])
            self.assertEqual(self.shop.request("GET", "/").status, 200)
            yield
        finally:
            done = self.shop.make("start", S=service)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_one_service_is_away(self):
        """The others go on, and what they left for it is caught up with."""
        shop, buyer = self.shop, Buyer(self.shop)
        mail = f"{unique('away')}@example.org"
        waiting, unwanted = shop.order(self.sku, address=mail), shop.paid_order(self.sku)
        with self.without("order-service"):
            self.assertEqual(shop.pay(waiting).json["status"], "succeeded")
            cart = shop.cart(self.sku)
        buyer.wait_status(waiting, "paid")
        with self.without("payment-service"):
            order = buyer.until("order", 201, "POST", "/orders", shop.order_body(cart), key=shop.new_key())
            buyer.cancel(unwanted)
        self.assertEqual(buyer.confirm(order)["status"], "succeeded")
        wait_for("the refund", lambda: shop.api("GET", f"/payments/{unwanted['payment']['id']}").json["status"] == "refunded")
        with self.without("notification-service"), self.without("inventory-service"):
            buyer.wait_status(order, "paid")
            buyer.ship(order)
        with self.without("cart-service"):
            self.assertEqual(buyer.status(order), "shipped")
        with self.without("auth-service"):
            buyer.purchase(self.sku, mail)
        shop.wait_mail(mail, waiting["number"])
        self.healed()
        assert_settled(shop)

    # ------------------------------------------------------------ what is written down meanwhile
    def test_keys_stand_in_no_log(self):
        """Also when nobody is there to answer, or PostgreSQL has something to say."""
        shop = self.shop
        customer = shop.customer()
        shop.api("POST", "/auth/password/forgot", {"email": customer["email"]})
        reset = link_in(shop.wait_mail(customer["email"], "assword"), "/reset")
        order = shop.order(self.sku)
        keys = {"cart": shop.cart(self.sku)["id"], "payment": order["payment"]["id"], "tracking": order["tracking_token"], "reset": reset.partition("token=")[2],
                "refresh": customer["refresh_token"], "access": customer["access_token"], "password": customer["password"]}
        addresses = [f"/api/v1/carts/{keys['cart']}", f"/api/v1/payments/{keys['payment']}", f"/pay/{keys['payment']}", f"/track/{keys['tracking']}",
                     f"/api/v1/orders/track/{keys['tracking']}", f"/orders/{order['id']}/thanks?token={keys['tracking']}", reset, "/verify" + reset.removeprefix("/reset")]
        browser = Browser(shop)

        def look(path):
            shop.request("GET", path, headers={"Referer": shop.url + path})
            shop.request("POST", path, b"x", {"Content-Type": "application/x-www-form-urlencoded", "Origin": shop.url, "Referer": shop.url + path})

        def visit():
            with concurrent.futures.ThreadPoolExecutor(len(addresses)) as pool:
                list(pool.map(look, addresses))
            browser.get(reset, expect=None)
            shop.api("POST", "/auth/refresh", {"refresh_token": keys["refresh"]})
            shop.api("GET", "/me", token=keys["access"])
        visit()
        with contextlib.ExitStack() as away:
            for service in ("cart-service", "order-service", "payment-service", "auth-service"):
                away.enter_context(self.without(service))
            visit()
        self.postgres.control("d")
        wait_for("PostgreSQL to be gone", lambda: not self.postgres.answers())
        visit()
        self.postgres.control("u")
        wait_for("PostgreSQL", self.postgres.answers)
        self.healed()
        self.refused_twice(order, shop.order(self.sku))
        last = shop.request("GET", "/nowhere").headers["X-Request-Id"]
        access = shop.run_dir / "log" / "nginx" / "access.log"
        wait_for("nginx to have written", lambda: last in access.read_text("utf-8"))
        # What an operator needs to know is there all the same: who did not answer.
        self.assertRegex(access.read_text("utf-8"), r'"uri":"/track/[0-9a-f]{8}-…","status":503,[^\n]*"upstream":"unix:[^"]*/order-service.sock","upstream_status":"502"')
        found = [f"{name} in {path}" for path in sorted((shop.run_dir / "log").rglob("*")) if path.is_file() and not path.is_symlink()
                 for text in [path.read_bytes()] for name, key in keys.items() if key.encode() in text]
        self.assertEqual(found, [])

    def refused_twice(self, order, other):
        """PostgreSQL refuses a second row with the same key, and would say which."""
        with self.assertRaises(subprocess.CalledProcessError):
            self.shop.sql("update orders.orders o set tracking_token = p.tracking_token from orders.orders p "
                          f"where p.id = '{order['id']}' and o.id = '{other['id']}'")


if __name__ == "__main__":
    unittest.main()
