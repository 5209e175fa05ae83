"""The path of a sale in a real browser, with JavaScript and without: home to tracking, every way a payment can go, and the
staff's side of it."""
import unittest

from chrome import ChromeTest
from shop import ADDRESS, CARDS, unique, wait_for


class SaleTest(ChromeTest):
    # ------------------------------------------------------------ steps
    def browse(self, look):
        """Home, a category, a product, a search; the product goes into the cart."""
        self.visit("/")
        look("home")
        self.click("nav.cats a[href^='/c/']")
        look("category")
        self.click(".card a[href*='/p/']")
        look("product")
        name = self.text("h1")
        self.fill({"q": name})
        self.press("/search")
        look("search")
        self.assertIn(name, self.text())
        self.click(".card a[href*='/p/']")
        self.press("/cart/lines")
        self.visit("/cart")
        self.assertEqual(len(self.driver.find_elements("css selector", ".cart-line")), 1, self.text())
        look("cart")

    def check_out(self, look):
        """As a guest: address, shipping, review, order. Ends at /pay/…; the e-mail address."""
        mail = f"{unique('browser')}@example.org"
        self.click("a[href$='/checkout']")
        self.press("/checkout/address")
        self.assertEqual(self.one("#email").get_attribute("aria-invalid"), "true", "an empty form is sent back with its faults")
        look("checkout-faults")
        self.fill({"email": mail, **ADDRESS})
        look("checkout-address")
        self.press("/checkout/address")
        self.at("/checkout/shipping")
        look("checkout-shipping")
        self.press("/checkout/shipping")
        self.at("/checkout/review")
        self.assertIn(ADDRESS["line1"], self.text())
        look("checkout-review")
        self.press("/checkout/place")
        self.at("/pay/")
        return mail

    def card(self, which, look=lambda name: None):
        """From /pay/… to the provider's page and its card form."""
        self.click("main form[action*='/pay/'] button")
        self.at("/mock-provider/")
        look("provider")
        self.fill({"number": CARDS[which], "exp": "12/31", "cvc": "123", "name": ADDRESS["name"]})
        self.click("main form button")

    def thanks(self, mail, look):
        wait_for("the thanks", lambda: self.reloaded_says_paid(), 20)
        self.at("/thanks")
        look("thanks")
        self.assertTrue(self.shop.wait_mail(mail))
        self.click("a[href*='/track/']")
        look("track")
        return self.driver.current_url

    def reloaded_says_paid(self):
        if "/thanks" in self.driver.current_url and not self.driver.find_elements("css selector", "a[href*='/pay/']"):
            return True
        self.driver.refresh()
        return False

    def new_order(self):
        """Something in the cart and on to /pay/…, without looking at every page."""
        self.visit("/p/" + self.slug(self.shop.new_product()))
        self.press("/cart/lines")
        self.visit("/cart")
        return self.check_out(lambda name: None)

    def slug(self, sku):
        return wait_for(f"{sku} to be found", lambda: next((p["slug"] for p in self.shop.api("GET", f"/search?q={sku}").json["data"]), None))

    def whole(self, prefix=None):
        look = (lambda name: self.look(f"{prefix}-{name}")) if prefix else (lambda name: self.assert_quiet(name))
        self.browse(look)
        mail = self.check_out(look)
        look("pay")
        self.card("good", look)
        return self.thanks(mail, look)

    # ------------------------------------------------------------ tests
    def test_with_javascript(self):
        self.open()
        self.whole("shop")

    def test_without_javascript(self):
        self.open(javascript=False)
        self.whole()

    def test_declined_then_another_card(self):
        for javascript in (True, False):
            with self.subTest(javascript=javascript):
                self.open(javascript)
                mail = self.new_order()
                self.card("declined")
                self.at("/pay/")
                self.look("shop-declined")
                self.assertTrue(self.one("[role=alert]").text)
                self.card("good")
                self.thanks(mail, self.assert_quiet)

    def test_challenge(self):
        self.open()
        mail = self.new_order()
        self.card("challenge")
        self.look("provider-challenge")
        self.click("button[value=fail]")
        self.at("/pay/")
        self.card("challenge")
        self.click("button[value=approve]")
        self.thanks(mail, self.assert_quiet)

    def test_staff_ships_and_shopper_sees_it(self):
        self.open()
        self.staff()
        self.visit("/admin")
        self.look("admin-dashboard")
        before = self.shop.api("GET", "/analytics/summary", token=self.shop.admin()).json["orders"]
        order = self.shop.paid_order(self.shop.new_product())
        wait_for("the dashboard to count it", lambda: self.shop.api("GET", "/analytics/summary", token=self.shop.admin()).json["orders"] > before)
        self.visit("/admin")
        self.assertIn(order["number"], self.text())
        self.visit("/admin/orders")
        self.look("admin-orders")
        self.click(f"main a[href*='/admin/orders/{order['id']}']")
        self.look("admin-order")
        self.fill({"tracking_number": "JD0146000099"})
        self.press("/shipments")
        self.look("admin-order-shipped")
        self.assertIn("JD0146000099", self.text())
        self.visit(f"/track/{order['tracking_token']}")
        self.look("shop-track-shipped")
        self.assertIn("JD0146000099", self.text())

    def staff(self):
        self.visit("/login?next=/admin")
        self.fill({"email": self.shop.admin_email, "password": self.shop.admin_password})
        self.press("/login")
        self.at("/admin")


if __name__ == "__main__":
    unittest.main()
