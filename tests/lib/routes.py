"""The routes of all services, as they say themselves (--routes), and people who ask for them."""
import os
import re
import subprocess
import urllib.parse

from shop import Browser, ROOT

BIN = ROOT / os.environ.get("BUILD", "build/dev") / "bin"
ZERO = "00000000-0000-4000-8000-000000000000"
FORM = "application/x-www-form-urlencoded"


class Route:
    def __init__(self, line):
        self.method, self.path, self.access, self.permission, flags, _help = line.split("\t")
        self.flags = set(filter(None, flags.split(",")))
        self.page = "page" in self.flags
        self.names = re.findall(r"\{(\w+)\*?\}", self.path)

    def __repr__(self):
        return f"{self.method} {self.path}"

    def at(self, ids):
        return re.sub(r"\{(\w+)\*?\}", lambda m: urllib.parse.quote(ids.get(m[1], ids.get("*", ZERO)), safe=""), self.path)


def all_routes():
    found = []
    for binary in sorted(BIN.iterdir()):
        out = subprocess.run([binary, "--routes"], check=True, stdout=subprocess.PIPE, text=True).stdout
        found += [Route(line) for line in out.splitlines()]
    return found


class Person:
    """Somebody who asks: by token at the API, by cookie on pages."""

    def __init__(self, name, permissions=(), token=None, browser=None, is_key=False):
        self.name, self.permissions, self.token, self.browser, self.is_key = name, set(permissions), token, browser, is_key

    @property
    def page_user(self):
        return self.browser is not None

    def send(self, shop, method, path, page, body=None, content_type=None, csrf=False, more=None):
        headers = {"Accept": "text/html"} if page else {}
        if content_type:
            headers["Content-Type"] = content_type
        if page and self.browser:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.browser.cookies.items())
            if csrf:
                headers["X-CSRF-Token"] = self.browser.cookies["es_csrf"]
        if self.token and (not page or self.is_key):
            headers["Authorization"] = f"Bearer {self.token}"
        return shop.request(method, path, body, {**headers, **(more or {})})


def new_person(shop, name, role, permissions=""):
    """A new account, with a role when there is one; signed in by token and by page."""
    account = shop.customer(name.title())
    if role:
        r = shop.api("PATCH", f"/users/{account['user']['id']}", {"roles": ["customer", role]}, token=shop.admin())
        assert r.status == 200, r
    browser = Browser(shop)
    browser.get("/login")
    browser.submit(r"/login$", {"email": account["email"], "password": account["password"]})
    return Person(name, permissions.split(), account["access_token"], browser)
