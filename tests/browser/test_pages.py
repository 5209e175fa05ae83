"""Pages beside the sale: accounts, the back office, errors; and all pages for people who use a keyboard or a screen reader."""
import unittest

from chrome import ChromeTest, axe_source
from shop import ADDRESS, CARDS, link_in, unique, wait_for

OFFICE = ("", "/orders", "/products", "/categories", "/imports", "/customers", "/inventory", "/payments", "/messages", "/system",
          "/system/subscriptions/notification.messages", "/system/subscriptions/notification.messages/replay?from=start",
          "/system/subscriptions/notification.messages/replay?from=time")


class PagesTest(ChromeTest):
    def login(self, email, password, then=""):
        self.visit("/login" + (f"?next={then}" if then else ""))
        self.fill({"email": email, "password": password})
        self.press("/login")

    def test_account(self):
        """Register, look around, sign out, be refused, sign in again."""
        self.open()
        mail, password = f"{unique('b')}@example.org", unique("secret-")
        self.visit("/register")
        self.look("account-register")
        self.fill({"name": "Zoë Müller", "email": mail, "password": password})
        self.press("/register")
        for path in ("", "/orders", "/addresses", "/security", "/email", "/privacy"):
            self.visit("/account" + path)
            self.look("account" + path.replace("/", "-"))
            self.assert_accessible("/account" + path)
        self.assertIn("Zoë Müller", self.text("header"))
        self.press("/logout")
        self.visit("/account")
        self.at("/login")
        self.look("account-login")
        self.login(mail, "not the password")
        self.assertTrue(self.one("[role=alert]").text)
        self.look("account-login-refused")
        self.login(mail, password)
        self.visit("/")
        self.assertIn("Zoë Müller", self.text("header"), "nginx prints the name into a cached page")
        self.assert_quiet("home, signed in")

    def test_mailbox(self):
        """Confirm an address, forget the password, choose another: by the links of mails."""
        self.open()
        mail, password = f"{unique('a-rather-long-address-')}@a-long-domain-of-somebody.example.org", unique("secret-")
        self.visit("/register")
        self.fill({"name": "Zoë Müller", "email": mail, "password": password})
        self.press("/register")
        link = link_in(self.shop.wait_mail(mail, "Welcome"), "/verify")
        self.visit(link)
        self.look("account-verify")
        self.assert_accessible("/verify")
        self.press("/verify")
        self.assertIn("confirmed", self.text())
        self.visit(link)
        self.look("account-verify-spent")
        self.visit("/account/privacy")
        self.fill({"password": "not the password"})
        self.press("/account/privacy/erase")
        self.look("account-privacy-refused")
        self.visit("/account")
        self.press("/logout")
        self.visit("/forgot")
        self.look("account-forgot")
        self.assert_accessible("/forgot")
        self.fill({"email": mail})
        self.press("/forgot")
        self.look("account-forgot-sent")
        link = link_in(self.shop.wait_mail(mail, "new password"), "/reset")
        self.visit(link)
        self.fill({"password": "short"})
        self.press("/reset")
        self.look("account-reset-refused")
        self.assert_accessible("/reset")
        self.fill({"password": password + "-2"})
        self.press("/reset")
        self.at("/login")
        self.visit(link)
        self.look("account-reset-spent")
        self.login(mail, password + "-2")
        self.at("/account")

    def test_a_password_is_shown_and_measured(self):
        self.open()
        self.visit("/register")
        self.fill({"name": "Zoë Müller", "email": "zoe.mueller@example.org"})
        field, button, says = self.one("#password"), self.one(".password-tools button"), self.one(".password-tools output")
        for password, words in (("short", "Too short"), ("aaaaaaaaaaaa", "Easy to guess"), ("password1234", "Easy to guess"),
                                ("zoe.mueller-12", "Easy to guess"), ("correct horse", "Could be better"),
                                ("a few words in a row", "Very good"), ("", "")):
            field.clear()
            field.send_keys(password or "x\b")
            self.assertEqual(says.text, words, password)
        field.send_keys("a few words in a row")
        self.look("account-register-strong")
        self.assert_accessible("/register, measured")
        self.assertEqual((field.get_attribute("type"), button.get_attribute("aria-pressed")), ("password", "false"))
        button.click()
        self.assertEqual((field.get_attribute("type"), button.get_attribute("aria-pressed")), ("text", "true"))
        self.look("account-register-shown")
        button.click()
        self.assertEqual(field.get_attribute("type"), "password")
        self.visit("/login")
        self.fill({"password": "what there is"})
        self.assertFalse(self.driver.find_elements("css selector", "meter"), "one that there is needs no judgement")
        self.one(".password-tools button").click()
        self.assertEqual(self.one("#password").get_attribute("type"), "text")
        self.assert_accessible("/login, shown")

    def test_account_without_javascript(self):
        self.open(javascript=False)
        mail, password = f"{unique('b')}@example.org", unique("secret-")
        self.visit("/register")
        self.assertFalse(self.driver.find_elements("css selector", ".password-tools"), "nothing that needs a script")
        self.fill({"name": "Ada", "email": mail, "password": password})
        self.press("/register")
        self.visit("/account")
        self.assertIn(mail, self.text())
        self.press("/logout")
        self.login(mail, password)
        self.visit("/account")
        self.assertIn(mail, self.text())

    def test_back_office(self):
        self.shop.paid_order(self.shop.new_product())
        self.open()
        self.login(self.shop.admin_email, self.shop.admin_password, "/admin")
        for path in OFFICE:
            with self.subTest(path):
                self.visit("/admin" + path)
                self.look("admin" + (path or "/start").replace("/", "-").replace("?", "-"))
                self.assert_accessible("/admin" + path)

    def test_nothing_there(self):
        self.open()
        self.visit("/nowhere")
        self.look("shop-not-found")
        self.visit("/search?q=zzzzzzzz")
        self.look("shop-search-none")
        self.visit("/cart")
        self.look("shop-cart-empty")

    def test_screen_reader(self):
        """No violation that axe-core knows, on every kind of page."""
        if axe_source() is None:
            self.skipTest("axe-core is not here: npm is not installed, or its registry out of reach")
        self.open()
        order = self.shop.paid_order(self.shop.new_product())
        product = self.shop.api("GET", "/products?limit=1").json["data"][0]["slug"]
        for path in ("/", f"/p/{product}", "/search?q=cup", "/login", "/register", "/privacy", "/cart", f"/track/{order['tracking_token']}", "/nowhere"):
            with self.subTest(path):
                self.visit(path)
                self.assert_accessible(path)
                self.resize(360)
                self.assert_accessible(path + " at 360 px")
                self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


class KeyboardTest(ChromeTest):
    """Without a mouse: a whole purchase by Tab, Space, Enter and typing."""

    def type_into(self, values):
        for name, value in values.items():
            self.tab_to(f"#{name}")
            self.key(value)

    def enter(self):
        self.leave(lambda: self.key("\ue007"))

    def test_skip_link(self):
        self.open()
        self.visit("/")
        self.tab_to("a.skip")
        self.key("\ue007")
        wait_for("the focus in the content", lambda: self.driver.execute_script("return document.activeElement.id") == "main")

    def test_purchase(self):
        self.open()
        self.visit("/")
        self.tab_to(".card a[href*='/p/']")
        self.enter()
        self.tab_to("form[action$='/cart/lines'] button")
        self.enter()
        self.visit("/cart")
        self.tab_to("a[href$='/checkout']")
        self.enter()
        self.assert_accessible("checkout")
        self.type_into({"email": f"{unique('keys')}@example.org", "name": ADDRESS["name"], "line1": ADDRESS["line1"],
                        "postal_code": ADDRESS["postal_code"], "city": ADDRESS["city"], "country": "Germany"})
        self.tab_to("form[action$='/checkout/address'] button")
        self.enter()
        self.assert_accessible("shipping")
        self.tab_to("input[name=shipping_option]")
        self.key(" ")
        self.tab_to("form[action$='/checkout/shipping'] button")
        self.enter()
        self.assert_accessible("review")
        self.tab_to("form[action$='/checkout/place'] button")
        self.enter()
        self.assert_accessible("pay")
        self.tab_to("main form[action*='/pay/'] button")
        self.enter()
        self.assert_accessible("the provider's page")
        self.type_into({"number": CARDS["good"], "exp": "12/31", "cvc": "123", "name": ADDRESS["name"]})
        self.tab_to("main form button")
        self.enter()
        self.at("/thanks")
        self.assert_accessible("thanks")


if __name__ == "__main__":
    unittest.main()
