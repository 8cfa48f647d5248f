"""Reason codes (MQTT 5, 2.4), read from the packets themselves.

paho ends the connection over a code that the specification does not list for a packet, such as
mosquitto's PUBACK for one that is too large; and 1.6 reads none from a DISCONNECT without
properties.
"""

from typing import Any, Optional

from paho.mqtt import reasoncodes
from paho.mqtt.packettypes import PacketTypes

FAILURE = 0x80
"""The least reason code that means failure, in MQTT 5 and in a SUBACK of MQTT 3.1.1."""

UNFIT = (0x90, 0x95, 0x99)
"""Those of a message that will never be taken: topic name, packet too large, payload format."""

TAKEN_OVER = 0x8E
"""A DISCONNECT's for a session that another client has taken over."""

_PLACES = {
    PacketTypes.CONNACK: 1,
    PacketTypes.PUBACK: 2,
    PacketTypes.PUBREC: 2,
    PacketTypes.PUBCOMP: 2,
    PacketTypes.DISCONNECT: 0,
}
"""Where a packet's code is, behind its fixed header (3.2.2, 3.4.2, 3.5.2, 3.7.2, 3.14.2)."""

_LEAST = {PacketTypes.PUBCOMP: 0x92}
"""What paho takes for a failure: 0x80 but for these."""


class Code:
    """The code of the packet that is being handled.

    Attributes:
        packet: one of PacketTypes, or 0.
        number: the code; None: the packet has none, which means success.
    """

    def __init__(self) -> None:
        self.packet = 0
        self.number: Optional[int] = None

    def read(self, command: int, packet: bytearray) -> None:
        """Read it, and put one that paho knows in the place of one that it does not.

        Args:
            command: the packet's first byte.
            packet: what is behind its fixed header.
        """
        self.packet, self.number = command >> 4, None
        place = _PLACES.get(self.packet)
        if place is None or len(packet) <= place:
            return
        self.number = packet[place]
        if self.number >= FAILURE and not _is_known(self.number, self.packet):
            packet[place] = _LEAST.get(self.packet, FAILURE)


def name(number: int) -> str:
    """Return what a code means, for whatever packet."""
    names = _names().get(number)
    return next(iter(names)) if names else "reason code 0x{:02X}".format(number)


def _is_known(number: int, packet: int) -> bool:
    return any(packet in packets for packets in _names().get(number, {}).values())


def _names() -> Any:
    kind = getattr(reasoncodes, "ReasonCode", None) or reasoncodes.ReasonCodes  # by 1.6
    return kind(PacketTypes.CONNACK).names
