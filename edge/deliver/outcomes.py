"""What becomes of messages, told to the metrics and the log."""

import logging
import time
from typing import Optional

from edge.deliver.event import failure_of
from edge.deliver.message import Message
from edge.deliver.pictures import Pictures
from edge.metrics import DROPPED, FAILED, PUBLISH, PUBLISHED, Metrics
from edge.mqtt.topics import Topics

_log = logging.getLogger(__name__)


class Outcomes:
    """Counts the ends of one device's messages; any thread's."""

    def __init__(
        self, topics: Topics, metrics: Metrics, pictures: Optional[Pictures] = None
    ) -> None:
        """Take the device's Topics, the Metrics, and the pictures that wait for their events."""
        self._topics = topics
        self._metrics = metrics
        self._pictures = pictures

    def acknowledged(self, message: Message, stored: bool) -> None:
        """The broker has a message; `stored`: it comes from disk, and its times say nothing."""
        if message.outcome is None:
            return
        self._metrics.count(message.source, message.outcome)
        if self._pictures is not None:
            self._pictures.acknowledged(message)
        if not stored:
            now = time.monotonic()
            self._metrics.stage(PUBLISH, now - message.since)
            self._metrics.age(message.source, now - message.arrived)

    def refused(self, message: Message, reason: str) -> Optional[Message]:
        """The broker will never take a message.

        Returns:
            What says so in fewer words; None if this itself is that, or has no picture.
        """
        if message.outcome is None:
            return None
        if message.outcome == PUBLISHED:
            payload = failure_of(message.payload, reason)
            _log.error("source %s: %s; set aside: %s", message.source, reason, payload.decode())
            return message._replace(
                topic=self._topics.failed(message.source),
                payload=payload,
                retain=False,
                user_properties=message.user_properties[:2],
                outcome=FAILED,
                reason=reason,
            )
        _log.error("source %s: %s: %s", message.source, reason, message.payload.decode())
        self._metrics.count(message.source, FAILED)
        return None

    def dropped(self, source: str, reason: str, number: int) -> None:
        """Messages were dropped; `reason`: one of edge.metrics.REASONS."""
        self._metrics.count(source, DROPPED, number)
        self._metrics.dropped(source, reason, number)

    def holds(self, messages: int, size: int) -> None:
        """So many messages are not acknowledged, of `size` bytes."""
        self._metrics.outbox_messages.set(messages)
        self._metrics.outbox_bytes.set(size)

    def on_disk(self, can_write: bool) -> None:
        """Show whether messages that wait can be written to disk."""
        self._metrics.outbox_on_disk.set(1 if can_write else 0)
