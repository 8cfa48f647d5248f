"""Home Assistant's view of a camera, held to what its documentation says of an MQTT sensor."""

import json

import jinja2
import paho.mqtt.client as paho
import pytest

from tests.support import servers
from tests.support.homeassistant import check_sensor
from tests.support.servers import wait_for


class Home:
    """What Home Assistant makes of the topics that it is told of."""

    def __init__(self, port):
        self._subscriber = servers.Subscriber(port, "#", "home", paho.MQTTv5)
        self.close = self._subscriber.close

    def announced(self):
        """Return (topic, sensor) of the first announcement, or None."""
        for message in list(self._subscriber.messages):
            if message.topic.endswith("/config"):
                return message.topic, json.loads(message.payload.decode("utf-8"))
        return None

    def heard(self, topic):
        """Return the text of the last message on a topic, or None."""
        messages = [m for m in list(self._subscriber.messages) if m.topic == topic]
        return messages[-1].payload.decode("utf-8") if messages else None

    def shows(self, template, topic):
        """Return what a template makes of the last message on a topic, or None."""
        heard = self.heard(topic)
        if heard is None:
            return None
        return jinja2.Environment().from_string(template).render(value_json=json.loads(heard))


@pytest.fixture
def home(broker):
    home = Home(broker.port)
    yield home
    home.close()


@pytest.fixture
def daemon(tmp_path, broker, tiny_bundle, door):
    """A ready Labeld that announces the camera `door` to Home Assistant."""
    daemon = servers.Labeld(
        tmp_path / "labeld",
        model={"bundle": tiny_bundle.path},
        mqtt={"host": "127.0.0.1", "port": broker.port, "discovery": "homeassistant"},
        sources=[{"name": "door", "kind": "camera", "url": door.url, "timeout_s": 1}],
    )
    daemon.start_ready()
    yield daemon
    daemon.kill()


def test_a_camera_is_announced_as_a_sensor_that_shows_its_label(daemon, home):
    topic, sensor = wait_for(home.announced, "the announcement")
    check_sensor(topic, sensor)

    label = json.loads(wait_for(lambda: home.heard(sensor["state_topic"]), "a label"))
    assert home.shows(sensor["value_template"], sensor["state_topic"]) == "green & more"
    attributes = home.shows(sensor["json_attributes_template"], sensor["json_attributes_topic"])
    assert json.loads(attributes)["score"] == label["score"]
    assert json.loads(attributes)["top"] == label["top"]
    assert sensor["json_attributes_topic"] == sensor["state_topic"]


def test_it_is_available_as_long_as_daemon_and_camera_are(daemon, home, door):
    _, sensor = wait_for(home.announced, "the announcement")
    whole, own = sensor["availability"]

    def camera_is(word):
        return lambda: home.shows(own["value_template"], own["topic"]) == word

    wait_for(camera_is("online"), "the camera is available")
    assert home.heard(whole["topic"]) == "online"
    door.fault = "stall"
    wait_for(camera_is("offline"), "the camera is not available")
    assert daemon.end() == 0, daemon.log()
    wait_for(lambda: home.heard(whole["topic"]) == "offline", "the daemon is not available")
