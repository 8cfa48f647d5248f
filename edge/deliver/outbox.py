"""What is not yet acknowledged by the broker, bounded: new messages in memory, late ones on disk.

A message that the broker takes at once never sees the disk. One that has waited goes to the store,
with all others that are in memory, and from then on nothing can lose it. So what is stored is older
than what is not; what the broker has not taken when the daemon starts again is sent then.
"""

import threading
from collections import Counter, OrderedDict, deque
from typing import Deque, Dict, Iterable, List, NamedTuple, Optional, Sequence, Set, Tuple

from edge.deliver.held import Held, held, held_by
from edge.deliver.message import Message, nothing
from edge.deliver.outcomes import Outcomes
from edge.deliver.pace import Pace
from edge.deliver.sides import OutboxReader, OutboxWriter
from edge.deliver.store import Row
from edge.metrics import AGED, FULL
from edge.wakeup import Wakeup

KEEP_SECONDS = 2.0
"""A message that the broker has not taken for so long is written to disk."""

MOST_IN_MEMORY = 10000
"""Messages; where the disk cannot be written, pictures wait in their folder beyond it."""

LOADED = 256
"""Stored messages that are in memory to be sent, at most."""


class Bounds(NamedTuple):
    """What an outbox holds at most, and how fast it sends what is late.

    Attributes:
        messages, bytes: not acknowledged.
        age_seconds: of a message that may be dropped; 0: any.
        delayed_per_second: stored messages that are sent in a second.
    """

    messages: int
    bytes: int = 1 << 40
    age_seconds: float = 0.0
    delayed_per_second: float = 500.0


class Outbox(OutboxWriter, OutboxReader):
    """The messages of one device. Safe for use from several threads.

    `put` waits while it is full, which is the pipeline's second and last place of backpressure; a
    message that may be dropped does not wait, it makes the oldest such one go. One thread, the
    Keeper's, moves messages to the store and back.
    """

    def __init__(
        self,
        bounds: Bounds,
        outcomes: Outcomes,
        wakeup: Optional[Wakeup] = None,
        first_key: int = 1,
    ) -> None:
        """Make an empty outbox, which has no store yet.

        Args:
            bounds: the Bounds.
            outcomes: told what becomes of each message.
            wakeup: wakes whoever sends, after each message taken in; or None.
            first_key: of the first message; greater than any before it.
        """
        self.bounds = bounds
        self._outcomes = outcomes
        self._wakeup = wakeup
        lock = threading.RLock()
        self._changed = threading.Condition(lock)
        self._wanting = threading.Condition(lock)  # the Keeper's: no label that passes wakes it
        self._next_key = first_key
        self._held = Held()
        self._new: "OrderedDict[int, Message]" = OrderedDict()
        self._unsent: Deque[int] = deque()  # of the new ones
        self._loaded: Deque[Tuple[int, Message]] = deque()  # of the stored ones, not handed out
        self._out: Dict[int, Message] = {}  # of the stored ones, handed out
        self._gone: Set[int] = set()  # of the stored ones, to be removed
        self._loaded_to, self._stored_to = 0, 0
        self._last: Dict[str, Tuple[int, Message]] = {}
        self._on_disk = False
        self._pace = Pace(bounds.delayed_per_second)

    def put(self, message: Message, timeout: float) -> bool:
        with self._changed:
            if not self._changed.wait_for(lambda: self._has_room(message), timeout):
                return False
            self._take(message)
        self._wake()
        return True

    def next_unsent(self) -> Optional[Tuple[int, Message]]:
        with self._changed:
            if not self._unsent:
                return None
            key = self._unsent.popleft()
            return key, self._new[key]

    def next_delayed(self, now: float) -> Optional[Tuple[int, Message]]:
        with self._changed:
            self._drop_aged(now)
            if not self._loaded or not self._pace.take(now):
                return None
            key, message = self._loaded.popleft()
            self._out[key] = message
            self._tell_keeper()
            return key, message._replace(retain=self._takes_back(key, message))

    def current(self) -> List[Message]:
        with self._changed:
            unsent = set(self._unsent)
            return [message for key, message in self._last.values() if key not in unsent]

    def send_again(self, keys: Iterable[int]) -> None:
        keys = list(keys)
        if not keys:
            return
        with self._changed:
            unsent = set(self._unsent).union(key for key in keys if key in self._new)
            self._unsent = deque(sorted(unsent))
            stored = [key for key in keys if self._out.pop(key, None) is not None]
            if stored:
                self._load_again(min(stored))
            self._tell_keeper()

    def _load_again(self, first: int) -> None:
        """Have what is stored from a key on loaded, in order; what comes before stays so."""
        if first <= self._loaded_to:
            self._loaded_to = first - 1
            self._loaded = deque(item for item in self._loaded if item[0] < first)

    def acknowledge(self, key: int) -> None:
        with self._changed:
            message, stored = self._forget(key)
        if not stored:
            message.settle(message.reason)
        self._outcomes.acknowledged(message, stored)

    def refuse(self, key: int, reason: str) -> None:
        with self._changed:
            message, stored = self._forget(key)
            said = self._outcomes.refused(message, reason)
            if said is not None:
                self._take(said._replace(settle=nothing) if stored else said)
        if said is None and not stored:
            message.settle(message.reason or reason)

    @property
    def in_memory(self) -> int:
        with self._changed:
            return len(self._new)

    def __len__(self) -> int:
        with self._changed:
            return self._held.messages

    # What the Keeper calls

    def opened(self, stored: Held, last_key: int) -> None:
        """Take over what a store holds, under keys up to `last_key`."""
        with self._changed:
            self._next_key = max(self._next_key, last_key + 1)
            self._loaded_to, self._stored_to = 0, last_key
            self._holds(self._held.plus(stored))
            self._tell_keeper()
        self.can_write(True)

    def can_write(self, can: bool) -> None:
        """Note whether messages can be written to disk at present."""
        with self._changed:
            self._on_disk = can
            self._changed.notify_all()
        self._outcomes.on_disk(can)

    def lost(self) -> None:
        """Go on without the store; what is in memory of it counts as new."""
        with self._changed:
            loaded = dict(self._loaded)
            self._new = OrderedDict(
                sorted([*self._out.items(), *loaded.items(), *self._new.items()])
            )
            self._unsent = deque(sorted(set(self._unsent).union(loaded)))
            self._loaded.clear()
            self._out.clear()
            self._gone.clear()
            self._loaded_to = self._stored_to = 0
            self._holds(held_by(self._new.values()))
        self.can_write(False)

    def wait(self, timeout: float) -> None:
        """Return at the latest after `timeout` seconds, sooner if there is something to load."""
        with self._wanting:
            self._wanting.wait_for(lambda: self._wants() is not None, timeout)

    def to_keep(self, now: float) -> List[Tuple[int, Message]]:
        """Return what must be written: nothing, or all that is in memory."""
        with self._changed:
            oldest = next(iter(self._new.values()), None)
            waited = oldest is not None and now - oldest.since >= KEEP_SECONDS
            return list(self._new.items()) if waited or len(self._new) > MOST_IN_MEMORY else []

    def kept(self, messages: Sequence[Tuple[int, Message]]) -> None:
        """Settle messages that were written."""
        settled = []
        with self._changed:
            unsent = set(self._unsent)
            for key, _ in messages:
                message = self._new.pop(key, None)
                if message is None:  # acknowledged meanwhile
                    self._gone.add(key)
                    continue
                settled.append(message)
                if key in unsent:
                    unsent.discard(key)
                else:
                    self._out[key] = message._replace(settle=nothing)
                self._stored_to = max(self._stored_to, key)
            self._unsent = deque(sorted(unsent))
            self._changed.notify_all()
            self._tell_keeper()
        for message in settled:
            message.settle(message.reason)

    def to_remove(self) -> List[int]:
        """Return the keys of the stored messages that the broker has."""
        with self._changed:
            return sorted(self._gone)

    def removed(self, keys: Iterable[int]) -> None:
        """Note that these are in the store no more."""
        with self._changed:
            self._gone.difference_update(keys)

    def to_load(self) -> Optional[int]:
        """Return the key after which stored messages are wanted, or None."""
        with self._changed:
            return self._wants()

    def loaded(self, after: int, messages: Sequence[Tuple[int, Message]]) -> None:
        """Take stored messages in that come after a key, as `to_load` has it."""
        with self._changed:
            if after != self._loaded_to:
                return  # some are to be sent again
            self._loaded.extend(
                (key, message)
                for key, message in messages
                if key not in self._out and key not in self._gone
            )
            self._loaded_to = messages[-1][0] if messages else self._stored_to
        self._wake()

    @property
    def loaded_to(self) -> int:
        """The key up to which stored messages are in memory, or were."""
        with self._changed:
            return self._loaded_to

    def to_drop(self, rows: Sequence[Row]) -> List[Row]:
        """Return what of the stored messages must go to have no more than `bounds`.

        Args:
            rows: the oldest of those after `loaded_to` that may be dropped.
        """
        chosen = []
        with self._changed:
            messages = self._held.messages - self.bounds.messages
            size = self._held.bytes - self.bounds.bytes
            for row in [*self._loaded_rows(), *rows]:
                if messages <= 0 and size <= 0:
                    break
                if row.key not in self._out and row.key not in self._gone:
                    chosen.append(row)
                    messages, size = messages - 1, size - row.size
            keys = {row.key for row in chosen}
            self._loaded = deque(item for item in self._loaded if item[0] not in keys)
        return chosen

    def _loaded_rows(self) -> List[Row]:
        return [
            Row(key, message.source, message.size)
            for key, message in self._loaded
            if message.may_drop
        ]

    def dropped(self, rows: Sequence[Row], reason: str) -> None:
        """Note that stored messages were dropped."""
        with self._changed:
            for row in rows:
                self._holds(self._held.minus(held(row.size, True)))
        for source, number in Counter(row.source for row in rows).items():
            self._outcomes.dropped(source, reason, number)

    @property
    def is_over(self) -> bool:
        """True if there is more than `bounds` or memory has room for."""
        with self._changed:
            return self._is_full()

    def drop_new(self) -> None:
        """Drop what is in memory only and may be dropped, oldest first, while there is too much."""
        dropped: List[str] = []
        with self._changed:
            if not self._is_full():
                return
            unsent = set(self._unsent)
            for key in list(self._unsent):
                if not self._is_full():
                    break
                message = self._new[key]
                if message.may_drop:
                    del self._new[key]
                    unsent.discard(key)
                    self._holds(self._held.minus(held_by([message])))
                    dropped.append(message.source)
            self._unsent = deque(sorted(unsent))
        for source, number in Counter(dropped).items():
            self._outcomes.dropped(source, FULL, number)

    def _has_room(self, message: Message) -> bool:
        if len(self._new) >= 2 * MOST_IN_MEMORY:
            return False  # the disk, or whoever drops, does not follow
        lasting = self._held.messages - self._held.droppable + 1
        size = self._held.bytes - self._held.droppable_bytes + message.size
        has_room = lasting <= self.bounds.messages and size <= self.bounds.bytes
        return message.may_drop or (has_room and (self._on_disk or len(self._new) < MOST_IN_MEMORY))

    def _is_full(self) -> bool:
        """Return True if there is too much: what may be dropped is."""
        return (
            self._held.messages > self.bounds.messages
            or self._held.bytes > self.bounds.bytes
            or (not self._on_disk and len(self._new) > MOST_IN_MEMORY)
        )

    def _take(self, message: Message) -> None:
        key, self._next_key = self._next_key, self._next_key + 1
        self._new[key] = message
        self._unsent.append(key)
        if message.retain:
            self._last[message.topic] = (key, message._replace(settle=nothing))
        self._holds(self._held.plus(held_by([message])))

    def _forget(self, key: int) -> Tuple[Message, bool]:
        """Return a message that was handed out, and whether it is stored."""
        message = self._new.pop(key, None)
        stored = message is None
        if message is None:
            message = self._out.pop(key)
            self._gone.add(key)
        self._holds(self._held.minus(held_by([message])))
        last = self._last.get(message.topic)
        if last is not None and last[0] == key and not message.payload:
            del self._last[message.topic]  # taken back: nothing is current there any more
        return message, stored

    def _takes_back(self, key: int, message: Message) -> bool:
        """Return True if a message makes the broker forget what is still current there.

        A late label is not retained: a newer one may be.
        """
        last_key, _ = self._last.get(message.topic, (key, message))
        return message.retain and not message.payload and last_key == key

    def _holds(self, now: Held) -> None:
        self._held = now
        self._outcomes.holds(now.messages, now.bytes)
        self._changed.notify_all()

    def _wants(self) -> Optional[int]:
        if len(self._loaded) <= LOADED // 2 and self._loaded_to < self._stored_to:
            return self._loaded_to
        return None

    def _tell_keeper(self) -> None:
        if self._wants() is not None:
            self._wanting.notify()

    def _drop_aged(self, now: float) -> None:
        """Drop, of the loaded ones, what has become too old."""
        while self._loaded and self.bounds.age_seconds:
            key, message = self._loaded[0]
            if not message.may_drop or now - message.since <= self.bounds.age_seconds:
                return
            self._loaded.popleft()
            self._gone.add(key)
            self._tell_keeper()
            self._holds(self._held.minus(held_by([message])))
            self._outcomes.dropped(message.source, AGED, 1)

    def _wake(self) -> None:
        if self._wakeup is not None:
            self._wakeup.wake()
