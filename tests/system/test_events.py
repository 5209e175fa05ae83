"""What is emitted is what the catalogue of events says, and names nobody; the bus and its pages for staff."""
import json
import os
import re
import subprocess
import unittest

import jsonschema

from shop import Browser, ShopTest, wait_for

PERSONAL = re.compile(r"^(email|e_mail|phone|password|token|first_name|last_name|line1|street|shipping_address|billing_address|address)$")


def members(value, path=""):
    """(path, value) of everything in it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{path}/{key}", inner
            yield from members(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from members(inner, path + "/0")


class EventsTest(ShopTest):
    def events(self):
        run_dir = self.shop.run_dir
        conf = (run_dir / "pg" / "postgresql.conf").read_text(encoding="utf-8")
        sockets = re.search(r"^unix_socket_directories = '(.*)'", conf, re.M)[1]
        done = subprocess.run(["psql", "-XAt", "-h", sockets, "-p", "5432", "-U", "postgres", "-d", "ecostore", "-c",
                               "select json_build_object('topic', topic, 'payload', payload, 'order_key', order_key) from bus.event"],
                              env={**os.environ, "PGPASSFILE": str(run_dir / "secret" / "postgres.pgpass")},
                              stdout=subprocess.PIPE, check=True, text=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

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
        return {paid["id"], declined["id"]}

    def test_events_keep_to_the_catalogue(self):
        ours = self.happen()
        wanted = {"user.registered", "product.created", "order.placed", "order.paid", "order.cancelled", "shipment.created",
                  "payment.succeeded", "payment.failed"}
        wait_for("the events", lambda: wanted <= {e["topic"] for e in self.events()})
        catalogue = {t["name"]: t for t in self.shop.api("GET", "/events/topics").json["data"]}
        for event in self.events():
            with self.subTest(event["topic"]):
                jsonschema.validate(event["payload"], catalogue[event["topic"]]["schema"])
                for path, value in members(event["payload"]):
                    self.assertIsNone(PERSONAL.match(path.rsplit("/", 1)[1]), path)
                    self.assertFalse(isinstance(value, str) and "@" in value, f"{path} looks like an address")
                if event["payload"].get("order_id") in ours:
                    self.assertEqual(event["order_key"], event["payload"]["order_id"])
        for topic in catalogue.values():
            jsonschema.validate(topic["example"], topic["schema"])

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
