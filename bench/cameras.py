"""What cameras cost without a model: `python -m bench.cameras`.

The daemon's street, from many cameras to a real broker, with a classifier that does nothing. The
cameras are sent by another process, whose cost is not counted.
"""

import argparse
import multiprocessing
import os
import tempfile
import threading
import time

import numpy as np
from prometheus_client import CollectorRegistry

from edge.batch.slots import Slots
from edge.classify.bundle import Bundle
from edge.classify.loaded import LoadedModel
from edge.classify.outputs import Outputs
from edge.classify.runtime import Graph
from edge.config.settings import CameraSettings, Config, ModelSettings, MqttSettings
from edge.daemon.service import Service
from edge.deliver.outbox import Bounds, Outbox
from edge.deliver.outcomes import Outcomes
from edge.deliver.publisher import Publisher
from edge.deliver.statuses import Statuses
from edge.demo import samples
from edge.in_hand import InHand
from edge.metrics import DROPPED, PUBLISHED, Metrics
from edge.wakeup import Wakeup
from edge.worker import Worker
from tests.support.cameras import MjpegServer, RtspServer, jpeg
from tests.support.servers import Mosquitto

SIZE = (640, 480)
EVERY_SECONDS = 30.0

STUB = Bundle("stub", "stub", ("a", "b"), "fp32", (), {}, {}, (), "0" * 64)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=16)
    parser.add_argument("--fps", type=float, default=5, help="pictures a second taken of each")
    parser.add_argument(
        "--sent", type=float, default=5, help="pictures a second sent by each (RTSP: always 10)"
    )
    parser.add_argument("--kind", choices=("mjpeg", "rtsp"), default="mjpeg")
    parser.add_argument("--seconds", type=float, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        broker = Mosquitto(folder)
        broker.start()
        here, there = multiprocessing.Pipe()
        sender = multiprocessing.Process(target=send, args=(options, folder, there), daemon=True)
        sender.start()
        try:
            serve(options, here.recv(), broker.port)
        finally:
            sender.terminate()
            sender.join(10.0)
            broker.stop()


def send(options, folder, pipe):
    """Be the cameras, until we are ended; `pipe` gets their address."""
    pictures = [picture[..., ::-1] for picture in scenes(os.path.join(folder, "samples"))]
    if options.kind == "mjpeg":
        server = MjpegServer([jpeg(picture) for picture in pictures], fps=options.sent)
    else:
        server = RtspServer(folder, pictures)
        server.start()
    pipe.send(server.url)
    threading.Event().wait()


def scenes(folder):
    """Return drawn pictures: a list of uint8[480, 640, 3] RGB."""
    import cv2

    paths = sorted(samples.write(folder, 10, seed=1))
    return [cv2.resize(cv2.imread(path)[..., ::-1], SIZE) for path in paths]


class FreeGraph(Graph):
    """Gives what a model would, at no cost: float32[n, 2]."""

    def run(self, rows):
        return Outputs(np.tile(np.array([0.9, 0.1], np.float32), (len(rows), 1)))


def serve(options, url, port):
    """Run the street on so many cameras at `url`, and print what it costs."""
    sources = tuple(
        CameraSettings(name="camera-{}".format(number), kind="camera", url=url, fps=options.fps)
        for number in range(options.cameras)
    )
    config = Config(ModelSettings("stub"), sources, "bench", mqtt=MqttSettings(port=port))
    registry = CollectorRegistry()
    metrics = Metrics(registry, [source.name for source in sources])
    stop, wakeup = threading.Event(), Wakeup()
    outbox = Outbox(Bounds(1000), Outcomes(config.topics, metrics), wakeup)
    statuses = Statuses(wakeup)
    publisher = Publisher(config, outbox, statuses, metrics.mqtt_connected, wakeup)
    model = LoadedModel(STUB, FreeGraph(), Slots(8, 0.05), seconds={}, zero_copy=True)
    service = Service(config, model, outbox, statuses, metrics, lambda worker: stop.set(), InHand())
    sender = Worker("publish", publisher.step, lambda worker: stop.set())
    sender.start()
    service.start(stop)
    try:
        watch(options, registry, sources, stop)
    finally:
        deadline = time.monotonic() + 10.0
        service.stop(deadline)
        sender.finish(deadline)
        publisher.close(deadline)


def watch(options, registry, sources, stop):
    """Print what each stretch of time has cost."""
    text = "{:5.0f} s: {:.1f} labels/s, {:.0f} dropped, {:.0f} % of a core, {:.1f} MB, {} threads"
    end = time.monotonic() + options.seconds
    now, cpu, labels = time.monotonic(), cpu_seconds(), 0
    while now < end and not stop.wait(min(EVERY_SECONDS, end - now)):
        former, now = now, time.monotonic()
        former_cpu, cpu = cpu, cpu_seconds()
        former_labels, labels = labels, total(registry, sources, PUBLISHED)
        print(
            text.format(
                options.seconds - (end - now),
                (labels - former_labels) / (now - former),
                total(registry, sources, DROPPED),
                100 * (cpu - former_cpu) / (now - former),
                resident_mb(),
                threading.active_count(),
            ),
            flush=True,
        )


def total(registry, sources, outcome):
    """Return how many pictures of all sources had an outcome."""
    return sum(
        registry.get_sample_value(
            "labeld_frames_total", {"source": source.name, "outcome": outcome}
        )
        for source in sources
    )


def cpu_seconds():
    times = os.times()
    return times.user + times.system


def resident_mb():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
