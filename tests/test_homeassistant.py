"""Home Assistant's view of a camera, held to what its documentation says of an MQTT sensor."""

import json
import re

import jinja2
import paho.mqtt.client as paho
import pytest

from edge.config.settings import Config, ModelSettings
from edge.deliver.homeassistant import discovery
from tests import cameras, servers, tiny
from tests.servers import wait_for

SENSOR = {
    "name": str,
    "unique_id": str,
    "state_topic": str,
    "value_template": str,
    "json_attributes_topic": str,
    "json_attributes_template": str,
    "availability": list,
    "availability_mode": str,
    "icon": str,
    "qos": int,
    "device": dict,
    "origin": dict,
}
AVAILABILITY = {"topic": str, "value_template": str}
DEVICE = {"identifiers": list, "name": str, "manufacturer": str, "model": str, "sw_version": str}
ORIGIN = {"name": str, "sw_version": str}
"""Of the documented keys those that labeld sets, with their documented types
(https://www.home-assistant.io/integrations/sensor.mqtt/ and .../mqtt/#mqtt-discovery)."""

TOPIC = re.compile(r"homeassistant/sensor/[a-zA-Z0-9_-]+/[a-zA-Z0-9_-]+/config")


def check(found, documented):
    assert set(found) <= set(documented)
    for key, value in found.items():
        assert isinstance(value, documented[key]), key


def check_sensor(topic, sensor):
    assert TOPIC.fullmatch(topic)
    check(sensor, SENSOR)
    check(sensor["device"], DEVICE)
    check(sensor["origin"], ORIGIN)
    assert sensor["device"]["identifiers"]
    assert sensor["availability_mode"] in ("all", "any", "latest")
    assert re.fullmatch(r"mdi:[a-z-]+", sensor["icon"])
    for entry in sensor["availability"]:
        check(entry, AVAILABILITY)
        assert "topic" in entry


def rendered(template, event):
    return jinja2.Environment().from_string(template).render(value_json=event)


def config(device):
    return Config(ModelSettings("unused"), sources=(), device=device)


@pytest.mark.parametrize("names", [("dock-3", "aisle 1"), ("Büro/2", "Tür")])
def test_every_name_gives_a_valid_announcement(names):
    topic, payload = discovery(config(names[0]), names[1], "m-1")
    sensor = json.loads(payload.decode("utf-8"))
    check_sensor(topic, sensor)
    assert sensor["name"] == names[1]
    assert sensor["device"]["name"] == names[0]


def test_two_cameras_never_share_an_entity():
    found = [discovery(config("d"), name, "m")[0] for name in ("a b", "a_b", "a.b")]
    assert len(set(found)) == 3


def test_a_camera_becomes_a_sensor_with_label_score_and_availability(tmp_path, broker, tiny_bundle):
    camera = cameras.MjpegServer([tiny.encode(tiny.picture("green & more"))])
    daemon = servers.Labeld(
        tmp_path / "labeld",
        model={"bundle": tiny_bundle.path},
        mqtt={"host": "127.0.0.1", "port": broker.port, "discovery": "homeassistant"},
        sources=[{"name": "door", "kind": "camera", "url": camera.url, "timeout_s": 1}],
    )
    home = servers.Subscriber(broker.port, "#", "home", paho.MQTTv5)
    try:
        daemon.start_ready()
        wait_for(lambda: home.events("config"), "the announcement")
        wait_for(lambda: home.events("door/label"), "a label")
        topic = [message.topic for message in home.messages if message.topic.endswith("/config")][0]
        sensor = home.events("config")[0]
        check_sensor(topic, sensor)

        def said(topic):
            found = [m.payload.decode("utf-8") for m in list(home.messages) if m.topic == topic]
            return found[-1] if found else None

        label = json.loads(said(sensor["state_topic"]))
        assert rendered(sensor["value_template"], label) == "green & more"
        attributes = json.loads(rendered(sensor["json_attributes_template"], label))
        assert attributes["score"] == label["score"]
        assert attributes["top"] == label["top"]
        assert sensor["json_attributes_topic"] == sensor["state_topic"]
        whole, own = sensor["availability"]
        assert said(whole["topic"]) == "online"

        def available():
            return rendered(own["value_template"], json.loads(said(own["topic"])))

        wait_for(lambda: available() == "online", "the camera is available")
        camera.fault = "stall"
        wait_for(lambda: available() == "offline", "the camera is not available")
        assert daemon.end() == 0, daemon.log()
        wait_for(lambda: said(whole["topic"]) == "offline", "the daemon is not available")
    finally:
        daemon.kill()
        home.close()
        camera.close()
