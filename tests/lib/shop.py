"""A running shop for tests, and ways to talk to it: the API, the pages without a script, the mailbox.

The runner starts one instance for all test modules and names it in ES_TEST_RUN_DIR; a
module run by itself starts its own through the same make targets and stops it at exit.
"""
import atexit
import email
import email.policy
import html.parser
import http.client
import http.cookiejar
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.parse
import uuid

import contract

ROOT = pathlib.Path(__file__).resolve().parents[2]
CARDS = {
    "good": "4242424242424242", "declined": "4000000000000002", "no_funds": "4000000000009995", "expired": "4000000000000069",
    "wrong_cvc": "4000000000000127", "challenge": "4000000000003220", "retry": "4000000000000119", "silent": "4000000000005126",
}
ADDRESS = {"name": "Mara Lindqvist", "line1": "Gartenweg 7", "city": "Freiburg", "postal_code": "79098", "country": "DE"}


def unique(prefix=""):
    return prefix + uuid.uuid4().hex[:12]


def wait_for(what, probe, secs=20.0, every=0.05):
    """The first true answer of probe(), or a failure that says what was waited for."""
    deadline = time.monotonic() + secs
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {secs:.0f} s for {what}")
        time.sleep(every)


def link_in(message, path):
    """The address after the shop's own in a mail's link to path."""
    text = message.get_body(("plain",)).get_content()
    found = re.search(rf"https?://[^/\s]+({re.escape(path)}\?token=[\w-]+)", text)
    if not found:
        raise AssertionError(f"no link to {path} in: {text}")
    return found[1]


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]
    finally:
        for s in sockets:
            s.close()


def make(target, run_dir, **variables):
    words = [f"{k}={v}" for k, v in variables.items()]
    build = os.environ.get("BUILD", "build/dev").removeprefix("build/")
    mode = build.removesuffix("-clang")
    compiler = ["CC=clang"] if build.endswith("-clang") else []
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "BUILD")}
    return subprocess.run(["make", "-s", target, f"RUN_DIR={run_dir}", f"MODE={mode}", *compiler, *words], cwd=ROOT, env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)


class Response:
    def __init__(self, status, headers, body, url=""):
        self.status, self.headers, self.body, self.url = status, headers, body, url

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.url} {self.body[:600]!r}"


class Shop:
    def __init__(self, run_dir):
        self.run_dir = pathlib.Path(run_dir)
        self.settings = json.loads((self.run_dir / "instance.json").read_text())
        self.variables = {"FAULT": 1} if self.settings["build"].endswith("/fault") else {}
        self.url = self.settings["public_url"]
        self.port = self.settings["port"]
        self.internal = self.settings["internal_port"]
        self._admin_token = None
        self.contract = contract.Contract.load()

    # ------------------------------------------------------------ start and stop
    @classmethod
    def start(cls, **variables):
        # Where an unprivileged user can go, whatever the mode of the usual temporary folders.
        folder = pathlib.Path(tempfile.mkdtemp(prefix="ecostore-shop-"))
        folder.chmod(0o755)
        run_dir = folder / "run"
        variables.setdefault("PORT", free_ports(1)[0])
        done = make("start", run_dir, **variables)
        if done.returncode != 0:
            shutil.rmtree(folder, ignore_errors=True)
            raise RuntimeError(f"make start: {done.stdout}")
        return cls(run_dir)

    def make(self, target, **variables):
        return make(target, self.run_dir, **self.variables, **variables)

    def stop(self):
        self.make("reset", YES=1)
        shutil.rmtree(self.run_dir.parent, ignore_errors=True)

    # ------------------------------------------------------------ HTTP
    def request(self, method, path, body=None, headers=None, port=None):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=60)
        try:
            connection.request(method, path, body=body, headers={"Host": f"localhost:{port or self.port}", **(headers or {})})
            answer = connection.getresponse()
            return Response(answer.status, answer.headers, answer.read(), path)
        finally:
            connection.close()

    def api(self, method, path, body=None, token=None, key=None, headers=None, raw=None):
        """body: a value to send as JSON; raw: bytes to send as they are."""
        all_headers = dict(headers or {})
        if token:
            all_headers["Authorization"] = f"Bearer {token}"
        if key:
            all_headers["Idempotency-Key"] = key
        data = raw
        if body is not None:
            data = json.dumps(body).encode()
        if data is not None:
            all_headers.setdefault("Content-Type", "application/json")
        path = path if path.startswith(("/api/", "/.well", "/webhooks")) else "/api/v1" + path
        answer = self.request(method, path, data, all_headers)
        faults = self.contract.faults(method, path, answer.status, answer.headers.get("Content-Type", ""), answer.body)
        if faults:
            raise AssertionError("an answer breaks its contract: " + "; ".join(faults))
        return answer

    def new_key(self):
        return str(uuid.uuid4())

    # ------------------------------------------------------------ behind its back
    def sql(self, query):
        """As PostgreSQL's superuser; rows of JSON."""
        conf = (self.run_dir / "pg" / "postgresql.conf").read_text(encoding="utf-8")
        sockets = re.search(r"^unix_socket_directories = '(.*)'", conf, re.M)[1]
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", sockets, "-p", "5432", "-U", "postgres", "-d", "ecostore", "-c", query],
                              env={**os.environ, "PGPASSFILE": str(self.run_dir / "secret" / "postgres.pgpass")},
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True, text=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    # ------------------------------------------------------------ people
    @property
    def admin_email(self):
        return (self.run_dir / "admin").read_text().strip()

    @property
    def admin_password(self):
        return (self.run_dir / "secret" / "admin-password").read_text().strip()

    def admin(self):
        """An access token with every permission."""
        if self._admin_token is None or self._admin_token[1] < time.monotonic():
            answer = self.login(self.admin_email, self.admin_password)
            self._admin_token = (answer["access_token"], time.monotonic() + answer["expires_in"] - 120)
        return self._admin_token[0]

    def login(self, address, password):
        r = self.api("POST", "/auth/login", {"email": address, "password": password})
        if r.status != 200:
            raise AssertionError(f"login: {r}")
        return r.json

    def customer(self, name="Mara Lindqvist"):
        """A new customer, signed in: the answer of login plus email and password."""
        address, password = f"{unique('c')}@example.org", unique("pass-")
        r = self.api("POST", "/auth/register", {"email": address, "password": password, "name": name})
        if r.status != 201:
            raise AssertionError(f"register: {r}")
        return {**self.login(address, password), "email": address, "password": password}

    # ------------------------------------------------------------ goods
    def import_rows(self, rows):
        """Through the staff API; the finished report."""
        data = "".join(json.dumps(r) + "\n" for r in rows).encode()
        r = self.api("POST", "/imports", raw=data, token=self.admin(), headers={"Content-Type": "application/x-ndjson"})
        if r.status != 202:
            raise AssertionError(f"import: {r}")
        path = f"/imports/{r.json['id']}"

        def finished():
            report = self.api("GET", path, token=self.admin())
            return report.json if report.json.get("state") not in ("queued", "pending", "waiting", "running") else None
        return wait_for("the import to finish", finished, 60)

    def new_product(self, stock=10, amount=1990, **fields):
        """A product of one variant that can be bought; its SKU."""
        sku = unique("T-").upper()
        row = {"sku": sku, "name": f"Test cup {sku}", "description": "For tests.", "brand": "Tests", "category": ["Kitchen", "Cups"],
               "price": {"amount": amount, "currency": "EUR"}, "stock": stock, **fields}
        report = self.import_rows([row])
        if report.get("created") != 1:
            raise AssertionError(f"import: {report}")
        return sku

    def stock(self, sku):
        r = self.api("GET", f"/stock/{urllib.parse.quote(sku)}", token=self.admin())
        if r.status != 200:
            raise AssertionError(f"stock: {r}")
        return r.json

    # ------------------------------------------------------------ buying
    def cart(self, sku, quantity=1, country="DE", token=None, **more):
        r = self.api("POST", "/carts", {"lines": [{"sku": sku, "quantity": quantity}],
                                        "destination": {"country": country, "postal_code": "79098"}, **more}, token=token)
        if r.status != 201:
            raise AssertionError(f"cart: {r}")
        return r.json

    def order_body(self, cart, address=None):
        return {"cart_id": cart["id"], "email": address or f"{unique('b')}@example.org", "shipping_address": ADDRESS,
                "shipping_option": cart["shipping_options"][0]["id"]}

    def order(self, sku, quantity=1, address=None, token=None):
        r = self.api("POST", "/orders", self.order_body(self.cart(sku, quantity, token=token), address), key=self.new_key(), token=token)
        if r.status != 201:
            raise AssertionError(f"order: {r}")
        return r.json

    def card(self, which="good"):
        return {"card": {"number": CARDS[which], "exp_month": 12, "exp_year": 2031, "cvc": "123", "name": "Mara Lindqvist"}}

    def pay(self, order, which="good", key=None):
        return self.api("POST", f"/payments/{order['payment']['id']}/confirm", self.card(which), key=key or self.new_key())

    def order_status(self, order):
        return self.api("GET", f"/orders/{order['id']}", headers={"Order-Token": order["tracking_token"]}).json["status"]

    def wait_status(self, order, status, secs=20):
        wait_for(f"order {order['number']} to be {status}", lambda: self.order_status(order) == status, secs)

    def paid_order(self, sku, quantity=1, address=None):
        order = self.order(sku, quantity, address)
        r = self.pay(order)
        if r.status != 200 or r.json["status"] not in ("succeeded", "authorized"):
            raise AssertionError(f"pay: {r}")
        self.wait_status(order, "paid")
        return order

    # ------------------------------------------------------------ mail
    def mails(self, to=None):
        found = []
        for path in sorted((self.run_dir / "mail" / "new").glob("*")) if (self.run_dir / "mail" / "new").is_dir() else []:
            try:
                message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            except FileNotFoundError:
                continue
            if to is None or to in str(message["To"]):
                found.append(message)
        return found

    def wait_mail(self, to, subject=".", secs=20):
        return wait_for(f"mail to {to} about {subject}", lambda: next((m for m in self.mails(to) if re.search(subject, str(m["Subject"]))), None), secs)


class Page(html.parser.HTMLParser):
    """Enough of a page to use it: its forms with their fields, links, title, text."""

    VOID = {"input", "br", "img", "meta", "link", "hr"}

    def __init__(self, response):
        super().__init__(convert_charrefs=True)
        self.response, self.status, self.url = response, response.status, response.url
        self.forms, self.links, self.title, self.words = [], [], "", []
        self.elements = []
        self._form = self._select = self._textarea = None
        self._in_title = self._hidden = False
        self.feed(response.text)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        self.elements.append((tag, a))
        if tag == "form":
            self._form = {"action": a.get("action") or self.url, "method": a.get("method", "get").lower(), "fields": [], "buttons": [], "attrs": a}
            self.forms.append(self._form)
        elif tag == "a" and "href" in a:
            self.links.append(a["href"])
        elif tag == "title":
            self._in_title = True
        elif tag in ("script", "style"):
            self._hidden = True
        elif self._form is not None:
            self._control(tag, a)

    def _control(self, tag, a):
        name = a.get("name")
        if tag == "button" or (tag == "input" and a.get("type") == "submit"):
            if a.get("type", "submit") == "submit":
                self._form["buttons"].append((name, a.get("value") or ""))
        elif tag == "input" and name and "disabled" not in a:
            if a.get("type") not in ("checkbox", "radio") or "checked" in a:
                self._form["fields"].append([name, a.get("value") or ("on" if a.get("type") == "checkbox" else "")])
            else:
                self._form.setdefault("choices", {}).setdefault(name, []).append(a.get("value"))
        elif tag == "select" and name:
            self._select = [name, None]
        elif tag == "option" and self._select:
            if "selected" in a or self._select[1] is None:
                self._select[1] = a.get("value") or ""
        elif tag == "textarea" and name:
            self._textarea = [name, ""]

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        elif tag == "select" and self._select:
            self._form["fields"].append([self._select[0], self._select[1] or ""])
            self._select = None
        elif tag == "textarea" and self._textarea:
            self._form["fields"].append(self._textarea)
            self._textarea = None
        elif tag == "title":
            self._in_title = False
        elif tag in ("script", "style"):
            self._hidden = False

    def handle_data(self, data):
        if self._textarea:
            self._textarea[1] += data
        elif self._in_title:
            self.title += data
        elif not self._hidden:
            self.words.append(data)

    def form(self, action):
        """The first form whose action matches the pattern."""
        for f in self.forms:
            if re.search(action, f["action"]):
                return f
        raise AssertionError(f"{self.url} ({self.status}) has no form for {action}; it has {[f['action'] for f in self.forms]}: {self.text[:400]}")

    def link(self, pattern):
        for href in self.links:
            if re.search(pattern, href):
                return href
        raise AssertionError(f"{self.url} ({self.status}) has no link {pattern}: {self.text[:400]}")


class Browser:
    """A person without JavaScript: cookies, forms, 303s."""

    def __init__(self, shop):
        self.shop = shop
        self.cookies = {}
        self.page = None

    def _fetch(self, method, path, body=None, headers=None):
        headers = dict(headers or {}, Accept="text/html")
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        r = self.shop.request(method, path, body, headers)
        for line in r.headers.get_all("Set-Cookie") or []:
            pair, *attributes = line.split(";")
            name, _, value = pair.strip().partition("=")
            gone = any(a.strip().lower() in ("max-age=0", "max-age=-1") for a in attributes) or value == ""
            if gone:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return r

    def _follow(self, r, path):
        hops = 0
        while r.status in (301, 302, 303, 307, 308):
            hops += 1
            if hops > 10:
                raise AssertionError(f"{path} redirects for ever")
            path = self._local(r.headers["Location"])
            r = self._fetch("GET", path)
        r.url = path
        self.page = Page(r)
        return self.page

    def _local(self, location):
        parts = urllib.parse.urlsplit(location)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def get(self, path, expect=200):
        page = self._follow(self._fetch("GET", self._local(path)), path)
        if expect and page.status != expect:
            raise AssertionError(f"GET {path}: {page.response}")
        return page

    def click(self, pattern, expect=200):
        return self.get(self.page.link(pattern), expect)

    def submit(self, action, values=None, button=None, expect=200, files=None):
        """Fill in the form whose action matches, and send it."""
        form = self.page.form(action)
        fields = [[n, v] for n, v in form["fields"]]
        for name, value in (values or {}).items():
            hit = [f for f in fields if f[0] == name]
            if hit:
                hit[0][1] = value
            else:
                fields.append([name, value])
        for name, value in form["buttons"]:
            if name and (button is None or value == button):
                fields.append([name, value])
                break
        data = urllib.parse.urlencode([(n, v) for n, v in fields])
        target = self._local(urllib.parse.urljoin(self.page.url, form["action"]))
        if form["method"] == "get":
            return self.get(target.split("?")[0] + "?" + data, expect)
        r = self._fetch("POST", target, data.encode(), {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.shop.url})
        page = self._follow(r, target)
        if expect and page.status != expect:
            raise AssertionError(f"POST {target} {data}: {page.response}")
        return page


_shop = None


def instance(**variables):
    """The shop all tests of this process talk to; variables: of make start, when it is to be started."""
    global _shop
    if _shop is None:
        given = os.environ.get("ES_TEST_RUN_DIR")
        if given:
            _shop = Shop(given)
        else:
            _shop = Shop.start(**variables)
            atexit.register(_shop.stop)
    return _shop


class ShopTest(unittest.TestCase):
    """A test that needs the shop: self.shop."""

    variables = {}

    @classmethod
    def setUpClass(cls):
        cls.shop = instance(**cls.variables)

    def assert_problem(self, response, status, code=None):
        self.assertEqual(response.status, status, response)
        self.assertTrue(response.headers["Content-Type"].startswith("application/problem+json"), response.headers["Content-Type"])
        problem = response.json
        self.assertEqual(problem["status"], status)
        for member in ("type", "title", "code", "request_id"):
            self.assertTrue(problem.get(member), f"{member} in {problem}")
        self.assertEqual(problem["request_id"], response.headers["X-Request-Id"])
        if code:
            self.assertEqual(problem["code"], code, problem)
        return problem
