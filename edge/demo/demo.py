"""The newcomer's first minute: a bundle, a broker, a daemon and some pictures, started as a user
would start them, and the labels that come back."""

import json
import os
import shutil
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from typing import Any, Callable, Dict, Mapping

import yaml

from edge.classify import bundle
from edge.demo import samples, trial_broker
from edge.errors import BundleError, Exit, LabeldError
from edge.machine.child import Child
from edge.mqtt.client import new_client
from edge.worker import STEP_SECONDS

DEVICE = "demo"
SOURCE = "returns"
TOPIC = "labeld/{}/{}/label".format(DEVICE, SOURCE)

TRAINING_PICTURES = 20
DROPPED_PICTURES = 3
"""How many samples of each thing are trained on, and dropped into the folder."""

TRAINING_SEED, DROPPED_SEED = 10000, 90000

TRAINING_SECONDS = 1800.0
BROKER_SECONDS = 15.0
READY_SECONDS = 120.0
LABELS_SECONDS = 120.0


def run(home: str, once: bool) -> Exit:
    """Show labeld at work in the folder `home` until Ctrl-C, or until all labels are there.

    Args:
        home: where the bundle, the drop folder and the logs are kept; made if missing.
        once: end as soon as every sample's label has come back.

    Returns:
        Exit.OK: asked to stop, or every label came back.

    Raises:
        LabeldError: no broker, a child process that ended, or labels that did not come.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    demo = _Demo(os.path.abspath(home), stop)
    with ExitStack() as children:
        try:
            demo.show(children, once)
        except _Stopped:
            _say("stopping")
    return Exit.OK


class _Stopped(Exception):
    """The user has asked to stop."""


class _Demo:
    """One run of the demonstration, in the folder `home`."""

    def __init__(self, home: str, stop: threading.Event) -> None:
        self._home = home
        self._stop = stop
        self._drop = os.path.join(home, "drop")
        self._bundle = os.path.join(home, "samples")
        self._mqtt_port = _port(1883)
        self._http_port = _port(9109)

    def show(self, children: ExitStack, once: bool) -> None:
        """Start everything, its children owned by the ExitStack `children`, and print labels."""
        os.makedirs(self._drop, exist_ok=True)
        if not self._has_bundle():
            self._train(children)
        mosquitto = trial_broker.mosquitto()
        broker = children.enter_context(trial_broker.start(self._home, self._mqtt_port, mosquitto))
        self._wait(BROKER_SECONDS, "the broker", lambda: _listens(self._mqtt_port), broker)
        daemon = children.enter_context(self._start_daemon())
        self._wait(READY_SECONDS, "labeld to be ready", self._is_ready, daemon)
        labels = _Labels(self._mqtt_port)
        children.callback(labels.close)
        self._wait(BROKER_SECONDS, "a subscription", labels.is_subscribed, broker, daemon)
        self._say_where(broker)
        self._drop_samples(labels)
        self._wait(LABELS_SECONDS, "the labels", labels.all_came, broker, daemon)
        _say("all {} labels came back, {} of them right".format(labels.expected, labels.right))
        if not once:
            _say("drop a picture of your own into the folder above; Ctrl-C ends this")
            self._wait(float("inf"), "Ctrl-C", lambda: False, broker, daemon)

    def _wait(
        self, seconds: float, what: str, condition: Callable[[], bool], *children: Child
    ) -> None:
        """Wait for `condition()`, unless a child ends, the user stops, or time is up."""
        deadline = time.monotonic() + seconds
        while not condition():
            if self._stop.wait(STEP_SECONDS):
                raise _Stopped
            for child in children:
                child.check()
            if time.monotonic() > deadline:
                raise LabeldError(
                    "waited {:.0f} s in vain for {}: see the logs in {}".format(
                        seconds, what, self._home
                    )
                )

    def _has_bundle(self) -> bool:
        try:
            bundle.read(self._bundle)
        except BundleError:
            return False
        return True

    def _train(self, children: ExitStack) -> None:
        photographs = os.path.join(self._home, "photographs")
        _say("no bundle yet: drawing photographs and training on them, about a minute")
        shutil.rmtree(photographs, ignore_errors=True)
        samples.write(photographs, TRAINING_PICTURES, TRAINING_SEED)
        command = [sys.executable, "-m", "export", "train", photographs, "--out", self._bundle]
        command += ["--weights", "auto", "--quality", "fast"]
        training = children.enter_context(Child("labeld-export train", command))
        self._wait(TRAINING_SECONDS, "training", lambda: training.code() is not None)
        if training.code() != Exit.OK:
            training.check()

    def _start_daemon(self) -> Child:
        config = os.path.join(self._home, "labeld.yaml")
        settings = {
            "device": DEVICE,
            "model": {"bundle": self._bundle},
            "decide": {"threshold": 0.0},
            "sources": [{"name": SOURCE, "kind": "folder", "path": self._drop}],
            "mqtt": {"host": trial_broker.HOST, "port": self._mqtt_port},
            "outbox": {"path": os.path.join(self._home, "outbox.db")},
            "http": {"port": self._http_port},
        }
        with open(config, "w", encoding="utf-8") as file:
            yaml.safe_dump(settings, file, default_flow_style=False)
        _say("starting labeld run -c {}".format(config))
        command = [sys.executable, "-m", "edge", "run", "-c", config]
        return Child("labeld run", command, os.path.join(self._home, "labeld.log"))

    def _is_ready(self) -> bool:
        url = "http://127.0.0.1:{}/readyz".format(self._http_port)
        try:
            with urllib.request.urlopen(url, timeout=5.0) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def _say_where(self, broker: Child) -> None:
        for what, where in (
            ("drop folder", self._drop),
            ("topic", TOPIC),
            ("broker", "{}:{}, {}".format(trial_broker.HOST, self._mqtt_port, broker.name)),
            ("metrics", "http://127.0.0.1:{}/metrics".format(self._http_port)),
            ("daemon's log", os.path.join(self._home, "labeld.log")),
        ):
            _say("  {:13} {}".format(what, where))

    def _drop_samples(self, labels: "_Labels") -> None:
        """Draw samples that training did not see, and put them into the drop folder."""
        drawn = os.path.join(self._home, "drawn")
        shutil.rmtree(drawn, ignore_errors=True)
        truth = samples.write(drawn, DROPPED_PICTURES, DROPPED_SEED)
        labels.expect({os.path.basename(path): label for path, label in truth.items()})
        for path in truth:
            os.rename(path, os.path.join(self._drop, os.path.basename(path)))


class _Labels:
    """A subscriber that prints each label; its client has a thread until `close`."""

    def __init__(self, port: int) -> None:
        self.expected = 0
        self.right = 0
        self._missing: Dict[str, str] = {}
        self._subscribed = threading.Event()
        self.is_subscribed = self._subscribed.is_set
        self._client = new_client("labeld-demo-{}".format(os.getpid()))
        self._client.on_connect = self._subscribe
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = lambda _client, _data, message: self._print(message)
        self._client.connect(trial_broker.HOST, port)
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def expect(self, labels: Mapping[str, str]) -> None:
        """Count down {file name: label} as labels come."""
        self._missing = dict(labels)
        self.expected = len(labels)

    def all_came(self) -> bool:
        return not self._missing

    def _subscribe(self, *_: Any) -> None:
        self._client.subscribe(TOPIC, qos=1)

    def _print(self, message: Any) -> None:
        event = json.loads(message.payload.decode("utf-8"))
        _say("{image:20} {label:12} {score:.3f}".format(**event))
        if self._missing.get(event["image"]) == event["label"]:
            self.right += 1
        self._missing.pop(event["image"], None)


def _say(text: str) -> None:
    print(text, flush=True)


def _port(wanted: int) -> int:
    """Return `wanted` if nothing uses it, and otherwise a port that is free now."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise LabeldError("no free port on 127.0.0.1")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0
