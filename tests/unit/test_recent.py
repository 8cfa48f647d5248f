"""The warnings that the page shows."""

import logging

import pytest

from edge.daemon.recent import MOST_CHARACTERS, MOST_OF_A_PLACE, Recent


@pytest.fixture
def recent():
    return Recent()


@pytest.fixture
def logger(recent):
    found = logging.Logger("test")
    found.addHandler(recent)
    return found


def test_warnings_are_shown_the_newest_first_with_their_number(recent, logger):
    logger.info("all is well")
    for text in ("a", "b", "a"):
        logger.warning("source %s: stale", text)
    logger.error("the disk is full")
    shown = [(one["text"], one["level"], one["times"]) for one in recent.shown()]
    assert shown == [
        ("the disk is full", "ERROR", 1),
        ("source a: stale", "WARNING", 2),
        ("source b: stale", "WARNING", 1),
    ]


def test_a_flood_of_one_cause_leaves_the_others(recent, logger):
    logger.error("the disk is full")
    for number in range(1000):
        logger.warning("picture %d is damaged", number)
    texts = [one["text"] for one in recent.shown()]
    assert "the disk is full" in texts
    assert len(texts) == 1 + MOST_OF_A_PLACE
    assert texts[0] == "picture 999 is damaged"


def test_what_is_older_than_a_day_is_not_shown(recent, logger, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("edge.daemon.recent.time.monotonic", lambda: now[0])
    logger.warning("old")
    now[0] = 86401.0
    logger.warning("new")
    assert [one["text"] for one in recent.shown()] == ["new"]


def test_no_password_is_shown_nor_a_line_break_nor_a_novel(recent, logger):
    logger.warning("rtsp://me:secret@camera/1 fails\n%s", "x" * 10000)
    (shown,) = recent.shown()
    assert "secret" not in shown["text"]
    assert "\n" not in shown["text"]
    assert len(shown["text"]) == MOST_CHARACTERS
