"""Everything that can lie in a drop folder, and more of it than anybody looks at."""

import os
import signal
import socket

from edge.frame import readable_name
from tests.support import processes, tiny
from tests.support.account import balance
from tests.support.servers import wait_for

FILES_A_ROUND = 200
MOST_MB = 150
"""More than idle, for the names of fifty thousand (--rounds 250) and what is under way."""


def queue_length():
    """Return how many events inotify keeps for whoever does not read them."""
    with open("/proc/sys/fs/inotify/max_queued_events", encoding="ascii") as file:
        return int(file.read())


def is_answered(subscriber, names):
    return lambda: not balance(names, subscriber.told()).lost


def test_more_files_than_are_looked_at_and_events_that_are_lost(labeld, subscriber, rounds, tell):
    data = tiny.encode(tiny.picture("red", size=(30, 30)))
    names = ["{:05d}.jpg".format(number) for number in range(FILES_A_ROUND * rounds)]
    for name in names:
        labeld.drop_file(name, data)
    labeld.start_ready()
    processes.forget_peak(labeld.pid)
    before = processes.peak_mb(labeld.pid)
    wait_for(lambda: len(subscriber.messages) > len(names), "as many labels", 600.0)
    wait_for(lambda: not labeld.waiting(), "all are put away")
    labeld.send(signal.SIGSTOP)
    later = ["later-{:05d}.jpg".format(number) for number in range(queue_length() // 3)]
    for name in later:  # three events each: made, closed, renamed
        labeld.drop_file(name, data)
    labeld.send(signal.SIGCONT)
    wait_for(lambda: not labeld.waiting(), "those of which nothing was told, too", 600.0)
    wait_for(is_answered(subscriber, names + later), "each is answered")
    peak = processes.peak_mb(labeld.pid)
    assert labeld.end() == 0, labeld.log()
    found = balance(names + later, subscriber.told())
    tell(
        "{} files at the start, {} while inotify's queue overflowed: {}; {:.0f} MB above "
        "idle".format(len(names), len(later), found, peak - before)
    )
    assert (found.lost, found.twice) == ([], 0)
    assert peak - before < MOST_MB


ODD = (
    b"a b  c.jpg",
    b"two\nlines.jpg",
    b"\x1b[31mred.jpg",
    b"caf\xe9.jpg",
    "\u30ec\u30fc\u30eb \u0085.jpg".encode(),
    b"-rf.jpg",
    b"a:b\\c\"d'e.jpg",
    b"%s{0}$HOME.jpg",
    b"x" * 251 + b".jpg",
)


def test_whatever_its_name_is(labeld, subscriber, tell):
    drop = os.fsencode(labeld.drop)
    labeld.start_ready()
    for seed, name in enumerate(ODD):
        with open(os.path.join(drop, b".draft"), "wb") as file:
            file.write(tiny.encode(tiny.picture("blue", seed)))
        os.rename(os.path.join(drop, b".draft"), os.path.join(drop, name))
    names = [readable_name(os.fsdecode(name)) for name in ODD]
    wait_for(is_answered(subscriber, names), "each is answered")
    wait_for(lambda: not labeld.waiting(), "all are put away")
    assert labeld.end() == 0, labeld.log()
    assert sorted(os.listdir(os.path.join(drop, b"done"))) == sorted(ODD)
    assert "\x1b" not in labeld.log()
    tell("odd names: {}".format(balance(names, subscriber.told())))


def test_what_is_no_file_stays_and_what_changes_is_labelled_as_it_is(labeld, subscriber, tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(tiny.encode(tiny.picture("red"), ".png"))
    drop = labeld.drop
    os.mkdir(os.path.join(drop, "folder.jpg"))
    os.mkfifo(os.path.join(drop, "pipe.jpg"))
    os.symlink(str(secret), os.path.join(drop, "link.png"))
    os.symlink("/nowhere", os.path.join(drop, "dangling.png"))
    device = os.path.join(drop, "device.jpg")
    if os.geteuid() == 0:
        os.mknod(device, 0o600 | 0o020000, os.makedev(1, 5))  # /dev/zero: it never ends
    labeld.start_ready()
    with socket.socket(socket.AF_UNIX) as listening:
        folder = os.getcwd()
        os.chdir(drop)  # a socket's path is at most 107 bytes
        listening.bind("socket.jpg")
        os.chdir(folder)
    blue = tiny.encode(tiny.picture("blue"), ".png")
    with open(os.path.join(drop, "slow.png"), "wb", buffering=0) as file:
        for start in range(0, len(blue), 5000):
            file.write(blue[start : start + 5000])
            labeld.drop_file("between-{}.png".format(start), blue)
    labeld.send(signal.SIGSTOP)
    for name in ("deleted.png", "renamed.png", "replaced.png"):
        labeld.drop_file(name, tiny.encode(tiny.picture("red"), ".png"))
    os.unlink(os.path.join(drop, "deleted.png"))
    os.rename(os.path.join(drop, "renamed.png"), os.path.join(drop, "other.png"))
    labeld.drop_file("replaced.png", blue)
    labeld.send(signal.SIGCONT)
    names = {"slow.png", "other.png", "replaced.png"}
    names |= {"between-{}.png".format(start) for start in range(0, len(blue), 5000)}

    def labels():
        return {event["image"]: event["label"] for event in subscriber.events("drop/label")}

    wait_for(lambda: set(labels()) == names, "the pictures' labels")
    wait_for(lambda: len(subscriber.events("drop/failed")) == 2, "the links are refused")
    others = {"pipe.jpg", "socket.jpg"} | ({"device.jpg"} if os.path.exists(device) else set())
    wait_for(lambda: all(name in labeld.log() for name in others), "the others are named")
    assert labeld.end() == 0, labeld.log()
    expected = dict.fromkeys(names, "blue")
    expected["other.png"] = "red"
    assert labels() == expected
    assert secret.exists()
    assert set(os.listdir(drop)) == others | {"done", "failed", "folder.jpg"}
