"""An order that was paid and is not wanted: its money and its stock go back, and its history says how."""
import unittest

from shop import Browser, ShopTest, unique, wait_for


class SagaTest(ShopTest):
    def history(self, order, **headers):
        return self.shop.api("GET", f"/orders/{order['id']}/timeline", **headers).json["data"]

    def refunded(self, order):
        token = self.shop.admin()
        return wait_for("the refund", lambda: (lambda o: o if o["payment_status"] == "refunded" else None)(self.shop.api("GET", f"/orders/{order['id']}", token=token).json))

    def test_a_guest_cancels_what_was_paid(self):
        shop, sku, mail = self.shop, self.shop.new_product(stock=3), f"{unique('saga')}@example.org"
        before = shop.api("GET", "/analytics/summary", token=shop.admin()).json["refunds"]
        order = shop.order(sku, address=mail)
        self.assertEqual(shop.pay(order).json["status"], "succeeded")
        wait_for("the order to be paid", lambda: shop.order_status(order) == "paid")
        key, guest = shop.new_key(), {"Order-Token": order["tracking_token"]}
        for _ in range(2):
            answer = shop.api("POST", f"/orders/{order['id']}/cancel", key=key, headers=guest)
            self.assertEqual((answer.status, answer.json["status"]), (200, "cancelled"), answer)
        self.assertEqual(shop.stock(sku)["reserved"], 0)
        self.assertEqual(self.refunded(order)["status"], "cancelled")
        payment = shop.api("GET", f"/payments/{order['payment']['id']}").json
        self.assertEqual((payment["status"], payment["refunded"]), ("refunded", order["payment"]["amount"]))
        events = self.history(order, headers=guest)
        self.assertEqual([e["event"] for e in events], ["order_placed", "payment_succeeded", "order_cancelled", "payment_refunded"])
        self.assertEqual([e["state"] for e in events], ["pending_payment", "paid", "cancelled", "cancelled"])
        self.assertEqual([e["actor"] for e in events], ["customer", "system", "customer", "system"])
        self.assertTrue(events[1]["position"] and events[3]["position"] and not events[2]["position"], events)
        self.assertNotIn("request_id", events[0])
        self.assertTrue(self.history(order, token=shop.admin())[0]["request_id"])
        self.assertIn("We return", wait_for("the mail", lambda: next((m for m in shop.mails(mail) if "cancelled" in m["Subject"]), None)).get_body(("plain",)).get_content())
        after = wait_for("the figures", lambda: (lambda s: s if s["refunds"]["amount"] >= before["amount"] + order["payment"]["amount"]["amount"] else None)(
            shop.api("GET", "/analytics/summary", token=shop.admin()).json))
        self.assertEqual(after["refunds"]["currency"], "EUR")

    def test_pages_show_it(self):
        shop = self.shop
        order = shop.paid_order(shop.new_product())
        b = Browser(shop)
        b.get(f"/track/{order['tracking_token']}")
        page = b.submit("/cancel")
        self.assertIn("cancelled", page.text.lower())
        self.refunded(order)
        page = b.get(f"/track/{order['tracking_token']}")
        self.assertIn("Money refunded", page.text)
        self.assertNotIn("/cancel", [f["action"] for f in page.forms])

    def test_nothing_that_left_is_cancelled(self):
        shop, token = self.shop, self.shop.admin()
        order = shop.paid_order(shop.new_product())
        line = shop.api("GET", f"/orders/{order['id']}", token=token).json["lines"][0]["id"]
        shop.api("POST", f"/orders/{order['id']}/shipments", {"lines": [{"line_id": line, "quantity": 1}], "carrier": "DHL", "tracking_number": "1"}, token=token)
        answer = shop.api("POST", f"/orders/{order['id']}/cancel", headers={"Order-Token": order["tracking_token"]})
        self.assert_problem(answer, 409, "order_shipped")

    def test_others_cannot(self):
        order, stranger = self.shop.paid_order(self.shop.new_product()), self.shop.customer()["access_token"]
        for headers in ({}, {"Order-Token": self.shop.new_key()}):
            self.assertEqual(self.shop.api("POST", f"/orders/{order['id']}/cancel", headers=headers, token=stranger).status, 404)
            self.assertEqual(self.shop.api("GET", f"/orders/{order['id']}/timeline", headers=headers, token=stranger).status, 404)


if __name__ == "__main__":
    unittest.main()
