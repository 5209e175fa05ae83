"""What staff do is in the audit log, chained a moment later, and only those who may read it can."""
import hashlib
import unittest

from routes import all_routes, new_person
from shop import ShopTest, unique, wait_for

# Permissions that show nothing of people but who of staff has what: goods, numbers, how the shop runs, roles and keys.
NOBODY = {"products:read", "products:write", "inventory:read", "inventory:write", "analytics:read", "system:read", "system:write", "roles:read", "keys:read"}


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

    # ------------------------------------------------------------ what staff look at
    def test_every_route_of_people_says_so(self):
        """What a member of staff is shown of people is recorded by the gate: the row says of what kind it is."""
        faults = [r for r in all_routes() if r.access == "staff" and r.method == "GET" and r.permission not in NOBODY and r.path != "/api/v1/audit/verification"
                  and not any(f.startswith("reads=") for f in r.flags)]
        self.assertEqual(faults, [])

    def looks(self, staff, object_id, action):
        return [(e["actor"]["kind"], e["action"]) for e in self.entries(object_id=object_id, action=action) if e["actor"]["id"] == staff]

    def test_looks_at_people_are_recorded(self):
        staff = new_person(self.shop, "reader", "support")
        me = self.shop.api("GET", "/me", token=staff.token).json["id"]
        address = f"{unique('look')}@example.org"
        order = self.shop.paid_order(self.shop.new_product(), address=address)
        customer = self.shop.customer()["user"]["id"]
        self.shop.wait_mail(address)
        mail = self.shop.api("GET", f"/notifications?recipient={address}", token=self.shop.admin()).json["data"][0]["id"]
        for kind, object_id, paths in (("order", order["id"], (f"/api/v1/orders/{order['id']}", f"/api/v1/orders/{order['id']}/timeline", f"/admin/orders/{order['id']}")),
                                       ("account", customer, (f"/api/v1/users/{customer}", f"/admin/customers/{customer}")),
                                       ("message", mail, (f"/admin/messages/{mail}", f"/admin/messages/{mail}/preview"))):
            for path in paths * 2:
                answer = staff.send(self.shop, "GET", path, path.startswith("/admin"))
                self.assertEqual(answer.status, 200, answer)
            kinds = sorted({"session" if path.startswith("/admin") else "token" for path in paths})
            self.assertEqual(sorted(self.looks(me, object_id, f"{kind}.read")), [(how, f"{kind}.read") for how in kinds])
        words = hashlib.sha256(address.encode()).hexdigest()
        for action, path in (("order.search", f"/api/v1/admin/orders?email={address}"), ("order.search", f"/admin/orders?q={address.upper()}"), ("account.search", f"/api/v1/users?q={address}"),
                             ("account.search", f"/admin/customers?q={address}"), ("message.search", f"/api/v1/notifications?recipient={address}"), ("message.search", f"/admin/messages?q={address}")):
            page = path.startswith("/admin")
            self.assertEqual(staff.send(self.shop, "GET", path, page).status, 200)
            self.assertIn(("session" if page else "token", action), self.looks(me, words, action))
        self.assertEqual(self.shop.sql(f"select count(*) from auth.audit_entry e where to_jsonb(e)::text ilike '%{address}%'"), [0])

    def test_looks_by_a_key(self):
        made = self.shop.api("POST", "/api-keys", {"name": unique("look "), "scopes": ["orders:read"], "expires_in_days": 1}, token=self.shop.admin()).json
        order = self.shop.order(self.shop.new_product())
        self.assertEqual(self.shop.api("GET", f"/orders/{order['id']}", token=made["key"]).status, 200)
        self.assertEqual(self.shop.api("GET", "/admin/orders?limit=1", token=made["key"]).status, 200)
        self.assertEqual([e["actor"]["kind"] for e in self.entries(object_id=order["id"], action="order.read")], ["api_key"])
        self.assertIn("api_key", [e["actor"]["kind"] for e in self.entries(action="order.search")])

    def test_looks_of_customers_are_theirs(self):
        customer = self.shop.customer()
        order = self.shop.order(self.shop.new_product(), token=customer["access_token"])
        self.assertEqual(self.shop.api("GET", f"/orders/{order['id']}", token=customer["access_token"]).status, 200)
        self.assertEqual(self.shop.api("GET", f"/orders/{order['id']}", headers={"Order-Token": order["tracking_token"]}).status, 200)
        self.assertEqual(self.entries(object_id=order["id"], action="order.read"), [])

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
