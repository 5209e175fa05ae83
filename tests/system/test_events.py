"""The bus at work: consumers keep up; its pages for staff."""
import unittest

from shop import Browser, ShopTest, unique, wait_for


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
        staff = self.staff()
        page = staff.get("/admin/system")
        self.assertIn("notification.messages", page.text)
        for place in ("/admin/messages", "/admin/customers", "/admin/system"):
            self.assertIn(f'href="{place}"', page.response.text, "the menu")

    def staff(self):
        staff = Browser(self.shop)
        staff.get("/login")
        staff.submit("/login", {"email": self.shop.admin_email, "password": self.shop.admin_password})
        return staff

    def subscription(self, name):
        return self.shop.api("GET", f"/bus/subscriptions/{name}", token=self.shop.admin()).json

    def acts(self, object_id):
        rows = self.shop.api("GET", f"/audit?object_id={object_id}", token=self.shop.admin()).json["data"]
        return [(r["action"], r["before"], r["after"]) for r in rows]

    def test_a_subscription_pauses_resumes_and_goes_back(self):
        """On the pages, without a script; what was said meanwhile is heard afterwards."""
        name, page, staff = "catalog.stock", "/admin/system/subscriptions/catalog.stock", self.staff()
        staff.get("/admin/system")
        staff.click(page + "$")
        staff.click(page + "/pause$")
        self.assertIn("Pause the subscription?", staff.page.text)
        self.assertFalse(self.subscription(name)["paused"], "asking is not doing")
        self.assertIn("is paused", staff.submit(page + "/pause$").text)
        try:
            sku = self.shop.new_product(stock=1)
            self.shop.order(sku)
            wait_for("what is said to wait", lambda: self.subscription(name)["lag"] >= 1)
            self.assertEqual(self.subscription(name)["state"], "paused")
            self.assertIn("1 subscription is paused", staff.get("/admin/system").text)
            staff.get(page)
        finally:
            self.assertIn("goes on where it stood", staff.submit(page + "/resume$").text)
        wait_for("it to have heard", lambda: self.subscription(name)["lag"] == 0)
        product = self.shop.api("GET", f"/products/{sku.lower()}", token=self.shop.admin())
        if product.status == 200:
            self.assertFalse(product.json["in_stock"])
        # back to the beginning: everything once more, and the same in the end
        staff.submit(page + "/replay$", {"from": "start"})
        self.assertIn("goes back to 0", staff.page.text)
        self.assertIn("stands where you sent it", staff.submit(page + "/replay$").text)
        wait_for("all of it to be heard again", lambda: self.subscription(name)["lag"] == 0)
        self.assertEqual(self.subscription(name)["dead"], 0)
        acts = self.acts(name)
        self.assertEqual([a[0] for a in acts[:3]], ["bus.subscription.replay", "bus.subscription.resume", "bus.subscription.pause"])
        self.assertEqual(acts[0][2], {"position": 0})

    def test_a_poisoned_job_is_looked_at_and_given_up(self):
        """A refund that nobody asked for: dead at once, with its reason; staff tries again in vain, and skips it."""
        key = unique("poison-")
        self.shop.sql("insert into bus.job (queue, dedup_key, payload) values ('payment.refunds', '" + key + "',"
                      " '{\"refund_id\": \"0198f1c2-7f4e-7a31-8e0d-5b1f6a2c9d10\"}')")

        def letter():
            rows = self.shop.api("GET", "/bus/dead-letters?source=payment.refunds", token=self.shop.admin()).json["data"]
            return next((r for r in rows if r["key"] == key), None)
        dead = wait_for("the job to be given up", letter)
        self.assertEqual((dead["kind"], dead["error"], dead["attempts"]), ("job", "there is no such refund", 1))
        staff, page = self.staff(), f"/admin/system/dead-letters/{dead['id']}"
        self.assertIn("there is no such refund", staff.get("/admin/system?source=payment.refunds").text)
        staff.click(page + "$")
        self.assertIn('"refund_id"', staff.page.text)
        staff.submit(page + "/retry$")
        wait_for("it to be tried again, and given up again", letter)
        staff.get(page)
        staff.click(page + "/skip$")
        self.assertIsNotNone(letter(), "asking is not doing")
        self.assertIn("given up", staff.submit(page + "/skip$").text)
        self.assertIsNone(letter())
        self.assertEqual([a[0] for a in self.acts(dead["id"])], ["bus.dead_letter.skip", "bus.dead_letter.retry"])

    def test_a_mails_preview_is_framed_by_its_page_alone(self):
        self.happen()
        staff = self.staff()
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
