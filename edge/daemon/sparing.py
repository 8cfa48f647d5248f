"""A log that a flood of one cause does not fill: the first lines of it, then their number."""

import copy
import logging
import time
from typing import Any, Dict, Iterator, Optional, Tuple

MOST = 20
"""Lines of one place in the code that are written within SECONDS."""

SECONDS = 60.0

Place = Tuple[str, int]
"""A file of code, and a line of it."""


class _Count:
    """The lines of one place since `begun` (monotonic seconds)."""

    def __init__(self, begun: float) -> None:
        self.begun = begun
        self.written = 0
        self.left_out = 0
        self.last: Optional[logging.LogRecord] = None  # without what it was made of


class SparingHandler(logging.StreamHandler):
    """Writes what comes from one place MOST times within SECONDS, and then how much more came.

    That is written once it is known: with the next line, whatever it is of, or at the end.
    """

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._counts: Dict[Place, _Count] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, or count it."""
        now = time.monotonic()
        for summary in self._ended(now - SECONDS):
            super().emit(summary)
        count = self._counts.setdefault((record.pathname, record.lineno), _Count(now))
        if count.written < MOST:
            count.written += 1
            super().emit(record)
        else:
            count.left_out += 1
            count.last = copy.copy(record)
            count.last.msg, count.last.args = record.getMessage(), None
            count.last.exc_info = None

    def close(self) -> None:
        """Write what has been counted."""
        self.acquire()
        try:
            for summary in self._ended(time.monotonic()):
                super().emit(summary)
        finally:
            self.release()
        super().close()

    def _ended(self, begun: float) -> Iterator[logging.LogRecord]:
        """Yield what is to be said of counts that began before, and forget these."""
        for place, count in list(self._counts.items()):
            if count.begun <= begun:
                del self._counts[place]
                if count.last is not None:
                    yield _summary(count.last, count.left_out)


def _summary(last: logging.LogRecord, left_out: int) -> logging.LogRecord:
    last.args = (left_out, SECONDS, last.msg)
    last.msg = "%d more such lines within %.0f s, the last: %s"
    return last
