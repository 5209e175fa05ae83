"""Signing in: what a flood of it does to everybody else, what it tells of who exists, and what a token costs."""
import os
import statistics
import threading
import time

import timing
from shop import unique

FLOOD_CLIENTS = int(os.environ.get("FLOOD", "32"))
FLOOD_SECS = 6
SAMPLES = 200
PASSWORD = "a few words in a row"


def post(shop, path, body):
    return shop.api("POST", path, body)


def register(shop, address):
    return post(shop, "/auth/register", {"email": address, "password": PASSWORD, "name": "Bench"})


class Flood:
    """So many clients that sign in with wrong passwords, each time for another account."""

    def __init__(self, shop, clients):
        self.shop, self.statuses = shop, {}
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(clients)]

    def run(self):
        while not self.stop.is_set():
            status = post(self.shop, "/auth/login", {"email": f"{unique()}@example.org", "password": PASSWORD}).status
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if status == 503:
                self.stop.wait(1)

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for t in self.threads:
            t.join()


def probe(shop, token, slug, secs):
    """Milliseconds of requests that need no password, while something else goes on."""
    paths = {"who am I": ("/api/v1/me", {"Authorization": f"Bearer {token}"}), "sign-in form": ("/login", {}), "product API": (f"/api/v1/products/{slug}", {})}
    taken = {name: [] for name in paths}
    end = time.monotonic() + secs
    while time.monotonic() < end:
        for name, (path, headers) in paths.items():
            start = time.perf_counter()
            status = shop.request("GET", path, headers=headers).status
            taken[name].append((time.perf_counter() - start) * 1000)
            if status != 200:
                raise RuntimeError(f"{path}: {status}")
            time.sleep(0.005)
    return taken


def flood(shop, slug):
    address = f"{unique('bench')}@example.org"
    register(shop, address)
    token = shop.login(address, PASSWORD)["access_token"]
    calm = probe(shop, token, slug, FLOOD_SECS / 2)
    with Flood(shop, FLOOD_CLIENTS) as f:
        time.sleep(0.5)
        begun, before = time.monotonic(), sum(f.statuses.values())
        busy = probe(shop, token, slug, FLOOD_SECS)
        rate = (sum(f.statuses.values()) - before) / (time.monotonic() - begun)
    print(f"{FLOOD_CLIENTS} clients sign in, {rate:.0f}/s; meanwhile, and before:")
    for name, times in busy.items():
        old, quantiles = statistics.quantiles(calm[name], n=100), statistics.quantiles(times, n=100)
        print(f"  {name:26} p50 {quantiles[49]:6.2f} ms ({old[49]:.2f})  p99 {quantiles[98]:6.2f} ms ({old[98]:.2f})", flush=True)


def who_exists(shop):
    known = [f"{unique('known')}@example.org" for _ in range(SAMPLES)]
    for address in known:
        register(shop, address)
    asks = {
        "login": lambda who: post(shop, "/auth/login", {"email": who, "password": "not the password"}),
        "forgot": lambda who: post(shop, "/auth/password/forgot", {"email": who}),
        "register": lambda who: post(shop, "/auth/register", {"email": who, "password": PASSWORD, "name": "Bench"}),
    }
    print(f"whether an account exists, by {SAMPLES} + {SAMPLES} answers' times: 0.50 tells nothing, 1.00 everything")
    for name, ask in asks.items():
        yes, no = timing.alternate(lambda i, ask=ask: ask(known[i]), lambda i, ask=ask: ask(f"{unique('known')}@example.org"), SAMPLES)
        error = timing.auc_error(len(yes), len(no))
        print(f"  {name:26} {timing.auc(yes, no):.2f} +- {error:.2f}  medians {statistics.median(yes) * 1000:.2f} and {statistics.median(no) * 1000:.2f} ms", flush=True)
