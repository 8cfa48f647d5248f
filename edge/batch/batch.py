"""A batch that is filled: what the graph reads, and whose rows they are."""

from typing import Any, Callable, Iterator, List, Mapping, Sequence, Tuple

import numpy as np

from edge.batch.sizes import padded, runs

Items = List[Tuple[int, Any]]
"""(row number, item) pairs: what was committed with each row."""


class Batch:
    """Rows in a buffer that nobody writes to until it is released; for one thread at a time."""

    def __init__(
        self,
        buffer: np.ndarray,
        items: Sequence[Any],
        sizes: Sequence[int],
        on_release: Callable[[np.ndarray], None],
    ) -> None:
        """Make it of a filled buffer.

        Args:
            buffer: uint8[capacity, 299, 299, 3], of which the first `len(items)` rows are filled.
            items: what was committed with each row; None for one that was given up.
            sizes: the only sizes the graph takes; empty: any.
            on_release: called with the buffer by `release`.
        """
        self._buffer = buffer
        self._count = len(items)
        self._sizes = sizes
        self._on_release = on_release
        self.items: Items = [(n, item) for n, item in enumerate(items) if item is not None]

    @property
    def rows(self) -> np.ndarray:
        """The rows for the graph, a view: uint8[n, 299, 299, 3], padded to a size it takes."""
        return self._buffer[: padded(self._count, self._sizes)]

    def runs(self, seconds: Mapping[int, float]) -> Iterator[Tuple[np.ndarray, Items]]:
        """Yield the (rows, items) of each run of the graph by which the batch is done soonest.

        The graph reads `rows` at the start of the buffer: those of a second run are moved there,
        over those that are done.

        Args:
            seconds: {size: what a run of it takes}; empty: one run takes it all.
        """
        if not seconds:
            yield self.rows, self.items
            return
        first = 0
        for size in runs(self._count, seconds):
            rows = self._buffer[:size]
            last = min(first + size, self._count)
            if first:  # the largest run came first: no row is written over that is still to be read
                rows[: last - first] = self._buffer[first:last]
            yield rows, [(n - first, item) for n, item in self.items if first <= n < last]
            first = last

    def release(self) -> None:
        """Give the buffer back; its rows will be overwritten."""
        self._on_release(self._buffer)
