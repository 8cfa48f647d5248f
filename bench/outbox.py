"""What waiting costs: `python -m bench.outbox`.

The bytes that the daemon writes for 1,000 labels, of a folder and of a camera, with the broker and
without it; then its start and its memory with a million labels waiting, against one with none.
"""

import argparse
import os
import tempfile
import time

from edge.deliver.message import Message
from edge.deliver.store import Store
from edge.metrics import PUBLISHED
from tests.support import processes, tiny
from tests.support.cameras import MjpegServer
from tests.support.forked import started
from tests.support.servers import Labeld, Mosquitto, Subscriber, wait_for

LABELS = 1000
LIMIT_SECONDS = 600.0
CHUNK = 10000


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1000000, help="that wait at a start")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bundle = tiny.write_bundle(os.path.join(folder, "tiny")).path
        os.mkdir(os.path.join(folder, "broker"))
        broker = Mosquitto(os.path.join(folder, "broker"))
        broker.start()
        camera = MjpegServer([tiny.encode(tiny.picture("red", seed)) for seed in range(20)], fps=50)
        try:
            for kind in ("folder", "camera"):
                daemon = labeld(folder, kind, bundle, broker, camera)
                try:
                    written(daemon, kind, broker)
                finally:
                    daemon.kill()
            broker.stop()
            many(folder, bundle, broker, options.messages)
        finally:
            camera.close()
            broker.stop()


def labeld(folder, name, bundle, broker, camera):
    """Return a Labeld, not started, with a source of this kind where the name is one."""
    daemon = Labeld(
        os.path.join(folder, name),
        begin=started,
        model={"bundle": bundle},
        mqtt={"host": "127.0.0.1", "port": broker.port},
        outbox={
            "path": os.path.join(folder, name, "outbox.db"),
            "max_messages": 10000000,
            "max_mb": 10000,
        },
    )
    if name == "camera":
        source = {"name": "drop", "kind": "camera", "url": camera.url, "fps": 30}
        daemon.configure(sources=[source])
    return daemon


def written(daemon, kind, broker):
    """Print the bytes that are written for labels, with the broker and without it."""
    daemon.start_ready()
    if kind == "folder":
        feed(daemon, 0)
    before = write_bytes(daemon.pid)
    subscriber = Subscriber(broker.port)
    if kind == "folder":
        feed(daemon, LABELS)
    wait_for(lambda: len(subscriber.events("drop/label")) >= LABELS, "labels", LIMIT_SECONDS)
    subscriber.close()
    connected = write_bytes(daemon.pid) - before
    broker.stop()
    before = write_bytes(daemon.pid)
    if kind == "folder":
        feed(daemon, 2 * LABELS)
    wait_for(lambda: waiting(daemon) >= LABELS, "labels wait", LIMIT_SECONDS)
    time.sleep(3.0)  # what has waited for two seconds is written
    away = write_bytes(daemon.pid) - before
    text = "{}: for {} labels {:.0f} kB are written with the broker, {:.0f} kB without it"
    print(text.format(kind, LABELS, connected / 1e3, away / 1e3), flush=True)
    broker.start()


def feed(daemon, first):
    """Drop pictures, as fast as their labels are delivered."""
    for seed in range(first, first + LABELS):
        daemon.drop_file("{:06d}.jpg".format(seed), tiny.encode(tiny.picture("red", seed)))
        if seed % 20 == 0:
            wait_for(lambda: len(daemon.waiting()) < 20, "they are taken", LIMIT_SECONDS)
    wait_for(lambda: not daemon.waiting(), "they are taken", LIMIT_SECONDS)


def waiting(daemon):
    lines = daemon.get("/metrics")[1].splitlines()
    return next(
        float(line.split()[1]) for line in lines if line.startswith("labeld_outbox_messages ")
    )


def write_bytes(pid):
    """Return the bytes that a process has had written to disks so far (proc(5))."""
    with open("/proc/{}/io".format(pid), encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("write_bytes"))


def many(folder, bundle, broker, count):
    """Print how long a start takes, and how much memory is had then, with many labels waiting."""
    found = {}
    for name, messages in (("none", 0), ("many", count)):
        daemon = labeld(folder, name, bundle, broker, None)
        fill(os.path.join(folder, name, "outbox.db"), messages)
        begun = time.monotonic()
        daemon.start_ready()
        seconds = time.monotonic() - begun
        time.sleep(5.0)
        found[name] = seconds, processes.resident_mb(daemon.pid)
        assert waiting(daemon) == messages
        daemon.kill()
    (seconds, memory), (seconds_many, memory_many) = found["none"], found["many"]
    text = "{} waiting: ready after {:.1f} s ({:.1f} with none), {:.0f} MB ({:.0f} with none)"
    print(text.format(count, seconds_many, seconds, memory_many, memory), flush=True)


def fill(path, count):
    """Write so many labels of a folder into an outbox that is not in use."""
    store = Store(path)
    payload = b'{"label": "red", "filler": "' + b"x" * 360 + b'"}'
    message = Message(
        "labeld/bench/drop/label",
        payload,
        False,
        time.monotonic(),
        source="drop",
        outcome=PUBLISHED,
    )
    for first in range(1, count + 1, CHUNK):
        store.add([(key, message) for key in range(first, min(first + CHUNK, count + 1))])
    store.close()


if __name__ == "__main__":
    main()
