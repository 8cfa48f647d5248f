"""The labels' way out: messages from the outbox to the broker, and statuses kept true there."""

import logging
import time

from edge.backoff import Backoff
from edge.mqtt.connection import JSON, TEXT, Connection, Facts, Listener

IN_FLIGHT = 64
"""Messages sent and not yet acknowledged, at most."""

MAX_EXPIRY_SECONDS = 0xFFFFFFFF
"""MQTT 5's greatest Message Expiry Interval, 3.3.2.3.3."""

AGAIN_SECONDS = (1.0, 60.0)
"""What the broker refuses is sent again after so long, at first and at most."""

_log = logging.getLogger(__name__)


class Publisher(Listener):
    """Moves messages from the outbox to the broker at QoS 1, and keeps statuses true."""

    meanwhile = "labels are kept, trying again"

    def __init__(self, settings, max_age_seconds, device_topic, outbox, statuses, metrics):
        """Make the client; no connection is made before `step`.

        Args:
            settings: the `mqtt` section of the configuration.
            max_age_seconds: how long the broker keeps a label for who is away; None: for ever.
            device_topic: `<prefix>/<device>`.
            outbox: the Outbox.
            statuses: the Statuses.
            metrics: the Metrics.
        """
        self._qos = settings.qos
        self._max_age = max_age_seconds
        self._status_topic = device_topic + "/status"
        self._outbox = outbox
        self._statuses = statuses
        self._gauge = metrics.mqtt_connected
        self._sent = {}
        self._refused = []
        self._refusals = {}
        self._again = Backoff(*AGAIN_SECONDS)
        self._again_at = 0.0
        self._connection = Connection(
            settings,
            device_topic.replace("/", "-"),
            self,
            IN_FLIGHT,
            will=(self._status_topic, "offline"),
        )
        outbox.on_put = self._connection.wake
        statuses.on_set = self._connection.wake

    def step(self):
        """Connect, send or receive, waiting at most STEP_SECONDS; True while more can be sent."""
        if self._connection.up:
            self._feed()
        self._connection.step()
        return self._connection.up and len(self._outbox) > 0

    def close(self, deadline):
        """Say `offline` and disconnect, by `deadline` (monotonic seconds) whatever happens."""
        self._connection.close(deadline, farewell=(self._status_topic, "offline"))
        self._gauge.set(0)

    def on_up(self):
        self._gauge.set(1)
        self._tell(self._status_topic, "online", TEXT)
        self._statuses.tell_all()

    def on_down(self):
        self._gauge.set(0)
        self._outbox.send_again(key for key, _ in self._sent.values() if key is not None)
        self._sent.clear()  # and not what was refused: mosquitto 2.0.11 hangs up after it

    def on_published(self, number, refusal):
        key, topic = self._sent.pop(number, (None, None))
        if refusal is not None and topic is not None:
            self._postpone(key, topic, refusal)
        elif key is not None:
            self._outbox.acknowledge(key)
            if self._refusals.pop(topic, None) is not None:
                self._again.reset()

    def _postpone(self, key, topic, refusal):
        """Keep what the broker does not take, to be sent again; a status waits for a change."""
        if self._refusals.get(topic) != refusal:
            self._refusals[topic] = refusal
            _log.error(
                "%s: the broker does not take what is published to %s: %s; see its access rules "
                "and quotas; labels are kept and sent again",
                self._connection.where,
                topic,
                refusal,
            )
        if key is None:
            return
        if not self._refused:
            self._again_at = time.monotonic() + self._again.next()
        self._refused.append(key)

    def _feed(self):
        """Hand statuses, then messages, to the connection while its window has room."""
        if self._refused and time.monotonic() > self._again_at:
            self._outbox.send_again(self._refused)
            self._refused = []
        while self._connection.up and len(self._sent) < self._connection.window:
            status = self._statuses.take()
            if status is not None:
                self._tell(*status)
            elif not self._send_next():
                return

    def _send_next(self):
        """Send the outbox's next message; False if there is none."""
        unsent = self._outbox.next_unsent()
        if unsent is None:
            return False
        key, message = unsent
        number = self._connection.publish(
            message.topic, message.payload, self._facts(message), self._qos, message.retain
        )
        if number is None:
            self._outbox.send_again([key])
        else:
            self._sent[number] = (key, message.topic)
        return True

    def _facts(self, message):
        """Return what goes with a message; a retained one stays true until the next."""
        expiry = None
        if self._max_age is not None and not message.retain:
            age = time.monotonic() - message.since
            expiry = max(1, min(int(self._max_age - age), MAX_EXPIRY_SECONDS))
        return Facts("application/json", expiry, message.user_properties)

    def _tell(self, topic, payload, facts=JSON):
        """Publish a status; if it is lost, `on_up` has all of them told again."""
        number = self._connection.publish(topic, payload, facts, retain=True)
        if number is not None:
            self._sent[number] = (None, topic)
