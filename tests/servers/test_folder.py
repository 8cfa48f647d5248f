"""The drop folder: which files are taken, when, and in which order."""

import json
import os
import socket
import threading
import time

import pytest
from prometheus_client import CollectorRegistry

from edge.config.settings import FolderSettings, KeepSettings
from edge.deliver.notes import Notes
from edge.errors import PictureError
from edge.metrics import Metrics
from edge.sources.folder.folder import FolderSource
from edge.sources.folder.in_flight import InFlight
from edge.sources.state import SourceState
from tests.support.servers import wait_for


class Running:
    """A FolderSource whose frames are collected by a thread."""

    def __init__(self, path, notes=None, **options):
        self.registry = CollectorRegistry()
        self.frames = []
        settings = FolderSettings(name="drop", kind="folder", path=str(path), **options)
        self.statuses = []
        metrics = Metrics(self.registry, ["drop"])
        state = SourceState("drop", "bench", metrics, lambda *said: self.statuses.append(said))
        self._folder = FolderSource(settings, "bench", state, metrics, InFlight(notes or Notes()))
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
        """End it; again, it does nothing."""
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


def test_a_source_ignores_what_it_is_told_to(run, drop):
    for name in ("a.Draft", "b.jpg"):
        write_aged(drop / name, b"x", 300)
    running = run(ignore=("*.draft",))
    wait_for(running.frames.__len__, "the other file is taken")
    time.sleep(1.5)  # the folder is looked at again
    assert running.names() == ["b.jpg"]


@pytest.mark.parametrize("how", ["auto", "poll"])
def test_sub_folders_are_looked_into_if_so_configured(run, drop, how):
    (drop / "2026" / "03-01").mkdir(parents=True)
    write_aged(drop / "2026" / "03-01" / "a.jpg", b"x", 300)
    running = run(recursive=True, watch=how)
    wait_for(running.frames.__len__, "the file is taken")
    (drop / "2026" / "03-02").mkdir()
    write_aged(drop / "2026" / "03-02" / "b.jpg", b"y", 300)
    wait_for(lambda: len(running.frames) == 2, "the other is taken, too")
    assert running.names() == ["2026/03-01/a.jpg", "2026/03-02/b.jpg"]
    for frame, reason in zip(running.frames, (None, "no picture")):
        frame.read()
        frame.settle(reason)
    assert (drop / "done" / "2026" / "03-01" / "a.jpg").read_bytes() == b"x"
    assert (drop / "failed" / "2026" / "03-02" / "b.jpg.error").read_text() == "no picture\n"
    time.sleep(1.5)  # what was put away is not taken again
    assert len(running.frames) == 2


def test_pictures_in_sub_folders_that_are_not_looked_into_are_spoken_of_once(run, drop, caplog):
    (drop / "2026-03-01").mkdir()
    (drop / "notes").mkdir()
    write_aged(drop / "2026-03-01" / "a.jpg", b"x", 300)
    write_aged(drop / "b.jpg", b"x", 300)
    running = run()
    wait_for(running.frames.__len__, "the other file is taken")
    (drop / "2026-03-01" / "c.jpg").write_bytes(b"y")
    time.sleep(2.5)  # the folder is looked at again
    assert running.names() == ["b.jpg"]
    assert caplog.text.count("pictures in its sub-folder 2026-03-01, which is not looked into") == 1
    assert "notes" not in caplog.text


def deliver_without_done(running, drop):
    """Have a file delivered that cannot be put away, since a file is where done/ belongs."""
    write_aged(drop / "a.jpg", b"x", 300)
    wait_for(running.frames.__len__, "it is taken")
    os.rmdir(str(drop / "done"))
    (drop / "done").write_bytes(b"a file in its place")
    running.frames[0].read()
    running.frames[0].settle(None)


def test_what_cannot_be_put_away_is_tried_again_and_blocks_no_name(run, drop):
    running = run()
    deliver_without_done(running, drop)
    wait_for(lambda: not running.is_up(), "it says so")
    reason = json.loads(running.statuses[-1][1].decode("utf-8"))["reason"]
    assert "a.jpg was delivered and cannot be put away" in reason
    os.unlink(str(drop / "done"))
    wait_for(lambda: (drop / "done" / "a.jpg").exists(), "it has been put away")
    wait_for(running.is_up, "all is well again")
    write_aged(drop / "a.jpg", b"another", 300)
    wait_for(lambda: len(running.frames) == 2, "its name can be used again")


def test_what_cannot_be_read_now_is_given_again(run, drop):
    running = run()
    write_aged(drop / "a.jpg", b"x", 300)
    wait_for(running.frames.__len__, "it is taken")
    running.frames[0].postpone("Too many open files")
    wait_for(lambda: not running.is_up(), "it says so")
    wait_for(lambda: len(running.frames) == 2, "it is taken again")
    assert running.frames[1].read() == b"x"
    wait_for(running.is_up, "all is well again")


LONGEST = "\u30ec" * 83 + ".jpg"
"""Of 253 bytes."""


def test_the_longest_name_can_be_put_away_with_its_note(run, drop):
    running = run()
    for number in range(2):
        write_aged(drop / LONGEST, b"x%d" % number, 300)
        wait_for(lambda number=number: len(running.frames) == number + 1, "it is taken")
        running.frames[-1].read()
        running.frames[-1].settle("no picture")
    names = sorted(os.listdir(str(drop / "failed")))
    assert len(names) == 4
    assert {name for name in names if name.endswith(".error")} == {
        name + ".error" for name in names if name.endswith(".jpg")
    }
    assert all(name.startswith("\u30ec" * 70) for name in names)


def test_a_note_goes_through_no_link(run, drop, tmp_path):
    running = run()
    write_aged(drop / "a.jpg", b"x", 300)
    wait_for(running.frames.__len__, "it is taken")
    (tmp_path / "other").write_text("theirs")
    os.symlink(str(tmp_path / "other"), str(drop / "failed" / "a.jpg.error"))
    running.frames[0].read()
    running.frames[0].settle("no picture")
    assert (tmp_path / "other").read_text() == "theirs"
    assert (drop / "failed" / "a-1.jpg.error").read_text() == "no picture\n"


def test_links_are_refused_and_nothing_of_their_targets_is_read(run, drop, tmp_path):
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(b"theirs")
    os.symlink(str(secret), str(drop / "a.jpg"))
    os.symlink(str(tmp_path / "nowhere"), str(drop / "b.jpg"))
    os.symlink(str(tmp_path), str(drop / "c"))
    running = run(recursive=True)
    wait_for(lambda: len(running.frames) == 3, "the links are taken")
    for frame in running.frames:
        with pytest.raises(PictureError, match="symbolic link"):
            frame.read()
        frame.settle("it is a symbolic link")
    assert {name for name in os.listdir(str(drop / "failed")) if not name.endswith(".error")} == {
        "a.jpg",
        "b.jpg",
        "c",
    }
    assert secret.read_bytes() == b"theirs"


def test_a_link_that_takes_the_place_of_a_file_or_a_folder_is_not_followed(run, drop, tmp_path):
    (tmp_path / "others").mkdir()
    for path in (tmp_path / "others" / "b.jpg", tmp_path / "secret.jpg"):
        path.write_bytes(b"theirs")
    (drop / "sub").mkdir()
    write_aged(drop / "a.jpg", b"x", 300)
    write_aged(drop / "sub" / "b.jpg", b"x", 300)
    running = run(recursive=True)
    wait_for(lambda: len(running.frames) == 2, "both are taken")
    os.rename(str(drop / "a.jpg"), str(tmp_path / "a.jpg"))
    os.symlink(str(tmp_path / "secret.jpg"), str(drop / "a.jpg"))
    os.rename(str(drop / "sub"), str(tmp_path / "sub"))
    os.symlink(str(tmp_path / "others"), str(drop / "sub"))
    for frame in running.frames:
        with pytest.raises((PictureError, OSError)):
            frame.read()
        frame.settle("it could not be read")
    assert (tmp_path / "others" / "b.jpg").read_bytes() == b"theirs"


def test_sockets_and_pipes_are_left_alone_and_named_once(run, drop, caplog):
    os.mkfifo(str(drop / "pipe.jpg"))
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(drop / "socket.jpg"))
        running = run(watch="poll")
        write_aged(drop / "a.jpg", b"x", 300)
        wait_for(lambda: running.names() == ["a.jpg"], "the file is taken")
        write_aged(drop / "b.jpg", b"x", 300)
        wait_for(lambda: len(running.frames) == 2, "the folder is looked at again")
    assert running.names() == ["a.jpg", "b.jpg"]
    for name in ("pipe.jpg", "socket.jpg"):
        assert caplog.text.count(name + " is neither file nor folder") == 1


def test_what_was_delivered_and_could_not_be_put_away_is_so_after_a_restart(run, drop):
    notes = Notes()
    running = run(notes=notes)
    deliver_without_done(running, drop)
    running.close()
    second = run(notes=notes)
    write_aged(drop / "b.jpg", b"x", 300)
    wait_for(lambda: "b.jpg" in second.names(), "another is taken")
    assert "a.jpg" not in second.names()
    os.unlink(str(drop / "done"))
    wait_for(lambda: (drop / "done" / "a.jpg").exists(), "it has been put away")
    assert notes.items() == []


def test_what_was_put_away_is_kept_as_long_as_is_said_and_the_rest_counted(run, drop):
    (drop / "done").mkdir()
    (drop / "done" / "old.jpg").write_bytes(bytes(2000000))
    running = run(keep=KeepSettings(max_mb=1))
    wait_for(lambda: not (drop / "done" / "old.jpg").exists(), "it is removed")
    name, source = "labeld_archive_removed_total", {"source": "drop"}
    wait_for(lambda: running.registry.get_sample_value(name, source) == 1, "that is counted")
