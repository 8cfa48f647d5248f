"""labeld is killed again and again while pictures arrive; each has its label all the same."""

import os
import random
import signal
import threading
import time

import pytest

from tests.support import full_size, servers, tiny
from tests.support.account import balance
from tests.support.servers import wait_for

PICTURES_A_ROUND = 50
AHEAD = 100
"""So many pictures lie in the folder at most before the next is put there."""


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """The path of a bundle of InceptionV3's size."""
    path = tmp_path_factory.mktemp("bundles") / "full"
    full_size.write_bundle(path)
    return str(path)


@pytest.fixture
def daemon(tmp_path, proxy, full):
    mqtt = {"host": "127.0.0.1", "port": proxy.port}
    made = servers.Labeld(tmp_path / "labeld", model={"bundle": full}, mqtt=mqtt)
    yield made
    made.kill()


class Sender:
    """Puts pictures into the folder, never many more than are taken out of it."""

    def __init__(self, daemon, count):
        self.names = ["{:05d}.jpg".format(number) for number in range(count)]
        self.sent = 0
        self._daemon = daemon
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def close(self):
        self._stop.set()
        self._thread.join(10.0)

    def _send(self):
        for seed, name in enumerate(self.names):
            while len(self._daemon.waiting()) >= AHEAD:
                if self._stop.wait(0.05):
                    return
            picture = tiny.picture(tiny.LABELS[seed % 3], seed, size=(60, 60))
            self._daemon.drop_file(name, tiny.encode(picture))
            self.sent += 1


@pytest.mark.timeout(3600)
def test_each_picture_has_its_label_though_it_is_killed_at_random_moments(
    daemon, proxy, rounds, tell
):
    chance = random.Random(rounds)
    sender = Sender(daemon, PICTURES_A_ROUND * rounds)
    try:
        while_starting = 0
        for number in range(rounds):
            daemon.start()
            before = len(proxy.acknowledged)
            if number % 5 == 0:
                time.sleep(chance.uniform(0.0, 2.0))
                while_starting += 1
            else:
                least = before + chance.randrange(1, PICTURES_A_ROUND)
                wait_for(lambda: len(proxy.acknowledged) > least, "it is at work")  # noqa: B023
                time.sleep(chance.uniform(0.0, 0.2))
            assert daemon.code() is None, daemon.log()
            daemon.end(signal.SIGKILL)
        daemon.start_ready()
        wait_for(lambda: sender.sent == len(sender.names), "all are sent", 600.0)
        wait_for(lambda: not daemon.waiting(), "all are put away", 600.0)
    finally:
        sender.close()
    assert daemon.end() == 0, daemon.log()
    found = balance(sender.names, proxy.acknowledged)
    tell("kill -9: {} times, {} while starting: {}".format(rounds, while_starting, found))
    assert not found.lost
    assert sorted(os.listdir(os.path.join(daemon.drop, "done"))) == sender.names
