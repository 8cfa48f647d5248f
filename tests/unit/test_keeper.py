"""What waits for the broker, on disk: it outlives outages, the process, and bad files."""

import json
import os
import sqlite3
import time

import pytest
from prometheus_client import CollectorRegistry

from edge.deliver import keeper
from edge.deliver.keeper import Keeper
from edge.deliver.notes import Notes
from edge.deliver.outbox import KEEP_SECONDS
from edge.deliver.publisher import delayed
from edge.metrics import Metrics
from tests.support.outboxes import label, outbox_for

LONG_AGO = KEEP_SECONDS + 1


class Site:
    """An outbox with a store, whose thread is the test's."""

    def __init__(self, path, room=1000, **bounds):
        self.registry = CollectorRegistry()
        bounds.setdefault("delayed_per_second", 1e6)
        self.outbox = outbox_for(room, metrics=Metrics(self.registry), **bounds)
        self.notes = Notes()
        self.keeper = Keeper(self.outbox, self.notes, str(path))
        self.settled = []

    def wait_long(self, *names, seconds=LONG_AGO, **facts):
        """Put labels in that have waited for long already, and have what is due done."""
        for name in names:
            message = label(name, self.settled, since=time.monotonic() - seconds, **facts)
            assert self.outbox.put(message, timeout=0.0)
        self.keeper.step()

    def delayed(self):
        """Have all that is stored handed out, and acknowledged; return the names."""
        names = []
        while True:
            self.keeper.step()
            unsent = self.outbox.next_delayed(time.monotonic())
            if unsent is None:
                return names
            names.append(json.loads(unsent[1].payload.decode())["id"])
            self.outbox.acknowledge(unsent[0])

    def metric(self, name, **labels):
        return self.registry.get_sample_value(name, labels)

    def end(self):
        self.keeper.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "outbox.db"


@pytest.fixture
def site(path):
    site = Site(path)
    yield site
    site.end()


def set_aside(path):
    return [name for name in os.listdir(str(path.parent)) if ".set-aside-" in name]


def test_what_the_broker_takes_at_once_is_never_written(site, path):
    files = [path, path.parent / (path.name + "-wal")]
    before = [(file.stat().st_mtime_ns, file.stat().st_size) for file in files]
    site.outbox.put(label("a", site.settled), timeout=0.0)
    site.outbox.acknowledge(site.outbox.next_unsent()[0])
    site.keeper.step()
    assert site.settled == ["a"]
    assert [(file.stat().st_mtime_ns, file.stat().st_size) for file in files] == before


def test_what_has_waited_is_safe_on_disk_and_settled_once(site):
    site.wait_long("a", "b")
    assert site.settled == ["a", "b"]
    assert len(site.outbox) == 2
    assert site.outbox.in_memory == 0
    assert site.delayed() == ["a", "b"]
    assert site.settled == ["a", "b"]
    assert len(site.outbox) == 0


def test_what_is_on_disk_is_sent_after_a_restart_in_its_order(site, path):
    site.wait_long("a", "b")
    site.outbox.put(label("c", site.settled), timeout=0.0)
    site.end()
    assert site.settled == ["a", "b", "c"], "a stop keeps what had not waited for long, too"
    second = Site(path)
    assert len(second.outbox) == 3
    assert second.delayed() == ["a", "b", "c"]
    assert second.metric("labeld_frames_total", source="drop", outcome="published") == 3
    second.end()
    third = Site(path)
    assert third.delayed() == []
    third.end()


def test_a_message_acknowledged_while_it_was_written_is_not_sent_again(site, path):
    site.wait_long("a", "b")
    site.outbox.put(label("c"), timeout=0.0)
    key, _ = site.outbox.next_unsent()
    waiting = site.outbox.to_keep(time.monotonic() + LONG_AGO)
    site.keeper._store.add(waiting)
    site.outbox.acknowledge(key)
    site.outbox.kept(waiting)
    assert site.delayed() == ["a", "b"]
    site.end()
    second = Site(path)
    assert second.delayed() == []
    second.end()


def test_what_was_in_flight_is_sent_again_in_its_place(site):
    site.wait_long("a", "b", "c")
    keys = [site.outbox.next_delayed(time.monotonic())[0] for _ in range(2)]
    site.outbox.send_again(keys)
    assert site.delayed() == ["a", "b", "c"]


def test_what_was_written_while_in_flight_is_sent_again_after_what_waited_before(site):
    site.wait_long("a", "b")
    message = label("c", site.settled, since=time.monotonic() - LONG_AGO)
    assert site.outbox.put(message, timeout=0.0)
    key, _ = site.outbox.next_unsent()
    site.keeper.step()
    site.outbox.send_again([key])
    assert site.delayed() == ["a", "b", "c"]


def test_delayed_messages_are_paced(path):
    site = Site(path, delayed_per_second=10)
    site.wait_long(*[str(number) for number in range(20)])
    now = time.monotonic()
    sent = 0
    while site.outbox.next_delayed(now) is not None:
        sent += 1
    assert 0 < sent <= 5
    site.end()


def test_a_delayed_event_says_so():
    assert json.loads(delayed(b'{"id": "a"}').decode()) == {"id": "a", "delayed": True}
    assert delayed(b"") == b""


def test_a_late_label_of_a_camera_is_not_retained_but_its_taking_back_is(site):
    site.wait_long("old", retain=True, source="aisle")
    empty = label("", source="gone", retain=True, since=0.0)._replace(payload=b"")
    site.outbox.put(empty, timeout=0.0)
    site.keeper.step()
    found = [site.outbox.next_delayed(time.monotonic())[1] for _ in range(2)]
    assert [(message.payload, message.retain) for message in found] == [
        (b'{"id": "old"}', False),
        (b"", True),
    ]


def test_a_camera_s_oldest_labels_are_dropped_first_and_a_file_s_waits(path):
    site = Site(path, room=3)
    site.wait_long("old", "older", "young", source="aisle", may_drop=True)
    site.wait_long("file", "file-2")
    assert site.delayed() == ["young", "file", "file-2"]
    dropped = site.metric("labeld_outbox_dropped_total", source="aisle", reason="full")
    assert dropped == 2
    site.end()


def test_a_camera_s_label_is_dropped_when_it_is_too_old_and_a_file_s_is_not(path):
    site = Site(path, age_seconds=100.0)
    site.wait_long("old", seconds=200.0, source="aisle", may_drop=True)
    site.wait_long("file", seconds=200.0)
    site.wait_long("young", seconds=10.0, source="aisle", may_drop=True)
    assert site.delayed() == ["file", "young"]
    assert site.metric("labeld_outbox_dropped_total", source="aisle", reason="aged") == 1
    site.end()


def test_a_clock_that_was_set_makes_nothing_old(path, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1000.0)  # no clock of its own, and no network yet
    site = Site(path, age_seconds=100.0)
    site.wait_long("a", source="aisle", may_drop=True)
    site.end()
    monkeypatch.undo()
    second = Site(path, age_seconds=100.0)
    assert second.delayed() == ["a"]
    second.end()


@pytest.mark.parametrize(
    "content", [b"this is no database" * 100, b"SQLite format 3\0" + b"x" * 5000]
)
def test_a_damaged_file_is_set_aside_and_a_new_one_begun(path, content, caplog):
    path.write_bytes(content)
    site = Site(path)
    site.wait_long("a")
    assert site.settled == ["a"]
    assert site.delayed() == ["a"]
    site.end()
    (aside,) = set_aside(path)
    assert (path.parent / aside).read_bytes() == content
    (error,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert str(path) in error.getMessage()
    assert aside in error.getMessage()


def test_a_file_of_another_program_is_set_aside(path):
    other = sqlite3.connect(str(path))
    other.execute("CREATE TABLE recipes (name)")
    other.commit()
    other.close()
    site = Site(path)
    site.wait_long("a")
    assert site.delayed() == ["a"]
    site.end()
    assert len(set_aside(path)) == 1


def test_a_file_that_another_program_has_locked_is_set_aside(path, monkeypatch):
    monkeypatch.setattr("edge.deliver.store.LOCKED_SECONDS", 0.1)
    Site(path).end()
    other = sqlite3.connect(str(path))
    other.execute("BEGIN EXCLUSIVE")
    site = Site(path)
    site.wait_long("a")
    assert site.settled == ["a"]
    site.end()
    other.close()
    assert set_aside(path)


def test_a_folder_in_its_place_is_set_aside(path):
    path.mkdir()
    site = Site(path)
    site.wait_long("a")
    assert site.settled == ["a"]
    site.end()


def test_a_file_damaged_while_it_is_in_use_is_set_aside_and_what_was_loaded_is_sent(site, path):
    site.wait_long("a", "b")
    site.keeper.step()
    site.keeper._store._database.execute("DROP TABLE held")
    site.wait_long("c")
    assert len(set_aside(path)) >= 1
    site.wait_long("d")
    assert site.settled == ["a", "b", "c", "d"]
    assert len(site.outbox) == 4


def test_what_can_not_be_written_waits_in_memory_and_is_said_once(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(keeper, "AGAIN_SECONDS", (0.001, 0.001))
    path = tmp_path / "not there yet" / "outbox.db"
    site = Site(path)
    for name in "abc":
        site.wait_long(name)
    assert site.settled == []
    assert site.metric("labeld_outbox_on_disk") == 0
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1
    path.parent.mkdir()
    deadline = time.monotonic() + 5
    while not site.settled and time.monotonic() < deadline:
        site.keeper.step()
    assert site.settled == ["a", "b", "c"]
    assert site.metric("labeld_outbox_on_disk") == 1
    assert site.delayed() == ["a", "b", "c"]
    site.end()


def test_notes_outlive_a_restart_until_they_are_dropped(site, path):
    site.notes.set(b"/drop/a.jpg", "first")
    site.notes.set(b"/drop/\xff.jpg", "text")
    site.notes.set(b"/drop/a.jpg", "second")
    site.keeper.step()
    site.end()
    second = Site(path)
    assert dict(second.notes.items()) == {b"/drop/a.jpg": "second", b"/drop/\xff.jpg": "text"}
    second.notes.drop(b"/drop/a.jpg")
    second.keeper.step()
    second.end()
    third = Site(path)
    assert third.notes.items() == [(b"/drop/\xff.jpg", "text")]
    third.end()


def test_notes_are_in_the_file_that_is_begun_anew(site, path):
    site.notes.set(b"a", "text")
    site.keeper.step()
    site.keeper._store._database.execute("DROP TABLE held")
    site.wait_long("a")
    site.end()
    second = Site(path)
    assert second.notes.items() == [(b"a", "text")]
    second.end()


def test_a_file_that_has_been_emptied_is_small_again(site, path):
    site.wait_long("a", "b", user_properties=(("x", "y" * 1_000_000),))
    assert site.delayed() == ["a", "b"]
    site.keeper._remove_at = 0.0
    site.keeper.step()
    assert path.stat().st_size < 100_000


def test_the_file_is_nobody_else_s_to_read(site, path):
    site.wait_long("a")
    assert path.stat().st_mode & 0o777 == 0o600
