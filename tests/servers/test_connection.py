"""Which MQTT is spoken, and what is told of a broker that says no."""

import errno
import os
import re
import socket
import threading
import time

import pytest

from edge.mqtt.broker import Broker, Tls
from edge.mqtt.connection import Connection
from edge.mqtt.exchange import DISCONNECT
from edge.mqtt.identity import Identity
from edge.mqtt.listener import Listener
from edge.mqtt.properties import JSON, TEXT
from tests.support import cameras
from tests.support.certificates import Authority
from tests.support.refusing_broker import RefusingBroker
from tests.support.servers import Mosquitto


class Heard(Listener):
    """A Listener that keeps what it is told."""

    def __init__(self):
        self.troubles, self.refusals, self.published, self.arrived = [], [], [], []

    def on_trouble(self, reason):
        self.troubles.append(reason)

    def on_subscribed(self, refusal):
        self.refusals.append(refusal)

    def on_published(self, number, refusal):
        self.published.append((number, refusal))

    def on_message(self, message):
        self.arrived.append(message)


@pytest.fixture
def connect():
    """Return a function that makes a Connection to a port of this machine, and what it hears."""
    made = []

    def connection(port, host="127.0.0.1", tls=None):
        heard = Heard()
        address = Broker(host, port, tls=tls)
        made.append(Connection(address, Identity("test", window=50), heard))
        return made[-1], heard

    yield connection
    for one in made:
        one.close(time.monotonic() + 5.0)


def step_until(connection, condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        connection.step()


def test_mqtt_5_is_spoken_where_the_broker_does_and_its_window_kept(connect, broker):
    connection, heard = connect(broker.port)
    step_until(connection, lambda: connection.up)
    assert connection.is_version_5
    assert connection.window == 20  # mosquitto's default Receive Maximum
    number = connection.publish("a/b", b"c", TEXT)
    step_until(connection, lambda: heard.published)
    assert heard.published == [(number, None)]
    assert not heard.troubles


def test_mqtt_3_is_spoken_where_the_broker_knows_no_other(connect):
    broker = RefusingBroker(speaks_5=False)
    connection, heard = connect(broker.port)
    try:
        step_until(connection, lambda: connection.up)
        assert broker.levels == [5, 4]
        assert not connection.is_version_5
        assert connection.window == 50
        assert not heard.troubles
    finally:
        broker.close()


@pytest.mark.parametrize(
    ("speaks_5", "reason"), [(True, "Not authorized"), (False, "Unspecified error")]
)
def test_a_refused_subscription_is_told(connect, speaks_5, reason):
    broker = RefusingBroker(speaks_5)
    connection, heard = connect(broker.port)
    try:
        step_until(connection, lambda: connection.up)
        connection.subscribe("pictures/#")
        step_until(connection, lambda: heard.refusals)
        assert heard.refusals[0].text == reason
    finally:
        broker.close()


def test_a_lost_connection_comes_back_and_is_told_once(connect, broker):
    proxy = cameras.Proxy(broker.port)
    connection, heard = connect(proxy.port)
    try:
        step_until(connection, lambda: connection.up)
        proxy.reset()
        step_until(connection, lambda: not connection.up)
        step_until(connection, lambda: connection.up)
        assert connection.number == 2
        assert heard.troubles == ["the connection was lost"]
    finally:
        proxy.close()


def test_a_server_that_is_no_broker_is_told_so(connect):
    server = cameras.MjpegServer([])
    server.fault = "not found"
    connection, heard = connect(server.port)
    try:
        step_until(connection, lambda: heard.troubles)
        assert "is it an MQTT broker?" in heard.troubles[0]
    finally:
        server.close()


def test_at_a_parting_what_the_broker_is_still_sending_is_taken(connect):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)
    after_disconnect = []

    def serve():
        client, _ = listener.accept()
        with client:
            client.settimeout(5.0)
            client.recv(4096)
            client.sendall(b"\x20\x03\x00\x00\x00")  # CONNACK
            assert client.recv(2) == DISCONNECT
            client.settimeout(0.3)
            try:
                after_disconnect.append(client.recv(1))
            except socket.timeout:
                client.sendall(b"\xd0\x00" * 1000)
                after_disconnect.append("still there")

    thread = threading.Thread(target=serve)
    thread.start()
    connection, _ = connect(listener.getsockname()[1])
    step_until(connection, lambda: connection.up)
    connection.close(time.monotonic() + 5.0)
    thread.join(10.0)
    listener.close()
    assert after_disconnect == ["still there"], "the connection is the broker's to close"


def test_what_was_acknowledged_before_a_parting_does_not_come_again(broker):
    address = Broker("127.0.0.1", broker.port)
    first = _take(address, 16, meanwhile=lambda: _publish(address, "pictures", 60))
    second = _take(address, 16)
    assert first + second == list(range(32)), "with more to send, the broker has read all"


def _take(address, count, meanwhile=lambda: None):
    """Acknowledge so many messages for a lasting session, then part; return their numbers."""
    heard = Heard()
    connection = Connection(address, Identity("keeper", count, session_seconds=3600), heard)
    step_until(connection, lambda: connection.up)
    connection.subscribe("pictures")
    step_until(connection, lambda: heard.refusals == [None])
    meanwhile()
    step_until(connection, lambda: len(heard.arrived) >= count)
    for message in heard.arrived[:count]:
        connection.acknowledge(message.mid, message.qos)
    connection.close(time.monotonic() + 5.0)
    return [int(message.payload[:2]) for message in heard.arrived[:count]]


def _publish(address, topic, count):
    """Publish so many messages of a picture's size, numbered."""
    heard = Heard()
    publisher = Connection(address, Identity("publisher", count), heard)
    step_until(publisher, lambda: publisher.up)
    for number in range(count):
        publisher.publish(topic, b"%02d" % number + bytes(20000), TEXT)
    step_until(publisher, lambda: len(heard.published) == count)
    publisher.close(time.monotonic() + 5.0)


@pytest.fixture
def broker_with_tls(tmp_path):
    """Return a function that starts a mosquitto with a certificate for a name; closes it."""
    authority = Authority(tmp_path)
    started = []

    def start(name, *more):
        cert, key = authority.issue(name)
        lines = ("cafile " + authority.path, "certfile " + cert, "keyfile " + key) + more
        started.append(Mosquitto(tmp_path, more=lines))
        started[-1].start()
        return started[-1].port, authority

    yield start
    for one in started:
        one.stop()


# paho leaves the socket of a handshake that fails to the collector
@pytest.mark.filterwarnings("ignore:.*ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning")
def test_over_tls_the_broker_must_have_the_name_that_was_asked_for(connect, broker_with_tls):
    port, authority = broker_with_tls("localhost")
    right, _ = connect(port, "localhost", Tls(authority.path, None, None))
    step_until(right, lambda: right.up)
    for host, ca in (("127.0.0.1", authority.path), ("localhost", None)):
        wrong, heard = connect(port, host, Tls(ca, None, None))
        step_until(wrong, lambda heard=heard: heard.troubles)
        assert re.search("certificate|doesn't match 'localhost'", heard.troubles[0])
        assert not wrong.up


@pytest.mark.filterwarnings("ignore:.*ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning")
def test_over_tls_a_client_may_need_a_certificate_of_its_own(connect, broker_with_tls):
    port, authority = broker_with_tls("localhost", "require_certificate true")
    known, _ = connect(port, "localhost", Tls(authority.path, *authority.issue("labeld")))
    step_until(known, lambda: known.up)
    unknown, heard = connect(port, "localhost", Tls(authority.path, None, None))
    step_until(unknown, lambda: heard.troubles)
    assert not unknown.up


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (0x8E, "Session taken over; another client has the same client id, test: give each labeld"),
        (0x8B, "Server shutting down"),
        (0x97, "Quota exceeded"),
        (0xFE, "reason code 0xFE"),
    ],
)
def test_why_the_broker_ends_a_connection_is_told(connect, code, expected):
    broker = RefusingBroker(speaks_5=True)
    connection, heard = connect(broker.port)
    try:
        step_until(connection, lambda: connection.up)
        broker.disconnect(code)
        step_until(connection, lambda: heard.troubles)
        assert heard.troubles[0].startswith("the connection was lost: " + expected)
    finally:
        broker.close()


@pytest.mark.parametrize("fault", [errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EIO])
@pytest.mark.parametrize("call", ["recv", "send"])
def test_whatever_the_network_fails_with_the_connection_comes_back(connect, broker, fault, call):
    connection, heard = connect(broker.port)
    step_until(connection, lambda: connection.up)
    number, real = connection.number, connection._live._sock
    connection._live._sock = Failing(real, call, OSError(fault, os.strerror(fault)))
    if call == "recv":
        connection.subscribe("answered/with/a/suback")
    else:
        connection.publish("labeld/x", b"x", JSON)
    step_until(connection, lambda: connection.number != number and connection.up)
    assert os.strerror(fault) in heard.troubles[0]
    real.close()


class Failing:
    """A socket one call of which fails."""

    def __init__(self, real, call, error):
        self._real, self._call, self._error = real, call, error

    def __getattr__(self, name):
        if name == self._call:
            raise self._error
        return getattr(self._real, name)
