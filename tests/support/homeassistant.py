"""What Home Assistant documents of an MQTT sensor and an MQTT image, and checks against it.

The keys and their types are those of https://www.home-assistant.io/integrations/sensor.mqtt/,
https://www.home-assistant.io/integrations/image.mqtt/ and
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


IMAGE = {
    "name": str,
    "unique_id": str,
    "image_topic": str,
    "content_type": str,
    "availability": list,
    "availability_mode": str,
    "device": dict,
    "origin": dict,
}


AVAILABILITY = {"topic": str, "value_template": str}


DEVICE = {"identifiers": list, "name": str, "manufacturer": str, "model": str, "sw_version": str}


ORIGIN = {"name": str, "sw_version": str}

TOPIC = re.compile(r"homeassistant/(sensor|image)/[a-zA-Z0-9_-]+/[a-zA-Z0-9_-]+/config")


def check(found, documented):
    assert set(found) <= set(documented)
    for key, value in found.items():
        assert isinstance(value, documented[key]), key


def check_sensor(topic, sensor):
    check(sensor, SENSOR)
    check_shared(topic, sensor, "sensor")
    assert re.fullmatch(r"mdi:[a-z-]+", sensor["icon"])


def check_image(topic, image):
    check(image, IMAGE)
    check_shared(topic, image, "image")
    assert image["content_type"] in ("image/jpeg", "image/png")


def check_shared(topic, entity, component):
    """Check what sensors and images have in common."""
    assert TOPIC.fullmatch(topic).group(1) == component
    check(entity["device"], DEVICE)
    check(entity["origin"], ORIGIN)
    assert entity["device"]["identifiers"]
    assert entity["availability_mode"] in ("all", "any", "latest")
    for entry in entity["availability"]:
        check(entry, AVAILABILITY)
        assert "topic" in entry
