"""Home Assistant's MQTT discovery: a retained message makes a camera a sensor there.

The keys are those of https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery and
https://www.home-assistant.io/integrations/sensor.mqtt/.
"""

import hashlib
import json
import re
from typing import Dict, Sequence, Tuple

from edge import __version__
from edge.config.settings import Config, SourceSettings
from edge.deliver.statuses import Statuses
from edge.mqtt import topics

_VALUE = "{{ value_json.label[:255] }}"
"""Home Assistant's states have 255 characters at most."""

_ATTRIBUTES = (
    "{{ {'score': value_json.score, 'status': value_json.status, 'top': value_json.top, "
    "'captured_at': value_json.captured_at, 'model': value_json.model} | tojson }}"
)
_AVAILABLE = "{{ 'offline' if value_json.status in ('stale', 'frozen') else 'online' }}"


class Discovery:
    """Announces the cameras of one device, where the configuration asks for it."""

    def __init__(self, config: Config, statuses: Statuses) -> None:
        """Announce nothing yet.

        Args:
            config: the Config.
            statuses: the Statuses, where announcements go.
        """
        self._config = config
        self._statuses = statuses
        self._announced: Dict[str, bytes] = {}

    def announce(self, sources: Sequence[SourceSettings], model: str) -> None:
        """Announce the cameras among `sources` as labelled by `model`, and withdraw all others."""
        config = self._config
        if config.mqtt.discovery != "homeassistant":
            return
        announced = dict(
            discovery(config, source.name, model) for source in sources if source.kind == "camera"
        )
        for topic in set(self._announced) - set(announced):
            self._statuses.set(topic, b"")
        for topic, payload in announced.items():
            self._statuses.set(topic, payload)
        self._announced = announced

    def withdraw(self, source: str) -> None:
        """Announce a camera no more."""
        if self._config.mqtt.discovery == "homeassistant":
            topic, _ = discovery(self._config, source, "")
            self._statuses.set(topic, b"")
            self._announced.pop(topic, None)


def discovery(config: Config, source: str, model: str) -> Tuple[str, bytes]:
    """Return (topic, payload) that announces a camera's label as a sensor.

    Args:
        config: the Config, for the device and its topics.
        source: the camera's name.
        model: the bundle's name.
    """
    own = config.topics
    node = _object_id(own.root.replace("/", "_"), own.root)
    camera = _object_id(source, source)
    sensor = {
        "name": source,
        "unique_id": "{}_{}".format(node, camera),
        "state_topic": own.label(source),
        "value_template": _VALUE,
        "json_attributes_topic": own.label(source),
        "json_attributes_template": _ATTRIBUTES,
        "availability": [
            {"topic": own.device_status},
            {"topic": own.status(source), "value_template": _AVAILABLE},
        ],
        "availability_mode": "all",
        "icon": "mdi:cctv",
        "qos": 1,
        "device": {
            "identifiers": [node],
            "name": config.device,
            "manufacturer": "labeld",
            "model": model,
            "sw_version": __version__,
        },
        "origin": {"name": "labeld", "sw_version": __version__},
    }
    topic = topics.discovery(config.mqtt.discovery_prefix, node, camera)
    return topic, json.dumps(sensor, ensure_ascii=False).encode("utf-8")


def _object_id(name: str, whole: str) -> str:
    """Return `name` in the signs that discovery topics may have; two names never become one."""
    plain = re.sub(r"[^a-zA-Z0-9_-]", "_", name)
    if plain == whole:
        return plain
    return "{}_{}".format(plain, hashlib.blake2b(whole.encode("utf-8"), digest_size=3).hexdigest())
