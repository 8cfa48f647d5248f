"""The end of the pipeline: scores become an event, and the frame is settled once it is safe."""

import logging
import time

from edge.config.settings import topic_level
from edge.decide.threshold import decide
from edge.deliver.event import SCHEMA, failed_event, label_event
from edge.deliver.outbox import Message
from edge.metrics import DROPPED, FAILED, PUBLISH, PUBLISHED, UNCHANGED
from edge.worker import STEP_SECONDS

_log = logging.getLogger(__name__)


class Desk:
    """Writes the events of one device into the outbox.

    `labelled`, `failed` and `forget` return False if the outbox had no room for STEP_SECONDS.

    Attributes:
        settings: the `decide` section of the configuration that is in force.
    """

    def __init__(self, settings, device_topic, outbox, metrics):
        """Make the desk.

        Args:
            settings: the `decide` section of the configuration.
            device_topic: `<prefix>/<device>`.
            outbox: the Outbox.
            metrics: the Metrics.
        """
        self.settings = settings
        self._device_topic = device_topic
        self._outbox = outbox
        self._metrics = metrics

    def labelled(self, picture, scores, bundle):
        frame, policy = picture.frame, picture.frame.policy
        settings, model = self.settings, bundle.model
        threshold = settings.threshold if policy.threshold is None else policy.threshold
        decision = decide(scores, bundle.labels, threshold, settings.top)
        due = policy.changes is None or policy.changes.due(decision.label, frame.seen)
        if due:
            age = time.monotonic() - frame.seen
            payload = label_event(frame, picture.identity, decision, picture.status, model, age)
            facts = (("id", picture.identity), ("model", model))
            if not self._put(frame, "label", payload, facts, PUBLISHED, None):
                return False
        else:
            self.unchanged(frame)
        if policy.changes is not None:
            policy.changes.note(decision.label, frame.seen, due)
        return True

    def unchanged(self, frame):
        self._metrics.count(frame.source, UNCHANGED)
        frame.settle(None)
        frame.taken()
        return True

    def failed(self, frame, identity, reason):
        event = failed_event(frame, identity, reason)
        taken = self._put(frame, "failed", event, (("id", identity),), FAILED, reason)
        if taken:
            _log.warning("source %s: %s: %s; set aside", frame.source, frame.image, reason)
        return taken

    def gone(self, frame):
        _log.info("source %s: %s was gone before it was read", frame.source, frame.image)
        self._metrics.count(frame.source, DROPPED)
        frame.settle(None)
        return True

    def forget(self, source):
        """Have the broker forget a source's retained label, once those before it are delivered."""
        message = Message(self._topic(source, "label"), b"", _nothing, True, time.monotonic(), ())
        return self._outbox.put(message, STEP_SECONDS)

    def _topic(self, source, level):
        return "/".join((self._device_topic, topic_level(source), level))

    def _put(self, frame, level, payload, facts, outcome, reason):
        topic = self._topic(frame.source, level)
        started = time.monotonic()

        def delivered():
            now = time.monotonic()
            frame.settle(reason)
            self._metrics.count(frame.source, outcome)
            self._metrics.stage(PUBLISH, now - started)
            self._metrics.age(frame.source, now - frame.seen)

        retain = frame.policy.retain and reason is None
        user_properties = (("schema", str(SCHEMA)),) + facts
        message = Message(topic, payload, delivered, retain, started, user_properties)
        kept = self._outbox.put(message, STEP_SECONDS)
        if kept:
            frame.taken()
        return kept


def _nothing():
    """What is done when a message without a picture is delivered."""
