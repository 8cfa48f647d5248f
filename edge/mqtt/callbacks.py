"""What paho calls, whose arguments differ by its version and MQTT's, as what a connection hears."""

from typing import Any, Callable

import paho.mqtt.client as paho

from edge.mqtt.client import puback_code, refusal
from edge.mqtt.listener import Listener


def set_on(
    client: paho.Client,
    listener: Listener,
    on_connack: Callable[[Any, Any], None],
    on_disconnect: Callable[[], None],
) -> None:
    """Have a client call these.

    Args:
        client: the client.
        listener: told of what is published, subscribed and received.
        on_connack: called with the reason code and the properties (None for MQTT 3.1.1).
        on_disconnect: called once the connection is closed, and not by us.
    """

    def connected(_client: Any, _data: Any, _flags: Any, code: Any, *rest: Any) -> None:
        on_connack(code, rest[0] if rest else None)

    def subscribed(_client: Any, _data: Any, _mid: int, codes: Any, *_: Any) -> None:
        refusals = [refusal(code) for code in codes]
        listener.on_subscribed(next(filter(None, refusals), None))

    def published(_client: Any, _data: Any, mid: int, *rest: Any) -> None:
        listener.on_published(mid, refusal(puback_code(_client, rest)))

    client.on_connect = connected
    client.on_subscribe = subscribed
    client.on_disconnect = lambda *_: on_disconnect()
    client.on_publish = published
    client.on_message = lambda _client, _data, message: listener.on_message(message)
