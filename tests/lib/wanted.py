"""What each operation of the API needs to be there before it takes a whole body: made anew where taking one uses it up."""
from bodies import Bodies
from routes import Person
from shop import ADDRESS, unique

# Of two that exclude each other.
LEFT_OUT = {"POST /api/v1/payments/{id}/confirm": {"method_token"}, "POST /api/v1/bus/subscriptions/{name}/replay": {"since"}}
# What is answered where a member is a secret that a test would have to make by the protocol it belongs to: it was looked for.
SECRETS = {"invalid_credentials", "invalid_token", "wrong_code", "invalid_passkey", "invalid_passkey_data", "totp_disabled"}


class Wanted:
    def __init__(self, shop, document, staff):
        self.shop, self.staff = shop, staff
        self.sku = shop.new_product(stock=100_000)
        self.bodies = Bodies(document, {
            "email": lambda: f"{unique('w')}@example.org", "password": lambda: unique("pass-"), "new_password": lambda: unique("pass-"), "country": "DE", "postal_code": "79098", "region": None,
            "currency": "EUR", "sku": self.sku, "quantity": 1, "roles": ["support"], "permissions": ["orders:read"], "scopes": ["orders:read"], "account_id": None,
            "shipping_address": ADDRESS, "billing_address": ADDRESS, "shipping_option": "standard", "warehouse": "MAIN", "number": "4242424242424242", "exp_month": 12, "exp_year": 2031,
            "cvc": "123", "totp": None, "images": ["https://example.org/a.png"],
        })
        self.shipped = self.paid(9000)
        self.team = shop.customer()["user"]["id"]
        self.role = unique("r-")[:16]
        made = shop.api("POST", "/roles", {"name": self.role, "title": "Routes", "permissions": ["orders:read"]}, token=shop.admin())
        assert made.status == 201, made
        self.address = shop.api("POST", "/me/addresses", ADDRESS, token=staff.token).json["id"]

    def paid(self, quantity=1):
        order = self.shop.paid_order(self.sku, quantity)
        return self.shop.api("GET", f"/orders/{order['id']}", token=self.shop.admin()).json

    def cart_line(self):
        cart = self.shop.cart(self.sku)
        return {"id": cart["id"], "line_id": cart["lines"][0]["id"]}

    def product(self):
        sku = self.shop.new_product()
        return {"id": self.shop.api("GET", f"/search?q={sku}").json["data"][0]["id"], "sku": sku, "slug": unique("w-")}

    def passing(self):
        """Somebody whose account may change or go."""
        account = self.shop.customer()
        return Person("passing", token=account["access_token"]), account["password"]

    def needs(self, operation):
        """(who asks, values of members and of the path's names)"""
        if operation in ("DELETE /api/v1/me", "POST /api/v1/me/email", "POST /api/v1/me/password", "POST /api/v1/me/addresses") or "/me/totp" in operation:
            who, password = self.passing()
            if operation.endswith("/totp/confirm"):
                begun = self.shop.api("POST", "/me/totp", token=who.token)
                assert begun.status in (200, 201), begun
            return who, {"password": password, "current_password": password}
        if operation.startswith("POST /api/v1/auth/"):
            return Person("anonymous"), {}
        made = {
            "POST /api/v1/orders": lambda: {"cart_id": self.shop.cart(self.sku)["id"]},
            "POST /api/v1/orders/{id}/cancel": lambda: {"id": self.shop.order(self.sku)["id"]},
            "POST /api/v1/orders/{id}/shipments": lambda: {"id": self.shipped["id"], "line_id": self.shipped["lines"][0]["id"]},
            "POST /api/v1/payments/{id}/confirm": lambda: {"id": self.shop.order(self.sku)["payment"]["id"]},
            "POST /api/v1/carts/{id}/lines": self.cart_line,
            "PATCH /api/v1/carts/{id}/lines/{line_id}": self.cart_line,
            "PUT /api/v1/carts/{id}/destination": self.cart_line,
            "PATCH /api/v1/me/addresses/{id}": lambda: {"id": self.address},
            "PATCH /api/v1/users/{id}": lambda: {"id": self.team, "roles": ["customer", "support"], "blocked": False},
            "POST /api/v1/roles": lambda: {"name": unique("r-")[:16]},
            "PATCH /api/v1/roles/{name}": lambda: {"name": self.role},
            "POST /api/v1/products": lambda: {"sku": unique("W-").upper(), "slug": unique("w-")},
            "PATCH /api/v1/products/{id}": self.product,
            "POST /api/v1/bus/subscriptions/{name}/replay": lambda: {"name": "auth.audit"},
        }.get(operation, dict)()
        return self.staff, made

    def whole(self, operation, schema):
        """(who asks, values of the path's names, a body that is taken)"""
        who, values = self.needs(operation)
        body = self.bodies.example(schema, values=values)
        for name in LEFT_OUT.get(operation, ()):
            del body[name]
        return who, values, body
