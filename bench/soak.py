"""The daemon's growth over hours in which everything fails: `python -m bench.soak OUT --hours 2`.

Pictures come from a folder, over MQTT and from a camera, one in twenty spoilt. Every few seconds
the broker or the camera fails, the configuration is read again, or HTTP clients connect and say
nothing. OUT gets `soak.json`, the samples, and `soak.png`, where matplotlib is installed. It ends
with 1 if a picture of the folder is lost, or if anything in the last quarter is more than it was in
the second by a tenth and by what is stated in MOST.
"""

import argparse
import json
import os
import random
import shutil
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter

from bench import plots
from edge.mqtt.client import new_client
from tests.support import processes, tiny
from tests.support.account import balance
from tests.support.broker_faults import PASSWORD, USER, BrokerFaults
from tests.support.broker_proxy import BrokerProxy
from tests.support.cameras import MjpegServer, jpeg
from tests.support.forked import started
from tests.support.servers import Labeld, Mosquitto, wait_for

SAMPLE_SECONDS = 10.0
FILES_PER_SECOND = 5.0
KEPT_MB = 1
"""Of what cannot be read, which would else be kept for ever."""

CAMERA_FAULTS = ("stall", "reset", "garbage", "half", "end", "not found", "unauthorised")

MOST = {
    "memory, MB": 20,
    "threads": 2,
    "descriptors": 5,
    "outbox, kB": 1000,
    "folder, kB": 1000,
    "log, lines/min": 30,
    "metrics, lines": 5,
}
"""What is sampled, and how much more of it is nothing."""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", metavar="OUT")
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--bundle", help="a model bundle; else one that tells colours apart")
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        grown = soak(folder, options)
    sys.exit(1 if grown else 0)


def soak(folder, options):
    """Run it; return what is lost or has grown, a list of lines."""
    os.mkdir(os.path.join(folder, "broker"))
    mosquitto = Mosquitto(os.path.join(folder, "broker"), user=(USER, PASSWORD))
    mosquitto.start()
    proxy = BrokerProxy(mosquitto.port)
    camera = MjpegServer([jpeg(tiny.picture("blue", seed)) for seed in range(20)], fps=5)
    bundle = options.bundle or tiny.write_bundle(os.path.join(folder, "tiny")).path
    daemon = configured(folder, bundle, proxy, camera)
    sender, trouble = Sender(daemon, mosquitto), Trouble(mosquitto, proxy, daemon, camera)
    samples = []
    try:
        daemon.start_ready()
        for thread in (sender, trouble):
            thread.start()
        sample(daemon, samples, time.monotonic() + 3600 * options.hours, trouble)
        trouble.end()
        sender.end()
        wait_for(lambda: not daemon.waiting(), "all are put away", 300.0)
        wait_for(lambda: not of_folder(sender, proxy).lost, "each is answered")
        code = daemon.end()
    finally:
        for one in (trouble, sender):
            one.end()
        daemon.kill()
        shutil.copy(os.path.join(folder, "labeld", "labeld.log"), options.out)
        for one in (camera, proxy):
            one.close()
        mosquitto.stop()
    found = of_folder(sender, proxy)
    print(found)
    print("faults: {}".format(dict(sorted(trouble.done.items()))))
    with open(os.path.join(options.out, "soak.json"), "w", encoding="utf-8") as file:
        json.dump(samples, file)
    draw(samples, os.path.join(options.out, "soak.png"))
    return (["lost"] if found.lost else []) + (["ended with"] if code else []) + grown(samples)


def of_folder(sender, proxy):
    """Return the Balance of the folder's pictures."""
    return balance(sender.names, [told for told in proxy.acknowledged if "/drop/" in told[0]])


def configured(folder, bundle, proxy, camera):
    password = os.path.join(folder, "password")
    with open(password, "w", encoding="utf-8") as file:
        file.write(PASSWORD)
    daemon = Labeld(
        os.path.join(folder, "labeld"),
        begin=started,
        model={"bundle": bundle},
        mqtt={
            "host": "127.0.0.1",
            "port": proxy.port,
            "username": USER,
            "password_file": password,
        },
    )
    stream = "http://127.0.0.1:{}/stream".format(camera.port)
    daemon.configure(
        sources=[
            {
                "name": "drop",
                "kind": "folder",
                "path": daemon.drop,
                "after": "delete",
                "keep": {"max_mb": KEPT_MB},
            },
            {"name": "aisle", "kind": "camera", "url": stream, "timeout_s": 2},
            {"name": "doors", "kind": "mqtt", "topic": "pictures/+"},
        ]
    )
    return daemon


class Runner(threading.Thread):
    """A thread that does something again and again until it is ended."""

    def __init__(self):
        super().__init__()
        self._stop_now = threading.Event()

    def run(self):
        while not self._stop_now.is_set():
            self.step()

    def end(self):
        self._stop_now.set()
        if self.ident is not None:
            self.join(120.0)


class Sender(Runner):
    """Sends pictures; `names`: of those that it put into the folder."""

    def __init__(self, daemon, mosquitto):
        super().__init__()
        self.names = []
        self._daemon = daemon
        self._client = new_client("sender")
        self._client.username_pw_set(USER, PASSWORD)
        self._client.connect_async("127.0.0.1", mosquitto.port)
        self._client.loop_start()

    def step(self):
        seed = len(self.names)
        data = tiny.encode(tiny.picture(tiny.LABELS[seed % 3], seed))
        spoilt = data[: len(data) // 2] if seed % 20 == 0 else data
        self.names.append("{:06d}.jpg".format(seed))
        self._daemon.drop_file(self.names[-1], spoilt)
        if seed % 3 == 0 and self._client.is_connected():
            self._client.publish("pictures/a", spoilt, qos=1)
        self._stop_now.wait(1 / FILES_PER_SECOND)

    def end(self):
        super().end()
        self._client.disconnect()
        self._client.loop_stop()


class Trouble(Runner):
    """Does what can go wrong; `done`: how often what was done; `failure`: what ended it."""

    def __init__(self, mosquitto, proxy, daemon, camera):
        super().__init__()
        self.done, self.failure = Counter(), None
        self._chance = random.Random(1)
        self._daemon, self._camera = daemon, camera
        broker = BrokerFaults(mosquitto, proxy, daemon, self._chance).known
        self._known = {"broker " + kind: self._of_broker(fault) for kind, fault in broker.items()}
        self._known.update({"camera " + kind: self._of_camera(kind) for kind in CAMERA_FAULTS})
        self._known["reload"] = daemon.reload
        self._known["silent HTTP clients"] = self._silent_clients

    def run(self):
        try:
            super().run()
        except BaseException as error:
            self.failure = error

    def step(self):
        kind = self._chance.choice(sorted(self._known))
        self._known[kind]()
        self.done[kind] += 1
        self._stop_now.wait(self._chance.uniform(1.0, 10.0))

    def _of_broker(self, fault):
        def happen():
            with fault():
                time.sleep(1.0)

        return happen

    def _of_camera(self, kind):
        def happen():
            self._camera.fault = kind
            time.sleep(self._chance.uniform(1.0, 5.0))
            self._camera.fault = None

        return happen

    def _silent_clients(self):
        clients = [
            socket.create_connection(("127.0.0.1", self._daemon.http_port)) for _ in range(40)
        ]
        time.sleep(1.0)
        for client in clients:
            client.close()


def sample(daemon, samples, until, trouble):
    """Add what there is at each moment to `samples`, {name: number}, until a time."""
    begun, lines = time.monotonic(), 0
    while time.monotonic() < until:
        time.sleep(SAMPLE_SECONDS)
        assert daemon.code() is None, daemon.log()
        if trouble.failure is not None:
            raise trouble.failure
        before, lines = lines, daemon.log().count("\n")
        folder = os.path.dirname(daemon.config)
        samples.append(
            {
                "minute": round((time.monotonic() - begun) / 60, 2),
                "memory, MB": processes.resident_mb(daemon.pid),
                "threads": len(os.listdir("/proc/{}/task".format(daemon.pid))),
                "descriptors": len(os.listdir("/proc/{}/fd".format(daemon.pid))),
                "outbox, kB": size_kb([folder], "outbox"),
                "folder, kB": size_kb([folder, "drop"]),
                "log, lines/min": (lines - before) * 60 / SAMPLE_SECONDS,
                "metrics, lines": daemon.get("/metrics")[1].count("\n"),
            }
        )


def size_kb(path, prefix=""):
    """Return how much the files of a folder hold, those in done/ and failed/ too."""
    total = 0
    for folder, _, names in os.walk(os.path.join(*path)):
        for name in names:
            try:
                if name.startswith(prefix):
                    total += os.path.getsize(os.path.join(folder, name))
            except FileNotFoundError:
                pass  # put away since
    return total / 1e3


def grown(samples):
    """Print the second and the last quarter's medians; return what has grown."""
    quarter = len(samples) // 4
    found = []
    print("{:<16} {:>12} {:>12} {:>12}".format("", "2nd quarter", "last", "most"))
    for name, most in MOST.items():
        values = [one[name] for one in samples]
        before = statistics.median(values[quarter : 2 * quarter])
        after = statistics.median(values[-quarter:])
        print("{:<16} {:>12.1f} {:>12.1f} {:>12.1f}".format(name, before, after, max(values)))
        if after > before * 1.1 and after > before + most:
            found.append(name)
            print("    has grown")
    return found


def draw(samples, path):
    """Draw each by the minute, if matplotlib is installed."""
    pyplot = plots.pyplot()
    if pyplot is None:
        return
    figure, all_axes = pyplot.subplots(len(MOST), 1, sharex=True, figsize=(9, 2 * len(MOST)))
    minutes = [one["minute"] for one in samples]
    for axes, name in zip(all_axes, MOST):
        axes.plot(minutes, [one[name] for one in samples])
        axes.set_ylabel(name)
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
    all_axes[-1].set_xlabel("minutes")
    figure.tight_layout()
    figure.savefig(path, dpi=100)


if __name__ == "__main__":
    main()
