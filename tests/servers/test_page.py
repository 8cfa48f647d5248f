"""The page, in a real browser."""

import pytest

from tests.support import tiny
from tests.support.servers import wait_for

HOSTILE = "<img src=x onerror=hacked=1> & \"'</script>"


def page_of(labeld):
    return "http://127.0.0.1:{}/".format(labeld.http_port)


def shows(browser, text, selector="body"):
    wait_for(lambda: text in browser.text(selector), "the page shows {!r}".format(text))


@pytest.fixture
def shown(browser, labeld):
    """A ready Labeld that shows pictures, and a browser with its page."""
    labeld.configure(http={"port": labeld.http_port, "pictures": True})
    labeld.start_ready()
    browser.open(page_of(labeld))
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


def test_hostile_names_and_labels_are_text(browser, labeld, tmp_path):
    from tests.support.tiny import write_bundle

    hostile = write_bundle(tmp_path / "bundle", labels=(HOSTILE, "green & more", "blue"))
    folder = {"name": HOSTILE, "kind": "folder", "path": labeld.drop}
    labeld.configure(model={"bundle": hostile.path}, sources=[folder])
    labeld.start_ready()
    browser.open(page_of(labeld))
    name = HOSTILE.replace("/", "") + ".png"
    labeld.drop_file(name, tiny.encode(tiny.picture("red"), ".png"))
    shows(browser, HOSTILE, "#sources .label")
    assert HOSTILE in browser.text("#sources h3")
    assert name in browser.text("#sources")
    assert browser.run("typeof hacked") == "undefined"
    assert browser.run("document.querySelectorAll('#sources img, #sources script').length") == 0
    assert browser.run("document.querySelectorAll('#sources li').length") == 1
    assert browser.complaints() == []


def test_without_pictures_none_is_shown_or_answered(browser, labeld):
    labeld.start_ready()
    browser.open(page_of(labeld))
    labeld.drop_file("a.png", tiny.encode(tiny.picture("red"), ".png"))
    shows(browser, "red", "#sources .label")
    assert browser.run("document.querySelector('.picture').hidden")
    assert labeld.get("/picture?source=drop")[0] == 404
    assert labeld.get("/pictures")[0] == 404
    assert labeld.get("/report")[0] == 404
