"""What MQTT 5 tells with a label, and what becomes of one that the broker does not take."""

import os

import paho.mqtt.client as paho
import pytest

from tests.support import servers, tiny
from tests.support.servers import wait_for


def test_a_label_tells_its_type_its_age_limit_and_its_id(labeld, broker):
    subscriber = servers.Subscriber(broker.port, name="five", version=paho.MQTTv5)
    try:
        labeld.start_ready()
        labeld.drop_file("red.jpg", tiny.encode(tiny.picture("red")))
        wait_for(lambda: subscriber.events("drop/label"), "the label")
        told = {message.topic: message.properties for message in subscriber.messages}
        event = subscriber.events("drop/label")[0]
        label = told["labeld/bench/drop/label"]
        assert label.ContentType == "application/json"
        assert 72 * 3600 - 120 < label.MessageExpiryInterval <= 72 * 3600
        assert label.UserProperty == [
            ("schema", "1"),
            ("id", event["id"]),
            ("model", event["model"]),
        ]
        assert told["labeld/bench/status"].ContentType == "text/plain"
        assert not hasattr(told["labeld/bench/drop/status"], "MessageExpiryInterval")
        assert labeld.end() == 0, labeld.log()
    finally:
        subscriber.close()


@pytest.fixture
def strict_broker(tmp_path):
    """A Mosquitto that takes statuses and no labels."""
    folder = tmp_path / "strict"
    folder.mkdir()
    statuses = ["topic readwrite labeld/+/status", "topic readwrite labeld/+/+/status"]
    mosquitto = servers.Mosquitto(folder, access=statuses)
    mosquitto.start()
    yield mosquitto
    mosquitto.stop()


def test_a_label_that_the_broker_does_not_take_is_kept_and_sent_again(
    strict_broker, tiny_bundle, tmp_path
):
    daemon = servers.Labeld(
        tmp_path / "labeld",
        model={"bundle": tiny_bundle.path},
        mqtt={"host": "127.0.0.1", "port": strict_broker.port},
    )
    subscriber = servers.Subscriber(strict_broker.port)
    try:
        daemon.start_ready()
        daemon.drop_file("red.jpg", tiny.encode(tiny.picture("red")))
        refused = "the broker does not take what is published to labeld/bench/drop/label: Not auth"
        wait_for(lambda: refused in daemon.log(), "the reason")
        assert not subscriber.events("drop/label")
        strict_broker.allow(["topic readwrite #"])
        wait_for(lambda: not daemon.waiting(), "the drop folder is empty")
        wait_for(lambda: subscriber.events("drop/label"), "the label")
        assert os.listdir(os.path.join(daemon.drop, "done")) == ["red.jpg"]
        assert daemon.end() == 0, daemon.log()
        assert daemon.log().count(refused) == 1
    finally:
        daemon.kill()
        subscriber.close()
