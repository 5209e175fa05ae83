"""Support views the shop as a customer, in a browser: found in the back office, said on every page, left by a button."""
import unittest

from chrome import ChromeTest
from shop import ADDRESS, unique

NAME = "Anastasia-Wilhelmina Großkopf-Oberhuber"


class ViewingTest(ChromeTest):
    def people(self):
        customer = self.shop.customer(NAME)
        self.order = self.shop.order(self.shop.new_product(), token=customer["access_token"])
        self.shop.api("POST", "/me/addresses", ADDRESS, token=customer["access_token"])
        staff = self.shop.customer("Sam Support")
        self.shop.api("PATCH", f"/users/{staff['user']['id']}", {"roles": ["customer", "support"]}, token=self.shop.admin())
        return customer, staff

    def view(self, look):
        customer, staff = self.people()
        self.visit("/login?next=/admin/customers")
        self.fill({"email": staff["email"], "password": staff["password"]})
        self.press("/login")
        self.fill({"q": customer["email"]})
        self.press("/admin/customers")
        self.click("tbody th a")
        look("viewing-customer")
        self.press("/view")
        for path in ("/account", "/account/orders", f"/account/orders/{self.order['id']}", "/account/addresses", "/account/security"):
            self.visit(path)
            self.assertIn(NAME, self.text(".viewing"))
            look("viewing" + path.replace("/", "-").replace(self.order["id"], "one"))
        self.press("/account/security/password")
        self.assertIn("Nothing can be changed while", self.text())
        look("viewing-refused")
        self.visit("/admin/orders")
        look("viewing-office")
        self.press("/view/end")
        self.at("/admin/customers/")
        self.assertIn("You have left the view.", self.text())
        self.assertFalse(self.driver.find_elements("css selector", ".viewing"))

    def test_without_javascript(self):
        self.open(javascript=False)
        self.view(self.look)

    def test_for_a_screen_reader(self):
        self.open()
        self.view(self.assert_accessible)


if __name__ == "__main__":
    unittest.main()
