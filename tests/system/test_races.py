"""Two hands on one thing: whoever is first wins, the other is told, and money and stock agree with the answer."""
import collections
import concurrent.futures
import itertools
import unittest
import urllib.parse

from shop import ADDRESS, Browser, ShopTest, unique, wait_for


def at_once(calls):
    """What each call answered; all are begun together."""
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return [f.result() for f in [pool.submit(c) for c in calls]]


class RacesTest(ShopTest):
    def payment(self, order):
        return self.shop.api("GET", f"/payments/{order['payment']['id']}").json

    def cancel(self, order):
        return self.shop.api("POST", f"/orders/{order['id']}/cancel", headers={"Order-Token": order["tracking_token"]})

    def assert_kept(self, order, wanted):
        """The shop holds the order's whole amount, or, a moment later, nothing."""
        def kept():
            p = self.payment(order)
            return p["captured"]["amount"] - p["refunded"]["amount"] == (p["amount"]["amount"] if wanted else 0)
        wait_for("the money to be where it belongs", kept)

    def settled(self, order):
        return wait_for("the order to settle", lambda: (lambda s: s if s in ("paid", "cancelled") else None)(self.shop.order_status(order)))

    def test_one_payment_many_keys(self):
        """Eight tries to pay with keys of their own: one takes the money, the others hear why not."""
        for _ in range(5):
            order = self.shop.order(self.shop.new_product())
            answers = at_once([lambda: self.shop.pay(order)] * 8)
            outcomes = collections.Counter(a.json["status"] if a.status == 200 else a.json["code"] for a in answers)
            self.assertEqual(outcomes["succeeded"], 1, outcomes)
            self.assertLessEqual(set(outcomes), {"succeeded", "payment_processing", "payment_already_paid"})
            self.assertEqual(self.payment(order)["captured"], order["payment"]["amount"])

    def test_one_payment_one_key(self):
        order, key = self.shop.order(self.shop.new_product()), self.shop.new_key()
        answers = at_once([lambda: self.shop.pay(order, key=key)] * 8)
        for a in answers:
            if a.status == 409:
                self.assert_problem(a, 409, "idempotency_key_in_use")
                self.assertTrue(a.headers["Retry-After"])
        again = self.shop.pay(order, key=key)
        self.assertEqual(again.headers["Idempotent-Replayed"], "true")
        self.assertEqual({a.body for a in answers if a.status == 200}, {again.body})
        self.assertEqual(self.payment(order)["captured"], order["payment"]["amount"])

    def test_pay_or_cancel(self):
        """Never both: a cancelled order's money is not kept, a paid order's goods are."""
        sku, paid = self.shop.new_product(stock=50), 0
        for first in itertools.islice(itertools.cycle((True, False)), 12):
            order = self.shop.order(sku)
            calls = [lambda o=order: self.shop.pay(o), lambda o=order: self.cancel(o)]
            answers = at_once(calls if first else calls[::-1])
            self.assertTrue(all(a.status in (200, 409) for a in answers), answers)
            status = self.settled(order)
            self.assert_kept(order, status == "paid")
            paid += status == "paid"
        self.assertEqual(self.shop.stock(sku)["reserved"], paid)

    def test_ship_or_cancel(self):
        """A paid order leaves or is cancelled, never both; its stock and its money follow."""
        shop, sku, token, left = self.shop, self.shop.new_product(stock=50), self.shop.admin(), 0
        for first in itertools.islice(itertools.cycle((True, False)), 8):
            order = shop.paid_order(sku)
            line = shop.api("GET", f"/orders/{order['id']}", token=token).json["lines"][0]["id"]
            parcel = {"lines": [{"line_id": line, "quantity": 1}], "carrier": "DHL", "tracking_number": "JD1"}
            calls = [lambda o=order, p=parcel: shop.api("POST", f"/orders/{o['id']}/shipments", p, token=token), lambda o=order: self.cancel(o)]
            answers = at_once(calls if first else calls[::-1])
            self.assertEqual(sorted(a.status // 100 for a in answers), [2, 4], answers)
            status = shop.order_status(order)
            self.assertIn(status, ("shipped", "cancelled"))
            self.assert_kept(order, status == "shipped")
            left += status == "shipped"
        wait_for("the stock to leave", lambda: (shop.stock(sku)["on_hand"], shop.stock(sku)["reserved"]) == (50 - left, 0))

    def test_one_cancellation(self):
        """Six hands cancel a paid order: one does, and the money goes back once."""
        order = self.shop.paid_order(self.shop.new_product())
        answers = at_once([lambda: self.cancel(order)] * 6)
        self.assertEqual(sorted(a.status for a in answers), [200] + [409] * 5, answers)
        self.assert_kept(order, False)
        self.assertEqual(self.payment(order)["status"], "refunded")

    def test_one_cart_many_hands(self):
        sku = self.shop.new_product(stock=100)
        cart = self.shop.api("POST", "/carts", {}).json["id"]
        answers = at_once([lambda: self.shop.api("POST", f"/carts/{cart}/lines", {"sku": sku, "quantity": 1})] * 20)
        self.assertEqual({a.status for a in answers}, {201})
        lines = self.shop.api("GET", f"/carts/{cart}").json["lines"]
        self.assertEqual([line["quantity"] for line in lines], [20])

    def test_one_customer_one_cart(self):
        sku, token = self.shop.new_product(stock=100), self.shop.customer()["access_token"]
        body = {"lines": [{"sku": sku, "quantity": 1}]}
        answers = at_once([lambda: self.shop.api("POST", "/carts", body, token=token)] * 8)
        self.assertEqual(len({a.json["id"] for a in answers if a.status == 201}), 1, answers)

    def test_parcels_hold_what_was_ordered(self):
        """Six clerks ship one unit each of an order of three, and three report each parcel delivered."""
        shop, sku = self.shop, self.shop.new_product(stock=5)
        order, token = shop.paid_order(sku, 3), shop.admin()
        line = shop.api("GET", f"/orders/{order['id']}", token=token).json["lines"][0]["id"]
        parcel = {"lines": [{"line_id": line, "quantity": 1}], "carrier": "DHL", "tracking_number": "JD1"}
        answers = at_once([lambda: shop.api("POST", f"/orders/{order['id']}/shipments", parcel, token=token)] * 6)
        self.assertEqual(collections.Counter(a.status for a in answers), {201: 3, 422: 3}, answers)
        self.assertEqual(shop.order_status(order), "shipped")
        for shipment in (a.json["id"] for a in answers if a.status == 201):
            told = at_once([lambda s=shipment: shop.api("POST", f"/shipments/{s}/deliver", token=token)] * 3)
            self.assertEqual(sorted(a.status for a in told), [200, 409, 409], told)
        self.assertEqual(shop.order_status(order), "delivered")
        wait_for("the stock to leave", lambda: (shop.stock(sku)["on_hand"], shop.stock(sku)["reserved"]) == (2, 0))

    def at_review(self, sku):
        """A browser with one piece in its cart, at the last page before the order."""
        b = Browser(self.shop)
        b.get(f"/p/{self.shop.api('GET', f'/search?q={sku}').json['data'][0]['slug']}")
        b.submit("/cart/lines")
        b.get("/checkout")
        b.submit("/checkout/address", {"email": f"{unique('f')}@example.org", **ADDRESS})
        b.submit("/checkout/shipping", {"shipping_option": "standard"})
        return b

    def test_price_moves_under_the_form(self):
        """The buyer sees the new price, with a word about it, before agreeing to it."""
        sku = self.shop.new_product(stock=3, amount=1000)
        b = self.at_review(sku)
        self.shop.import_rows([{"sku": sku, "price": {"amount": 2000, "currency": "EUR"}}])
        page = b.submit("/checkout/place")
        self.assertEqual(page.url, "/checkout/review")
        self.assertIn("€20.00", page.text)
        self.assertIn("changed", page.text)
        self.assertRegex(b.submit("/checkout/place").url, "^/pay/")

    def test_sold_out_under_the_form(self):
        sku = self.shop.new_product(stock=1)
        b = self.at_review(sku)
        self.shop.order(sku)
        page = b.submit("/checkout/place")
        self.assertEqual(page.url, "/cart")
        self.assertIn("not enough", page.text)

    def test_second_window(self):
        """Two windows at the review: the second's order is the first's."""
        b = self.at_review(self.shop.new_product(stock=3))
        second = Browser(self.shop)
        second.cookies = dict(b.cookies)
        second.get("/checkout/review")
        paying = b.submit("/checkout/place").url
        self.assertEqual(second.submit("/checkout/place").url, paying)

    def test_form_sent_twice(self):
        """A double click on "place order", with and without the form's own key, is one order and one way to pay."""
        shop, sku = self.shop, self.shop.new_product(stock=10)
        b = self.at_review(sku)
        fields = dict(b.page.form("/checkout/place")["fields"])
        head = {"Content-Type": "application/x-www-form-urlencoded", "Origin": shop.url,
                "Cookie": "; ".join(f"{k}={v}" for k, v in b.cookies.items())}

        def place(form):
            return shop.request("POST", "/checkout/place", urllib.parse.urlencode(form).encode(), head)
        keyless = {k: v for k, v in fields.items() if k != "idempotency_key"}
        answers = at_once([lambda: place(fields), lambda: place(fields), lambda: place(keyless), lambda: place(fields)])
        self.assertEqual({a.status for a in answers}, {303}, answers)
        self.assertEqual(len({a.headers["Location"] for a in answers}), 1, [a.headers["Location"] for a in answers])
        self.assertRegex(answers[0].headers["Location"], "^/pay/")
        self.assertEqual(shop.stock(sku)["reserved"], 1)

    def test_new_version_once(self):
        """Of writers that saw the same version one writes; the others hear that it is an old one."""
        shop, sku = self.shop, self.shop.new_product()
        customer, staff = shop.customer()["access_token"], shop.admin()
        made = shop.api("POST", "/me/addresses", ADDRESS, token=customer)
        address = "/me/addresses/" + made.json["id"]
        product = "/products/" + shop.api("GET", f"/search?q={sku}").json["data"][0]["id"]
        cart = shop.cart(sku)
        user = shop.api("GET", "/me", token=customer)
        things = {
            "/me": (user.headers["ETag"], lambda n: {"name": f"Name {n}"}, customer),
            address: (made.headers["ETag"], lambda n: {"city": f"City {n}"}, customer),
            product: (shop.api("GET", product).headers["ETag"], lambda n: {"name": f"Cup {n}"}, staff),
            f"/carts/{cart['id']}/lines/{cart['lines'][0]['id']}": (shop.api("GET", f"/carts/{cart['id']}").headers["ETag"], lambda n: {"quantity": n + 1}, None),
        }
        for path, (tag, body, token) in things.items():
            with self.subTest(path):
                answers = at_once([lambda n=n: shop.api("PATCH", path, body(n), token=token, headers={"If-Match": tag}) for n in range(6)])
                self.assertEqual(sorted(a.status for a in answers), [200] + [412] * 5, answers)

    def test_one_default_address(self):
        token = self.shop.customer()["access_token"]
        answers = at_once([lambda: self.shop.api("POST", "/me/addresses", {**ADDRESS, "is_default": True}, token=token)] * 6)
        self.assertEqual({a.status for a in answers}, {201}, answers)
        kept = self.shop.api("GET", "/me/addresses", token=token).json["data"]
        self.assertEqual([a["is_default"] for a in kept].count(True), 1, kept)

    def test_refresh_once(self):
        """A refresh token is good for one of two programs that use it at once."""
        token = self.shop.customer()["refresh_token"]
        answers = at_once([lambda: self.shop.api("POST", "/auth/refresh", {"refresh_token": token})] * 6)
        self.assertLessEqual([a.status for a in answers].count(200), 1, answers)
        self.assertEqual({a.status for a in answers} - {200, 401}, set(), answers)


if __name__ == "__main__":
    unittest.main()
