"""The page cache: fast, fresh, and the same for everyone."""
import time
import unittest

from shop import Browser, ShopTest, wait_for


class CacheTest(ShopTest):
    def product(self, **fields):
        sku = self.shop.new_product(**fields)
        found = wait_for("the product", lambda: self.shop.api("GET", f"/search?q={sku}").json["data"])
        return sku, f"/p/{found[0]['slug']}"

    def row(self, sku, **fields):
        return {"sku": sku, "name": f"Test cup {sku}", "description": "For tests.", "category": ["Kitchen", "Cups"],
                "price": {"amount": 1990, "currency": "EUR"}, **fields}

    def test_browsers_never_keep_pages(self):
        r = self.shop.request("GET", "/")
        self.assertEqual(r.headers.get_all("Cache-Control"), ["private, no-cache"])
        self.assertIsNone(r.headers["Set-Cookie"])

    def test_fresh_within_three_seconds(self):
        sku, path = self.product(amount=1111)
        self.assertIn("11.11", self.shop.request("GET", path).text.replace(",", "."))
        self.shop.import_rows([self.row(sku, price={"amount": 2222, "currency": "EUR"})])
        changed = time.monotonic()
        while "22.22" not in self.shop.request("GET", path).text.replace(",", "."):
            self.assertLess(time.monotonic() - changed, 3.5, "the page is older than three seconds")
            time.sleep(0.1)

    def test_fresh_after_idleness(self):
        """An old page is not served just because nobody asked for a while."""
        sku, path = self.product(amount=1111)
        self.shop.request("GET", path)
        self.shop.import_rows([self.row(sku, price={"amount": 3333, "currency": "EUR"})])
        time.sleep(4)
        self.assertIn("33.33", self.shop.request("GET", path).text.replace(",", "."))

    def test_cached_answers_do_not_reach_the_service(self):
        _, path = self.product()
        ids = set()
        for _ in range(5):
            r = self.shop.request("GET", path)
            ids.add(r.headers["X-Request-Id"])
        self.assertEqual(len(ids), 5, "each answer has its own request id")

    def test_two_copies_of_a_page(self):
        """One without anything to fill in, for who has no cookie; one in which nginx prints the cookies. Neither shows a command."""
        page = "/p/" + self.shop.api("GET", "/products?limit=1").json["data"][0]["slug"]
        cookies = {"Cookie": f"es_name=Mara%20L; es_cart_count=3; es_csrf={43 * 'c'}"}
        for _ in range(2):
            plain, filled = self.shop.request("GET", page), self.shop.request("GET", page, headers=cookies)
            for answer in (plain, filled):
                self.assertEqual(answer.status, 200)
                self.assertNotIn("<!--#", answer.text)
            self.assertIn('class="count">0<', plain.text)
            self.assertIn('name="csrf" value=""', plain.text)
            self.assertIn('class="count">3<', filled.text)
            self.assertIn(f'name="csrf" value="{43 * "c"}"', filled.text)
            self.assertIn("Mara", filled.text)
            self.assertNotIn("Mara", plain.text)

    def test_content_cannot_smuggle_in_commands(self):
        """SSI is on for cached pages: what looks like a command in a product stays text."""
        smuggled = '<!--#echo var="http_host" --><!--# include virtual="/account" -->'
        sku = self.shop.new_product(name=f"Cup {smuggled}", description=smuggled)
        found = wait_for("the product", lambda: self.shop.api("GET", f"/search?q={sku}").json["data"])
        for cookies in ({}, {"es_cart_count": "1"}): # the second: a copy that nginx fills in
            browser = Browser(self.shop)
            browser.cookies.update(cookies)
            page = browser.get(f"/p/{found[0]['slug']}")
            self.assertIn(smuggled, page.text)
            self.assertNotIn(b"<!--#", page.response.body)

    def test_cookie_name_is_encoded(self):
        browser = Browser(self.shop)
        browser.cookies["es_name"] = "<script>alert(1)</script>"
        self.assertNotIn(b"<script>alert", browser.get("/").response.body)

    def test_query_and_head(self):
        r = self.shop.request("HEAD", "/")
        self.assertEqual((r.status, r.body), (200, b""))
        self.assertEqual(self.shop.request("GET", "/?utm_source=mail").status, 200)

    def test_api_etag(self):
        sku, path = self.product()
        r = self.shop.api("GET", "/products/" + path.rsplit("/", 1)[1])
        self.assertTrue(r.headers["ETag"])
        again = self.shop.api("GET", "/products/" + path.rsplit("/", 1)[1], headers={"If-None-Match": r.headers["ETag"]})
        self.assertEqual((again.status, again.body), (304, b""))
        self.assertTrue(sku)

    def test_pictures_are_immutable(self):
        page = Browser(self.shop).get("/")
        pictures = [a["src"] for t, a in page.elements if t == "img" and a.get("src", "").startswith("/media/")]
        self.assertTrue(pictures)
        r = self.shop.request("GET", pictures[0])
        self.assertEqual(r.status, 200)
        self.assertIn("immutable", r.headers["Cache-Control"])
        self.assertEqual(r.headers["X-Content-Type-Options"], "nosniff")


if __name__ == "__main__":
    unittest.main()
