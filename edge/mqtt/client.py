"""paho-mqtt's client, made the same way with 1.6 (the last for Python 3.6) and 2.x."""

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCodes

_IS_OLD = not hasattr(paho, "CallbackAPIVersion")


class _OldClient(paho.Client):
    """A client of 1.6 that keeps the code of the last PUBACK or PUBCOMP; 2.x hands it over."""

    puback = None

    def _handle_pubackcomp(self, cmd):
        # MQTT 5, 3.4.2.1 and 3.7.2.1: the code follows the packet's number, or means success
        packet = self._in_packet["packet"]
        self.puback = None
        if self._protocol == paho.MQTTv5 and len(packet) > 2:
            self.puback = ReasonCodes(getattr(PacketTypes, cmd))
            self.puback.unpack(packet[2:])
        return super()._handle_pubackcomp(cmd)


class _OldManualClient(_OldClient):
    """A client of 1.6 that acknowledges only what it is told to, as 2.x can by itself."""

    def _send_puback(self, mid):
        return paho.MQTT_ERR_SUCCESS

    def ack(self, mid, qos):
        return super()._send_puback(mid) if qos == 1 else paho.MQTT_ERR_SUCCESS


def puback_code(client, rest):
    """Return the code of the PUBACK that `on_publish` is about, or None for plain success.

    Args:
        client: the client.
        rest: what `on_publish` got after `mid`.
    """
    return client.puback if _IS_OLD else rest[0]


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
        return (_OldManualClient if manual_ack else _OldClient)(**settings)
    return paho.Client(paho.CallbackAPIVersion.VERSION2, manual_ack=manual_ack, **settings)
