"""What MQTT 5 tells beside topic and payload, as paho wants it."""

from typing import NamedTuple, Optional, Tuple

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.mqtt.identity import Identity


class PublishProperties(NamedTuple):
    """What MQTT 5 tells with a message; MQTT 3.1.1 cannot.

    Attributes:
        content_type: a MIME type.
        expiry_seconds: how long the broker keeps it for those who are away; None: for ever.
        user_properties: pairs of texts.
    """

    content_type: str
    expiry_seconds: Optional[int] = None
    user_properties: Tuple[Tuple[str, str], ...] = ()


JSON = PublishProperties("application/json")
TEXT = PublishProperties("text/plain")

JPEG = "image/jpeg"
"""The one content type that is no text."""


def of_connect(identity: Identity) -> Properties:
    """Return what CONNECT tells the broker of us."""
    properties = Properties(PacketTypes.CONNECT)
    properties.ReceiveMaximum = identity.window
    properties.SessionExpiryInterval = identity.session_seconds
    return properties


def of_publish(facts: PublishProperties) -> Properties:
    """Return what PUBLISH tells with a message."""
    properties = Properties(PacketTypes.PUBLISH)
    if facts.content_type != JPEG:
        properties.PayloadFormatIndicator = 1  # UTF-8
    properties.ContentType = facts.content_type
    if facts.expiry_seconds is not None:
        properties.MessageExpiryInterval = facts.expiry_seconds
    if facts.user_properties:
        properties.UserProperty = list(facts.user_properties)
    return properties
