"""Every route, from outside: the headers of what it answers, and hostile text in every parameter it takes.

The routes are what the services say (--routes); the parameters are those of the API document, and the fields of the
forms that pages show. So a new route, parameter or field joins by itself.
"""
import concurrent.futures
import datetime
import json
import os
import re
import unittest
import urllib.parse

from bodies import changed
from routes import FORM, ZERO, Person, all_routes, new_person
from shop import ROOT, Page, Shop
from wanted import SECRETS, Wanted

MARK = "<zq1 onerror=x>\"'"
HOSTILE = [
    MARK, "{{" + MARK + "}}", f"<!--#include virtual=\"/admin\" -->{MARK}", f"</script><script>{MARK}", f"' or 1=1; drop table x -- {MARK}", "\x00", "a\r\nSet-Cookie: es_x=1\r\n\r\n" + MARK,
    "../../../../etc/passwd", "%00%ff%c3%28", "\u202e\ufeff\u200b" + MARK, "9" * 40, "-1", "1e999", "x" * 6000, "💩" * 300, "true", "[]", "${jndi:ldap://127.0.0.1/a}", "javascript:alert(1)//" + MARK,
]
if os.environ.get("HOSTILE") != "all":  # make test-security takes all; here what has the most in one
    HOSTILE = [HOSTILE[i] for i in (0, 1, 4, 5, 6, 8, 10, 13)]
# What would sign out who asks, or ask a paid service to hash for a minute.
ASIDE = re.compile(r"/(logout|refresh)$|^/internal/|/metrics$|^/mock-provider/api/|/sessions$")
# The path of a form's page, with a real id for whoever is asked.
SEEN_ON = ("/", "/login", "/register", "/forgot", "/cart", "/checkout", "/account", "/account/addresses", "/account/addresses/new", "/account/security", "/account/factors", "/account/email",
           "/account/privacy", "/admin", "/admin/orders", "/admin/products", "/admin/products/new", "/admin/categories", "/admin/inventory", "/admin/imports", "/admin/customers", "/admin/payments",
           "/admin/messages", "/admin/team", "/admin/roles", "/admin/api-keys", "/admin/service-accounts", "/admin/audit", "/admin/system")
# Read by the gateway, the gate or a page, whatever the document says of a route.
HEADERS = ("Accept", "Accept-Language", "Authorization", "Content-Type", "If-None-Match", "Origin", "Referer", "Sec-Fetch-Site", "User-Agent", "X-CSRF-Token", "X-Forwarded-For",
           "X-Request-Id", "traceparent")
COOKIES = ("es_session", "es_csrf", "es_cart", "es_orders", "es_name", "es_count", "es_device")


def in_header(text):
    """As a client can send it; None for what would end the line."""
    return None if re.search("[\\0\r\n]", text) else text.encode("utf-8", "surrogatepass").decode("latin-1")


class RoutesTest(unittest.TestCase):
    """In a shop of its own: hostile categories are no place for other tests to shop in."""

    @classmethod
    def setUpClass(cls):
        cls.shop = Shop.start()
        cls.addClassCleanup(cls.shop.stop)
        cls.routes = all_routes()
        cls.document = json.loads((ROOT / "build" / "openapi.json").read_text(encoding="utf-8"))
        cls.staff = new_person(cls.shop, "routes", "admin")
        cls.customer = new_person(cls.shop, "routes", None)
        cls.anonymous = Person("anonymous")
        cls.wanted = Wanted(cls.shop, cls.document, cls.staff)
        cls.begun = datetime.datetime.now(datetime.timezone.utc).isoformat()

    def send_all(self, requests):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            return list(pool.map(lambda r: (r, r[0].send(self.shop, *r[1:])), requests))

    # ------------------------------------------------------------ headers
    def test_headers(self):
        requests = [(who, "GET", route.at({}), route.page) for route in self.routes if route.method == "GET" and route.access != "internal" and not ASIDE.search(route.path)
                    for who in (self.anonymous, self.customer, self.staff)]
        cached = {route.at({}) for route in self.routes if "cached" in route.flags}
        faults = []
        for (who, _method, path, page), answer in self.send_all(requests):
            faults += [f"{path} for {who.name}: {f}" for f in self.header_faults(answer, path, page and path not in cached or path.startswith("/api/v1/me"))]
        self.assertFalse(faults, "\n".join(faults[:20]))

    @staticmethod
    def header_faults(answer, path, personal):
        h = answer.headers
        policy = h.get("Content-Security-Policy", "")
        # What others drew or wrote: its own styles, and otherwise nothing.
        boxed = path.startswith("/media/") or path.endswith("/preview")
        if boxed:
            if not policy.startswith("default-src 'none'; style-src 'unsafe-inline'") or not policy.endswith("; sandbox"):
                yield f"not in a box: {policy}"
        else:
            for needed in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
                if needed not in policy:
                    yield f"no {needed} in {policy!r}"
        if not boxed and re.search(r"unsafe-|\s\*|http:", policy):
            yield f"a policy that allows too much: {policy}"
        for name, value in (("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "SAMEORIGIN" if path.endswith("/preview") else "DENY"), ("Cross-Origin-Opener-Policy", "same-origin")):
            if h.get_all(name) != [value]:
                yield f"{name}: {h.get_all(name)}"
        if h.get("Referrer-Policy") not in ("strict-origin-when-cross-origin", "no-referrer"):
            yield f"Referrer-Policy: {h.get('Referrer-Policy')}"
        if "Strict-Transport-Security" in h:
            yield "HSTS over plain HTTP"
        for name in ("Server", "X-Powered-By"):
            if re.search(r"\d", h.get(name) or ""):
                yield f"{name} tells a version: {h[name]}"
        if personal and "no-store" not in (h.get("Cache-Control") or ""):
            yield f"personal, and may be kept: {h.get('Cache-Control')}"
        for cookie in h.get_all("Set-Cookie") or []:
            if not re.search(r"; Path=/; SameSite=Lax(; Max-Age=\d+)?; HttpOnly$", cookie):
                yield f"cookie: {cookie}"

    # ------------------------------------------------------------ hostile text
    def api_requests(self):
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                if method not in ("get", "post", "put", "patch", "delete") or ASIDE.search(path):
                    continue
                for who in (self.anonymous, self.customer, self.staff):
                    yield from self.requests_of(who, path, method.upper(), item, operation)

    def requests_of(self, who, path, method, item, operation):
        """One parameter hostile, or a body that is whole but for one member."""
        bodies = self.wanted.bodies
        parameters = [bodies.resolve(p) for p in item.get("parameters", []) + operation.get("parameters", [])]
        schema = bodies.schema(operation)
        plain = re.sub(r"\{\w+\}", ZERO, path)
        empty = (b"{}", "application/json") if schema else (None, None)

        def key():
            return self.key_for(parameters)
        for text in HOSTILE:
            quoted = urllib.parse.quote(text.encode("utf-8", "surrogatepass"), safe="")
            if "{" in path and len(quoted) < 4000:
                yield who, method, re.sub(r"\{\w+\}", lambda _: quoted, path), False, *empty, False, key()
            for p in parameters:
                if p["in"] == "query" and len(quoted) < 4000:
                    yield who, method, f"{plain}?{p['name']}={quoted}", False, *empty, False, key()
                if p["in"] == "header" and in_header(text) is not None:
                    yield who, method, plain, False, *empty, False, {**key(), p["name"]: in_header(text)}

    def key_for(self, parameters):
        """Without one, what needs it looks at nothing else."""
        return {"Idempotency-Key": self.shop.new_key()} if any(p["name"] == "Idempotency-Key" for p in parameters) else {}

    def body_operations(self):
        """(method and path, path, item, operation, schema) of each operation that takes a JSON body."""
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                schema = self.wanted.bodies.schema(operation) if method in ("post", "put", "patch", "delete") and not ASIDE.search(path) else None
                if schema:
                    yield f"{method.upper()} {path}", item, operation, schema

    def whole_request(self, name, item, operation, schema, member=None, text=None):
        method, path = name.split(" ")
        who, values, body = self.wanted.whole(name, schema)
        if member:
            body = changed(body, member, text)
        parameters = [self.wanted.bodies.resolve(p) for p in item.get("parameters", []) + operation.get("parameters", [])]
        path = re.sub(r"\{(\w+)\}", lambda m: urllib.parse.quote(str(values.get(m[1], self.wanted.bodies.values.get(m[1], ZERO)))), path)
        data = json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
        return who, method, path, False, data, "application/json", False, self.key_for(parameters)

    def body_requests(self):
        """A whole body with one hostile member, of each member; what it needs is made just before, by many at a time."""
        made = [(*o, member, text) for o in self.body_operations() for member in self.wanted.bodies.members(o[-1]) for text in HOSTILE]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            return list(pool.map(lambda m: self.whole_request(*m), made))

    def forms(self):
        """{(method, path): fields} of every form that pages show staff and customers."""
        found = {}
        for who in (self.customer, self.staff):
            for path in SEEN_ON:
                answer = who.send(self.shop, "GET", path, True)
                if answer.status == 200 and "text/html" in answer.headers["Content-Type"]:
                    for form in Page(answer).forms:
                        action = urllib.parse.urlsplit(urllib.parse.urljoin(path, form["action"] or path)).path
                        if not ASIDE.search(action):
                            found.setdefault((who, form["method"].upper(), action), set()).update(name for name, _ in form["fields"])
        return found

    def page_requests(self):
        for (who, method, path), fields in self.forms().items():
            for field in sorted(fields - {"csrf"}):
                for text in HOSTILE:
                    pair = urllib.parse.urlencode({field: text.encode("utf-8", "surrogatepass")})
                    if method == "GET":
                        if len(pair) < 4000:
                            yield who, "GET", f"{path}?{pair}", True
                    else:
                        yield who, method, path, True, pair.encode(), FORM, True
        for route in self.routes:
            if route.page and route.names and route.access != "internal":
                for text in HOSTILE:
                    quoted = urllib.parse.quote(text.encode("utf-8", "surrogatepass"), safe="")
                    if len(quoted) < 4000:
                        path = re.sub(r"\{\w+\*?\}", lambda _: quoted, route.path)
                        yield (self.staff, route.method, path, True) if route.method == "GET" else (self.staff, route.method, path, True, b"", FORM, True)

    def fault(self, answer):
        kind = answer.headers.get("Content-Type") or ""
        if answer.status >= 500:
            return "a failure of ours"
        if answer.headers.get("Set-Cookie", "").startswith("es_x"):
            return "a header of its own"
        if "html" in kind and b"<zq1" in answer.body:
            return "printed as it came"
        if answer.status >= 400 and "html" not in kind and "problem+json" not in kind:
            return f"no problem document but {kind}"
        return None

    def assert_harmless(self, requests):
        faults, n = [], 0
        for request, answer in self.send_all(requests):
            n += 1
            what = self.fault(answer)
            if what:
                faults.append(f"{what}: {request[1]} {request[2][:200]} {request[4:5]!r:.200}: {answer}"[:700])
        for log in (self.shop.run_dir / "log").glob("*/current"):
            faults += [f"{log.parent.name}: {line[:400]}" for line in log.read_text("utf-8", "replace").splitlines() if '"level":"error"' in line and json.loads(line)["time"] > self.begun]
        self.assertFalse(faults, f"{len(faults)} of {n}:\n" + "\n".join(faults[:12]))
        return n

    def header_requests(self):
        """Headers and cookies that no document lists, on a page and an API route of each kind."""
        for text in filter(None, map(in_header, HOSTILE)):
            for who in (self.anonymous, self.customer, self.staff):
                for path in ("/", "/login", "/cart", "/checkout", "/account", "/admin", "/api/v1/me", "/api/v1/products"):
                    page = not path.startswith("/api/")
                    for name in HEADERS:
                        yield who, "GET", path, page, None, None, False, {name: text}
                    for name in COOKIES if page else ():
                        kept = {**(who.browser.cookies if who.browser else {}), name: text}
                        yield who, "GET", path, page, None, None, False, {"Cookie": "; ".join(f"{k}={v}" for k, v in kept.items())}

    def test_hostile_text_in_headers(self):
        self.assertGreater(self.assert_harmless(list(self.header_requests())), 1000)

    def test_hostile_text_in_the_api(self):
        self.assertGreater(self.assert_harmless(list(self.api_requests())), 2000)

    def test_whole_bodies_are_taken(self):
        """Or the next test proves nothing: what differs from these in one member gets as far as that member is used."""
        refused = set()
        for operation in self.body_operations():
            request = self.whole_request(*operation)
            answer = request[0].send(self.shop, *request[1:])
            if answer.status >= 400 and answer.json["code"] not in SECRETS:
                refused.add(f"{operation[0]}: {answer} for {request[4]!r}")
        self.assertFalse(refused, "\n".join(sorted(refused)))

    def test_hostile_members(self):
        self.assertGreater(self.assert_harmless(self.body_requests()), 500)

    def test_hostile_text_on_pages(self):
        self.assertGreater(self.assert_harmless(list(self.page_requests())), 500)


if __name__ == "__main__":
    unittest.main()
