"""The path of a sale in a real browser (Debian's Chromium, headless), with JavaScript on and off; screenshots in build/screens."""
import shutil
import tempfile
import unittest

from shop import ADDRESS, CARDS, ROOT, ShopTest, unique, wait_for

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import Select
except ImportError:
    webdriver = None

# Without these a browser in a closed network spends its time looking for its maker.
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars", "--force-device-scale-factor=1", "--lang=en"]
SCREENS = ROOT / "build" / "screens"
WIDTHS = (360, 1440)


@unittest.skipUnless(webdriver and shutil.which("chromedriver"), "chromium-driver or python3-selenium is not installed")
class BrowserTest(ShopTest):
    def open(self, javascript=True):
        options = webdriver.ChromeOptions()
        profile = tempfile.mkdtemp(prefix="ecostore-browser-")
        self.addCleanup(shutil.rmtree, profile, ignore_errors=True)
        for flag in FLAGS + [f"--user-data-dir={profile}", f"--window-size={WIDTHS[1]},1000"]:
            options.add_argument(flag)
        if not javascript:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.addCleanup(driver.quit)
        driver.set_page_load_timeout(30)
        return driver

    def look(self, driver, name):
        """Screenshots, nothing wider than the window, nothing the console complains of."""
        SCREENS.mkdir(parents=True, exist_ok=True)
        for width in WIDTHS:
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500})
            metrics = driver.execute_cdp_cmd("Page.getLayoutMetrics", {})
            (SCREENS / f"{name}-{width}.png").write_bytes(self.picture(driver, width, metrics))
            self.assertLessEqual(metrics["cssContentSize"]["width"], width + 1, f"{name} is wider than {width} px")
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        complaints = [e["message"] for e in driver.get_log("browser") if e["level"] in ("SEVERE", "WARNING") and " 404 " not in e["message"] and " 422 " not in e["message"]]
        self.assertFalse(complaints, f"{name}: {complaints}")

    def picture(self, driver, width, metrics):
        import base64
        height = min(int(metrics["cssContentSize"]["height"]), 4000)
        shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}})
        return base64.b64decode(shot["data"])

    def fill(self, driver, values):
        for name, value in values.items():
            field = driver.find_element(By.ID, name)
            if field.tag_name == "select":
                Select(field).select_by_value(value)
            else:
                field.clear()
                field.send_keys(value)

    def press(self, driver, action):
        """The button of the form whose action ends so."""
        driver.find_element(By.CSS_SELECTOR, f"form[action$='{action}'] button:not([type=button])").click()

    def wait_url(self, driver, part):
        wait_for(f"{part} (at {driver.current_url})", lambda: part in driver.current_url, 20)

    def buy(self, driver, screens=None):
        def look(name):
            if screens:
                self.look(driver, f"{screens}-{name}")
        driver.get(self.shop.url + "/")
        look("home")
        driver.find_element(By.CSS_SELECTOR, "a[href^='/c/']").click()
        look("category")
        driver.find_element(By.CSS_SELECTOR, ".card a[href^='/p/']").click()
        look("product")
        self.press(driver, "/cart/lines")
        driver.get(self.shop.url + "/cart")
        look("cart")
        driver.find_element(By.CSS_SELECTOR, "a[href$='/checkout']").click()
        mail = f"{unique('browser')}@example.org"
        self.fill(driver, {"email": mail, **ADDRESS})
        look("checkout-address")
        self.press(driver, "/checkout/address")
        self.wait_url(driver, "/checkout/shipping")
        look("checkout-shipping")
        self.press(driver, "/checkout/shipping")
        self.wait_url(driver, "/checkout/review")
        look("checkout-review")
        self.press(driver, "/checkout/place")
        self.wait_url(driver, "/pay/")
        look("pay")
        driver.find_element(By.CSS_SELECTOR, "main form button").click()
        self.wait_url(driver, "/mock-provider/")
        look("provider")
        self.fill(driver, {"number": CARDS["good"], "exp": "12/31", "cvc": "123", "name": ADDRESS["name"]})
        driver.find_element(By.CSS_SELECTOR, "main form button").click()
        self.wait_url(driver, "/thanks")
        look("thanks")
        self.assertTrue(self.shop.wait_mail(mail))
        driver.find_element(By.CSS_SELECTOR, "a[href*='/track/']").click()
        self.wait_url(driver, "/track/")
        look("track")
        return mail

    def test_buy_with_javascript(self):
        self.buy(self.open(), screens="shop")

    def test_buy_without_javascript(self):
        self.buy(self.open(javascript=False))

    def test_search_and_forms(self):
        driver = self.open()
        driver.get(self.shop.url + "/search?q=bottle")
        self.look(driver, "shop-search")
        driver.get(self.shop.url + "/login")
        self.look(driver, "shop-login")
        driver.get(self.shop.url + "/register")
        self.look(driver, "shop-register")
        driver.get(self.shop.url + "/nowhere")
        self.look(driver, "shop-not-found")

    def test_back_office(self):
        self.shop.paid_order(self.shop.new_product())
        driver = self.open()
        driver.get(self.shop.url + "/login?next=/admin")
        self.fill(driver, {"email": self.shop.admin_email, "password": self.shop.admin_password})
        self.press(driver, "/login")
        for path in ("", "/orders", "/products", "/categories", "/imports", "/customers", "/inventory", "/payments", "/messages", "/system"):
            driver.get(self.shop.url + "/admin" + path)
            self.look(driver, "admin" + path.replace("/", "-"))
        driver.get(self.shop.url + "/admin/orders")
        driver.find_element(By.CSS_SELECTOR, "main a[href^='/admin/orders/']").click()
        self.look(driver, "admin-order")

    def test_keyboard(self):
        """The first Tab leads to the skip link, and what has the focus can be seen to have it."""
        from selenium.webdriver.common.keys import Keys
        driver = self.open()
        driver.get(self.shop.url + "/")
        driver.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
        self.assertEqual(driver.switch_to.active_element.get_attribute("class"), "skip")


if __name__ == "__main__":
    unittest.main()
