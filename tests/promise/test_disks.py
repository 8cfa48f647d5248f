"""Disks are full, or can only be read; each picture has its label once, and is put away at last."""

import os
import shutil
import signal
import sqlite3
from contextlib import closing, suppress

import pytest

from tests.support import mounts, tiny
from tests.support.account import balance
from tests.support.servers import wait_for

GOOD = 12
BROKEN = 4


@pytest.fixture
def daemon(labeld, proxy):
    labeld.configure(mqtt={"host": "127.0.0.1", "port": proxy.port})
    return labeld


def drop(daemon, first=0):
    """Put whole and broken pictures into the folder; return their names."""
    names = []
    for seed in range(first, first + GOOD + BROKEN):
        data = tiny.encode(tiny.picture("red", seed, size=(60, 60)))
        names.append("{:05d}.jpg".format(seed))
        daemon.drop_file(names[-1], data[: len(data) // 2] if seed - first >= GOOD else data)
    return names


def acknowledged(proxy, names):
    return lambda: not balance(names, proxy.acknowledged).lost


def shows(daemon, line):
    return lambda: line in daemon.get("/metrics")[1]


def is_up(daemon):
    return shows(daemon, 'labeld_source_up{source="drop"} 1.0')


def is_down(daemon):
    return shows(daemon, 'labeld_source_up{source="drop"} 0.0')


def remembers(daemon, count):
    """Return whether the outbox's file has so many that are delivered and not put away."""
    path = os.path.join(daemon.drop, "..", "outbox.db")

    def found():  # of a copy: the file itself is locked
        for end in ("", "-wal"):
            with suppress(FileNotFoundError):
                shutil.copy(path + end, path + ".copy" + end)
        with closing(sqlite3.connect(path + ".copy")) as file:
            paths = "SELECT count(*) FROM notes WHERE substr(key, 1, 1) = x'2f'"
            return file.execute(paths).fetchone()[0] == count

    return found


def put_away(daemon, names):
    """Return True if each picture is where it belongs, the broken ones with their reason."""
    done = os.path.join(daemon.drop, "done")
    failed = os.path.join(daemon.drop, "failed")
    good = [name for name in names if int(name[:5]) % (GOOD + BROKEN) < GOOD]
    broken = [name for name in names if name not in good]
    notes = [name + ".error" for name in broken]
    if sorted(os.listdir(done)) != good or sorted(os.listdir(failed)) != sorted(broken + notes):
        return False
    return all(os.path.getsize(os.path.join(failed, note)) > 0 for note in notes)


def restart(daemon, number=signal.SIGKILL):
    daemon.end(number)
    daemon.start()


def test_a_full_drop_folder(daemon, proxy, tell):
    with mounts.tmpfs(daemon.drop, "400k"):
        daemon.start_ready()
        names = drop(daemon)
        with mounts.full(daemon.drop):
            wait_for(acknowledged(proxy, names), "each is answered")
            wait_for(is_down(daemon), "the source says that it cannot put them away")
            assert "cannot be put away" in daemon.get("/readyz")[1]
            wait_for(remembers(daemon, BROKEN), "they are noted")
            restart(daemon)
            wait_for(is_down(daemon), "it goes on saying so")
        wait_for(lambda: put_away(daemon, names), "all are put away")
        wait_for(is_up(daemon), "all is well again")
        assert daemon.end() == 0, daemon.log()
    found = balance(names, proxy.acknowledged)
    tell("full drop folder, kill -9 meanwhile: {}".format(found))
    assert (found.lost, found.twice) == ([], 0)


def test_a_full_disk_under_the_outbox(daemon, broker, proxy, tmp_path, tell):
    with mounts.tmpfs(tmp_path / "state", "400k"):
        daemon.configure(outbox={"path": str(tmp_path / "state" / "outbox.db")})
        daemon.start_ready()
        with mounts.full(tmp_path / "state"):
            broker.stop()
            names = drop(daemon)
            wait_for(shows(daemon, "labeld_outbox_on_disk 0.0"), "it says so")
            restart(daemon)
            broker.start()
            wait_for(acknowledged(proxy, names), "each is answered")
        wait_for(lambda: put_away(daemon, names), "all are put away")
        assert daemon.end() == 0, daemon.log()
    found = balance(names, proxy.acknowledged)
    tell("full disk under the outbox, kill -9 and no broker meanwhile: {}".format(found))
    assert (found.lost, found.twice) == ([], 0)


def test_a_full_disk_of_its_own_under_done(daemon, proxy, tell):
    done = os.path.join(daemon.drop, "done")
    with mounts.tmpfs(done, "200k"):
        daemon.start_ready()
        names = drop(daemon)
        wait_for(lambda: put_away(daemon, names), "all are put away")
        with mounts.full(done):
            more = drop(daemon, len(names))
            wait_for(acknowledged(proxy, names + more), "each is answered")
            wait_for(is_down(daemon), "the source says that it cannot put them away")
            wait_for(remembers(daemon, GOOD), "they are noted")
            restart(daemon)
            wait_for(is_down(daemon), "it goes on saying so")
        wait_for(lambda: put_away(daemon, names + more), "all are put away")
        assert daemon.end() == 0, daemon.log()
    found = balance(names + more, proxy.acknowledged)
    tell("full disk under done/, kill -9 meanwhile: {}".format(found))
    assert (found.lost, found.twice) == ([], 0)


def test_a_drop_folder_that_can_only_be_read(daemon, proxy, tell):
    with mounts.tmpfs(daemon.drop, "400k"):
        daemon.start_ready()
        wait_for(is_up(daemon), "it looks into the folder")  # and has made done/ and failed/ there
        daemon.send(signal.SIGSTOP)
        names = drop(daemon)
        mounts.remount(daemon.drop, "ro")
        daemon.send(signal.SIGCONT)
        wait_for(acknowledged(proxy, names), "each is answered")
        wait_for(is_down(daemon), "the source says that it cannot put them away")
        wait_for(remembers(daemon, GOOD + BROKEN), "they are noted")
        for number in (signal.SIGKILL, signal.SIGTERM):
            restart(daemon, number)
            wait_for(is_down(daemon), "it goes on saying so")
        mounts.remount(daemon.drop, "rw")
        wait_for(lambda: put_away(daemon, names), "all are put away")
        assert daemon.end() == 0, daemon.log()
    found = balance(names, proxy.acknowledged)
    tell("drop folder mounted read-only, kill -9 and stop meanwhile: {}".format(found))
    assert (found.lost, found.twice) == ([], 0)
