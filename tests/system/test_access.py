#!/usr/bin/python3
"""The matrix: every route × everybody who might ask × their own object and another's.

The routes are what the services say of themselves (--routes), so a new one joins by itself. What its
access column promises is then tried from outside, without a single effect: the gate looks at access
before it looks at what was sent, and what is sent here can only be refused afterwards. A route whose
path names an object has to say below whose it is, or the test fails.
"""
import concurrent.futures
import unittest
import urllib.parse

from routes import FORM, Person, ZERO, all_routes, new_person
from shop import ADDRESS, ShopTest

# What each role the shop comes with may. A migration that changes one changes this line too.
ROLES = {
    "support": "orders:read orders:write products:read inventory:read payments:read notifications:read notifications:write users:read",
    "merchandiser": "products:read products:write inventory:read analytics:read",
    "warehouse": "orders:read orders:write products:read inventory:read inventory:write",
    "analyst": "orders:read products:read inventory:read payments:read analytics:read",
}
CUSTOM = {"clerk": "roles:read inventory:write"}
SCOPES = "inventory:read orders:read"

# Whose the object in a path is: an account's, a customer's cart or order (guests have theirs by a token), a line of this
# browser's own cart; or the id is itself the key, or names what everybody may see, or what only the provider knows.
OBJECTS = {
    "/api/v1/me/sessions/{id}": "account", "/api/v1/me/addresses/{id}": "account",
    "/api/v1/me/passkeys/{id}": "account", "/account/factors/passkeys/{id}/delete": "account",
    "/account/security/sessions/{id}/revoke": "account", "/account/addresses/{id}": "account",
    "/account/addresses/{id}/delete": "account", "/account/addresses/{id}/default": "account",
    "/account/orders/{id}": "account", "/account/orders/{id}/cancel": "account",
    "/api/v1/carts/{id}": "customer", "/api/v1/carts/{id}/lines": "customer", "/api/v1/carts/{id}/lines/{line_id}": "customer",
    "/api/v1/carts/{id}/destination": "customer",
    "/api/v1/orders/{id}": "customer", "/api/v1/orders/{id}/timeline": "customer", "/api/v1/orders/{id}/cancel": "customer",
    "/orders/{id}/thanks": "customer",
    "/cart/lines/{line_id}": "browser", "/cart/lines/{line_id}/remove": "browser",
    "/api/v1/orders/track/{tracking_token}": "key", "/track/{tracking_token}": "key", "/track/{tracking_token}/cancel": "key",
    "/api/v1/payments/{id}": "key", "/api/v1/payments/{id}/confirm": "key", "/pay/{id}": "key",
    "/api/v1/products/{id}": "everybody", "/api/v1/categories/{slug*}": "everybody", "/c/{path*}": "everybody", "/p/{slug}": "everybody",
    "/media/{file}": "everybody", "/sitemap/{part}": "everybody",
    "/mock-provider/sessions/{id}": "provider", "/mock-provider/challenges/{id}": "provider",
}
# Bodies that would do something, were the object one's own.
BODIES = {
    ("PATCH", "/api/v1/me/addresses/{id}"): {"city": "Eve"}, ("POST", "/api/v1/carts/{id}/lines"): {"sku": "SKU", "quantity": 1},
    ("PATCH", "/api/v1/carts/{id}/lines/{line_id}"): {"quantity": 7}, ("PUT", "/api/v1/carts/{id}/destination"): {"country": "FR", "postal_code": "75001"},
    ("POST", "/account/addresses/{id}"): {**ADDRESS, "city": "Eve"}, ("POST", "/cart/lines/{line_id}"): {"quantity": "7"},
}


class AccessTest(ShopTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.routes = all_routes()
        admin = cls.shop.admin()
        for role, permissions in CUSTOM.items():
            made = cls.shop.api("POST", "/roles", {"name": role, "title": role.title(), "permissions": permissions.split()}, token=admin)
            assert made.status in (201, 409), made
        cls.anonymous = Person("anonymous")
        cls.customer = cls.person("customer", None, "")
        cls.people = [cls.anonymous, cls.customer]
        cls.people += [cls.person(role, role, permissions) for role, permissions in {**ROLES, **CUSTOM}.items()]
        everything = [p["name"] for p in cls.shop.api("GET", "/permissions", token=admin).json["data"]]
        cls.people.append(cls.person("admin", "admin", " ".join(everything)))
        made = cls.shop.api("POST", "/api-keys", {"name": "matrix", "scopes": SCOPES.split(), "expires_in_days": 1}, token=admin)
        cls.people.append(Person("API key", SCOPES.split(), made.json["key"], is_key=True))

    @classmethod
    def person(cls, name, role, permissions):
        return new_person(cls.shop, name, role, permissions)

    # ------------------------------------------------------------ the gate
    def ask(self, route, person):
        """What can only be refused by whoever lets it in: a parameter nobody knows, a form that is none."""
        path = route.at({})
        change = route.method != "GET"
        if not route.page:
            return person.send(self.shop, route.method, path + "?surprise=1", False, b"{}" if change else None, "application/json" if change else None)
        kind = "multipart/form-data; boundary=x" if "upload" in route.flags else FORM
        return person.send(self.shop, route.method, path, True, b"%" if change else None, kind if change else None)

    def fault(self, route, person, answer):
        """What is wrong with an answer, or None."""
        to_login = answer.status == 303 and answer.headers.get("Location", "").startswith("/login")
        if route.access == "internal":
            return None if answer.status == 404 else "internal routes are not there"
        known = person.page_user if route.page else person.token is not None
        if route.access in ("customer", "staff") and not known:
            return None if answer.status == 401 or to_login else "nobody gets in without signing in"
        refused = route.access == "staff" and route.permission not in person.permissions or route.access == "customer" and person.is_key
        if refused:
            return None if answer.status == 403 else "lacks the permission"
        if "raw_body" in route.flags and route.access == "anonymous":
            return None if answer.status == 401 else "what a provider sends is signed"
        # The gate sends nobody from a public page to the sign-in; the page of a half-done one may.
        if answer.status in (401, 403) or to_login and route.access != "public" or answer.status >= 500:
            return "should be let in"
        if not route.page and "raw_body" not in route.flags and answer.status != 400:
            return "should be let in, and then refused for its parameter"
        if route.page and route.method != "GET" and answer.status not in (400, 415, 422):
            return "should be let in, and then refused for its form"
        return None

    def test_every_route_for_everybody(self):
        self.assertGreater(len(self.routes), 200)
        unknown = {r.access for r in self.routes} - {"public", "anonymous", "customer", "staff", "internal"}
        self.assertFalse(unknown, "an access that this test does not know")

        def cell(pair):
            route, person = pair
            answer = self.ask(route, person)
            fault = self.fault(route, person, answer)
            return fault and f"{route} ({route.access} {route.permission}) for {person.name}: {answer.status}: {fault}"
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            faults = list(filter(None, pool.map(cell, [(r, p) for r in self.routes for p in self.people])))
        self.assertFalse(faults, "\n".join(faults))

    def test_roles_are_what_they_are_said_to_be(self):
        roles = {r["name"]: r for r in self.shop.api("GET", "/roles", token=self.shop.admin()).json["data"]}
        for name, permissions in ROLES.items():
            self.assertEqual(sorted(permissions.split()), roles[name]["permissions"], name)
        named = {r.permission for r in self.routes if r.permission}
        self.assertFalse(named - set(roles["admin"]["permissions"]), "a permission that not even an administrator has")
        self.assertEqual([], roles["customer"]["permissions"])

    # ------------------------------------------------------------ objects
    def test_every_object_has_an_owner(self):
        named = {r.path for r in self.routes if r.names and r.access in ("public", "customer", "anonymous")}
        self.assertEqual([], sorted(named - set(OBJECTS)), "say whose object that is")
        self.assertEqual([], sorted(set(OBJECTS) - named), "no such route any more")

    def objects_of(self, person):
        """One of everything, and a picture of it."""
        api = lambda method, path, body=None, **more: self.shop.api(method, path, body, token=person.token, **more)  # noqa: E731
        address = api("POST", "/me/addresses", ADDRESS).json
        sku = self.shop.new_product()
        order = self.shop.order(sku, token=person.token)
        cart = self.shop.cart(sku, token=person.token)
        ids = {"address": address["id"], "session": api("GET", "/me/sessions").json["data"][0]["id"], "order": order["id"],
               "cart": cart["id"], "line": cart["lines"][0]["id"], "payment": order["payment"]["id"], "me": api("GET", "/me").json["id"]}

        def picture():
            return [api("GET", path).json for path in ("/me/addresses", f"/carts/{cart['id']}", f"/orders/{order['id']}")] + \
                   [[s["id"] for s in api("GET", "/me/sessions").json["data"]], api("GET", "/me").status]
        return ids, picture, sku

    def test_another_customers_objects_are_not_there(self):
        """Every id of one customer, in every path that takes one, by everybody who has no business there."""
        owner = self.person("owner", None, "")
        ids, picture, sku = self.objects_of(owner)
        before = picture()
        strangers = [self.anonymous, self.customer] + [p for p in self.people if p.name in ("merchandiser", "clerk")]
        guarded = [r for r in self.routes if OBJECTS.get(r.path) in ("account", "customer", "browser")]
        wrong = list(ids.values()) + [ZERO, "x", "1", "' or true --", "%2e%2e", "{id}"]
        faults = []
        for route in guarded:
            for person in strangers:
                for candidate in wrong:
                    answer = self.reach(route, person, {"*": candidate, "line_id": ids["line"] if len(route.names) > 1 else candidate}, sku)
                    to_login = answer.status == 303 and answer.headers.get("Location", "").startswith("/login")
                    if person is self.anonymous and OBJECTS[route.path] == "account" and (answer.status == 401 or to_login):
                        continue
                    # A basket is the browser's own: a line that is not in it leads back to it.
                    if OBJECTS[route.path] == "browser" and answer.status == 303 and answer.headers["Location"].startswith("/cart"):
                        continue
                    if answer.status != 404:
                        faults.append(f"{route} with {candidate} for {person.name}: {answer}")
        self.assertFalse(faults, "\n".join(f[:300] for f in faults[:20]))
        self.assertEqual(before, picture(), "somebody changed what is another's")

    def reach(self, route, person, ids, sku):
        body = BODIES.get((route.method, route.path), {})
        if route.method == "GET":
            return person.send(self.shop, "GET", route.at(ids), route.page)
        if route.page:
            return person.send(self.shop, route.method, route.at(ids), True, urllib.parse.urlencode(body).encode(), FORM, csrf=True)
        body = {k: sku if v == "SKU" else v for k, v in body.items()}
        headers = {"Idempotency-Key": self.shop.new_key()}
        return self.shop.api(route.method, route.at(ids), body or None, token=person.token, headers=headers)

    def test_owners_reach_their_own(self):
        owner = self.person("owner", None, "")
        ids, _picture, _sku = self.objects_of(owner)
        own = {"/account/orders/{id}": "order", "/api/v1/carts/{id}": "cart", "/api/v1/orders/{id}": "order",
               "/api/v1/orders/{id}/timeline": "order", "/orders/{id}/thanks": "order"}
        for route in self.routes:
            if route.method == "GET" and OBJECTS.get(route.path) in ("account", "customer"):
                with self.subTest(str(route)):
                    answer = owner.send(self.shop, "GET", route.at({"*": ids[own[route.path]]}), route.page)
                    self.assertEqual(answer.status, 200, answer)


if __name__ == "__main__":
    unittest.main()
