"""Every topic that labeld publishes or subscribes to is spelled here, and nowhere else."""

from typing import Optional, Tuple

from paho.mqtt.client import topic_matches_sub

from edge import text

LABEL, FAILED, STATUS, PICTURE = SOURCE_LEVELS = ("label", "failed", "status", "picture")
"""The last levels of a source's own topics."""

_SPECIAL = "/+#"


def level(name: str) -> str:
    """Return `name` as one level of an MQTT topic: no separator, wildcard or control sign."""
    safe = "".join("_" if sign in _SPECIAL else sign for sign in text.cleaned(name))
    return "_" + safe[1:] if safe.startswith("$") else safe


def matches(topic_filter: str, topic: str) -> bool:
    """Return True if a topic filter covers a topic."""
    return topic_matches_sub(topic_filter, topic)


def shared(topic_filter: str, group: Optional[str]) -> str:
    """Return the filter of a subscription that a group shares (MQTT 5, 4.8.2); None: nobody."""
    return topic_filter if group is None else "$share/{}/{}".format(group, topic_filter)


def discovery(prefix: str, component: str, node: str, name: str) -> str:
    """Return the topic at which Home Assistant is told of something; see `deliver.homeassistant`.

    Args:
        prefix: the configuration's `mqtt.discovery_prefix`.
        component: what it is there: "sensor", "image".
        node, name: its device, and what it is called there.
    """
    return "{}/{}/{}/{}/config".format(prefix.strip("/"), component, node, name)


class Topics:
    """The topics of one device, all below `root`."""

    def __init__(self, prefix: str, device: str) -> None:
        """Take the configuration's `mqtt.topic_prefix` and `device`."""
        self.root = "{}/{}".format(prefix.strip("/"), level(device))

    @property
    def device_status(self) -> str:
        return "/".join((self.root, STATUS))

    def label(self, source: str) -> str:
        """Return the topic of a source's labels; `source`: its name, here and below."""
        return self._of(source, LABEL)

    def failed(self, source: str) -> str:
        """Return the topic of what could not be classified."""
        return self._of(source, FAILED)

    def status(self, source: str) -> str:
        """Return the topic of how the source is."""
        return self._of(source, STATUS)

    def picture(self, source: str) -> str:
        """Return the topic of the pictures that were classified."""
        return self._of(source, PICTURE)

    def all_of(self, source: str) -> Tuple[str, ...]:
        """Return all topics that labeld publishes of a source."""
        return tuple(self._of(source, last) for last in SOURCE_LEVELS)

    def client_id(self, *more: str) -> str:
        """Return the device's name at the broker, or that of a part of it."""
        return "-".join((self.root.replace("/", "-"),) + more)

    def _of(self, source: str, last: str) -> str:
        return "/".join((self.root, level(source), last))
