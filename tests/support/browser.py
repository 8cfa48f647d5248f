"""A real browser."""

import json

from tests.support import servers

PHONE = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}


class Browser:
    """Debian's Chromium, with one page."""

    def __init__(self):
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = servers.program("chromium")
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = Service(servers.program("chromedriver"))
        self.driver = webdriver.Chrome(options=options, service=service)
        self.driver.set_page_load_timeout(30)

    def open(self, url):
        self.driver.get(url)

    def run(self, script):
        """Return what a script returns."""
        return self.driver.execute_script("return " + script)

    def text(self, selector="body"):
        """Return the text of the first element that a selector finds; empty: there is none."""
        found = "document.querySelector({})".format(json.dumps(selector))
        return self.run("({} || {{innerText: ''}}).innerText".format(found))

    def complaints(self):
        """Return what the browser has logged as wrong: a policy that was broken, a script's error.

        That the server does not answer is no fault of the page.
        """
        logged = [entry["message"] for entry in self.driver.get_log("browser")]
        return [one for one in logged if "ERR_" not in one and "favicon" not in one]

    def phone(self):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)

    def end(self):
        self.driver.quit()
