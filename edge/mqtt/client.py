"""paho-mqtt's client, made the same way with 1.6 (the last for Python 3.6) and 2.x."""

from contextlib import contextmanager
from typing import Any, Dict, Iterator, Optional

import paho.mqtt.client as paho

from edge.mqtt.broker import Broker
from edge.mqtt.codes import FAILURE, TAKEN_OVER, UNFIT, Code, name
from edge.mqtt.identity import Identity
from edge.mqtt.limits import Limits
from edge.mqtt.listener import Refusal
from edge.mqtt.properties import of_connect

KEEPALIVE_SECONDS = 30

_IS_OLD = not hasattr(paho, "CallbackAPIVersion")


class HeedingClient(paho.Client):
    """A client that keeps the code of the packet that it handles, and what its socket failed with.

    Attributes:
        code: the Code.
        fault: the text of that failure, or None.
    """

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        self.code = Code()
        self.fault: Optional[str] = None
        super().__init__(*arguments, **settings)

    def _sock_recv(self, bufsize: int) -> Any:
        with self._lost_by_any_fault():
            return super()._sock_recv(bufsize)

    def _sock_send(self, buf: Any) -> Any:
        with self._lost_by_any_fault():
            return super()._sock_send(buf)

    @contextmanager
    def _lost_by_any_fault(self) -> Iterator[None]:
        """A fault of TLS or of the network, too, is a lost connection; 1.6 would raise it."""
        try:
            yield
        except (BlockingIOError, ConnectionError):
            raise
        except OSError as error:
            self.fault = str(error)
            raise ConnectionResetError(error.errno, self.fault)

    def _packet_handle(self) -> Any:
        if self._protocol == paho.MQTTv5:
            self.code.read(self._in_packet["command"], self._in_packet["packet"])
        return super()._packet_handle()


class _OldManualClient(HeedingClient):
    """A client of 1.6 that acknowledges only what it is told to, as 2.x can by itself."""

    def _send_puback(self, mid: int) -> Any:
        return paho.MQTT_ERR_SUCCESS

    def ack(self, mid: int, qos: int) -> Any:
        return super()._send_puback(mid) if qos == 1 else paho.MQTT_ERR_SUCCESS


def refusal(number: Optional[int]) -> Optional[Refusal]:
    """Return what a reason code says if it means failure; None for success."""
    if number is None or number < FAILURE:
        return None
    return Refusal(name(number), number in UNFIT)


def parting(number: Optional[int], properties: Any, client_id: str) -> Optional[str]:
    """Return why a broker has ended a connection, as its DISCONNECT says; None: it did not say.

    Args:
        number: its code, or None.
        properties: paho's properties, or None.
        client_id: our name at the broker.
    """
    if number is None:
        return None
    said = getattr(properties, "ReasonString", None)
    text = name(number) + (": {}".format(said) if said else "")
    if number == TAKEN_OVER:
        text += (
            "; another client has the same client id, {}: give each labeld a `device` or "
            "`mqtt.topic_prefix` of its own".format(client_id)
        )
    return text


def keep_alive(client: paho.Client, properties: Any) -> None:
    """Have a client be heard as often as the broker's CONNACK asks (Server Keep Alive)."""
    seconds = getattr(properties, "ServerKeepAlive", None)
    if _IS_OLD and seconds is not None:  # 2.x does so by itself
        client._keepalive = seconds


def new_client(
    client_id: str,
    clean_session: bool = True,
    version: int = paho.MQTTv311,
    manual_ack: bool = False,
) -> HeedingClient:
    """Return a client, not connected.

    Callbacks get version 2's arguments under 2.x and the shorter version 1's under 1.6: take what
    follows the ones you need as `*_`.

    Args:
        client_id: its name at the broker.
        clean_session: whether the broker forgets it when it goes. MQTT 5 says so at `connect`.
        version: `paho.MQTTv311` or `paho.MQTTv5`.
        manual_ack: whether a message is acknowledged only by `client.ack(mid, qos)`.
    """
    settings: Dict[str, Any] = {"client_id": client_id, "protocol": version}
    if version != paho.MQTTv5:
        settings["clean_session"] = clean_session
    if _IS_OLD:
        return (_OldManualClient if manual_ack else HeedingClient)(**settings)
    return HeedingClient(paho.CallbackAPIVersion.VERSION2, manual_ack=manual_ack, **settings)


def identified_client(
    broker: Broker, identity: Identity, is_version_5: bool, limits: Limits
) -> HeedingClient:
    """Return a client that is ready to connect, its callbacks still to be set.

    Args:
        broker, identity, is_version_5: whom, as whom, and in which version.
        limits: what the broker takes, as far as it is known.
    """
    lasting = identity.session_seconds > 0
    version = paho.MQTTv5 if is_version_5 else paho.MQTTv311
    client = new_client(identity.client_id, not lasting, version, manual_ack=lasting)
    if broker.username is not None:
        client.username_pw_set(broker.username, broker.password)
    if broker.tls is not None:
        client.tls_set(ca_certs=broker.tls.ca, certfile=broker.tls.cert, keyfile=broker.tls.key)
    client.max_inflight_messages_set(0)  # the window is ours: what is sent is sent at once
    if identity.will is not None:
        qos, retain = min(1, limits.qos), limits.retain
        client.will_set(identity.will.topic, identity.will.payload, qos=qos, retain=retain)
    return client


def connect(client: paho.Client, broker: Broker, identity: Identity, is_version_5: bool) -> None:
    """Open the connection and send CONNECT; raises OSError or ValueError."""
    if not is_version_5:
        client.connect(broker.host, broker.port, KEEPALIVE_SECONDS)
        return
    client.connect(
        broker.host,
        broker.port,
        KEEPALIVE_SECONDS,
        clean_start=identity.session_seconds == 0,
        properties=of_connect(identity),
    )
