"""The clock is set back an hour while labels wait for the broker."""

import glob
import os
import subprocess
import sys
import time

from tests.support import servers, tiny
from tests.support.account import balance
from tests.support.forked import started
from tests.support.missing import skip_or_fail
from tests.support.servers import wait_for

LIBRARY = "/usr/lib/*/faketime/libfaketimeMT.so.1"
PICTURES = 20

START_SECONDS = 240.0
"""libfaketime has one lock for all processes that it serves: beside other tests TensorFlow, whose
threads ask for the time again and again, has taken more than a minute to load a graph."""


def clock(path):
    """Return the environment in which the clock is off by what a file says, and no other time."""
    found = glob.glob(LIBRARY)
    if not found:
        skip_or_fail("no {}: `make clock` installs it".format(LIBRARY))
    return {
        "LD_PRELOAD": found[0],
        "FAKETIME_TIMESTAMP_FILE": str(path),
        "FAKETIME_NO_CACHE": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }


def said_time(environment):
    """Return what a process takes for the time, in seconds since 1970."""
    command = [sys.executable, "-c", "import time; print(time.time())"]
    return float(subprocess.check_output(command, env=dict(os.environ, **environment), timeout=60))


def test_a_clock_set_back_an_hour(tmp_path, tiny_bundle, broker, proxy, tell):
    daemon = servers.Labeld(
        tmp_path / "labeld",
        begin=started,
        model={"bundle": tiny_bundle.path},
        mqtt={"host": "127.0.0.1", "port": proxy.port},
    )
    off = tmp_path / "off"
    names = []

    def drop():
        for _ in range(PICTURES):
            seed = len(names)
            names.append("{:05d}.jpg".format(seed))
            daemon.drop_file(names[-1], tiny.encode(tiny.picture("red", seed, size=(60, 60))))

    def waits(count):
        wait_for(
            lambda: "labeld_outbox_messages {:.1f}".format(count) in daemon.get("/metrics")[1],
            "{} wait".format(count),
        )

    def start():
        daemon.start(**clock(off))
        wait_for(lambda: daemon.get("/readyz")[0] == 200, "labeld is ready", START_SECONDS)

    off.write_text("+0\n")
    try:
        start()
        broker.stop()
        drop()
        waits(PICTURES)
        off.write_text("-1h\n")
        assert 3500 < time.time() - said_time(clock(off)) < 3700
        drop()
        waits(2 * PICTURES)
        assert daemon.end() == 0, daemon.log()
        start()
        drop()
        waits(3 * PICTURES)
        broker.start()
        wait_for(lambda: not balance(names, proxy.acknowledged).lost, "each is answered")
        wait_for(lambda: not daemon.waiting(), "all are put away")
        assert daemon.end() == 0, daemon.log()
    finally:
        daemon.kill()
    found = balance(names, proxy.acknowledged)
    tell("clock set back an hour, no broker and a stop meanwhile: {}".format(found))
    assert (found.lost, found.twice) == ([], 0)
    assert sorted(os.listdir(os.path.join(daemon.drop, "done"))) == names
