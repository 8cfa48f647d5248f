"""`labeld demo`: what a newcomer sees in the first minute."""

import os
import re
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

from edge.demo import samples, trial_broker
from tests.support import servers, tiny
from tests.support.commands import no_internet
from tests.support.processes import children, is_alive
from tests.support.servers import wait_for

pytestmark = pytest.mark.xdist_group("demo")
"""Two that look for free ports at the same moment may find the same."""


class Demo:
    """A running `labeld demo`."""

    def __init__(self, home, *arguments, **environment):
        self.home = str(home)
        self._log = self.home + ".log"
        command = [sys.executable, "-m", "edge", "demo", "--home", self.home]
        with open(self._log, "wb") as log:
            self.process = subprocess.Popen(
                command + list(arguments),
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(os.environ, **environment),
            )

    def text(self):
        with open(self._log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def labelled(self):
        """Return {file name: label} of the lines that tell of a label."""
        return dict(re.findall(r"^(\S+\.jpg) +(\S.*?) +[01]\.\d{3}$", self.text(), re.MULTILINE))

    def end(self, seconds=300.0):
        """Wait for its end; return its exit code."""
        try:
            return self.process.wait(seconds)
        finally:
            self.stop()

    def stop(self):
        """Ask it to end; not by a kill: it has children to end."""
        self.process.terminate()
        self.process.wait(60.0)


@pytest.fixture
def home(tmp_path, tiny_bundle):
    """A demo's folder that has its bundle already."""
    servers.program("mosquitto")
    (tmp_path / "home").mkdir()
    shutil.copytree(tiny_bundle.path, str(tmp_path / "home" / "samples"))
    return tmp_path / "home"


def broken_runtimes(folder):
    """Return a folder of runtimes that cannot be imported."""
    (folder / "broken").mkdir()
    for name in ("tensorflow", "openvino"):
        broken = folder / "broken" / (name + ".py")
        broken.write_text("raise ImportError('libcudart is missing')")
    return os.pathsep.join([str(folder / "broken"), os.environ.get("PYTHONPATH", "")])


def expected():
    return {
        "{}-{:02d}.jpg".format(label.lower(), number)
        for label in samples.LABELS
        for number in (1, 2, 3)
    }


def test_once_trains_a_bundle_and_ends_when_every_sample_has_its_label(tmp_path):
    servers.program("mosquitto")
    demo = Demo(tmp_path / "home", "--once", **no_internet(tmp_path))
    assert demo.end() == 0, demo.text()
    assert "starting from random weights" in demo.text()
    assert set(demo.labelled()) == expected()
    assert set(demo.labelled().values()) <= set(samples.LABELS)
    right = re.search("all 12 labels came back, ([0-9]+) of them right", demo.text())
    assert int(right.group(1)) >= 11, "even on a base of random weights"
    assert sorted(os.listdir(os.path.join(demo.home, "drop"))) == ["done", "failed"]


def test_it_says_where_to_look_labels_what_is_dropped_and_ends_on_ctrl_c(home):
    demo = Demo(home)
    try:
        wait_for(lambda: demo.process.poll() is not None or "Ctrl-C" in demo.text(), "Ctrl-C told")
        text = demo.text()
        assert set(demo.labelled()) == expected(), text
        drop = re.search("drop folder +(.+)", text).group(1)
        metrics = re.search("metrics +(.+)", text).group(1)
        broker_port = int(re.search("broker +127.0.0.1:([0-9]+), mosquitto", text).group(1))
        assert re.search("topic +labeld/demo/returns/label\n", text)
        assert drop == str(home / "drop")
        assert servers.page(metrics)[0] == 200
        with open(os.path.join(drop, "own.jpg"), "wb") as file:
            file.write(tiny.encode(samples.draw("Apples", 1)))
        wait_for(lambda: "own.jpg" in demo.labelled(), "the label of a picture of one's own")
        demo.process.send_signal(signal.SIGINT)
        assert demo.end(60.0) == 0
        assert not servers.answers(broker_port)
        assert servers.page(metrics)[0] == 0
    finally:
        demo.stop()


def test_killed_it_leaves_no_process_behind(home):
    demo = Demo(home)
    try:
        wait_for(lambda: demo.process.poll() is not None or "Ctrl-C" in demo.text(), "Ctrl-C told")
        assert demo.process.poll() is None, demo.text()
        started = children(demo.process.pid)
        assert len(started) == 2, "a broker and a daemon"
        demo.process.kill()
        wait_for(
            lambda: not any(is_alive(pid) for pid in started),
            "broker and daemon have ended",
        )
    finally:
        demo.stop()


def test_a_daemon_that_ends_ends_it_with_the_log_to_read(home):
    demo = Demo(home, "--once", PYTHONPATH=broken_runtimes(home))
    assert demo.end() == 1
    assert "labeld run ended with exit code 1, see {}".format(home / "labeld.log") in demo.text()


def test_without_mosquitto_the_embedded_broker_serves_for_trying_out(tmp_path):
    pytest.importorskip("amqtt", reason="amqtt needs Python 3.10 or later")
    port = servers.free_port()
    with trial_broker.start(str(tmp_path), port, program=None) as broker:
        assert "for trying out only" in broker.name
        wait_for(lambda: servers.answers(port), "amqtt listens")
        subscriber = servers.Subscriber(port, "a/#")
        subscriber.publish("a/b", b"c")
        wait_for(lambda: subscriber.payloads("b") == [b"c"], "the message comes back")
        subscriber.close()
    assert broker.code() is not None


@pytest.mark.parametrize("label", samples.LABELS)
def test_samples_vary_with_the_seed_and_with_nothing_else(label):
    first = samples.draw(label, 1)
    assert first.shape == (480, 640, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, samples.draw(label, 1))
    assert np.abs(first.astype(int) - samples.draw(label, 2)).mean() > 5
