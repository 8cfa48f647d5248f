"""What the doctor finds in the outbox of a labeld that does not run, and in the words of one that
does."""

import os
import shutil
import time

import pytest

from edge.config.settings import Config, OutboxSettings
from edge.deliver.store import Store
from edge.doctor import outbox
from edge.doctor.findings import BAD, NOTE, OK
from tests.support.outboxes import label


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "out box#1.db")


def found(path, running=None, **settings):
    return list(outbox.check(Config(outbox=OutboxSettings(path, **settings)), running))


def fill(path, messages):
    """Return a Store, to be closed, that holds so many."""
    store = Store(path)
    store.add([(number, label(str(number))) for number in range(1, messages + 1)])
    return store


def test_there_is_none_yet_and_none_is_made(path):
    (finding,) = found(path)
    assert (finding.state, finding.found) == (OK, path + ": none yet")
    assert os.listdir(os.path.dirname(path)) == []


def test_what_waits_is_counted(path):
    fill(path, 3).close()
    (finding,) = found(path)
    assert finding.state == OK
    assert ": 3 messages wait" in finding.found


def test_one_that_is_nearly_full_is_told(path):
    fill(path, 8).close()
    (finding,) = found(path, max_messages=10)
    assert finding.state == NOTE
    assert "80% of what may" in finding.found
    assert "cameras' labels are dropped" in finding.advice


def test_a_folder_that_is_not_there_is_a_fault(tmp_path):
    (finding,) = found(str(tmp_path / "none" / "outbox.db"))
    assert finding.state == BAD
    assert "mkdir" in finding.advice


def test_what_is_no_outbox_is_told_and_left_alone(path):
    with open(path, "wb") as file:
        file.write(b"no database")
    (finding,) = found(path)
    assert finding.state == NOTE
    assert "set it aside" in finding.advice
    with open(path, "rb") as file:
        assert file.read() == b"no database"


def test_an_empty_file_becomes_an_outbox_and_is_none_yet(path):
    open(path, "wb").close()
    (finding,) = found(path)
    assert finding.state == OK
    assert ": 0 messages wait" in finding.found


def test_what_a_killed_labeld_left_is_counted(path):
    store = fill(path, 3)
    try:
        for ending in ("", "-wal"):
            shutil.copy(path + ending, path + ".killed" + ending)
    finally:
        store.close()
    (finding,) = found(path + ".killed")
    assert ": 3 messages wait" in finding.found


def test_one_that_another_program_holds_is_told(path, monkeypatch):
    monkeypatch.setattr("edge.deliver.store.LOCKED_SECONDS", 0.1)
    store = fill(path, 1)
    try:
        (finding,) = found(path)
    finally:
        store.close()
    assert finding.state == NOTE
    assert "locked by another program" in finding.found


def test_files_that_were_set_aside_are_shown(path):
    moment = time.strftime("%Y%m%dT%H%M%S", time.gmtime(0))
    for ending in ("", "-wal"):
        open(path + ".set-aside-" + moment + ending, "wb").close()
    _, finding = found(path)
    assert finding.state == NOTE
    assert finding.found.endswith(": {}.set-aside-{}".format(path, moment))


def test_a_running_labeld_that_cannot_write_it_is_a_fault(path):
    running = {"labeld_outbox_messages": 2.0, "labeld_outbox_bytes": 9.0}
    (finding,) = found(path, dict(running, labeld_outbox_on_disk=0.0))
    assert finding.state == BAD
    assert "labels wait in memory" in finding.found
    (finding,) = found(path, dict(running, labeld_outbox_on_disk=1.0))
    assert finding.state == OK
    assert ": 2 messages wait" in finding.found


def test_of_one_that_does_not_answer_nothing_is_said(path):
    assert found(path, {}) == []
