"""The labels' way out: messages from the outbox to the broker, and statuses kept true there."""

from edge.connection import Connection, Listener

IN_FLIGHT = 64
"""Messages sent and not yet acknowledged, at most."""


class Publisher(Listener):
    """Moves messages from the outbox to the broker at QoS 1, and keeps statuses true."""

    meanwhile = "labels are kept, trying again"

    def __init__(self, settings, device_topic, outbox, statuses, metrics):
        """Make the client; no connection is made before `step`.

        Args:
            settings: the `mqtt` section of the configuration.
            device_topic: `<prefix>/<device>`.
            outbox: the Outbox.
            statuses: the Statuses.
            metrics: the Metrics.
        """
        self._qos = settings.qos
        self._status_topic = device_topic + "/status"
        self._outbox = outbox
        self._statuses = statuses
        self._gauge = metrics.mqtt_connected
        self._sent = {}
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
        self._tell(self._status_topic, "online")
        self._statuses.tell_all()

    def on_down(self):
        self._gauge.set(0)
        self._outbox.send_again(key for key in self._sent.values() if key is not None)
        self._sent.clear()

    def on_published(self, number):
        key = self._sent.pop(number, None)
        if key is not None:
            self._outbox.acknowledge(key)

    def _feed(self):
        """Hand statuses, then messages, to the connection while its window has room."""
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
        number = self._connection.publish(message.topic, message.payload, self._qos, message.retain)
        if number is None:
            self._outbox.send_again([key])
        else:
            self._sent[number] = key
        return True

    def _tell(self, topic, payload):
        """Publish a status; if it is lost, `on_up` has all of them told again."""
        number = self._connection.publish(topic, payload, retain=True)
        if number is not None:
            self._sent[number] = None
