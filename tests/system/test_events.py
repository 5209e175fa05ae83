"""The bus at work: consumers keep up; its pages for staff."""
import unittest

from shop import Browser, ShopTest, wait_for


class EventsTest(ShopTest):
    def happen(self):
        """One of each: account, product, sale, shipment, decline, cancellation."""
        shop = self.shop
        shop.customer()
        sku = shop.new_product(stock=3)
        paid = shop.paid_order(sku, 2)
        line = paid["lines"][0]
        shipped = shop.api("POST", f"/orders/{paid['id']}/shipments",
                           {"lines": [{"line_id": line["id"], "quantity": 2}], "carrier": "DHL", "tracking_number": "T-1"},
                           token=shop.admin(), key=shop.new_key())
        self.assertEqual(shipped.status, 201, shipped)
        declined = shop.order(sku)
        shop.pay(declined, "declined")
        cancelled = shop.api("POST", f"/orders/{declined['id']}/cancel", {}, headers={"Order-Token": declined["tracking_token"]},
                             key=shop.new_key())
        self.assertEqual(cancelled.status // 100, 2, cancelled)

    def test_consumers_keep_up(self):
        self.happen()

        def behind():
            rows = self.shop.api("GET", "/bus/subscriptions", token=self.shop.admin()).json["data"]
            return rows and [s["name"] for s in rows if s["lag"] or s["retrying"] or s["blocked"]]
        wait_for("all subscriptions to be current", lambda: behind() == [])

    def test_system_page_and_documentation(self):
        services = {(s["name"], s["kind"]): s["state"] for s in self.shop.api("GET", "/services", token=self.shop.admin()).json["data"]}
        for name in ("event-bus", "notification-service", "order-service"):
            self.assertEqual((services.get((name, "web")), services.get((name, "work"))), ("up", "up"), name)
        docs = self.shop.request("GET", "/api/docs")
        self.assertEqual(docs.status, 200)
        self.assertIn("/api/v1/orders", docs.text)
        staff = Browser(self.shop)
        staff.get("/login")
        staff.submit("/login", {"email": self.shop.admin_email, "password": self.shop.admin_password})
        page = staff.get("/admin/system")
        self.assertIn("notification.messages", page.text)
        for place in ("/admin/messages", "/admin/customers", "/admin/system"):
            self.assertIn(f'href="{place}"', page.response.text, "the menu")

    def test_a_mails_preview_is_framed_by_its_page_alone(self):
        self.happen()
        staff = Browser(self.shop)
        staff.get("/login")
        staff.submit("/login", {"email": self.shop.admin_email, "password": self.shop.admin_password})
        found = self.shop.api("GET", "/notifications?state=sent&limit=1", token=self.shop.admin()).json["data"][0]
        page = staff.get(f"/admin/messages/{found['id']}")
        self.assertIn("frame-src 'self'", page.response.headers["Content-Security-Policy"])
        preview = staff.get(f"/admin/messages/{found['id']}/preview")
        policies = preview.response.headers.get_all("Content-Security-Policy")
        self.assertEqual(len(policies), 1)
        self.assertIn("sandbox", policies[0])
        self.assertEqual(preview.response.headers.get_all("X-Frame-Options"), ["SAMEORIGIN"])


if __name__ == "__main__":
    unittest.main()
