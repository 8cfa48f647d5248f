"""Which of a camera's pictures are due, and when a file's would have come."""

import threading
import time
from typing import Optional

MOST_GAP_SECONDS = 10.0
"""A gap between pictures that is longer is not waited for."""


class Schedule:
    """Takes pictures at a rate, from a camera that has a rate of its own."""

    def __init__(self, fps: float) -> None:
        """Begin with the first picture due; `fps`: pictures a second."""
        self._interval = 1.0 / fps
        self._next: Optional[float] = None

    def due(self, now: float) -> bool:
        """Return True if the picture that came at `now` (monotonic seconds) is to be taken.

        It is if it comes nearest to one of the moments that lie an interval apart, so that the
        rate is kept on average whatever the camera's own; late ones are not made up for.
        """
        if self._next is None:
            self._next = now
        if now < self._next - self._interval / 2:
            return False
        self._next += self._interval
        if self._next < now:
            self._next = now + self._interval
        return True


class Player:
    """Keeps a file's pictures to their times."""

    def __init__(self) -> None:
        self._start: Optional[float] = None

    def wait(self, position: float, stop: threading.Event) -> None:
        """Wait until the picture at `position` (seconds) is to be shown, or `stop` is set."""
        now = time.monotonic()
        if self._start is None:
            self._start = now - position
        wait = self._start + position - now
        if wait > MOST_GAP_SECONDS:  # times that jump, and not a film with pauses
            self._start = now - position
        elif wait > 0:
            stop.wait(wait)
        else:
            self._start -= wait  # what plays too slowly goes on from where it is
