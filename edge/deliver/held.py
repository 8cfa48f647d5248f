"""How much is held: messages and bytes, and what of them may be dropped."""

from typing import Iterable, NamedTuple

from edge.deliver.message import Message


class Held(NamedTuple):
    """Messages and their bytes; of these, those that may be dropped."""

    messages: int = 0
    bytes: int = 0
    droppable: int = 0
    droppable_bytes: int = 0

    def plus(self, other: "Held") -> "Held":
        """Return how much both are."""
        return Held(*(one + another for one, another in zip(self, other)))

    def minus(self, other: "Held") -> "Held":
        """Return how much is left without the other."""
        return Held(*(one - another for one, another in zip(self, other)))


def held(size: int, may_drop: bool) -> Held:
    """Return what one message of `size` bytes counts as."""
    return Held(1, size, int(may_drop), size * int(may_drop))


def held_by(messages: Iterable[Message]) -> Held:
    """Return what messages count as."""
    total = Held()
    for message in messages:
        total = total.plus(held(message.size, message.may_drop))
    return total
