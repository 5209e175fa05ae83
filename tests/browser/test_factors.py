"""Signing in with more than a password: an authenticator app's code, recovery codes; and the pages that set them up."""
import base64
import hashlib
import hmac
import struct
import time
import unittest

from chrome import ChromeTest
from shop import unique

PASSWORD = "a few words in a row"
PERIOD_SECS = 30


def code_of(secret, counter):
    """RFC 4226, as an authenticator app computes it."""
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", counter), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1_000_000:06}"


class FactorsTest(ChromeTest):
    def register(self):
        mail = f"{unique('f')}@example.org"
        self.visit("/register")
        self.fill({"name": "Zoë Müller", "email": mail, "password": PASSWORD})
        self.press("/register")
        return mail

    def login(self, mail):
        self.visit("/login?next=/account/addresses")
        self.fill({"email": mail, "password": PASSWORD})
        self.press("/login")

    def second_factor(self, look):
        """Switched on, asked for, replaced by a recovery code, switched off."""
        mail = self.register()
        self.visit("/account/factors")
        look("factors-off")
        self.press("/account/factors/totp")
        look("factors-setup")
        secret = self.one("main code").text
        used = int(time.time()) // PERIOD_SECS
        self.fill({"code": code_of(secret, used)})
        self.press("/totp/confirm")
        look("factors-codes")
        codes = self.text(".codes").split()
        self.assertEqual(len(codes), 10)
        self.press("/logout")
        self.login(mail)
        self.at("/login/code")
        look("factors-login")
        # The next period's code is good already: clocks differ. The one that switched it on is spent.
        self.fill({"code": code_of(secret, used)})
        self.press("/login/code")
        self.assertIn("not valid", self.text())
        look("factors-login-refused")
        self.fill({"code": code_of(secret, max(used, int(time.time()) // PERIOD_SECS) + 1)})
        self.press("/login/code")
        self.at("/account/addresses")
        self.press("/logout")
        self.login(mail)
        self.fill({"code": codes[3].upper()})
        self.press("/login/code")
        self.at("/account/addresses")
        self.visit("/account/factors")
        self.assertIn("9 recovery codes left", self.text())
        self.fill({"code": codes[4]})
        self.click("button.danger")
        self.assertIn("The second factor is switched off", self.text())

    def test_second_factor(self):
        self.open()

        def look(name):
            self.look(name)
            self.assert_accessible(name)
        self.second_factor(look)

    def test_second_factor_without_javascript(self):
        self.open(javascript=False)
        self.second_factor(lambda name: None)


if __name__ == "__main__":
    unittest.main()
