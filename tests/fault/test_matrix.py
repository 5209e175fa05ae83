"""The kill matrix: kill -9 before, during and after every commit of a sale and of all that can become of it.

A shop has fault points (make start FAULT=1, common/base/fault.h) and each scenario is played once unharmed. What was
passed then is the matrix: nobody lists points, so that what is added later joins by itself. Then the scenario is played
again while points are armed. Clients, shoppers and staff repeat what got no answer, with the same idempotency key. When
all has settled, everything in the shop adds up (tests/lib/facts.py), the facts of the order (its states, steps and history,
stock, payment, ledger, provider, events, mails, figures) are those of the unharmed one, whatever was killed, and every
point has fired.

`make test` arms at once, before and after, what no scenario before has killed; `make test-fault` (POINTS=each) also one at a time,
in every scenario, and during the commit as well.
"""
import collections
import contextlib
import http.client
import json
import os
import re
import time
import unittest

from facts import assert_settled
from shop import Browser, ShopTest, unique, wait_for

SCENARIOS = os.environ.get("SCENARIOS", "sale challenge silence decline expiry change_of_mind money_back").split()
EACH = os.environ.get("POINTS") == "each"
GIVE_UP_SECS = 60
IDLE_TURN_SECS = 7  # the rarest of timers comes every five
# Work that no scenario depends on: its turn comes when it comes. Staff of the test sign in when what they have has run out.
ASIDE = re.compile(r"^(GET |HEAD |POST /api/v1/auth/|gate |process |timer (?!orders\.expire |payment\.ask_provider |mock_provider\.|bus.sequence )|(?:lease|job|events) catalog\.)")

# What lasts of an order, and must not depend on who was killed meanwhile (but that a refund took longer is said). :o is its id.
FACTS = """
select json_build_object(
  'order', (select json_build_array(status, payment_status, fulfilment_status) from orders.orders where id = :o),
  'steps', (select json_object_agg(step, state) from orders.saga_step where order_id = :o),
  'history', (select json_agg(json_build_array(event, state, actor) order by t.id) from orders.timeline t where order_id = :o and event <> 'refund_delayed'),
  'parcels', (select json_agg(delivered_at is not null) from orders.shipment where order_id = :o),
  'payment', (select json_build_array(status, captured_minor, refunded_minor) from payment.intent where order_id = :o),
  'attempts', (select json_agg(json_build_array(a.kind, a.status) order by a.created_at) from payment.attempt a join payment.intent i on i.id = a.payment_id where i.order_id = :o),
  'ledger', (select json_agg(json_build_array(p.kind, e.account, e.amount_minor) order by p.id, e.account) from payment.entry e join payment.posting p on p.id = e.posting_id
             join payment.intent i on i.id = p.payment_id where i.order_id = :o),
  'provider', (select json_agg(json_build_array(c.status, c.amount_minor, c.refunded_minor) order by c.created_at) from mock_provider.charge c join orders.orders o on o.number = c.reference where o.id = :o),
  'reserved', (select json_build_array(sum(quantity), sum(shipped), sum(released)) from inventory.reservation where order_id = :o),
  'events', (select json_object_agg(aggregate_type, topics) from (select aggregate_type, json_agg(topic order by pos) as topics from bus.event
             where topic <> 'payment.refund_delayed' and order_key = (select order_key from bus.event where aggregate_type = 'order' and aggregate_id = :o limit 1) group by 1) t),
  'letters', (select json_agg(json_build_array(template, state) order by template) from notification.message where order_id = :o),
  'figures', (select json_build_array(paid_at is not null, cancelled_at is not null, total_minor) from analytics.order_fact where order_id = :o),
  'given back', (select sum(amount_minor) from analytics.refund_fact where order_id = :o))
"""
# Time passes: whoever holds a lease and was killed will not come back for it.
LEASES_END = """
update bus.job set run_at = now() where state not in ('done', 'dead') and run_at > now();
update bus.parked set next_at = now() where state = 'retry' and next_at > now();
update payment.attempt set check_at = now() where check_at > now();
"""


class Person:
    """Does not give up, and never thinks of another key."""

    def __init__(self, shop):
        self.shop = shop

    def until(self, good, *request, **more):
        deadline, answer = time.monotonic() + GIVE_UP_SECS, None
        while time.monotonic() < deadline:
            try:
                answer = self.shop.api(*request, **more)
                if answer.status in good:
                    return answer.json
                # 409 with Retry-After: the first try is still on its way, or died on it.
                if answer.status < 500 and "Retry-After" not in answer.headers:
                    raise AssertionError(f"{request}: {answer}")
            except (OSError, http.client.HTTPException) as e:
                answer = e
            self.shop.sql(LEASES_END)
            time.sleep(0.05)
        raise AssertionError(f"{request}: not done after {GIVE_UP_SECS} s, last {answer}")


class Matrix(ShopTest):
    maxDiff = None
    variables = {"FAULT": 1}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.person = Person(cls.shop)
        cls.sku = cls.shop.new_product(stock=10000)
        cls.boxes = {p.name: p for p in (cls.shop.run_dir / "sv").iterdir() if re.search(r"-service|-provider|event-bus", p.name)}
        for box in cls.boxes.values():
            for name in ("fault", "fault.seen"):
                (box / name).touch()
                (box / name).chmod(0o666)

    # ------------------------------------------------------------ the points
    def seen(self):
        """{process: [points]} since the last time."""
        found = {}
        for name, box in self.boxes.items():
            lines = dict.fromkeys((box / "fault.seen").read_text().splitlines())
            found[name] = [line for line in lines if not ASIDE.match(line) and (EACH or not line.endswith(" during"))]
            (box / "fault.seen").write_text("")
        return found

    def arm(self, points):
        for name, lines in points.items():
            (self.boxes[name] / "fault").write_text("".join(line + "\n" for line in lines))

    def armed(self):
        return {name: left for name, box in self.boxes.items() if (left := (box / "fault").read_text().splitlines())}

    # ------------------------------------------------------------ scenarios: what people do, up to where it ends
    def order(self):
        body = {"lines": [{"sku": self.sku, "quantity": 2}], "destination": {"country": "DE", "postal_code": "79098"}}
        cart = self.person.until({201}, "POST", "/carts", body)
        return self.person.until({201}, "POST", "/orders", self.shop.order_body(cart, f"{unique('matrix')}@example.org"), key=self.shop.new_key())

    def confirm(self, order, card="good"):
        return self.person.until({200}, "POST", f"/payments/{order['payment']['id']}/confirm", self.shop.card(card), key=self.shop.new_key())

    def becomes(self, order, **wanted):
        def there():
            self.shop.sql(LEASES_END)
            now = self.person.until({200}, "GET", f"/orders/{order['id']}", token=self.shop.admin())
            return now if all(now[k] == v for k, v in wanted.items()) else None
        return wait_for(f"order {order['number']} to be {wanted}", there, GIVE_UP_SECS, every=0.1)

    def cancel(self, order):
        self.person.until({200}, "POST", f"/orders/{order['id']}/cancel", key=self.shop.new_key(), headers={"Order-Token": order["tracking_token"]})

    def sale(self):
        order = self.order()
        self.confirm(order)
        now = self.becomes(order, status="paid")
        parcel = {"lines": [{"line_id": now["lines"][0]["id"], "quantity": 2}], "carrier": "DHL", "tracking_number": "00340434"}
        sent = self.person.until({201}, "POST", f"/orders/{order['id']}/shipments", parcel, token=self.shop.admin(), key=self.shop.new_key())
        shipment = sent["shipments"][0] if "shipments" in sent else sent
        self.person.until({200, 204}, "POST", f"/shipments/{shipment['id']}/deliver", token=self.shop.admin(), key=self.shop.new_key())
        self.becomes(order, status="delivered")
        return order

    def challenge(self):
        order = self.order()
        page = self.confirm(order, "challenge")["next_action"]["url"]

        def consent():
            try:
                browser = Browser(self.shop)
                browser.get(page, expect=None)
                if browser.page.forms:
                    browser.submit(".", button="approve", expect=None)
            except (OSError, http.client.HTTPException, AssertionError, StopIteration):
                return False
            return self.shop.sql(f"select count(*) from mock_provider.charge where reference = '{order['number']}' and status = 'succeeded'") == [1]
        wait_for("the consent", consent, GIVE_UP_SECS)
        self.becomes(order, status="paid")
        return order

    def silence(self):
        """The provider takes the money and does not answer: it is asked."""
        order = self.order()
        self.confirm(order, "silent")
        self.becomes(order, status="paid")
        return order

    def decline(self):
        order = self.order()
        self.assertEqual(self.confirm(order, "declined")["status"], "failed")
        return order

    def expiry(self):
        order = self.order()
        self.shop.sql(f"update orders.orders set expires_at = now() - interval '1 second' where id = '{order['id']}';"
                      f"update orders.saga_step set next_at = now() - interval '1 second' where order_id = '{order['id']}' and step = 'await_payment'")
        self.becomes(order, status="cancelled")
        return order

    def change_of_mind(self):
        order = self.order()
        self.cancel(order)
        self.becomes(order, status="cancelled")
        return order

    def money_back(self):
        order = self.order()
        self.confirm(order)
        self.becomes(order, status="paid")
        self.cancel(order)
        self.becomes(order, status="cancelled", payment_status="refunded")
        return order

    # ------------------------------------------------------------ what must be true afterwards
    def settle(self):
        try:
            assert_settled(self.shop, hurry=LEASES_END)
        except AssertionError as e:
            self.fail(f"{e}; still armed: {self.armed()}")

    def facts(self, order):
        facts = self.shop.sql(re.sub(r"\s+", " ", FACTS).replace(":o", f"'{order['id']}'"))[0]
        mails = self.shop.mails(order["email"])
        # A mail that was sent and not yet written down as sent goes again, and is the same message.
        facts["mails"] = sorted(collections.Counter(subject for subject, _ in {(re.sub(order["number"], "", str(m["Subject"])), str(m["Message-ID"])) for m in mails}).items())
        return json.loads(json.dumps(facts))

    # ------------------------------------------------------------ the matrix
    def play(self, scenario):
        order = getattr(self, scenario)()
        self.settle()
        return order

    def expected(self, scenario):
        """Unharmed: the facts, and the points that were passed."""
        self.seen()
        facts = self.facts(self.play(scenario))
        return facts, self.seen()

    def harmed(self, scenario, facts, points, patience=0):
        """Plays it with these points armed; those that were not passed: where one kills, another may be out of the way."""
        self.arm(points)
        order = self.play(scenario)
        # What only looks whether there is something to do comes by sooner or later.
        with contextlib.suppress(AssertionError):
            wait_for("the points", lambda: not self.armed(), patience)
        self.settle()
        left = self.armed()
        self.arm({name: [] for name in points})
        self.assertEqual(self.facts(order), facts, f"{scenario}, killed at {points}")
        return left

    def alone(self, scenario, facts, name, line):
        self.assertEqual(self.harmed(scenario, facts, {name: [line]}, IDLE_TURN_SECS), {}, f"{scenario}: was passed unharmed, and is not any more")

    def test_matrix(self):
        moved, left, played = set(), {}, {}
        for scenario in SCENARIOS:
            with self.subTest(scenario):
                begun = time.monotonic()
                facts, points = self.expected(scenario)
                moved |= {step for step, state in facts["steps"].items() if state != "pending"}
                every = {(name, line) for name, lines in points.items() for line in lines}
                self.assertGreater(len(every), 20, points)
                new = every - set(played)
                missed = self.harmed(scenario, facts, {name: [line for line in lines if (name, line) in new] for name, lines in points.items()})
                for point in sorted(every) if EACH else []:
                    with self.subTest(scenario, point=point):
                        self.alone(scenario, facts, *point)
                missed = set() if EACH else {(name, line) for name, lines in missed.items() for line in lines}
                played.update(dict.fromkeys(new - missed))
                left.update({point: (scenario, facts) for point in missed})
                print(f"{scenario}: passes {len(every)} points, killed at {len(every) if EACH else len(new - missed)}, {time.monotonic() - begun:.1f} s", flush=True)
        for point, (scenario, facts) in left.items():
            if point not in played:
                with self.subTest(scenario, point=point):
                    self.alone(scenario, facts, *point)
        self.assertEqual(moved, set(self.shop.sql("select to_json(step) from orders.saga_step_kind")), "a step that no scenario moves")


if __name__ == "__main__":
    unittest.main()
