"""Pictures out: the row that was classified as a JPEG, once the broker has its event."""

import threading
import time
from typing import Dict, NamedTuple

import numpy as np
import simplejpeg

from edge.config.fields import EACH_PICTURE, UNKNOWN_PICTURE
from edge.decide.news import Policy
from edge.decide.threshold import UNKNOWN
from edge.deliver.message import Message
from edge.deliver.statuses import Statuses
from edge.mqtt.properties import JPEG, PublishProperties
from edge.mqtt.topics import Topics

QUALITY = 85
"""Of 100; a row has 10 to 40 kB then, and no more than its 268 kB of pixels."""

SECONDS = 1.0
"""From one picture of a source to its next, at least."""


class _Waiting(NamedTuple):
    """A picture whose event is on its way; `identity`: that event's; `offered`: monotonic."""

    identity: str
    offered: float
    jpeg: bytes
    retain: bool


class Pictures:
    """The newest picture of each source that publishes some. Safe for use from several threads."""

    def __init__(self, topics: Topics, statuses: Statuses) -> None:
        """Take the device's Topics, and the Statuses through which the broker is told."""
        self._topics = topics
        self._statuses = statuses
        self._lock = threading.Lock()
        self._waiting: Dict[str, _Waiting] = {}

    def offer(
        self, source: str, policy: Policy, identity: str, label: str, row: np.ndarray
    ) -> None:
        """Keep a picture until the broker has its event, if its source publishes such.

        Args:
            source: its name.
            policy: that source's.
            identity: of the event, which is put into the outbox after this.
            label: what it says.
            row: uint8[299, 299, 3], RGB.
        """
        is_wanted = {EACH_PICTURE: True, UNKNOWN_PICTURE: label == UNKNOWN}
        if not is_wanted.get(policy.picture, False):
            return
        now = time.monotonic()
        with self._lock:
            last = self._waiting.get(source)
        if last is not None and now - last.offered < SECONDS:
            return
        jpeg = simplejpeg.encode_jpeg(row, QUALITY, "RGB")
        with self._lock:
            self._waiting[source] = _Waiting(identity, now, jpeg, policy.retain)

    def acknowledged(self, message: Message) -> None:
        """The broker has a message: have it told the picture that waited for that, if one did."""
        with self._lock:
            waiting = self._waiting.get(message.source)
            if waiting is None or ("id", waiting.identity) not in message.user_properties:
                return
            if not waiting.jpeg:
                return
            self._waiting[message.source] = waiting._replace(jpeg=b"")
        properties = PublishProperties(JPEG, None, (("id", waiting.identity),))
        topic = self._topics.picture(message.source)
        self._statuses.set(topic, waiting.jpeg, properties, waiting.retain)

    def forget(self, source: str) -> None:
        """Have nobody take the last picture of a source for one that is current."""
        with self._lock:
            self._waiting.pop(source, None)
        self._statuses.set(self._topics.picture(source), b"")
