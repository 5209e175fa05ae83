"""One trace from the gateway's request through events and jobs to the mail that resulted, in the logs of every hop."""
import json
import re
import secrets
import unittest

from shop import ShopTest, unique, wait_for

WELL_FORMED = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class TraceTest(ShopTest):
    def trace(self):
        trace_id = secrets.token_hex(16)
        return trace_id, {"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"}

    def lines(self, process, trace_id):
        """What a process' log says of a trace."""
        folder = self.shop.run_dir / "log" / process
        found = []
        for path in [*sorted(folder.glob("@*")), *folder.glob("current"), *folder.glob("access.log")]:
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                if trace_id in line:
                    found.append(json.loads(line[line.index("{"):]))
        return found

    def wait_lines(self, process, trace_id, **fields):
        def found():
            return [line for line in self.lines(process, trace_id) if all(line.get(k) == v for k, v in fields.items())]
        return wait_for(f"{process} to log {fields} of trace {trace_id}", found)

    def test_who_asked_and_who_was_refused(self):
        customer = self.shop.customer()
        for token, path, expected in ((customer["access_token"], "/users", (403, customer["user"]["id"])), (None, "/users", (401, "")),
                                      (customer["access_token"], "/me", (200, customer["user"]["id"]))):
            trace_id, headers = self.trace()
            self.shop.api("GET", path, token=token, headers=headers)
            line = self.wait_lines("auth-service", trace_id, message="request")[0]
            self.assertEqual((line["status"], line["account"]), expected)

    def test_a_purchase_is_one_trace(self):
        shop = self.shop
        sku = shop.new_product(stock=4)
        address = f"{unique('trace')}@example.org"
        trace_id, headers = self.trace()
        cart = shop.api("POST", "/carts", {"lines": [{"sku": sku, "quantity": 1}], "destination": {"country": "DE", "postal_code": "79098"}},
                        headers=headers)
        self.assertEqual(cart.status, 201, cart)
        order = shop.api("POST", "/orders", shop.order_body(cart.json, address), key=shop.new_key(), headers=headers)
        self.assertEqual(order.status, 201, order)
        paid = shop.api("POST", f"/payments/{order.json['payment']['id']}/confirm", shop.card(), key=shop.new_key(), headers=headers)
        self.assertEqual(paid.status, 200, paid)
        mail = shop.wait_mail(address)
        self.assertEqual(mail["traceparent"], headers["traceparent"], "the mail that resulted")

        for process, path in (("cart-service", "/api/v1/carts"), ("order-service", "/api/v1/orders"),
                              ("payment-service", "/api/v1/payments/{id}/confirm")):
            line = self.wait_lines(process, trace_id, message="request", path=path)[0]
            self.assertEqual((line["trace_id"], line["traceparent"]), (trace_id, headers["traceparent"]))
        confirm = self.wait_lines("payment-service", trace_id, path="/api/v1/payments/{id}/confirm")[0]["request_id"]
        self.assertEqual(confirm, paid.headers["X-Request-Id"])
        self.wait_lines("mock-provider", trace_id, message="request")
        self.wait_lines("mock-provider-work", trace_id, message="job done")
        self.wait_lines("payment-service", trace_id, message="request", path="/webhooks/payment/mock")
        # What the payment caused belongs to the request that paid, or to the provider's news of it, whichever came first.
        causes = {line["request_id"] for line in self.lines("payment-service", trace_id)}
        for process, subscription, topic in (("order-service-work", None, "payment.succeeded"),
                                             ("notification-service-work", "notification.messages", "order.paid"),
                                             ("analytics-service-work", None, "order.paid"),
                                             ("analytics-service-work", None, "order.placed")):
            line = self.wait_lines(process, trace_id, message="event handled", topic=topic)[0]
            self.assertTrue(line["request_id"])
            if subscription:
                self.assertEqual(line["subscription"], subscription)
                self.assertIn(line["request_id"], causes)
        for message in ("mail sent", "job done"):
            self.wait_lines("notification-service-work", trace_id, message=message)
        self.assertIn(mail["X-Request-Id"], causes)
        self.wait_lines("nginx", trace_id, status=201)

    def test_sql_s_own_events_belong_to_it(self):
        """Stock that runs out tells so from a trigger, two services away from the order."""
        shop = self.shop
        sku = shop.new_product(stock=1)
        trace_id, headers = self.trace()
        order = shop.api("POST", "/orders", shop.order_body(shop.cart(sku)), key=shop.new_key(), headers=headers)
        self.assertEqual(order.status, 201, order)
        self.wait_lines("catalog-service-work", trace_id, message="event handled", topic="stock.depleted")

    def test_a_trace_begins_at_the_gateway(self):
        """Without one, or with nonsense, the request's own id is the trace's."""
        for sent in (None, "", "nonsense", "00-" + "0" * 32 + "-" + "1" * 16 + "-01", "00-" + "A" * 32 + "-" + "1" * 16 + "-01",
                     "ff-" + "a" * 32 + "-" + "1" * 16 + "-01", "00-" + "a" * 32 + "-" + "1" * 16 + "-01-more"):
            with self.subTest(sent):
                answer = self.shop.api("GET", "/events/topics", headers={"traceparent": sent} if sent is not None else {})
                request_id = answer.headers["X-Request-Id"]
                line = self.wait_lines("event-bus", request_id, message="request")[0]
                self.assertEqual(line["trace_id"], request_id)
                self.assertRegex(line["traceparent"], WELL_FORMED)

    def test_a_later_version_is_understood(self):
        trace_id, headers = self.trace()
        later = "cc" + headers["traceparent"][2:] + "-of the future"
        self.assertEqual(self.shop.api("GET", "/events/topics", headers={"traceparent": later}).status, 200)
        self.assertEqual(self.wait_lines("event-bus", trace_id, message="request")[0]["traceparent"], headers["traceparent"])


if __name__ == "__main__":
    unittest.main()
