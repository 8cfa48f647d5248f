"""The labels' way out: messages from the outbox to the broker, and statuses kept true there."""

import logging
import time
from collections import deque
from typing import Deque, Dict, NamedTuple, Optional, Tuple

from prometheus_client import Gauge

from edge.config.settings import Config
from edge.deliver.event import delayed
from edge.deliver.message import Message
from edge.deliver.refusals import Refusals
from edge.deliver.sides import OutboxReader
from edge.deliver.statuses import Statuses, Word
from edge.mqtt.connection import Connection
from edge.mqtt.identity import Identity, Will
from edge.mqtt.limits import UnfitError
from edge.mqtt.listener import Listener, Refusal
from edge.mqtt.properties import JSON, TEXT, PublishProperties
from edge.wakeup import Wakeup

IN_FLIGHT = 64
"""Messages sent and not yet acknowledged, at most."""

MAX_EXPIRY_SECONDS = 0xFFFFFFFF
"""MQTT 5's greatest Message Expiry Interval, 3.3.2.3.3."""

MOST_REFUSED = 1000
"""Where so many messages wait that the broker did not take, no more of the late ones are sent."""

_log = logging.getLogger(__name__)


class _Sent(NamedTuple):
    """What is in flight; `key`: the outbox's, or None for a status."""

    key: Optional[int]
    topic: str


class Publisher(Listener):
    """Moves messages from the outbox to the broker, and keeps statuses true; one thread's."""

    meanwhile = "labels are kept, trying again"

    def __init__(
        self,
        config: Config,
        outbox: OutboxReader,
        statuses: Statuses,
        connected: Gauge,
        wakeup: Wakeup,
    ) -> None:
        """Make the client; no connection is made before `step`.

        Args:
            config: the Config.
            outbox: what messages are taken from.
            statuses: what else is to be told.
            connected: shows 1 while the broker has accepted us.
            wakeup: ends the wait in `step` when there is something to send.
        """
        self._broker = config.mqtt.broker
        self.qos = config.mqtt.qos
        self._max_age_seconds = 3600 * config.outbox.max_age_hours
        self._status_topic = config.topics.device_status
        self._outbox = outbox
        self._statuses = statuses
        self._connected = connected
        self._sent: Dict[int, _Sent] = {}
        self._refusals = Refusals()
        self._to_say_online = False
        self._current: Deque[Message] = deque()
        will = Will(self._status_topic, "offline")
        identity = Identity(config.topics.client_id(), IN_FLIGHT, will=will)
        self._connection = Connection(self._broker, identity, self, wakeup)

    def step(self) -> bool:
        """Connect, send or receive, waiting at most STEP_SECONDS; True while more can be sent."""
        if self._connection.up:
            self._feed()
        self._connection.step()
        return self._connection.up and self._outbox.in_memory > 0

    def close(self, deadline: float) -> None:
        """Say `offline` and disconnect, by `deadline` (monotonic seconds) whatever happens."""
        self._connection.close(deadline)
        self._connected.set(0)

    def on_up(self) -> None:
        self._connected.set(1)
        self._to_say_online = True
        self._statuses.tell_all()
        self._current = deque(self._outbox.current())  # an outage of the broker may have cost it

    def on_down(self) -> None:
        self._connected.set(0)
        self._outbox.send_again(sent.key for sent in self._sent.values() if sent.key is not None)
        self._sent.clear()  # and not what was refused: mosquitto 2.0.11 hangs up after it

    def on_published(self, number: int, refusal: Optional[Refusal]) -> None:
        sent = self._sent.pop(number, None)
        if sent is None:
            return
        if refusal is not None and refusal.lasts and sent.key is not None:
            self._outbox.refuse(sent.key, "the broker refuses its message: " + refusal.text)
        elif refusal is not None:
            self._postpone(sent, refusal.text)
        elif sent.key is not None:
            self._outbox.acknowledge(sent.key)
            self._refusals.accepted(sent.topic)

    def _postpone(self, sent: _Sent, refusal: str) -> None:
        """Keep what the broker does not take, to be sent again; a status waits for a change."""
        if self._refusals.is_new(sent.topic, refusal):
            _log.error(
                "%s: the broker does not take what is published to %s: %s; see its access rules "
                "and quotas; labels are kept and sent again",
                self._broker.name,
                sent.topic,
                refusal,
            )
        if sent.key is not None:
            self._refusals.keep(sent.key, time.monotonic())

    def _feed(self) -> None:
        """Hand statuses, then messages, to the connection while its window has room."""
        self._outbox.send_again(self._refusals.due(time.monotonic()))
        while self._connection.hear() and len(self._sent) < self._connection.window:
            told = self._say_online() or self._tell_next() or self._tell_current()
            if not (told or self._send_next(self._outbox.next_unsent()) or self._send_delayed()):
                return

    def _say_online(self) -> bool:
        """Say so, once a connection: in no callback, where paho would write before it has read."""
        if not self._to_say_online:
            return False
        self._to_say_online = False
        self._tell(self._status_topic, Word(b"online", TEXT))
        return True

    def _tell_next(self) -> bool:
        """Publish the next status; False if there is none."""
        status = self._statuses.next_untold()
        if status is None:
            return False
        self._tell(*status)
        return True

    def _tell_current(self) -> bool:
        """Publish the next label that is current, which may have been published before."""
        if not self._current:
            return False
        message = self._current.popleft()
        self._tell(message.topic, Word(message.payload, self._properties(message)))
        return True

    def _send_delayed(self) -> bool:
        """Send the next of those that have waited on disk; part of the window is for new ones."""
        window = self._connection.window
        if len(self._sent) >= window - window // 4 or self._refusals.count >= MOST_REFUSED:
            return False
        unsent = self._outbox.next_delayed(time.monotonic())
        if unsent is None:
            return False
        key, message = unsent
        return self._send_next((key, message._replace(payload=delayed(message.payload))))

    def _send_next(self, unsent: Optional[Tuple[int, Message]]) -> bool:
        """Send what the outbox has handed out; False if there is none."""
        if unsent is None:
            return False
        key, message = unsent
        try:
            number = self._connection.publish(
                message.topic, message.payload, self._properties(message), self.qos, message.retain
            )
        except UnfitError as error:
            self._outbox.refuse(key, str(error))
            return True
        if number is None:
            self._outbox.send_again([key])
        elif not self._connection.acknowledges:
            self._outbox.acknowledge(key)
        else:
            self._sent[number] = _Sent(key, message.topic)
        return True

    def _properties(self, message: Message) -> PublishProperties:
        """Return what goes with a message; a retained one stays true until the next."""
        expiry = None
        if self._max_age_seconds and not message.retain:
            age = time.monotonic() - message.since
            expiry = max(1, min(int(self._max_age_seconds - age), MAX_EXPIRY_SECONDS))
        return PublishProperties(JSON.content_type, expiry, message.user_properties)

    def _tell(self, topic: str, word: Word) -> None:
        """Publish a status; if it is lost, `on_up` has all of them told again."""
        try:
            number = self._connection.publish(
                topic, word.payload, word.properties, retain=word.retain
            )
        except UnfitError as error:
            _log.error("%s: %s cannot be told: %s", self._broker.name, topic, error)
            return
        if number is not None and self._connection.acknowledges:
            self._sent[number] = _Sent(None, topic)
