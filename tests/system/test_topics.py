"""What is said is what the catalogue of topics says: nothing undocumented, nothing different, nothing about people.

Consumers tolerate members they don't know, so the catalogue's schemas are open; here they are read as closed, for what our
own code says must be written down. The module runs after most others, and looks at what all of them caused.
"""
import json
import re
import subprocess
import unittest

import jsonschema

from shop import ADDRESS, CARDS, ROOT, ShopTest, make, wait_for

# Members that would name a person. A line's name is its product's.
PERSONAL = re.compile(r"(^|_)(e?_?mail|phone|password|token|secret|name|first_name|last_name|line1|line2|street|city|postal_code|address|ip|note)$")
NOT_PERSONAL = {"/lines/0/name"}
ROLES = {"order-service": "es_orders", "event-bus": "es_bus"}
TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def members(value, path=""):
    """(path, value) of everything in it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{path}/{key}", inner
            yield from members(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from members(inner, path + "/0")


def documented(schema, path=""):
    """The path of every member that a schema speaks of."""
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}/{name}"
        yield from documented(inner, f"{path}/{name}")
    if isinstance(schema.get("items"), dict):
        yield from documented(schema["items"], path + "/0")


def closed(schema):
    """The same schema, where a member that is not written down is one too many."""
    if isinstance(schema, list):
        return [closed(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {k: closed(v) for k, v in schema.items()}
    if "properties" in schema or schema.get("type") == "object":
        shut.setdefault("additionalProperties", False)
    return shut


class Catalogue(ShopTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.topics = {t["name"]: t for t in cls.shop.api("GET", "/events/topics").json["data"]}


class DocumentsTest(Catalogue):
    """The catalogue in itself."""

    def test_schemas_and_examples(self):
        self.assertGreater(len(self.topics), 20)
        for name, topic in self.topics.items():
            with self.subTest(name):
                jsonschema.Draft202012Validator.check_schema(topic["schema"])
                self.assertEqual(topic["schema"]["type"], "object")
                self.assertGreaterEqual(topic["version"], 1)
                self.assertRegex(topic["description"], r"^[A-Z].*\.$")
                jsonschema.validate(topic["example"], closed(topic["schema"]), format_checker=jsonschema.FormatChecker())
                self.assertLessEqual(set(topic["schema"].get("required", [])), set(topic["schema"].get("properties", {})))

    def test_no_topic_speaks_of_people(self):
        for name, topic in self.topics.items():
            for path in [*documented(topic["schema"]), *(p for p, _ in members(topic["example"]))]:
                if path not in NOT_PERSONAL:
                    self.assertNotRegex(path.rsplit("/", 1)[1], PERSONAL, f"{path} of {name}")

    def test_closed_schemas_see_what_is_too_much(self):
        """The tests here rest on it."""
        order = self.topics["order.placed"]
        for more in ({**order["example"], "coupon": "X"},
                     {**order["example"], "lines": [{**order["example"]["lines"][0], "colour": "red"}]}):
            jsonschema.validate(more, order["schema"])
            with self.assertRaises(jsonschema.ValidationError):
                jsonschema.validate(more, closed(order["schema"]))


class CodeTest(Catalogue):
    """The catalogue and the places that emit."""

    def said_in_c(self):
        """(topic, the service's role) of every place that names one."""
        found = {}
        for folder in sorted((ROOT / "fcgi-apps").iterdir()):
            text = "\n".join(p.read_text(encoding="utf-8") for p in sorted(folder.glob("*.c")))
            said = re.findall(r'\.topic = "([^"]*)"', text) + re.findall(r'\bemit\(\w+, "([^"]*)"', text)
            self.assertEqual("event_emit(" in text, bool(said), f"{folder.name}: topics that this test can't find")
            for topic in said:
                found.setdefault(topic, set()).add(folder.name)
        return found

    def said_in_sql(self):
        """(topic, the schema) of every call in a function of the migrated database."""
        found = {}
        for row in self.shop.sql("select json_build_object('schema', n.nspname, 'name', p.proname, 'source', p.prosrc) from pg_proc p"
                            " join pg_namespace n on n.oid = p.pronamespace where p.prosrc ~ 'bus\\.emit\\('"):
            for call in re.findall(r"bus\.emit\(\s*(case\b.*?\bend\b|'[^']*'|\w+)", row["source"], re.S):
                texts = re.findall(r"'([^']*)'", call) or re.findall(rf"\b{call}\s*:=\s*'([^']*)'", row["source"])
                self.assertTrue(texts, f"{row['schema']}.{row['name']}: topics that this test can't find")
                for topic in texts:
                    found.setdefault(topic, set()).add(row["schema"])
        return found

    def test_what_is_emitted_is_declared_by_its_owner_and_the_other_way_round(self):
        said = {}
        for topic, services in self.said_in_c().items():
            said.setdefault(topic, set()).update(ROLES.get(s, "es_" + s.removesuffix("-service").replace("-", "_")) for s in services)
        for topic, schemas in self.said_in_sql().items():
            said.setdefault(topic, set()).update(f"es_{s}" for s in schemas)
        self.assertEqual(said, {name: {topic["owner"]} for name, topic in self.topics.items()})

    def test_what_is_heard_is_declared(self):
        for row in self.shop.sql("select json_build_object('name', name, 'topics', topics) from bus.subscription"):
            self.assertLessEqual(set(row["topics"]), set(self.topics), row["name"])

    def test_what_is_not_declared_is_not_said(self):
        """Not by mistake either: PostgreSQL refuses it."""
        for role, topic in (("es_orders", "order.unheard_of"), ("es_orders", "payment.succeeded"), ("es_payment", "order.paid")):
            with self.assertRaises(subprocess.CalledProcessError) as refused:
                self.shop.sql(f"set session authorization {role}; select bus.emit('{topic}', 'order', '1', null, '{{}}')")
            self.assertIn("row-level security", refused.exception.stderr)


class TrafficTest(Catalogue):
    """The catalogue and what was said."""

    def stock(self, sku, delta):
        warehouse = self.shop.stock(sku)["warehouses"][0]["code"]
        r = self.shop.api("POST", f"/stock/{sku}/adjustments", {"warehouse": warehouse, "delta": delta, "reason": "count"}, token=self.shop.admin())
        self.assertEqual(r.status, 201, r)

    def cancel(self, order, token=None):
        headers = {} if token else {"Order-Token": order["tracking_token"]}
        r = self.shop.api("POST", f"/orders/{order['id']}/cancel", {}, token=token, headers=headers, key=self.shop.new_key())
        self.assertEqual(r.status // 100, 2, r)

    def happen_to_goods(self):
        sku = self.shop.new_product(stock=3)
        self.shop.import_rows([{"sku": sku, "name": "Changed", "category": ["Kitchen", "Cups"], "price": {"amount": 900, "currency": "EUR"}}])
        low = self.shop.new_product(stock=20)
        self.stock(low, -16)
        self.stock(low, -4)
        self.stock(low, 20)
        return sku

    def happen_to_orders(self, sku):
        shop = self.shop
        paid = shop.paid_order(sku, 2)
        shipment = shop.api("POST", f"/orders/{paid['id']}/shipments",
                            {"lines": [{"line_id": paid["lines"][0]["id"], "quantity": 2}], "carrier": "DHL", "tracking_number": "T-1"},
                            token=shop.admin(), key=shop.new_key())
        self.assertEqual(shipment.status, 201, shipment)
        delivered = shop.api("POST", f"/shipments/{shipment.json['id']}/deliver", {}, token=shop.admin(), key=shop.new_key())
        self.assertEqual(delivered.status // 100, 2, delivered)
        declined = shop.order(sku)
        shop.pay(declined, "declined")
        self.cancel(declined)
        return {paid["id"], declined["id"]}

    def happen_to_money(self):
        """The provider is away while money is to go back."""
        sku = self.shop.new_product(stock=2)
        order = self.shop.paid_order(sku)
        self.assertEqual(make("stop", self.shop.run_dir, S="mock-provider").returncode, 0)
        try:
            self.cancel(order)
            self.wait_for_topics(order, {"payment.refund_delayed"})
        finally:
            self.assertEqual(make("start", self.shop.run_dir, S="mock-provider").returncode, 0)
        self.wait_for_topics(order, {"payment.refunded", "order.refunded"})
        return {order["id"]}

    def happen_to_people(self, sku):
        """Somebody comes, proves a mailbox, buys, changes their mind, and leaves."""
        someone = self.shop.customer()
        link = self.shop.wait_mail(someone["email"], "Welcome").get_body(("plain",)).get_content()
        token = re.search(r"/verify\?token=([\w-]+)", link)[1]
        self.assertEqual(self.shop.api("POST", "/auth/email/verify", {"token": token}).status, 200)
        order = self.shop.order(sku, token=someone["access_token"])
        self.cancel(order, someone["access_token"])
        r = self.shop.api("DELETE", "/me", {"password": someone["password"]}, token=someone["access_token"])
        self.assertEqual(r.status, 204, r)
        self.wait_for_topics(order, {"order.anonymised"})
        return {order["id"]}

    def events(self):
        return self.shop.sql("select json_build_object('topic', topic, 'payload', payload, 'order_key', order_key, 'headers', headers) from bus.event")

    def wait_for_topics(self, order, topics):
        wait_for(f"{topics} of order {order['number']}", lambda: topics <= set(
            self.shop.sql(f"select to_json(topic) from bus.event where order_key = '{order['id']}'")), 40)

    def test_all_of_it(self):
        sku = self.happen_to_goods()
        ours = self.happen_to_orders(sku) | self.happen_to_money() | self.happen_to_people(self.shop.new_product(stock=1))
        wait_for("an event of every topic", lambda: set(self.topics) <= {e["topic"] for e in self.events()})
        schemas = {name: jsonschema.Draft202012Validator(closed(t["schema"]), format_checker=jsonschema.FormatChecker())
                   for name, t in self.topics.items()}
        people = [ADDRESS["name"], ADDRESS["line1"], "@", *CARDS.values()]
        for event in self.events():
            with self.subTest(event["topic"]):
                schemas[event["topic"]].validate(event["payload"])
                text = json.dumps(event["payload"], ensure_ascii=False)
                for word in people:
                    self.assertNotIn(word, text)
                self.assertRegex(event["headers"].get("traceparent", ""), TRACEPARENT, "what caused it")
                if event["payload"].get("order_id") in ours:
                    self.assertEqual(event["order_key"], event["payload"]["order_id"], "events of an order keep their order")


if __name__ == "__main__":
    unittest.main()
