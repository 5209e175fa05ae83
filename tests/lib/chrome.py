"""Debian's Chromium, headless, driven by Selenium: a person with a mouse, a keyboard and eyes.

look() is the eyes: screenshots at phone and desktop width in build/screens, nothing wider than
the window, nothing the console complains of (a violated Content-Security-Policy is a complaint).
"""
import base64
import functools
import shutil
import subprocess
import tempfile
import unittest

from shop import ROOT, ShopTest, wait_for

try:
    from selenium import webdriver
    from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import Select
except ImportError:
    webdriver = None

# Without most of these a browser in a closed network spends its time looking for its maker, or keeps processes for sites it never visits.
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-site-isolation-trials", "--renderer-process-limit=1",
         "--disable-features=BackForwardCache,MediaRouter,OptimizationHints,SpareRendererForSitePerProcess,Translate", "--disable-dev-shm-usage", "--hide-scrollbars",
         "--force-device-scale-factor=1", "--lang=en"]
SCREENS = ROOT / "build" / "screens"
WIDTHS = (360, 1440)
TALLEST_PX = 4000
TABS_MAX = 90
# A page of this status says so in the console too, and that is no complaint of ours.
EXPECTED_STATUS = ("status of 401", "status of 403", "status of 404", "status of 409", "status of 422")
AXE = ROOT / "build" / "axe"


def chromium_is_here():
    return bool(webdriver and shutil.which("chromedriver") and shutil.which("chromium"))


@unittest.skipUnless(chromium_is_here(), "chromium, chromium-driver or python3-selenium is not installed")
class ChromeTest(ShopTest):
    """self.open(), then self.driver: to each test a browser that knows nothing of those before."""

    started = {}  # Chromium takes seconds to start: one of each kind serves all tests of a module

    def open(self, javascript=True):
        try:
            self.driver = self.started[javascript]
            self.forget()
        except (KeyError, WebDriverException):  # none yet, or one that a failed test left as it was
            self.driver = self.started[javascript] = self.start(javascript)
        return self.driver

    @staticmethod
    def start(javascript):
        options = webdriver.ChromeOptions()
        profile = tempfile.mkdtemp(prefix="ecostore-browser-")
        unittest.addModuleCleanup(shutil.rmtree, profile, ignore_errors=True)
        for flag in FLAGS + [f"--user-data-dir={profile}", f"--window-size={WIDTHS[1]},1000"]:
            options.add_argument(flag)
        if not javascript:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
        unittest.addModuleCleanup(driver.quit)
        unittest.addModuleCleanup(ChromeTest.started.clear)
        driver.set_page_load_timeout(30)
        return driver

    def forget(self):
        """Cookies, what pages stored, the cache, the history's page, a width, what the console said."""
        self.driver.get("about:blank")
        for command, arguments in (("Network.clearBrowserCookies", {}), ("Network.clearBrowserCache", {}), ("Emulation.clearDeviceMetricsOverride", {}),
                                   ("Storage.clearDataForOrigin", {"origin": self.shop.url, "storageTypes": "all"})):
            self.driver.execute_cdp_cmd(command, arguments)
        self.driver.get_log("browser")

    # ------------------------------------------------------------ hands
    def visit(self, path):
        self.driver.get(path if path.startswith("http") else self.shop.url + path)

    def one(self, css):
        found = self.driver.find_elements(By.CSS_SELECTOR, css)
        if not found:
            raise AssertionError(f"{self.driver.current_url} has no {css}: {self.text()[:500]}")
        return found[0]

    def text(self, css="main"):
        found = self.driver.find_elements(By.CSS_SELECTOR, css)
        return found[0].text if found else self.driver.title

    def leave(self, act):
        """Do what leads to another page, and be there when this returns."""
        before = self.one("html")
        act()
        wait_for(f"another page than {self.driver.current_url}", lambda: self._gone(before), 20)
        wait_for("the page", lambda: self.driver.find_elements(By.CSS_SELECTOR, "main"), 20)

    @staticmethod
    def _gone(element):
        try:
            element.tag_name
            return False
        except StaleElementReferenceException:
            return True
        except WebDriverException as e:  # between two pages there may be none at all
            return "no such" in str(e) or "not attached" in str(e)

    def click(self, css):
        element = self.one(css)
        # In the middle of the window: what scrolls smoothly by itself is still moving when the mouse comes.
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
        self.leave(element.click)

    def press(self, action, which=""):
        """The button of the form whose action ends so."""
        self.click(f"form[action$='{action}'] button:not([type=button]){which}")

    def fill(self, values):
        for name, value in values.items():
            field = self.one(f"#{name}")
            if field.tag_name == "select":
                Select(field).select_by_value(value)
            else:
                field.clear()
                field.send_keys(value)

    def at(self, part):
        self.assertIn(part, self.driver.current_url, self.text()[:500])

    # ------------------------------------------------------------ the keyboard alone
    def key(self, *keys):
        self.driver.switch_to.active_element.send_keys(*keys)

    def tab_to(self, css):
        """Tab by Tab until an element like this has the focus, and shows that it has it."""
        for _ in range(TABS_MAX):
            self.key(Keys.TAB)
            if self.driver.execute_script("return document.activeElement.matches(arguments[0])", css):
                self.assertTrue(self.focus_is_visible(), f"nobody sees that {css} has the focus")
                return
        raise AssertionError(f"{css} on {self.driver.current_url} is not reached by {TABS_MAX} Tabs")

    def focus_is_visible(self):
        """By an outline of its own, or of what it stands in (a card) or beside (a drawn radio button)."""
        return self.driver.execute_script("""
            const outlined = (e) => { const s = getComputedStyle(e); return s.outlineStyle !== "none" && s.outlineWidth !== "0px"; };
            const e = document.activeElement, around = e.closest(".card, .search");
            return [e, e.nextElementSibling, around].some((x) => x && outlined(x)) || (around && getComputedStyle(around).boxShadow !== "none");""")

    # ------------------------------------------------------------ eyes
    def look(self, name):
        SCREENS.mkdir(parents=True, exist_ok=True)
        for width in WIDTHS:
            self.resize(width)
            metrics = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
            (SCREENS / f"{name}-{width}.png").write_bytes(self.picture(width, min(int(metrics["height"]), TALLEST_PX)))
            self.assertLessEqual(metrics["width"], width, f"{name} is wider than {width} px")
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        self.assert_quiet(name)

    def resize(self, width):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500})

    def picture(self, width, height):
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {
            "captureBeyondViewport": True, "clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}})
        return base64.b64decode(shot["data"])

    def assert_quiet(self, name):
        complaints = [e["message"] for e in self.driver.get_log("browser") if e["level"] in ("SEVERE", "WARNING")]
        complaints = [c for c in complaints if not any(s in c for s in EXPECTED_STATUS)]
        self.assertFalse(complaints, f"{name}: {complaints}")

    # ------------------------------------------------------------ the eyes of axe-core
    def assert_accessible(self, name):
        """Nothing is asked where axe-core can't be had: test_screen_reader then says so, once."""
        if axe_source() is None:
            return
        self.driver.execute_script(axe_source())
        found = self.driver.execute_async_script("""
            axe.run(document, {resultTypes: ["violations"]}).then(arguments[0], (e) => arguments[0]({error: String(e)}));""")
        faults = [f"{v['id']}: {v['help']}: {v['nodes'][0]['html'][:200]}" for v in found.get("violations", [{"id": "axe", "help": found.get("error"), "nodes": [{"html": ""}]}])]
        self.assertFalse(faults, f"{name}: " + "\n".join(faults))


@functools.cache
def axe_source():
    """axe-core is no Debian package: fetched into build/ where npm and its registry are within reach, else None."""
    script = AXE / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists() and shutil.which("npm"):
        subprocess.run(["npm", "install", "--prefix", str(AXE), "--no-save", "--no-audit", "--no-fund", "--ignore-scripts",
                        "--fetch-retries=0", "--fetch-timeout=15000", "axe-core@4"],
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False, cwd="/")
    return script.read_text(encoding="utf-8") if script.exists() else None
