"""Mailboxes and what proves them: from the form to the mail and back, for accounts that exist and those that don't."""
import concurrent.futures
import contextlib
import re
import socket
import unittest
import urllib.parse

import timing
from shop import Browser, Page, ShopTest, link_in, unique, wait_for

PASSWORD = "a few words in a row"
OTHER_PASSWORD = "quite another sentence"


def token_of(link):
    return urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)["token"][0]


class AccountsTest(ShopTest):
    def new_address(self):
        return f"{unique('acc')}@example.org"

    def register(self, address, password=PASSWORD):
        r = self.shop.api("POST", "/auth/register", {"email": address, "password": password, "name": "Mara Lindqvist"})
        self.assertEqual(r.status, 201, r)
        return self.shop.login(address, password)["access_token"]

    def me(self, token):
        return self.shop.api("GET", "/me", token=token)

    def sign_in(self, browser, address, password=PASSWORD, **more):
        browser.get("/login")
        return browser.submit(r"/login$", {"email": address, "password": password, **more})

    def forgot(self, address):
        return self.shop.api("POST", "/auth/password/forgot", {"email": address})

    # ------------------------------------------------------------ proving a mailbox
    def test_verification_by_api(self):
        address = self.new_address()
        token = self.register(address)
        self.assertFalse(self.me(token).json["email_verified"])
        link = link_in(self.shop.wait_mail(address, "Welcome"), "/verify")
        r = self.shop.api("POST", "/auth/email/verify", {"token": token_of(link)})
        self.assertEqual((r.status, r.json), (200, {"email": address}))
        self.assertTrue(self.me(token).json["email_verified"])
        self.assert_problem(self.shop.api("POST", "/auth/email/verify", {"token": token_of(link)}), 422, "invalid_token")
        self.assert_problem(self.shop.api("POST", "/auth/email/verify", {"token": "x" * 43}), 422, "invalid_token")
        self.assertEqual(self.shop.api("POST", "/me/email/verification", token=token).status, 202)

    def test_verification_by_page(self):
        address, browser = self.new_address(), Browser(self.shop)
        browser.get("/register")
        browser.submit(r"/register$", {"name": "Mara Lindqvist", "email": address, "password": PASSWORD})
        self.assertIn("not confirmed yet", browser.get("/account").text)
        browser.get("/account/email")
        browser.submit(r"/account/email/verification$")
        again = link_in(self.shop.wait_mail(address, "Please confirm"), "/verify")
        link = link_in(self.shop.wait_mail(address, "Welcome"), "/verify")
        # Whoever has only the mail is led to the account first, and comes back to the link.
        guest = Browser(self.shop)
        page = guest.get(link)
        self.assertTrue(page.url.startswith("/login?next="), page.url)
        guest.submit(r"/login$", {"email": address, "password": PASSWORD})
        self.assertEqual(guest.page.url, link)
        self.assertIn(address, guest.page.text)
        # looking changes nothing: a scanner that follows links must not use them up
        page = guest.submit(r"/verify$")
        self.assertIn("your e-mail address is confirmed", page.text)
        self.assertNotIn("not confirmed yet", browser.get("/account").text)
        self.assertIn("has run out", browser.get(again).text)

    def test_a_stranger_gains_nothing_by_the_owners_click(self):
        """Registering with another's address: no orders before the proof, and none by the owner's click on the mail."""
        address, sku = self.new_address(), self.shop.new_product()
        order = self.shop.order(sku, address=address)
        stranger = self.register(address)
        mine = lambda token: [o["id"] for o in self.shop.api("GET", "/orders", token=token).json["data"]]  # noqa: E731
        self.assertEqual(mine(stranger), [])
        self.assert_problem(self.shop.api("GET", f"/orders/{order['id']}", token=stranger), 404)
        link = link_in(self.shop.wait_mail(address, "Welcome"), "/verify")
        # The owner clicks: the page wants the account's password, which they don't have.
        owner = Browser(self.shop)
        self.assertTrue(owner.get(link).url.startswith("/login"))
        other = self.new_address()
        self.register(other)
        self.sign_in(owner, other)
        self.assertIn("belongs to another account", owner.get(link).text)
        # Posting the form by hand is no way either.
        body = urllib.parse.urlencode({"csrf": owner.cookies["es_csrf"], "token": token_of(link)})
        cookies = "; ".join(f"{k}={v}" for k, v in owner.cookies.items())
        r = self.shop.request("POST", "/verify", body, {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookies})
        self.assertEqual(r.status, 403)
        owner.submit(r"/logout$")
        self.assertFalse(self.me(stranger).json["email_verified"])
        self.assertEqual(mine(stranger), [])
        # The owner asks for a new password instead: the orders are theirs, and the stranger is out.
        self.assertEqual(self.forgot(address).status, 202)
        reset = link_in(self.shop.wait_mail(address, "new password"), "/reset")
        r = self.shop.api("POST", "/auth/password/reset", {"token": token_of(reset), "password": OTHER_PASSWORD})
        self.assertEqual(r.status, 204, r)
        self.assert_problem(self.me(stranger), 401)
        owners = self.shop.login(address, OTHER_PASSWORD)["access_token"]
        self.assertTrue(self.me(owners).json["email_verified"])
        wait_for("the guest's order in the account", lambda: mine(owners) == [order["id"]])

    def test_guest_orders_follow_the_proof(self):
        address, sku = self.new_address(), self.shop.new_product()
        order, foreign = self.shop.order(sku, address=address.upper()), self.shop.order(sku, address="x" + address)
        token = self.register(address)
        link = link_in(self.shop.wait_mail(address, "Welcome"), "/verify")
        self.assertEqual(self.shop.api("POST", "/auth/email/verify", {"token": token_of(link)}).status, 200)
        wait_for("the guest's order", lambda: [o["id"] for o in self.shop.api("GET", "/orders", token=token).json["data"]] == [order["id"]])
        self.assert_problem(self.shop.api("GET", f"/orders/{foreign['id']}", token=token), 404)

    # ------------------------------------------------------------ a forgotten password
    def test_reset_by_page(self):
        address, browser = self.new_address(), Browser(self.shop)
        token = self.register(address)
        browser.get("/login")
        browser.click(r"^/forgot$")
        page = browser.submit(r"/forgot$", {"email": address.swapcase()})
        self.assertIn("If this address has an account", page.text)
        link = link_in(self.shop.wait_mail(address, "new password"), "/reset")
        response = self.shop.request("GET", link)
        self.assertEqual(response.headers["Referrer-Policy"], "no-referrer")
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        browser.get(link)
        page = browser.submit(r"/reset$", {"password": "short"}, expect=422)
        self.assertIn("needs at least 12", page.text)
        page = browser.submit(r"/reset$", {"password": OTHER_PASSWORD})
        self.assertEqual(page.url, "/login")
        self.assert_problem(self.me(token), 401)
        self.assertIn("has run out", browser.get(link).text)
        page = self.sign_in(browser, address, OTHER_PASSWORD)
        self.assertEqual(page.url, "/account")
        self.shop.wait_mail(address, "password has been changed")

    def test_forgot_says_the_same_of_everybody(self):
        known, unknown = self.new_address(), self.new_address()
        self.register(known)
        answers = [self.forgot(a) for a in (known, unknown)]
        self.assertEqual([(a.status, a.body) for a in answers], [(202, b"")] * 2)
        pages = []
        for address in (known, unknown):
            browser = Browser(self.shop)
            browser.get("/forgot")
            pages.append(browser.submit(r"/forgot$", {"email": address}).text)
        self.assertEqual(pages[0], pages[1])
        self.shop.wait_mail(known, "new password")
        self.assertEqual(self.shop.mails(unknown), [])

    def test_time_tells_nothing(self):
        """A sign-in that skips the hash, or a letter written at once, would be found out here: its share would be near 1."""
        known = [self.new_address() for _ in range(12)]
        for address in known:
            self.register(address)
        asks = {"login": lambda who: self.shop.api("POST", "/auth/login", {"email": who, "password": "not the password"}),
                "forgot": self.forgot}
        for name, ask in asks.items():
            # each address three times: the account's own throttle is not what is measured
            yes, no = timing.alternate(lambda i, ask=ask: ask(known[i % 12]), lambda i, ask=ask: ask(self.new_address()), 36)
            share = timing.auc(yes, no)
            self.assertLess(abs(share - 0.5), 5 * timing.auc_error(36, 36), f"{name}: {share:.2f}")

    def test_a_flood_of_sign_ins_slows_nobody_else(self):
        """More sign-ins at once than there are workers: who sends no password is answered before them."""
        address = self.new_address()
        token = self.register(address)
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            flood = [pool.submit(self.shop.api, "POST", "/auth/login", {"email": self.new_address(), "password": PASSWORD}) for _ in range(72)]
            answered = [(self.me(token).status, self.shop.request("GET", "/login").status, self.shop.request("GET", "/.well-known/jwks.json").status)
                        for _ in range(4)]
            left = sum(not f.done() for f in flood)
            statuses = {f.result().status for f in flood}
        self.assertEqual(answered, [(200, 200, 200)] * 4)
        self.assertEqual(statuses - {503}, {401})
        self.assertGreater(left, 0, "twelve answers took longer than seventy-two hashes")

    def test_the_queue_of_sign_ins_has_an_end(self):
        """Its places are taken by clients whose bodies never come: the next is told to come again, and the others' pages go on."""
        head = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n"
        with contextlib.ExitStack() as held:
            for _ in range(320):
                s = held.enter_context(socket.create_connection(("127.0.0.1", self.shop.port), 10))
                s.sendall(head)
            sign_in = lambda: self.shop.api("POST", "/auth/login", {"email": "a@example.org", "password": "x"})  # noqa: E731
            refused = wait_for("a refusal", lambda: next((r for r in [sign_in()] if r.status == 503), None), 4)
            self.assertTrue(refused.headers["Retry-After"])
            self.assertEqual(refused.json["code"], "service_unavailable")
            self.assertEqual(self.shop.request("GET", "/login").status, 200)
        wait_for("a free place", lambda: sign_in().status == 401)

    # ------------------------------------------------------------ another address
    def test_change_of_address(self):
        old, new = self.new_address(), self.new_address()
        token = self.register(old)
        ask = lambda **body: self.shop.api("POST", "/me/email", body, token=token)  # noqa: E731
        self.assert_problem(ask(email=new, password="not this one"), 422, "wrong_password")
        self.assertEqual(ask(email=self.new_address(), password=PASSWORD).status, 202)
        first = self.shop.wait_mail(old, "is to be changed")
        self.assertEqual(ask(email=new, password=PASSWORD).status, 202)
        self.assertIsNotNone(first)
        self.assertEqual(self.forgot(old).status, 202)
        stale = link_in(self.shop.wait_mail(old, "new password"), "/reset")
        link = link_in(self.shop.wait_mail(new, "confirm your new"), "/verify")
        self.assertEqual(self.me(token).json["email"], old)
        browser = Browser(self.shop)
        self.sign_in(browser, old)
        browser.get(link)
        self.assertIn(new, browser.page.text)
        browser.submit(r"/verify$")
        self.assertEqual(self.me(token).json, {**self.me(token).json, "email": new, "email_verified": True})
        for address in (old, new):
            self.shop.wait_mail(address, "has been changed")
        self.assertEqual(self.shop.api("POST", "/auth/login", {"email": old, "password": PASSWORD}).status, 401)
        self.shop.login(new, PASSWORD)
        r = self.shop.api("POST", "/auth/password/reset", {"token": token_of(stale), "password": OTHER_PASSWORD})
        self.assert_problem(r, 422, "invalid_token")

    def test_an_address_that_is_taken(self):
        taken, own = self.new_address(), self.new_address()
        self.register(taken)
        token = self.register(own)
        self.assertEqual(self.shop.api("POST", "/me/email", {"email": taken, "password": PASSWORD}, token=token).status, 202)
        link = link_in(self.shop.wait_mail(taken, "confirm your new"), "/verify")
        self.assert_problem(self.shop.api("POST", "/auth/email/verify", {"token": token_of(link)}), 409, "email_taken")

    # ------------------------------------------------------------ one's data, and the end
    def test_export_and_erasure(self):
        address, sku = self.new_address(), self.shop.new_product()
        token = self.register(address)
        self.shop.api("POST", "/me/addresses", {"name": "Mara Lindqvist", "line1": "Gartenweg 7", "city": "Freiburg",
                                                "postal_code": "79098", "country": "DE"}, token=token)
        order = self.shop.order(sku, address=address, token=token)
        cart = self.shop.cart(sku, token=token)
        self.shop.wait_mail(address, "Welcome")
        wait_for("the message in the export", lambda: any(m["subject"] for m in self.shop.api("GET", "/me/export", token=token).json["messages"]))
        export = self.shop.api("GET", "/me/export", token=token)
        self.assertIn("attachment", export.headers["Content-Disposition"])
        document = export.json
        self.assertEqual(document["account"]["email"], address)
        self.assertEqual([o["number"] for o in document["orders"]], [order["number"]])
        self.assertEqual(document["orders"][0]["shipping_address"]["name"], "Mara Lindqvist")
        self.assertEqual(document["addresses"][0]["line1"], "Gartenweg 7")
        self.assertTrue(document["sessions"] and document["carts"] and document["messages"])
        self.assertNotIn(order["tracking_token"], export.text)
        self.assertNotRegex(export.text, r"token=[\w-]{10}")

        browser = Browser(self.shop)
        self.sign_in(browser, address)
        browser.get("/account/privacy")
        page = browser.submit(r"/account/privacy/erase$", {"password": "not this one"}, expect=422)
        self.assertIn("password is not right", page.text)
        page = browser.submit(r"/account/privacy/erase$", {"password": PASSWORD})
        self.assertIn("has been deleted", page.text)
        self.assert_problem(self.me(token), 401)
        self.assertEqual(self.shop.api("POST", "/auth/login", {"email": address, "password": PASSWORD}).status, 401)
        self.assertEqual(self.shop.api("GET", f"/carts/{cart['id']}").status, 404)
        self.shop.wait_mail(address, "has been deleted")
        # the order waits for its payment: it keeps its address until it is decided
        staff = lambda: self.shop.api("GET", f"/orders/{order['id']}", token=self.shop.admin()).json  # noqa: E731
        self.assertEqual(staff()["email"], address)
        listed = lambda: self.shop.api("GET", f"/notifications?recipient={urllib.parse.quote(address)}", token=self.shop.admin()).json["data"]  # noqa: E731
        wait_for("the messages to be forgotten", lambda: listed() == [])

    def test_erasure_of_what_is_finished(self):
        address, sku = self.new_address(), self.shop.new_product()
        token = self.register(address)
        order = self.shop.order(sku, address=address, token=token)
        r = self.shop.api("POST", f"/orders/{order['id']}/cancel", token=token, key=self.shop.new_key())
        self.assertEqual(r.status, 200, r)
        self.assertEqual(self.shop.api("DELETE", "/me", token=token).status, 204)
        staff = lambda: self.shop.api("GET", f"/orders/{order['id']}", token=self.shop.admin())  # noqa: E731
        wait_for("the order to name nobody", lambda: "Mara" not in staff().text and address not in staff().text)
        self.assertEqual(staff().json["totals"], order["totals"])
        self.assertEqual(staff().json["number"], order["number"])
        self.assertEqual(self.shop.api("GET", f"/orders/track/{order['tracking_token']}").status, 404)
        office = Browser(self.shop)
        self.sign_in(office, self.shop.admin_email, self.shop.admin_password)
        self.assertEqual(office.get(f"/admin/orders/{order['id']}").status, 200)

    # ------------------------------------------------------------ remembered or not
    def test_remember_me_is_a_choice(self):
        address = self.new_address()
        self.register(address)
        for remember, lasting in (({}, False), ({"remember": "1"}, True)):
            body = urllib.parse.urlencode({"email": address, "password": PASSWORD, **remember})
            r = self.shop.request("POST", "/login", body, {"Content-Type": "application/x-www-form-urlencoded"})
            cookie = next(v for v in r.headers.get_all("Set-Cookie") if v.startswith("es_session="))
            self.assertEqual("Max-Age" in cookie, lasting, cookie)

    def test_sign_out_elsewhere(self):
        address = self.new_address()
        here = self.register(address)
        there = self.shop.login(address, PASSWORD)["access_token"]
        self.assertEqual(self.shop.api("DELETE", "/me/sessions", token=here).status, 204)
        self.assertEqual((self.me(here).status, self.me(there).status), (200, 401))

    # ------------------------------------------------------------ where a form leads
    def test_next_never_leads_away(self):
        address = self.new_address()
        self.register(address)
        tricks = ["//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "/\n/evil.example",
                  "javascript:alert(1)", "///evil.example", "http:evil.example", " /evil", "/%0d%0aLocation:%20https://evil.example\r\nX: y",
                  "data:text/html,x", "evil.example", "/\u0000/evil.example", "\u2215/evil.example", "?next=//evil.example", "@evil.example"]
        for trick in tricks:
            body = urllib.parse.urlencode({"email": address, "password": PASSWORD, "next": trick})
            r = self.shop.request("POST", "/login", body, {"Content-Type": "application/x-www-form-urlencoded"})
            if r.status == 303:
                self.assertRegex(r.headers["Location"], r"^/(?![/\\])", repr(trick))
                self.assertNotIn("evil.example", urllib.parse.urljoin(self.shop.url, r.headers["Location"]).split("/")[2])
            else:
                self.assertIn(r.status, (400, 422), (trick, r))
            page = Page(self.shop.request("GET", "/login?next=" + urllib.parse.quote(trick)))
            for form in page.forms:
                for name, value in form["fields"]:
                    self.assertFalse(name == "next" and not re.match(r"/(?![/\\])", value), (trick, value))


if __name__ == "__main__":
    unittest.main()
