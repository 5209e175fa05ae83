"""What a running shop keeps to itself: none of its secrets, nor its customers', is in a log, a command line or a refusal."""
import pathlib
import re
import unittest
import urllib.parse

from shop import ShopTest, link_in, wait_for

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def processes_below(root):
    """{pid: command line} of a process and of all that it and its children started."""
    lines, parents = {}, {}
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            lines[path.name] = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            parents[path.name] = re.search(r"^PPid:\s*(\d+)", (path / "status").read_text(), re.M)[1]
        except (FileNotFoundError, ProcessLookupError):
            lines.pop(path.name, None)

    def is_below(pid):
        return pid == root or pid in lines and is_below(parents[pid])
    return {pid: line for pid, line in lines.items() if is_below(pid)}


class SecretsTest(ShopTest):
    def test_nothing_tells_a_secret(self):
        shop = self.shop
        secrets = {**self.of_the_shop(), **self.of_a_customer()}
        self.assertGreater(len(secrets), 25)
        for name, secret in secrets.items():
            self.assertGreaterEqual(len(secret), 12, f"{name} is too short to be looked for")
        refusals = [answer for secret in secrets.values() for answer in self.refused(secret)]
        last = shop.request("GET", "/nowhere").headers["X-Request-Id"]
        access = shop.run_dir / "log" / "nginx" / "access.log"
        wait_for("nginx to have written", lambda: last in access.read_text("utf-8"))

        places = {str(p.relative_to(shop.run_dir)): p.read_text("utf-8", "replace") for p in (shop.run_dir / "log").rglob("*") if p.is_file() and not p.is_symlink()}
        self.assertIn("auth-service/current", " ".join(places))
        running = processes_below((shop.run_dir / "runsvdir.pid").read_text().strip())
        self.assertGreater(len(running), 20)
        places.update({f"command line of {pid}": line for pid, line in running.items()})
        places.update({f"refusal {n}": f"{answer.headers}{answer.text}" for n, answer in enumerate(refusals)})
        found = [f"{name} in {place}" for place, text in places.items() for name, secret in secrets.items() if secret in text]
        self.assertEqual(found, [])

    def of_the_shop(self):
        """Everything in its folder of secrets; signing keys are sealed by one of them."""
        found = {}
        for path in (self.shop.run_dir / "secret").rglob("*"):
            if path.is_file():
                found[path.name] = path.read_text("utf-8").strip().rpartition(":")[2]
        self.assertLessEqual({"admin-password", "webhook", "provider-key", "es_auth", "seal-keys"}, set(found))
        self.assertEqual(self.shop.sql("select to_json(kid) from auth.signing_key where sealed_by is null or position('PRIVATE' in encode(private_key, 'escape')) > 0"), [])
        return found

    def of_a_customer(self):
        shop = self.shop
        customer = shop.customer()
        shop.api("POST", "/auth/password/forgot", {"email": customer["email"]})
        reset = link_in(shop.wait_mail(customer["email"], "assword"), "/reset")
        shop.request("GET", reset)
        signed_in = shop.request("POST", "/login", urllib.parse.urlencode({"email": customer["email"], "password": customer["password"]}), FORM)
        session = re.search(r"es_session=([\w-]{43})", " ".join(signed_in.headers.get_all("Set-Cookie") or []))
        self.assertTrue(session, signed_in)
        key = shop.api("POST", "/api-keys", {"name": "kept", "scopes": ["orders:read"], "expires_in_days": 1}, token=shop.admin()).json["key"]
        return {"customer's password": customer["password"], "access token": customer["access_token"], "refresh token": customer["refresh_token"],
                "session": session[1], "reset token": reset.partition("token=")[2], "API key": key}

    def refused(self, secret):
        """The secret where one goes, and where none belongs: what is said back, and logged, is not it."""
        shop = self.shop
        yield shop.api("POST", "/auth/login", {"email": "nobody@example.org", "password": secret})
        yield shop.api("POST", "/auth/refresh", {"refresh_token": secret + "x"})
        yield shop.api("POST", "/auth/password/reset", {"token": secret + "x", "password": secret})
        yield shop.api("GET", "/me", headers={"Authorization": f"Bearer {secret}x"})
        yield shop.request("POST", "/login", urllib.parse.urlencode({"email": "nobody@example.org", "password": secret}), FORM)
        yield shop.request("GET", "/account", headers={"Cookie": f"es_session={secret}x; es_csrf={secret}"})
        yield shop.request("GET", "/reset?token=" + urllib.parse.quote(secret + "x"))


if __name__ == "__main__":
    unittest.main()
