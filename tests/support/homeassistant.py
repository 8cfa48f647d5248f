"""What Home Assistant documents of an MQTT sensor, and checks against it.

The keys and their types are those of https://www.home-assistant.io/integrations/sensor.mqtt/ and
https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery, of them those that labeld sets.
"""

import re

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
