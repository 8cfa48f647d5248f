"""One client at the broker: it connects, comes back for ever, sends and receives.

One thread owns it and drives it by paho's external-loop calls, so that nothing in it races. When to
try, and what is said, is `protocol`'s; here is what reads and writes.
"""

import logging
import time
from typing import Any, Optional

import paho.mqtt.client as paho

from edge.mqtt import callbacks
from edge.mqtt.broker import Broker
from edge.mqtt.client import HeedingClient, connect, identified_client, keep_alive, parting
from edge.mqtt.exchange import PART_SECONDS, exchange, part, receive
from edge.mqtt.identity import Identity
from edge.mqtt.limits import Limits, UnfitError
from edge.mqtt.listener import Listener
from edge.mqtt.properties import PublishProperties, of_publish
from edge.mqtt.protocol import Protocol, State
from edge.wakeup import Wakeup
from edge.worker import STEP_SECONDS

_log = logging.getLogger(__name__)


class Connection:
    """A client that speaks MQTT 5 where the broker does, and 3.1.1 otherwise.

    Each try has a paho client of its own, so that nothing is sent but what its owner sends: what
    was not acknowledged when a connection is lost is the owner's to send again.
    """

    def __init__(
        self,
        broker: Broker,
        identity: Identity,
        listener: Listener,
        wakeup: Optional[Wakeup] = None,
    ) -> None:
        """Make the connection; nothing is opened before `step`.

        Args:
            broker: the Broker.
            identity: the Identity.
            listener: the Listener, told from within `step` and `close`.
            wakeup: makes `step` return soon, from any thread; its owner closes it. None: nobody
                needs to.
        """
        self._broker = broker
        self._identity = identity
        self._listener = listener
        self._wakeup = wakeup
        self._protocol = Protocol(identity.window)
        self._limits = self._said = Limits()
        self._client: Optional[HeedingClient] = None

    @property
    def up(self) -> bool:
        """True while the broker has accepted us."""
        return self._protocol.state is State.UP

    @property
    def is_version_5(self) -> bool:
        """True if MQTT 5 is spoken; else it is 3.1.1."""
        return self._protocol.is_version_5

    @property
    def window(self) -> int:
        """How many messages may be sent and not yet acknowledged."""
        return self._protocol.window

    @property
    def acknowledges(self) -> bool:
        """True if the broker acknowledges what is published; else sent is as good as taken."""
        return self._limits.qos > 0

    @property
    def number(self) -> int:
        """Counts the connections; an acknowledgement belongs to one of them."""
        return self._protocol.number

    def step(self) -> None:
        """Connect, send or receive, waiting at most STEP_SECONDS."""
        now = time.monotonic()
        if self._protocol.overdue(now):
            self._drop_client()
            self._tell(self._protocol.unanswered())
        if self._protocol.due(now):
            self._drop_client()
            self._protocol.begin(now)
            self._connect()
        self._exchange()

    def hear(self) -> bool:
        """Read what has come, while `up`, so that a broker that leaves is heard; return `up`."""
        if self.up:
            receive(self._live, self._is_full)
        return self.up

    def publish(
        self,
        topic: str,
        payload: bytes,
        properties: PublishProperties,
        qos: int = 1,
        retain: bool = False,
    ) -> Optional[int]:
        """Send a message, while `up`, at the QoS and retained as far as the broker takes that.

        Returns:
            The number that `Listener.on_published` gets; None if the connection was lost over it.

        Raises:
            UnfitError: the broker does not take it as it is.
        """
        beside = of_publish(properties) if self.is_version_5 else None
        limits = self._limits
        limits.check(topic, payload, beside)
        try:
            sent = self._live.publish(
                topic,
                payload,
                qos=min(qos, limits.qos),
                retain=retain and limits.retain,
                properties=beside,
            )
        except ValueError as error:
            raise UnfitError(str(error))
        return sent.mid if self.up else None

    def subscribe(self, topic_filter: str) -> None:
        """Ask for what matches, while `up`; the answer goes to `Listener.on_subscribed`."""
        if not self.is_version_5:
            self._live.subscribe(topic_filter, qos=1)
            return
        new_only = paho.SubscribeOptions.RETAIN_SEND_IF_NEW_SUB
        options = paho.SubscribeOptions(qos=1, retainHandling=new_only)
        self._live.subscribe(topic_filter, options=options)

    def unsubscribe(self, topic_filter: str) -> None:
        """Ask for no more of what matches, while `up`."""
        self._live.unsubscribe(topic_filter)

    def acknowledge(self, number: int, qos: int) -> None:
        """Tell the broker, while `up`, that it may forget what was received as this number."""
        self._live.ack(number, qos)

    def close(self, deadline: float) -> None:
        """Publish the will, if there is one, and disconnect, by `deadline` (monotonic seconds)."""
        if self.up:
            self._say_farewell(deadline)
            connection = self._live.socket()
            self._protocol.close()  # from here on, losing the connection is no loss
            if connection is not None:
                part(connection, min(deadline, time.monotonic() + PART_SECONDS))
        self._protocol.close()
        self._drop_client()

    def _say_farewell(self, deadline: float) -> None:
        will = self._identity.will
        if will is not None:
            limits = self._limits
            sent = self._live.publish(
                will.topic, will.payload, qos=min(1, limits.qos), retain=limits.retain
            )
            while self.up and not sent.is_published() and time.monotonic() < deadline:
                self._exchange()
        while self.up and self._live.want_write() and time.monotonic() < deadline:
            self._exchange()

    def _exchange(self) -> None:
        exchange(self._client, self._wakeup, STEP_SECONDS, self._is_full)

    def _is_full(self) -> bool:
        return self._listener.is_full

    @property
    def _live(self) -> HeedingClient:
        """The client of the present connection, while there is one."""
        assert self._client is not None
        return self._client

    def _drop_client(self) -> None:
        """Close what the last try has left open."""
        client, self._client = self._client, None
        connection = None if client is None else client.socket()
        if client is not None and connection is not None:
            client.on_disconnect = None
            connection.close()

    def _connect(self) -> None:
        broker, identity = self._broker, self._identity
        try:
            self._client = client = identified_client(
                broker, identity, self.is_version_5, self._limits
            )
            callbacks.set_on(client, self._listener, self._on_connack, self._on_disconnect)
            connect(client, broker, identity, self.is_version_5)
        except (OSError, ValueError) as error:
            self._tell(self._protocol.failed(str(error)))

    def _on_connack(self, number: int, meaning: str, properties: Any) -> None:
        if number != 0:
            self._limits = self._limits.without(number)
            self._tell(self._protocol.refused(number, meaning))
            return
        self._limits = Limits.stated(properties)
        keep_alive(self._live, properties)
        self._protocol.accepted(time.monotonic(), getattr(properties, "ReceiveMaximum", None))
        _log.info("%s: %s connected", self._broker.name, self._identity.client_id)
        if self._limits != self._said:
            self._said = self._limits
            for line in self._limits.said(self._listener.qos):
                _log.warning("%s: %s", self._broker.name, line)
        self._listener.on_up()

    def _on_disconnect(self, number: Optional[int], properties: Any) -> None:
        was_up = self.up
        why = parting(number, properties, self._identity.client_id) or self._live.fault
        self._tell(self._protocol.ended(time.monotonic(), why))
        if was_up:
            self._listener.on_down()

    def _tell(self, trouble: Optional[str]) -> None:
        if trouble is not None:
            _log.warning("%s: %s; %s", self._broker.name, trouble, self._listener.meanwhile)
            self._listener.on_trouble(trouble)
