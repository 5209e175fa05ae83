"""Signing in with more, or less, than a password: an authenticator app's code, recovery codes, passkeys; and the pages that set them up."""
import base64
import hashlib
import hmac
import struct
import time
import unittest

from chrome import ChromeTest
from shop import unique, wait_for

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

    # ------------------------------------------------------------ passkeys, with chromedriver's virtual authenticator
    def device(self, **more):
        from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions
        options = VirtualAuthenticatorOptions()
        options.protocol = VirtualAuthenticatorOptions.Protocol.CTAP2
        options.transport = VirtualAuthenticatorOptions.Transport.INTERNAL
        options.has_resident_key = options.has_user_verification = options.is_user_verified = options.is_user_consenting = True
        for name, value in more.items():
            setattr(options, name, value)
        self.driver.add_virtual_authenticator(options)
        self.addCleanup(self.driver.remove_virtual_authenticator)

    def add_passkey(self, name="Laptop"):
        self.visit("/account/factors")
        self.fill({"name": name})
        self.press("/account/factors/passkeys")

    def press_passkey(self, action):
        """The button alone: what it leads to comes when the device has answered."""
        self.one(f"form[action$='{action}'] button").click()

    def test_passkey(self):
        self.open()
        self.device()
        mail = self.register()
        self.visit("/account/factors")
        self.look("passkeys-none")
        self.add_passkey()
        self.assertIn("The passkey is added", self.text())
        self.assertIn("Laptop", self.text())
        self.look("passkeys-one")
        self.assert_accessible("passkeys")
        # The device that has one already does not make another.
        self.press_passkey("/account/factors/passkeys")
        wait_for("the refusal", lambda: "did not work" in self.text())
        self.press("/logout")
        self.visit("/login?next=/account/addresses")
        self.look("passkeys-login")
        self.assert_accessible("login")
        self.press("/login/passkey")
        self.at("/account/addresses")
        self.assertIn("Zoë Müller", self.text("header"))
        # With a second factor too: having the device and being its owner are two already.
        token = self.shop.login(mail, PASSWORD)["access_token"]
        setup = self.shop.api("POST", "/me/totp", token=token).json
        code = code_of(setup["secret"], int(time.time()) // PERIOD_SECS)
        self.assertEqual(self.shop.api("POST", "/me/totp/confirm", {"code": code}, token=token).status, 200)
        self.press("/logout")
        self.visit("/login")
        self.press("/login/passkey")
        self.at("/account")
        # What was removed signs nobody in.
        self.visit("/account/factors")
        self.one("form[action*='/passkeys/'][action$='/delete'] button").click()
        self.driver.switch_to.alert.accept()
        wait_for("the page after it", lambda: "The passkey is removed" in self.text())
        self.press("/logout")
        self.visit("/login")
        self.press("/login/passkey")
        self.assertIn("This passkey is not known here", self.text())
        self.look("passkeys-login-refused")

    def test_a_device_that_does_not_know_its_owner(self):
        self.open()
        self.device(is_user_verified=False)
        self.register()
        self.visit("/account/factors")
        self.press_passkey("/account/factors/passkeys")
        wait_for("the refusal", lambda: "did not work" in self.text())
        self.assertEqual(self.driver.find_elements("css selector", ".sessions"), [])

    def test_a_copied_device_is_noticed(self):
        self.open()
        self.device()
        self.register()
        self.add_passkey()
        copy = self.driver.get_credentials()[0]
        self.press("/logout")
        for _ in range(2):
            self.visit("/login")
            self.press("/login/passkey")
            self.at("/account")
            self.press("/logout")
        self.driver.remove_all_credentials()
        self.driver.add_credential(copy)
        self.visit("/login")
        self.press("/login/passkey")
        self.assertIn("This passkey is not known here", self.text())

    def test_without_javascript_the_page_says_so(self):
        self.open(javascript=False)
        self.register()
        self.visit("/account/factors")
        self.assertIn("Passkeys need JavaScript", self.text())


if __name__ == "__main__":
    unittest.main()
