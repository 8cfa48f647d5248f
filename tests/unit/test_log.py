"""The daemon's log: what reads it gets a record for each line."""

import json
import logging
import os
import sys

import pytest

from edge.daemon import log, sparing


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Return a function that logs so and returns what stderr then holds."""
    root, level = logging.getLogger(), logging.getLogger("edge").level
    before = list(root.handlers)

    def write(kind, say, journal=False):
        with open(str(tmp_path / "log"), "w+", encoding="utf-8") as file:
            monkeypatch.setattr(sys, "stderr", file)
            facts = os.fstat(file.fileno())
            stream = "{}:{}".format(facts.st_dev, facts.st_ino)
            log.begin(kind, {"JOURNAL_STREAM": stream} if journal else {})
            say(logging.getLogger("edge.test"))
            file.seek(0)
            return file.read().splitlines()

    yield write
    for handler in set(root.handlers).difference(before):
        root.removeHandler(handler)
    logging.getLogger("edge").setLevel(level)


def fail(logger):
    try:
        raise ValueError("a\nINFO edge: all is well")
    except ValueError:
        logger.exception("it failed")


def test_a_name_can_neither_end_a_line_nor_steer_a_terminal(written):
    lines = written("text", lambda logger: logger.warning("file %s", "a\nERROR b\x1b[2J\x9b"))
    assert lines == ["WARNING edge.test: file a\\nERROR b\\x1b[2J\\x9b"]


def test_what_an_exception_says_cannot_be_taken_for_a_record(written):
    lines = written("text", fail)
    assert lines[0] == "ERROR edge.test: it failed"
    assert all(line.startswith("  ") for line in lines[1:])


@pytest.mark.parametrize("kind", log.KINDS)
def test_passwords_are_left_out(written, kind):
    (line,) = written(kind, lambda logger: logger.error("rtsp://me:secret@cam/1 is away"))
    assert "secret" not in line


def test_the_journal_is_told_the_priority_of_each_line(written):
    def say(logger):
        logger.info("a")
        logger.warning("b")
        fail(logger)

    lines = written("text", say, journal=True)
    assert lines[:3] == [
        "<6>INFO edge.test: a",
        "<4>WARNING edge.test: b",
        "<3>ERROR edge.test: it failed",
    ]
    assert all(line.startswith("<3>  ") for line in lines[3:])


def test_json_is_an_object_a_line(written):
    lines = written("json", fail)
    (said,) = [json.loads(line) for line in lines]
    assert (said["level"], said["priority"], said["logger"]) == ("ERROR", 3, "edge.test")
    assert said["message"] == "it failed"
    assert "ValueError: a\nINFO edge: all is well" in said["exception"]
    assert said["time"].endswith("Z")


def flood(logger, count):
    for number in range(count):
        logger.warning("picture %d is none", number)


def test_a_flood_of_one_cause_is_counted_and_others_are_written(written):
    def say(logger):
        flood(logger, sparing.MOST + 30)
        logger.error("another")
        logging.getLogger().handlers[-1].close()

    lines = written("text", say)
    assert lines[: sparing.MOST] == [
        "WARNING edge.test: picture {} is none".format(number) for number in range(sparing.MOST)
    ]
    assert lines[sparing.MOST :] == [
        "ERROR edge.test: another",
        "WARNING edge.test: 30 more such lines within 60 s, the last: picture 49 is none",
    ]


def test_a_minute_later_it_is_written_again_after_the_number(written, monkeypatch):
    def say(logger):
        flood(logger, sparing.MOST + 1)
        later = sparing.time.monotonic() + sparing.SECONDS
        monkeypatch.setattr(sparing.time, "monotonic", lambda: later)
        flood(logger, 1)

    summary, again = (json.loads(line) for line in written("json", say)[sparing.MOST :])
    assert summary["message"].startswith("1 more such lines within 60 s, the last: picture 20")
    assert (again["message"], again["level"]) == ("picture 0 is none", "WARNING")
