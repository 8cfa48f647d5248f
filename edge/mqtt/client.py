"""paho-mqtt's client, made the same way with 1.6 (the last for Python 3.6) and 2.x."""

from typing import Any, Dict, Optional, Sequence

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCodes

from edge.mqtt.broker import Broker
from edge.mqtt.identity import Identity
from edge.mqtt.properties import of_connect

FAILURE = 0x80
"""The least reason code that means failure, in MQTT 5 and in a SUBACK of MQTT 3.1.1."""

KEEPALIVE_SECONDS = 30

_IS_OLD = not hasattr(paho, "CallbackAPIVersion")


class _OldClient(paho.Client):
    """A client of 1.6 that keeps the code of the last PUBACK or PUBCOMP; 2.x hands it over."""

    puback: Any = None

    def _handle_pubackcomp(self, cmd: Any) -> Any:
        # MQTT 5, 3.4.2.1 and 3.7.2.1: the code follows the packet's number, or means success
        packet = self._in_packet["packet"]
        self.puback = None
        if self._protocol == paho.MQTTv5 and len(packet) > 2:
            self.puback = ReasonCodes(getattr(PacketTypes, cmd))
            self.puback.unpack(packet[2:])
        return super()._handle_pubackcomp(cmd)


class _OldManualClient(_OldClient):
    """A client of 1.6 that acknowledges only what it is told to, as 2.x can by itself."""

    def _send_puback(self, mid: int) -> Any:
        return paho.MQTT_ERR_SUCCESS

    def ack(self, mid: int, qos: int) -> Any:
        return super()._send_puback(mid) if qos == 1 else paho.MQTT_ERR_SUCCESS


def puback_code(client: paho.Client, rest: Sequence[Any]) -> Any:
    """Return the code of the PUBACK that `on_publish` is about, or None for plain success.

    Args:
        client: the client.
        rest: what `on_publish` got after `mid`.
    """
    return client.puback if isinstance(client, _OldClient) else rest[0]


def refusal(code: Any) -> Optional[str]:
    """Return what a reason code says if it means failure; None for success.

    Args:
        code: paho's, which is a number or a ReasonCode by version; None: success.
    """
    return str(code) if code is not None and code_number(code) >= FAILURE else None


def code_number(code: Any) -> int:
    """Return the number of a reason code, which paho gives as one or as a ReasonCode."""
    return getattr(code, "value", code)


def code_text(code: Any) -> str:
    """Return what a CONNACK's code means."""
    return paho.connack_string(code) if isinstance(code, int) else str(code)


def new_client(
    client_id: str,
    clean_session: bool = True,
    version: int = paho.MQTTv311,
    manual_ack: bool = False,
) -> paho.Client:
    """Return a `paho.mqtt.client.Client`, not connected.

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
        return (_OldManualClient if manual_ack else _OldClient)(**settings)
    return paho.Client(paho.CallbackAPIVersion.VERSION2, manual_ack=manual_ack, **settings)


def identified_client(broker: Broker, identity: Identity, is_version_5: bool) -> paho.Client:
    """Return a client that is ready to connect, its callbacks still to be set."""
    lasting = identity.session_seconds > 0
    version = paho.MQTTv5 if is_version_5 else paho.MQTTv311
    client = new_client(identity.client_id, not lasting, version, manual_ack=lasting)
    if broker.username is not None:
        client.username_pw_set(broker.username, broker.password)
    if broker.tls is not None:
        client.tls_set(ca_certs=broker.tls.ca, certfile=broker.tls.cert, keyfile=broker.tls.key)
    client.max_inflight_messages_set(0)  # the window is ours: what is sent is sent at once
    if identity.will is not None:
        client.will_set(identity.will.topic, identity.will.payload, qos=1, retain=True)
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
