"""What a broker takes, as its CONNACK says (MQTT 5, 3.2.2.3)."""

from typing import Any, Iterator, NamedTuple, Optional

from paho.mqtt.properties import Properties

QOS_NOT_SUPPORTED, RETAIN_NOT_SUPPORTED = 0x9B, 0x9A
"""CONNACK's codes for a will that is more than the broker takes."""

MOST_BYTES = 268435460
"""The largest packet: a remaining length of four bytes (MQTT 5, 2.1.4)."""


class UnfitError(Exception):
    """A message that the broker does not take as it is; the text is the limit and the size."""


class Limits(NamedTuple):
    """The limits of one broker; as they come, those of one that states none.

    Attributes:
        qos: the highest.
        retain: whether it keeps messages.
        packet_bytes: the largest packet.
    """

    qos: int = 2
    retain: bool = True
    packet_bytes: int = MOST_BYTES

    @classmethod
    def stated(cls, properties: Any) -> "Limits":
        """Return what a CONNACK's properties say; None: it is MQTT 3.1.1's, which has none."""
        known = cls()
        return cls(
            getattr(properties, "MaximumQoS", known.qos),
            bool(getattr(properties, "RetainAvailable", known.retain)),
            getattr(properties, "MaximumPacketSize", known.packet_bytes),
        )

    def without(self, code: int) -> "Limits":
        """Return them after a CONNACK that refused the will with this code."""
        if code == QOS_NOT_SUPPORTED:
            return self._replace(qos=0)
        return self._replace(retain=False) if code == RETAIN_NOT_SUPPORTED else self

    def check(self, topic: str, payload: bytes, properties: Optional[Properties]) -> None:
        """Raise UnfitError if a PUBLISH packet would be too large.

        Args:
            topic, payload: the message's.
            properties: MQTT 5's, or None.
        """
        beside = 0 if properties is None else len(properties.pack())
        # 3.3: the topic and its length, the packet's number; before them what 2.1.4 says
        rest = 2 + len(topic.encode("utf-8")) + 2 + beside + len(payload)
        size = 1 + max(1, (rest.bit_length() + 6) // 7) + rest
        if size > self.packet_bytes:
            raise UnfitError(
                "its message has {} bytes; the broker takes at most {}".format(
                    size, self.packet_bytes
                )
            )

    def said(self, qos: int) -> Iterator[str]:
        """Yield what is not as it should be for messages of some QoS, for the log."""
        if self.qos < qos:
            lost = ", so that what it loses is lost" if self.qos == 0 else ""
            yield "it takes at most QoS {}: that is used instead of {}{}".format(
                self.qos, qos, lost
            )
        if not self.retain:
            yield "it retains nothing: who subscribes late sees no status until it changes"
