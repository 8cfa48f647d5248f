"""Under overload labels become rarer, never older, and no camera starves another."""

import json
import threading
import time
from collections import Counter
from datetime import datetime

import pytest
from prometheus_client import CollectorRegistry

from edge.batch.slots import Slots
from edge.classify.loaded import LoadedModel
from edge.classify.serving import Serving
from edge.config.settings import CameraSettings, DecideSettings
from edge.deliver.sink import EventSink
from edge.metrics import DROPPED, PUBLISHED, Metrics
from edge.mqtt.topics import Topics
from edge.pipeline import Pipeline
from edge.sources.camera.camera import CameraSource
from edge.sources.state import SourceState
from edge.sources.supervisor import Supervisor
from tests.support import cameras, tiny
from tests.support.outboxes import outbox_for
from tests.support.servers import wait_for

CAMERAS = 8
CAMERA_FPS = 10
PICTURES_PER_SECOND = 20
BATCH = 8
EVENTS = 240

ROUNDING_SECONDS = 0.0011
"""What an event's moment (cut to a millisecond) and age (rounded to a tenth) may be off by."""


def slow_scores(rows):
    """What the tiny graph gives, as slowly as a busy device would."""
    time.sleep(len(rows) / PICTURES_PER_SECOND)
    return tiny.scores(rows)


class Broker:
    """Takes each message at once."""

    def __init__(self, outbox):
        self.events = []
        self._outbox = outbox
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._stop.wait(0.005):
            unsent = self._outbox.next_unsent()
            while unsent is not None:
                key, message = unsent
                self.events.append(json.loads(message.payload.decode("utf-8")))
                self._outbox.acknowledge(key)
                unsent = self._outbox.next_unsent()

    def close(self):
        self._stop.set()
        self._thread.join(10.0)


@pytest.fixture
def server():
    pictures = [tiny.encode(tiny.picture("red", seed, (480, 640))) for seed in range(5)]
    server = cameras.MjpegServer(pictures, fps=CAMERA_FPS)
    yield server
    server.close()


def test_eight_cameras_share_a_slow_classifier_and_their_labels_stay_fresh(server, tiny_bundle):
    names = ["aisle-{}".format(number) for number in range(CAMERAS)]
    registry = CollectorRegistry()
    metrics = Metrics(registry, names)
    outbox = outbox_for(1000, metrics=metrics)
    broker = Broker(outbox)
    failures = []
    slots = Slots(BATCH, 0.05, tiny_bundle.batch_sizes)
    graph = tiny.FunctionGraph(slow_scores)
    pipeline = Pipeline(
        Serving(LoadedModel(tiny_bundle, graph, slots, seconds={}, zero_copy=None)),
        EventSink(DecideSettings(), Topics("labeld", "bench"), outbox, metrics),
        metrics,
        decoders=2,
        on_failure=failures.append,
    )
    supervisor = Supervisor(
        pipeline.frames, lambda settings: camera(settings, metrics), failures.append
    )
    pipeline.start()
    supervisor.change([settings(name, server.url) for name in names], threading.Event())
    try:
        wait_for(lambda: failures or len(broker.events) >= EVENTS, "the events")
    finally:
        deadline = time.monotonic() + 10.0
        late = supervisor.stop(deadline) + pipeline.stop(deadline)
        broker.close()
    assert (failures, late) == ([], [])
    share = EVENTS / CAMERAS
    counts = Counter(event["source"] for event in broker.events[:EVENTS])
    assert sorted(counts) == names
    assert all(0.8 * share <= count <= 1.2 * share for count in counts.values()), counts
    for name in names:
        assert_each_is_newer_than_the_last_label(
            [event for event in broker.events if event["source"] == name]
        )
        outcomes = [
            registry.get_sample_value("labeld_frames_total", {"source": name, "outcome": outcome})
            for outcome in (PUBLISHED, DROPPED)
        ]
        assert min(outcomes) > 0, "what the model had no time for is counted"


def assert_each_is_newer_than_the_last_label(events):
    """Assert that no picture had been taken when the label before it came: none has waited."""
    for one, other in zip(events, events[1:]):
        labelled = seconds(one["captured_at"]) + one["age_ms"] / 1000
        assert seconds(other["captured_at"]) >= labelled - ROUNDING_SECONDS


def seconds(stamp):
    return datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%fZ").timestamp()


def settings(name, url):
    return CameraSettings(name=name, kind="camera", url=url, fps=CAMERA_FPS)


def camera(settings, metrics):
    state = SourceState(settings.name, "bench", metrics, lambda *_: None)
    return CameraSource(settings, "bench", state, metrics)
