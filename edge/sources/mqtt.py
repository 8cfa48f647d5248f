"""Pictures that others publish over MQTT, and their labels' safety: a picture is acknowledged only
when the broker has its label. What was in flight when labeld died is delivered again.
"""

import hashlib
import logging
import threading
import time
from collections import deque
from functools import partial
from typing import Callable, Deque, Iterator, NamedTuple, Optional

import paho.mqtt.client as paho

from edge.config.settings import Config, MqttSourceSettings, SourceSettings
from edge.decide.news import Policy
from edge.errors import PictureError
from edge.frame import Frame, content_id
from edge.metrics import DROPPED, Metrics
from edge.mqtt import topics
from edge.mqtt.connection import Connection
from edge.mqtt.identity import Identity
from edge.mqtt.listener import Listener, Refusal
from edge.sources.source import Source
from edge.sources.state import SourceState
from edge.wakeup import Wakeup

WINDOW = 16
"""So many pictures wait here at most. A broker that speaks MQTT 5 is told to send no more before it
has an acknowledgement. mosquitto 2.0.11 sends more all the same: what is beyond is left unread, so
that it takes no memory here. Pictures at QoS 0 are dropped beyond it."""

UNDER_WAY = WINDOW - WINDOW // 4
"""So many are under way at most: what is when labeld is killed is labelled again, and so are those
whose acknowledgement the broker has not read by then, for which the rest of the window is."""

SESSION_SECONDS = 3 * 24 * 3600
"""So long the broker keeps pictures for a labeld that is away. It must keep them for a while:
mosquitto throws away what a shared subscriber had in flight when its session ends."""

ASK_AGAIN_SECONDS = 30.0
FINISH_SECONDS = 5.0

_log = logging.getLogger(__name__)


class _Arrived(NamedTuple):
    """A picture that has come, and the QoS of its message."""

    frame: Frame
    qos: int


class _Settled(NamedTuple):
    """A message whose label is safe, by number; `connection`: the number of the one it came over.

    Not the message itself: a label that waits must not hold its picture.
    """

    message: int
    qos: int
    connection: int


class _Pictures:
    """The messages that are here: those that wait, are in flight, and are to be acknowledged.

    `settle` is called from any thread, everything else from the source's own.
    """

    def __init__(self, wakeup: Wakeup) -> None:
        self.waiting: Deque[_Arrived] = deque()
        self._settled: Deque[_Settled] = deque()
        self.in_flight = 0
        self._wakeup = wakeup

    def settle(self, settled: "_Settled", _reason: Optional[str]) -> None:
        """Note that a message's label is safe."""
        self._settled.append(settled)
        self._wakeup.wake()

    @property
    def ready(self) -> bool:
        """True if one waits that may be under way, too."""
        return len(self.waiting) > 0 and self.in_flight < UNDER_WAY

    @property
    def is_full(self) -> bool:
        """True if as many wait as may, of those that the broker keeps for us."""
        return sum(arrived.qos > 0 for arrived in self.waiting) >= WINDOW

    def take(self) -> Frame:
        """Return the one that has waited longest; it is under way now."""
        self.in_flight += 1
        return self.waiting.popleft().frame

    def settled(self) -> Iterator["_Settled"]:
        """Yield what has been settled, each once."""
        while self._settled:
            self.in_flight -= 1
            yield self._settled.popleft()

    def forget_unacknowledged(self) -> None:
        """Keep, of those that wait, only what nobody delivers again."""
        self.waiting = deque(arrived for arrived in self.waiting if arrived.qos == 0)


class MqttSource(Source, Listener):
    """The source for one topic filter."""

    def __init__(
        self, settings: MqttSourceSettings, config: Config, state: SourceState, metrics: Metrics
    ) -> None:
        """Make the source; nothing is opened before `frames` runs.

        Args:
            settings: its MqttSourceSettings.
            config: the Config, for the device and its broker.
            state: its SourceState.
            metrics: the Metrics.
        """
        self.name = settings.name
        self._settings = settings
        self._filter = _filter(settings)
        self._device = config.device
        self._broker = config.mqtt.broker
        self._state = state
        self._metrics = metrics
        self._leaving = False
        self._ask_at: Optional[float] = None
        self._wakeup = Wakeup()
        self._pictures = _Pictures(self._wakeup)
        identity = Identity(_client_id(config, settings, self._filter), WINDOW, SESSION_SECONDS)
        self._connection = Connection(self._broker, identity, self, self._wakeup)

    def leave(self, successor: Optional[SourceSettings]) -> None:
        """Have the broker keep nothing more, unless the same filter goes on."""
        same = isinstance(successor, MqttSourceSettings) and _filter(successor) == self._filter
        self._leaving = not same

    def frames(self, stop: threading.Event) -> Iterator[Optional[Frame]]:
        """Yield the pictures; then wait a little for those in flight, so that none comes again."""
        try:
            while not stop.is_set():
                yield self._next()
            if self._leaving and self._connection.up:
                self._connection.unsubscribe(self._filter)
            finish_by = time.monotonic() + FINISH_SECONDS
            while self._waits() and self._connection.up and time.monotonic() < finish_by:
                if self._leaving:
                    yield self._next()
                else:
                    self._step()
                    yield None
        finally:
            self._acknowledge()
            self._connection.close(time.monotonic() + FINISH_SECONDS)
            self._wakeup.close()

    @property
    def is_full(self) -> bool:
        return self._pictures.is_full

    def on_up(self) -> None:
        self._ask_at = 0.0
        if self._settings.share is not None and not self._connection.is_version_5:
            _log.warning(
                "source %s: the broker speaks MQTT 3.1.1, which knows no shared subscriptions: "
                "whether `share` works is up to it",
                self.name,
            )

    def on_down(self) -> None:
        self._ask_at = None
        self._pictures.forget_unacknowledged()

    def on_trouble(self, reason: str) -> None:
        self._state.stale("{}: {}".format(self._broker.name, reason))

    def on_subscribed(self, refusal: Optional[Refusal]) -> None:
        if refusal is None:
            self._state.live()
            return
        self._state.stale(
            "the broker refuses a subscription to {}: {}".format(self._filter, refusal.text)
        )
        self._ask_at = time.monotonic() + ASK_AGAIN_SECONDS

    def on_message(self, message: paho.MQTTMessage) -> None:
        if not message.payload:  # that is how a retained picture is taken back
            if message.qos and self._connection.up:
                self._connection.acknowledge(message.mid, message.qos)
        elif message.qos == 0 and len(self._pictures.waiting) >= WINDOW:
            self._metrics.count(self.name, DROPPED)
        else:
            self._pictures.waiting.append(_Arrived(self._frame(message), message.qos))

    def _next(self) -> Optional[Frame]:
        """Return the next picture; without one that may be under way, see to the broker first."""
        if self._pictures.ready:
            self._acknowledge()
            return self._pictures.take()
        self._step()
        return None

    def _waits(self) -> bool:
        """Return True if something is in flight, or has arrived that comes to nobody else."""
        pictures = self._pictures
        return pictures.in_flight > 0 or (self._leaving and len(pictures.waiting) > 0)

    def _step(self) -> None:
        if self._ask_at is not None and time.monotonic() >= self._ask_at:
            self._ask_at = None
            self._connection.subscribe(self._filter)
        self._acknowledge()
        self._connection.step()

    def _acknowledge(self) -> None:
        """Acknowledge what is settled; one of an earlier connection will be delivered again."""
        for settled in self._pictures.settled():
            if self._connection.up and settled.connection == self._connection.number:
                self._connection.acknowledge(settled.message, settled.qos)

    def _frame(self, message: paho.MQTTMessage) -> Frame:
        payload = bytes(message.payload)
        return Frame(
            device=self._device,
            source=self.name,
            image=message.topic,
            captured_at=time.time(),
            arrived=time.monotonic(),
            read=_reader(payload, self._settings.max_bytes),
            settle=partial(
                self._pictures.settle, _Settled(message.mid, message.qos, self._connection.number)
            ),
            identity=content_id((self.name, message.topic), payload),
            policy=Policy(self._settings.threshold, picture=self._settings.publish_picture),
        )


def _filter(settings: MqttSourceSettings) -> str:
    return topics.shared(settings.topic, settings.share)


def _reader(payload: bytes, max_bytes: int) -> Callable[[], bytes]:
    """Return what gives the picture, or refuses one that is too large without holding it."""
    if len(payload) > max_bytes:
        return partial(_refuse, len(payload), max_bytes)
    return lambda: payload


def _refuse(size: int, max_bytes: int) -> bytes:
    raise PictureError("it has {} bytes; at most max_bytes, {}, are read".format(size, max_bytes))


def _client_id(config: Config, settings: MqttSourceSettings, topic_filter: str) -> str:
    """Return the name of the session; another filter has another, so that no old one mixes in."""
    mark = hashlib.blake2b(topic_filter.encode("utf-8"), digest_size=4).hexdigest()
    return config.topics.client_id(topics.level(settings.name), mark)
