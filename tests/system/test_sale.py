"""The first sale, by the API: what a program that sells through EcoStore does."""
import datetime
import unittest

from shop import CARDS, ShopTest, unique, wait_for


class SaleTest(ShopTest):
    def test_the_path(self):
        shop = self.shop
        sku = shop.new_product(stock=5, amount=2450)
        mail = f"{unique('guest')}@example.org"
        before = shop.api("GET", "/analytics/summary", token=shop.admin()).json

        found = wait_for("the product to be found", lambda: shop.api("GET", f"/search?q={sku}").json["data"])
        product = shop.api("GET", f"/products/{found[0]['slug']}").json
        self.assertEqual(product["price"], {"amount": 2450, "currency": "EUR"})
        self.assertTrue(product["in_stock"])

        cart = shop.cart(sku, 2)
        self.assertEqual(cart["lines"][0]["quantity"], 2)
        self.assertTrue(cart["shipping_options"])
        totals = cart["totals"]
        self.assertEqual(totals["subtotal"]["amount"], 4900)

        body, key = shop.order_body(cart, mail), shop.new_key()
        placed = shop.api("POST", "/orders", body, key=key)
        self.assertEqual(placed.status, 201, placed)
        order = placed.json
        self.assertEqual(order["status"], "pending_payment")
        t = order["totals"]
        self.assertEqual(t["total"]["amount"], t["subtotal"]["amount"] - t["discount"]["amount"] + t["shipping"]["amount"] + (0 if t["tax_included"] else t["tax"]["amount"]))
        self.assertEqual(order["payment"]["amount"], t["total"])
        self.assertEqual((shop.stock(sku)["on_hand"], shop.stock(sku)["reserved"]), (5, 2))

        again = shop.api("POST", "/orders", body, key=key)
        self.assertEqual((again.status, again.body), (201, placed.body))
        self.assertEqual(again.headers["Idempotent-Replayed"], "true")
        self.assert_problem(shop.api("POST", "/orders", {**body, "email": "other@example.org"}, key=key), 422, "idempotency_key_reused")
        self.assert_problem(shop.api("POST", "/orders", body), 400, "idempotency_key_required")

        declined = shop.pay(order, "declined")
        self.assertEqual((declined.status, declined.json["status"]), (200, "failed"), declined)
        self.assertTrue(declined.json["failure_code"])
        self.assertEqual(shop.order_status(order), "pending_payment")
        paid = shop.pay(order)
        self.assertEqual((paid.status, paid.json["status"]), (200, "succeeded"), paid)
        shop.wait_status(order, "paid")
        message = shop.wait_mail(mail, order["number"])
        self.assertIn(order["number"], message.get_body(("plain",)).get_content())

        token = shop.admin()
        listed = shop.api("GET", "/admin/orders", token=token).json["data"]
        self.assertIn(order["number"], [o["number"] for o in listed])
        details = shop.api("GET", f"/orders/{order['id']}", token=token).json
        shipment = shop.api("POST", f"/orders/{order['id']}/shipments", {
            "lines": [{"line_id": line["id"], "quantity": line["quantity"]} for line in details["lines"]],
            "carrier": "DHL", "tracking_number": "JD0146000012345"}, token=token)
        self.assertEqual(shipment.status, 201, shipment)
        shop.wait_status(order, "shipped")
        tracked = shop.api("GET", f"/orders/track/{order['tracking_token']}")
        self.assertIn("JD0146000012345", tracked.text)
        wait_for("the stock to leave", lambda: (shop.stock(sku)["on_hand"], shop.stock(sku)["reserved"]) == (3, 0))
        delivered = shop.api("POST", f"/shipments/{shipment.json['id']}/deliver", token=token)
        self.assertIn(delivered.status, (200, 204), delivered)
        shop.wait_status(order, "delivered")

        def counted():
            now = shop.api("GET", "/analytics/summary", token=token).json
            return now["orders"] > before["orders"] and now["revenue"]["amount"] >= before["revenue"]["amount"] + t["total"]["amount"]
        wait_for("the dashboard to count it", counted)

    def test_registered_customer(self):
        shop = self.shop
        sku, customer = shop.new_product(stock=3), shop.customer("Jonas Weiß")
        token = customer["access_token"]
        me = shop.api("GET", "/me", token=token)
        self.assertEqual((me.status, me.json["email"]), (200, customer["email"]))
        order = shop.order(sku, token=token, address=customer["email"])
        self.assertEqual(shop.pay(order).json["status"], "succeeded")
        wait_for("the order among mine", lambda: [o for o in shop.api("GET", "/orders", token=token).json["data"] if o["id"] == order["id"]])
        other = shop.customer()["access_token"]
        self.assert_problem(shop.api("GET", f"/orders/{order['id']}", token=other), 404)
        self.assert_problem(shop.api("GET", f"/orders/{order['id']}"), 404)

    def test_tokens(self):
        shop = self.shop
        customer = shop.customer()
        fresh = shop.api("POST", "/auth/refresh", {"refresh_token": customer["refresh_token"]})
        self.assertEqual(fresh.status, 200, fresh)
        self.assertNotEqual(fresh.json["refresh_token"], customer["refresh_token"])
        self.assert_problem(shop.api("POST", "/auth/refresh", {"refresh_token": customer["refresh_token"]}), 401)
        self.assert_problem(shop.api("POST", "/auth/refresh", {"refresh_token": fresh.json["refresh_token"]}), 401)
        again = shop.login(customer["email"], customer["password"])
        self.assertEqual(shop.api("POST", "/auth/logout", token=again["access_token"]).status, 204)
        r = shop.api("GET", "/me", token=again["access_token"])
        self.assert_problem(r, 401)
        self.assertTrue(r.headers["WWW-Authenticate"])
        keys = shop.api("GET", "/.well-known/jwks.json").json["keys"]
        self.assertEqual(keys[0]["alg"], "ES256")

    def test_cancel_gives_stock_back(self):
        shop = self.shop
        sku = shop.new_product(stock=2)
        order = shop.order(sku, 2)
        self.assertEqual(shop.stock(sku)["available"], 0)
        r = shop.api("POST", f"/orders/{order['id']}/cancel", key=shop.new_key(), headers={"Order-Token": order["tracking_token"]})
        self.assertIn(r.status, (200, 204), r)
        self.assertEqual(shop.order_status(order), "cancelled")
        self.assertEqual(shop.stock(sku)["available"], 2)

    def test_challenge(self):
        """The card wants its owner's consent on a page of the provider."""
        shop = self.shop
        for action, status in (("approve", "paid"), ("fail", "pending_payment")):
            with self.subTest(action):
                order = shop.order(shop.new_product())
                r = shop.pay(order, "challenge")
                self.assertEqual(r.json["status"], "requires_action", r)
                from shop import Browser
                browser = Browser(shop)
                browser.get(r.json["next_action"]["url"])
                # Without the buyer's cookie the page after it is nobody's business.
                browser.submit(".", button=action, expect=None)
                shop.wait_status(order, status)

    def test_every_declined_card_can_be_tried_again(self):
        shop = self.shop
        order = shop.order(shop.new_product())
        codes = set()
        for which in ("declined", "no_funds", "expired", "wrong_cvc"):
            r = shop.pay(order, which)
            self.assertEqual((r.status, r.json["status"]), (200, "failed"), r)
            codes.add(r.json["failure_code"])
        self.assertEqual(len(codes), 4, codes)
        self.assertEqual(shop.pay(order).json["status"], "succeeded")
        shop.wait_status(order, "paid")
        for path in (shop.run_dir / "log").glob("*/current"):
            log = path.read_bytes()
            for number in CARDS.values():
                self.assertNotIn(number.encode(), log, f"card number in {path}")

    def test_price_change_is_refused(self):
        """A cart remembers what it quoted: an order at another price is not placed behind the buyer's back."""
        shop = self.shop
        sku = shop.new_product(amount=1000)
        cart = shop.cart(sku)
        shop.import_rows([{"sku": sku, "name": f"Test cup {sku}", "description": "For tests.", "category": ["Kitchen", "Cups"],
                           "price": {"amount": 1500, "currency": "EUR"}}])
        r = shop.api("POST", "/orders", shop.order_body(cart), key=shop.new_key())
        if r.status == 409:
            self.assert_problem(r, 409, "cart_changed")
            cart = shop.api("GET", f"/carts/{cart['id']}").json
            r = shop.api("POST", "/orders", shop.order_body(cart), key=shop.new_key())
        self.assertEqual(r.status, 201, r)
        self.assertEqual(r.json["totals"]["subtotal"]["amount"], 1500)

    def test_staff_only(self):
        customer = self.shop.customer()["access_token"]
        for method, path in (("GET", "/admin/orders"), ("GET", "/stock"), ("GET", "/notifications"), ("GET", "/analytics/summary"),
                             ("GET", "/services"), ("GET", "/users"), ("POST", "/imports"), ("POST", "/products")):
            with self.subTest(path):
                self.assert_problem(self.shop.api(method, path), 401)
                self.assert_problem(self.shop.api(method, path, token=customer), 403)

    def test_staff_sees_services_and_messages(self):
        token = self.shop.admin()
        services = self.shop.api("GET", "/services", token=token).json["data"]
        names = {s["name"] for s in services}
        self.assertLessEqual({"auth-service", "catalog-service", "cart-service", "order-service", "payment-service", "inventory-service",
                              "notification-service", "analytics-service", "event-bus"}, names)
        self.assertEqual(self.shop.api("GET", "/notifications", token=token).status, 200)
        day = datetime.date.today().isoformat()
        self.assertEqual(self.shop.api("GET", f"/analytics/summary?from={day}&to={day}", token=token).status, 200)


if __name__ == "__main__":
    unittest.main()
