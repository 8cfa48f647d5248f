"""One client at the broker: it connects, comes back for ever, sends and receives.

One thread owns it and drives it by paho's external-loop calls, so that nothing in it races.
"""

import logging
import selectors
import socket
import time
from collections import namedtuple

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.backoff import Backoff
from edge.mqtt.client import new_client, puback_code
from edge.worker import STEP_SECONDS

CONNACK_SECONDS = 10.0
KEEPALIVE_SECONDS = 30
BACKOFF_SECONDS = (0.5, 30.0)

PART_SECONDS = 1.0
"""At a parting the broker is given so long to close the connection."""

DISCONNECT = b"\xe0\x00"
"""MQTT 3.1.1 and MQTT 5, 3.14: the connection ends as it should, and the will is not published."""

STEADY_SECONDS = 5.0
"""After a connection that held so long, the next try comes soon; after shorter ones, ever later:
two clients of one name push each other out, and must not do so as fast as they can."""

WRONG_VERSION = (0x01, 0x84)
"""CONNACK's codes for a protocol version that the broker does not speak: MQTT 3.1.1, MQTT 5."""

FAILURE = 0x80
"""The least reason code that means failure, in MQTT 5 and in a SUBACK of MQTT 3.1.1."""

Facts = namedtuple("Facts", "content_type expiry_seconds user_properties")
Facts.__doc__ = """What MQTT 5 tells with a message; MQTT 3.1.1 cannot.

content_type: a MIME type; expiry_seconds: how long the broker keeps it for those who are away, or
None; user_properties: pairs of texts.
"""

JSON = Facts("application/json", None, ())
TEXT = Facts("text/plain", None, ())

_log = logging.getLogger(__name__)


class Connection:
    """A client that speaks MQTT 5 where the broker does, and 3.1.1 otherwise.

    Each try has a paho client of its own, so that nothing is sent but what its owner sends: what
    was not acknowledged when a connection is lost is the owner's to send again.

    Attributes:
        up: True while the broker has accepted it.
        number: counts the connections; an acknowledgement belongs to one of them.
        window: how many messages may be sent and not yet acknowledged.
        where: names the broker for people.
    """

    def __init__(self, settings, client_id, listener, window, session_seconds=0, will=None):
        """Make the connection; nothing is opened before `step`.

        Args:
            settings: the `mqtt` section of the configuration.
            client_id: its name at the broker.
            listener: a Listener.
            window: at most so many messages unacknowledged, in each direction.
            session_seconds: how long the broker keeps what it has for us while we are away; with
                a session, what is received is acknowledged only by `acknowledge`.
            will: (topic, payload) that the broker publishes, retained, when we are lost; or None.
        """
        self.up = False
        self.window = window
        self.number = 0
        self.where = "mqtt {}:{}".format(settings.host, settings.port)
        self._settings = settings
        self._client_id = client_id
        self._listener = listener
        self._own_window = window
        self._session_seconds = session_seconds
        self._will = will
        self._version = paho.MQTTv5
        self._proven = False
        self._answered = False
        self._complaint = None
        self._tries = Backoff(*BACKOFF_SECONDS)
        self._losses = Backoff(*BACKOFF_SECONDS)
        self._try_at = 0.0
        self._connack_by = 0.0
        self._since = 0.0
        self._woken, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        self._client = None

    @property
    def is_version_5(self):
        return self._version == paho.MQTTv5

    def step(self):
        """Connect, send or receive, waiting at most STEP_SECONDS."""
        if not self.up and (self._socket() is None or time.monotonic() > self._connack_by):
            self._connect_when_due()
        self._exchange(STEP_SECONDS)

    def publish(self, topic, payload, facts, qos=1, retain=False):
        """Send a message, while `up`.

        Returns:
            The number that `Listener.on_published` gets; None if the connection was lost over it.
        """
        sent = self._client.publish(
            topic, payload, qos=qos, retain=retain, properties=self._properties(facts)
        )
        return sent.mid if self.up else None

    def _properties(self, facts):
        if not self.is_version_5:
            return None
        properties = Properties(PacketTypes.PUBLISH)
        properties.PayloadFormatIndicator = 1  # UTF-8
        properties.ContentType = facts.content_type
        if facts.expiry_seconds is not None:
            properties.MessageExpiryInterval = facts.expiry_seconds
        if facts.user_properties:
            properties.UserProperty = list(facts.user_properties)
        return properties

    def subscribe(self, topic_filter):
        """Ask for what matches; the answer goes to `Listener.on_subscribed`."""
        if not self.is_version_5:
            self._client.subscribe(topic_filter, qos=1)
            return
        new_only = paho.SubscribeOptions.RETAIN_SEND_IF_NEW_SUB
        options = paho.SubscribeOptions(qos=1, retainHandling=new_only)
        self._client.subscribe(topic_filter, options=options)

    def unsubscribe(self, topic_filter):
        """Ask for no more of what matches, while `up`."""
        self._client.unsubscribe(topic_filter)

    def acknowledge(self, message):
        """Tell the broker that it may forget a message that was received at QoS 1."""
        self._client.ack(message.mid, message.qos)

    def wake(self):
        """Make `step` return soon; from any thread."""
        try:
            self._waker.send(b"1")
        except (BlockingIOError, OSError):
            pass  # it has been woken already, or is closed

    def close(self, deadline, farewell=None):
        """Publish `farewell`, (topic, payload) to be retained, and disconnect, by `deadline`."""
        if self.up:
            if farewell is not None:
                sent = self._client.publish(farewell[0], farewell[1], qos=1, retain=True)
                while self.up and not sent.is_published() and time.monotonic() < deadline:
                    self._exchange(STEP_SECONDS)
            while self.up and self._client.want_write() and time.monotonic() < deadline:
                self._exchange(STEP_SECONDS)
            self.up = False  # from here on, losing the connection is no loss
            if self._socket() is not None:
                _part(self._socket(), min(deadline, time.monotonic() + PART_SECONDS))
        self._drop_client()
        self._woken.close()
        self._waker.close()

    def _new_client(self):
        settings, lasting = self._settings, self._session_seconds > 0
        client = new_client(self._client_id, not lasting, self._version, manual_ack=lasting)
        if settings.username is not None:
            client.username_pw_set(settings.username, settings.password)
        if settings.tls is not None:
            client.tls_set(
                ca_certs=settings.tls.ca, certfile=settings.tls.cert, keyfile=settings.tls.key
            )
        client.max_inflight_messages_set(0)  # the window is ours: what is sent is sent at once
        if self._will is not None:
            client.will_set(self._will[0], self._will[1], qos=1, retain=True)
        self._listen(client)
        return client

    def _listen(self, client):
        """Have the client's callbacks, whose arguments differ by version, call our own."""

        def on_connect(_client, _data, _flags, code, *rest):
            self._on_connack(code, rest[0] if rest else None)

        def on_subscribe(_client, _data, _mid, codes, *_):
            refused = [code for code in codes if _value(code) >= FAILURE]
            self._listener.on_subscribed(str(refused[0]) if refused else None)

        def on_publish(_client, _data, mid, *rest):
            code = puback_code(_client, rest)
            failed = code is not None and _value(code) >= FAILURE
            self._listener.on_published(mid, str(code) if failed else None)

        client.on_connect = on_connect
        client.on_subscribe = on_subscribe
        client.on_disconnect = lambda *_: self._on_disconnect()
        client.on_publish = on_publish
        client.on_message = lambda _client, _data, message: self._listener.on_message(message)

    def _socket(self):
        return None if self._client is None else self._client.socket()

    def _drop_client(self):
        """Close what the last try has left open."""
        connection, client, self._client = self._socket(), self._client, None
        if connection is not None:
            client.on_disconnect = None
            connection.close()

    def _connect_when_due(self):
        now = time.monotonic()
        if now < self._try_at:
            return
        if self._socket() is not None:
            self._drop_client()
            self._no_answer("it took the connection, but gave no CONNACK")
        self._try_at = now + self._tries.next()
        self._connack_by = now + CONNACK_SECONDS
        self._answered = False
        try:
            self._client = self._new_client()
            self._connect()
        except (OSError, ValueError) as error:
            self._complain("cannot connect: {}".format(error))

    def _connect(self):
        address = (self._settings.host, self._settings.port, KEEPALIVE_SECONDS)
        if not self.is_version_5:
            self._client.connect(*address)
            return
        properties = Properties(PacketTypes.CONNECT)
        properties.ReceiveMaximum = self._own_window
        properties.SessionExpiryInterval = self._session_seconds
        self._client.connect(
            *address, clean_start=self._session_seconds == 0, properties=properties
        )

    def _exchange(self, timeout):
        """Read and write what the socket allows, once it does, or another thread wakes us."""
        connection = self._socket()
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
        if connection is not None:
            self._client.loop_misc()

    def _on_connack(self, code, properties):
        self._answered = True
        if _value(code) != 0:
            text = paho.connack_string(code) if isinstance(code, int) else str(code)
            self._refused("the broker refused us: " + text, _value(code) in WRONG_VERSION)
            return
        self.up = self._proven = True
        self.number += 1
        self.window = min(self._own_window, getattr(properties, "ReceiveMaximum", 65535))
        self._since = time.monotonic()
        self._complaint = None
        self._tries.reset()
        _log.info("%s: %s connected", self.where, self._client_id)
        self._listener.on_up()

    def _on_disconnect(self):
        if self.up:
            self._complain("the connection was lost")
            if time.monotonic() - self._since > STEADY_SECONDS:
                self._losses.reset()
            self._try_at = time.monotonic() + self._losses.next()
            self.up = False
            self._listener.on_down()
        elif not self._answered:
            self._no_answer("it closed the connection and gave no CONNACK")

    def _no_answer(self, what):
        self._refused(what + ": is it an MQTT broker?", not self._proven)

    def _refused(self, complaint, is_version):
        """Say so; where it may be the version's fault, try the other one first."""
        if is_version and self.is_version_5:
            self._version = paho.MQTTv311
            self._try_at = 0.0
            return
        if is_version:
            self._version = paho.MQTTv5
        self._complain(complaint)

    def _complain(self, complaint):
        """Log each cause once, not once a try."""
        if complaint != self._complaint:
            _log.warning("%s: %s; %s", self.where, complaint, self._listener.meanwhile)
            self._complaint = complaint
            self._listener.on_trouble(complaint)


class Listener:
    """What a Connection tells; each call comes from within its `step` or `close`."""

    meanwhile = "trying again"
    """What is so while there is trouble, for the log."""

    def on_up(self):
        """The broker has accepted us."""

    def on_down(self):
        """The connection is lost."""

    def on_trouble(self, reason):
        """There is no connection, and why."""

    def on_published(self, number, refusal):
        """The answer to what `Connection.publish` gave this number: None, or why it is refused."""

    def on_subscribed(self, refusal):
        """The answer to `Connection.subscribe`: None, or why the broker refuses."""

    def on_message(self, message):
        """A paho MQTTMessage has come."""


def _part(connection, deadline):
    """Say DISCONNECT, then read until the broker closes, at most until `deadline`.

    paho closes as soon as it has said so. What the broker is sending just then fails, and with it
    the broker may lose acknowledgements that it has not read yet.
    """
    try:
        connection.settimeout(max(0.001, deadline - time.monotonic()))
        connection.sendall(DISCONNECT)
        while connection.recv(65536) and time.monotonic() < deadline:
            connection.settimeout(max(0.001, deadline - time.monotonic()))
    except OSError:
        pass  # it has closed, or does not


def _value(code):
    return getattr(code, "value", code)
