"""The first sale as a person without JavaScript makes it, and the back office's part of it."""
import re
import unittest

from shop import ADDRESS, CARDS, Browser, ShopTest, unique, wait_for

CONTACT = {**{k: v for k, v in ADDRESS.items()}, "phone": "+49 761 1234567"}


class PagesTest(ShopTest):
    def buy(self, browser, card="good", mail=None, product=None):
        """From the home page, or a product, to the provider's answer; the page afterwards."""
        if product:
            browser.get(product)
        else:
            browser.get("/")
            browser.click(r"^/c/")
            browser.click(r"^/p/")
        browser.submit(r"/cart/lines$", {"quantity": "1"})
        browser.get("/cart")
        browser.click(r"/checkout$")
        browser.submit(r"/checkout/address$", {**CONTACT, "email": mail or f"{unique('p')}@example.org"})
        browser.submit(r"/checkout/shipping$", {"shipping_option": self.first_choice(browser, "shipping_option")})
        browser.submit(r"/checkout/place$")
        self.assertRegex(browser.page.url, r"^/pay/")
        browser.submit(r"/pay/")
        return self.enter_card(browser, card)

    def first_choice(self, browser, name):
        form = browser.page.form(r"/checkout/shipping$")
        chosen = [v for n, v in form["fields"] if n == name]
        return chosen[0] if chosen else form["choices"][name][0]

    def enter_card(self, browser, card):
        self.assertRegex(browser.page.url, r"^/mock-provider/")
        return browser.submit(".", {"number": CARDS[card], "exp": "12/31", "cvc": "123", "name": "Mara Lindqvist"})

    def product_page(self, **fields):
        sku = self.shop.new_product(**fields)
        found = wait_for("the product", lambda: self.shop.api("GET", f"/search?q={sku}").json["data"])
        return sku, f"/p/{found[0]['slug']}"

    def test_the_path(self):
        browser, mail = Browser(self.shop), f"{unique('page')}@example.org"
        page = self.buy(browser, mail=mail)
        self.assertRegex(page.url, r"/orders/[0-9a-f-]+/thanks")
        message = self.shop.wait_mail(mail)
        number = re.search(r"[A-Z0-9]{2,}-?[A-Z0-9-]+", page.text) and page.text
        self.assertTrue(number)
        track = wait_for("the tracking link", lambda: next((h for h in browser.get(page.url).links if "/track/" in h), None))
        self.assertIn("/track/", message.get_body(("plain",)).get_content())
        tracked = browser.get(track)

        staff = self.staff()
        staff.get("/admin/orders")
        href = staff.page.link(r"^/admin/orders/")
        staff.get(href)
        self.assertIn(mail, staff.page.text)
        staff.submit(r"/shipments?$|/ship$", {"carrier": self.option(staff, "carrier"), "tracking_number": "JD014600001"})
        self.assertIn("JD014600001", staff.page.text)
        wait_for("the tracking number", lambda: "JD014600001" in browser.get(tracked.url).text)
        self.assertIn("JD014600001", self.shop.wait_mail(mail, "way|ship|sent|parcel").get_body(("plain",)).get_content())
        staff.get("/admin")
        self.assertEqual(staff.page.status, 200)

    def option(self, browser, name):
        for form in browser.page.forms:
            for n, v in form["fields"]:
                if n == name:
                    return v
        raise AssertionError(f"no field {name}")

    def staff(self):
        browser = Browser(self.shop)
        browser.get("/login")
        browser.submit(r"/login$", {"email": self.shop.admin_email, "password": self.shop.admin_password})
        return browser

    def test_declined_then_paid(self):
        _, path = self.product_page()
        browser = Browser(self.shop)
        page = self.buy(browser, "declined", product=path)
        self.assertRegex(page.url, r"^/(pay|mock-provider)/")
        if page.url.startswith("/pay/"):
            browser.submit(r"/pay/")
        page = self.enter_card(browser, "good")
        self.assertRegex(page.url, r"/thanks")

    def test_challenge_page(self):
        _, path = self.product_page()
        browser = Browser(self.shop)
        self.buy(browser, "challenge", product=path)
        page = browser.submit(".", button="approve")
        self.assertRegex(page.url, r"/thanks")

    def test_account(self):
        browser, mail, password = Browser(self.shop), f"{unique('acc')}@example.org", unique("secret-")
        browser.get("/register")
        browser.submit(r"/register$", {"name": "Ana Peña <b>&", "email": mail, "password": password})
        browser.get("/account")
        self.assertIn("Ana Peña <b>&", browser.page.text)
        self.assertNotIn(b"<b>&", browser.page.response.body)
        cached = browser.get("/")
        self.assertIn("Ana Peña <b>&", cached.text, "the name by SSI on a cached page")
        self.assertNotIn(b"Pe\xc3\xb1a <b>&", cached.response.body)
        browser.submit(r"/logout$") if any(f["action"].endswith("/logout") for f in cached.forms) else browser.get("/account") and browser.submit(r"/logout$")
        self.assertNotIn("Ana Peña", browser.get("/").text)
        browser.get("/account", expect=None)
        self.assertRegex(browser.page.url, r"^/login")
        browser.submit(r"/login$", {"email": mail, "password": "wrong password"}, expect=None)
        self.assertIn(browser.page.status, (401, 422))
        self.assertIn(mail, browser.page.response.text)
        browser.submit(r"/login$", {"email": mail, "password": password})
        self.assertEqual(browser.get("/account").status, 200)

    def test_form_problems_beside_their_fields(self):
        _, path = self.product_page()
        browser = Browser(self.shop)
        browser.get(path)
        browser.submit(r"/cart/lines$")
        browser.get("/checkout")
        page = browser.submit(r"/checkout/address$", {**CONTACT, "email": "not an address", "phone": "1" * 60}, expect=422)
        ids = {a.get("id") for _, a in page.elements}
        self.assertIn("email-error", ids)
        self.assertIn("phone-error", ids)
        self.assertIn("Mara Lindqvist", dict(page.form(r"/checkout/address$")["fields"]).values())
        page = browser.submit(r"/checkout/address$", {**CONTACT, "email": "not an address", "line1": "", "city": ""}, expect=422)
        self.assertLessEqual({"email-error", "line1-error", "city-error"}, {a.get("id") for _, a in page.elements})

    def test_csrf(self):
        browser = self.staff()
        browser.get("/account")
        form = browser.page.form(r"/logout$")
        self.assertTrue(form)
        r = browser._fetch("POST", "/logout", b"", {"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual(r.status, 403, r)
        r = Browser(self.shop)._fetch("POST", "/cart/lines", b"sku=x&quantity=1", {"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://evil.example"})
        self.assertEqual(r.status, 403, r)

    def test_back_office_needs_staff(self):
        customer = self.shop.customer()
        browser = Browser(self.shop)
        self.assertRegex(browser.get("/admin", expect=None).url, r"^/login")
        browser.submit(r"/login$", {"email": customer["email"], "password": customer["password"]}, expect=None)
        for path in ("/admin", "/admin/orders", "/admin/products", "/admin/system"):
            self.assertEqual(browser.get(path, expect=None).status, 403, path)

    def test_back_office_pages(self):
        staff = self.staff()
        for path in ("/admin", "/admin/orders", "/admin/products", "/admin/categories", "/admin/imports", "/admin/customers", "/admin/inventory",
                     "/admin/payments", "/admin/messages", "/admin/system"):
            with self.subTest(path):
                page = staff.get(path)
                self.assertIn("<h1", page.response.text)

    def test_not_found(self):
        for path in ("/nowhere", "/p/no-such-product", "/c/no-such-category", "/track/" + "0" * 32, "/orders/00000000-0000-4000-8000-000000000000/thanks"):
            with self.subTest(path):
                page = Browser(self.shop).get(path, expect=404)
                self.assertIn("<h1", page.response.text)

    def test_every_page_is_sound(self):
        """One h1, a language, labels for all controls, alt texts: what a screen reader needs at least."""
        _, product = self.product_page()
        browser = Browser(self.shop)
        for path in ("/", product, "/search?q=cup", "/cart", "/login", "/register"):
            with self.subTest(path):
                page = browser.get(path)
                tags = [t for t, _ in page.elements]
                self.assertEqual(tags.count("h1"), 1)
                self.assertTrue(dict(page.elements[0][1]).get("lang") or any(t == "html" and a.get("lang") for t, a in page.elements))
                labels = {a.get("for") for t, a in page.elements if t == "label"}
                for tag, a in page.elements:
                    if tag == "img":
                        self.assertIn("alt", a)
                    if tag in ("input", "select", "textarea") and a.get("type") not in ("hidden", "radio", "checkbox", "submit"):
                        self.assertTrue(a.get("id") in labels or a.get("aria-label"), f"{path}: {a} has no label")
                self.assertTrue(page.title.strip())


if __name__ == "__main__":
    unittest.main()
