"""paho-mqtt's client, made the same way with 1.6 (the last for Python 3.6) and 2.x."""

import paho.mqtt.client as paho

_IS_OLD = not hasattr(paho, "CallbackAPIVersion")


class _ManualClient(paho.Client):
    """A client of 1.6 that acknowledges only what it is told to, as 2.x can by itself."""

    def _send_puback(self, mid):
        return paho.MQTT_ERR_SUCCESS

    def ack(self, mid, qos):
        return super()._send_puback(mid) if qos == 1 else paho.MQTT_ERR_SUCCESS


def new_client(client_id, clean_session=True, version=paho.MQTTv311, manual_ack=False):
    """Return a `paho.mqtt.client.Client`, not connected.

    Callbacks get version 2's arguments under 2.x and the shorter version 1's under 1.6: take what
    follows the ones you need as `*_`.

    Args:
        client_id: its name at the broker.
        clean_session: whether the broker forgets it when it goes. MQTT 5 says so at `connect`.
        version: `paho.MQTTv311` or `paho.MQTTv5`.
        manual_ack: whether a message is acknowledged only by `client.ack(mid, qos)`.
    """
    settings = {"client_id": client_id, "protocol": version}
    if version != paho.MQTTv5:
        settings["clean_session"] = clean_session
    if _IS_OLD:
        return (_ManualClient if manual_ack else paho.Client)(**settings)
    return paho.Client(paho.CallbackAPIVersion.VERSION2, manual_ack=manual_ack, **settings)
