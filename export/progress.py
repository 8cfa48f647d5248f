"""How far a long job is: a bar on a terminal, a line now and then in a log, on stderr."""

import shutil
import sys
import time

from tqdm import tqdm

LINE_SECONDS = 15.0
"""How long a log says nothing."""


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
        if time.monotonic() >= self._due:
            self._write_line(", " + note if note else "")

    def _write_line(self, note: str) -> None:
        self._due = time.monotonic() + LINE_SECONDS
        if self._bar.disable:
            line = "{}: {} of {} {}s".format(self._text, self._done, self._total, self._unit)
            print(line + note, file=sys.stderr, flush=True)
