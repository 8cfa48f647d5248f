"""How far a long job is: a bar on a terminal, a line now and then in a log, on stderr."""

import shutil
import sys
import time
from typing import Optional, Tuple

from tqdm import tqdm

LINE_SECONDS = 15.0
"""How long a log says nothing; of a job that takes longer, it hears so as soon as that is known."""


class Progress:
    """The progress of one job; use it in a `with` statement."""

    def __init__(self, text: str, total: int, unit: str) -> None:
        """Begin.

        Args:
            text: what is being done.
            total: how many `unit` there are to do.
            unit: the word for one of them.
        """
        # a serial console tells tqdm 0, and gets no bar
        columns, lines = shutil.get_terminal_size()
        self._bar = tqdm(
            desc=text, total=total, unit=unit, ncols=columns, nrows=lines, disable=None
        )
        self._text, self._total, self._unit = text, total, unit
        self._done = 0
        self._first: Optional[Tuple[int, float]] = None
        self._estimated = False
        self._write_line("")

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def update(self, done: int, note: str = "") -> None:
        """Say that `done` units are done in all, and perhaps how well."""
        self._bar.set_postfix_str(note, refresh=False)
        self._bar.update(done - self._done)
        self._done = done
        left = self._seconds_left()
        news = left is not None and left > LINE_SECONDS and not self._estimated
        if news or time.monotonic() >= self._due:
            self._estimated = self._estimated or news
            estimate = ", about {} left".format(_said(left)) if left and left >= 1 else ""
            self._write_line(estimate + (", " + note if note else ""))

    def _seconds_left(self) -> Optional[float]:
        """Return how long the rest will take; None before it can be known.

        The first units are not counted: networks are traced in their time.
        """
        now = time.monotonic()
        if self._first is None:
            self._first = (self._done, now)
        done, since = self._first
        if self._done == done:
            return None
        return (self._total - self._done) * (now - since) / (self._done - done)

    def _write_line(self, note: str) -> None:
        self._due = time.monotonic() + LINE_SECONDS
        if self._bar.disable:
            line = "{}: {} of {} {}s".format(self._text, self._done, self._total, self._unit)
            print(line + note, file=sys.stderr, flush=True)


def _said(seconds: float) -> str:
    """Return a time in words, as exactly as an estimate is."""
    if seconds < 90:
        return "{:.0f} s".format(seconds)
    return "{:.0f} min".format(seconds / 60)
