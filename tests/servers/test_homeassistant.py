"""Home Assistant's view of a camera, held to what its documentation says of an MQTT sensor."""

import json

import jinja2
import paho.mqtt.client as paho

from tests.support import cameras, servers, tiny
from tests.support.homeassistant import check_sensor
from tests.support.servers import wait_for


def rendered(template, event):
    return jinja2.Environment().from_string(template).render(value_json=event)


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
