"""Home Assistant's MQTT discovery: a retained message makes a camera a sensor there, and an image.

The keys are those of https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery and
https://www.home-assistant.io/integrations/sensor.mqtt/ and image.mqtt/.
"""

import hashlib
import json
import re
from typing import Any, Dict, List, Sequence, Set, Tuple

from edge import __version__
from edge.config.fields import NO_PICTURE
from edge.config.settings import CameraSettings, Config, SourceSettings
from edge.deliver.statuses import Statuses
from edge.mqtt import topics
from edge.mqtt.properties import JPEG

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
        self._known: Set[str] = set()  # topics that were ours since this began

    def announce(self, sources: Sequence[SourceSettings], model: str) -> None:
        """Announce the cameras among `sources` as labelled by `model`, and withdraw all others."""
        config = self._config
        if config.mqtt.discovery != "homeassistant":
            return
        announced: Dict[str, bytes] = {}
        for source in sources:
            if isinstance(source, CameraSettings):
                found = _announcements(config, source.name, model)
                shown = len(found) if source.publish_picture != NO_PICTURE else 1
                announced.update(found[:shown])
        for topic in set(self._announced) - set(announced):
            self._statuses.set(topic, b"")
        for topic, payload in announced.items():
            self._statuses.set(topic, payload)
        self._announced = announced
        self._known.update(announced)

    def withdraw(self, source: str) -> None:
        """Announce a camera no more that a former run has announced, whatever of it that was."""
        if self._config.mqtt.discovery != "homeassistant":
            return
        topics_of_it = [topic for topic, _ in _announcements(self._config, source, "")]
        if not self._known.intersection(topics_of_it):
            for topic in reversed(topics_of_it):
                self._statuses.set(topic, b"")


def _announcements(config: Config, source: str, model: str) -> List[Tuple[str, bytes]]:
    return [discovery(config, source, model), picture_discovery(config, source, model)]


def discovery(config: Config, source: str, model: str) -> Tuple[str, bytes]:
    """Return (topic, payload) that announces a camera's label as a sensor.

    Args:
        config: the Config, for the device and its topics.
        source: the camera's name.
        model: the bundle's name.
    """
    own = config.topics
    sensor = {
        "name": source,
        "state_topic": own.label(source),
        "value_template": _VALUE,
        "json_attributes_topic": own.label(source),
        "json_attributes_template": _ATTRIBUTES,
        "icon": "mdi:cctv",
        "qos": 1,
    }
    return _announced(config, source, model, "sensor", "", sensor)


def picture_discovery(config: Config, source: str, model: str) -> Tuple[str, bytes]:
    """Return (topic, payload) that announces a camera's picture as an image.

    Args:
        config, source, model: see `discovery`.
    """
    image = {
        "name": "{} picture".format(source),
        "image_topic": config.topics.picture(source),
        "content_type": JPEG,
    }
    return _announced(config, source, model, "image", "_picture", image)


def _announced(
    config: Config, source: str, model: str, component: str, ending: str, facts: Dict[str, Any]
) -> Tuple[str, bytes]:
    own = config.topics
    node = _object_id(own.root.replace("/", "_"), own.root)
    camera = _object_id(source, source) + ending
    said = dict(facts)
    said.update(
        unique_id="{}_{}".format(node, camera),
        availability=[
            {"topic": own.device_status},
            {"topic": own.status(source), "value_template": _AVAILABLE},
        ],
        availability_mode="all",
        device={
            "identifiers": [node],
            "name": config.device,
            "manufacturer": "labeld",
            "model": model,
            "sw_version": __version__,
        },
        origin={"name": "labeld", "sw_version": __version__},
    )
    topic = topics.discovery(config.mqtt.discovery_prefix, component, node, camera)
    return topic, json.dumps(said, ensure_ascii=False).encode("utf-8")


def _object_id(name: str, whole: str) -> str:
    """Return `name` in the signs that discovery topics may have; two names never become one."""
    plain = re.sub(r"[^a-zA-Z0-9_-]", "_", name)
    if plain == whole:
        return plain
    return "{}_{}".format(plain, hashlib.blake2b(whole.encode("utf-8"), digest_size=3).hexdigest())
