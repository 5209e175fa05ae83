"""Bad input everywhere: a clear 4xx, or stored and shown unchanged and escaped; never a 5xx."""
import concurrent.futures
import html
import json
import os
import pathlib
import unittest
import urllib.parse

from shop import ADDRESS, Browser, ROOT, ShopTest, unique, wait_for

DATA = pathlib.Path(os.environ.get("ES_TEST_DATA", ROOT.parent / "shared" / "data"))
ZERO = "00000000-0000-4000-8000-000000000000"
# method, path, a good body: each route of the API that takes one and needs no preparation
BODIES = [
    ("POST", "/auth/register", {"email": "a@example.org", "password": "long enough 123", "name": "A"}),
    ("POST", "/auth/login", {"email": "a@example.org", "password": "long enough 123"}),
    ("POST", "/auth/refresh", {"refresh_token": "x"}),
    ("POST", "/auth/password/forgot", {"email": "a@example.org"}),
    ("POST", "/auth/password/reset", {"token": "x", "password": "long enough 123"}),
    ("POST", "/auth/email/verify", {"token": "x"}),
    ("POST", "/carts", {"lines": [{"sku": "X", "quantity": 1}], "destination": {"country": "DE", "postal_code": "79098"}}),
    ("POST", f"/carts/{ZERO}/lines", {"sku": "X", "quantity": 1}),
    ("PUT", f"/carts/{ZERO}/destination", {"country": "DE", "postal_code": "79098"}),
    ("POST", "/orders", {"cart_id": ZERO, "email": "a@example.org", "shipping_address": ADDRESS, "shipping_option": "standard"}),
    ("POST", f"/payments/{ZERO}/confirm", {"card": {"number": "4242424242424242", "exp_month": 1, "exp_year": 2031, "cvc": "123", "name": "A"}}),
]
SMALL_NAUGHTY = [
    "", " ", "\t\n", "null", "undefined", "NaN", "-1", "1e309", "0x10", "１２３", "Ω≈ç√∫˜µ≤≥÷", "田中さんにあげて下さい", "表ポあA鷗ŒéＢ逍Üßªąñ丂㐀𠀀", "👩‍👩‍👧‍👦🏳️‍🌈", "ﷺ",
    "‮test‮", "\u200b\u200e\ufeff", "<script>alert(0)</script>", "\"><img src=x onerror=alert(1)>", "' OR 1=1 -- ", "1;DROP TABLE users", "${jndi:ldap://x}", "{{7*7}}",
    "{{{t}}}", "../../../../etc/passwd", "%00", "\x01\x02\x7f", "a" * 5000, "<!--#exec cmd=\"ls\" -->", "\r\nSet-Cookie: a=b", "Z̮̞̠͙͔ͅḀ̗̞͈̻̗Ḷ͙͎̯̹̞͓G̻O̭̗̮", "🇺🇸🇷🇺", "= 1+1", "\\", "\ud7ff",
]


def naughty_strings():
    path = next(iter(DATA.glob("suites/blns/*.json")), None) if DATA.is_dir() else None
    return SMALL_NAUGHTY + ([s for s in json.loads(path.read_text(encoding="utf-8")) if isinstance(s, str)] if path else [])


def replaced(value, path, new):
    """A copy of value with what is at path replaced."""
    if not path:
        return new
    if isinstance(value, list):
        return [replaced(v, path[1:], new) if i == path[0] else v for i, v in enumerate(value)]
    return {k: replaced(v, path[1:], new) if k == path[0] else v for k, v in value.items()}


def leaves(value, path=()):
    if isinstance(value, dict):
        for k, v in value.items():
            yield from leaves(v, path + (k,))
    elif isinstance(value, list):
        for i, v in enumerate(value):
            yield from leaves(v, path + (i,))
    else:
        yield path


class HostileTest(ShopTest):
    def send_all(self, requests):
        """(label, answer) of each (label, method, path, keywords), eight at a time."""
        def send(r):
            label, method, path, keywords = r
            return label, self.shop.api(method, path, key=self.shop.new_key(), **keywords)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            return list(pool.map(send, requests))

    def assert_refused(self, answers, statuses=(400, 401, 404, 409, 413, 415, 422)):
        bad = [(label, a) for label, a in answers if a.status not in statuses or not a.headers["Content-Type"].startswith("application/problem+json")]
        self.assertFalse(bad, "\n".join(f"{label}: {a}" for label, a in bad[:10]))

    def test_malformed_json(self):
        texts = [b"", b"{", b"[1,", b'{"a":}', b"nul", b'{"a":1}}', b'{"a":1,"a":2}', b"\xff\xfe", b'{"a":"\xc3\x28"}', b'{"a":"\\u0000"}', b'{"a":"\x00"}', b'\xef\xbb\xbf{}',
                 b"[" * 3000, b'{"a":' * 3000, b'"just a string"', b"12", b"[]", b'{"quantity":1e400}', b'{"\\ud800":1}']
        requests = [(f"{m} {p} {t[:30]!r}", m, p, {"raw": t}) for m, p, _ in BODIES for t in texts]
        self.assert_refused(self.send_all(requests), (400, 404, 422))

    def test_json_test_suite(self):
        """Not JSON is 400; JSON that is not a cart, or that we don't take, is another refusal; nothing is our fault."""
        files = sorted(DATA.glob("suites/JSONTestSuite/test_parsing/*.json"))
        if not files:
            self.skipTest("JSONTestSuite is not here")
        answers = self.send_all([(f.name, "POST", "/carts", {"raw": f.read_bytes()}) for f in files])
        self.assert_refused([(n, a) for n, a in answers if n[0] == "n"], (400, 413))
        self.assert_refused([(n, a) for n, a in answers if n[0] == "y" and a.status != 201], (422,))
        self.assert_refused([(n, a) for n, a in answers if n[0] == "i"], (400, 422))

    def test_unknown_members_and_parameters(self):
        requests = [(f"{m} {p}", m, p, {"body": {**b, "surprise": 1}}) for m, p, b in BODIES]
        self.assert_refused(self.send_all(requests), (404, 422))
        for path in ("/products?surprise=1", "/search?q=cup&surprise=1", "/categories?x=1", "/products?limit=0", "/products?limit=101", "/products?limit=x",
                     "/products?cursor=nonsense", "/products?sort=nonsense", "/products?price_min=x"):
            r = self.shop.api("GET", path)
            self.assertIn(r.status, (400, 422), f"{path}: {r}")

    def test_wrong_types(self):
        values = [None, True, 1, -1, 1.5, 2**63, "x", [], {}, [[]], {"a": {}}]
        requests = []
        for m, p, b in BODIES:
            for leaf in leaves(b):
                requests += [(f"{m} {p} {leaf}={v!r}", m, p, {"body": replaced(b, leaf, v)}) for v in values]
        answers = self.send_all(requests)
        bad = [(label, a) for label, a in answers if a.status >= 500]
        self.assertFalse(bad, bad[:5])

    def test_wrong_content_type(self):
        for m, p, b in BODIES:
            r = self.shop.api(m, p, raw=json.dumps(b).encode(), key=self.shop.new_key(), headers={"Content-Type": "text/plain"})
            self.assert_problem(r, 415)

    def test_large_bodies(self):
        for m, p, _ in BODIES:
            for size, statuses in ((200_000, (413, 422)), (10_000_000, (413,))):
                r = self.shop.api(m, p, raw=b'{"a":"' + b"x" * size + b'"}', key=self.shop.new_key())
                self.assertIn(r.status, statuses, r)
                self.assert_problem(r, r.status)
        r = self.shop.request("POST", "/checkout/address", b"email=" + b"x" * 10_000_000, {"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual(r.status, 413)

    def test_naughty_strings_in_every_field(self):
        requests = []
        for m, p, b in BODIES[2:]:
            for leaf in leaves(b):
                requests += [(f"{m} {p} {leaf}={s[:40]!r}", m, p, {"body": replaced(b, leaf, s)}) for s in naughty_strings()]
        answers = self.send_all(requests)
        bad = [(label, a) for label, a in answers if a.status >= 500]
        self.assertFalse(bad, bad[:5])

    def test_naughty_paths_and_queries(self):
        texts = [urllib.parse.quote(s.encode("utf-8", "surrogatepass"), safe="") for s in naughty_strings() if 0 < len(s) < 500]
        paths = []
        for t in texts:
            paths += [f"/api/v1/search?q={t}", f"/api/v1/suggest?q={t}", f"/search?q={t}", f"/api/v1/products/{t}", f"/p/{t}", f"/api/v1/carts/{t}", f"/track/{t}",
                      f"/api/v1/products?category={t}"]
        paths += ["/%", "/%zz", "/%ff", "/p/%c3%28", "/api/v1/products/%00", "/api/v1/search?q=%ff%fe", "/search?q=%00", "/..%2f..%2fetc/passwd", "/assets/..%2f..%2fMakefile",
                  "/media/../../etc/passwd", "//evil.example/", "/api//v1/products", "/p/" + "x" * 3000]

        def get(path):
            return path, self.shop.request("GET", path)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            bad = [(p, r) for p, r in pool.map(get, paths) if r.status >= 500]
        self.assertFalse(bad, bad[:5])

    def test_naughty_headers(self):
        for value in ("Bearer ", "Bearer x", "Bearer a.b.c", "Bearer " + "x" * 5000, "Basic x", "Bearer es_live_x", "Bearer eyJhbGciOiJub25lIn0.e30."):
            r = self.shop.api("GET", "/me", headers={"Authorization": value})
            self.assert_problem(r, 401)
        for cookie in ("es_session=x", "es_session=" + "x" * 4000, "es_cart=x", "es_cart=<script>", "es_csrf=x; es_session=y", "es_orders=;;;", "=;=", "es_name=\xe9"):
            r = self.shop.request("GET", "/cart", headers={"Cookie": cookie})
            self.assertLess(r.status, 500, f"{cookie}: {r}")
        for key in ("", " ", "x" * 300, "a,b", "ü"):
            r = self.shop.api("POST", "/orders", BODIES[6][2], headers={"Idempotency-Key": key.encode().decode("latin-1")})
            self.assertIn(r.status, (400, 404, 409, 422), f"{key!r}: {r}")

    def test_kept_and_shown_unchanged(self):
        """What may be any text is stored byte for byte, and on pages it is text, not markup."""
        texts = [s for s in naughty_strings() if 0 < len(s) <= 200 and s == s.strip() and all(ord(c) >= 32 and c != "\x7f" for c in s)][:150]
        rows = [{"sku": unique("N-").upper(), "name": s, "description": s, "category": ["Hostile"], "price": {"amount": 100, "currency": "EUR"}, "stock": 1} for s in texts]
        report = self.shop.import_rows(rows)
        self.assertEqual(report["created"] + report["rejected"], len(rows), report)
        kept = 0
        for row in rows:
            found = self.shop.api("GET", f"/search?q={row['sku']}").json["data"]
            if not found:
                continue
            kept += 1
            product = self.shop.api("GET", f"/products/{found[0]['slug']}").json
            self.assertEqual(product["name"], row["name"])
            self.assertEqual(product["description"], row["description"])
            if kept <= 40:
                page = Browser(self.shop).get(f"/p/{found[0]['slug']}")
                if "<" in row["name"]:
                    self.assertNotIn(row["name"], page.response.text)
                    self.assertIn(html.escape(row["name"], quote=False).replace("\"", "&quot;"), page.response.text.replace("&#39;", "'"))
        self.assertGreater(kept, len(rows) * 0.8, report)

    def test_hostile_address_reaches_mail_and_office_escaped(self):
        shop = self.shop
        name = "<b>Mara</b> \"Ω\" {{7*7}} <!--#exec-->"
        cart = shop.cart(shop.new_product())
        mail = f"{unique('h')}@example.org"
        body = {**shop.order_body(cart, mail), "shipping_address": {**ADDRESS, "name": name}, "note": "<script>alert(1)</script>"}
        r = shop.api("POST", "/orders", body, key=shop.new_key())
        self.assertEqual(r.status, 201, r)
        shop.pay(r.json)
        message = shop.wait_mail(mail)
        self.assertIn(name, message.get_body(("plain",)).get_content())
        self.assertNotIn("<b>Mara", message.get_body(("html",)).get_content())
        page = Browser(shop).get(f"/track/{r.json['tracking_token']}")
        self.assertNotIn("<b>Mara", page.response.text)

    def test_after_all_that_it_still_works(self):
        wait_for("the shop", lambda: self.shop.request("GET", "/").status == 200)
        for service in ("auth-service", "catalog-service", "cart-service", "order-service", "payment-service"):
            metrics = self.shop.request("GET", f"/internal/{service}/metrics", port=self.shop.internal).text
            crashed = [line for line in metrics.splitlines() if "crashed" in line and not line.startswith("#")]
            self.assertTrue(all(line.split()[-1] in ("0", "0.0") for line in crashed), crashed)


if __name__ == "__main__":
    unittest.main()
