"""The batch buffers: pictures are prepared into their rows, and the graph reads them there."""

import threading
import time
from collections import deque
from typing import Any, Callable, Deque, List, Optional, Sequence

import numpy as np

from edge.batch.batch import Batch
from edge.batch.sizes import padded
from edge.machine import memory
from edge.prepare.preprocess import ROW

BUFFERS = 4
"""One being filled, one waiting, two in the graph: the only pictures held between the stages."""


class Slot:
    """A row of a batch, taken by one thread, to be committed or cancelled by it.

    Attributes:
        row: uint8[299, 299, 3], to be filled in place.
    """

    def __init__(self, row: np.ndarray, done: Callable[[Any], None]) -> None:
        self.row = row
        self._done = done

    def commit(self, item: Any) -> None:
        """Say that the row is filled, with `item` (not None) to go with its scores."""
        self._done(item)

    def cancel(self) -> None:
        """Give the row up: it stays in the batch, and its scores are nobody's."""
        self._done(None)


class Slots:
    """A ring of page-aligned batches, uint8[capacity, 299, 299, 3], filled by many threads.

    A batch is sealed when it is full, `max_delay` after its first row was taken, or as soon as the
    graph is free and no other picture is coming. It is handed out once each of its rows is
    committed or cancelled. With no buffer free, `acquire` waits: this is where the pipeline's
    backpressure begins.

    Attributes:
        max_size: rows of a full batch.
        sizes: the only sizes the graph takes; empty: any.
    """

    def __init__(
        self,
        max_size: int,
        max_delay_seconds: float,
        batch_sizes: Sequence[int] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Allocate the buffers.

        Args:
            max_size: rows of a full batch; fewer where no size that the graph takes holds so many.
            max_delay_seconds: how long the first row of a batch may wait for others that come.
            batch_sizes: the only sizes the graph takes; empty: any.
            clock: seconds that never go back.
        """
        self.max_size = min(max_size, max(batch_sizes, default=max_size))
        self._max_delay = max_delay_seconds
        self.sizes = tuple(batch_sizes)
        self._clock = clock
        self._changed = threading.Condition()
        shape = (padded(self.max_size, batch_sizes),) + ROW
        self._free: Deque[np.ndarray] = deque(memory.aligned(shape) for _ in range(BUFFERS))
        self._open: Optional[_Filling] = None
        self._sealed: Deque[_Filling] = deque()
        self._closed = False

    def acquire(self, timeout: float) -> Optional[Slot]:
        """Return the next free Slot; None if there was none for `timeout` seconds, or ever again.

        There is none any more after `close`.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._open or self._free, timeout)
            if self._closed or not (self._open or self._free):
                return None
            if self._open is None:
                self._open = _Filling(self._free.popleft(), self._clock() + self._max_delay)
                self._changed.notify_all()
            filling, number = self._open, self._open.take_row()
            if number + 1 == self.max_size:
                self._seal()
            return Slot(filling.buffer[number], lambda item: self._fill(filling, number, item))

    def next_batch(
        self, timeout: float, is_coming: Callable[[], bool] = lambda: True
    ) -> Optional[Batch]:
        """Return the oldest sealed and wholly filled Batch, or None after `timeout` seconds.

        It is to be released: its buffer is then filled anew.

        Args:
            timeout: in seconds.
            is_coming: tells if pictures are on their way to a row; asked once none is being filled.
        """
        end = self._clock() + timeout
        with self._changed:
            while True:
                now = self._clock()
                if self._open is not None and (
                    now >= self._open.due or (self._open.unfilled == 0 and not is_coming())
                ):
                    self._seal()
                if self._sealed and self._sealed[0].unfilled == 0:
                    filled = self._sealed.popleft()
                    return Batch(filled.buffer, filled.items, self.sizes, self._release)
                if now >= end or self._drained():
                    return None
                until = end if self._open is None else min(end, self._open.due)
                self._changed.wait(max(0.0, until - now))

    def close(self) -> None:
        """Give out no more rows; what was given out is still to be filled and classified."""
        with self._changed:
            self._closed = True
            if self._open is not None:
                self._seal()
            self._changed.notify_all()

    @property
    def drained(self) -> bool:
        """True once it is closed and has no more batches to hand out."""
        with self._changed:
            return self._drained()

    def buffers(self) -> List[np.ndarray]:
        """Return the free buffers, uint8[capacity, 299, 299, 3], for use before anything runs."""
        return list(self._free)

    def _drained(self) -> bool:
        return self._closed and self._open is None and not self._sealed

    def _seal(self) -> None:
        assert self._open is not None
        self._sealed.append(self._open)
        self._open = None

    def _fill(self, filling: "_Filling", number: int, item: Any) -> None:
        with self._changed:
            filling.items[number] = item
            filling.unfilled -= 1
            if filling.unfilled == 0:
                self._changed.notify_all()

    def _release(self, buffer: np.ndarray) -> None:
        with self._changed:
            self._free.append(buffer)
            self._changed.notify_all()


class _Filling:
    """A buffer that is being filled; whatever touches it holds the lock of its Slots."""

    def __init__(self, buffer: np.ndarray, due: float) -> None:
        self.buffer = buffer
        self.due = due
        self.items: List[Any] = []
        self.unfilled = 0

    def take_row(self) -> int:
        self.items.append(None)
        self.unfilled += 1
        return len(self.items) - 1
