"""Home Assistant's MQTT discovery: a retained message makes a camera a sensor there.

The keys are those of https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery and
https://www.home-assistant.io/integrations/sensor.mqtt/.
"""

import hashlib
import json
import re

from edge import __version__
from edge.config.settings import topic_level

_VALUE = "{{ value_json.label[:255] }}"
"""Home Assistant's states have 255 characters at most."""

_ATTRIBUTES = (
    "{{ {'score': value_json.score, 'status': value_json.status, 'top': value_json.top, "
    "'captured_at': value_json.captured_at, 'model': value_json.model} | tojson }}"
)
_AVAILABLE = "{{ 'offline' if value_json.status in ('stale', 'frozen') else 'online' }}"


class Discovery:
    """Announces the cameras of one device, where the configuration asks for it."""

    def __init__(self, config, statuses):
        """Announce nothing yet.

        Args:
            config: the Config.
            statuses: the Statuses, where announcements go.
        """
        self._config = config
        self._statuses = statuses
        self._announced = {}

    def announce(self, sources, model):
        """Announce the cameras among `sources` as labelled by `model`, and withdraw all others."""
        config = self._config
        if config.mqtt.discovery != "homeassistant":
            return
        prefix = config.mqtt.discovery_prefix.strip("/")
        announced = dict(
            discovery(prefix, config.device, config.device_topic, source.name, model)
            for source in sources
            if source.kind == "camera"
        )
        for topic in set(self._announced) - set(announced):
            self._statuses.set(topic, b"")
        for topic, payload in announced.items():
            self._statuses.set(topic, payload)
        self._announced = announced


def discovery(prefix, device, device_topic, source, model):
    """Return (topic, payload) that announces a camera's label as a sensor.

    Args:
        prefix: Home Assistant's discovery prefix.
        device, source: their names.
        device_topic: `<prefix>/<device>`.
        model: the bundle's name.
    """
    own_topic = "{}/{}".format(device_topic, topic_level(source))
    node = _object_id(device_topic.replace("/", "_"), device_topic)
    camera = _object_id(source, source)
    sensor = {
        "name": source,
        "unique_id": "{}_{}".format(node, camera),
        "state_topic": own_topic + "/label",
        "value_template": _VALUE,
        "json_attributes_topic": own_topic + "/label",
        "json_attributes_template": _ATTRIBUTES,
        "availability": [
            {"topic": device_topic + "/status"},
            {"topic": own_topic + "/status", "value_template": _AVAILABLE},
        ],
        "availability_mode": "all",
        "icon": "mdi:cctv",
        "qos": 1,
        "device": {
            "identifiers": [node],
            "name": device,
            "manufacturer": "labeld",
            "model": model,
            "sw_version": __version__,
        },
        "origin": {"name": "labeld", "sw_version": __version__},
    }
    topic = "{}/sensor/{}/{}/config".format(prefix, node, camera)
    return topic, json.dumps(sensor, ensure_ascii=False).encode("utf-8")


def _object_id(name, whole):
    """Return `name` in the signs that discovery topics may have; two names never become one."""
    plain = re.sub(r"[^a-zA-Z0-9_-]", "_", name)
    if plain == whole:
        return plain
    return "{}_{}".format(plain, hashlib.blake2b(whole.encode("utf-8"), digest_size=3).hexdigest())
