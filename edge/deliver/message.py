"""One message for the broker, and whose picture it is about."""

from typing import Callable, NamedTuple, Optional, Tuple


def nothing(_reason: Optional[str]) -> None:
    """What is done for a message without a picture."""


class Message(NamedTuple):
    """One message for the broker.

    Attributes:
        topic: where it is published.
        payload: what is published.
        retain: whether the broker keeps it for late subscribers.
        since: when it came to be, in monotonic seconds.
        user_properties: pairs of texts for MQTT 5.
        source: of its picture, or "".
        outcome: what its picture counts as once the broker has it; None: it has no picture.
        reason: why its picture could not be classified, or None.
        arrived: when its picture came, in monotonic seconds.
        may_drop: whether it is dropped, oldest first, where there is no room: a camera's.
        settle: called once, from any thread, when nothing can lose it any more: with its reason.
    """

    topic: str
    payload: bytes
    retain: bool
    since: float
    user_properties: Tuple[Tuple[str, str], ...] = ()
    source: str = ""
    outcome: Optional[str] = None
    reason: Optional[str] = None
    arrived: float = 0.0
    may_drop: bool = False
    settle: Callable[[Optional[str]], None] = nothing

    @property
    def size(self) -> int:
        """What it counts as against the outbox's bound, in bytes."""
        return len(self.topic) + len(self.payload)
