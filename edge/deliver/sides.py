"""The outbox's two sides: where messages are put, and where they are taken from."""

from typing import Iterable, List, Optional, Tuple

from edge.deliver.message import Message


class OutboxWriter:
    """Takes messages in."""

    def put(self, message: Message, timeout: float) -> bool:
        """Take a message in; return False if there was no room for `timeout` seconds.

        Once it has returned True, `Message.settle` is called one day, from any thread, unless the
        message is dropped.
        """
        raise NotImplementedError


class OutboxReader:
    """Hands messages out, to one thread, until each is acknowledged."""

    def next_unsent(self) -> Optional[Tuple[int, Message]]:
        """Return (key, message) of the oldest new message not handed out yet, or None."""
        raise NotImplementedError

    def next_delayed(self, now: float) -> Optional[Tuple[int, Message]]:
        """Return (key, message) of the oldest stored message not handed out yet, or None.

        None, too, where the next one is not due yet; `now`: monotonic seconds.
        """
        raise NotImplementedError

    def current(self) -> List[Message]:
        """Return the last message of each retained topic, but for those still to be sent first."""
        raise NotImplementedError

    def send_again(self, keys: Iterable[int]) -> None:
        """Take back messages handed out as `keys`, each to its place in the order."""
        raise NotImplementedError

    def acknowledge(self, key: int) -> None:
        """Forget the message handed out as `key`: the broker has it."""
        raise NotImplementedError

    def refuse(self, key: int, reason: str) -> None:
        """Forget the message handed out as `key`: the broker will never take it."""
        raise NotImplementedError

    @property
    def in_memory(self) -> int:
        """How many messages nothing holds but memory."""
        raise NotImplementedError

    def __len__(self) -> int:
        """Return how many messages are not acknowledged."""
        raise NotImplementedError
