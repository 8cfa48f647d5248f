"""What paho calls, whose arguments differ by its version and MQTT's, as what a connection hears."""

from typing import Any, Callable, Optional

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes

from edge.mqtt.client import HeedingClient, refusal
from edge.mqtt.codes import name
from edge.mqtt.listener import Listener


def set_on(
    client: HeedingClient,
    listener: Listener,
    on_connack: Callable[[int, str, Any], None],
    on_disconnect: Callable[[Optional[int], Any], None],
) -> None:
    """Have a client call these.

    Args:
        client: what `edge.mqtt.client.new_client` returned.
        listener: told of what is published, subscribed and received.
        on_connack: called with the reason code, what it means, and the properties (None for MQTT
            3.1.1).
        on_disconnect: called once the connection is closed, and not by us, with the reason code and
            the properties of the broker's DISCONNECT; None where there was none.
    """

    def connected(_client: Any, _data: Any, _flags: Any, code: Any, *rest: Any) -> None:
        if isinstance(code, int):  # MQTT 3.1.1 by paho 1.6
            on_connack(code, paho.connack_string(code), None)
            return
        number = client.code.number
        if number is None:
            on_connack(code.value, str(code), None)
        else:
            on_connack(number, str(code) if number == code.value else name(number), rest[0])

    def subscribed(_client: Any, _data: Any, _mid: int, codes: Any, *_: Any) -> None:
        refusals = [refusal(getattr(code, "value", code)) for code in codes]
        listener.on_subscribed(next(filter(None, refusals), None))

    def published(_client: Any, _data: Any, mid: int, *_: Any) -> None:
        listener.on_published(mid, refusal(client.code.number))

    def disconnected(_client: Any, _data: Any, *rest: Any) -> None:
        said = client.code.packet == PacketTypes.DISCONNECT
        on_disconnect(client.code.number if said else None, rest[-1] if said else None)

    client.on_connect = connected
    client.on_subscribe = subscribed
    client.on_disconnect = disconnected
    client.on_publish = published
    client.on_message = lambda _client, _data, message: listener.on_message(message)
