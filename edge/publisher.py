"""The MQTT client: connects, says that the device is online, publishes, learns of acknowledgement.

One thread owns the client and drives it by its external-loop calls, so that nothing in it races.
"""

import logging
import selectors
import socket
import time

import paho.mqtt.client as paho

from edge.backoff import Backoff
from edge.mqtt_client import new_client
from edge.worker import STEP_SECONDS

IN_FLIGHT = 64
"""Messages sent and not yet acknowledged, at most."""

CONNACK_SECONDS = 10.0
KEEPALIVE_SECONDS = 30
BACKOFF_SECONDS = (0.5, 30.0)

STEADY_SECONDS = 5.0
"""After a connection that held so long, the next try comes soon; after shorter ones, ever later:
two clients of one name push each other out, and must not do so as fast as they can."""

_log = logging.getLogger(__name__)


class Publisher:
    """Moves messages from the outbox to the broker at QoS 1, and keeps statuses true."""

    def __init__(self, settings, device_topic, outbox, statuses, metrics):
        """Make the client; no connection is made before `step`.

        Args:
            settings: the `mqtt` section of the configuration.
            device_topic: `<prefix>/<device>`.
            outbox: the Outbox.
            statuses: the Statuses.
            metrics: the Metrics.
        """
        self._settings = settings
        self._status_topic = device_topic + "/status"
        self._where = "mqtt {}:{}".format(settings.host, settings.port)
        self._outbox = outbox
        self._statuses = statuses
        self._gauge = metrics.mqtt_connected
        self._keys = {}
        self._connected = False
        self._complaint = None
        self._tries = Backoff(*BACKOFF_SECONDS)
        self._losses = Backoff(*BACKOFF_SECONDS)
        self._try_at = 0.0
        self._connack_by = 0.0
        self._since = 0.0
        self._woken, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        self._client = self._new_client(device_topic)
        outbox.on_put = self._wake
        statuses.on_set = self._wake

    def step(self):
        """Connect, send or receive, waiting at most STEP_SECONDS; True while more can be sent."""
        if self._connected:
            self._feed()
        elif self._client.socket() is None or time.monotonic() > self._connack_by:
            self._connect_when_due()
        self._exchange(STEP_SECONDS)
        return self._connected and len(self._outbox) > 0

    def close(self, deadline):
        """Say `offline` and disconnect, by `deadline` (monotonic seconds) whatever happens."""
        if self._connected:
            farewell = self._client.publish(self._status_topic, "offline", qos=1, retain=True)
            while self._connected and not farewell.is_published() and time.monotonic() < deadline:
                self._exchange(STEP_SECONDS)
            self._connected = False  # from here on, losing the connection is no loss
            self._client.disconnect()
        self._gauge.set(0)
        self._woken.close()
        self._waker.close()

    def _new_client(self, device_topic):
        client = _paho_client(device_topic.replace("/", "-"), self)
        settings = self._settings
        if settings.username is not None:
            client.username_pw_set(settings.username, settings.password)
        if settings.tls is not None:
            client.tls_set(
                ca_certs=settings.tls.ca, certfile=settings.tls.cert, keyfile=settings.tls.key
            )
        client.max_inflight_messages_set(IN_FLIGHT + 4)
        client.will_set(self._status_topic, "offline", qos=1, retain=True)
        return client

    def _connect_when_due(self):
        now = time.monotonic()
        if now < self._try_at:
            return
        self._try_at = now + self._tries.next()
        self._connack_by = now + CONNACK_SECONDS
        if self._client.socket() is not None:
            self._complain("it took the connection, but gave no CONNACK: is it an MQTT broker?")
        try:
            self._client.connect(self._settings.host, self._settings.port, KEEPALIVE_SECONDS)
        except (OSError, ValueError) as error:
            self._complain("cannot connect: {}".format(error))

    def _feed(self):
        """Hand statuses, and messages while the window has room, to the client."""
        for topic, payload in self._statuses.take():
            self._client.publish(topic, payload, qos=1, retain=True)
        while len(self._keys) < IN_FLIGHT:
            unsent = self._outbox.next_unsent()
            if unsent is None:
                return
            key, message = unsent
            sent = self._client.publish(
                message.topic, message.payload, qos=self._settings.qos, retain=message.retain
            )
            self._keys[sent.mid] = key

    def _exchange(self, timeout):
        """Read and write what the socket allows, once it does, or another thread wakes us."""
        connection = self._client.socket()
        with selectors.PollSelector() as selector:
            selector.register(self._woken, selectors.EVENT_READ)
            if connection is not None:
                both = selectors.EVENT_READ | selectors.EVENT_WRITE
                wants = both if self._client.want_write() else selectors.EVENT_READ
                selector.register(connection, wants)
                if getattr(connection, "pending", int)():  # TLS holds bytes that poll cannot see
                    timeout = 0.0
                    self._client.loop_read()
            for key, events in selector.select(timeout):
                if key.fileobj is self._woken:
                    self._woken.recv(4096)
                    continue
                if events & selectors.EVENT_READ:
                    self._client.loop_read()
                if events & selectors.EVENT_WRITE:
                    self._client.loop_write()
        self._client.loop_misc()

    def _wake(self):
        try:
            self._waker.send(b"1")
        except (BlockingIOError, OSError):
            pass  # it has been woken already, or is closed

    def _on_connect(self, refusal):
        """Take the broker's answer: None, or why it refuses."""
        if refusal is not None:
            self._complain("the broker refused us: {}".format(refusal))
            return
        self._connected = True
        self._since = time.monotonic()
        self._complaint = None
        self._tries.reset()
        self._gauge.set(1)
        self._client.publish(self._status_topic, "online", qos=1, retain=True)
        self._statuses.tell_all()
        _log.info("%s: connected", self._where)

    def _on_disconnect(self):
        if self._connected:
            self._complain("the connection was lost")
            if time.monotonic() - self._since > STEADY_SECONDS:
                self._losses.reset()
            self._try_at = time.monotonic() + self._losses.next()
        self._connected = False
        self._gauge.set(0)

    def _on_publish(self, mid):
        key = self._keys.pop(mid, None)
        if key is not None:
            self._outbox.acknowledge(key)

    def _complain(self, complaint):
        """Log each cause once, not once a try."""
        if complaint != self._complaint:
            _log.warning("%s: %s; labels are kept, trying again", self._where, complaint)
            self._complaint = complaint


def _paho_client(client_id, publisher):
    """Return a client whose callbacks go to `publisher`."""
    client = new_client(client_id)

    def on_connect(_client, _userdata, _flags, code, *_):
        failed = code.is_failure if hasattr(code, "is_failure") else code != 0
        text = str(code) if hasattr(code, "is_failure") else paho.connack_string(code)
        publisher._on_connect(text if failed else None)

    client.on_connect = on_connect
    client.on_disconnect = lambda *_: publisher._on_disconnect()
    client.on_publish = lambda _client, _userdata, mid, *_: publisher._on_publish(mid)
    return client
