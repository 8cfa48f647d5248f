"""Pictures that others publish over MQTT, and their labels' safety: a picture is acknowledged only
when the broker has its label. What was under way when labeld died is delivered again.
"""

import hashlib
import logging
import time
from collections import deque
from functools import partial

from edge.config.settings import topic_level
from edge.decide.news import Policy
from edge.errors import PictureError
from edge.frame import Frame, content_id
from edge.metrics import DROPPED
from edge.mqtt.connection import Connection, Listener

WINDOW = 16
"""Pictures not yet acknowledged, at most, where the broker speaks MQTT 5; with 3.1.1 the broker's
own bound holds. Pictures at QoS 0 wait here in the same number, and are dropped beyond it."""

SESSION_SECONDS = 3 * 24 * 3600
"""So long the broker keeps pictures for a labeld that is away. It must keep them for a while:
mosquitto throws away what a shared subscriber had under way when its session ends."""

ASK_AGAIN_SECONDS = 30.0
FINISH_SECONDS = 5.0

_log = logging.getLogger(__name__)


class MqttPictures(Listener):
    """The source for one topic filter."""

    def __init__(self, settings, mqtt, device_topic, device, state, metrics):
        """Make the source; nothing is opened before `frames` runs.

        Args:
            settings: an MqttSource of the configuration.
            mqtt: the configuration's `mqtt` section.
            device_topic: `<prefix>/<device>`.
            device: the device's name.
            state: its SourceState.
            metrics: the Metrics.
        """
        self.name = settings.name
        self._settings = settings
        self._filter = _filter(settings)
        self._device = device
        self._state = state
        self._metrics = metrics
        self._policy = Policy(settings.threshold, retain=False, changes=None)
        self._arrived = deque()
        self._settled = deque()
        self._under_way = 0
        self._leaving = False
        self._ask_at = None
        client_id = _client_id(device_topic, settings.name, self._filter)
        self._connection = Connection(mqtt, client_id, self, WINDOW, SESSION_SECONDS)

    def leave(self, successor):
        """Say, before it is stopped, whose settings take its place: any source's, or None.

        Where that is another topic filter, the broker is told to keep nothing more for this one.
        """
        heir = successor is not None and successor.kind == self._settings.kind
        self._leaving = not heir or _filter(successor) != self._filter

    def frames(self, stop):
        """Yield a Frame for each picture, or None about every STEP_SECONDS, until `stop` is set.

        Then wait a little for what is under way, so that it need not be delivered again.
        """
        try:
            while not stop.is_set():
                if self._arrived:
                    yield self._frame(*self._arrived.popleft())
                else:
                    self._step()
                    yield None
            if self._leaving and self._connection.up:
                self._connection.unsubscribe(self._filter)
            finish_by = time.monotonic() + FINISH_SECONDS
            while self._waits() and self._connection.up and time.monotonic() < finish_by:
                if self._leaving and self._arrived:
                    yield self._frame(*self._arrived.popleft())
                    continue
                self._step()
                yield None
        finally:
            self._acknowledge()
            self._connection.close(time.monotonic() + FINISH_SECONDS)

    def on_up(self):
        self._ask_at = 0.0
        if self._settings.share is not None and not self._connection.is_version_5:
            _log.warning(
                "source %s: the broker speaks MQTT 3.1.1, which knows no shared subscriptions: "
                "whether `share` works is up to it",
                self.name,
            )

    def on_down(self):
        self._ask_at = None
        # what is to be acknowledged is delivered again
        self._arrived = deque(arrived for arrived in self._arrived if arrived[0].qos == 0)

    def on_trouble(self, reason):
        self._state.stale("{}: {}".format(self._connection.where, reason))

    def on_subscribed(self, refusal):
        if refusal is None:
            self._state.live()
            return
        self._state.stale(
            "the broker refuses a subscription to {}: {}".format(self._filter, refusal)
        )
        self._ask_at = time.monotonic() + ASK_AGAIN_SECONDS

    def on_message(self, message):
        if message.qos == 0 and len(self._arrived) >= WINDOW:
            self._metrics.count(self.name, DROPPED)
        else:
            self._arrived.append((message, time.time(), time.monotonic()))

    def _waits(self):
        """Return True if something is under way, or has arrived that comes to nobody else."""
        return self._under_way > 0 or (self._leaving and len(self._arrived) > 0)

    def _step(self):
        if self._ask_at is not None and time.monotonic() >= self._ask_at:
            self._ask_at = None
            self._connection.subscribe(self._filter)
        self._acknowledge()
        self._connection.step()

    def _acknowledge(self):
        """Acknowledge what is settled; one of an earlier connection will be delivered again."""
        while self._settled:
            message, connection_number = self._settled.popleft()
            self._under_way -= 1
            if self._connection.up and connection_number == self._connection.number:
                self._connection.acknowledge(message)

    def _frame(self, message, captured_at, seen):
        self._under_way += 1
        return Frame(
            device=self._device,
            source=self.name,
            image=message.topic,
            captured_at=captured_at,
            seen=seen,
            read=partial(_read, message.payload, self._settings.max_bytes),
            settle=partial(self._settle, message, self._connection.number),
            identity=content_id(self.name, message.topic, message.payload),
            policy=self._policy,
        )

    def _settle(self, message, connection_number, _reason):
        self._settled.append((message, connection_number))
        self._connection.wake()


def _filter(settings):
    if settings.share is None:
        return settings.topic
    return "$share/{}/{}".format(settings.share, settings.topic)


def _read(payload, max_bytes):
    if len(payload) > max_bytes:
        raise PictureError(
            "it has {} bytes; at most max_bytes, {}, are read".format(len(payload), max_bytes)
        )
    return payload


def _client_id(device_topic, source, topic_filter):
    """Return the name of the session; another filter has another, so that no old one mixes in."""
    mark = hashlib.blake2b(topic_filter.encode("utf-8"), digest_size=4).hexdigest()
    return "-".join((device_topic.replace("/", "-"), topic_level(source), mark))
