"""Support views the shop as a customer: the same pages in every service, nothing changed, nothing else shown, all of it recorded."""
import unittest

from routes import FORM, Person, all_routes
from shop import ADDRESS, Browser, ShopTest, unique, wait_for

BANNER = "Nothing can be changed."


class ViewingTest(ShopTest):
    def setUp(self):
        self.customer = self.shop.customer("Mara Lindqvist")
        self.id, token = self.customer["user"]["id"], self.customer["access_token"]
        self.order = self.shop.order(self.shop.new_product(), token=token)
        self.assertEqual(self.shop.api("POST", "/me/addresses", {**ADDRESS, "line1": "Lerchenpfad 9"}, token=token).status, 201)
        self.colleague = self.shop.customer("Sam Support")
        r = self.shop.api("PATCH", f"/users/{self.colleague['user']['id']}", {"roles": ["customer", "support"]}, token=self.shop.admin())
        self.assertEqual(r.status, 200, r)
        self.browser = Browser(self.shop)
        self.browser.get(f"/login?next=/admin/customers/{self.id}")
        self.browser.submit(r"/login$", {"email": self.colleague["email"], "password": self.colleague["password"]})

    def start(self):
        self.browser.get(f"/admin/customers/{self.id}")
        page = self.browser.submit(r"/view$")
        self.assertEqual(page.url, "/account")
        return page

    def entries(self):
        found = self.shop.api("GET", f"/audit?object_type=account&object_id={self.id}&action=customer.", token=self.shop.admin()).json["data"]
        return [(e["action"], e["actor"]["email"], e["after"].get("how")) for e in reversed(found)]

    def picture(self):
        token = self.customer["access_token"]
        return [self.shop.api("GET", path, token=token).json for path in ("/me", "/me/addresses", "/me/passkeys", f"/orders/{self.order['id']}")] + \
               [[s["id"] for s in self.shop.api("GET", "/me/sessions", token=token).json["data"]]]

    def test_what_support_sees(self):
        page = self.start()
        self.assertIn("Hello, Mara Lindqvist", page.text)
        for path, words in (("/account", self.customer["email"]), ("/account/orders", self.order["number"]), ("/account/addresses", "Lerchenpfad 9"),
                            (f"/account/orders/{self.order['id']}", self.order["number"]), ("/account/security", "Where you are signed in")):
            page = self.browser.get(path)
            self.assertIn(BANNER, page.text, path)
            self.assertIn(f"You see what Mara Lindqvist ({self.customer['email']}) sees.", page.text, path)
            self.assertIn(words, page.text, path)
            self.assertEqual(page.response.headers["Cache-Control"], "no-store")
            # Neither a key to the order or its payment, nor a form that would do anything later.
            self.assertNotRegex(page.response.text, r"/pay/|/track/|" + self.order["tracking_token"])
            self.assertEqual([f["action"] for f in page.forms for name, value in f["fields"] if name == "csrf" and value], [f"/admin/customers/{self.id}/view/end"])
        other = self.shop.order(self.shop.new_product(), token=self.colleague["access_token"])
        self.browser.get(f"/account/orders/{other['id']}", expect=404)
        page = self.browser.get(f"/admin/customers/{self.id}")
        self.assertIn(BANNER, page.text)
        self.assertIn("Sam Support", page.text)
        # What nginx keeps for everybody says nothing of it.
        for _ in range(2):
            page = self.browser.get("/")
            self.assertNotIn(BANNER, page.text)
            self.assertNotIn("Mara", page.text)
        page = self.browser.get("/account")
        page = self.browser.submit(r"/view/end$")
        self.assertEqual(page.url, f"/admin/customers/{self.id}")
        self.assertNotIn(BANNER, page.text)
        self.assertIn("Hello, Sam Support", self.browser.get("/account").text)
        self.assertEqual(self.entries(), [("customer.view_start", self.colleague["email"], None), ("customer.view_end", self.colleague["email"], "left")])

    def answer_due(self, route):
        """What the row of a route says, or None where a view makes no difference."""
        if route.access in ("anonymous", "internal") or "ends_viewing" in route.flags:
            return None
        if route.method != "GET":
            return 403
        if "viewable" in route.flags:
            return 404 if route.names else 200
        if route.access == "customer" or route.access == "public" and route.page:
            return 403
        return None

    def test_every_route_of_every_service(self):
        """With a token that would do for a form, so that it is the view that refuses."""
        self.start()
        before, support = self.picture(), Person("support", browser=self.browser)
        faults, asked = [], {200: 0, 403: 0, 404: 0}
        for route in all_routes():
            due = self.answer_due(route)
            if due is None:
                continue
            kind = None if route.method == "GET" else FORM if route.page else "application/json"
            if "upload" in route.flags:
                kind = "multipart/form-data; boundary=x"
            path = route.at({})
            headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.browser.cookies.items()), "X-CSRF-Token": self.browser.cookies["es_csrf"]}
            if kind:
                headers["Content-Type"] = kind
            answer = self.shop.request(route.method, path, b"{}" if kind == "application/json" else b"a=1" if kind else None, headers)
            asked[due] += 1
            if answer.status != due:
                faults.append(f"{route}: {answer.status} instead of {due}")
            if self.customer["email"].encode() in answer.body and "viewable" not in route.flags and not route.page:
                faults.append(f"{route} tells of the customer")
        self.assertFalse(faults, "\n".join(faults))
        self.assertEqual((asked[200], asked[404]), (4, 1), "a page joined, or left: is it meant to be seen?")
        self.assertGreater(asked[403], 150)
        self.assertEqual(support.send(self.shop, "GET", "/account", True).status, 200, "the view goes on")
        self.assertEqual(before, self.picture(), "somebody who only views has changed something")

    def test_nobody_views_staff(self):
        admin = self.shop.api("GET", "/me", token=self.shop.admin()).json["id"]
        page = self.browser.get(f"/admin/customers/{admin}")
        self.assertFalse([f for f in page.forms if f["action"].endswith("/view")])
        self.browser.get(f"/admin/customers/{self.id}")
        self.browser.page.form(r"/view$")["action"] = f"/admin/customers/{admin}/view"
        page = self.browser.submit(r"/view$", expect=409)
        self.assertIn("never a colleague", page.text)
        self.assertIn("Hello, Sam Support", self.browser.get("/account").text)
        # Who becomes a colleague is not looked at any longer.
        self.start()
        r = self.shop.api("PATCH", f"/users/{self.id}", {"roles": ["customer", "analyst"]}, token=self.shop.admin())
        self.assertEqual(r.status, 200, r)
        self.assertIn("Hello, Sam Support", self.browser.get("/account").text)
        self.assertNotIn(self.order["number"], self.browser.get("/account/orders").text)

    def test_it_runs_out(self):
        self.start()
        form = self.browser.get("/account").form(r"/account$")
        self.shop.sql(f"update auth.viewing set expires_at = now() where customer_id = '{self.id}'")
        self.assertIn("Hello, Sam Support", self.browser.get("/account").text)
        # The form that was open all the while is too old, and is not taken for one's own.
        self.browser.page.forms = [form]
        self.browser.submit(r"/account$", {"name": unique("somebody ")}, expect=403)
        self.assertIn("Hello, Sam Support", self.browser.get("/account").text)
        wait_for("its end to be recorded", lambda: self.entries()[1:] == [("customer.view_end", None, "expired")], 20)

    def test_signing_out(self):
        self.start()
        self.browser.get("/admin/customers")
        self.browser.submit(r"/logout$")
        self.assertTrue(self.browser.get("/account").url.startswith("/login"))
        self.assertEqual(self.entries()[-1], ("customer.view_end", self.colleague["email"], "signed_out"))
        self.assertEqual(self.shop.api("GET", "/me", token=self.customer["access_token"]).status, 200)


if __name__ == "__main__":
    unittest.main()
