"""Pictures over MQTT in the running daemon: a label for each, whatever dies."""

import signal
from collections import Counter

import pytest

from edge.frame import content_id
from edge.sources.mqtt import WINDOW
from tests.support import poisoned, servers, tiny
from tests.support.forked import Forked
from tests.support.refusing_broker import RefusingBroker
from tests.support.servers import wait_for

SHARED_PICTURES = 2000


@pytest.fixture
def serve(tmp_path, broker, tiny_bundle):
    """Return a function that makes a Labeld, of a name, on one MQTT source."""
    made = []

    def make(device, port=None, begin=Forked, **settings):
        source = dict({"name": "doors", "kind": "mqtt", "topic": "cameras/+/picture"}, **settings)
        made.append(
            servers.Labeld(
                tmp_path / device,
                begin=begin,
                device=device,
                model={"bundle": tiny_bundle.path},
                mqtt={"host": "127.0.0.1", "port": port or broker.port},
                sources=[source],
            )
        )
        return made[-1]

    yield make
    for daemon in made:
        daemon.kill()


def start(daemon):
    daemon.start_ready()
    up = 'labeld_source_up{source="doors"} 1.0'
    wait_for(lambda: up in daemon.get("/metrics")[1], "the source is up")


def test_a_published_picture_gets_a_label_and_what_is_none_a_reason(serve, subscriber):
    daemon = serve("bench", max_bytes=20000)
    start(daemon)
    whole = tiny.encode(tiny.picture("blue"), ".jpg")
    for name, payload in (
        ("empty", b""),  # takes a retained picture back, and is none
        ("front", whole),
        ("yard", tiny.encode(tiny.picture("red", size=(40, 40)), ".png")),
        ("cut", whole[: len(whole) // 2]),
        ("large", whole + b"x" * 20000),
        ("large", whole + b"y" * 20000),
    ):
        subscriber.publish("cameras/{}/picture".format(name), payload)
    wait_for(lambda: len(subscriber.events("doors/failed")) == 3, "three events on failed")
    wait_for(lambda: len(subscriber.events("doors/label")) == 2, "two labels")
    labels = {event["image"]: event["label"] for event in subscriber.events("doors/label")}
    assert labels == {"cameras/front/picture": "blue", "cameras/yard/picture": "red"}
    failed = subscriber.events("doors/failed")
    reasons = {event["image"].split("/")[1]: event["error"] for event in failed}
    assert "end-of-image marker is missing" in reasons["cut"]
    assert "at most max_bytes, 20000, are read" in reasons["large"]
    assert set(reasons) == {"cut", "large"}
    assert len({event["id"] for event in failed}) == 3
    wait_for(
        lambda: 'outcome="failed",source="doors"} 3.0' in daemon.get("/metrics")[1], "the count"
    )
    assert daemon.end() == 0, daemon.log()


def test_what_was_published_while_it_was_away_comes_and_nothing_twice(serve, subscriber):
    daemon = serve("bench")
    start(daemon)
    subscriber.publish("cameras/a/picture", tiny.encode(tiny.picture("red")))
    wait_for(lambda: len(subscriber.events("doors/label")) == 1, "a label")
    assert daemon.end() == 0, daemon.log()
    subscriber.publish("cameras/b/picture", tiny.encode(tiny.picture("blue")))
    start(daemon)
    wait_for(lambda: len(subscriber.events("doors/label")) == 2, "the other label")
    assert daemon.end() == 0, daemon.log()
    events = subscriber.events("doors/label")
    assert [event["image"] for event in events] == ["cameras/a/picture", "cameras/b/picture"]


def test_pictures_wait_at_the_broker_until_their_labels_are_safe(serve, subscriber, broker):
    daemon = serve("bench")
    start(daemon)
    payloads = [tiny.encode(tiny.picture("red", seed)) for seed in range(60)]
    for payload in payloads[:30]:
        subscriber.publish("cameras/a/picture", payload)
    wait_for(lambda: subscriber.events("doors/label"), "a first label")
    daemon.end(signal.SIGKILL)
    for payload in payloads[30:]:
        subscriber.publish("cameras/a/picture", payload)
    broker.stop()
    broker.start()
    start(daemon)
    expected = {content_id(("doors", "cameras/a/picture"), payload) for payload in payloads}
    wait_for(
        lambda: {event["id"] for event in subscriber.events("doors/label")} == expected,
        "each picture's label",
    )
    assert daemon.end() == 0, daemon.log()


def told(events, daemons):
    """Return whose labels came more than once, and the daemons' logs."""
    by = {}
    for event in events:
        by.setdefault(event["id"], []).append(event["device"])
    again = Counter(", ".join(devices) for devices in by.values() if len(devices) > 1)
    return "\n".join([str(again)] + [daemon.log() for daemon in daemons])


def test_two_share_2000_pictures_and_none_is_lost_when_one_is_killed(serve, subscriber):
    pair = [serve("left", share="pair"), serve("right", share="pair")]
    for daemon in pair:
        start(daemon)
    expected = set()
    for number in range(SHARED_PICTURES):
        topic = "cameras/{}/picture".format(number % 20)
        payload = tiny.encode(tiny.picture("red", number, size=(60, 60)))
        expected.add(content_id(("doors", topic), payload))
        subscriber.publish(topic, payload)
    assert len(expected) == SHARED_PICTURES
    wait_for(lambda: len(subscriber.payloads("label")) > SHARED_PICTURES / 2, "half of the labels")
    pair[1].end(signal.SIGKILL)
    start(pair[1])
    wait_for(
        lambda: {event["id"] for event in subscriber.events("doors/label")} == expected,
        "each picture's label",
    )
    events = subscriber.events("doors/label")
    assert len(events) - SHARED_PICTURES <= WINDOW, told(events, pair)
    for device in ("left", "right"):
        assert sum(event["device"] == device for event in events) > SHARED_PICTURES / 4
    for daemon in pair:
        assert daemon.end() == 0, daemon.log()


def test_one_whose_source_is_taken_out_leaves_the_shared_stream_to_the_others(serve, subscriber):
    stays, goes = serve("dock-1", share="labeld"), serve("dock-2", share="labeld")
    start(stays)
    start(goes)
    goes.configure(sources=[{"name": "drop", "kind": "folder", "path": goes.drop}])
    assert goes.reload()
    for seed in range(20):
        subscriber.publish("cameras/a/picture", tiny.encode(tiny.picture("red", seed)))
    wait_for(lambda: len(subscriber.events("doors/label")) == 20, "a label for each")
    assert {event["device"] for event in subscriber.events("doors/label")} == {"dock-1"}


def test_a_source_that_changes_loses_and_repeats_nothing(serve, subscriber):
    daemon = serve("bench")
    start(daemon)
    doors = {"name": "doors", "kind": "mqtt", "topic": "cameras/+/picture"}
    for changed in (dict(doors, max_bytes=1000000), dict(doors, threshold=0.1)):
        for seed in range(50):
            subscriber.publish("cameras/a/picture", tiny.encode(tiny.picture("red", seed)))
        daemon.configure(sources=[changed])
        assert daemon.reload()
    wait_for(lambda: len(subscriber.events("doors/label")) >= 100, "the labels")
    assert daemon.end() == 0, daemon.log()
    identities = [event["id"] for event in subscriber.events("doors/label")]
    assert len(identities) == 100
    assert len(set(identities)) == 50, "the same pictures were published twice"


def test_a_picture_that_ends_the_process_is_answered_and_acknowledged(serve, subscriber):
    daemon = serve("bench", begin=poisoned.started)
    start(daemon)
    subscriber.publish("cameras/a/picture", poisoned.picture())
    wait_for(lambda: daemon.code() is not None, "the picture ends it")
    daemon.start()
    wait_for(lambda: daemon.code() is not None, "it comes again, and ends it again")
    start(daemon)
    wait_for(lambda: subscriber.events("doors/failed"), "the reason")
    assert "ended unexpectedly both times" in subscriber.events("doors/failed")[0]["error"]
    subscriber.publish("cameras/a/picture", tiny.encode(tiny.picture("red")))
    wait_for(lambda: subscriber.events("doors/label"), "the next one's label")
    assert daemon.end() == 0, daemon.log()


def test_a_source_that_the_broker_refuses_says_why(serve):
    refusing = RefusingBroker(speaks_5=True)
    daemon = serve("bench", port=refusing.port)
    try:
        daemon.start_ready()
        wait_for(lambda: "refuses a subscription" in daemon.log(), "the reason")
        said = "the broker refuses a subscription to cameras/+/picture: Not authorized"
        assert said in daemon.log()
        assert 'labeld_source_up{source="doors"} 0.0' in daemon.get("/metrics")[1]
    finally:
        daemon.kill()
        refusing.close()
