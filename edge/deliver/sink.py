"""The end of the pipeline: scores become an event, and the frame is settled once it is safe."""

import logging
import time
from typing import NamedTuple, Optional, Tuple

from edge.classify.bundle import Bundle
from edge.classify.outputs import Scored
from edge.config.settings import DecideSettings
from edge.decide.threshold import decide, resolved
from edge.deliver.event import SCHEMA, failed_event, label_event
from edge.deliver.outbox import Message, OutboxWriter
from edge.frame import Frame, Prepared
from edge.metrics import DROPPED, FAILED, PUBLISH, PUBLISHED, UNCHANGED, Metrics
from edge.mqtt.topics import Topics
from edge.sink import Sink
from edge.worker import STEP_SECONDS

_log = logging.getLogger(__name__)


class _Event(NamedTuple):
    """What is to be published of a frame.

    Attributes:
        topic, payload: for the message.
        identity: its id.
        facts: pairs of texts for MQTT 5, beside the schema and the id.
        outcome: what the frame counts as once it is delivered.
        reason: why it could not be classified, or None.
    """

    topic: str
    payload: bytes
    identity: str
    facts: Tuple[Tuple[str, str], ...]
    outcome: str
    reason: Optional[str] = None


class EventSink(Sink):
    """Writes the events of one device into the outbox."""

    def __init__(
        self, settings: DecideSettings, topics: Topics, outbox: OutboxWriter, metrics: Metrics
    ) -> None:
        """Make the sink.

        Args:
            settings: the `decide` section of the configuration; see `change`.
            topics: the device's Topics.
            outbox: where events go.
            metrics: the Metrics.
        """
        self._settings = settings
        self._topics = topics
        self._outbox = outbox
        self._metrics = metrics

    def change(self, settings: DecideSettings) -> None:
        """Decide by other settings from now on."""
        self._settings = settings

    def labelled(self, prepared: Prepared, scored: Scored, bundle: Bundle) -> bool:
        frame, policy = prepared.frame, prepared.frame.policy
        settings = self._settings
        wanted = settings.threshold if policy.threshold is None else policy.threshold
        threshold = resolved(wanted, bundle.threshold)
        decision = decide(scored, bundle.labels, threshold, settings.top, settings.familiar)
        due = policy.changes is None or policy.changes.due(decision.label, frame.arrived)
        if due:
            age = time.monotonic() - frame.arrived
            event = _Event(
                self._topics.label(frame.source),
                label_event(prepared, decision, bundle.model, age),
                prepared.identity,
                (("model", bundle.model),),
                PUBLISHED,
            )
            if not self._put(frame, event):
                return False
        else:
            self.unchanged(frame)
        if policy.changes is not None:
            policy.changes.note(decision.label, frame.arrived, due)
        return True

    def unchanged(self, frame: Frame) -> bool:
        self._metrics.count(frame.source, UNCHANGED)
        frame.settle(None)
        frame.release()
        return True

    def failed(self, frame: Frame, identity: str, reason: str) -> bool:
        kept = self._put(frame, self._failure(frame, identity, reason))
        if kept:
            _log.warning("source %s: %s: %s; set aside", frame.source, frame.image, reason)
        return kept

    def gone(self, frame: Frame) -> bool:
        _log.info("source %s: %s was gone before it was read", frame.source, frame.image)
        self._metrics.count(frame.source, DROPPED)
        frame.settle(None)
        return True

    def forget(self, source: str) -> bool:
        """Have the broker forget a source's retained label, once those before it are delivered.

        Returns:
            False if the outbox had no room for STEP_SECONDS.
        """
        now = time.monotonic()
        message = Message(self._topics.label(source), b"", _nothing, _nothing, True, now, ())
        return self._outbox.put(message, STEP_SECONDS)

    def _put(self, frame: Frame, event: _Event) -> bool:
        kept = self._outbox.put(self._message(frame, event), STEP_SECONDS)
        if kept:
            frame.release()
        return kept

    def _message(self, frame: Frame, event: _Event) -> Message:
        started = time.monotonic()

        def delivered() -> None:
            now = time.monotonic()
            frame.settle(event.reason)
            self._metrics.count(frame.source, event.outcome)
            self._metrics.stage(PUBLISH, now - started)
            self._metrics.age(frame.source, now - frame.arrived)

        def refused(reason: str) -> None:
            _log.error("source %s: %s: %s; set aside", frame.source, frame.image, reason)
            if event.reason is None:  # the event that says so is shorter
                said = self._message(frame, self._failure(frame, event.identity, reason))
                if self._outbox.put(said, 0.0):
                    return
            frame.settle(event.reason or reason)
            self._metrics.count(frame.source, FAILED)

        retain = frame.policy.retain and event.reason is None
        properties = (("schema", str(SCHEMA)), ("id", event.identity)) + event.facts
        return Message(event.topic, event.payload, delivered, refused, retain, started, properties)

    def _failure(self, frame: Frame, identity: str, reason: str) -> _Event:
        payload = failed_event(frame, identity, reason)
        return _Event(self._topics.failed(frame.source), payload, identity, (), FAILED, reason)


def _nothing(*_: str) -> None:
    """What is done when a message without a picture is delivered, or refused."""
