"""How old labels are: `python -m bench.latency OUT BUNDLE`, by cameras at shares of what it can.

First it is measured how many pictures a second labeld can classify of these cameras; then they send
SHARES of that. Latency is from the capture of a picture, as its label event says, to the label's
arrival at a subscriber on the same machine; each stage's part is its mean of
`labeld_stage_seconds`, the batcher's is "wait". OUT gets `latency.json` and, where matplotlib is
installed, `latency.png`.
"""

import datetime
import json
import multiprocessing
import os
import random
import re
import threading
import time
import typing

import numpy as np

from bench import plots, results, scenes
from edge.classify import bundle as bundles
from edge.metrics import WAIT
from edge.mqtt.client import new_client
from tests.support.cameras import MjpegServer
from tests.support.forked import started
from tests.support.servers import Labeld

SHARES = (0.1, 0.5, 0.9)
FULL_FPS = 100.0
"""Of all cameras together, to see how much is too much: more is dropped."""

SETTLING_SECONDS = 3.0
DIFFERENT = 8
"""Scenes that each camera shows in turn."""


def main():
    parser = results.parser(__doc__)
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--size", choices=sorted(scenes.SIZES), default="1080p")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--max-delay-ms", type=float, default=50.0)
    options = parser.parse_args()
    bundle = bundles.read(options.bundle)
    with results.broker() as (broker, folder):
        rows = measure(options, bundle, broker.port, folder)
    results.write(options.out, "latency", rows=rows)
    print("\n".join(text(row) for row in rows))
    draw(rows, os.path.join(options.out, "latency.png"))


def measure(options, bundle, port, folder):
    """Return a row for each share."""
    most = serve(options, bundle, port, folder, FULL_FPS)["per_second"]
    return [
        dict(serve(options, bundle, port, folder, share * most), share=share) for share in SHARES
    ]


def serve(options, bundle, port, folder, fps):
    """Return the figures of cameras that send so many pictures a second, all together."""
    here, there = multiprocessing.Pipe()
    each = fps / options.cameras
    sender = multiprocessing.Process(target=send, args=(options, each, there), daemon=True)
    sender.start()
    labels = Labels(port)
    labeld = Labeld(
        os.path.join(folder, "{:.3f}".format(fps)),
        begin=started,
        model={"bundle": bundle.path, "runtime": "auto"},
        mqtt={"host": "127.0.0.1", "port": port},
        batch={"max_delay_ms": options.max_delay_ms},
    )
    url = here.recv()
    sources = [
        {"name": "c{}".format(n), "kind": "camera", "url": url, "fps": min(60.0, 2 * each)}
        for n in range(options.cameras)
    ]
    labeld.configure(sources=sources)
    try:
        labeld.start_ready()
        time.sleep(SETTLING_SECONDS)
        before = stages(labeld)
        labels.clear()
        time.sleep(options.seconds)
        ages, after = labels.ages(), stages(labeld)
    finally:
        labeld.kill()
        labels.close()
        sender.terminate()
        sender.join(10.0)
    return {
        "per_second": len(ages) / options.seconds,
        "median_ms": 1000 * float(np.median(ages)),
        "p99_ms": 1000 * float(np.percentile(ages, 99)),
        "stages_ms": {
            stage: 1000 * (after[stage].seconds - seconds) / (after[stage].count - count)
            for stage, (seconds, count) in before.items()
        },
    }


def send(options, fps, pipe):
    """Be the cameras, until we are ended; `pipe` gets their address."""
    pictures = [scenes.encoded(options.size, ".jpg", seed) for seed in range(DIFFERENT)]
    pipe.send(Unsynchronised(pictures, fps=fps).url)
    threading.Event().wait()


class Spent(typing.NamedTuple):
    """Of a stage: the seconds of all its pictures (or batches), and their number."""

    seconds: float
    count: float


class Unsynchronised(MjpegServer):
    """Cameras that have nothing to do with each other: `fps` a second, by chance sooner or later.

    With a rate that all keep to, those that send at the same moment once would do so for ever.
    """

    def __init__(self, pictures, fps):
        super().__init__(pictures, 2 * fps)  # half of the time it waits itself

    def _send(self, connection, picture, number):
        threading.Event().wait(2 * random.random() / self._fps)
        return super()._send(connection, picture, number)


def stages(labeld):
    """Return {stage: Spent} so far."""
    page = labeld.get("/metrics")[1]
    found = re.findall(r'labeld_stage_seconds_(sum|count){stage="(\w+)"} (\S+)', page)
    figures = {(stage, what): float(value) for what, stage, value in found}
    return {stage: Spent(figures[stage, "sum"], figures[stage, "count"]) for _, stage, _ in found}


class Labels:
    """How old each label of a camera was when it came."""

    def __init__(self, port):
        self._ages = []
        self._client = new_client("latency")
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.subscribe("labeld/+/+/label", 1)
        self._client.loop_start()

    def clear(self):
        self._ages = []

    def ages(self):
        """Return them since `clear`, in seconds."""
        return list(self._ages)

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, _client, _data, message):
        if not message.retain and message.payload:
            captured = json.loads(message.payload.decode("utf-8"))["captured_at"]
            moment = datetime.datetime.strptime(captured + "+0000", "%Y-%m-%dT%H:%M:%S.%fZ%z")
            self._ages.append(time.time() - moment.timestamp())


def text(row):
    return (
        "at {share:.0%} ({per_second:.1f} a second): median {median_ms:.1f} ms, p99 {p99_ms:.1f} "
        "ms; {}".format(
            ", ".join("{} {:.1f}".format(*one) for one in row["stages_ms"].items()), **row
        )
    )


def draw(rows, path):
    pyplot = plots.pyplot()
    if pyplot is None:
        return
    figure, axis = pyplot.subplots(figsize=(5, 4))
    shares = [100 * row["share"] for row in rows]
    axis.plot(shares, [row["median_ms"] for row in rows], "o-", label="median")
    axis.plot(shares, [row["p99_ms"] for row in rows], "o-", label="p99")
    axis.plot(shares, [row["stages_ms"][WAIT] for row in rows], "o-", label="in the batcher, mean")
    axis.set_xlabel("load, % of what it can")
    axis.set_ylabel("ms")
    axis.set_ylim(0)
    axis.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
