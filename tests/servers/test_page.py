"""The page, in a real browser."""

import json
import sys

import pytest

from tests.support import servers, tiny
from tests.support.servers import wait_for

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 10), reason="the browser's driver needs Python 3.10"
)

PHONE = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}

HOSTILE = "<img src=x onerror=hacked=1> & \"'</script>"


class Browser:
    """Debian's Chromium with the page of one labeld."""

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

    def open(self, port, path="/"):
        self.driver.get("http://127.0.0.1:{}{}".format(port, path))

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


@pytest.fixture
def browser():
    made = Browser()
    yield made
    made.end()


def shows(browser, text, selector="body"):
    wait_for(lambda: text in browser.text(selector), "the page shows {!r}".format(text))


@pytest.fixture
def shown(labeld, browser):
    """A ready Labeld that shows pictures, and a browser with its page."""
    labeld.configure(http={"port": labeld.http_port, "pictures": True})
    labeld.start_ready()
    browser.open(labeld.http_port)
    shows(browser, "live", "#live")
    return labeld


def test_it_loads_and_shows_what_happens_without_being_loaded_again(shown, browser):
    shows(browser, "no label yet", "#sources")
    shown.drop_file("a.png", tiny.encode(tiny.picture("red"), ".png"))
    shows(browser, "red", "#sources .label")
    shows(browser, "a.png", "#sources")
    picture = "getComputedStyle(document.querySelector('#sources .picture')).backgroundImage"
    wait_for(lambda: "/pictures?version=" in browser.run(picture), "its picture")
    browser.run("document.querySelector('#sources .picture').focus()")
    shown.drop_file("b.png", tiny.encode(tiny.picture("blue"), ".png"))
    shows(browser, "blue", "#sources .label")
    assert browser.run("document.activeElement.className") == "picture", "it stays where it was"
    assert "tiny-" in browser.text("#model")
    assert "connected" in browser.text("#broker")
    assert browser.run("document.title") == "labeld bench"
    assert browser.complaints() == []


def test_it_loads_nothing_from_elsewhere(shown, browser):
    shown.drop_file("a.png", tiny.encode(tiny.picture("red"), ".png"))
    shows(browser, "red", "#sources .label")
    loaded = browser.run("performance.getEntriesByType('resource').map(one => one.name)")
    assert loaded
    assert all(one.startswith("http://127.0.0.1:{}/".format(shown.http_port)) for one in loaded)


def test_it_survives_a_restart_of_the_daemon(shown, browser):
    assert shown.end() == 0
    shows(browser, "no answer since", "#live")
    shown.start_ready()
    wait_for(lambda: browser.text("#live") == "live", "it is live again")
    shown.drop_file("b.png", tiny.encode(tiny.picture("blue"), ".png"))
    shows(browser, "blue", "#sources .label")


def test_trouble_is_shown_and_the_warnings_of_the_day(shown, browser):
    shown.drop_file("notes.txt", b"no picture")
    shows(browser, "notes.txt", "#warnings")
    shows(browser, "set aside", "#warnings")


def test_it_fits_a_phone(shown, browser):
    browser.phone()
    shows(browser, "live", "#live")
    assert browser.run("window.innerWidth") == 360
    assert browser.run("document.documentElement.scrollWidth") <= 360


def test_each_link_is_reached_by_the_keyboard_alone_and_seen_to_be(shown, browser):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    visible = "[...document.querySelectorAll('a')].filter(one => one.offsetParent)"
    links = browser.run(visible + ".map(one => one.href)")
    reached = []
    for _ in links:
        ActionChains(browser.driver).send_keys(Keys.TAB).perform()
        reached.append(browser.run("document.activeElement.href"))
        assert browser.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert reached == links


def test_hostile_names_and_labels_are_text(labeld, browser, tmp_path):
    from tests.support.tiny import write_bundle

    hostile = write_bundle(tmp_path / "bundle", labels=(HOSTILE, "green & more", "blue"))
    folder = {"name": HOSTILE, "kind": "folder", "path": labeld.drop}
    labeld.configure(model={"bundle": hostile.path}, sources=[folder])
    labeld.start_ready()
    browser.open(labeld.http_port)
    name = HOSTILE.replace("/", "") + ".png"
    labeld.drop_file(name, tiny.encode(tiny.picture("red"), ".png"))
    shows(browser, HOSTILE, "#sources .label")
    assert HOSTILE in browser.text("#sources h3")
    assert name in browser.text("#sources")
    assert browser.run("typeof hacked") == "undefined"
    assert browser.run("document.querySelectorAll('#sources img, #sources script').length") == 0
    assert browser.run("document.querySelectorAll('#sources li').length") == 1
    assert browser.complaints() == []


def test_without_pictures_none_is_shown_or_answered(labeld, browser):
    labeld.start_ready()
    browser.open(labeld.http_port)
    labeld.drop_file("a.png", tiny.encode(tiny.picture("red"), ".png"))
    shows(browser, "red", "#sources .label")
    assert browser.run("document.querySelector('.picture').hidden")
    assert labeld.get("/picture?source=drop")[0] == 404
    assert labeld.get("/pictures")[0] == 404
    assert labeld.get("/report")[0] == 404
