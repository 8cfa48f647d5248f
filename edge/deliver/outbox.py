"""What is not yet acknowledged by the broker, bounded."""

import threading
from collections import OrderedDict, deque
from typing import Callable, Deque, Iterable, NamedTuple, Optional, Tuple

from prometheus_client import Gauge

from edge.wakeup import Wakeup


class Message(NamedTuple):
    """One message for the broker.

    Attributes:
        topic: where it is published.
        payload: what is published.
        delivered: called without arguments once nothing can lose it any more.
        refused: called with the reason instead, if the broker will never take it.
        retain: whether the broker keeps it for late subscribers.
        since: when it came to be, in monotonic seconds.
        user_properties: pairs of texts for MQTT 5.
    """

    topic: str
    payload: bytes
    delivered: Callable[[], None]
    refused: Callable[[str], None]
    retain: bool
    since: float
    user_properties: Tuple[Tuple[str, str], ...]


class OutboxWriter:
    """Takes messages in."""

    def put(self, message: Message, timeout: float) -> bool:
        """Take a message in; return False if there was no room for `timeout` seconds.

        Once it has returned True, `Message.delivered` or `refused` is called one day, from any
        thread.
        """
        raise NotImplementedError


class OutboxReader:
    """Hands messages out, to one thread, until each is acknowledged."""

    def next_unsent(self) -> Optional[Tuple[int, Message]]:
        """Return (key, message) of the oldest message not handed out yet, or None."""
        raise NotImplementedError

    def send_again(self, keys: Iterable[int]) -> None:
        """Take back messages handed out as `keys`, each to its place in the order."""
        raise NotImplementedError

    def acknowledge(self, key: int) -> None:
        """Forget the message handed out as `key` and call its `delivered`."""
        raise NotImplementedError

    def refuse(self, key: int, reason: str) -> None:
        """Forget the message handed out as `key` and call its `refused`."""
        raise NotImplementedError

    def __len__(self) -> int:
        """Return how many messages are not acknowledged."""
        raise NotImplementedError


class Outbox(OutboxWriter, OutboxReader):
    """Messages in memory, first in first out, until each is acknowledged.

    It holds at most `max_messages`; `put` waits while it is full, which is the pipeline's second
    and last place of backpressure. Safe for use from several threads.
    """

    def __init__(
        self,
        max_messages: int,
        gauge: Optional[Gauge] = None,
        wakeup: Optional[Wakeup] = None,
    ) -> None:
        """Make an empty outbox.

        Args:
            max_messages: the bound.
            gauge: shows the number held, or None.
            wakeup: wakes whoever sends, after each message taken in; or None.
        """
        self._max = max_messages
        self._gauge = gauge
        self._wakeup = wakeup
        self._changed = threading.Condition()
        self._held: "OrderedDict[int, Message]" = OrderedDict()
        self._unsent: Deque[int] = deque()
        self._number = 0

    def put(self, message: Message, timeout: float) -> bool:
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._held) < self._max, timeout):
                return False
            self._number += 1
            self._held[self._number] = message
            self._unsent.append(self._number)
            self._show()
        if self._wakeup is not None:
            self._wakeup.wake()
        return True

    def next_unsent(self) -> Optional[Tuple[int, Message]]:
        with self._changed:
            if not self._unsent:
                return None
            key = self._unsent.popleft()
            return key, self._held[key]

    def send_again(self, keys: Iterable[int]) -> None:
        keys = list(keys)
        if not keys:
            return
        with self._changed:
            self._unsent = deque(sorted(set(self._unsent).union(keys)))

    def acknowledge(self, key: int) -> None:
        self._forget(key).delivered()

    def refuse(self, key: int, reason: str) -> None:
        self._forget(key).refused(reason)

    def __len__(self) -> int:
        with self._changed:
            return len(self._held)

    def _forget(self, key: int) -> Message:
        with self._changed:
            message = self._held.pop(key)
            self._show()
            self._changed.notify_all()
            return message

    def _show(self) -> None:
        if self._gauge is not None:
            self._gauge.set(len(self._held))
