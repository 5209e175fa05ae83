"""What staff do is in the audit log, chained a moment later, and only those who may read it can."""
import unittest

from shop import ShopTest, unique, wait_for


class AuditTest(ShopTest):
    def entries(self, **query):
        words = "&".join(f"{k}={v}" for k, v in query.items())
        return self.shop.api("GET", f"/audit?{words}", token=self.shop.admin()).json["data"]

    def test_a_change_is_recorded_and_chained(self):
        sku = self.shop.new_product(stock=3)
        key = self.shop.new_key()
        change = {"warehouse": self.shop.stock(sku)["warehouses"][0]["code"], "delta": 2, "reason": "<i>found two</i>"}
        for _ in range(2):
            self.assertEqual(self.shop.api("POST", f"/stock/{sku}/adjustments", change, token=self.shop.admin(), key=key).status, 201)
        found = [e for e in self.entries(object_id=sku, action="stock.") if e["action"] == "stock.adjust"]
        self.assertEqual(len(found), 1, "a request sent again is one act")
        self.assertEqual(found[0]["after"], {"warehouse": change["warehouse"], "delta": 2, "reason": "<i>found two</i>"})
        self.assertEqual((found[0]["actor"]["kind"], found[0]["actor"]["email"]), ("token", self.shop.admin_email))
        self.assertEqual((found[0]["service"], found[0]["network"]), ("es_inventory", "127.0.0.0/24"))
        wait_for("the entry to be chained", lambda: self.entries(object_id=sku, action="stock.adjust")[0]["position"])
        state = self.shop.api("GET", "/audit/verification", token=self.shop.admin()).json
        self.assertTrue(state["ok"], state)
        self.assertGreater(state["checked"], 0)

    def test_a_refused_change_leaves_nothing(self):
        sku = self.shop.new_product(stock=1)
        warehouse = self.shop.stock(sku)["warehouses"][0]["code"]
        answer = self.shop.api("POST", f"/stock/{sku}/adjustments", {"warehouse": warehouse, "delta": 0, "reason": "nothing"}, token=self.shop.admin())
        self.assertEqual(answer.status, 422)
        self.assertEqual([e for e in self.entries(object_id=sku) if e["action"] == "stock.adjust"], [])

    def test_rights_say_what_they_were(self):
        customer = self.shop.customer()
        path = f"/users/{customer['user']['id']}"
        self.assertEqual(self.shop.api("PATCH", path, {"roles": ["customer", "analyst"]}, token=self.shop.admin()).status, 200)
        entry = self.entries(object_type="account", object_id=customer["user"]["id"], action="account.rights")[0]
        self.assertEqual(entry["before"], {"roles": ["customer"], "blocked": False})
        self.assertEqual(entry["after"], {"roles": ["customer", "analyst"]})

    def test_signing_in_is_told(self):
        customer = self.shop.customer()
        self.assertEqual(self.shop.api("POST", "/auth/login", {"email": customer["email"], "password": "not the password"}).status, 401)
        found = self.entries(object_type="account", object_id=customer["user"]["id"], action="sign_in.")
        self.assertEqual([e["action"] for e in found], ["sign_in.refuse", "sign_in.accept"])
        self.assertEqual(found[0]["after"], {"reason": "password", "route": "/api/v1/auth/login"})
        self.assertEqual((found[0]["actor"]["kind"], found[0]["actor"]["id"], found[0]["network"]), ("anonymous", None, "127.0.0.0/24"))
        self.assertEqual(found[1]["actor"]["email"], customer["email"])
        wait_for("the entries to be chained", lambda: self.entries(object_id=customer["user"]["id"], action="sign_in.refuse")[0]["position"])

    def test_who_may_read_it(self):
        customer = self.shop.customer()
        for path in ("/audit", "/audit/verification"):
            self.assertEqual(self.shop.api("GET", path).status, 401)
            self.assertEqual(self.shop.api("GET", path, token=customer["access_token"]).status, 403)
        self.assertEqual(self.shop.api("GET", "/audit?nonsense=1", token=self.shop.admin()).status, 400)

    def test_pages_of_entries(self):
        staff = self.shop.admin()
        for n in range(3):
            self.shop.new_product(name=unique("audited "))
        first = self.shop.api("GET", "/audit?limit=2", token=staff).json
        second = self.shop.api("GET", f"/audit?limit=2&cursor={first['next_cursor']}", token=staff).json
        ids = [e["id"] for e in first["data"] + second["data"]]
        self.assertEqual(len(set(ids)), 4)
        self.assertEqual(ids, sorted(ids, reverse=True))


if __name__ == "__main__":
    unittest.main()
