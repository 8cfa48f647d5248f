"""The drop folder: which files are taken, when, and in which order."""

import json
import os
import threading
import time

import pytest
from prometheus_client import CollectorRegistry

from edge.config.settings import FolderSettings
from edge.metrics import Metrics
from edge.sources.folder.folder import FolderSource
from edge.sources.folder.in_flight import InFlight
from edge.sources.state import SourceState
from tests.support.servers import wait_for


class Running:
    """A FolderSource whose frames are collected by a thread."""

    def __init__(self, path, **options):
        self.registry = CollectorRegistry()
        self.frames = []
        settings = FolderSettings(name="drop", kind="folder", path=str(path), **options)
        self.statuses = []
        metrics = Metrics(self.registry, ["drop"])
        state = SourceState("drop", "bench", metrics, lambda *said: self.statuses.append(said))
        self._folder = FolderSource(settings, "bench", state, InFlight())
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._collect)
        self._thread.start()

    def _collect(self):
        for frame in self._folder.frames(self._stop):
            if frame is not None:
                self.frames.append(frame)

    def names(self):
        return [frame.image for frame in list(self.frames)]

    def is_up(self):
        return self.registry.get_sample_value("labeld_source_up", {"source": "drop"}) == 1

    def close(self):
        self._stop.set()
        self._thread.join(10.0)
        assert not self._thread.is_alive()


@pytest.fixture
def run(tmp_path):
    """A function that starts a Running on `drop` in this folder."""
    started = []

    def start(**settings):
        started.append(Running(tmp_path / "drop", **settings))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def drop(tmp_path):
    (tmp_path / "drop").mkdir()
    return tmp_path / "drop"


def write_aged(path, data, age_seconds):
    path.write_bytes(data)
    moment = time.time() - age_seconds
    os.utime(str(path), (moment, moment))


def test_what_lies_there_at_the_start_is_taken_oldest_first(run, drop):
    for name, age in (("b.jpg", 300), ("a.jpg", 100), ("c.jpg", 200)):
        write_aged(drop / name, b"x", age)
    running = run()
    wait_for(lambda: len(running.frames) == 3, "three files are taken")
    assert running.names() == ["b.jpg", "c.jpg", "a.jpg"]


@pytest.mark.parametrize("how", ["auto", "poll"])
def test_unfinished_names_are_left_alone_until_they_are_renamed(run, drop, how):
    unfinished = ["a.jpg.part", "b.TMP", ".c.jpg"]
    for name in unfinished:
        write_aged(drop / name, b"x", 300)
    write_aged(drop / "whole.jpg", b"x", 300)
    running = run(watch=how)
    wait_for(running.frames.__len__, "the whole file is taken")
    for name in unfinished:
        os.rename(str(drop / name), str(drop / ("now-" + name.strip(".")[0] + ".jpg")))
    wait_for(lambda: len(running.frames) == 4, "the renamed files are taken")
    assert running.names()[0] == "whole.jpg"
    assert sorted(running.names()[1:]) == ["now-a.jpg", "now-b.jpg", "now-c.jpg"]


@pytest.mark.parametrize("how", ["auto", "poll"])
def test_a_file_that_is_written_bit_by_bit_is_taken_whole(run, drop, how):
    running = run(watch=how)
    wait_for(running.is_up, "the folder is watched")
    with open(str(drop / "slow.jpg"), "wb") as file:
        for _ in range(20):
            file.write(b"12345")
            file.flush()
            time.sleep(0.15)  # slower than the folder is looked at: how a slow sender writes
    wait_for(running.frames.__len__, "the file is taken")
    assert running.frames[0].read() == b"12345" * 20
    assert running.names() == ["slow.jpg"]


def test_a_file_replaced_while_under_way_stays_to_be_classified_too(run, drop):
    running = run()
    write_aged(drop / "a.jpg", b"first", 300)
    wait_for(running.frames.__len__, "it is taken")
    assert running.frames[0].read() == b"first"
    (drop / ".next").write_bytes(b"second")
    os.rename(str(drop / ".next"), str(drop / "a.jpg"))
    running.frames[0].settle(None)
    wait_for(lambda: len(running.frames) == 2, "it is taken again")
    assert running.frames[1].read() == b"second"
    running.frames[1].settle(None)
    assert (drop / "done" / "a.jpg").read_bytes() == b"second"


def test_two_files_of_one_name_are_both_kept(run, drop):
    running = run()
    for number, data in enumerate((b"first", b"second"), 1):
        write_aged(drop / "a.jpg", data, 300)
        wait_for(lambda number=number: len(running.frames) == number, "it is taken")
        running.frames[-1].read()
        running.frames[-1].settle(None)
    assert (drop / "done" / "a.jpg").read_bytes() == b"first"
    assert (drop / "done" / "a-1.jpg").read_bytes() == b"second"


def test_delivered_files_are_deleted_if_so_configured_and_unreadable_ones_kept(run, drop):
    for name in ("good.jpg", "bad.jpg"):
        write_aged(drop / name, b"x", 300)
    running = run(after="delete")
    wait_for(lambda: len(running.frames) == 2, "both are taken")
    for frame in running.frames:
        frame.read()
        frame.settle("no picture" if frame.image == "bad.jpg" else None)
    assert not (drop / "good.jpg").exists()
    assert os.listdir(str(drop / "done")) == []
    assert (drop / "failed" / "bad.jpg.error").read_text() == "no picture\n"
    assert (drop / "failed" / "bad.jpg").exists()


def test_a_folder_that_is_not_there_yet_is_waited_for(run, tmp_path):
    running = run()
    write_later = tmp_path / "elsewhere"
    write_later.mkdir()
    write_aged(write_later / "a.jpg", b"x", 300)
    wait_for(lambda: running.statuses, "it says so")
    assert not running.is_up()
    os.rename(str(write_later), str(tmp_path / "drop"))
    wait_for(running.frames.__len__, "its file is taken")
    assert running.is_up()
    assert [name for name, _ in running.statuses] == ["drop", "drop"]
    first, last = [json.loads(payload.decode("utf-8")) for _, payload in running.statuses]
    assert (first["status"], last["status"], last["reason"]) == ("stale", "live", None)
    assert "No such file" in first["reason"]
