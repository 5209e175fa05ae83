"""What nginx answers itself: errors, headers, files, what is kept away from the public."""
import gzip
import json
import socket
import unittest
import uuid

from shop import ShopTest, unique, wait_for


class GatewayTest(ShopTest):
    def raw(self, data):
        with socket.create_connection(("127.0.0.1", self.shop.port), timeout=10) as s:
            s.sendall(data)
            answer = b""
            while chunk := s.recv(65536):
                answer += chunk
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), head.decode("latin-1"), body

    def test_headers_on_every_answer(self):
        for path in ("/", "/api/v1/products", "/assets/shop.css", "/nowhere", "/api/nowhere"):
            with self.subTest(path):
                h = self.shop.request("GET", path).headers
                for name in ("X-Request-Id", "X-Content-Type-Options", "Content-Security-Policy", "Referrer-Policy"):
                    self.assertEqual(len(h.get_all(name) or []), 1, f"{name} of {path}")
                self.assertNotIn("unsafe-inline", h["Content-Security-Policy"])

    def test_api_errors_are_problems(self):
        self.assert_problem(self.shop.api("GET", "/nowhere"), 404, "not_found")
        self.assert_problem(self.shop.api("POST", "/products", raw=b"x" * (2 << 20)), 413)
        self.assert_problem(self.shop.request("GET", "/api/" + "x" * 20000), 414)
        self.assert_problem(self.shop.request("GET", "/api/v1/products", headers={"X-Long": "x" * 20000}), 431)

    def test_method_nobody_knows(self):
        r = self.shop.request("TRACE", "/api/v1/products")
        self.assert_problem(r, 405, "method_not_allowed")
        self.assertIn("GET", r.headers["Allow"])

    def test_pictures_may_do_nothing(self):
        """A drawing with a script in it is only a drawing, also when somebody opens it by itself."""
        products = self.shop.api("GET", "/products?category=kitchen&limit=100").json["data"]
        own = next(p["image"]["url"] for p in products if p["image"] and p["image"]["url"].startswith("/media/"))
        r = self.shop.request("GET", own)
        self.assertEqual(r.status, 200)
        self.assertIn("sandbox", r.headers["Content-Security-Policy"])
        self.assertNotIn("script-src", r.headers["Content-Security-Policy"])

    def test_pictures_of_another_shop_are_shown(self):
        """An imported product may name pictures elsewhere: the pages' policy lets them in, and nothing else."""
        policy = self.shop.request("GET", "/").headers["Content-Security-Policy"]
        directives = dict(d.strip().partition(" ")[::2] for d in policy.split(";"))
        self.assertEqual({n for n, v in directives.items() if "https:" in v}, {"img-src"}, policy)

    def test_log_keeps_no_keys(self):
        """The id of a cart or a tracking page is a key, and a query what somebody looked for."""
        key, word = str(uuid.uuid4()), unique("word")
        self.shop.request("GET", f"/api/v1/carts/{key}?q={word}")
        self.shop.request("GET", f"/track/{key.upper()}/{word}x")
        path = self.shop.run_dir / "log" / "nginx" / "access.log"
        log = wait_for("the access log", lambda: (lambda t: t if f"{word}x" in t else None)(path.read_text()))
        self.assertNotIn(key, log.lower())
        self.assertNotIn(f"={word}", log)
        services = [p.read_text(errors="replace").lower() for p in (self.shop.run_dir / "log").glob("*-service/current")]
        self.assertTrue(any(key[:8] in text for text in services), "the services log no path that is no route's")
        for text in services:
            self.assertNotIn(key[:20], text)

    def test_log_names_the_method_that_was_sent(self):
        """Also when the gateway answers by itself, with an error page."""
        mark = unique("path")
        self.assertEqual(self.shop.request("POST", f"/cart/{mark}", b"x" * (2 << 20)).status, 413)
        path = self.shop.run_dir / "log" / "nginx" / "access.log"
        line = wait_for("the access log", lambda: next((json.loads(line) for line in path.read_text().splitlines() if mark in line), None))
        self.assertEqual((line["method"], line["status"]), ("POST", 413))

    def test_page_errors_are_pages(self):
        r = self.shop.request("POST", "/cart/lines", b"x" * (2 << 20), {"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual(r.status, 413)
        self.assertIn("text/html", r.headers["Content-Type"])
        self.assertIn("<h1>", r.text)

    def test_malformed_requests(self):
        for data in (b"GARBAGE\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET /%00 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                     b"POST /api/v1/carts HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\nConnection: close\r\n\r\n"):
            with self.subTest(data):
                status, head, _ = self.raw(data)
                self.assertEqual(status, 400, head)

    def test_internals_are_not_public(self):
        for path in ("/internal/cart-service/healthz", "/internal/cart-service/metrics", "/internal/", "/internal//cart-service/readyz",
                     "/%69nternal/cart-service/metrics"):
            self.assertEqual(self.shop.request("GET", path).status, 404, path)
        r = self.shop.request("GET", "/internal/cart-service/healthz", port=self.shop.internal)
        self.assertEqual(r.status, 200, r)

    def test_metrics(self):
        r = self.shop.request("GET", "/internal/catalog-service/metrics", port=self.shop.internal)
        self.assertEqual(r.status, 200)
        self.assertRegex(r.text, r"(?m)^# TYPE \w+ (counter|histogram)")

    def test_assets(self):
        manifest = json.loads((self.shop.run_dir / ".." / "assets.json").read_text()) if (self.shop.run_dir / ".." / "assets.json").exists() else None
        page = self.shop.request("GET", "/").text
        import re
        url = re.search(r'href="(/assets/[\w.-]+\.css)"', page)[1]
        self.assertRegex(url, r"\.[0-9a-f]{8}\.css$")
        del manifest
        plain = self.shop.request("GET", url)
        packed = self.shop.request("GET", url, headers={"Accept-Encoding": "gzip"})
        self.assertEqual(plain.status, 200)
        self.assertIn("immutable", plain.headers["Cache-Control"])
        self.assertEqual(packed.headers["Content-Encoding"], "gzip")
        self.assertEqual(gzip.decompress(packed.body), plain.body)
        gone = self.shop.request("GET", "/assets/shop.00000000.css")
        self.assertEqual(gone.status, 404)
        self.assertNotIn("immutable", gone.headers["Cache-Control"])

    def test_gzip_of_answers(self):
        r = self.shop.request("GET", "/api/v1/products", headers={"Accept-Encoding": "gzip"})
        self.assertEqual(r.headers["Content-Encoding"], "gzip")
        self.assertIn("data", json.loads(gzip.decompress(r.body)))

    def test_openapi(self):
        r = self.shop.request("GET", "/api/openapi.json")
        self.assertEqual(r.status, 200, r)
        self.assertTrue(r.json["openapi"].startswith("3.1"))
        self.assertIn("/api/v1/orders", r.json["paths"])

    def test_request_id_is_ours(self):
        r = self.shop.api("GET", "/nowhere", headers={"X-Request-Id": "chosen-by-client"})
        self.assertNotEqual(r.headers["X-Request-Id"], "chosen-by-client")

    def test_wrong_method(self):
        r = self.shop.api("DELETE", "/products")
        self.assert_problem(r, 405, "method_not_allowed")
        self.assertIn("GET", r.headers["Allow"])

    def test_host_is_not_trusted(self):
        """Links are built from the configured public URL, and no other Host gets into the page cache."""
        self.shop.request("GET", "/?poison=1", headers={"Host": "evil.example"})
        r = self.shop.request("GET", "/?poison=1")
        self.assertNotIn(b"evil.example", r.body)


if __name__ == "__main__":
    unittest.main()
