"""Nobody buys what is not there."""
import collections
import concurrent.futures
import unittest

from shop import ShopTest

BUYERS = 200


class StockTest(ShopTest):
    def test_last_unit(self):
        """200 buyers at once: one order, 199 clear refusals, nothing left and nothing owed."""
        shop = self.shop
        sku = shop.new_product(stock=1)
        with concurrent.futures.ThreadPoolExecutor(40) as pool:
            carts = list(pool.map(lambda _: shop.cart(sku), range(BUYERS)))
        with concurrent.futures.ThreadPoolExecutor(BUYERS) as pool:
            answers = list(pool.map(lambda c: shop.api("POST", "/orders", shop.order_body(c), key=shop.new_key()), carts))
        counts = collections.Counter(a.status for a in answers)
        self.assertEqual(counts, {201: 1, 409: BUYERS - 1}, counts)
        for refused in (a for a in answers if a.status == 409):
            problem = self.assert_problem(refused, 409, "out_of_stock")
            self.assertEqual(problem["errors"][0]["field"], "lines/0/quantity")
        stock = shop.stock(sku)
        self.assertEqual((stock["on_hand"], stock["reserved"], stock["available"]), (1, 1, 0))

    def test_above_stock(self):
        shop = self.shop
        sku = shop.new_product(stock=2)
        cart = shop.cart(sku, 3)
        self.assertFalse(cart["lines"][0]["available"])
        self.assert_problem(shop.api("POST", "/orders", shop.order_body(cart), key=shop.new_key()), 409, "out_of_stock")

    def test_one_order_per_cart(self):
        shop = self.shop
        cart = shop.cart(shop.new_product(stock=50))
        body = shop.order_body(cart)
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: shop.api("POST", "/orders", body, key=shop.new_key()).status, range(20)))
        self.assertEqual(answers.count(201), 1, answers)
        self.assertTrue(set(answers) <= {201, 409}, answers)

    def test_same_key_at_once(self):
        """A client that sends its order twice, because the first answer is late, gets one order."""
        shop = self.shop
        body, key = shop.order_body(shop.cart(shop.new_product(stock=50))), shop.new_key()

        def send(_):
            while True:
                r = shop.api("POST", "/orders", body, key=key)
                if r.status != 409:
                    return r
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(send, range(10)))
        self.assertEqual({a.status for a in answers}, {201})
        self.assertEqual(len({a.body for a in answers}), 1)

    def test_adjustment(self):
        shop = self.shop
        sku = shop.new_product(stock=4)
        warehouse = shop.api("GET", "/warehouses", token=shop.admin()).json["data"][0]
        name = warehouse.get("code") or warehouse.get("id")
        r = shop.api("POST", f"/stock/{sku}/adjustments", {"warehouse": name, "delta": -3, "reason": "damaged"}, token=shop.admin())
        self.assertIn(r.status, (200, 201), r)
        self.assertEqual(shop.stock(sku)["on_hand"], 1)
        r = shop.api("POST", f"/stock/{sku}/adjustments", {"warehouse": name, "delta": -3, "reason": "damaged"}, token=shop.admin())
        self.assertIn(r.status, (409, 422), r)
        self.assertEqual(shop.stock(sku)["on_hand"], 1)


if __name__ == "__main__":
    unittest.main()
