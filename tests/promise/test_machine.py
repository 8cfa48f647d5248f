"""What the machine refuses, descriptors and memory; no picture is blamed for it."""

import json
import os
import resource

import numpy as np

from tests.support import tiny
from tests.support.account import balance
from tests.support.servers import wait_for

LEAST_MB = 40
"""So much more memory is allowed than labeld has: enough for small pictures."""


class Limited:
    """A running process of which something is limited; no more of it at the end."""

    def __init__(self, pid, what):
        self._pid, self._what = pid, what
        self._before = resource.prlimit(pid, what)

    def limit(self, most):
        resource.prlimit(self._pid, self._what, (most, self._before[1]))

    def release(self):
        resource.prlimit(self._pid, self._what, self._before)


def reasons(subscriber):
    """Return the reasons for which the folder was said to be stale so far."""
    statuses = [json.loads(said.decode("utf-8")) for said in subscriber.payloads("drop/status")]
    return [status["reason"] for status in statuses if status["status"] == "stale"]


def address_space(pid):
    with open("/proc/{}/statm".format(pid), encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def test_no_descriptors(labeld, subscriber, tell):
    labeld.start_ready()
    limited = Limited(labeld.pid, resource.RLIMIT_NOFILE)
    limited.limit(len(os.listdir("/proc/{}/fd".format(labeld.pid))) - 1)
    names = ["{}.jpg".format(number) for number in range(20)]
    for seed, name in enumerate(names):
        labeld.drop_file(name, tiny.encode(tiny.picture("red", seed)))
    wait_for(lambda: any("Too many open files" in why for why in reasons(subscriber)), "it says so")
    limited.release()
    wait_for(lambda: not balance(names, subscriber.told()).lost, "each is answered")
    wait_for(lambda: not labeld.waiting(), "all are put away")
    assert labeld.end() == 0, labeld.log()
    found = balance(names, subscriber.told())
    tell("no descriptors: {}".format(found))
    assert (found.lost, found.twice) == ([], 0)
    assert subscriber.events("drop/failed") == []


def test_no_memory_for_a_large_picture(labeld, subscriber, tell):
    labeld.start_ready()
    small = ["{}.jpg".format(number) for number in range(20)]
    labeld.drop_file("first.jpg", tiny.encode(tiny.picture("red")))
    wait_for(lambda: subscriber.events("drop/label"), "a first label")
    limited = Limited(labeld.pid, resource.RLIMIT_AS)
    limited.limit(address_space(labeld.pid) + LEAST_MB * 1000000)
    large = np.full((8000, 8000, 3), tiny.COLOURS["blue"], np.uint8)
    labeld.drop_file("large.png", tiny.encode(large, ".png"))
    wait_for(lambda: any("memory" in why for why in reasons(subscriber)), "it says so")
    for seed, name in enumerate(small):
        labeld.drop_file(name, tiny.encode(tiny.picture("red", seed)))
    wait_for(lambda: subscriber.events("drop/failed"), "the large one is given up")
    wait_for(
        lambda: not balance(["first.jpg", "large.png"] + small, subscriber.told()).lost,
        "the others are labelled",
    )
    limited.release()
    assert labeld.end() == 0, labeld.log()
    (event,) = subscriber.events("drop/failed")
    tell("no memory: {}".format(event["error"]))
    assert event["image"] == "large.png"
