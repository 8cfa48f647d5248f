"""The batch buffers: pictures are prepared into their rows, and the graph reads them there."""

import threading
import time
from collections import deque

from edge.batch.sizes import padded, runs
from edge.machine import memory
from edge.prepare.preprocess import ROW

BUFFERS = 3
"""One being filled, one waiting, one in the graph: the only pictures held between the stages."""


class Slots:
    """A ring of page-aligned batches, uint8[capacity, 299, 299, 3], filled by many threads.

    A batch is sealed when it is full, or `max_delay` after its first row was taken, and is handed
    out once each of its rows is committed or cancelled. With no buffer free, `acquire` waits:
    this is where the pipeline's backpressure begins.
    """

    def __init__(self, max_size, max_delay_seconds, batch_sizes=(), clock=time.monotonic):
        """Allocate the buffers.

        Args:
            max_size: rows of a full batch; fewer where no size that the graph takes holds so many.
            max_delay_seconds: how long the first row of a batch may wait for others.
            batch_sizes: the only sizes the graph takes; empty: any.
            clock: seconds that never go back.
        """
        self.max_size = min(max_size, max(batch_sizes, default=max_size))
        self._max_delay = max_delay_seconds
        self._clock = clock
        self._changed = threading.Condition()
        capacity = padded(self.max_size, batch_sizes)
        self._free = deque(Batch(self, capacity, batch_sizes) for _ in range(BUFFERS))
        self._open = None
        self._sealed = deque()
        self._closed = False

    def acquire(self, timeout):
        """Return the next free Slot; None if there was none for `timeout` seconds, or ever again.

        There is none any more after `close`.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._open or self._free, timeout)
            if self._closed or not (self._open or self._free):
                return None
            if self._open is None:
                self._open = self._free.popleft()
                self._open.due = self._clock() + self._max_delay
            slot = self._open.add()
            if len(self._open.slots) == self.max_size:
                self._seal()
            self._changed.notify_all()
            return slot

    def next_batch(self, timeout):
        """Return the oldest sealed and wholly filled Batch, or None after `timeout` seconds."""
        end = self._clock() + timeout
        with self._changed:
            while True:
                now = self._clock()
                if self._open is not None and now >= self._open.due:
                    self._seal()
                if self._sealed and self._sealed[0].unfilled == 0:
                    return self._sealed.popleft()
                if now >= end or self._drained():
                    return None
                until = end if self._open is None else min(end, self._open.due)
                self._changed.wait(max(0.0, until - now))

    def close(self):
        """Give out no more rows; what was given out is still to be filled and classified."""
        with self._changed:
            self._closed = True
            if self._open is not None:
                self._seal()
            self._changed.notify_all()

    @property
    def drained(self):
        """True once it is closed and has no more batches to hand out."""
        with self._changed:
            return self._drained()

    def _drained(self):
        return self._closed and self._open is None and not self._sealed

    def buffers(self):
        """Return the arrays of the free batches, for use before anything runs."""
        return [batch.buffer for batch in self._free]

    def _seal(self):
        self._sealed.append(self._open)
        self._open = None

    def _filled(self, batch):
        with self._changed:
            batch.unfilled -= 1
            self._changed.notify_all()

    def _release(self, batch):
        with self._changed:
            batch.clear()
            self._free.append(batch)
            self._changed.notify_all()


class Slot:
    """A row of a batch, taken by one thread, to be committed or cancelled by it."""

    def __init__(self, batch, row):
        self._batch = batch
        self.row = row
        self.item = None

    def commit(self, item):
        """Say that the row is filled, with `item` (not None) to go with its scores."""
        self.item = item
        self._batch.owner._filled(self._batch)

    def cancel(self):
        """Give the row up: it stays in the batch, and its scores are nobody's."""
        self._batch.owner._filled(self._batch)


class Batch:
    """A buffer and the slots taken in it."""

    def __init__(self, owner, capacity, batch_sizes):
        self.owner = owner
        self.buffer = memory.aligned((capacity,) + ROW)
        self._sizes = batch_sizes
        self._slots = [Slot(self, self.buffer[index]) for index in range(capacity)]
        self.clear()

    def clear(self):
        self.slots = []
        self.unfilled = 0
        self.due = 0.0

    def add(self):
        slot = self._slots[len(self.slots)]
        slot.item = None
        self.slots.append(slot)
        self.unfilled += 1
        return slot

    @property
    def rows(self):
        """The rows for the graph, a view: uint8[n, 299, 299, 3], padded to a size it takes."""
        return self.buffer[: padded(len(self.slots), self._sizes)]

    @property
    def items(self):
        """What was committed, as (row number, item) pairs."""
        return [(n, slot.item) for n, slot in enumerate(self.slots) if slot.item is not None]

    def runs(self, seconds):
        """Yield the (rows, items) of each run of the graph by which the batch is done soonest.

        The graph reads `rows` at the start of the buffer: those of a second run are moved there,
        over those that are done.

        Args:
            seconds: {size: what a run of it takes}; empty: one run takes it all.
        """
        if not seconds:
            yield self.rows, self.items
            return
        first, items = 0, self.items
        for size in runs(len(self.slots), seconds):
            rows = self.buffer[:size]
            last = min(first + size, len(self.slots))
            if first:  # the largest run came first: no row is written over that is still to be read
                rows[: last - first] = self.buffer[first:last]
            yield rows, [(n - first, item) for n, item in items if first <= n < last]
            first = last

    def release(self):
        """Give the buffer back; its rows will be overwritten."""
        self.owner._release(self)
