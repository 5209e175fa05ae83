#!/usr/bin/python3
"""From an invitation to a colleague at work, and a program beside them."""
import re
import unittest

from shop import Browser, ShopTest, unique

PASSWORD = "a few words in a row"


class TeamTest(ShopTest):
    def office(self):
        browser = Browser(self.shop)
        browser.get("/login?next=/admin/team")
        browser.submit(r"/login$", {"email": self.shop.admin_email, "password": self.shop.admin_password})
        return browser

    def test_an_invited_colleague(self):
        address, office = f"{unique('team')}@example.org", self.office()
        page = office.submit(r"/admin/team/invitations$", {"email": address, "roles": "analyst"})
        self.assertIn("The invitation is on its way", page.text)
        mail = self.shop.wait_mail(address, "invited to the team")
        link = re.search(r"https?://[^/\s]+(/invitation\?token=[\w-]+)", mail.get_body(("plain",)).get_content())[1]
        answer = self.shop.request("GET", link)
        self.assertEqual((answer.headers["Referrer-Policy"], answer.headers["Cache-Control"]), ("no-referrer", "no-store"))
        colleague = Browser(self.shop)
        self.assertIn(address, colleague.get(link).response.text)
        page = colleague.submit(r"/invitation$", {"name": "Ada", "password": "short"}, expect=422)
        page = colleague.submit(r"/invitation$", {"name": "Ada Byron", "password": PASSWORD})
        self.assertEqual(page.url, "/admin")
        colleague.get("/admin/customers", expect=403)
        self.assertIn("has run out", Browser(self.shop).get(link).text)
        self.assertIn("Accepted", office.get("/admin/team").text)
        token = self.shop.login(address, PASSWORD)["access_token"]
        self.assertEqual(self.shop.api("GET", "/analytics/summary?from=2026-01-01&to=2026-01-02", token=token).status, 200)
        # Their role is another from now on, and so is what they may.
        me = self.shop.api("GET", "/me", token=token).json
        self.assertTrue(me["email_verified"])
        r = self.shop.api("PATCH", f"/users/{me['id']}", {"roles": ["customer", "warehouse"]}, token=self.shop.admin())
        self.assertEqual(r.status, 200, r)
        self.assert_problem(self.shop.api("GET", "/analytics/summary?from=2026-01-01&to=2026-01-02", token=token), 403)

    def test_a_program_with_a_key(self):
        admin, sku = self.shop.admin(), self.shop.new_product(stock=3)
        account = self.shop.api("POST", "/service-accounts", {"name": "Till", "roles": ["warehouse"]}, token=admin)
        self.assertEqual(account.status, 201, account)
        made = self.shop.api("POST", "/api-keys", {"name": "Till 1", "scopes": ["inventory:read", "products:write"], "account_id": account.json["id"]}, token=admin)
        self.assertEqual(made.status, 201, made)
        key = made.json["key"]
        self.assertEqual(self.shop.api("GET", f"/stock/{sku}", token=key).json["on_hand"], 3)
        # A scope that its account's roles do not hold is worth nothing.
        self.assert_problem(self.shop.api("POST", "/products", {}, token=key), 403)
        self.assertEqual(self.shop.api("DELETE", f"/api-keys/{made.json['id']}", token=admin).status, 204)
        self.assert_problem(self.shop.api("GET", f"/stock/{sku}", token=key), 401)
        for log in self.shop.run_dir.rglob("*log*"):
            if log.is_file():
                self.assertNotIn(key, log.read_text(errors="replace"), log)


if __name__ == "__main__":
    unittest.main()
