"""paho-mqtt's client, made the same way with 1.6 (the last for Python 3.6) and 2.x."""

import paho.mqtt.client as paho


def new_client(client_id, clean_session=True):
    """Return a `paho.mqtt.client.Client`, not connected.

    Callbacks get version 2's arguments under 2.x and the shorter version 1's under 1.6: take what
    follows the ones you need as `*_`.
    """
    if hasattr(paho, "CallbackAPIVersion"):
        version = paho.CallbackAPIVersion.VERSION2
        return paho.Client(version, client_id=client_id, clean_session=clean_session)
    return paho.Client(client_id=client_id, clean_session=clean_session)
