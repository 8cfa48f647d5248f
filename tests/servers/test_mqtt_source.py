"""Pictures over MQTT: how many are here at once, whatever the broker sends."""

import gc
import threading
import tracemalloc
from collections import deque

import paho.mqtt.client as paho
import pytest
import yaml
from prometheus_client import CollectorRegistry

from edge.config.load import load
from edge.errors import PictureError
from edge.frame import Frame
from edge.metrics import Metrics
from edge.sources.mqtt import UNDER_WAY, WINDOW, MqttSource
from edge.sources.state import SourceState
from tests.support.servers import wait_for

PICTURES = 100


@pytest.fixture
def source(tmp_path, broker):
    """The source of a configuration, not yet running, and where it says how it is."""
    (tmp_path / "labeld.yaml").write_text(
        yaml.safe_dump(
            {
                "device": "bench",
                "model": {"bundle": "model"},
                "mqtt": {"host": "127.0.0.1", "port": broker.port},
                "sources": [
                    {"name": "doors", "kind": "mqtt", "topic": "pictures/+", "max_bytes": 1000}
                ],
            }
        )
    )
    config = load(str(tmp_path / "labeld.yaml"))
    statuses = []
    metrics = Metrics(CollectorRegistry(), ["doors"])
    state = SourceState("doors", "bench", metrics, lambda *said: statuses.append(said))
    return MqttSource(config.sources[0], config, state, metrics), statuses


@pytest.fixture
def running(source):
    """Its frames, from when it is subscribed on."""
    frames = source[0].frames(threading.Event())
    wait_for(lambda: next(frames) is None and source[1], "the subscription")
    yield frames
    frames.close()


def here():
    """Return how many pictures this process holds, those of other tests included."""
    return sum(type(thing) in (Frame, paho.MQTTMessage) for thing in gc.get_objects())


def test_no_more_are_under_way_than_may_be_repeated_though_the_broker_sends_more(
    running, subscriber
):
    gc.collect()
    before = here()
    for number in range(PICTURES):
        subscriber.publish("pictures/a", b"%d" % number)
    under_way, read = deque(), []
    while len(under_way) < UNDER_WAY:
        take(running, under_way)
    assert [next(running) for _ in range(3)] == [None] * 3, "one too many"
    while len(read) < PICTURES:
        frame = under_way.popleft()
        read.append(frame.read())
        frame.settle(None)
        del frame
        while len(under_way) < min(UNDER_WAY, PICTURES - len(read)):
            take(running, under_way)
        assert next(running) is None, "one too many"
        assert here() - before <= WINDOW + UNDER_WAY
    assert read == [b"%d" % number for number in range(PICTURES)]


def take(running, under_way):
    """Wait for the next frame and add it to those under way."""
    under_way.append(wait_for(lambda: next(running), "the next picture"))


def test_one_that_is_too_large_is_refused_and_not_held(running, subscriber):
    tracemalloc.start()
    subscriber.publish("pictures/a", b"x" * 10000000)
    frame = wait_for(lambda: next(running), "the picture")
    wait_for(lambda: tracemalloc.get_traced_memory()[0] < 1000000, "it is let go of")
    tracemalloc.stop()
    with pytest.raises(PictureError, match="10000000 bytes; at most max_bytes, 1000, are read"):
        frame.read()
    frame.settle(None)
