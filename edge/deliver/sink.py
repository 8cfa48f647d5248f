"""The end of the pipeline: scores become an event, and the frame is settled once it is safe."""

import logging
import time
from typing import Optional, Tuple

from edge.board import Board
from edge.classify.bundle import Bundle
from edge.classify.outputs import Scored
from edge.config.settings import DecideSettings
from edge.decide.threshold import decide, resolved
from edge.deliver.event import SCHEMA, failed_event, label_event
from edge.deliver.message import Message
from edge.deliver.pictures import Pictures
from edge.deliver.sides import OutboxWriter
from edge.frame import Frame, Prepared
from edge.metrics import DROPPED, FAILED, PUBLISHED, UNCHANGED, Metrics
from edge.mqtt.topics import Topics
from edge.sink import Sink
from edge.worker import STEP_SECONDS

_log = logging.getLogger(__name__)


class EventSink(Sink):
    """Writes the events of one device into the outbox."""

    def __init__(
        self,
        settings: DecideSettings,
        topics: Topics,
        outbox: OutboxWriter,
        metrics: Metrics,
        pictures: Optional[Pictures] = None,
        board: Optional[Board] = None,
    ) -> None:
        """Make the sink.

        Args:
            settings: the `decide` section of the configuration; see `change`.
            topics: the device's Topics.
            outbox: where events go.
            metrics: the Metrics.
            pictures: where pictures wait for their events; None: none is published.
            board: told each label; None: nobody looks.
        """
        self._settings = settings
        self._topics = topics
        self._outbox = outbox
        self._metrics = metrics
        self._pictures = pictures
        self._board = board

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
        age = time.monotonic() - frame.arrived
        if due:
            message = self._message(
                frame,
                prepared.identity,
                self._topics.label(frame.source),
                label_event(prepared, decision, bundle, age),
                (("model", bundle.model),),
            )._replace(retain=policy.retain)
            if self._pictures is not None:
                self._pictures.offer(
                    frame.source, policy, prepared.identity, decision.label, prepared.row
                )
            if not self._put(frame, message):
                return False
        else:
            self.unchanged(frame)
        if policy.changes is not None:
            policy.changes.note(decision.label, frame.arrived, due)
        self._metrics.labelled(frame.source, decision.label, decision.score)
        if self._board is not None:
            self._board.labelled(
                frame.source, frame.image, decision.label, decision.score, age, prepared.row
            )
        return True

    def unchanged(self, frame: Frame) -> bool:
        self._metrics.count(frame.source, UNCHANGED)
        frame.settle(None)
        frame.release()
        return True

    def failed(self, frame: Frame, identity: str, reason: str) -> bool:
        topic, payload = self._topics.failed(frame.source), failed_event(frame, identity, reason)
        message = self._message(frame, identity, topic, payload)
        kept = self._put(frame, message._replace(outcome=FAILED, reason=reason))
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
        message = Message(self._topics.label(source), b"", retain=True, since=time.monotonic())
        return self._outbox.put(message, STEP_SECONDS)

    def _put(self, frame: Frame, message: Message) -> bool:
        kept = self._outbox.put(message, STEP_SECONDS)
        if kept:
            frame.release()
        return kept

    def _message(
        self,
        frame: Frame,
        identity: str,
        topic: str,
        payload: bytes,
        facts: Tuple[Tuple[str, str], ...] = (),
    ) -> Message:
        """Return a message of a frame, which does not hold the picture."""
        return Message(
            topic,
            payload,
            retain=False,
            since=time.monotonic(),
            user_properties=(("schema", str(SCHEMA)), ("id", identity)) + facts,
            source=frame.source,
            outcome=PUBLISHED,
            arrived=frame.arrived,
            may_drop=frame.policy.retain,
            settle=frame.settle,
        )
