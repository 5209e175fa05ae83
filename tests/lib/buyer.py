"""Clients that do not give up: what failed on the shop's side is sent again, with the same Idempotency-Key and never with another."""
import collections
import http.client
import time

GIVE_UP_SECS = 90


class Buyer:
    def __init__(self, shop):
        self.shop, self.retries = shop, collections.Counter()

    def until(self, what, good, *request, key=None, **more):
        """The answer with the status that is wanted. Refusals other than "later" are failures of the test."""
        deadline, answer = time.monotonic() + GIVE_UP_SECS, None
        while time.monotonic() < deadline:
            try:
                answer = self.shop.api(*request, key=key, **more)
                if answer.status == good:
                    return answer.json
                if answer.status < 500 and "Retry-After" not in answer.headers:
                    raise AssertionError(f"{what}: {answer}")
                self.refused(answer)
                self.retries[f"{what} {answer.status}"] += 1
            except (OSError, http.client.HTTPException) as e:
                self.retries[f"{what} {type(e).__name__}"] += 1
            time.sleep(0.05)
        raise AssertionError(f"{what}: not done after {GIVE_UP_SECS} s, last {answer}")

    def refused(self, answer):
        """For tests that have something to say about how the shop says "later"."""

    def place(self, sku, mail, quantity=1):
        cart = self.until("cart", 201, "POST", "/carts", {"lines": [{"sku": sku, "quantity": quantity}], "destination": {"country": "DE", "postal_code": "79098"}})
        return self.until("order", 201, "POST", "/orders", self.shop.order_body(cart, mail), key=self.shop.new_key())

    def confirm(self, order, card="good"):
        """The payment, when it is decided or wants its owner's consent."""
        payment = f"/payments/{order['payment']['id']}"
        paid = self.until("pay", 200, "POST", payment + "/confirm", self.shop.card(card), key=self.shop.new_key())
        deadline = time.monotonic() + GIVE_UP_SECS
        while paid["status"] == "processing" and time.monotonic() < deadline:
            time.sleep(0.1)
            paid = self.until("poll", 200, "GET", payment)
        return paid

    def purchase(self, sku, mail):
        order = self.place(sku, mail)
        paid = self.confirm(order)
        if paid["status"] != "succeeded":
            raise AssertionError(f"payment of {order['number']}: {paid}")
        return order

    def cancel(self, order):
        return self.until("cancel", 200, "POST", f"/orders/{order['id']}/cancel", key=self.shop.new_key(), headers={"Order-Token": order["tracking_token"]})

    def ship(self, order):
        """Everything in one parcel."""
        lines = [{"line_id": line["id"], "quantity": line["quantity"]} for line in order["lines"]]
        return self.until("ship", 201, "POST", f"/orders/{order['id']}/shipments", {"lines": lines, "carrier": "DHL", "tracking_number": "JD1"},
                          key=self.shop.new_key(), token=self.shop.admin())

    def deliver(self, parcel):
        return self.until("deliver", 200, "POST", f"/shipments/{parcel['id']}/deliver", key=self.shop.new_key(), token=self.shop.admin())

    def status(self, order):
        return self.until("look", 200, "GET", f"/orders/{order['id']}", headers={"Order-Token": order["tracking_token"]})["status"]

    def wait_status(self, order, status):
        deadline, last = time.monotonic() + GIVE_UP_SECS, None
        while time.monotonic() < deadline:
            last = self.status(order)
            if last == status:
                return
            time.sleep(0.05)
        raise AssertionError(f"order {order['number']} is {last}, not {status}")
