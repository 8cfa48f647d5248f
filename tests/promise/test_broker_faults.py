"""The broker fails in every way while pictures arrive; each has its label all the same."""

import os
import random
import time
from collections import Counter
from contextlib import contextmanager

import pytest

from tests.support import broker_proxy, servers, tiny
from tests.support.account import balance
from tests.support.broker_proxy import BrokerProxy
from tests.support.servers import Mosquitto, wait_for

PICTURES = 20
USER, PASSWORD = "labeld", "the right one"


class Faults:
    """What is done to the broker, by name: contexts, after which it is as it was."""

    def __init__(self, mosquitto, proxy, daemon, chance):
        self._mosquitto, self._proxy, self._daemon, self._chance = mosquitto, proxy, daemon, chance
        self.known = {
            "killed": self._killed,
            "restarted": self._restarted,
            "frozen": self._frozen,
            "stopped": lambda: self._while_it_is(broker_proxy.STOPPED),
            "cut": self._cut,
            "slow": lambda: self._while_it_is(broker_proxy.SLOW),
            "full": self._full,
            "password changed": self._password_changed,
        }

    def _a_while(self):
        time.sleep(self._chance.uniform(0.1, 2.0))

    @contextmanager
    def _killed(self):
        self._mosquitto.kill()
        yield
        self._a_while()
        self._mosquitto.start()

    @contextmanager
    def _restarted(self):
        self._mosquitto.stop()
        self._mosquitto.start()
        yield

    @contextmanager
    def _frozen(self):
        self._mosquitto.freeze()
        yield
        self._a_while()
        self._mosquitto.thaw()

    @contextmanager
    def _while_it_is(self, mode):
        self._proxy.mode = mode
        yield
        self._a_while()
        self._proxy.mode = broker_proxy.OPEN

    @contextmanager
    def _cut(self):
        self._proxy.mode = broker_proxy.CUT
        yield
        wait_for(lambda: self._proxy.mode == broker_proxy.OPEN, "a message is cut")

    @contextmanager
    def _full(self):
        before = self._proxy.refused
        self._proxy.mode = broker_proxy.FULL
        yield
        wait_for(lambda: self._proxy.refused > before, "a message is refused")
        self._a_while()
        self._proxy.mode = broker_proxy.OPEN

    @contextmanager
    def _password_changed(self):
        before = self._refusals()
        self._give_password("another one")
        yield
        wait_for(lambda: self._refusals() > before, "it is refused")
        self._give_password(PASSWORD)

    def _refusals(self):
        return self._daemon.log().count("Not authorized")

    def _give_password(self, password):
        self._mosquitto.stop()
        self._mosquitto.set_password(USER, password)
        self._mosquitto.start()


@pytest.fixture
def mosquitto(tmp_path):
    """A broker that knows one user."""
    folder = tmp_path / "broker"
    folder.mkdir()
    made = Mosquitto(folder, user=(USER, PASSWORD))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def proxy(mosquitto):
    between = BrokerProxy(mosquitto.port)
    yield between
    between.close()


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
    daemon, mosquitto, proxy, rounds, tell
):
    faults = Faults(mosquitto, proxy, daemon, random.Random(rounds))
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
