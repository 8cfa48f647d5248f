"""The broker fails in every way while pictures arrive; each has its label all the same."""

import os
import random
from collections import Counter

import pytest

from tests.support import servers, tiny
from tests.support.account import balance
from tests.support.broker_faults import PASSWORD, USER, BrokerFaults
from tests.support.servers import Mosquitto, wait_for

PICTURES = 20


@pytest.fixture
def broker(tmp_path):
    """A broker that knows one user."""
    folder = tmp_path / "broker"
    folder.mkdir()
    made = Mosquitto(folder, user=(USER, PASSWORD))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def daemon(tmp_path, proxy, tiny_bundle):
    (tmp_path / "password").write_text(PASSWORD)
    made = servers.Labeld(
        tmp_path / "labeld",
        model={"bundle": tiny_bundle.path},
        mqtt={
            "host": "127.0.0.1",
            "port": proxy.port,
            "username": USER,
            "password_file": str(tmp_path / "password"),
        },
    )
    yield made
    made.kill()


@pytest.mark.timeout(3600)
def test_each_picture_has_its_label_though_the_broker_fails_in_every_way(
    daemon, broker, proxy, rounds, tell
):
    faults = BrokerFaults(broker, proxy, daemon, random.Random(rounds))
    names, tried = [], Counter()

    def drop(count):
        for _ in range(count):
            seed = len(names)
            names.append("{:05d}.jpg".format(seed))
            picture = tiny.picture(tiny.LABELS[seed % 3], seed, size=(60, 60))
            daemon.drop_file(names[-1], tiny.encode(picture))

    daemon.start_ready()
    for number in range(rounds):
        kind = sorted(faults.known)[number % len(faults.known)]
        drop(PICTURES // 2)
        with faults.known[kind]():
            drop(PICTURES // 2)
        tried[kind] += 1
    wait_for(lambda: not daemon.waiting(), "all are put away")
    wait_for(lambda: not balance(names, proxy.acknowledged).lost, "each label is acknowledged")
    assert daemon.end() == 0, daemon.log()
    found = balance(names, proxy.acknowledged)
    kinds = ", ".join("{} {}".format(kind, times) for kind, times in sorted(tried.items()))
    tell("broker: {} faults ({}): {}".format(rounds, kinds, found))
    assert sorted(os.listdir(os.path.join(daemon.drop, "done"))) == names
